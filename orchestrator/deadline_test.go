package orchestrator_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

var pairsFlag = flag.Int("pairs", 2000, "how often a receipt meets its timer, on each database")

// A receipt meets its timer at the deadline, within five milliseconds either way, -pairs times a database (500 with
// -short). Whichever commits first wins: a fallback is never begun after a success is on disk. On Postgres two
// replicas run the timers, and the receipt comes to one of them.
func TestReceiptAgainstTimer(t *testing.T) {
	pairs := *pairsFlag
	if testing.Short() {
		pairs = 500
		t.Logf("-short: 500 pairs in place of %d", *pairsFlag)
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		race := race{t: t, r: r}
		if s.Dialect() == models.Postgres {
			replica(t, r)
			race.skew = 10
		}
		r.Policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"150ms"},{"channel":"sms","until":"delivered","timeout":"1h"}],"ttl":"2h"}`)
		r.Sim.SetRule("*", simulator.Rule{Deliver: new(time.Duration(-1)), DropWebhooks: true})

		var done sync.WaitGroup
		var begun atomic.Int64
		for range 48 {
			done.Go(func() {
				for begun.Add(1) <= int64(pairs) {
					race.run()
				}
			})
		}
		done.Wait()

		receipt, timer := race.receipt.Load(), race.timer.Load()
		t.Logf("the receipt won %d times, the timer %d times", receipt, timer)
		if receipt+timer != int64(pairs) {
			t.Errorf("%d of %d pairs came to an end", receipt+timer, pairs)
		}
		if least := int64(pairs / 20); receipt < least || timer < least {
			t.Errorf("each side must win at least %d times for this test to mean anything", least)
		}
		calls := map[string]int64{}
		for _, c := range r.Sim.Calls() {
			calls[c.Channel]++
		}
		if calls[simulator.Viber] != int64(pairs) || calls[simulator.SMS] != timer {
			t.Errorf("the provider's log has %d Viber and %d SMS calls, want %d and %d", calls[simulator.Viber], calls[simulator.SMS], pairs, timer)
		}
		r.Verify()
	})
}

// replica runs another engine on the rig's database until the test ends.
func replica(t *testing.T, r *orchestratortest.Rig) {
	t.Helper()
	other := r.NewEngine(orchestratortest.Config{})
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := other.Stop(ctx); err != nil {
			t.Error("second engine:", err)
		}
	})
}

// race counts who won, and leans to the side that loses: how long after the deadline the timer gets to commit depends
// on the machine and on the question that goes before a paid step.
type race struct {
	t              *testing.T
	r              *orchestratortest.Rig
	skew           orchestrator.Time // how far apart the replicas may measure the database's clock, in milliseconds
	lean           atomic.Int64      // nanoseconds
	receipt, timer atomic.Int64
}

const leanStep = int64(500 * time.Microsecond)

// run sends one message, brings its receipt about when its time is over, and checks who won.
func (x *race) run() {
	acc, err := x.r.Engine.Accept(x.t.Context(), x.r.Caller, x.r.Submission("+84912345678"))
	if err != nil {
		x.t.Error(err)
		return
	}
	id := acc.Message.ID
	v, ok := see(x.t, x.r, id, func(v orchestrator.MessageView) bool { return len(v.Attempts) > 0 && v.Attempts[0].SentAt != nil })
	if !ok {
		return
	}
	jitter := rand.N(10*time.Millisecond) - 5*time.Millisecond
	deadline := time.UnixMilli(int64(*v.Attempts[0].SentAt)).Add(150 * time.Millisecond)
	time.Sleep(time.Until(deadline.Add(jitter + time.Duration(x.lean.Load()))))
	if err := bring(x.t.Context(), x.r, v.Attempts[0].ID, report{"delivered", time.Now()}); err != nil {
		x.t.Error(err)
		return
	}
	// From here on the success is on disk. No step may begin after what is read now.
	committed, err := x.r.Engine.Message(x.t.Context(), x.r.Tenant.ID, id)
	if err != nil {
		x.t.Error(err)
		return
	}
	end, ok := see(x.t, x.r, id, func(v orchestrator.MessageView) bool {
		return v.Status.Final() && (len(v.Attempts) < 2 || v.Attempts[1].SentAt != nil)
	})
	if ok {
		x.judge(committed, end)
	}
}

// judge checks what is stored: nothing was begun after what was read behind the receipt's commit, nor before it by the
// stored times, which follow the order of commits.
func (x *race) judge(committed, end orchestrator.MessageView) {
	first := end.Attempts[0]
	switch {
	case end.Status != policy.Delivered || first.Status != policy.AttemptDelivered:
		x.t.Errorf("the receipt is lost: %+v", end.Timeline)
	case len(end.Attempts) != len(committed.Attempts):
		x.t.Errorf("a step was begun after the success was on disk: %+v", end.Timeline)
	case len(end.Attempts) == 1 && first.EndedAt == nil:
		x.receipt.Add(1)
		x.lean.Add(leanStep)
	case len(end.Attempts) == 2 && first.EndedAt != nil && *first.EndedAt == end.Attempts[1].CreatedAt && end.Attempts[1].CreatedAt <= *end.CompletedAt+x.skew:
		x.timer.Add(1)
		x.lean.Add(-leanStep)
	default:
		x.t.Errorf("nobody won: %+v", end.Timeline)
	}
}
