package models_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

const hour = int64(time.Hour / time.Millisecond)

// A report is the same to the đồng however many of its hours are rolled: by days of any zone, over changes of clocks
// and prices, after evidence that came late, and while hours are rolled and messages change.
func TestReportsAreTheSameRolledAndRaw(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.insert(200, false)
		w.check("before any roll", 12)
		w.roll(1)
		w.check("after one hour", 4)
		w.roll(60)
		w.check("half rolled", 8)
		w.rollAll()
		w.check("rolled", 16)
		w.change(80)
		w.places = append(w.places, w.places[1]-30*24*hour) // before all others
		w.insert(20, true)
		w.check("changed since", 12)
		w.roll(5)
		w.check("some of it rolled again", 8)
		w.rollAll()
		w.check("rolled again", 12)
		w.beside()
		w.rollAll()
		w.check("in the end", 12)
	})
}

// What is rolled is not read from the rows again, and an hour that was counted keeps its segments when what was
// said is forgotten.
func TestRollupOutlivesWhatWasSaid(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.insert(120, false)
		w.rollAll()
		if n, err := s.PruneContent(t.Context(), w.now+1); err != nil || n == 0 {
			t.Fatalf("pruned %d, %v", n, err)
		}
		w.change(40)
		w.rollAll()
		span := [2]int64{w.places[0]/hour*hour - 2*hour, w.places[0]/hour*hour + 6*hour} // months ago: no hour of it is partial
		w.compare("pruned", span[0], span[1], nil)

		before := w.costs(span[0], span[1])
		plant(t, s, "UPDATE cost_hours SET cost = cost + 1")
		if after := w.costs(span[0], span[1]); after == before {
			t.Error("the report does not read the rollup")
		}
	})
}

// A roll that read before another wrote must not put its older sums in the place of the newer ones.
func TestSlowerRollIsDropped(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.insert(60, false)
		w.rollAll()
		first := w.places[0] / hour
		write, err := s.ReadRoll(t.Context(), w.tenant, first-1, first+5)
		want(t, err, nil)
		w.change(60)
		w.rollAll()
		want(t, write(), models.ErrStale)
		w.check("after a roll that was too late", 8)

		write, err = s.ReadRoll(t.Context(), w.tenant, first-1, first+5)
		want(t, err, nil)
		w.change(60) // between: its marks stay
		want(t, write(), nil)
		w.check("after a roll that did not see the last changes", 8)
	})
}

// Hours that were rolled by a clock that ran ahead come again, and nothing that happens in them is lost.
func TestClockPutBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.insert(60, false)
		w.rollAll()
		plant(t, s, "UPDATE rollup_state SET until_hour = until_hour + 30")
		w.places = []int64{w.now - hour/2, w.now} // as young as leaves no mark
		w.insert(20, true)
		w.check("put back", 8)
		w.rollAll()
		now, err := s.Now(t.Context())
		want(t, err, nil)
		until := list(t, s.Hot(), "SELECT cast(until_hour AS text) FROM rollup_state")[0]
		if until != fmt.Sprint((w.now-hour/4)/hour) && until != fmt.Sprint((now.UnixMilli()-hour/4)/hour) {
			t.Errorf("rolled until hour %s", until)
		}
		w.check("put back and rolled", 8)
	})
}

// books is a tenant whose messages the test makes up.
type books struct {
	t        *testing.T
	s        *models.Store
	tenant   uuid.UUID
	now      int64
	places   []int64 // about which messages are made
	mu       sync.Mutex
	rng      *rand.Rand
	states   []*models.State
	segments map[uuid.UUID]int64
}

