package orchestrator_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// worstCost is what a message of the rig's default policy may come to cost, in đồng.
const worstCost = orchestratortest.PriceZNS + orchestratortest.PriceViber + orchestratortest.PriceSMS

// limit sets what the rig's tenant may spend a day and a month, in đồng.
func limit(t *testing.T, r *orchestratortest.Rig, day, month int64) {
	t.Helper()
	r.Tenant.CapDay, r.Tenant.CapMonth = day*1_000_000, month*1_000_000
	if err := r.Store.SetLimits(t.Context(), r.Tenant); err != nil {
		t.Fatal(err)
	}
	r.Engine.Reload()
}

// crowd accepts n messages side by side on some engines, waits until they end, and counts those that were accepted, those that
// a cap refused and those that were accepted by an earlier crowd. Meanwhile is called when all have been answered. Those that
// are to be sent later are canceled then: none of them ends before.
func crowd(t *testing.T, r *orchestratortest.Rig, n int, later time.Duration, meanwhile func(), engines ...*orchestrator.Engine) (accepted, capped, known int64) {
	t.Helper()
	var yes, no, before atomic.Int64
	var wg sync.WaitGroup
	ids := make([]uuid.UUID, n)
	for i := range n {
		wg.Go(func() {
			s := r.Submission(fmt.Sprintf("+8491%07d", i))
			if later > 0 {
				s.SendAt = time.Now().Add(later)
			}
			s.TransactionID = fmt.Sprint("T", i) // what is refused gives its key back
			got, err := engines[i%len(engines)].Accept(t.Context(), r.Caller, s)
			_, full := errors.AsType[*orchestrator.CapError](err)
			_, twice := errors.AsType[*orchestrator.DuplicateError](err)
			switch {
			case err == nil:
				ids[i] = got.Message.ID
				yes.Add(1)
			case full:
				no.Add(1)
			case twice:
				before.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	meanwhile()
	for _, id := range ids {
		if id == uuid.Nil {
			continue
		}
		if later > 0 {
			if _, err := r.Engine.Cancel(t.Context(), r.Tenant.ID, id); err != nil {
				t.Error(err)
			}
		}
		r.Await(id, orchestratortest.Final)
	}
	return yes.Load(), no.Load(), before.Load()
}

func used(t *testing.T, r *orchestratortest.Rig) map[string]int64 {
	t.Helper()
	rows, err := r.Store.Budgets(t.Context(), r.Tenant.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int64{}
	for _, b := range rows {
		kind := "day"
		if len(b.Period) == len("2026-11") {
			kind = "month"
		}
		all[kind] = b.Used / 1_000_000
	}
	return all
}

// A cap that has room for fifty messages takes fifty of five hundred that come at once, on one replica and on two. What they do
// not cost makes room again.
func TestCapsAreExact(t *testing.T) {
	const room, crowded = 50, 500
	const most = room*worstCost + worstCost - 1 // one more would not fit by a đồng
	for _, dialect := range modelstest.Dialects(t) {
		for _, replicas := range []int{1, 2} {
			if dialect == models.SQLite && replicas > 1 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d", dialect, replicas), func(t *testing.T) {
				r := orchestratortest.New(t, modelstest.Open(t, dialect), orchestratortest.Config{})
				engines := []*orchestrator.Engine{r.Engine}
				for range replicas - 1 {
					engines = append(engines, startEngine(t, r))
				}
				limit(t, r, most, 2*room*worstCost)
				for _, e := range engines {
					e.Reload()
				}
				within := func() {
					if got := used(t, r); got["day"] > most || got["day"] != got["month"] {
						t.Errorf("counted %v, the cap is %d", got, most)
					}
				}
				accepted, capped, known := crowd(t, r, crowded, time.Hour, within, engines...)
				if accepted != room || capped != crowded-room || known > 0 {
					t.Fatalf("%d accepted, %d refused by the cap, %d known before, want %d, %d and none", accepted, capped, known, room, crowded-room)
				}
				// They were canceled and cost nothing, and what was refused gave its keys back. Each of the next is delivered on ZNS,
				// and what that leaves of its worst is there for others.
				if accepted, _, known := crowd(t, r, crowded, 0, within, engines...); accepted < room || known != room {
					t.Errorf("once the others had ended, %d accepted and %d known before, want at least %d and %d", accepted, known, room, room)
				}
				within()
				r.Verify()
			})
		}
	}
}

func startEngine(t *testing.T, r *orchestratortest.Rig) *orchestrator.Engine {
	t.Helper()
	e := r.NewEngine(orchestratortest.Config{})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// A cap that is set in the middle of a day counts what was accepted before, also by a replica that has not heard of it yet.
func TestCapCountsWhatWasBefore(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var ahead atomic.Int64
		clock := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		r := orchestratortest.New(t, s, orchestratortest.Config{Now: clock})
		r.Await(r.Send("+84912345678"), orchestratortest.Final)
		limit(t, r, 10*worstCost, 0)
		r.Await(r.Send("+84912345679"), orchestratortest.Final)
		if got := used(t, r)["day"]; got != 2*orchestratortest.PriceZNS {
			t.Errorf("counted %d, want two messages on ZNS", got)
		}
		// Stored as by a replica that knows of no cap: not counted, until all have heard of it.
		rows, err := s.Budgets(t.Context(), r.Tenant.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		rows[0].Used = -200_000_000
		err = s.InTx(t.Context(), func(tx *models.Tx) error { return tx.AddToBudgets(t.Context(), []*models.Budget{&rows[0]}) })
		if err != nil {
			t.Fatal(err)
		}
		ahead.Store(int64(time.Minute))
		r.Await(r.Send("+84912345670"), orchestratortest.Final)
		if got := used(t, r)["day"]; got != 3*orchestratortest.PriceZNS {
			t.Errorf("counted %d, want three messages on ZNS", got)
		}
		r.Verify()
	})
}

// A cap that leaves no room says which it is, what is left and when to come back.
func TestCapErrorTellsWhatIsLeft(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		limit(t, r, 1, 0)
		_, err := r.Engine.Accept(t.Context(), r.Caller, r.Submission("+84912345678"))
		full, capped := errors.AsType[*orchestrator.CapError](err)
		if !capped || full.Period != "day" || full.Left.Amount() != "1" || full.Worst.Amount() != fmt.Sprint(worstCost) {
			t.Fatalf("got %v, want a cap of 1 đồng a day", err)
		}
		if full.RetryAfter <= 0 || full.RetryAfter > 24*time.Hour {
			t.Errorf("come back in %s, want at the day's end", full.RetryAfter)
		}
	})
}

// Twins that a cap refuses are refused alike: the one that lost its key to the other is not told of a message that nobody has.
func TestCapRefusesTwins(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		limit(t, r, 1, 0)
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				sub := r.Submission("+84912345678")
				if i%2 == 0 {
					sub.IdempotencyKey, sub.RequestHash = "once", "same"
				} else {
					sub.TransactionID = "T1"
				}
				_, err := r.Engine.Accept(t.Context(), r.Caller, sub)
				_, busy := errors.AsType[*orchestrator.BusyError](err)
				if _, full := errors.AsType[*orchestrator.CapError](err); !full && !busy {
					t.Errorf("got %v, want the cap", err)
				}
			})
		}
		wg.Wait()
	})
}
