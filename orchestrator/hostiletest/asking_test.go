package hostiletest

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// askable is an SMS gateway that takes everything, reports nothing and can be asked.
type askable struct {
	*httptest.Server
	answer            func(http.ResponseWriter, *http.Request)
	taken, asked, now atomic.Int64

	mu   sync.Mutex
	most int64 // questions under way at once
}

func newAskable(t *testing.T, answer func(http.ResponseWriter, *http.Request)) *askable {
	t.Helper()
	g := &askable{answer: answer}
	mux := http.NewServeMux()
	mux.HandleFunc("/send", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"ok":true,"id":"p-%d"}`, g.taken.Add(1))
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		g.asked.Add(1)
		g.mu.Lock()
		g.most = max(g.most, g.now.Add(1))
		g.mu.Unlock()
		defer g.now.Add(-1)
		g.answer(w, r)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

// backlog has messages wait at the gateway until all of them are due at once, with another account behind it that takes
// everything.
func (h *hostile) backlog(g *askable, n int) (ids []uuid.UUID) {
	h.t.Helper()
	settings := strings.Replace(gatewaySettings, "{", `{"status": {"request": {"method": "GET", "url": "BASE/status", "query": {"id": "{{provider_id}}"}},
		"status": {"pointer": "/status"}, "status_map": {"delivered": "delivered"}},`, 1)
	h.account(orchestrator.AccountInput{Name: "asked", Channel: policy.SMS, Adapter: "http", Concurrency: 512}, strings.ReplaceAll(settings, "BASE", g.URL))
	h.scripted("next", 5000, func(context.Context, channels.Outbound) (channels.Taken, error) { return channels.Taken{}, nil })
	_, _, err := h.engine.PutPolicy(h.t.Context(), h.tenant.ID, "asked", []byte(`{"steps":[
		{"channel":"sms","accounts":["asked"],"until":"delivered","timeout":"3s"},
		{"channel":"sms","accounts":["next"],"until":"sent","timeout":"1m"}],"ttl":"10m"}`))
	h.must(err)
	for len(ids) < n {
		ids = append(ids, h.sendMany("asked", min(1000, n-len(ids)))...)
	}
	return ids
}

// A backlog is asked about a bounded number at a time: the rest waits in the database.
func TestQuestionsAreBounded(t *testing.T) {
	const messages, bound = 800, 512
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		full := make(chan struct{})
		g := newAskable(t, func(w http.ResponseWriter, _ *http.Request) {
			<-full
			fmt.Fprint(w, `{"status":"queued"}`)
		})
		h := newHostile(t, s, hostileTimes{call: time.Minute}, nil)
		ids := h.backlog(g, messages)
		for limit := time.Now().Add(60 * time.Second); g.now.Load() <= bound-200; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("%d questions under way", g.now.Load())
			}
		}
		close(full)
		for _, id := range ids {
			h.await(id, func(v orchestrator.MessageView) bool { return v.Status.Final() })
		}
		if g.most > bound {
			t.Errorf("%d questions under way at once, want %d at most", g.most, bound)
		}
		if n := g.asked.Load(); n != messages {
			t.Errorf("%d questions about %d messages", n, messages)
		}
		h.verify()
	})
}

// An account that answers no questions is not asked for long, and its messages go on. All the questions that may be under way at
// once, 512, can have begun before the first of them goes unanswered.
func TestDeafAccountIsNotAskedForLong(t *testing.T) {
	const messages = 1200
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		g := newAskable(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		h := newHostile(t, s, hostileTimes{call: 2 * time.Second}, nil)
		for _, id := range h.backlog(g, messages) {
			v := h.await(id, func(v orchestrator.MessageView) bool { return v.Status.Final() })
			if v.Status != policy.Sent || len(v.Attempts) != 2 {
				t.Fatalf("ended %s after %d attempts", v.Status, len(v.Attempts))
			}
		}
		if n := g.asked.Load(); n > messages/2 {
			t.Errorf("a deaf account was asked %d times about %d messages", n, messages)
		}
		h.verify()
	})
}
