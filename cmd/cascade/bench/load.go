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
	"sync"
	"sync/atomic"
	"time"

	"cascade/channels/simulator"
)

// The child's talk with the service's process, one JSON value after the other: hello, then for each order its answer,
// and, once its standard input has ended, seen.
type (
	hello struct {
		Simulator string `json:"simulator"`
	}
	// order has one member. The answers are an empty object, fed and volleyed.
	order struct {
		Setup  *setup
		Job    *job
		Volley *volley
	}
	setup struct {
		Accounts []simulator.Account
		// URLs are the replicas': webhooks go to each in turn.
		URLs     []string
		Receipts float64
	}
	job struct {
		doors
		Messages   int
		For        time.Duration
		Clients    int
		Rate       float64
		AcceptOnly bool
		Viber      bool // messages have a text for Viber too
	}
	fed struct {
		Accepted, Refused int
		Seconds           float64
	}
	seen struct {
		// Accept is from the request to its answer, FirstCall from the request to the provider's; in milliseconds.
		Accept, FirstCall Quantiles
		Calls, Queries    int
		// Twice counts messages that a channel got more than once.
		Twice int
		// Overtaken counts messages that a second channel got although their receipt had been answered.
		Overtaken int
	}
)

// webhookWorkers is how many receipts the providers have under way at once: they must not wait for one another.
const webhookWorkers = 512

// provider is the child: the load's generator, and the providers.
type provider struct {
	sim      *simulator.Simulator
	spread   *spread
	accounts map[string]simulator.Account // by id
	load     *generator
	acked    map[string]time.Time // when a volley's receipt was answered, by number
}

// Child generates load and plays the providers until in ends.
func Child(ctx context.Context, in io.Reader, out io.Writer) error {
	p := &provider{spread: newSpread(), load: newGenerator(job{}), accounts: map[string]simulator.Account{}, acked: map[string]time.Time{}}
	var err error
	p.sim, err = simulator.New(simulator.Options{WebhookWorkers: webhookWorkers, Client: &http.Client{Transport: p.spread}})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: p.sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	defer server.Close()
	go func() { _ = server.Serve(ln) }() // ends with Close
	enc, dec := json.NewEncoder(out), json.NewDecoder(in)
	if err := enc.Encode(hello{"http://" + ln.Addr().String()}); err != nil {
		return err
	}
	for {
		var o order
		switch err := dec.Decode(&o); {
		case errors.Is(err, io.EOF):
			return errors.Join(enc.Encode(p.seen()), p.sim.Close())
		case err != nil:
			return err
		}
		if err := enc.Encode(p.obey(ctx, o)); err != nil {
			return err
		}
	}
}

// obey carries out an order and answers what came of it.
func (p *provider) obey(ctx context.Context, o order) any {
	switch {
	case o.Setup != nil:
		p.spread.to(o.Setup.URLs)
		for _, a := range o.Setup.Accounts {
			p.accounts[a.ID] = a
			p.sim.Register(a)
		}
		script(p.sim, o.Setup.Receipts)
		return struct{}{}
	case o.Job != nil:
		p.load = newGenerator(*o.Job)
		return p.load.run(ctx)
	case o.Volley != nil:
		return p.volley(ctx, *o.Volley)
	}
	return struct{}{}
}

// script has ZNS deliver to the given share of numbers, evenly between 50 ms and 1 s, and stay silent to the others, as
// Viber is to all. SMS is taken and reports nothing: it is the end.
func script(sim *simulator.Simulator, share float64) {
	never, soon := -time.Second, 50*time.Millisecond
	sim.SetRule("*", simulator.Rule{Channel: simulator.SMS, Deliver: &never, DropWebhooks: true})
	sim.SetRule("*", simulator.Rule{Channel: simulator.Viber, Deliver: &never, DropWebhooks: true})
	for i := range 100 {
		after := never
		if float64(i) < share*100 {
			after = soon + time.Duration(i*37%100)*9500*time.Microsecond
		}
		sim.SetRule(fmt.Sprintf("*%02d", i), simulator.Rule{Channel: simulator.ZNS, Deliver: &after})
	}
	sim.SetRule(phone(firstPending, 0), simulator.Rule{Channel: simulator.ZNS, Deliver: &never})
	sim.SetRule(phone(firstFinished, 0), simulator.Rule{Channel: simulator.ZNS, Deliver: &soon})
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
	number := phone(firstNumber, n)
	call := call{
		url: g.job.URLs[n%int64(len(g.job.URLs))], key: g.job.Keys[n%int64(len(g.job.Keys))], idempotency: "bench-" + strconv.FormatInt(n, 10),
		to: number, order: n, viber: g.job.Viber,
	}
	if g.job.AcceptOnly {
		call.sendAt = time.Now().Add(24 * time.Hour)
	}
	if names := g.job.Policies; len(names) > 0 {
		call.policy = names[n/int64(len(g.job.Keys))%int64(len(names))]
	}
	ok := call.post(g.client)
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

// call is a message on its way to the service.
type call struct {
	url, key, idempotency string
	to                    string // digits
	order                 int64
	policy                string // "" names none
	viber                 bool
	sendAt                time.Time
}

// post reports whether the service took the message.
func (c call) post(client *http.Client) bool {
	req, err := http.NewRequest(http.MethodPost, c.url+"/v1/messages", bytes.NewReader(c.body()))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+c.key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", c.idempotency)
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusAccepted
}

func (c call) body() []byte {
	b := fmt.Appendf(nil, `{"to":"+%s","category":"transaction","content":{"zns":{"template_id":"412345","template_data":{"order":"A-%d"}},`, c.to, c.order)
	if c.viber {
		b = fmt.Appendf(b, `"viber":{"text":"Don A-%d da gui, du kien giao thu Ba tu 10 den 12 gio."},`, c.order)
	}
	b = fmt.Appendf(b, `"sms":{"text":"Don A-%d da gui, du kien giao thu Ba tu 10 den 12 gio."}},"metadata":{"order":"A-%d"}`, c.order, c.order)
	if c.policy != "" {
		b = fmt.Appendf(b, `,"policy":%q`, c.policy)
	}
	if !c.sendAt.IsZero() {
		b = fmt.Appendf(b, `,"send_at":%q`, c.sendAt.UTC().Format(time.RFC3339))
	}
	return append(b, '}')
}

// seen joins what the providers saw with when it was asked for.
func (p *provider) seen() seen {
	calls := p.sim.Calls()
	s := seen{Accept: quantiles(p.load.accept), Calls: len(calls), Queries: p.sim.Queries()}
	var first []float64
	times := map[string]int{}
	for _, c := range calls {
		if c.To == phone(firstPending, 0) || c.To == phone(firstFinished, 0) { // a sample, see sample.go
			s.Calls--
			continue
		}
		where := c.Channel + c.To
		if times[where]++; times[where] > 1 {
			s.Twice++
			continue
		}
		if at, ok := p.load.sent[c.To]; ok && c.Channel == simulator.ZNS {
			first = append(first, millis(c.At.Sub(at)))
		}
		if at, ok := p.acked[c.To]; ok && c.Channel != simulator.ZNS && at.Before(c.At) {
			s.Overtaken++
		}
	}
	s.FirstCall = quantiles(first)
	return s
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
