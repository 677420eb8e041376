package web

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
)

// quick are times of streams for tests that wait for what happens in them.
var quick = liveTimes{heartbeat: 20 * time.Millisecond, recheck: 10 * time.Millisecond, write: time.Minute, final: 50 * time.Millisecond}

// unhurried streams end for no reason of their own.
var unhurried = liveTimes{heartbeat: time.Hour, recheck: time.Hour, write: time.Minute, final: time.Hour}

// stream is a live answer as its caller reads it.
type stream struct {
	t     *testing.T
	res   *http.Response
	lines *bufio.Reader
	close context.CancelFunc
}

// event is one event of a stream; a comment is one of its own.
type event struct{ kind, id, data string }

func openStream(t *testing.T, address, key, lastID string) *stream {
	t.Helper()
	return openStreamAs(t, address, "Authorization", "Bearer "+key, lastID)
}

// openStreamAs is openStream for whoever a header says.
func openStreamAs(t *testing.T, address, header, value, lastID string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(header, value)
	req.Header.Set("Accept", "text/event-stream")
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return &stream{t, res, bufio.NewReader(res.Body), cancel}
}

// next reads an event of a kind, and passes over heartbeats unless they are asked for.
func (s *stream) next(kind string) event {
	s.t.Helper()
	for {
		e := s.read(kind)
		if e.kind == kind {
			return e
		}
		if e.kind != "heartbeat" {
			s.t.Fatalf("got %+v, want %q", e, kind)
		}
	}
}

// read reads one event or comment, to the empty line behind it.
func (s *stream) read(waitingFor string) (e event) {
	s.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the stream ended without %q: %v", waitingFor, err)
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); {
		case line == "\n":
			return e
		case name == "", name == "event":
			e.kind = value
		case name == "id":
			e.id = value
		case name == "data":
			e.data = value
		}
	}
}

func TestLiveAnswersAreThePlainOnes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store, func(d *Deps) { d.live = unhurried })
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678", scheduled())))
		for _, path := range []string{"/v1/messages/" + id, "/v1/messages?status=scheduled&limit=5", "/v1/channels"} {
			s := openStream(t, a.url+path, a.key, "")
			if got := s.res.Header.Get("Content-Type"); s.res.StatusCode != http.StatusOK || got != eventStream {
				t.Errorf("%s: %d %s", path, s.res.StatusCode, got)
			}
			state := s.next("state")
			plain := a.want(200, "GET", path, "")
			if state.data != string(plain.body) || state.id == "" {
				t.Errorf("%s: the stream has %+v\nthe plain answer %s", path, state, plain.body)
			}
		}
		if r := a.do("GET", "/v1/messages?cursor=x", a.key, "", "Accept", eventStream); r.status != 422 {
			t.Errorf("a live list with a cursor: %d %s", r.status, r.body)
		}
		if r := a.do("GET", "/v1/messages/"+uuid.NewString(), a.key, "", "Accept", eventStream); r.status != 404 || r.code() != "not_found" {
			t.Errorf("nobody's message: %d %s", r.status, r.body)
		}
	})
}

func TestLiveMessage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store, func(d *Deps) { d.live = quick })
		path := "/v1/messages/" + a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678", scheduled())))
		s := openStream(t, a.url+path, a.key, "")
		if first := s.next("state"); !strings.Contains(first.data, `"status":"scheduled"`) {
			t.Errorf("first %+v", first)
		}
		s.next("heartbeat")
		a.want(200, "POST", path+"/cancel", "")
		last := s.next("state")
		if !strings.Contains(last.data, `"status":"canceled"`) {
			t.Errorf("then %+v", last)
		}
		s.next("end")
		// Who has that state already is told nothing but the end.
		openStream(t, a.url+path, a.key, last.id).next("end")
		openStream(t, a.url+path, a.key, "of another state").next("state")
		r := a.do("GET", path, a.key, "", "Accept", "application/json;q=0.5, text/event-stream")
		if !bytes.HasSuffix(r.body, []byte("event: end\ndata: {\"final\": true}\n\n")) {
			t.Errorf("an answer to its end: %s", r.body)
		}
	})
}

