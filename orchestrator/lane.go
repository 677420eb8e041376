package orchestrator

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"cascade/policy"
)

// laneKey names a lane: test traffic of an account never waits behind its live traffic.
type laneKey struct {
	account uuid.UUID
	test    bool
}

// lanes are the accounts' capacities on this replica. The backlog itself lives in the database.
type lanes struct {
	now    func() time.Time
	mu     sync.Mutex
	byKey  map[laneKey]*lane
	closed bool
}

// lane is what one account can take now: so many calls at once, so many a second, and none while it is broken.
type lane struct {
	mu       sync.Mutex
	inFlight int
	most     int
	rate     *rate.Limiter
	breaker  *gobreaker.TwoStepCircuitBreaker[struct{}]
	tripped  atomic.Int64 // when the breaker opened, in Unix milliseconds
	paused   time.Time
	backlog  bool
	closed   bool
}

// Defaults of an account's rate.
const (
	defaultConcurrency = 32
	defaultPerSecond   = 50
	// breakerTrips is how many calls in a row must fail without an answer before the account rests.
	breakerTrips = 10
	breakerRest  = 15 * time.Second
)

func (l *lanes) get(key laneKey, perSecond float64, concurrency int64) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byKey[key]
	if ln == nil {
		ln = &lane{closed: l.closed, rate: rate.NewLimiter(0, 1)}
		ln.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     breakerRest,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
			OnStateChange: func(_ string, _, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					ln.tripped.Store(ms(l.now()))
				}
			},
		})
		l.byKey[key] = ln
	}
	ln.shape(perSecond, concurrency)
	return ln
}

// close stops every lane from taking further calls.
func (l *lanes) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, ln := range l.byKey {
		ln.mu.Lock()
		ln.closed = true
		ln.mu.Unlock()
	}
}

// waiting lists the lanes that are known to have a backlog.
func (l *lanes) waiting() map[laneKey]*lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[laneKey]*lane{}
	for key, ln := range l.byKey {
		ln.mu.Lock()
		if ln.backlog {
			out[key] = ln
		}
		ln.mu.Unlock()
	}
	return out
}

// shape sets the limits; 0 is the default.
func (l *lane) shape(perSecond float64, concurrency int64) {
	if perSecond <= 0 {
		perSecond = defaultPerSecond
	}
	if concurrency <= 0 {
		concurrency = defaultConcurrency
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most = int(concurrency)
	if l.rate.Limit() != rate.Limit(perSecond) {
		l.rate.SetLimit(rate.Limit(perSecond))
		l.rate.SetBurst(max(1, int(perSecond/10))) // a tenth of a second's worth may go at once
	}
}

// acquire takes a place for one call, or marks that somebody waits for one.
func (l *lane) acquire() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.inFlight >= l.most || !l.rate.Allow() {
		l.backlog = true
		return false
	}
	l.inFlight++
	return true
}

// free is how many calls could begin now.
func (l *lane) free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0
	}
	return min(l.most-l.inFlight, int(l.rate.Tokens()))
}

// release gives a place back and reports whether somebody waits for it.
func (l *lane) release() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	return l.backlog
}

func (l *lane) setBacklog(is bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.backlog = is
}

// pause keeps the ladder off the account until t. False: it rests that long already, within a second.
func (l *lane) pause(t time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !t.After(l.paused.Add(time.Second)) {
		return false
	}
	l.paused = t
	return true
}

// unusable tells how long the account must not be called; the zero Unusable if it can be.
func (l *lane) unusable(now time.Time) policy.Unusable {
	open := l.breaker.State() == gobreaker.StateOpen
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case now.Before(l.paused):
		return policy.Unusable{Reason: policy.ReasonAccountPaused, Until: l.paused}
	case open:
		until := fromMS(l.tripped.Load()).Add(breakerRest)
		if soon := now.Add(time.Second); until.Before(soon) { // the breaker has a clock of its own
			until = soon
		}
		return policy.Unusable{Reason: policy.ReasonAccountPaused, Until: until}
	}
	return policy.Unusable{}
}
