package models

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// The statements of every message's life. They name no time but the caller's and touch rows by their whole key.
// Where a statement appends nothing to a state it compares, that keeps a partial index out of the plan, which Postgres would
// prefer while it is empty.
var (
	findContacts = newBatch("find contacts",
		"SELECT s.tenant_id, s.phone, s.categories, s.reason, '', '', 0 FROM {rows} "+
			"JOIN suppressions s ON s.tenant_id = r.tenant_id AND s.phone = r.phone UNION ALL "+
			"SELECT u.tenant_id, u.phone, '[]', '', u.channel, u.code, u.until FROM {rows} "+
			"JOIN unreachable u ON u.tenant_id = r.tenant_id AND u.phone = r.phone", personColumns, personColumns)
	putUnreachable = newBatch("put unreachable",
		"INSERT INTO unreachable ("+names(unreachableColumns)+") SELECT "+names(unreachableColumns, "r.")+" FROM {rows} WHERE true "+
			"ON CONFLICT (tenant_id, phone, channel) DO UPDATE SET code = excluded.code, since = excluded.since, until = excluded.until",
		unreachableColumns, unreachableKey)
	forgetUnreachable = newBatch("forget unreachable",
		"DELETE FROM unreachable WHERE (tenant_id, phone, channel) IN (SELECT "+names(unreachableKey, "r.")+" FROM {rows})",
		unreachableKey, unreachableKey)
	lockBudgets = newBatch("lock budgets",
		"SELECT "+names(budgetColumns, "b.")+" FROM {rows} JOIN budgets b ON b.tenant_id = r.tenant_id AND b.period = r.period",
		budgetKey, budgetKey).locking(" ORDER BY b.tenant_id, b.period FOR UPDATE OF b")
	insertBudgets = newBatch("insert budgets",
		"INSERT INTO budgets ("+names(budgetColumns)+") SELECT "+names(budgetColumns, "r.")+" FROM {rows} WHERE true "+
			"ON CONFLICT (tenant_id, period) DO NOTHING", budgetColumns, budgetKey)
	addToBudgets = newBatch("add to budgets",
		"UPDATE budgets SET used = budgets.used + r.used FROM {rows} WHERE budgets.tenant_id = r.tenant_id AND budgets.period = r.period",
		budgetColumns, budgetKey)
	insertKeys = newBatch("insert keys",
		"INSERT INTO dedupe_keys ("+names(dedupeColumns)+") SELECT "+names(dedupeColumns, "r.")+" FROM {rows} WHERE true "+
			"ON CONFLICT (tenant_id, kind, key) DO NOTHING RETURNING "+names(dedupeKey), dedupeColumns, dedupeKey)
	insertPlans = newBatch("insert plans",
		"INSERT INTO plans ("+names(planColumns)+") SELECT "+names(planColumns, "r.")+" FROM {rows} WHERE true "+
			"ON CONFLICT (tenant_id, id) DO NOTHING", planColumns, planKey)
	loadPlans = newBatch("load plans",
		"SELECT "+names(planColumns, "p.")+" FROM {rows} JOIN plans p ON p.tenant_id = r.tenant_id AND p.id = r.id",
		planKey, planKey)
	insertMessages = newBatch("insert messages",
		"INSERT INTO messages ("+names(messageColumns)+") SELECT "+names(messageColumns, "r.")+" FROM {rows}",
		messageColumns, messageKey)
	updateMessages = newBatch("update messages",
		"UPDATE messages SET "+assign(messageMutable, "r")+" FROM {rows} "+
			"WHERE messages.tenant_id = r.tenant_id AND messages.id = r.id AND messages.version = r.version - 1 "+
			"RETURNING "+names(messageKey, "messages."), join(messageKey, messageMutable), messageKey)
	insertAttempts = newBatch("insert attempts",
		"INSERT INTO attempts ("+names(attemptColumns)+") SELECT "+names(attemptColumns, "r.")+" FROM {rows}",
		attemptColumns, attemptKey)
	updateAttempts = newBatch("update attempts",
		"UPDATE attempts SET "+assign(attemptMutable, "r")+" FROM {rows} "+
			"WHERE attempts.tenant_id = r.tenant_id AND attempts.message_id = r.message_id AND attempts.n = r.n",
		join(attemptKey, attemptMutable), attemptKey)
	insertReceipts = newBatch("insert receipts",
		"INSERT INTO receipts ("+names(receiptColumns)+") SELECT "+names(receiptColumns, "r.")+" FROM {rows} WHERE true "+
			"ON CONFLICT (tenant_id, account_id, event_key) DO NOTHING RETURNING "+names(receiptKey),
		receiptColumns, receiptKey)
	matchReceipts = newBatch("match receipts",
		"UPDATE receipts SET "+assign(receiptMutable, "r")+" FROM {rows} WHERE receipts.tenant_id = r.tenant_id "+
			"AND receipts.account_id = r.account_id AND receipts.event_key = r.event_key AND receipts.state || '' = 'parked'",
		join(receiptKey, receiptMutable), receiptKey)
	insertCharges = newBatch("insert charges",
		"INSERT INTO charges ("+names(chargeColumns)+") SELECT "+names(chargeColumns, "r.")+" FROM {rows}",
		chargeColumns, chargeKey)
	insertDeliveries = newBatch("insert deliveries",
		"INSERT INTO callback_deliveries ("+names(deliveryColumns)+") SELECT "+names(deliveryColumns, "r.")+" FROM {rows}",
		deliveryColumns, deliveryKey)
	insertMarks = newBatch("insert marks",
		"INSERT INTO rollup_marks ("+names(markColumns)+") SELECT "+names(markColumns, "r.")+" FROM {rows}", markColumns, markKey)
	loadMessages = newBatch("load messages",
		"SELECT "+names(messageColumns, "m.")+" FROM {rows} JOIN messages m ON m.tenant_id = r.tenant_id AND m.id = r.id",
		refColumns, refColumns)
	loadAttempts = newBatch("load attempts",
		"SELECT "+names(attemptColumns, "a.")+" FROM {rows} "+
			"JOIN attempts a ON a.tenant_id = r.tenant_id AND a.message_id = r.id", refColumns, refColumns)
	findAttempts = newBatch("find attempts",
		"SELECT a.account_id, a.provider_id, "+names(attemptKey, "a.")+" FROM {rows} JOIN attempts a "+
			"ON a.tenant_id = r.tenant_id AND a.account_id = r.account_id AND a.provider_id = r.provider_id "+
			"AND a.provider_id <> ''", providerRefColumns, providerRefColumns)
)

