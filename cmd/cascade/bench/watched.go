package bench

import (
	"sync"
	"time"

	"cascade/models"
	"cascade/policy"
)

// watched is what committed changes tell of the load: ends, and how late timers were; and of a backlog.
type watched struct {
	mu                      sync.Mutex
	accepted                int
	sent, reached, finished bits      // the load's messages, by number
	late                    []float64 // milliseconds

	claimed, ended bits // the backlog's
	lastClaim      time.Time
	lastEnd        time.Time
}

// see takes one committed change, which may come before one that was earlier.
func (w *watched) see(st models.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n, ok := number(firstNumber, st.Message.To); ok {
		w.seeLoad(n, st)
	} else if n, ok := number(firstPending, st.Message.To); ok && n > 0 {
		w.seeBacklog(n, st)
	}
}

func (w *watched) seeLoad(n int64, st models.State) {
	if st.Message.Version == 1 {
		w.accepted++
	}
	if len(st.Attempts) > 0 && st.Attempts[0].SentAt > 0 {
		w.sent.add(n)
	}
	if !st.Message.Status.Final() {
		return
	}
	if st.Message.Status == policy.Delivered {
		w.reached.add(n)
	}
	if !w.finished.add(n) {
		return
	}
	for _, a := range st.Attempts {
		if a.Status == policy.AttemptTimedOut && a.SentAt > 0 {
			acted := a.EndedAt
			if a.AskedAt > 0 { // the provider was asked first, and its answer took its time
				acted = a.AskedAt
			}
			w.late = append(w.late, float64(acted-a.SentAt-Wait.Milliseconds()))
		}
	}
}

// seeBacklog notes that a message of the backlog was picked up, as any change of it shows, and that it ended.
func (w *watched) seeBacklog(n int64, st models.State) {
	if w.claimed.add(n) {
		w.lastClaim = time.Now()
	}
	if st.Message.Status.Final() && w.ended.add(n) {
		w.lastEnd = time.Now()
	}
}

func (w *watched) mark(accepted bool) mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accepted {
		return mark{time.Now(), w.accepted}
	}
	return mark{time.Now(), w.finished.n}
}

// taken is how many messages their first provider has, delivered how many reached their person.
func (w *watched) taken() int     { return w.count(&w.sent) }
func (w *watched) delivered() int { return w.count(&w.reached) }

func (w *watched) count(b *bits) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return b.n
}
