package crashtest

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest/faulttest"
	"cascade/policy"
)

// oauthPath is where the simulator renews Zalo's tokens.
const oauthPath = "/zalo/oauth"

const oaID = "1000000000000000001"

// bench is what outlives the workers: the database, the simulator, and one address for the providers' callbacks.
type bench struct {
	t        *testing.T
	sim      *simulator.Simulator
	simURL   string
	hookURL  string
	database string
	tenant   uuid.UUID
	renewals atomic.Int64 // calls for a new token that reached the provider

	mu    sync.Mutex
	alive []*process
	turn  int
}

// shape is how the tenant's accounts and policy are set up.
type shape struct {
	perSecond float64 // of each account on each worker; 0 is 5,000
	timeout   string  // of the ZNS and Viber steps
}

func newBench(t *testing.T, dialect string, s shape) *bench {
	t.Helper()
	b := &bench{t: t, database: modelstest.OpenURL(t, dialect)}
	var err error
	if b.sim, err = simulator.New(simulator.Options{Scale: 0.02}); err != nil {
		t.Fatal(err)
	}
	sim := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, oauthPath) {
			b.renewals.Add(1)
		}
		b.sim.Handler().ServeHTTP(w, r)
	}))
	hooks := httptest.NewServer(http.HandlerFunc(b.forward))
	b.simURL, b.hookURL = sim.URL, hooks.URL
	t.Cleanup(func() {
		if err := b.sim.Close(); err != nil {
			t.Error("simulator:", err)
		}
		sim.Close()
		hooks.Close()
	})
	b.withStore(func(store *models.Store) { b.furnish(store, s) })
	return b
}

// withStore opens the database here. On SQLite no worker may run meanwhile.
func (b *bench) withStore(use func(*models.Store)) {
	b.t.Helper()
	store, err := openStore(b.t.Context(), b.database)
	b.must(err)
	use(store)
	b.must(store.Close())
}

