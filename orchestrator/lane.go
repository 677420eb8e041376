package orchestrator

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/sony/gobreaker/v2"
	"golang.org/x/time/rate"

	"cascade/channels"
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
	// questions is the breaker of status queries: an account that answers none may well take messages.
	questions *gobreaker.TwoStepCircuitBreaker[struct{}]
	now       func() time.Time
	paused    time.Time // the ladder keeps off until then
	held      time.Time // no call begins until then; what waits, waits
	throttle  int       // calls in a row that were told to slow down
	backlog   bool
	closed    bool
	health    health
}

// Defaults of an account's rate.
const (
	defaultConcurrency = 32
	defaultPerSecond   = 50
	// breakerTrips is how many calls in a row must fail without an answer before the account rests.
	breakerTrips = 10
	breakerRest  = 15 * time.Second
	// breakerProbe is when to look again while the breaker waits for its one call to end.
	breakerProbe = 3 * time.Second
	// throttleTrips is how many calls in a row must be told to slow down before the account does: one may be about its
	// recipient.
	throttleTrips = 5
	// heldMost is how long a throttled account's messages wait for it. A longer rest sends them to other accounts or down
	// the ladder, a shorter one is not worth their price.
	heldMost = 10 * time.Second
)

func (l *lanes) get(key laneKey, perSecond float64, concurrency int64) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln := l.byKey[key]
	if ln == nil {
		ln = &lane{now: l.now, closed: l.closed, rate: rate.NewLimiter(0, 1)}
		ln.breaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     breakerRest,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
			OnStateChange: func(_ string, _, to gobreaker.State) {
				if to == gobreaker.StateOpen {
					ln.tripped.Store(ms(l.now()))
				}
			},
		})
		ln.questions = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     breakerRest,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= breakerTrips },
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

// busy reports whether any place is taken.
func (l *lanes) busy() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ln := range l.byKey {
		ln.mu.Lock()
		taken := ln.inFlight > 0
		ln.mu.Unlock()
		if taken {
			return true
		}
	}
	return false
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
	if l.closed || l.inFlight >= l.most || l.now().Before(l.held) || !l.rate.Allow() {
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
	if l.closed || l.now().Before(l.held) {
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

// throttled notes how a call ended, and reports whether the account rests for it: the provider told so often enough to
// slow down that it means everybody.
func (l *lane) throttled(f *channels.Failure) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case f == nil || f.Class != policy.ClassThrottled && !notMade(f):
		l.throttle = 0
		return false
	case f.Class == policy.ClassThrottled:
		l.throttle++
	}
	now := l.now()
	if l.throttle < throttleTrips || now.Before(l.held) || now.Before(l.paused) {
		return false
	}
	rest := backoff(f, 1)
	if rest > heldMost {
		l.paused = now.Add(rest)
	} else {
		l.held = now.Add(rest)
	}
	return true
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
	state := l.breaker.State()
	open, probing := state == gobreaker.StateOpen, state == gobreaker.StateHalfOpen && l.breaker.Counts().Requests > 0
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
	case probing:
		return policy.Unusable{Reason: policy.ReasonAccountPaused, Until: now.Add(breakerProbe)}
	}
	return policy.Unusable{}
}
