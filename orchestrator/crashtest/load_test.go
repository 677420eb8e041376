package crashtest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
)

// number makes the i-th phone number; its last digit tells what happens to it, see mix.
func number(i int64) string { return fmt.Sprintf("+8491%07d", i) }

// mix scripts numbers by their last digit, so that a kill meets every kind of call: 0 to 2 are delivered.
func (b *bench) mix() {
	never := new(time.Duration(-1))
	for digit, rules := range map[string][]simulator.Rule{
		"3": {{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser}},
		"4": {{Channel: simulator.ZNS, Deliver: never}},
		"5": {{Channel: simulator.ZNS, Outcome: simulator.CutTaken}},
		"6": {{Channel: simulator.ZNS, Outcome: simulator.CutNotTaken}},
		"7": {{Channel: simulator.ZNS, Outcome: simulator.Hang, Taken: true}},
		"8": {{Channel: simulator.ZNS, Deliver: never}, {Channel: simulator.Viber, Outcome: simulator.Fail, Code: simulator.CodeUnknownUser}},
		"9": {{Channel: simulator.ZNS, Outcome: simulator.Throttle, For: 200 * time.Millisecond}},
	} {
		for _, r := range rules {
			b.sim.SetRule("*"+digit, r)
		}
	}
}

// load is a number of apps that send without a break.
type load struct {
	mu       sync.Mutex
	accepted []uuid.UUID
	failed   int64
	stop     chan struct{}
	wg       sync.WaitGroup
}

// startLoad sends about rate messages a second, spread over the workers that run.
func (b *bench) startLoad(rate int) *load {
	const apps = 8
	l := &load{stop: make(chan struct{})}
	var i atomic.Int64
	for range apps {
		l.wg.Go(func() {
			tick := time.NewTicker(apps * time.Second / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-l.stop:
					return
				case <-tick.C:
					l.send(b.next(), number(i.Add(1)))
				}
			}
		})
	}
	return l
}

// send keeps the id of what was accepted; what was not is the app's to send again.
func (l *load) send(p *process, to string) {
	if p == nil {
		return
	}
	id, err := p.send(to)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.failed++
		return
	}
	l.accepted = append(l.accepted, id)
}

// count is how many messages have been accepted.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// awaitMore waits until n more messages have been accepted.
func (l *load) awaitMore(t *testing.T, n int) {
	t.Helper()
	want := l.count() + n
	for deadline := time.Now().Add(30 * time.Second); l.count() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages were not accepted within 30 s", n)
		}
	}
}

// end stops the load and answers the ids of all messages that were accepted.
func (l *load) end() []uuid.UUID {
	close(l.stop)
	l.wg.Wait()
	return l.accepted
}
