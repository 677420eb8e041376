// Package orchestratortest sets an engine up against the provider simulator, with a tenant that is ready to send: the
// real adapters on the real wire, on whichever database the test opens.
package orchestratortest

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/esms"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/smpp"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// Rig is an engine with its surroundings.
type Rig struct {
	Engine *orchestrator.Engine
	Store  *models.Store
	Sim    *simulator.Simulator
	// Desk is a provider of the tests' own.
	Desk   *Desk
	Tenant models.Tenant
	Caller orchestrator.Caller
	// Accounts by name: oa-main (zns), viber-main, sms-main.
	Accounts map[string]models.Account
	SimURL   string
	HookURL  string
	t        testing.TB
}

// Config changes how a Rig is made. The zero Config is a fast simulator and three accounts.
type Config struct {
	Sim   simulator.Options
	Lease time.Duration
	Now   func() time.Time
	// PerSecond and Concurrency shape every account; 0 is 5,000 and 256.
	PerSecond   float64
	Concurrency int64
	Log         *slog.Logger
	// HTTP calls the providers; nil is a client without faults.
	HTTP *http.Client
	// Journal keeps the calls; nil keeps none.
	Journal *orchestrator.Journal
}

// Prices of the rig, in VND.
const (
	PriceZNS   = 200
	PriceViber = 470
	PriceSMS   = 820
)

// New makes a Rig on store and stops it when the test ends.
func New(t testing.TB, store *models.Store, c Config) *Rig {
	t.Helper()
	if c.Sim.Scale == 0 {
		c.Sim.Scale = 0.02
	}
	if c.Sim.ReadAfter == 0 { // a test that waits for the delivery must not find it read when it looks late
		c.Sim.ReadAfter = time.Hour
	}
	sim, err := simulator.New(c.Sim)
	if err != nil {
		t.Fatal(err)
	}
	simServer := httptest.NewServer(sim.Handler())
	r := &Rig{Store: store, Sim: sim, SimURL: simServer.URL, Accounts: map[string]models.Account{}, Desk: &Desk{}, t: t}
	hooks := httptest.NewServer(http.HandlerFunc(r.serveHook))
	r.HookURL = hooks.URL
	r.Engine = r.NewEngine(c)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil { // first, so that no webhook meets a stopped engine
			t.Error("simulator:", err)
		}
		hooks.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Engine.Stop(ctx); err != nil {
			t.Error("engine:", err)
		}
		simServer.Close()
	})
	if err := r.Engine.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.furnish(c)
	return r
}

