package models

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"cascade/policy"
)

// Violation is one breach of what must always hold.
type Violation struct {
	Invariant string // a stable name
	What      string
	TenantID  uuid.UUID
	MessageID uuid.UUID
}

const (
	// verifyBatch is how many messages one statement looks at: it holds no snapshot for long.
	verifyBatch = 2000
	// overdue is how late a due message may be looked at before that is a breach, in milliseconds.
	overdue = int64(5 * time.Minute / time.Millisecond)
	// longestDay is longer than any day, with an hour of summer time, and shorter than any month, in milliseconds.
	longestDay = int64(48 * time.Hour / time.Millisecond)
	// forgotten is how long after its ttl a message may be open: the longest last step, and a minute to note its end.
	forgotten = int64((policy.MaxTimeout + time.Minute) / time.Millisecond)
)

// check finds breaches among the messages m of a range. Its query answers a message's id and what is wrong.
type check struct{ invariant, query string }

const (
	inRange        = ` m.tenant_id = @tenant AND m.id > @after AND m.id <= @upto `
	fromMessages   = ` FROM messages m WHERE` + inRange + `AND `
	fromAttempts   = ` FROM messages m JOIN attempts a ON a.tenant_id = m.tenant_id AND a.message_id = m.id WHERE` + inRange + `AND `
	fromDeliveries = ` FROM messages m JOIN callback_deliveries d ON d.tenant_id = m.tenant_id AND d.message_id = m.id WHERE` + inRange + `AND `
	ofM            = ` WHERE a.tenant_id = m.tenant_id AND a.message_id = m.id`
	ofA            = ` WHERE c.tenant_id = a.tenant_id AND c.message_id = a.message_id AND c.n = a.n`
	isFinal        = `m.status IN ('failed', 'expired', 'canceled', 'sent', 'delivered', 'read')`
	isOpen         = `m.status IN ('accepted', 'scheduled', 'sending')`
	nthA           = `'attempt ' || cast(a.n AS text)`
)

