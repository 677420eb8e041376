package simulator

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// delivery is one webhook on its way.
type delivery struct {
	acc      *account
	provider string
	// method is POST unless said otherwise.
	method string
	url    string
	body   []byte
	header map[string]string
	// budget is how long the receiver may take.
	budget time.Duration
	// tries counts the calls that failed; pause says how long to wait after them, false to give up.
	tries int
	pause func(tries int) (time.Duration, bool)
	// retryHeader, if any, carries the number of the retry. It goes out in this very spelling.
	retryHeader string
	// anyAnswer: only silence is tried again, whatever the status of an answer.
	anyAnswer bool
	// offAfter: giving up switches the account's webhooks off.
	offAfter bool
}

// courier calls webhooks with a fixed number of workers from an unbounded queue.
type courier struct {
	s      *Simulator
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	wake    *sync.Cond
	queue   []delivery
	closed  bool
	dropped map[string]bool
	decided int // how many deliveries were called or dropped
}

func newCourier(s *Simulator) *courier {
	c := &courier{s: s, dropped: map[string]bool{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.wake = sync.NewCond(&c.mu)
	for range s.opt.WebhookWorkers {
		c.wg.Go(c.work)
	}
	return c
}

// DropWebhooks makes a provider's webhooks get lost from now on, or stops that; provider "" is all of them.
func (s *Simulator) DropWebhooks(provider string, drop bool) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.dropped[provider] = drop
}

func (c *courier) send(d delivery) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || d.url == "" {
		return
	}
	c.queue = append(c.queue, d)
	c.wake.Signal()
}

func (c *courier) work() {
	for {
		c.mu.Lock()
		for len(c.queue) == 0 && !c.closed {
			c.wake.Wait()
		}
		if c.closed {
			c.mu.Unlock()
			return
		}
		d := c.queue[0]
		c.queue[0] = delivery{}
		c.queue = c.queue[1:]
		lost := c.dropped[d.provider] || c.dropped[""]
		c.decided++
		c.mu.Unlock()
		if !lost && !d.acc.hooksAreOff() {
			c.call(d)
		}
	}
}

func (c *courier) call(d delivery) {
	if c.post(d) {
		return
	}
	d.tries++
	wait, again := d.pause(d.tries)
	if again {
		c.s.after(wait, func() { c.send(d) })
		return
	}
	if d.offAfter {
		d.acc.switchHooksOff()
	}
	c.s.opt.Log.Warn("webhook given up", "provider", d.provider, "account", d.acc.ID, "tries", d.tries)
}

// post makes one call; true is an answer of 200, or of any status where that will do, in time.
func (c *courier) post(d delivery) bool {
	ctx, cancel := context.WithTimeout(c.ctx, d.budget)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, cmp.Or(d.method, http.MethodPost), d.url, bytes.NewReader(d.body))
	if err != nil {
		return false
	}
	for name, value := range d.header {
		req.Header.Set(name, value)
	}
	if d.retryHeader != "" && d.tries > 0 {
		req.Header[d.retryHeader] = []string{itoa(int64(d.tries))}
	}
	resp, err := c.s.opt.Client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
	return err == nil && (resp.StatusCode == http.StatusOK || d.anyAnswer)
}

func (c *courier) close() {
	c.mu.Lock()
	c.closed = true
	c.wake.Broadcast()
	c.mu.Unlock()
	c.cancel()
	c.wg.Wait()
	c.s.opt.Client.CloseIdleConnections()
}

func (a *account) hooksAreOff() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.hooksOff
}

func (a *account) switchHooksOff() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.hooksOff = true
}
