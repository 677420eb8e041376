// Package crashtest kills whole processes of the engine and looks at what the provider saw. The test binary runs
// itself again as a worker; the simulator and the database stay with the parent, so that a kill hurts neither.
package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest/faulttest"
	"cascade/policy"
)

// The engine's times, short so that a dead worker's work moves soon.
const (
	lease       = 1500 * time.Millisecond
	callTimeout = 500 * time.Millisecond
)

type workerConfig struct {
	Database  string    `json:"database"`
	PublicURL string    `json:"public_url"`
	Tenant    uuid.UUID `json:"tenant"`
	// DieRenewing kills the worker when a provider has answered a token refresh, before anything of it is stored.
	DieRenewing bool `json:"die_renewing"`
}

func TestMain(m *testing.M) { faulttest.Main(m, work) }

// worker is one replica: an engine with the HTTP that the tests need.
type worker struct {
	config workerConfig
	store  *models.Store
	engine *orchestrator.Engine
}

// work runs a worker until SIGTERM, or until the parent is gone.
func work(config []byte) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	w := &worker{}
	if err := json.Unmarshal(config, &w.config); err != nil {
		return err
	}
	var err error
	if w.store, err = openStore(ctx, w.config.Database); err != nil {
		return err
	}
	client := channels.NewHTTPClient(nil)
	if w.config.DieRenewing {
		client.Transport = dying{client.Transport}
	}
	if w.engine, err = newEngine(w.store, client, w.config.PublicURL); err != nil {
		return err
	}
	if err := w.engine.Start(ctx); err != nil {
		return err
	}
	go w.keepUp(ctx)
	server, err := faulttest.Serve(ctx, w.routes())
	if err != nil {
		return err
	}
	return w.stop(server)
}

// stop ends requests first, then calls under way, then the database, as the service does.
func (w *worker) stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(ctx), w.engine.Stop(ctx), w.store.Close())
}

// keepUp does the upkeep of tokens, far more often than the service does.
func (w *worker) keepUp(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for ; ctx.Err() == nil; <-tick.C {
		for _, job := range w.engine.Upkeep() {
			if job.Name == "tokens" {
				_ = job.Run(ctx) // a refresh that was lost is an error each time it is found; the account's state tells
			}
		}
	}
}

func openStore(ctx context.Context, address string) (*models.Store, error) {
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return nil, err
	}
	return models.Open(ctx, models.Options{URL: address, Keys: keys, Now: time.Now})
}

func newEngine(s *models.Store, client *http.Client, publicURL string) (*orchestrator.Engine, error) {
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		return nil, err
	}
	return orchestrator.New(orchestrator.Options{
		Store: s, Registry: registry, HTTP: client, Callbacks: channels.NewHTTPClient(nil), PublicURL: publicURL,
		Now: time.Now, Lease: lease, CallTimeout: callTimeout,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}), nil
}

// dying is a transport that takes the process down between a refresh's answer and its commit.
type dying struct{ http.RoundTripper }

// RoundTrip makes the call.
func (d dying) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(r)
	if err == nil && strings.Contains(r.URL.Path, oauthPath) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	return resp, err
}

func (w *worker) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /send", w.send)
	mux.HandleFunc("POST /open", w.open)
	mux.HandleFunc("GET /calls", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, http.StatusOK, w.engine.Counters.Calls.Load())
	})
	mux.HandleFunc("GET /accounts", w.accounts)
	mux.HandleFunc("POST /hooks/{adapter}/{account}", w.hook)
	return mux
}

func answer(rw http.ResponseWriter, status int, body any) {
	rw.WriteHeader(status)
	_ = json.NewEncoder(rw).Encode(body) // the caller may be gone
}

// send accepts one message to the number in the body; 202 with its id once it is on disk.
func (w *worker) send(rw http.ResponseWriter, r *http.Request) {
	var to string
	if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
		answer(rw, http.StatusBadRequest, err.Error())
		return
	}
	acc, err := w.engine.Accept(r.Context(), orchestrator.Caller{TenantID: w.config.Tenant}, submission(to))
	if err != nil {
		answer(rw, http.StatusServiceUnavailable, err.Error())
		return
	}
	answer(rw, http.StatusAccepted, acc.Message.ID)
}

// open answers which of the messages in the body have no final status. A message that is not there is an error.
func (w *worker) open(rw http.ResponseWriter, r *http.Request) {
	var ids []uuid.UUID
	if err := json.NewDecoder(r.Body).Decode(&ids); err != nil {
		answer(rw, http.StatusBadRequest, err.Error())
		return
	}
	states, err := loadStates(r.Context(), w.store, w.config.Tenant, ids)
	if err != nil {
		answer(rw, http.StatusInternalServerError, err.Error())
		return
	}
	open := []uuid.UUID{}
	for _, id := range ids {
		switch st := states[id]; {
		case st == nil:
			answer(rw, http.StatusNotFound, "lost: "+id.String())
			return
		case !st.Message.Status.Final():
			open = append(open, id)
		}
	}
	answer(rw, http.StatusOK, open)
}

func loadStates(ctx context.Context, s *models.Store, tenant uuid.UUID, ids []uuid.UUID) (map[uuid.UUID]*models.State, error) {
	refs := make([]models.Ref, len(ids))
	for i, id := range ids {
		refs[i] = models.Ref{TenantID: tenant, ID: id}
	}
	loaded, err := s.LoadStates(ctx, refs)
	out := make(map[uuid.UUID]*models.State, len(loaded))
	for ref, st := range loaded {
		out[ref.ID] = st
	}
	return out, err
}

// accounts answers the accounts' states by name.
func (w *worker) accounts(rw http.ResponseWriter, r *http.Request) {
	rows, err := w.store.Accounts(r.Context(), w.config.Tenant)
	if err != nil {
		answer(rw, http.StatusInternalServerError, err.Error())
		return
	}
	states := map[string]models.AccountState{}
	for _, a := range rows {
		states[a.Name] = a.State
	}
	answer(rw, http.StatusOK, states)
}

// hook is the providers' road in.
func (w *worker) hook(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		rw.WriteHeader(http.StatusBadRequest)
		return
	}
	id, err := uuid.Parse(r.PathValue("account"))
	if err != nil {
		rw.WriteHeader(http.StatusNotFound)
		return
	}
	_, err = w.engine.Hook(r.Context(), r.PathValue("adapter"), id, channels.Hook{
		Method: r.Method, URL: w.config.PublicURL + r.RequestURI, Header: r.Header, Body: body,
	})
	switch {
	case err == nil:
		rw.WriteHeader(http.StatusOK)
	case errors.Is(err, orchestrator.ErrForged):
		rw.WriteHeader(http.StatusUnauthorized)
	default:
		rw.WriteHeader(http.StatusServiceUnavailable)
	}
}

// submission is a message with content for every channel.
func submission(to string) orchestrator.Submission {
	return orchestrator.Submission{To: to, Category: policy.Transaction, PolicyName: "default", Content: map[policy.Channel]channels.Content{
		policy.ZNS:   {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}},
		policy.Viber: {Text: "Đơn A-1029 đã gửi"},
		policy.SMS:   {Text: "Don A-1029 da gui"},
	}}
}
