package simtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
)

// Addresses of the two sides. Nothing listens there: every call stays in the process.
const (
	providerURL = "http://127.0.0.1:1"
	hooksURL    = "http://127.0.0.1:2"
)

var (
	phonePattern     = regexp.MustCompile(`849\d{8}`)
	referencePattern = regexp.MustCompile(`\b[0-9a-f]{32}\b`)
)

// wire carries a replica's requests to the simulator, and loses some.
type wire struct{ r *replica }

// RoundTrip makes a call, with what this seed has in store for it.
func (t *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body := readAll(req)
	w := t.r.w
	c := newCarried(req, body)
	fate := w.callFate(c)
	if !t.r.stand() || t.r.crashes(beforeCall+c.crash()) || fate == fateNotSent {
		return nil, errDown
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		trace.GotConn(httptrace.GotConnInfo{})
		trace.WroteHeaders()
	}
	w.judge.called(c)
	if fate == fateCut {
		w.judge.answered(t.r, c, false)
		return nil, errDown
	}
	resp, err := w.serve(req, body)
	if t.r.crashes(afterCall+c.crash()) || t.r.dead.Load() {
		return nil, errDown
	}
	switch fate {
	case fateAnswerLost:
		err = errDown
	case fateSlow:
		select {
		case <-time.After(callTimeout + time.Second):
		case <-req.Context().Done():
		}
		err = context.DeadlineExceeded
	case fateStalled: // the replica itself stands still, and finds the answer when it wakes
		select {
		case <-time.After(lease + 2*time.Second):
		case <-t.r.life.Done():
		}
	}
	if !t.r.stand() {
		return nil, errDown
	}
	if err != nil {
		w.judge.answered(t.r, c, false)
		return nil, err
	}
	raw, plain := documented(resp)
	w.judge.answered(t.r, c, plain)
	if c.kind == kindQuery && plain {
		w.judge.asked(t.r, c, raw)
	}
	return resp, nil
}

// documented reads an answer, and reports whether it is one that a provider means: anything else leaves open what it did.
func documented(resp *http.Response) (raw []byte, is bool) {
	raw, err := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), &failing{err}))
	return raw, err == nil && resp.StatusCode < 500 && json.Valid(raw)
}

// failing ends a body with an error; nil is its regular end.
type failing struct{ err error }