// The claims and look-ups that take no rows. lockRows is added to the claims on Postgres, where replicas then take
// different rows; elsewhere the version check alone keeps order. A bare parameter as LIMIT would have SQLite compile the
// statement anew each time it is bound.
var (
	lockDue = "SELECT " + names(messageColumns) + " FROM messages WHERE due_at > 0 AND due_at <= $1 " +
		"ORDER BY due_at LIMIT $2 + 0"
	lockQueued = "SELECT " + names(messageColumns) + " FROM messages WHERE queue_account = $1 " +
		"ORDER BY priority, queued_at LIMIT $2 + 0"
	lockRows = " FOR UPDATE SKIP LOCKED"
	nextDue  = "SELECT due_at FROM messages WHERE due_at > 0 ORDER BY due_at LIMIT 1"
	findKey  = "SELECT " + names(dedupeColumns) + " FROM dedupe_keys WHERE tenant_id = $1 AND kind = $2 AND key = $3"
	// queuedAccounts jumps from one account's first row to the next account's: its cost does not grow with the backlog.
	queuedAccounts = "WITH RECURSIVE q(account) AS (SELECT (" + firstQueued + "'" + uuid.Nil.String() + "'" + byAccount + ") " +
		"UNION ALL SELECT (" + firstQueued + "q.account" + byAccount + ") FROM q WHERE q.account IS NOT NULL) " +
		"SELECT account FROM q WHERE account IS NOT NULL"
	firstQueued = "SELECT queue_account FROM messages WHERE queue_account > "
	byAccount   = " ORDER BY queue_account LIMIT 1"
	parked      = "SELECT " + names(receiptColumns) + " FROM receipts WHERE state = 'parked' AND received_at <= $1 " +
		"ORDER BY received_at DESC LIMIT $2 + 0"
)

// InsertKeys takes keys that nobody holds yet. won is parallel to rows: false where the key was there before, be it
// in this batch.
func (t *Tx) InsertKeys(ctx context.Context, rows []DedupeKey) (won []bool, err error) {
	type key struct {
		tenant uuid.UUID
		kind   DedupeKind
		key    string
	}
	keyOf := func(k *DedupeKey) key { return key{k.TenantID, k.Kind, k.Key} }
	return marked(ctx, t.q, insertKeys, pointers(rows), dedupeKey, keyOf)
}

// InsertMessages adds new messages, and the plans among them that are new.
func (t *Tx) InsertMessages(ctx context.Context, rows []*Message) error {
	if err := t.insertPlans(ctx, rows); err != nil {
		return err
	}
	return insertMessages.run(ctx, t.q, rows, nil)
}