// NewEngine makes another engine on the rig's database and simulator, not started: a second replica.
func (r *Rig) NewEngine(c Config) *orchestrator.Engine {
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec(), esms.Spec(), smpp.Spec(), r.Desk.Spec())
	if err != nil {
		r.t.Fatal(err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return orchestrator.New(orchestrator.Options{
		Store: r.Store, Registry: registry, HTTP: cmp.Or(c.HTTP, channels.NewHTTPClient(nil)), Callbacks: channels.NewHTTPClient(nil),
		PublicURL: r.HookURL, Lease: c.Lease, Now: c.Now, Log: c.Log, Journal: c.Journal,
	})
}

// serveHook is the provider's road in, as package web has it.
func (r *Rig) serveHook(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	dir, id := path.Split(req.URL.Path)
	account, err := uuid.Parse(id)
	if err != nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_, err = r.Engine.Hook(req.Context(), path.Base(dir), account, channels.Hook{
		Method: req.Method, URL: r.HookURL + req.RequestURI, Header: req.Header, Body: body,
	})
	switch {
	case err == nil:
		w.WriteHeader(http.StatusOK)
	case strings.Contains(err.Error(), orchestrator.ErrForged.Error()):
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// furnish makes a tenant with accounts, prices and a policy called default.
func (r *Rig) furnish(c Config) {
	ctx := r.t.Context()
	now := time.Now().UnixMilli()
	r.Tenant = models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: "acme-" + uuid.NewString()[:8], DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}
	key, _ := models.NewAPIKey(r.Tenant.ID, "live", nil, now)
	r.must(r.Store.CreateTenant(ctx, r.Tenant, key))
	r.Caller = orchestrator.Caller{TenantID: r.Tenant.ID}
	r.AddZalo(c, "oa-main")
	r.addInfobip(c, "viber-main", policy.Viber)
	r.addInfobip(c, "sms-main", policy.SMS)
	r.must(r.Store.PutPrices(ctx, r.Tenant.ID, []byte(`{"prices":[
		{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), now))
	r.Policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"2s"},
		{"channel":"viber","until":"delivered","timeout":"2s"},{"channel":"sms","until":"delivered","timeout":"5s"}],"ttl":"10m"}`)
}

// AddZalo makes a ZNS account, known to the simulator.
func (r *Rig) AddZalo(c Config, name string) models.Account {
	oa := strconv.FormatUint(uint64(uuid.New().ID())+1e18, 10) // digits, as Zalo's
	secret := simulator.Account{
		Provider: simulator.Zalo, ID: oa, AppID: "2" + oa, AppSecret: "app-secret-" + oa, OASecret: "oa-secret-" + oa,
		RefreshToken: "rt-" + oa, AccessToken: "at-" + oa, Quota: -1,
	}
	a := r.AddAccount(c, name, policy.ZNS, "zalo", map[string]string{
		"app_id": secret.AppID, "app_secret": secret.AppSecret, "oa_id": oa, "oa_secret": secret.OASecret,
		"refresh_token": secret.RefreshToken, "access_token": secret.AccessToken,
		"api_url": r.SimURL + "/zalo/api", "openapi_url": r.SimURL + "/zalo/openapi", "oauth_url": r.SimURL + "/zalo/oauth",
	})
	secret.WebhookURL = r.Engine.HookURL(a)
	r.Sim.Register(secret)
	return a
}

func (r *Rig) addInfobip(c Config, name string, ch policy.Channel) {
	key := "key-" + name + "-" + r.Tenant.ID.String()[24:]
	r.Sim.Register(simulator.Account{Provider: simulator.Infobip, ID: key})
	r.AddAccount(c, name, ch, "infobip", map[string]string{
		"base_url": r.SimURL + "/infobip", "api_key": key, "sender": "ACME", "webhook_secret": "hook-secret-" + name,
	})
}

// AddAccount makes an account of any adapter.
func (r *Rig) AddAccount(c Config, name string, ch policy.Channel, adapter string, settings map[string]string) models.Account {
	raw := map[string]json.RawMessage{}
	for k, v := range settings {
		b, err := json.Marshal(v)
		r.must(err)
		raw[k] = b
	}
	in := orchestrator.AccountInput{Name: name, Channel: ch, Adapter: adapter, Settings: raw, PerSecond: c.PerSecond, Concurrency: c.Concurrency}
	if in.PerSecond == 0 {
		in.PerSecond = 5000
	}
	if in.Concurrency == 0 {
		in.Concurrency = 256
	}
	a, err := r.Engine.CreateAccount(r.t.Context(), r.Tenant.ID, in)
	r.must(err)
	r.Accounts[name] = a
	return a
}

// Policy puts a policy.
func (r *Rig) Policy(name, body string) {
	r.t.Helper()
	_, _, err := r.Engine.PutPolicy(r.t.Context(), r.Tenant.ID, name, []byte(body))
	r.must(err)
}

// Template puts a template of transactions, its params and content as JSON.
func (r *Rig) Template(name, params, content string) {
	r.t.Helper()
	r.must(r.Store.PutTemplate(r.t.Context(), models.Template{
		TenantID: r.Tenant.ID, Name: name, Category: policy.Transaction, Params: []byte(params), Content: []byte(content), UpdatedAt: time.Now().UnixMilli(),
	}))
	r.Engine.Reload()
}

// Submission is a message to a number with content for every channel.
func (r *Rig) Submission(to string) orchestrator.Submission {
	return orchestrator.Submission{To: to, Category: policy.Transaction, PolicyName: "default", Content: map[policy.Channel]channels.Content{
		policy.ZNS:   {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}},
		policy.Viber: {Text: "Đơn A-1029 đã gửi"},
		policy.SMS:   {Text: "Don A-1029 da gui"},
	}}
}

// Send accepts a message to a number and answers its id.
func (r *Rig) Send(to string) uuid.UUID {
	r.t.Helper()
	acc, err := r.Engine.Accept(r.t.Context(), r.Caller, r.Submission(to))
	r.must(err)
	return acc.Message.ID
}

// Await waits until the message satisfies ok, and answers it.
func (r *Rig) Await(id uuid.UUID, ok func(orchestrator.MessageView) bool) orchestrator.MessageView {
	r.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		v, err := r.Engine.Message(r.t.Context(), r.Tenant.ID, id)
		r.must(err)
		if ok(v) {
			return v
		}
		if time.Now().After(deadline) {
			b, _ := json.MarshalIndent(v, "", " ")
			r.t.Fatalf("message did not get there in 30 s: %s", b)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Final is an Await condition: the message has its final status.
func Final(v orchestrator.MessageView) bool { return v.Status.Final() }

// Verify fails the test for every invariant that the stored data breaks.
func (r *Rig) Verify() {
	r.t.Helper()
	var mu sync.Mutex
	err := r.Store.Verify(r.t.Context(), func(v models.Violation) error {
		mu.Lock()
		defer mu.Unlock()
		r.t.Errorf("invariant %s: %s (message %s)", v.Invariant, v.What, v.MessageID)
		return nil
	})
	r.must(err)
}

func (r *Rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}