// Read fails.
func (f *failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

// carried is a request on the wire. Its reference is the attempt's, the provider's id of a query, or a refresh token.
type carried struct{ kind, key, reference string }

// crash is what to add to the name of a crash at this call.
func (c carried) crash() string {
	if c.kind == kindToken {
		return "_token"
	}
	return ""
}

// Kinds of request.
const (
	kindSend  = "send"
	kindQuery = "query"
	kindToken = "token"
	kindOther = "other"
)

func newCarried(req *http.Request, body []byte) carried {
	at := req.URL.Path
	phone := string(phonePattern.Find(body))
	c := carried{kind: kindOther, key: at, reference: string(referencePattern.Find(body))}
	switch {
	case req.Method == http.MethodPost && phone != "":
		c.kind, c.key = kindSend, at+phone
	case strings.Contains(at, "/oauth/"):
		c.kind = kindToken
		if form, err := url.ParseQuery(string(body)); err == nil {
			c.reference = form.Get("refresh_token")
		}
	case strings.HasSuffix(at, "/logs"), strings.HasSuffix(at, "/message/status"):
		c.kind = kindQuery
		c.reference = req.FormValue("messageId") + req.FormValue("message_id")
	}
	return c
}

// Fates of a call.
const (
	fateFine       = ""
	fateNotSent    = "not_sent"    // no connection
	fateCut        = "cut"         // written, never read by the provider
	fateAnswerLost = "answer_lost" // read, but its answer is lost
	fateSlow       = "slow"        // the answer comes after the deadline
	fateStalled    = "stalled"     // the answer is found after the lease
)

// callFate decides about a call by what it is and how often it was made.
func (w *world) callFate(c carried) string {
	n := w.count("wire " + c.key)
	if !w.faulty() {
		return fateFine
	}
	f := w.s.wire
	x := w.s.roll("wire "+c.key, n)
	pick := func(chances ...float64) int {
		for i, p := range chances {
			if x < p {
				return i
			}
			x -= p
		}
		return len(chances)
	}
	fates := []string{fateNotSent, fateCut, fateAnswerLost, fateSlow, fateStalled, fateFine}
	switch c.kind {
	case kindSend:
		return fates[pick(f.notSent, f.cut, f.answerLost, f.slow, f.stalled)]
	case kindQuery:
		return fates[pick(f.query/2, 0, f.query/4, f.query/8, f.query/8)]
	case kindToken:
		return fates[pick(f.token/2, f.token/4, f.token/4, 0, 0)]
	default:
		return fateFine
	}
}

// serve has the simulator answer a request, unless its caller gives up first.
func (w *world) serve(req *http.Request, body []byte) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	in := req.Clone(ctx)
	in.RequestURI, in.Header = req.URL.RequestURI(), arrived(req.Header)
	in.Body = io.NopCloser(bytes.NewReader(body))
	rec := &answerRecorder{ResponseRecorder: httptest.NewRecorder()}
	done := make(chan struct{})
	w.servers.Go(func() {
		defer close(done)
		defer cancel()
		w.sim.Handler().ServeHTTP(rec, in)
	})
	select {
	case <-done:
		return rec.answer(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// arrived is a header as a server reads it: some names are sent in a spelling of the provider's.
func arrived(sent http.Header) http.Header {
	h := http.Header{}
	for name, values := range sent {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return h
}

// answerRecorder keeps an answer, or the bytes after which the connection was cut.
type answerRecorder struct {
	*httptest.ResponseRecorder
	conn *deadConn
}

// Hijack gives the handler a connection that leads nowhere.
func (a *answerRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	a.conn = &deadConn{}
	return a.conn, nil, nil
}

func (a *answerRecorder) answer(req *http.Request) (*http.Response, error) {
	if a.conn == nil {
		return a.Result(), nil
	}
	if a.conn.written.Len() == 0 {
		return nil, io.EOF
	}
	return http.ReadResponse(bufio.NewReader(&a.conn.written), req)
}

// deadConn keeps what is written to it.
type deadConn struct {
	net.Conn
	written bytes.Buffer
}

// Write keeps b.
func (c *deadConn) Write(b []byte) (int, error) { return c.written.Write(b) }

// Close does nothing.
func (c *deadConn) Close() error { return nil }

// post carries the simulator's webhooks to a replica, and loses, repeats and forges some.
type post struct{ w *world }

// RoundTrip delivers a webhook.
func (t *post) RoundTrip(req *http.Request) (*http.Response, error) {
	w, body := t.w, readAll(req)
	ctx := req.Context()
	told := readReport(body)
	n := w.count("hook " + told.key)
	chance := func(what string, p float64) bool { return w.faulty() && w.s.roll(what+told.key, n) < p }
	f := w.s.hooks
	if chance("hook late ", f.late) {
		select {
		case <-time.After(1500 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if chance("hook lost ", f.lost) {
		return nil, errDown
	}
	first := int(w.s.roll("hook to "+told.key, n) * float64(w.s.replicas))
	if chance("hook forged ", f.forged) {
		t.forge(ctx, first, req, body)
	}
	status := t.deliver(ctx, first, req, body, told)
	if chance("hook repeated ", f.repeated) {
		t.deliver(ctx, first+1, req, body, told)
	}
	if status == 0 || chance("hook answer lost ", f.answerLost) {
		w.reach("hook_answer_lost")
		return nil, errDown
	}
	if status != http.StatusOK {
		w.reach("hook_refused")
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
}

// deliver gives a webhook to the replica in a slot.
func (t *post) deliver(ctx context.Context, slot int, req *http.Request, body []byte, told report) int {
	r := t.w.replica(slot)
	adapter, account := hookOf(req)
	status := r.hook(ctx, adapter, account, channels.Hook{Method: req.Method, URL: req.URL.String(), Header: arrived(req.Header), Body: body})
	if status == http.StatusOK {
		t.w.judge.acknowledged(told)
	}
	return status
}

// forge sends a copy whose secrets are wrong. It must be refused.
func (t *post) forge(ctx context.Context, slot int, req *http.Request, body []byte) {
	header, address := arrived(req.Header), *req.URL
	for name := range header {
		if strings.Contains(strings.ToLower(name), "signature") {
			header.Set(name, header.Get(name)+"0")
		}
	}
	q := address.Query()
	for name := range q {
		q.Set(name, q.Get(name)+"0")
	}
	address.RawQuery = q.Encode()
	adapter, account := hookOf(req)
	status := t.w.replica(slot).hook(ctx, adapter, account, channels.Hook{Method: req.Method, URL: address.String(), Header: header, Body: body})
	switch status {
	case http.StatusUnauthorized:
		t.w.reach("forged_refused")
	case http.StatusOK:
		t.w.judge.blame("a forged callback was accepted: %s", body)
	}
}

func hookOf(req *http.Request) (adapter string, account uuid.UUID) {
	dir, id := path.Split(req.URL.Path)
	account, _ = uuid.Parse(id)
	return path.Base(dir), account
}