func newBooks(t *testing.T, s *models.Store) *books {
	w := &books{t: t, s: s, tenant: newTenant(t, s), rng: rand.New(rand.NewPCG(7, 11)), segments: map[uuid.UUID]int64{}}
	now, err := s.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.now = now.UnixMilli()
	for _, at := range []time.Time{
		time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC),   // clocks go forward in Berlin at 01:00 UTC
		time.Date(2025, 10, 25, 22, 30, 0, 0, time.UTC), // and back at 01:00 UTC
		time.Date(2026, 3, 29, 17, 0, 0, 0, time.UTC),   // midnight in Ho Chi Minh City, then at 18:15 in Kathmandu
		time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC),   // a month begins at 17:00 in Ho Chi Minh City, at 18:15 in Kathmandu
		time.UnixMilli(w.now).Add(-150 * time.Minute),   // not all of it is over
		time.UnixMilli(w.now).Add(-26 * time.Hour),      //
	} {
		w.places = append(w.places, at.UnixMilli())
	}
	return w
}

func pick[T any](w *books, of ...T) T { return of[w.rng.IntN(len(of))] }

// at is a time within three hours of a place, often the first or last millisecond of an hour or quarter.
func (w *books) at() int64 {
	at := min(pick(w, w.places...)+w.rng.Int64N(3*hour), w.now-1)
	if w.rng.IntN(3) == 0 {
		at = at/(hour/4)*(hour/4) - w.rng.Int64N(2)
	}
	return at
}

// insert adds messages with their attempts and charges; late ones mark their hours, as the engine has it.
func (w *books) insert(n int, late bool) {
	w.t.Helper()
	for range n {
		w.mu.Lock()
		st, charges := w.message()
		w.states = append(w.states, st)
		w.mu.Unlock()
		var marks models.Marks
		if late {
			fresh := *st
			fresh.Message.Version = 0
			marks.Add(models.State{Message: fresh.Message}, *st, w.now)
		}
		w.commit(func(ctx context.Context, tx *models.Tx) error {
			err := tx.InsertMessages(ctx, []*models.Message{&st.Message})
			if err == nil {
				err = tx.InsertAttempts(ctx, pointers(st.Attempts))
			}
			if err == nil {
				err = tx.InsertCharges(ctx, charges)
			}
			if err == nil {
				err = tx.InsertMarks(ctx, marks.Rows())
			}
			return err
		})
	}
}

func pointers[R any](rows []R) []*R {
	ps := make([]*R, len(rows))
	for i := range rows {
		ps[i] = &rows[i]
	}
	return ps
}

func (w *books) commit(fn func(context.Context, *models.Tx) error) {
	w.t.Helper()
	if err := w.s.InTx(w.t.Context(), func(tx *models.Tx) error { return fn(w.t.Context(), tx) }); err != nil {
		w.t.Error(err)
	}
}

func (w *books) message() (*models.State, []*models.Charge) {
	m := newMessage()
	m.TenantID, m.Operator, m.Category = w.tenant, pick(w, "viettel", "mobifone"), pick(w, policy.OTP, policy.Transaction)
	m.Template, m.Country, m.PolicyName = pick(w, "", "otp"), pick(w, "VN", "LA"), pick(w, "a", "b")
	m.Currency, m.Test, m.CreatedAt, m.CompletedAt = pick(w, "VND", "VND", "USD"), w.rng.IntN(12) == 0, w.at(), w.now
	m.Status, m.Version, m.QueueAccount, m.DueAt = policy.Delivered, 1, uuid.Nil, 0
	segments := int64(1 + w.rng.IntN(3))
	switch w.rng.IntN(3) {
	case 0:
		m.Plan = fmt.Appendf(nil, `{"steps":[{"channel":"zns"},{"channel":"sms","accounts":[{"segments":%d}]}]}`, segments)
	case 1:
		m.Content = fmt.Appendf(nil, `{"sms":{"text":"%s"}}`, strings.Repeat("x", 153*int(segments)-w.rng.IntN(5)))
		if segments == 1 {
			m.Content = []byte(`{"sms":{"text":"x"}}`)
		}
	default:
		m.Content, segments = []byte(`{"zns":{"template_id":"7"}}`), 1
	}
	w.segments[m.ID] = segments
	st := &models.State{Message: *m}
	var charges []*models.Charge
	at := m.CreatedAt
	for n := range int64(w.rng.IntN(4)) {
		a := newAttempt(m, n+1)
		a.Channel, a.Account = pick(w, policy.ZNS, policy.Viber, policy.SMS), pick(w, "one", "two")
		a.Status, a.Calls, a.Segments = policy.AttemptTimedOut, pick(w, int64(0), 1, 1, 2), int64(w.rng.IntN(3))
		a.CreatedAt, a.DeliveredAt, a.ReadAt, a.Cost, a.Lines = at, pick(w, 0, 0, 0, at), 0, 0, 0
		if amount := pick(w, int64(0), 200, 470_000_000, 820_000_000); amount > 0 && a.Calls > 0 {
			charges = append(charges, charge(m, a, amount))
		}
		st.Attempts = append(st.Attempts, *a)
		at += w.rng.Int64N(hour)
		at = min(at, w.now-1)
	}
	return st, charges
}

