//go:build chaos

package chaostest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
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
	"cascade/policy"
)

// workerVariable makes the test binary a worker; its value is a workerConfig.
const workerVariable = "CASCADE_CHAOSTEST_WORKER"

type workerConfig struct {
	Database  string    `json:"database"`
	PublicURL string    `json:"public_url"`
	Tenant    uuid.UUID `json:"tenant"`
}

func TestMain(m *testing.M) {
	raw := os.Getenv(workerVariable)
	if raw == "" {
		os.Exit(m.Run())
	}
	if err := work(raw); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// work runs a replica until the parent is gone.
func work(raw string) error {
	var c workerConfig
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		_ = (&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}).Serve(listener)
	}()
	fmt.Println(listener.Addr())
	_, err = io.Copy(io.Discard, os.Stdin) // ends with the parent
	return err
}

// process is a running worker.
type process struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
}

func startWorker(t *testing.T, r *orchestratortest.Rig, database string) *process {
	t.Helper()
	raw, err := json.Marshal(workerConfig{database, r.HookURL, r.Tenant.ID})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerVariable+"="+string(raw))
	cmd.Stderr = os.Stderr
	if _, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // works on a frozen one as well
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal("the worker did not start:", err)
	}
	return &process{t, cmd, "http://" + strings.TrimSpace(address)}
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ask calls the worker.
func ask[T any](p *process, path string, body any) (v T, err error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return v, err
	}
	resp, err := (&http.Client{Timeout: 20 * time.Second}).Post(p.url+path, "application/json", bytes.NewReader(raw))
	if err != nil {
		return v, err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return v, fmt.Errorf("%s answered %d", path, resp.StatusCode)
	}
	err = json.NewDecoder(resp.Body).Decode(&v)
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
			id, err := ask[uuid.UUID](p, "/send", number(int64(round*each+i)))
			if err != nil {
				t.Fatal(err)
			}
			batch = append(batch, id)
		}
		until(t, "the calls are under way", func() bool { return len(r.Sim.Calls()) >= called+each/2 })
		p.signal(syscall.SIGSTOP)
		frozen := time.Now()
		until(t, "the leases are over", func() bool { return lost(t, r, batch) > 0 && time.Since(frozen) > lease+500*time.Millisecond })
		n := lost(t, r, batch)
		p.signal(syscall.SIGCONT)
		until(t, "the worker's answers are kept", func() bool {
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
	calledOnce(t, r.Sim)
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
	stop, done := make(chan struct{}), make(chan []uuid.UUID)
	for app := range 4 {
		go func() {
			var ids []uuid.UUID
			for i := int64(app) * 1_000_000; ; i++ {
				select {
				case <-stop:
					done <- ids
					return
				default:
				}
				if id, err := ask[uuid.UUID](p, "/send", number(i)); err == nil {
					ids = append(ids, id)
				}
			}
		}()
	}
	for range rounds {
		time.Sleep(300 * time.Millisecond)
		p.signal(syscall.SIGSTOP)
		time.Sleep(lease + 300*time.Millisecond)
		p.signal(syscall.SIGCONT)
	}
	time.Sleep(300 * time.Millisecond)
	close(stop)
	var ids []uuid.UUID
	for range 4 {
		ids = append(ids, <-done...)
	}
	settle(t, r, ids)
	calls := map[string]simulator.Call{}
	for _, c := range r.Sim.Calls() {
		calls[c.Reference] = c
	}
	for _, id := range ids {
		for _, a := range stateOf(t, r, id).Attempts {
			if c, ok := calls[reference(id, a.N)]; ok && c.At.Sub(time.UnixMilli(a.CalledAt)) > lease {
				t.Errorf("attempt %d of %s was called %s after it was claimed", a.N, id, c.At.Sub(time.UnixMilli(a.CalledAt)))
			}
		}
	}
	t.Logf("%d freezes, %d messages, %d calls", rounds, len(ids), len(calls))
	calledOnce(t, r.Sim)
	r.Verify()
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("within 30 s it did not come to this: %s", what)
		}
	}
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
