package longtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// dong is one đồng in micros.
const dong = 1_000_000

// dearest is what a message of a flooder may come to cost, in đồng: both channels take it.
const dearest = simulator.PriceSMS + simulator.PriceViber

// rejected is Infobip's code of a number that it does not take, told in the answer: nothing is billed.
const rejected = "52"

// eachWay plays on SQLite in virtual time, and on Postgres with two nodes in real time.
func eachWay(t *testing.T, play func(t *testing.T, s setup, dialect string)) {
	t.Parallel()
	quick := simulator.Options{DeliverAfter: 300 * time.Millisecond}
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			if dialect == models.SQLite {
				virtual(t, func(t *testing.T) { play(t, setup{fault: slowCommits, sim: quick}, dialect) })
				return
			}
			play(t, setup{clocks: make([]time.Duration, 2), open: shared(t, dialect), sim: quick}, dialect)
		})
	}
}

// Tenant A floods us at ten times B's rate, every one of its calls fails, and most of the time its cap leaves no room. The
// cap holds at every moment, what failed makes room again, and B notices nothing.
func TestFloodOfATenantAtItsCap(t *testing.T) {
	const room = 30 // two seconds a message: fifteen a second of fifty
	eachWay(t, func(t *testing.T, s setup, dialect string) {
		before, seconds := size(5, 60), size(5, 600)
		if dialect == models.SQLite {
			before, seconds = size(12, 600), size(12, 600)
		}
		w := newWorld(t, s)
		b, a := w.newFlooder(), w.newCapped(room*dearest)
		w.sim.SetRule("*0", simulator.Rule{Outcome: simulator.Refuse, Code: rejected, AnswerAfter: time.Second})
		alone := b.waits(b.sendQuietly(before))
		beside := b.beside(a, seconds)
		compare(t, alone, beside)
		for _, st := range a.await(a.accepted, 5*time.Minute, time.Second) {
			if len(st.Attempts) != 2 || st.Message.Status != policy.Failed || st.Message.Cost != 0 {
				t.Errorf("A's %s ended %s, %s, at a cost of %d: %+v", st.Message.To, st.Message.Status, st.Message.Reason, st.Message.Cost, st.Attempts)
			}
		}
		a.exact(0)
		t.Logf("A: %d accepted, %d refused by the cap", len(a.accepted), a.refused)
		if a.refused < len(a.accepted)/2 || len(a.accepted) < room*min(seconds/4, 10) {
			t.Errorf("%d accepted and %d refused by a cap with room for %d: it must be met, and room must come back", len(a.accepted), a.refused, room)
		}
		w.verify()
	})
}

// Tenant A floods us, and its messages cost what they cost: nothing, one channel or both. Its cap stops it, and what is left of
// the cap is to the đồng what the provider did not bill.
func TestCapStopsATenantThatPays(t *testing.T) {
	eachWay(t, func(t *testing.T, s setup, dialect string) {
		seconds, limit := size(6, 120), int64(size(60, 2000)*dearest+7)
		if dialect == models.SQLite {
			seconds = size(12, 600)
		}
		w := newWorld(t, s)
		b, a := w.newFlooder(), w.newCapped(limit)
		for match, rules := range map[string][]simulator.Rule{
			"*10": {{Channel: simulator.SMS, Outcome: simulator.Refuse, Code: rejected}},
			"*20": {{Outcome: simulator.Refuse, Code: rejected}},
			"*30": {{Channel: simulator.SMS, Outcome: simulator.Fail, Code: simulator.CodeUnknownUser}}, // billed all the same
		} {
			for _, r := range rules {
				w.sim.SetRule(match, r)
			}
		}
		b.beside(a, seconds)
		flooded := len(a.accepted)
		var full *orchestrator.CapError
		for i, ended := seconds*50, 0; full == nil || ended < len(a.accepted); i += 10 { // each delivered by SMS
			if full != nil {
				ended = len(a.await(a.accepted, time.Minute, 200*time.Millisecond))
			}
			full = a.try(10 * i)
		}
		billed := a.billed()
		t.Logf("A: %d accepted, %d refused by the cap, %d more fitted in afterwards; billed %d of %d", flooded, a.refused, len(a.accepted)-flooded, billed, limit)
		if left := full.Left.Micros; left != (limit-billed)*dong || left >= dearest*dong {
			t.Errorf("the cap of %d has %s left when the provider billed %d", limit, full.Left, billed)
		}
		if int64(flooded)*dearest <= limit || a.refused < 10 {
			t.Errorf("%d accepted and %d refused: the cap must be met, and room must come back", flooded, a.refused)
		}
		a.exact(billed)
		w.verify()
	})
}