// charge adds a line to an attempt's ledger.
func charge(m *models.Message, a *models.Attempt, amount int64) *models.Charge {
	a.Lines++
	a.Cost += amount
	return &models.Charge{
		TenantID: m.TenantID, MessageID: m.ID, N: a.N, Line: a.Lines, At: a.CreatedAt, Channel: a.Channel, Amount: amount, Currency: m.Currency, Reason: "charge", Test: m.Test,
	}
}

// change brings late evidence: calls, deliveries, reads, charges and corrections.
func (w *books) change(n int) {
	w.t.Helper()
	for range n {
		w.mu.Lock()
		st := pick(w, w.states...)
		after := models.State{Message: st.Message, Attempts: slices.Clone(st.Attempts)}
		var charges []*models.Charge
		if n := len(after.Attempts); n > 0 {
			a := &after.Attempts[w.rng.IntN(n)]
			switch w.rng.IntN(5) {
			case 0:
				a.Calls++
			case 1, 2:
				a.DeliveredAt = w.now
			case 3:
				a.ReadAt = w.now
			default:
				if a.Calls > 0 {
					charges = append(charges, charge(&after.Message, a, pick(w, 300_000_000, -a.Cost)))
				}
			}
		}
		after.Message.Version++
		var marks models.Marks
		marks.Add(*st, after, w.now)
		*st = after
		w.mu.Unlock()
		w.commit(func(ctx context.Context, tx *models.Tx) error {
			m := after.Message
			_, err := tx.UpdateMessages(ctx, []*models.Message{&m})
			if err == nil {
				err = tx.UpdateAttempts(ctx, pointers(after.Attempts))
			}
			if err == nil {
				err = tx.InsertCharges(ctx, charges)
			}
			if err == nil {
				err = tx.InsertMarks(ctx, marks.Rows())
			}
			return err
		})
	}
}

// beside changes and inserts messages, rolls from two replicas, and reports, all at once.
func (w *books) beside() {
	w.t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(done)
		for range 15 {
			w.change(6)
			w.insert(2, true)
		}
	})
	for range 2 {
		wg.Go(func() {
			for open := true; open; {
				select {
				case <-done:
					open = false
				default:
				}
				w.rollOnce(func() bool { return false })
			}
		})
	}
	for open := true; open; {
		select {
		case <-done:
			open = false
		default:
		}
		w.check("beside a writer and two rollers", 1)
	}
	wg.Wait()
}

func (w *books) rollOnce(enough func() bool) {
	if err := w.s.RollUp(w.t.Context(), enough); err != nil {
		w.t.Error(err)
	}
}

// roll takes so many steps.
func (w *books) roll(steps int) {
	w.t.Helper()
	asked := 0
	w.rollOnce(func() bool { asked++; return asked > steps+1 })
}

// rollAll rolls until nothing is left to do.
func (w *books) rollAll() {
	w.t.Helper()
	w.rollOnce(func() bool { return false })
	left := list(w.t, w.s.Hot(), "SELECT cast(count(*) AS text) FROM rollup_marks k JOIN rollup_state s ON s.tenant_id = k.tenant_id AND k.hour < s.until_hour")
	if left[0] != "0" {
		w.t.Errorf("%s marks are left", left[0])
	}
}