// UpdateMessages writes all that can change of each row whose stored version is row.Version-1; row.Version becomes
// the stored one. applied is parallel to rows: false where somebody else was faster. A message must not come twice.
func (t *Tx) UpdateMessages(ctx context.Context, rows []*Message) (applied []bool, err error) {
	return marked(ctx, t.q, updateMessages, rows, messageKey, func(m *Message) Ref { return Ref{m.TenantID, m.ID} })
}

// InsertAttempts adds attempts. ErrDuplicate: the message has another attempt under way.
func (t *Tx) InsertAttempts(ctx context.Context, rows []*Attempt) error {
	return insertAttempts.run(ctx, t.q, rows, nil)
}

// UpdateAttempts writes all that can change of attempts. Their message's version guards them, so the same transaction
// must have updated that. An attempt must not come twice.
func (t *Tx) UpdateAttempts(ctx context.Context, rows []*Attempt) error {
	return updateAttempts.run(ctx, t.q, rows, nil)
}

// InsertReceipts keeps receipts. fresh is parallel to rows: false for a repeated one.
func (t *Tx) InsertReceipts(ctx context.Context, rows []*Receipt) (fresh []bool, err error) {
	type key struct {
		tenant, account uuid.UUID
		event           string
	}
	keyOf := func(r *Receipt) key { return key{r.TenantID, r.AccountID, r.EventKey} }
	return marked(ctx, t.q, insertReceipts, rows, receiptKey, keyOf)
}

// MatchReceipts writes state, message and attempt of receipts that are still parked.
func (t *Tx) MatchReceipts(ctx context.Context, rows []*Receipt) error {
	return matchReceipts.run(ctx, t.q, rows, nil)
}

// InsertCharges adds ledger lines. ErrDuplicate: a line is booked already.
func (t *Tx) InsertCharges(ctx context.Context, rows []*Charge) error {
	return insertCharges.run(ctx, t.q, rows, nil)
}

// InsertDeliveries puts events into the outbox.
func (t *Tx) InsertDeliveries(ctx context.Context, rows []*Delivery) error {
	return insertDeliveries.run(ctx, t.q, rows, nil)
}

// LockDue reads up to limit messages that are due at now, the longest due first, and on Postgres locks them for this
// transaction; those that another one has locked are left out. now is in Unix milliseconds.
func (t *Tx) LockDue(ctx context.Context, now int64, limit int) ([]Message, error) {
	return t.lock(ctx, lockDue, now, limit)
}

// LockQueued does as LockDue for up to limit messages that wait for account, the most urgent and then the oldest first.
func (t *Tx) LockQueued(ctx context.Context, account uuid.UUID, limit int) ([]Message, error) {
	return t.lock(ctx, lockQueued, account, limit)
}

func (t *Tx) lock(ctx context.Context, text string, args ...any) (messages []Message, err error) {
	if t.q.s.dialect == Postgres {
		text += lockRows
	}
	if err := t.q.run(ctx, text, args, collect(messageColumns, &messages)); err != nil {
		return nil, err
	}
	return messages, t.q.readPlans(ctx, messages)
}

// Attempts reads all attempts of messages, in order.
func (t *Tx) Attempts(ctx context.Context, refs []Ref) (map[Ref][]Attempt, error) {
	return readAttempts(ctx, t.q, refs)
}

// LoadStates reads messages with their attempts. One that does not exist is left out. The message is read first: if
// it changes meanwhile, the attempts may be newer, and an update of that message's version is refused.
func (s *Store) LoadStates(ctx context.Context, refs []Ref) (map[Ref]*State, error) {
	return s.reader().loadStates(ctx, refs)
}

