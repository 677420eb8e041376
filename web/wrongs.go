package web

import (
	"net/http"
	"sync"
	"time"
)

// How many wrong sign-ins are let through before there is a pause.
const (
	wrongWindow    = 15 * time.Minute
	wrongPerName   = 10  // of one name, from one source
	wrongPerSource = 100 // of all names: each costs a slow hash and a row of the audit log
	wrongsKept     = 10_000
)

// wrongs counts sign-ins that failed, by what was tried and from where. Each replica counts for itself.
type wrongs struct {
	now func() time.Time

	mu    sync.Mutex
	tries map[wrongKey]*tally
}

// wrongKey is a name tried from a source; without a name it is the source as a whole.
type wrongKey struct{ name, source string }

type tally struct {
	count int
	until time.Time
}

func newWrongs(now func() time.Time) *wrongs {
	return &wrongs{now: now, tries: map[wrongKey]*tally{}}
}

// take counts a try before it is known how it ends, so that many at once do not slip through. It answers what takes it
// back, or the 429.
func (w *wrongs) take(name, source string) (right func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	byName, bySource := w.of(wrongKey{name, source}, now), w.of(wrongKey{"", source}, now)
	switch {
	case byName.count >= wrongPerName:
		return nil, tooManyWrong(byName.until.Sub(now))
	case bySource.count >= wrongPerSource:
		return nil, tooManyWrong(bySource.until.Sub(now))
	}
	byName.count++
	bySource.count++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		byName.count--
		bySource.count--
	}, nil
}

func (w *wrongs) of(key wrongKey, now time.Time) *tally {
	if t := w.tries[key]; t != nil && now.Before(t.until) {
		return t
	}
	if len(w.tries) >= wrongsKept {
		for k, t := range w.tries {
			if !now.Before(t.until) {
				delete(w.tries, k)
			}
		}
	}
	if len(w.tries) >= wrongsKept {
		clear(w.tries)
	}
	t := &tally{until: now.Add(wrongWindow)}
	w.tries[key] = t
	return t
}

func tooManyWrong(wait time.Duration) *problem {
	p := newProblem(http.StatusTooManyRequests, "too_many_wrong", "Too many sign-ins failed from here. Retry-After says when to come back.")
	p.retryAfter = wait
	return p
}