// check compares reports of spans by chance, by day and by other words, with what the rows say.
func (w *books) check(when string, times int) {
	w.t.Helper()
	w.mu.Lock()
	type span struct{ from, to int64 }
	spans := []span{{w.places[1] - 31*24*hour, w.now + hour}}
	for len(spans) < times {
		from := w.at()
		spans = append(spans, span{from, from + w.rng.Int64N(5*hour)}, span{from / hour * hour, from/hour*hour + 24*hour}, span{from, w.at()})
	}
	w.mu.Unlock()
	for i, sp := range spans {
		var cuts []int64
		if i%2 == 0 {
			cuts = []int64{sp.from/hour*hour + hour, sp.from/hour*hour + 2*hour + 17*60_000}
		}
		w.compare(when, sp.from, sp.to, cuts)
	}
}

var groupings = [][]string{{"channel", "day"}, {}, {"day", "operator", "policy"}, {"account", "template", "category"}, {"month", "channel"}}

// kept are filters, one for each of groupings.
var kept = []map[string]string{
	{"channel": "sms"}, {"policy": "a", "template": ""}, {"account": "one", "operator": "viettel"}, {"category": "otp"}, nil,
}

var zones = []string{"Asia/Ho_Chi_Minh", "Asia/Kathmandu", "Europe/Berlin"}

