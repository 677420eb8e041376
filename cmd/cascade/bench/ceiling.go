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

	"cascade/channels"
	"cascade/channels/simulator"
)

// ceiling is the same road without the product: it stores what any such service must before it answers, calls the
// providers and ends each message by receipt or timer, with no validation, policy, tenancy, signature check, ledger or
// recovery. Its timers are in memory. What it takes is what HTTP, JSON and the database cost at the least.
type ceiling struct {
	store      bareStore
	client     *http.Client
	server     *http.Server
	url        string
	simulator  string
	acceptOnly bool
	known      []simulator.Account

	facts           chan *bareFact
	committers      sync.WaitGroup
	next            atomic.Int64
	accepted, ended atomic.Int64

	statements atomic.Int64

	mu      sync.Mutex
	waiting map[int64]*time.Timer // by message, for the first channel's receipt
	late    []float64             // milliseconds from a message's due time until its second call began
}

// bareFact is one row's worth of news; done hears of its commit.
type bareFact struct {
	kind    bareKind
	id      int64
	channel int
	to      string
	content string
	due     int64 // Unix milliseconds
	done    chan error
}

type bareKind int

const (
	bareAccept bareKind = iota
	bareSent
	bareEnd
)

func startCeiling(db *database, acceptOnly bool, simulatorURL string) (*ceiling, error) {
	store, committers, err := openBare(db)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, store.close())
	}
	c := &ceiling{
		store: store, client: channels.NewHTTPClient(nil), url: "http://" + ln.Addr().String(), simulator: simulatorURL, acceptOnly: acceptOnly,
		facts: make(chan *bareFact, 20_000), waiting: map[int64]*time.Timer{},
	}
	oa, sms := providerAccounts(0)
	oa.WebhookURL = c.url + "/receipt"
	c.known = []simulator.Account{oa, sms}
	for range committers {
		c.committers.Go(c.commitLoop)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", c.accept)
	mux.HandleFunc("POST /receipt", c.receipt)
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = c.server.Serve(ln) }() // ends with stop
	return c, nil
}

func (c *ceiling) doors() doors                   { return doors{URLs: []string{c.url}, Keys: []string{""}} }
func (c *ceiling) accounts() []simulator.Account  { return c.known }
func (c *ceiling) prepare(context.Context) error  { return nil }
func (c *ceiling) conclude(context.Context) error { return nil }

func (c *ceiling) mark(accepted bool) mark {
	if accepted {
		return mark{time.Now(), int(c.accepted.Load())}
	}
	return mark{time.Now(), int(c.ended.Load())}
}

func (c *ceiling) stop() error {
	err := c.server.Close()
	close(c.facts)
	c.committers.Wait()
	return errors.Join(err, c.store.close())
}

// commitLoop commits what waits, up to 500 facts at once. A database that fails ends the measurement.
func (c *ceiling) commitLoop() {
	for f := range c.facts {
		batch := []*bareFact{f}
		for len(batch) < limitBatch {
			select {
			case f, open := <-c.facts:
				if open {
					batch = append(batch, f)
					continue
				}
			default:
			}
			break
		}
		n, err := c.store.write(batch)
		c.statements.Add(int64(n))
		for _, f := range batch {
			f.done <- err
		}
	}
}

func (c *ceiling) commit(f *bareFact) error {
	f.done = make(chan error, 1)
	c.facts <- f
	return <-f.done
}

func (c *ceiling) accept(w http.ResponseWriter, r *http.Request) {
	var m struct {
		To      string
		Content json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	f := &bareFact{kind: bareAccept, id: c.next.Add(1), to: m.To, content: string(m.Content)}
	if err := c.commit(f); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.accepted.Add(1)
	if !c.acceptOnly {
		go c.first(f)
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"id":"%d"}`, f.id)
}

// first calls ZNS, and SMS when its receipt has not come in time.
func (c *ceiling) first(f *bareFact) {
	c.mu.Lock()
	due := time.Now().Add(Wait)
	c.waiting[f.id] = time.AfterFunc(Wait, func() {
		if c.settled(f.id) {
			c.lateBy(time.Since(due))
			c.second(f)
		}
	})
	c.mu.Unlock()
	id := strconv.FormatInt(f.id, 10)
	body := `{"phone":"` + f.to[1:] + `","template_id":"412345","template_data":{"order":"A-` + id + `"},"tracking_id":"` + id + `"}`
	c.call("/zalo/api/message/template", "access_token", c.known[0].AccessToken, body)
	_ = c.commit(&bareFact{kind: bareSent, id: f.id, channel: 1, due: time.Now().Add(Wait).UnixMilli()})
}

func (c *ceiling) lateBy(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late = append(c.late, float64(d.Microseconds())/1000)
}

func (c *ceiling) second(f *bareFact) {
	id := strconv.FormatInt(f.id, 10)
	body := `{"messages":[{"sender":"ACME","destinations":[{"to":"` + f.to[1:] + `","messageId":"` + id + `"}],"content":{"text":"Don A-` + id + `"}}]}`
	c.call("/infobip/sms/3/messages", "Authorization", "App "+c.known[1].ID, body)
	_ = c.commit(&bareFact{kind: bareEnd, id: f.id, channel: 2})
	c.ended.Add(1)
}

func (c *ceiling) call(path, header, value, body string) {
	req, err := http.NewRequest(http.MethodPost, c.simulator+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return
	}
	req.Header["Content-Type"], req.Header[header] = []string{"application/json"}, []string{value}
	resp, err := c.client.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body) // what it says is taken for yes
}

// settled takes a message from those that wait, and reports whether it was among them.
func (c *ceiling) settled(id int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	timer, waits := c.waiting[id]
	if waits {
		timer.Stop()
		delete(c.waiting, id)
	}
	return waits
}

func (c *ceiling) receipt(w http.ResponseWriter, r *http.Request) {
	var event struct {
		Message struct {
			TrackingID string `json:"tracking_id"`
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id, err := strconv.ParseInt(event.Message.TrackingID, 10, 64)
	if err == nil && c.settled(id) {
		if err := c.commit(&bareFact{kind: bareEnd, id: id, channel: 1}); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.ended.Add(1)
	}
	w.WriteHeader(http.StatusOK)
}

// drain waits until n messages have ended.
func (c *ceiling) drain(ctx context.Context, n int) error {
	return until(ctx, drainTimeout, func() int { return int(c.ended.Load()) }, n)
}
