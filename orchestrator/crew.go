package orchestrator

import (
	"sync"
	"time"
)

// crew makes calls side by side, on goroutines that it keeps for a while: a new one would grow its stack anew in every call.
type crew struct {
	busy sync.WaitGroup
	work chan func()     // unbuffered: somebody idle takes it, or nobody
	over <-chan struct{} // closed when nobody shall wait for a next call
}

// crewRest is how long a goroutine waits for its next call before it ends.
const crewRest = time.Second

func newCrew(over <-chan struct{}) crew { return crew{work: make(chan func()), over: over} }

// Go runs f beside the caller.
func (c *crew) Go(f func()) {
	c.busy.Add(1)
	select {
	case c.work <- f:
	default:
		go c.serve(f)
	}
}

func (c *crew) serve(f func()) {
	rest := time.NewTimer(crewRest)
	defer rest.Stop()
	for {
		f()
		c.busy.Done()
		rest.Reset(crewRest)
		select {
		case f = <-c.work:
		case <-rest.C:
			return
		case <-c.over:
			return
		}
	}
}

// Wait returns when no call is under way.
func (c *crew) Wait() { c.busy.Wait() }
