package crashtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest/faulttest"
)

// A worker is killed again and again under load. Whatever was accepted gets its final status, and no attempt is
// called twice unless its first call was surely not taken.
func TestKillUnderLoad(t *testing.T) {
	kills := 20
	if testing.Short() {
		kills = 3
	}
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			b := newBench(t, dialect, shape{timeout: "1s"})
			b.mix()
			p := b.start(workerConfig{})
			l := b.startLoad(400)
			for range kills {
				l.AwaitMore(t, 20+rand.IntN(60)) // a slow machine gets its load too
				p.kill()
				p = b.start(workerConfig{})
			}
			ids := l.End(t)
			b.awaitFinal(p, ids)
			p.terminate()
			t.Logf("%d kills: %d accepted, %d not, %d calls", kills, len(ids), l.Busy(), len(b.sim.Calls()))
			if len(ids) < 20*kills {
				t.Errorf("only %d messages were accepted: that is no load", len(ids))
			}
			faulttest.CalledOnce(t, b.sim)
			b.withStore(func(s *models.Store) {
				b.verify(s)
				b.truthful(s, ids)
			})
		})
	}
}

// A worker that is asked to end lets its calls end and writes down how, so that nothing is left to a lease.
func TestTerminateUnderLoad(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			b := newBench(t, dialect, shape{timeout: "1s"})
			b.mix()
			p := b.start(workerConfig{})
			l := b.startLoad(400)
			l.AwaitMore(t, 200)
			if took := p.terminate(); took > 15*time.Second {
				t.Errorf("the worker took %s to end", took)
			}
			ids := l.End(t)
			b.withStore(func(s *models.Store) {
				states, err := loadStates(t.Context(), s, b.tenant, ids)
				b.must(err)
				for _, id := range ids {
					if states[id] == nil {
						t.Errorf("message %s was accepted and is not there", id)
						continue
					}
					for _, a := range states[id].Attempts {
						if a.Status == "sending" {
							t.Errorf("attempt %d of %s was left under way", a.N, id)
						}
					}
				}
			})
			p = b.start(workerConfig{})
			b.awaitFinal(p, ids)
			p.terminate()
			t.Logf("%d accepted, %d calls", len(ids), len(b.sim.Calls()))
			faulttest.CalledOnce(t, b.sim)
			b.withStore(func(s *models.Store) {
				b.verify(s)
				b.truthful(s, ids)
			})
		})
	}
}
