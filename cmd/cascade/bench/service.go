package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
	"cascade/web"
)

// concurrency is how many calls an account may have under way.
const concurrency = 1024

// service is what is measured.
type service struct {
	engine   *orchestrator.Engine
	store    *models.Store
	server   *http.Server
	url, key string
	tenant   uuid.UUID
	known    []simulator.Account
	watched  *watched
}

// startService runs an engine on store behind HTTP, with a tenant whose accounts are the simulator's.
func startService(ctx context.Context, store *models.Store, simulatorURL string) (*service, error) {
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &service{store: store, url: "http://" + ln.Addr().String(), watched: &watched{final: map[uuid.UUID]struct{}{}}}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s.engine = orchestrator.New(orchestrator.Options{
		Store: store, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil),
		PublicURL: s.url, Now: time.Now, Watch: s.watched.see,
		Log: log,
	})
	if err := s.engine.Start(ctx); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	handler := web.New(web.Deps{
		Engine: s.engine, Store: store, PublicURL: s.url, Registry: registry, Now: time.Now, Log: log, Metrics: http.NotFoundHandler(),
	})
	s.server = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = s.server.Serve(ln) }() // ends with stop
	if err := s.furnish(ctx, simulatorURL); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *service) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	return errors.Join(s.server.Close(), s.engine.Stop(ctx))
}

// providerAccounts are what the load is sent by, as the providers know them.
func providerAccounts() (oa, sms simulator.Account) {
	oa = simulator.Account{
		Provider: simulator.Zalo, ID: "1000000000000000001", AppID: "2000000000000000001", AppSecret: "bench-app-secret", OASecret: "bench-oa-secret",
		RefreshToken: "bench-refresh", AccessToken: "bench-access", Quota: -1,
	}
	return oa, simulator.Account{Provider: simulator.Infobip, ID: "bench-api-key"}
}

// furnish makes the tenant, its accounts, prices and policy.
func (s *service) furnish(ctx context.Context, simulatorURL string) error {
	now := time.Now().UnixMilli()
	tenant := models.Tenant{ID: uuid.Must(uuid.NewV7()), Name: "bench", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now}
	row, key := models.NewAPIKey(tenant.ID, "live", nil, now)
	s.tenant, s.key = tenant.ID, key
	if err := s.store.CreateTenant(ctx, tenant, row); err != nil {
		return err
	}
	oa, sms := providerAccounts()
	a, err := s.account(ctx, policy.ZNS, "zalo", map[string]string{
		"app_id": oa.AppID, "app_secret": oa.AppSecret, "oa_id": oa.ID, "oa_secret": oa.OASecret,
		"refresh_token": oa.RefreshToken, "access_token": oa.AccessToken,
		"api_url": simulatorURL + "/zalo/api", "oauth_url": simulatorURL + "/zalo/oauth",
	})
	if err != nil {
		return err
	}
	oa.WebhookURL = s.engine.HookURL(a)
	if _, err := s.account(ctx, policy.SMS, "infobip", map[string]string{
		"base_url": simulatorURL + "/infobip", "api_key": sms.ID, "sender": "ACME", "webhook_secret": "bench-hook-secret",
	}); err != nil {
		return err
	}
	s.known = []simulator.Account{oa, sms}
	if err := s.store.PutPrices(ctx, tenant.ID, []byte(`{"prices":[
		{"channel":"zns","unit":"message","moment":"delivered","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), now); err != nil {
		return err
	}
	_, _, err = s.engine.PutPolicy(ctx, tenant.ID, "default", fmt.Appendf(nil,
		`{"steps":[{"channel":"zns","until":"delivered","timeout":"%s"},{"channel":"sms","until":"sent","timeout":"%s"}],"ttl":"10m"}`, Wait, Wait))
	return err
}

func (s *service) account(ctx context.Context, ch policy.Channel, adapter string, settings map[string]string) (models.Account, error) {
	raw := map[string]json.RawMessage{}
	for name, value := range settings {
		raw[name] = json.RawMessage(`"` + value + `"`)
	}
	return s.engine.CreateAccount(ctx, s.tenant, orchestrator.AccountInput{
		Name: string(ch), Channel: ch, Adapter: adapter, Settings: raw, PerSecond: 1e5, Concurrency: concurrency,
	})
}

func (s *service) address() (url, key string)    { return s.url, s.key }
func (s *service) accounts() []simulator.Account { return s.known }
func (s *service) mark(accepted bool) mark       { return s.watched.mark(accepted) }

// drain waits until n messages have ended.
func (s *service) drain(ctx context.Context, n int) error {
	return until(ctx, func() int { return s.watched.mark(false).n }, n)
}

// watched is what committed changes tell: ends, and how late timers were.
type watched struct {
	mu       sync.Mutex
	accepted int
	final    map[uuid.UUID]struct{}
	late     []float64 // milliseconds
}

func (w *watched) see(st models.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if st.Message.Version == 1 {
		w.accepted++
	}
	if !st.Message.Status.Final() {
		return
	}
	if _, again := w.final[st.Message.ID]; again {
		return
	}
	w.final[st.Message.ID] = struct{}{}
	for _, a := range st.Attempts {
		if a.Status == policy.AttemptTimedOut && a.SentAt > 0 {
			acted := a.EndedAt
			if a.AskedAt > 0 { // the provider was asked first, and its answer took its time
				acted = a.AskedAt
			}
			w.late = append(w.late, float64(acted-a.SentAt-Wait.Milliseconds()))
		}
	}
}

func (w *watched) mark(accepted bool) mark {
	w.mu.Lock()
	defer w.mu.Unlock()
	if accepted {
		return mark{time.Now(), w.accepted}
	}
	return mark{time.Now(), len(w.final)}
}