func TestLiveEndsWithItsKey(t *testing.T) {
	store := modelstest.Open(t, models.SQLite)
	a := newAPI(t, store, func(d *Deps) { d.live = quick })
	row, key := models.NewAPIKey(a.rig.Tenant.ID, models.ModeLive, []string{scopeConfig}, time.Now().UnixMilli())
	if err := store.InsertKey(t.Context(), row); err != nil {
		t.Fatal(err)
	}
	s := openStream(t, a.url+"/v1/channels", key, "")
	s.next("state")
	a.wantAs(204, testAdmin, "DELETE", "/v1/tenants/"+a.rig.Tenant.ID.String()+"/keys/"+row.ID.String(), "")
	s.next("end")
}

func TestLiveEndsWithItsSession(t *testing.T) {
	a := newAPI(t, modelstest.Open(t, models.SQLite), func(d *Deps) { d.live = quick })
	cookie := a.signIn(a.addPerson(roleViewer, a.rig.Tenant.ID))
	s := openStreamAs(t, a.url+"/v1/channels", "Cookie", cookie, "")
	s.next("state")
	a.wantPerson(204, cookie, "DELETE", "/v1/session", "")
	s.next("end")
}

func TestLiveEndsWithTheProcess(t *testing.T) {
	done := make(chan struct{})
	a := newAPI(t, modelstest.Open(t, models.SQLite), func(d *Deps) { d.live, d.Done = unhurried, done })
	s := openStream(t, a.url+"/v1/channels", a.key, "")
	s.next("state")
	close(done)
	s.next("end")
}

func TestLivePlaces(t *testing.T) {
	a := newAPI(t, modelstest.Open(t, models.SQLite), func(d *Deps) { d.live = unhurried })
	var open []*stream
	for range maxCallerStreams {
		s := openStream(t, a.url+"/v1/channels", a.key, "")
		s.next("state")
		open = append(open, s)
	}
	r := a.do("GET", "/v1/channels", a.key, "", "Accept", eventStream)
	if r.status != 503 || r.code() != "too_many_streams" || r.header.Get("Retry-After") == "" {
		t.Errorf("one too many: %d %s", r.status, r.body)
	}
	openStream(t, a.url+"/v1/channels", a.newKey(a.rig.Tenant.ID), "").next("state") // another caller
	a.want(200, "GET", "/v1/channels", "")
	open[0].close()
	for { // the server notices
		s := openStream(t, a.url+"/v1/channels", a.key, "")
		if s.res.StatusCode == http.StatusOK {
			s.next("state")
			break
		}
		time.Sleep(5 * time.Millisecond)
	}

	all := newStreams(liveTimes{}, nil, time.Now)
	for i := range maxStreams {
		if who := uuid.NewString(); !all.take(who) {
			t.Fatalf("no place for stream %d", i+1)
		}
	}
	if all.take("one more") || all.count() != maxStreams {
		t.Errorf("more than %d streams", maxStreams)
	}
}

// moodyEngine has a message, or an error in its place.
type moodyEngine struct {
	fakeEngine
	trouble atomic.Pointer[error]
}

func (e *moodyEngine) Message(_ context.Context, _, id uuid.UUID) (orchestrator.MessageView, error) {
	if err := e.trouble.Load(); err != nil {
		return orchestrator.MessageView{}, *err
	}
	return orchestrator.MessageView{ID: id, Status: "sending"}, nil
}

// An error on the way is told once, and the stream goes on.
func TestLiveProblem(t *testing.T) {
	engine := &moodyEngine{}
	r, key, _ := testAPI(t, engine)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s := openStream(t, server.URL+"/v1/messages/"+uuid.NewString(), key, "")
	first := s.next("state")
	trouble := errors.New("secret words")
	engine.trouble.Store(&trouble)
	told := s.next("problem")
	var p problem
	if err := json.Unmarshal([]byte(told.data), &p); err != nil || p.Code != "internal" || p.RequestID == "" || strings.Contains(told.data, "secret") {
		t.Errorf("told %+v: %v", told, err)
	}
	engine.trouble.Store(nil)
	if again := s.next("state"); again != first {
		t.Errorf("after the problem %+v, before it %+v", again, first)
	}
}
