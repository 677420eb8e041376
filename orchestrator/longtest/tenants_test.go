package longtest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/policy"
)

// commitTakes is how long the database of a flood needs for a transaction: in virtual time nothing else does.
const commitTakes = 2 * time.Millisecond

// longestWait is how long a message of the quiet tenant may wait for its call, whatever the other one does.
const longestWait = 5 * time.Second

// Tenant A floods us at ten times tenant B's rate, and every one of its calls fails, or hangs. B's messages all go out,
// about as soon as without A.
func TestFloodOfOneTenant(t *testing.T) {
	t.Parallel()
	seconds := size(10, 600)
	alone := floodRun(t, seconds, nil)
	faults := map[string]func(w *world, key string){
		"fails": func(w *world, key string) { w.sim.SetAccountFault(simulator.Infobip, key, simulator.FaultDown) },
		"hangs": func(w *world, _ string) { w.sim.SetRule("*0", simulator.Rule{Outcome: simulator.Hang}) },
		"is refused": func(w *world, _ string) {
			w.sim.SetRule("*0", simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
		},
		"is throttled": func(w *world, _ string) { w.sim.SetRule("*0", simulator.Rule{Outcome: simulator.Throttle}) },
	}
	for name, fault := range faults {
		if !*full && (name == "is refused" || name == "is throttled") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			beside := floodRun(t, seconds, fault)
			compare(t, alone, beside)
		})
	}
}

// floodRun has B send five messages a second, and A fifty if fault is not nil. It answers how long each of B's waited
// for its call.
func floodRun(t *testing.T, seconds int, fault func(w *world, key string)) (waited []time.Duration) {
	virtual(t, func(t *testing.T) {
		w := newWorld(t, setup{fault: slowCommits})
		b, a := w.newFlooder(), w.newFlooder()
		var flood sync.WaitGroup
		floods := make([]uuid.UUID, 0, seconds*50)
		if fault != nil {
			fault(w, a.sms)
			fault(w, a.viber)
			flood.Go(func() {
				for i := range seconds * 50 {
					floods = append(floods, a.send(submission(phone(10*i), "default")))
					time.Sleep(20*time.Millisecond - commitTakes)
				}
			})
		}
		quiet := b.sendQuietly(seconds)
		flood.Wait()
		waited = b.waits(quiet)
		if fault != nil {
			a.await(floods, 10*time.Minute, 20*time.Second)
		}
		w.verify()
	})
	return waited
}

// slowCommits makes commits take time where nothing else does.
func slowCommits(_ context.Context, point models.FaultPoint) error {
	if point == models.BeforeBegin {
		time.Sleep(commitTakes)
	}
	return nil
}

// flooder is a customer with two channels that take fifty messages a second each; sms and viber are the simulator's ids
// of their accounts.
type flooder struct {
	*customer
	sms, viber string
}

func (w *world) newFlooder(with ...func(*models.Tenant)) flooder {
	w.t.Helper()
	c, p := w.newCustomer(with...), pace{perSecond: 50, concurrency: 32}
	f := flooder{c, c.addInfobip(policy.SMS, p), c.addInfobip(policy.Viber, p)}
	f.policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"8s"},{"channel":"viber","until":"delivered","timeout":"8s"}],"ttl":"40s"}`)
	return f
}

// sendQuietly sends five messages a second, and answers when it began with each.
func (f flooder) sendQuietly(seconds int) map[uuid.UUID]time.Time {
	f.w.t.Helper()
	began := map[uuid.UUID]time.Time{}
	for i := range seconds * 5 {
		at := time.Now()
		began[f.send(submission(phone(10*i+1), "default"))] = at
		time.Sleep(time.Until(at.Add(200 * time.Millisecond)))
	}
	return began
}

// waits answers how long each message waited for its call, none of them too long. Each is delivered by one call.
func (f flooder) waits(began map[uuid.UUID]time.Time) (waited []time.Duration) {
	t := f.w.t
	t.Helper()
	ended := f.await(slices.Collect(maps.Keys(began)), time.Minute, time.Second)
	calls := f.w.callsOf()
	for _, st := range ended {
		made := calls[reference(st.Message.ID, 1)]
		if len(made) != 1 || len(st.Attempts) != 1 || st.Message.Status != policy.Delivered {
			t.Errorf("B's %s ended %s, %s, after %d calls: %+v", st.Message.To, st.Message.Status, st.Message.Reason, len(made), st.Attempts)
			continue
		}
		waited = append(waited, made[0].At.Sub(began[st.Message.ID]))
	}
	if len(waited) == 0 {
		t.Fatal("no message of B's was called")
	}
	if most := slices.Max(waited); most > longestWait {
		t.Errorf("a message of B's waited %s for its call", most)
	}
	return waited
}

// compare logs how long B's messages waited alone and beside A.
func compare(t *testing.T, alone, beside []time.Duration) {
	t.Helper()
	t.Logf("B's p99 from sending to calling: %s alone, %s beside A, %.1f times; at most %s and %s", p99(alone), p99(beside),
		float64(p99(beside))/float64(max(p99(alone), 1)), slices.Max(alone), slices.Max(beside))
}

func p99(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)*99/100]
}