// furnish makes a tenant that is ready to send.
func (b *bench) furnish(store *models.Store, s shape) {
	ctx, now := b.t.Context(), time.Now().UnixMilli()
	b.must(store.Migrate(ctx))
	tenant := models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}
	b.tenant = tenant.ID
	key, _ := models.NewAPIKey(tenant.ID, "live", nil, now)
	b.must(store.CreateTenant(ctx, tenant, key))
	engine, err := newEngine(store, channels.NewHTTPClient(nil), b.hookURL)
	b.must(err)
	oa := simulator.Account{
		Provider: simulator.Zalo, ID: oaID, AppID: "2" + oaID, AppSecret: "app-secret", OASecret: "oa-secret",
		RefreshToken: "rt", AccessToken: "at", Quota: -1,
	}
	zns := b.account(engine, s, "oa", policy.ZNS, "zalo", map[string]string{
		"app_id": oa.AppID, "app_secret": oa.AppSecret, "oa_id": oa.ID, "oa_secret": oa.OASecret, "refresh_token": oa.RefreshToken,
		"access_token": oa.AccessToken, "api_url": b.simURL + "/zalo/api", "oauth_url": b.simURL + oauthPath,
	})
	oa.WebhookURL = engine.HookURL(zns)
	b.sim.Register(oa)
	for _, ch := range []policy.Channel{policy.Viber, policy.SMS} {
		name := string(ch)
		b.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: "key-" + name})
		b.account(engine, s, name, ch, "infobip", map[string]string{
			"base_url": b.simURL + "/infobip", "api_key": "key-" + name, "sender": "ACME", "webhook_secret": "hook-" + name,
		})
	}
	b.must(store.PutPrices(ctx, tenant.ID, []byte(`{"prices":[
		{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), now))
	_, _, err = engine.PutPolicy(ctx, tenant.ID, "default", fmt.Appendf(nil, `{"steps":[{"channel":"zns","until":"delivered","timeout":%q},
		{"channel":"viber","until":"delivered","timeout":%q},{"channel":"sms","until":"delivered","timeout":"2s"}],"ttl":"10m"}`, s.timeout, s.timeout))
	b.must(err)
}

func (b *bench) account(e *orchestrator.Engine, s shape, name string, ch policy.Channel, adapter string, settings map[string]string) models.Account {
	in := orchestrator.AccountInput{
		Name: name, Channel: ch, Adapter: adapter, Settings: map[string]json.RawMessage{}, PerSecond: s.perSecond, Concurrency: 256,
	}
	if in.PerSecond == 0 {
		in.PerSecond = 5000
	}
	for k, v := range settings {
		raw, err := json.Marshal(v)
		b.must(err)
		in.Settings[k] = raw
	}
	a, err := e.CreateAccount(b.t.Context(), b.tenant, in)
	b.must(err)
	return a
}

// process is a running worker.
type process struct {
	*faulttest.Worker
	b     *bench
	proxy *httputil.ReverseProxy
}

// start runs a worker and waits until it listens.
func (b *bench) start(c workerConfig) *process {
	b.t.Helper()
	c.Database, c.PublicURL, c.Tenant = b.database, b.hookURL, b.tenant
	p := &process{Worker: faulttest.StartWorker(b.t, c), b: b}
	target, err := url.Parse(p.URL)
	b.must(err)
	p.proxy = &httputil.ReverseProxy{
		Transport: p.Client.Transport, ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}
	b.mu.Lock()
	b.alive = append(b.alive, p)
	b.mu.Unlock()
	b.sim.SetAccountFault(simulator.Zalo, oaID, "") // callbacks that Zalo gave up while nobody listened are on again
	return p
}

// kill ends the worker at once.
func (p *process) kill() {
	p.Kill()
	p.gone()
}

// terminate asks the worker to end, and reports how long that took.
func (p *process) terminate() time.Duration {
	p.b.t.Helper()
	began := time.Now()
	p.b.must(p.Signal(syscall.SIGTERM))
	select {
	case <-p.Ended():
	case <-time.After(30 * time.Second):
		p.kill()
		p.b.t.Fatal("the worker did not end within 30 s of SIGTERM")
	}
	took := time.Since(began)
	p.gone()
	if err := p.Err(); err != nil {
		p.b.t.Error(err)
	}
	return took
}

func (p *process) gone() {
	p.b.mu.Lock()
	defer p.b.mu.Unlock()
	p.b.alive = slices.DeleteFunc(p.b.alive, func(q *process) bool { return q == p })
}

// next answers the workers in turn; nil while none runs.
func (b *bench) next() *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.alive) == 0 {
		return nil
	}
	b.turn++
	return b.alive[b.turn%len(b.alive)]
}

// forward is the balancer before the workers' callback addresses.
func (b *bench) forward(w http.ResponseWriter, r *http.Request) {
	if p := b.next(); p != nil {
		p.proxy.ServeHTTP(w, r)
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
}

// calls is how many provider calls the worker made.
func (p *process) calls() (n int64) {
	p.b.t.Helper()
	p.b.must(p.Ask(p.b.t.Context(), http.MethodGet, "/calls", nil, &n))
	return n
}

// send has the worker accept a message.
func (p *process) send(to string) (id uuid.UUID, err error) {
	err = p.Ask(p.b.t.Context(), http.MethodPost, "/send", to, &id)
	return id, err
}

// awaitFinal waits until every message has its final status.
func (b *bench) awaitFinal(p *process, ids []uuid.UUID) {
	b.t.Helper()
	const page = 500
	for deadline := time.Now().Add(time.Minute); len(ids) > 0; {
		var open []uuid.UUID
		b.must(p.Ask(b.t.Context(), http.MethodPost, "/open", ids[:min(page, len(ids))], &open))
		ids = append(open, ids[min(page, len(ids)):]...)
		if len(open) == 0 {
			continue
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("%d messages have no final status after a minute, such as %s", len(ids), ids[0])
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// verify fails the test for every invariant that the stored data breaks.
func (b *bench) verify(store *models.Store) {
	b.t.Helper()
	b.must(store.Verify(b.t.Context(), func(v models.Violation) error {
		b.t.Errorf("invariant %s: %s (message %s)", v.Invariant, v.What, v.MessageID)
		return nil
	}))
}

// truthful compares what is stored about the messages with the provider's log: what counts as delivered was delivered
// by the provider, and nobody was left without a message, for every number of the tests can be reached. The exception
// is a call that a kill cut off, or its receipt: at the last step nothing comes after it.
func (b *bench) truthful(store *models.Store, ids []uuid.UUID) {
	b.t.Helper()
	byReference := map[string]simulator.Call{}
	for _, c := range b.sim.Calls() {
		if c.Taken() {
			byReference[c.Reference] = c
		}
	}
	ended := map[policy.MessageStatus]int{}
	for page := range slices.Chunk(ids, 500) {
		states, err := loadStates(b.t.Context(), store, b.tenant, page)
		b.must(err)
		for _, id := range page {
			st := states[id]
			if st == nil {
				b.t.Errorf("message %s was accepted and is not there", id)
				continue
			}
			ended[st.Message.Status]++
			reached, cut := false, false
			for _, a := range st.Attempts {
				call, ok := byReference[faulttest.Reference(id, a.N)]
				proof := a.Status == policy.AttemptDelivered || a.Status == policy.AttemptRead
				if proof && (!ok || call.DeliveredAt == nil) {
					b.t.Errorf("attempt %d of %s is %s, but its provider did not deliver it", a.N, id, a.Status)
				}
				reached = reached || ok
				cut = cut || a.Class == policy.ClassUnknown || a.Status == policy.AttemptTimedOut && a.N == st.Message.Attempts
			}
			if st.Message.Status != policy.Delivered && st.Message.Status != policy.Read && !cut || !reached && !cut {
				b.t.Errorf("message %s ended %s, though every call had a known end (a provider has it: %t): %+v", id, st.Message.Status, reached, st.Attempts)
			}
		}
	}
	b.t.Log("messages ended", ended)
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}
