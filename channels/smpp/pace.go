package smpp

import (
	"sync"
	"time"
)

// A throttled session pauses for a second, then twice as long each time, at most half a minute. Source: the operators'
// usual rule for ESME_RTHROTTLED.
const leastPause, longestPause = time.Second, 30 * time.Second

// pacer holds back a session that the SMS centre throttles. Its zero value does not.
type pacer struct {
	mu           sync.Mutex
	pause        time.Duration
	since, until time.Time
}

// left answers how much of a pause is left at now; 0 if none.
func (p *pacer) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until.Sub(now))
}

// throttled takes note of a throttled message that was written at sent, and answers how long to pause. A whole window
// that was written before the pause began counts once.
func (p *pacer) throttled(sent, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent.After(p.since) || p.pause == 0 {
		p.pause = min(max(2*p.pause, leastPause), longestPause)
		p.since, p.until = now, now.Add(p.pause)
	}
	return max(0, p.until.Sub(now))
}

// passed takes note of a message that was written at sent and taken.
func (p *pacer) passed(sent time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sent.After(p.since) {
		p.pause, p.until = 0, time.Time{}
	}
}

// backoff is how long to wait between tries to bind.
type backoff struct {
	least, most time.Duration
	// refused is the least wait after the credentials were refused: an operator may lock an account that hammers.
	refused time.Duration
}

var defaultBackoff = backoff{least: time.Second, most: time.Minute, refused: time.Minute}

// after answers the wait after the given number of failed tries, counted from 1.
func (b backoff) after(tries int, refused bool) time.Duration {
	d := min(b.least<<min(max(tries-1, 0), 20), b.most)
	if refused {
		d = max(d, b.refused)
	}
	return d
}
