package orchestrator_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// receiver is a tenant's app: it verifies every callback with the standard's own library, and can be down.
type receiver struct {
	mu     sync.Mutex
	verify *standardwebhooks.Webhook
	refuse int // how many calls to answer 503 first
	seen   map[string]bool
	events []event
	bad    []error
}

type event struct {
	Type string
	Data struct {
		MessageID uuid.UUID `json:"message_id"`
		Sequence  int64
		Message   struct{ Status string }
		Reply     *orchestrator.ReplyView
	}
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.verify.Verify(body, req.Header); err != nil {
		r.bad = append(r.bad, err)
	}
	if r.refuse > 0 {
		r.refuse--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if id := req.Header.Get("webhook-id"); !r.seen[id] {
		r.seen[id] = true
		var e event
		if err := json.Unmarshal(body, &e); err != nil {
			r.bad = append(r.bad, err)
		}
		r.events = append(r.events, e)
	}
}

func (r *receiver) of(id uuid.UUID) []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []event
	for _, e := range r.events {
		if e.Data.MessageID == id {
			out = append(out, e)
		}
	}
	return out
}

func TestCallbacksComeSignedAndInOrderThroughAnOutage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		app := &receiver{verify: verifier, refuse: 2, seen: map[string]bool{}}
		server := httptest.NewServer(app)
		defer server.Close()
		cb := models.Callback{TenantID: r.Tenant.ID, ID: uuid.Must(uuid.NewV7()), URL: server.URL, State: models.CallbackActive, CreatedAt: time.Now().UnixMilli()}
		if cb.Secret, err = s.SealCallbackSecret(cb, []byte(secret)); err != nil {
			t.Fatal(err)
		}
		if err := s.InsertCallback(t.Context(), cb); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()

		id := r.Send("+84900000004") // ZNS silent, no Viber, SMS delivered
		r.Await(id, orchestratortest.Final)
		want := []string{"message.sent", "attempt.timed_out", "attempt.failed", "message.delivered"}
		deadline := time.Now().Add(20 * time.Second)
		for len(app.of(id)) < len(want) && time.Now().Before(deadline) {
			time.Sleep(10 * time.Millisecond)
		}
		got := app.of(id)
		for i, e := range got {
			if i >= len(want) || e.Type != want[i] || e.Data.Sequence != int64(i+1) {
				t.Errorf("event %d is %s with sequence %d, want %v in order", i, e.Type, e.Data.Sequence, want)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d events, want %d: %+v", len(got), len(want), got)
		}
		if last := got[len(got)-1].Data.Message.Status; last != "delivered" {
			t.Errorf("the last event shows status %s", last)
		}
		for _, err := range app.bad {
			t.Error("callback:", err)
		}
		r.Verify()
	})
}
