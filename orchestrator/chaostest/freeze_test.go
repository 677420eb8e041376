//go:build chaos

package chaostest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/orchestrator/orchestratortest/faulttest"
	"cascade/policy"
)

type workerConfig struct {
	Database  string    `json:"database"`
	PublicURL string    `json:"public_url"`
	Tenant    uuid.UUID `json:"tenant"`
}

func TestMain(m *testing.M) { faulttest.Main(m, work) }

// work runs a replica until the parent is gone.
func work(config []byte) error {
	var c workerConfig
	if err := json.Unmarshal(config, &c); err != nil {
		return err
	}
	ctx := context.Background()
	store, err := openStore(ctx, c.Database)
	if err != nil {
		return err
	}
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		return err
	}
	engine := orchestrator.New(orchestrator.Options{
		Store: store, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil), PublicURL: c.PublicURL,
		Now: time.Now, Lease: lease, Log: slog.New(slog.DiscardHandler),
	})
	if err := engine.Start(ctx); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /send", func(w http.ResponseWriter, r *http.Request) {
		var sub orchestrator.Submission
		if err := json.NewDecoder(r.Body).Decode(&sub.To); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		sub.Category, sub.PolicyName = policy.Transaction, "freeze"
		sub.Content = map[policy.Channel]channels.Content{
			policy.ZNS: {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}}, policy.Viber: {Text: "Đơn A-1029"}, policy.SMS: {Text: "Don A-1029"},
		}
		acc, err := engine.Accept(r.Context(), orchestrator.Caller{TenantID: c.Tenant}, sub)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_ = json.NewEncoder(w).Encode(acc.Message.ID)
	})
	mux.HandleFunc("POST /stale", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(engine.Counters.Stale.Load())
	})
	_, err = faulttest.Serve(ctx, mux)
	return err
}

// startWorker runs a replica beside the rig's.
func startWorker(t *testing.T, r *orchestratortest.Rig, database string) *faulttest.Worker {
	t.Helper()
	return faulttest.StartWorker(t, workerConfig{database, r.HookURL, r.Tenant.ID})
}

func signal(t *testing.T, p *faulttest.Worker, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// ask calls the worker.
func ask[T any](p *faulttest.Worker, path string, body any) (v T, err error) {
	err = p.Ask(context.Background(), http.MethodPost, path, body, &v)
	return v, err
}

// A worker stands still in the middle of its calls until its lease is over, and goes on. What it then writes over is
// refused; what it learned is kept; and nothing is called twice.
func TestFrozenWorker(t *testing.T) {
	const rounds, each = 5, 20
	pg := newServer(t)
	r := newRig(t, pg.address())
	r.Policy("freeze", `{"steps":[{"channel":"zns","until":"delivered","timeout":"7s"},{"channel":"viber","until":"delivered","timeout":"1s"},
		{"channel":"sms","until":"delivered","timeout":"2s"}],"ttl":"10m"}`)
	// Only the answer to the call tells that ZNS took it. Half a second passes before it comes.
	r.Sim.SetRule("*", simulator.Rule{Channel: simulator.ZNS, AnswerAfter: 25 * time.Second, Deliver: new(time.Duration(-1)), DropWebhooks: true})
	p := startWorker(t, r, pg.address())
	var ids []uuid.UUID
	for round := range rounds {
		var batch []uuid.UUID
		called := len(r.Sim.Calls())
		for i := range each {
			id, err := ask[uuid.UUID](p, "/send", faulttest.Number(int64(round*each+i)))
			if err != nil {
				t.Fatal(err)
			}
			batch = append(batch, id)
		}
		faulttest.Until(t, "the calls are under way", func() bool { return len(r.Sim.Calls()) >= called+each/2 })
		signal(t, p, syscall.SIGSTOP)
		frozen := time.Now()
		faulttest.Until(t, "the leases are over", func() bool { return lost(t, r, batch) > 0 && time.Since(frozen) > lease+500*time.Millisecond })
		n := lost(t, r, batch)
		signal(t, p, syscall.SIGCONT)
		faulttest.Until(t, "the worker's answers are kept", func() bool {
			for _, id := range batch {
				if a := stateOf(t, r, id).Attempts[0]; a.SentAt == 0 || a.ProviderID == "" {
					return false
				}
			}
			return true
		})
		t.Logf("round %d: %d of %d leases were lost, and every answer is kept", round, n, each)
		ids = append(ids, batch...)
	}
	settle(t, r, ids)
	stale, err := ask[int64](p, "/stale", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d writes of the worker were refused", stale)
	if stale == 0 {
		t.Error("no write of the worker was refused: the test met nothing")
	}
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
}

// A worker stands still at any moment under load. When it goes on it makes no call whose claim is old: the message may
// be somebody else's by then.
func TestFrozenWorkerCallsNobodyLate(t *testing.T) {
	const rounds = 8
	pg := newServer(t)
	r := newRig(t, pg.address())
	r.Policy("freeze", `{"steps":[{"channel":"zns","until":"delivered","timeout":"1s"},{"channel":"viber","until":"delivered","timeout":"1s"},
		{"channel":"sms","until":"delivered","timeout":"2s"}],"ttl":"10m"}`)
	p := startWorker(t, r, pg.address())
	l := faulttest.Apps{Apps: 4, Rate: 200, Send: func(i int64) (uuid.UUID, error) {
		return ask[uuid.UUID](p, "/send", faulttest.Number(i))
	}}.Start()
	for range rounds {
		l.AwaitMore(t, 50)
		signal(t, p, syscall.SIGSTOP)
		frozen := time.Now()
		held := fmt.Sprintf("SELECT count(*) FROM attempts WHERE status = 'sending' AND called_at <= %d", frozen.UnixMilli())
		faulttest.Until(t, "nothing is the frozen worker's any more", func() bool {
			return time.Since(frozen) > lease && one[int](t, "pgx", pg.address(), held) == 0
		})
		signal(t, p, syscall.SIGCONT)
	}
	l.AwaitMore(t, 50)
	ids := l.End(t)
	settle(t, r, ids)
	calls := map[string]simulator.Call{}
	for _, c := range r.Sim.Calls() {
		calls[c.Reference] = c
	}
	for _, id := range ids {
		for _, a := range stateOf(t, r, id).Attempts {
			if c, ok := calls[faulttest.Reference(id, a.N)]; ok && c.At.Sub(time.UnixMilli(a.CalledAt)) > lease {
				t.Errorf("attempt %d of %s was called %s after it was claimed", a.N, id, c.At.Sub(time.UnixMilli(a.CalledAt)))
			}
		}
	}
	t.Logf("%d freezes, %d messages, %d calls", rounds, len(ids), len(calls))
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
}

// lost counts the messages whose first attempt's outcome counts as unknown, because its lease is over.
func lost(t *testing.T, r *orchestratortest.Rig, ids []uuid.UUID) (n int) {
	t.Helper()
	for _, id := range ids {
		if a := stateOf(t, r, id).Attempts[0]; a.Status == policy.AttemptUnknown && a.Code == "lease_lost" {
			n++
		}
	}
	return n
}

func stateOf(t *testing.T, r *orchestratortest.Rig, id uuid.UUID) *models.State {
	t.Helper()
	ref := models.Ref{TenantID: r.Tenant.ID, ID: id}
	states, err := r.Store.LoadStates(t.Context(), []models.Ref{ref})
	if err != nil || states[ref] == nil {
		t.Fatalf("message %s: %v", id, err)
	}
	return states[ref]
}