// Snapshot is LoadStates as of one instant, for those who show what they read.
func (s *Store) Snapshot(ctx context.Context, refs []Ref) (map[Ref]*State, error) {
	if err := s.asked(ctx, BeforeRead); err != nil {
		return nil, err
	}
	tx, err := s.begin(ctx, s.hotRead, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() // nothing was written
	return querier{s, s.hotRead, tx}.loadStates(ctx, refs)
}

func (q querier) loadStates(ctx context.Context, refs []Ref) (map[Ref]*State, error) {
	messages, err := readMessages(ctx, q, refs)
	if err != nil {
		return nil, err
	}
	attempts, err := readAttempts(ctx, q, refs)
	if err != nil {
		return nil, err
	}
	states := make(map[Ref]*State, len(messages))
	for ref, m := range messages {
		states[ref] = &State{Message: m, Attempts: attempts[ref]}
	}
	return states, nil
}

func readMessages(ctx context.Context, q querier, refs []Ref) (map[Ref]Message, error) {
	var rows []Message
	if err := loadMessages.run(ctx, q, unique(refs), collect(messageColumns, &rows)); err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	if err := q.readPlans(ctx, rows); err != nil {
		return nil, err
	}
	found := make(map[Ref]Message, len(rows))
	for _, m := range rows {
		found[Ref{m.TenantID, m.ID}] = m
	}
	return found, nil
}

func readAttempts(ctx context.Context, q querier, refs []Ref) (map[Ref][]Attempt, error) {
	var rows []Attempt
	if err := loadAttempts.run(ctx, q, unique(refs), collect(attemptColumns, &rows)); err != nil {
		return nil, fmt.Errorf("load attempts: %w", err)
	}
	slices.SortFunc(rows, func(a, b Attempt) int { return cmp.Compare(a.N, b.N) })
	found := make(map[Ref][]Attempt, len(refs))
	for _, a := range rows {
		ref := Ref{a.TenantID, a.MessageID}
		found[ref] = append(found[ref], a)
	}
	return found, nil
}

// FindAttempts finds attempts by the provider's ids. Of several with one id, which a provider should not give, the
// newest counts.
func (s *Store) FindAttempts(ctx context.Context, refs []ProviderRef) (map[ProviderRef]AttemptRef, error) {
	found := make(map[ProviderRef]AttemptRef, len(refs))
	err := findAttempts.run(ctx, s.reader(), unique(refs), func(rows *sql.Rows) error {
		var p ProviderRef
		var a AttemptRef
		if err := rows.Scan(&p.AccountID, &p.ProviderID, &a.TenantID, &a.ID, &a.N); err != nil {
			return err
		}
		p.TenantID = a.TenantID
		if old, ok := found[p]; !ok || newer(a, old) {
			found[p] = a
		}
		return nil
	})
	return found, err
}

func newer(a, b AttemptRef) bool {
	return cmp.Or(slices.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.N, b.N)) > 0
}

// FindKey reads one key. Errors: ErrNotFound.
func (s *Store) FindKey(ctx context.Context, tenant uuid.UUID, kind DedupeKind, key string) (DedupeKey, error) {
	var found []DedupeKey
	err := s.reader().run(ctx, findKey, []any{tenant, string(kind), key}, collect(dedupeColumns, &found))
	switch {
	case err != nil:
		return DedupeKey{}, err
	case len(found) == 0:
		return DedupeKey{}, ErrNotFound
	}
	return found[0], nil
}

// NextDue is the earliest due_at in Unix milliseconds, 0 if nothing is due at any time.
func (s *Store) NextDue(ctx context.Context) (int64, error) { return s.first(ctx, nextDue) }

// first reads one number, 0 if there is no row.
func (s *Store) first(ctx context.Context, text string, args ...any) (n int64, err error) {
	err = s.reader().run(ctx, text, args, func(rows *sql.Rows) error { return rows.Scan(&n) })
	return n, err
}

// QueuedAccounts lists the accounts for which messages wait.
func (s *Store) QueuedAccounts(ctx context.Context) (accounts []uuid.UUID, err error) {
	err = s.reader().run(ctx, queuedAccounts, nil, func(rows *sql.Rows) error {
		var account uuid.UUID
		defer func() { accounts = append(accounts, account) }()
		return rows.Scan(&account)
	})
	return accounts, err
}

// Parked lists up to limit receipts that wait for their attempt and came at before, in Unix milliseconds, or earlier: the
// latest first.
func (s *Store) Parked(ctx context.Context, before int64, limit int) (receipts []Receipt, err error) {
	err = s.reader().run(ctx, parked, []any{before, limit}, collect(receiptColumns, &receipts))
	return receipts, err
}

// marked runs b, which returns the keys of the rows it took, and says for each of rows whether it was taken. Of
// several rows with one key it was the first.
func marked[R any, K comparable](
	ctx context.Context, q querier, b *batch[R], rows []*R, key []column[R], keyOf func(*R) K,
) ([]bool, error) {
	taken := make(map[K]bool, len(rows))
	err := b.run(ctx, q, rows, func(found *sql.Rows) error {
		var r R
		if err := scanInto(found, key, &r); err != nil {
			return err
		}
		taken[keyOf(&r)] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	marks := make([]bool, len(rows))
	for i, r := range rows {
		k := keyOf(r)
		marks[i] = taken[k]
		delete(taken, k)
	}
	return marks, nil
}

func pointers[R any](rows []R) []*R {
	ps := make([]*R, len(rows))
	for i := range rows {
		ps[i] = &rows[i]
	}
	return ps
}

// unique drops repeated keys, which a join would answer twice.
func unique[K comparable](keys []K) []*K {
	seen := make(map[K]bool, len(keys))
	ps := make([]*K, 0, len(keys))
	for i, k := range keys {
		if !seen[k] {
			seen[k] = true
			ps = append(ps, &keys[i])
		}
	}
	return ps
}
