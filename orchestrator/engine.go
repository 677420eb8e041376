// Package orchestrator runs the ladder: it accepts, sends, receives, expires, asks, charges and calls back. It
// composes the packages below it; it speaks neither SQL nor a provider's wire.
package orchestrator

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
)

// Times of the engine.
const (
	// callTimeout bounds one provider call. The lease is more than twice that, so a call that is still under way is
	// never taken for lost, and short enough that a killed replica's work moves within half a minute.
	callTimeout = 10 * time.Second
	lease       = 22 * time.Second
	// pollEvery is how long the poller sleeps at most: other replicas' work becomes due unannounced.
	pollEvery = time.Second
	// recordTimeout bounds a commit, apart from the call before it: a slow provider must not eat the time to write
	// down what happened.
	recordTimeout = 15 * time.Second
	// stopPoll is how often a stop looks whether claims under way have become calls.
	stopPoll = 5 * time.Millisecond
	// batchMost is how many facts share a commit at most.
	batchMost = 500
)

// Options is what an Engine is made of.
type Options struct {
	Store    *models.Store
	Registry *channels.Registry
	// HTTP calls providers; Callbacks calls tenants' apps. Both carry the egress rules.
	HTTP, Callbacks *http.Client
	// PublicURL is how providers reach us, without a trailing slash.
	PublicURL string
	// Now is the clock; it is set right by the database's.
	Now func() time.Time
	Log *slog.Logger
	// Dial connects adapters that do not speak HTTP; nil is a plain net.Dialer.
	Dial channels.Dial
	// TestTwin names the adapter and the settings by which the built-in simulator stands in for an account, for test keys;
	// nil refuses test keys. Settings of the account's own adapter are laid over its own.
	TestTwin func(models.Account) (adapter string, settings map[string][]byte)
	// Watch is told of every committed change; nil: nobody watches. It must be quick. Two changes of one message may
	// arrive in either order: its Version tells.
	Watch func(models.State)
	// Journal keeps calls to providers for people; nil keeps none.
	Journal *Journal
	// CallTimeout and Lease replace the defaults where set; tests shorten them.
	CallTimeout, Lease time.Duration
}

// Engine is the running ladder of one replica.
type Engine struct {
	o       Options
	log     *slog.Logger
	replica uuid.UUID
	dir     *directory
	lanes   lanes
	poll    waker
	drain   waker
	outbox  waker
	parked  waker
	linked  waker // accounts may have changed whose sessions are to be tended
	planned planned
	heard   heard
	quotas  quotas
	recent  recent

	committers []*committer

	clock  atomic.Pointer[reading]
	calls  crew
	asking asking
	// workers take up what is due; loops commit.
	workers, loops, sessions sync.WaitGroup
	// working ends first: nothing new is taken up. life ends when every call under way is recorded.
	working, life context.Context
	rest, stop    context.CancelFunc
	gone          chan struct{} // closed when nobody commits any more
	ended         sync.Once

	Counters Counters
}

// Counters are totals since the start, for metrics and tests.
type Counters struct {
	Accepted, Calls, Receipts, Parked, Quarantined, Forged, Timers, Stale, Asked, Overlap, Callbacks atomic.Int64
	// LateNanos is the sum of the timers' lateness.
	LateNanos atomic.Int64
}

// New makes an engine; Start runs it.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.CallTimeout == 0 {
		o.CallTimeout = callTimeout
	}
	if o.Lease == 0 {
		o.Lease = lease
	}
	e := &Engine{
		o: o, log: o.Log, replica: uuid.New(),
		poll: newWaker(), drain: newWaker(), outbox: newWaker(), parked: newWaker(), linked: newWaker(),
		committers: newCommitters(o.Store), asking: asking{ended: newWaker()}, gone: make(chan struct{}),
	}
	e.lanes.now, e.lanes.byKey = e.now, map[laneKey]*lane{}
	e.dir = newDirectory(e)
	e.life, e.stop = context.WithCancel(context.Background())
	e.working, e.rest = context.WithCancel(e.life)
	e.calls = newCrew(e.life.Done())
	return e
}

// Start runs the engine until Stop.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.syncClock(ctx); err != nil {
		return err
	}
	for _, q := range e.committers {
		e.loops.Go(func() { e.commitLoop(q) })
	}
	e.workers.Go(e.pollLoop)
	e.workers.Go(e.drainLoop)
	e.workers.Go(e.outboxLoop)
	e.workers.Go(e.parkedLoop)
	if e.o.Registry != nil && len(e.o.Registry.Sessions()) > 0 {
		e.sessions.Go(e.sessionLoop)
	}
	return nil
}

// Stop lets calls under way end and be recorded, then ends the loops. What ctx cuts off is found by its lease.
func (e *Engine) Stop(ctx context.Context) error {
	e.lanes.close()
	e.rest()
	idle := make(chan struct{})
	go e.finish(ctx, idle)
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = errors.New("stopped with provider calls under way")
	}
	e.stop()
	e.workers.Wait()
	e.loops.Wait()
	e.ended.Do(func() { close(e.gone) })
	e.sessions.Wait()
	return err
}

// finish closes idle when no call is under way and none can begin: a claim that is still being committed starts its call
// after the commit, and nobody would write down what came of it.
func (e *Engine) finish(ctx context.Context, idle chan<- struct{}) {
	e.workers.Wait()
	for e.lanes.busy() {
		if pause(ctx, stopPoll) != nil {
			return
		}
	}
	e.calls.Wait()
	close(idle)
}

// reading is what the database's clock said at a moment of ours.
type reading struct{ database, own time.Time }

// now is the database's clock, which decides what is due on every replica alike. From its last reading on our monotonic
// clock counts, so a step of this machine's clock moves nothing.
func (e *Engine) now() time.Time {
	now := e.o.Now()
	r := e.clock.Load()
	if r == nil {
		return now
	}
	return r.database.Add(now.Sub(r.own))
}

// syncClock reads the database's clock.
func (e *Engine) syncClock(ctx context.Context) error {
	before := e.o.Now()
	db, err := e.o.Store.Now(ctx)
	if err != nil {
		return err
	}
	after := e.o.Now()
	e.clock.Store(&reading{db, before.Add(after.Sub(before) / 2)})
	return nil
}

// Reload forgets what is cached of the tenants' configuration.
func (e *Engine) Reload() {
	e.dir.forget()
	e.linked.wake()
}

// waker wakes a loop before its sleep is over. Wakes that come while it works are kept, once.
type waker struct{ c chan struct{} }

func newWaker() waker { return waker{make(chan struct{}, 1)} }

func (w waker) wake() {
	select {
	case w.c <- struct{}{}:
	default:
	}
}

// sleep ends after d, at a wake, or with the engine, and reports whether the engine goes on.
func (e *Engine) sleep(w waker, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-e.working.Done():
		return false
	case <-w.c:
	case <-timer.C:
	}
	return e.working.Err() == nil
}

// recording bounds the time to write down what happened. It outlives the caller: a fact must not be lost because an
// app hung up.
func (e *Engine) recording() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), recordTimeout)
}

func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMS(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// earliest answers the smaller of two times in milliseconds, where 0 is none.
func earliest(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
