package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cascade/channels/simulator"
)

// The child's talk with the service's process, one JSON value after the other: hello, then job the other way, fed when
// the last request is answered, and, once its standard input has ended, seen.
type (
	hello struct {
		Simulator string `json:"simulator"`
	}
	job struct {
		URL, Key   string
		Accounts   []simulator.Account
		Messages   int
		For        time.Duration
		Clients    int
		Rate       float64
		Receipts   float64
		AcceptOnly bool
	}
	fed struct {
		Accepted, Refused int
		Seconds           float64
	}
	seen struct {
		// Accept is from the request to its answer, FirstCall from the request to the provider's; in milliseconds.
		Accept, FirstCall Quantiles
		Calls             int
		// Twice counts messages that a channel got more than once.
		Twice int
	}
)

// webhookWorkers is how many receipts the providers have under way at once: they must not wait for one another.
const webhookWorkers = 512

// firstNumber is the first phone number; every message has its own.
const firstNumber = 84901000000

// Child generates load and plays the providers until in ends.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	sim, err := simulator.New(simulator.Options{WebhookWorkers: webhookWorkers})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	defer server.Close()
	go func() { _ = server.Serve(ln) }() // ends with Close
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	if err := enc.Encode(hello{"http://" + ln.Addr().String()}); err != nil {
		return err
	}
	var j job
	switch err := dec.Decode(&j); {
	case errors.Is(err, io.EOF): // the service did not start, and says why itself
		return nil
	case err != nil:
		return err
	}
	for _, a := range j.Accounts {
		sim.Register(a)
	}
	script(sim, j.Receipts)
	g := newGenerator(j)
	if err := enc.Encode(g.run(ctx)); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // waits for its end
	if err := enc.Encode(g.seen(sim.Calls())); err != nil {
		return err
	}
	return sim.Close()
}

// script has ZNS deliver to the given share of numbers, evenly between 50 ms and 1 s, and stay silent to the others.
// SMS is taken and reports nothing: it is the end.
func script(sim *simulator.Simulator, share float64) {
	never := -time.Second
	sim.SetRule("*", simulator.Rule{Channel: simulator.SMS, Deliver: &never, DropWebhooks: true})
	for i := range 100 {
		after := never
		if float64(i) < share*100 {
			after = 50*time.Millisecond + time.Duration(i*37%100)*9500*time.Microsecond
		}
		sim.SetRule(fmt.Sprintf("*%02d", i), simulator.Rule{Channel: simulator.ZNS, Deliver: &after})
	}
}

// generator sends the load.
type generator struct {
	job    job
	client *http.Client
	ticks  chan time.Time // when each request is meant to start; zero: as soon as it is taken
	next   atomic.Int64

	mu      sync.Mutex
	sent    map[string]time.Time // by number
	accept  []float64
	refused int
}

func newGenerator(j job) *generator {
	return &generator{
		job: j, sent: map[string]time.Time{}, ticks: make(chan time.Time, 1<<16),
		client: &http.Client{Transport: &http.Transport{MaxIdleConns: j.Clients, MaxIdleConnsPerHost: j.Clients}},
	}
}

func (g *generator) run(ctx context.Context) fed {
	if g.job.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.job.For)
		defer cancel()
	}
	began := time.Now()
	if g.job.Rate > 0 {
		go g.tick(ctx)
	} else {
		close(g.ticks)
	}
	var wg sync.WaitGroup
	for range g.job.Clients {
		wg.Go(func() { g.work(ctx) })
	}
	wg.Wait()
	return fed{Accepted: len(g.accept), Refused: g.refused, Seconds: time.Since(began).Seconds()}
}

// tick lets requests start at the rate, whatever became of those before.
func (g *generator) tick(ctx context.Context) {
	defer close(g.ticks)
	began := time.Now()
	for n := 0; ctx.Err() == nil; n++ {
		at := began.Add(time.Duration(float64(n) / g.job.Rate * float64(time.Second)))
		if wait := time.Until(at); wait > 0 {
			time.Sleep(wait)
		}
		g.ticks <- at
	}
}

// work is one client.
func (g *generator) work(ctx context.Context) {
	for ctx.Err() == nil {
		at, open := <-g.ticks
		if !open && g.job.Rate > 0 {
			return
		}
		n := g.next.Add(1)
		if g.job.Messages > 0 && n > int64(g.job.Messages) {
			return
		}
		if at.IsZero() {
			at = time.Now()
		}
		g.post(n, at)
	}
}

// post sends message n, whose time runs from at.
func (g *generator) post(n int64, at time.Time) {
	number := strconv.FormatInt(firstNumber+n, 10)
	later := ""
	if g.job.AcceptOnly {
		later = `,"send_at":"` + time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339) + `"`
	}
	body := fmt.Appendf(nil, `{"to":"+%s","category":"transaction","content":{"zns":{"template_id":"412345","template_data":{"order":"A-%d"}},`+
		`"sms":{"text":"Don A-%d da gui, du kien giao thu Ba tu 10 den 12 gio."}},"metadata":{"order":"A-%d"}%s}`, number, n, n, n, later)
	ok := g.call(body, "bench-"+strconv.FormatInt(n, 10))
	took := time.Since(at)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !ok {
		g.refused++
		return
	}
	g.sent[number] = at
	g.accept = append(g.accept, millis(took))
}

func (g *generator) call(body []byte, key string) bool {
	req, err := http.NewRequest(http.MethodPost, g.job.URL+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+g.job.Key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)
	resp, err := g.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusAccepted
}

// seen joins what the providers saw with when it was asked for.
func (g *generator) seen(calls []simulator.Call) seen {
	s := seen{Accept: quantiles(g.accept), Calls: len(calls)}
	var first []float64
	times := map[string]int{}
	for _, c := range calls {
		where := c.Channel + strings.TrimPrefix(c.To, "+")
		if times[where]++; times[where] > 1 {
			s.Twice++
			continue
		}
		if at, ok := g.sent[c.To]; ok && c.Channel == simulator.ZNS {
			first = append(first, millis(c.At.Sub(at)))
		}
	}
	s.FirstCall = quantiles(first)
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