// compare holds one report against the rows of the same instant.
func (w *books) compare(when string, from, to int64, cuts []int64) {
	w.t.Helper()
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			w.t.Fatal(err)
		}
		err = w.s.Report(w.t.Context(), func(r *models.Report) error {
			rows := w.rows(r, from, to)
			for i, groups := range groupings {
				q := models.CostQuery{TenantID: w.tenant, From: from, To: to, GroupBy: groups, Location: zone}
				if from%2 == 0 { // a span has filters or none
					q.Where = kept[i]
				}
				got, late, err := r.Costs(q)
				if err != nil {
					return err
				}
				want, wantLate := sums(keep(rows, q.Where), groups, zone)
				if diff := gocmp.Diff(want, got); diff != "" {
					w.t.Errorf("%s, %s by %v from %d to %d (-rows +report):\n%s", when, name, groups, from, to, diff)
				}
				if diff := gocmp.Diff(wantLate, late); diff != "" {
					w.t.Errorf("%s from %d to %d, late (-rows +report):\n%s", when, from, to, diff)
				}
			}
			got := map[models.PriceGroup]int64{}
			err := r.EachPriceGroup(models.PriceQuery{TenantID: w.tenant, From: from, To: to, Cuts: cuts}, func(g models.PriceGroup) error {
				n := g.Messages
				g.At, g.Messages = slice(g.At, cuts), 0
				got[g] += n
				return nil
			})
			if diff := gocmp.Diff(w.priced(r, from, to, cuts), got); diff != "" {
				w.t.Errorf("%s from %d to %d with cuts %v (-rows +report):\n%s", when, from, to, cuts, diff)
			}
			return err
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *books) costs(from, to int64) (sum int64) {
	w.t.Helper()
	rows, err := w.s.CostRows(w.t.Context(), models.CostQuery{TenantID: w.tenant, From: from, To: to})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rows {
		sum += r.Cost
	}
	return sum
}

// row is an attempt as a report counts it.
type row struct {
	words               map[string]string
	createdAt, segments int64
	cost, late          int64
	currency            string
}

// rows reads the attempts of a span, and their cost from the ledger.
func (w *books) rows(r *models.Report, from, to int64) (all []row) {
	w.t.Helper()
	const ledger = `coalesce((SELECT sum(c.amount) FROM charges c WHERE c.tenant_id = a.tenant_id AND c.message_id = a.message_id AND c.n = a.n), 0)`
	found, err := r.Query(`SELECT a.channel, a.account, m.template, m.category, m.policy_name, m.operator, m.currency, a.created_at, a.segments,
			cast(`+ledger+` AS bigint), (SELECT count(*) FROM attempts e WHERE e.tenant_id = a.tenant_id AND e.message_id = a.message_id
				AND e.n < a.n AND (e.delivered_at > 0 OR e.read_at > 0) AND e.cost > 0)
		FROM messages m JOIN attempts a ON a.tenant_id = m.tenant_id AND a.message_id = m.id
		WHERE m.tenant_id = ? AND a.created_at >= ? AND a.created_at < ? AND a.calls > 0 AND NOT m.test`, w.tenant, from, to)
	if err != nil {
		w.t.Fatal(err)
	}
	defer found.Close()
	for found.Next() {
		var channel, account, template, category, policyName, operator string
		var x row
		var earlier int64
		err := found.Scan(&channel, &account, &template, &category, &policyName, &operator, &x.currency, &x.createdAt, &x.segments, &x.cost, &earlier)
		if err != nil {
			w.t.Fatal(err)
		}
		if earlier > 0 && x.cost > 0 {
			x.late = x.cost
		}
		x.words = map[string]string{
			"channel": channel, "account": account, "template": template, "category": category, "policy": policyName, "operator": operator,
		}
		all = append(all, x)
	}
	return all
}

// keep answers the rows that a filter keeps.
func keep(rows []row, where map[string]string) (out []row) {
	for _, x := range rows {
		fits := true
		for word, value := range where {
			fits = fits && x.words[word] == value
		}
		if fits {
			out = append(out, x)
		}
	}
	return out
}

// sums adds rows up as a report does, with Go's own calendar.
func sums(rows []row, groups []string, zone *time.Location) (out []models.CostRow, late map[string]int64) {
	late = map[string]int64{}
	byKey := map[string]*models.CostRow{}
	for _, x := range rows {
		group, key := map[string]string{}, ""
		for _, word := range groups {
			group[word] = x.words[word]
			switch at := time.UnixMilli(x.createdAt).In(zone); word {
			case "day":
				group[word] = at.Format(time.DateOnly)
			case "month":
				group[word] = at.Format("2006-01")
			}
			key += group[word] + "\x00"
		}
		key += x.currency
		sum := byKey[key]
		if sum == nil {
			sum = &models.CostRow{Group: group, Currency: x.currency}
			byKey[key] = sum
		}
		sum.Attempts++
		sum.Cost += x.cost
		if x.cost > 0 {
			sum.Billable++
			sum.Units++
			if x.words["channel"] == "sms" {
				sum.Units += x.segments - 1
			}
		}
		if x.late > 0 {
			late[x.currency] += x.late
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(byKey), cmp.Compare[string]) {
		out = append(out, *byKey[key])
	}
	return out, late
}

// slice is the number of the time between cuts in which at lies.
func slice(at int64, cuts []int64) (n int64) {
	for _, cut := range cuts {
		if at >= cut {
			n++
		}
	}
	return n
}

// priced counts the messages of a span by what their price depends on.
func (w *books) priced(r *models.Report, from, to int64, cuts []int64) map[models.PriceGroup]int64 {
	w.t.Helper()
	found, err := r.Query(`SELECT id, template, operator, country, category, created_at FROM messages
		WHERE tenant_id = ? AND created_at >= ? AND created_at < ? AND NOT test`, w.tenant, from, to)
	if err != nil {
		w.t.Fatal(err)
	}
	defer found.Close()
	all := map[models.PriceGroup]int64{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for found.Next() {
		var id uuid.UUID
		var g models.PriceGroup
		if err := found.Scan(&id, &g.Template, &g.Operator, &g.Country, &g.Category, &g.At); err != nil {
			w.t.Fatal(err)
		}
		g.At, g.Segments = slice(g.At, cuts), w.segments[id]
		all[g]++
	}
	return all
}