// capped is a flooder whose cap may refuse its messages.
type capped struct {
	flooder
	limit    int64 // đồng
	mu       sync.Mutex
	accepted []uuid.UUID
	refused  int
}

// newCapped makes a flooder that may spend so much a day, in đồng. Where it lives it is noon, so that no day ends meanwhile.
func (w *world) newCapped(limit int64) *capped {
	w.t.Helper()
	return &capped{limit: limit, flooder: w.newFlooder(func(t *models.Tenant) {
		t.CapDay = limit * dong
		t.Timezone = fmt.Sprintf("Etc/GMT%+d", time.Now().UTC().Hour()-12) // the sign is POSIX's
	})}
}

// try sends a message to the n-th phone, and answers the cap's refusal.
func (a *capped) try(n int) *orchestrator.CapError {
	acc, err := a.w.engine().Accept(a.w.t.Context(), a.caller, submission(phone(n), "default"))
	full, refused := errors.AsType[*orchestrator.CapError](err)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case refused:
		a.refused++
		if full.Cap.Micros != a.limit*dong || full.Worst.Micros != dearest*dong || full.Left.Micros >= dearest*dong {
			a.w.t.Errorf("refused: %v", err)
		}
	case err != nil:
		a.w.t.Error(err)
	default:
		a.accepted = append(a.accepted, acc.Message.ID)
	}
	return full
}

// flood sends fifty messages a second, five at a time, and looks at the cap after each.
func (a *capped) flood(seconds int) {
	var sending sync.WaitGroup
	began := time.Now()
	for i := range seconds * 10 {
		for j := range 5 {
			sending.Go(func() {
				a.try(10 * (5*i + j))
				a.counted()
			})
		}
		if i%10 == 0 {
			a.spent()
		}
		time.Sleep(time.Until(began.Add(time.Duration(i+1) * 100 * time.Millisecond)))
	}
	sending.Wait()
}

// beside has B send while A floods, and answers how long each of B's messages waited.
func (f flooder) beside(a *capped, seconds int) []time.Duration {
	f.w.t.Helper()
	var flood sync.WaitGroup
	flood.Go(func() { a.flood(seconds) })
	quiet := f.sendQuietly(seconds)
	flood.Wait()
	return f.waits(quiet)
}

// counted is what the budget has, in đồng, which is never more than the cap.
func (a *capped) counted() int64 {
	rows, err := a.w.store.Budgets(a.w.t.Context(), a.tenant.ID, 0)
	if err != nil {
		a.w.t.Error(err)
		return 0
	}
	used := int64(0)
	for _, b := range rows {
		used = max(used, b.Used)
	}
	if used > a.limit*dong {
		a.w.t.Errorf("counted are %d micros, the cap is %d đồng", used, a.limit)
	}
	return used / dong
}

// spent is what the ledger has, in đồng, which is never more than the cap.
func (a *capped) spent() int64 {
	now := time.Now()
	cost := int64(0)
	err := a.w.store.Report(a.w.t.Context(), func(r *models.Report) error {
		rows, _, err := r.Costs(models.CostQuery{TenantID: a.tenant.ID, From: now.Add(-24 * time.Hour).UnixMilli(), To: now.Add(time.Hour).UnixMilli()})
		for _, row := range rows {
			cost += row.Cost
		}
		return err
	})
	if err != nil {
		a.w.t.Error(err)
	}
	if cost > a.limit*dong {
		a.w.t.Errorf("the ledger has %d micros, the cap is %d đồng", cost, a.limit)
	}
	return cost / dong
}

// billed is what the provider bills, in đồng.
func (a *capped) billed() (sum int64) {
	a.w.t.Helper()
	for _, c := range a.w.sim.Calls() {
		if c.Account == a.sms || c.Account == a.viber {
			price, err := strconv.ParseInt(c.Price, 10, 64)
			a.w.must(err)
			sum += price
		}
	}
	return sum
}

// exact fails the test unless the provider's bill, the ledger, the messages and the budget all come to one sum, in đồng.
func (a *capped) exact(want int64) {
	a.w.t.Helper()
	cost, counted := int64(0), int64(0)
	for _, st := range a.states(a.accepted) {
		cost += st.Message.Cost
		counted += max(st.Message.Cost, st.Message.Exposure)
	}
	got := []int64{a.billed(), a.spent(), cost / dong, counted / dong, a.counted()}
	if slices.ContainsFunc(got, func(sum int64) bool { return sum != want }) {
		a.w.t.Errorf("bill, ledger, cost and exposure of the messages, budget: %d, want %d each", got, want)
	}
}