// checks are the invariants, each as a query for what breaks it.
var checks = []check{
	{"status_known", `SELECT m.id, 'status ' || m.status` + fromMessages + `NOT ` + isFinal + ` AND NOT ` + isOpen},
	{"completed_once_final", `SELECT m.id, 'status ' || m.status || ', completed_at ' || cast(coalesce(m.completed_at, 0) AS text)` + fromMessages +
		`((` + isFinal + ` AND m.completed_at IS NULL) OR (` + isOpen + ` AND m.completed_at IS NOT NULL))`},
	{"final_is_at_rest", `SELECT m.id, 'status ' || m.status || ' but still due or queued'` + fromMessages +
		isFinal + ` AND (m.queue_account IS NOT NULL OR m.due_at <> 0 AND NOT EXISTS (SELECT 1 FROM attempts a` + ofM + ` AND a.status = 'sending'))`},
	{"open_is_due", `SELECT m.id, 'status ' || m.status || ' but neither due nor queued'` + fromMessages +
		isOpen + ` AND m.due_at = 0 AND m.queue_account IS NULL`},
	{"on_time", `SELECT m.id, 'due since ' || cast(m.due_at AS text)` + fromMessages +
		`m.due_at > 0 AND m.due_at < @late`},
	{"ends_after_ttl", `SELECT m.id, 'status ' || m.status || ', expired at ' || cast(m.expires_at AS text)` + fromMessages +
		isOpen + ` AND m.expires_at > 0 AND m.expires_at < @lost`},
	{"no_live_attempt_after_end", `SELECT m.id, ` + nthA + ` || ' is ' || a.status` + fromAttempts +
		isFinal + ` AND (a.status IN ('pending', 'unknown') OR a.status = 'sending' AND m.due_at = 0)`},
	{"one_live_attempt", `SELECT m.id, cast(count(*) AS text) || ' live attempts'` + fromAttempts +
		`a.status IN ('pending', 'sending', 'unknown') GROUP BY m.id HAVING count(*) > 1`},
	{"plan_kept", `SELECT m.id, 'plan ' || cast(m.plan_id AS text) || ' is not there'` + fromMessages +
		`NOT EXISTS (SELECT 1 FROM plans p WHERE p.tenant_id = m.tenant_id AND p.id = m.plan_id)`},
	{"attempts_counted", `SELECT id, 'attempts ' || cast(counted AS text) || ', rows ' || cast(found AS text) || ', last ' || cast(last AS text)
		FROM (SELECT m.id AS id, m.attempts AS counted,
			(SELECT count(*) FROM attempts a` + ofM + `) AS found, (SELECT coalesce(max(a.n), 0) FROM attempts a` + ofM + `) AS last,
			(SELECT coalesce(min(a.n), 1) FROM attempts a` + ofM + `) AS lowest
		FROM messages m WHERE` + inRange + `) x WHERE counted <> found OR counted <> last OR lowest <> 1`},
	{"steps_forward", `SELECT m.id, ` + nthA + ` || ' goes back to step ' || cast(a.step AS text)` + fromAttempts +
		// Not EXISTS: that may become a join, which over a table without statistics compares each attempt with every other.
		`(SELECT max(e.step) FROM attempts e WHERE e.tenant_id = a.tenant_id AND e.message_id = a.message_id AND e.n < a.n) > a.step`},
	{"status_covers_attempts", `SELECT m.id, 'status ' || m.status || ', but ' || ` + nthA + ` || ' is ' || a.status` + fromAttempts +
		isFinal + ` AND ((a.status = 'read' AND m.status <> 'read') OR (a.status = 'delivered' AND m.status NOT IN ('delivered', 'read')))`},
	{"cost_is_sum_of_attempts", `SELECT id, 'cost ' || cast(cost AS text) || ', attempts ' || cast(total AS text)
		FROM (SELECT m.id AS id, coalesce(m.cost, 0) AS cost, (SELECT cast(coalesce(sum(a.cost), 0) AS bigint) FROM attempts a` + ofM + `) AS total
		FROM messages m WHERE` + inRange + `) x WHERE cost <> total`},
	{"cost_is_sum_of_ledger", `SELECT id, 'attempt ' || cast(n AS text) || ' cost ' || cast(cost AS text) || ', ledger ' || cast(total AS text)
		FROM (SELECT m.id AS id, a.n AS n, coalesce(a.cost, 0) AS cost, (SELECT cast(coalesce(sum(c.amount), 0) AS bigint) FROM charges c` + ofA + `) AS total
		` + fromAttempts + `true) x WHERE cost <> total`},
	{"exposure_covers_cost", `SELECT m.id, 'cost ' || cast(m.cost AS text) || ', but counted against caps ' || cast(m.exposure AS text)` + fromMessages +
		`m.exposure < m.cost`},
	{"ledger_has_no_gap", `SELECT id, 'attempt ' || cast(n AS text) || ' has ' || cast(found AS text) || ' lines, last ' || cast(last AS text)
		FROM (SELECT m.id AS id, a.n AS n, coalesce(a.lines, 0) AS counted, (SELECT count(*) FROM charges c` + ofA + `) AS found,
			(SELECT coalesce(max(c.line), 0) FROM charges c` + ofA + `) AS last
		` + fromAttempts + `true) x WHERE found <> last OR found <> counted`},
	{"ledger_has_attempt", `SELECT m.id, 'a line for attempt ' || cast(c.n AS text) || ', which is not there'
		FROM messages m JOIN charges c ON c.tenant_id = m.tenant_id AND c.message_id = m.id WHERE` + inRange + `AND
		NOT EXISTS (SELECT 1 FROM attempts a WHERE a.tenant_id = c.tenant_id AND a.message_id = c.message_id AND a.n = c.n)`},
	{"delivery_is_due", `SELECT d.message_id, 'delivery ' || cast(d.id AS text) || ' is ' || d.state || ', next_at ' || cast(d.next_at AS text)` + fromDeliveries +
		`((d.state = 'pending' AND d.next_at <= 0) OR (d.state <> 'pending' AND d.next_at <> 0))`},
	{"delivery_numbered_once", `SELECT d.message_id, 'sequence ' || cast(d.sequence AS text) || ' twice for one callback'` + fromDeliveries +
		`true GROUP BY d.message_id, d.callback_id, d.sequence HAVING count(*) > 1`},
	{"delivery_numbered_in_order", `SELECT d.message_id, 'sequence ' || cast(d.sequence AS text) || ' is beyond the message''s'` + fromDeliveries +
		`d.sequence > m.sequence`},
}

// Verify checks what is stored against what must always hold and reports every breach, tenant by tenant. It ends early
// with the first error of report.
func (s *Store) Verify(ctx context.Context, report func(Violation) error) error {
	return s.VerifyBeside(ctx, Pace{}, report)
}

// VerifyBeside is Verify beside a service that is not to notice: it reads in small batches, with pauses between them.
func (s *Store) VerifyBeside(ctx context.Context, pace Pace, report func(Violation) error) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	db, done, err := s.indexed()
	if err != nil {
		return err
	}
	v := verifier{db: db.WithContext(ctx), now: now.UnixMilli(), pace: pace, report: report}
	return errors.Join(v.run(), done())
}

// indexed is a connection whose plans walk indexes: over millions of rows the planner takes the batch of a range for a large
// share of them and reads whole tables, in parallel, once for each batch.
func (s *Store) indexed() (db *gorm.DB, done func() error, err error) {
	if s.dialect == SQLite { // walks them anyhow
		return s.read, func() error { return nil }, nil
	}
	pool, err := s.pool(1, timeouts, hotPlanner)
	if err != nil {
		return nil, nil, err
	}
	if db, err = s.gorm(postgres.New(postgres.Config{Conn: pool})); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	return db, pool.Close, nil
}

// verifier is one check of everything.
type verifier struct {
	db     *gorm.DB
	now    int64 // the database's, in Unix milliseconds
	pace   Pace
	report func(Violation) error
}

func (v *verifier) run() error {
	var tenant uuid.UUID
	for {
		next, err := keyAfter(v.db.Table("messages").Select("tenant_id").Where("tenant_id > ?", tenant).Order("tenant_id"))
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil:
			return err
		}
		if err := v.tenant(next); err != nil {
			return err
		}
		if err := v.budgets(next); err != nil {
			return err
		}
		tenant = next
	}
}

// tenant checks one tenant's messages, range by range.
func (v *verifier) tenant(tenant uuid.UUID) error {
	var after uuid.UUID
	for {
		q := v.db.Table("messages").Select("id").Where("tenant_id = ? AND id > ?", tenant, after).Order("id")
		upto, err := keyAfter(q.Offset(verifyBatch - 1))
		last := errors.Is(err, ErrNotFound)
		if last {
			upto, err = uuid.Max, nil
		}
		if err != nil {
			return err
		}
		args := map[string]any{"tenant": tenant, "after": after, "upto": upto, "late": v.now - overdue, "lost": v.now - forgotten}
		began := v.pace.begin()
		if err := v.messages(args, tenant); err != nil || last {
			return err
		}
		if err := v.pace.rest(v.db.Statement.Context, began); err != nil {
			return err
		}
		after = upto
	}
}

// budgets checks what is counted against a tenant's caps of the last days. Each sum is one statement, so it sees a budget and its messages
// at the same moment.
func (v *verifier) budgets(tenant uuid.UUID) error {
	var days []Budget
	err := v.db.Where("tenant_id = ? AND recount_at = 0 AND ends_at - starts_at < ? AND ends_at > ?", tenant, longestDay, v.now-longestDay).Find(&days).Error
	if err != nil {
		return err
	}
	for _, b := range days {
		var found []struct{ Used, Sum int64 }
		err := v.db.Raw("SELECT b.used AS used, ("+sumExposureOf+") AS sum FROM budgets b WHERE b.tenant_id = @tenant AND b.period = @period AND b.recount_at = 0",
			map[string]any{"tenant": tenant, "period": b.Period, "first": firstID(b.StartsAt), "from": b.StartsAt, "to": b.EndsAt}).Scan(&found).Error
		if err != nil {
			return fmt.Errorf("check budget_is_sum_of_exposure: %w", err)
		}
		for _, f := range found {
			if f.Used == f.Sum {
				continue
			}
			what := fmt.Sprintf("%s counts %d, messages %d", b.Period, f.Used, f.Sum)
			if err := v.report(Violation{Invariant: "budget_is_sum_of_exposure", What: what, TenantID: tenant}); err != nil {
				return err
			}
		}
	}
	return nil
}

// messages runs every check over a range of a tenant's messages.
func (v *verifier) messages(args map[string]any, tenant uuid.UUID) error {
	for _, c := range checks {
		var found []struct {
			ID   uuid.UUID
			What string
		}
		if err := v.db.Raw(c.named(), args).Scan(&found).Error; err != nil {
			return fmt.Errorf("check %s: %w", c.invariant, err)
		}
		for _, f := range found {
			if err := v.report(Violation{Invariant: c.invariant, What: f.What, TenantID: tenant, MessageID: f.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// named gives the two columns of a check their names.
func (c check) named() string {
	return "WITH found (id, what) AS (" + strings.TrimSpace(c.query) + ") SELECT id, what FROM found"
}

// keyAfter answers the first key that q finds, or ErrNotFound.
func keyAfter(q *gorm.DB) (uuid.UUID, error) {
	var keys []uuid.UUID
	if err := q.Limit(1).Find(&keys).Error; err != nil {
		return uuid.Nil, err
	}
	if len(keys) == 0 {
		return uuid.Nil, ErrNotFound
	}
	return keys[0], nil
}
