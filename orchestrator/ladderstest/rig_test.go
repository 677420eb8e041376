package ladderstest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/esms"
	"cascade/channels/httpgw"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/sinch"
	"cascade/channels/smpp"
	"cascade/channels/twilio"
	"cascade/channels/vonage"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// Prices in VND: the simulator's.
var prices = map[policy.Channel]int64{policy.ZNS: 200, policy.Viber: 470, policy.SMS: 820}

const priceBook = `{"prices":[
	{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
	{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
	{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`

// rig is an engine that speaks to every provider twice: each adapter under test has providers of its own, and so have
// the openers and spares around it, since a number that one refuses the other must take.
type rig struct {
	t              *testing.T
	store          *models.Store
	engine         *orchestrator.Engine
	tenant         uuid.UUID
	hookURL        string
	tested, others *providers
	places         map[string]place // by account
}

// place is where an account's messages arrive.
type place struct {
	*providers
	id       uuid.UUID
	provider string
	channel  policy.Channel
}

// calls are the account's for a number.
func (p place) calls(to string) []simulator.Call {
	return slices.DeleteFunc(p.providers.calls(to), func(c simulator.Call) bool {
		return c.Provider != p.provider || c.Channel != string(p.channel)
	})
}

func newRig(t *testing.T, store *models.Store) *rig {
	t.Helper()
	r := &rig{t: t, store: store, places: map[string]place{}}
	hooks := httptest.NewServer(http.HandlerFunc(r.serveHook))
	r.hookURL = hooks.URL
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec(), esms.Spec(), smpp.Spec(), sinch.Spec(), twilio.Spec(), vonage.Spec(), httpgw.Spec())
	r.must(err)
	r.engine = orchestrator.New(orchestrator.Options{
		Store: store, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil), PublicURL: hooks.URL, Now: time.Now,
	})
	r.must(r.engine.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.engine.Stop(ctx); err != nil {
			t.Error("engine:", err)
		}
		hooks.Close()
	})
	r.tested, r.others = newProviders(t), newProviders(t) // they end first, so that no callback meets a stopped engine
	r.furnish()
	return r
}

// furnish makes the tenant, and an account on each rung.
func (r *rig) furnish() {
	r.t.Helper()
	now := time.Now().UnixMilli()
	r.tenant = uuid.Must(uuid.NewV7())
	key, _ := models.NewAPIKey(r.tenant, models.ModeLive, nil, now)
	r.must(r.store.CreateTenant(r.t.Context(), models.Tenant{
		ID: r.tenant, Name: "acme-" + uuid.NewString()[:8], DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}, key))
	r.must(r.store.PutPrices(r.t.Context(), r.tenant, []byte(priceBook), now))
	r.engine.Reload()
	around := map[string]rung{}
	for _, u := range rungs {
		r.account(r.tested, u.name(), u)
		around[u.opener().name()], around[u.spare().name()] = u.opener(), u.spare()
	}
	for name, u := range around {
		r.account(r.others, other(name), u)
	}
}

// other is the name of an account at the providers around the adapter under test.
func other(name string) string { return "other-" + name }

// account makes an account here and at its provider. One that keeps a session is waited for.
func (r *rig) account(p *providers, name string, u rung) {
	r.t.Helper()
	in := orchestrator.AccountInput{
		ID: uuid.Must(uuid.NewV7()), Name: name, Channel: u.channel, Adapter: u.adapter, PerSecond: 5000, Concurrency: 256,
	}
	r.must(json.Unmarshal([]byte(u.settings(p)), &in.Settings))
	p.register(u, r.hookURL+"/hooks/"+u.adapter+"/"+in.ID.String())
	_, err := r.engine.CreateAccount(r.t.Context(), r.tenant, in)
	r.must(err)
	r.places[name] = place{p, in.ID, u.provider(), u.channel}
	if u.adapter == smpp.Spec().Name {
		await(r.t, name+" is bound", func() bool {
			findings, err := r.engine.CheckAccount(r.t.Context(), r.tenant, in.ID)
			r.must(err)
			return findings[0].Code == "bound"
		})
	}
}

// serveHook is the providers' road in, as package web has it.
func (r *rig) serveHook(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	dir, id := path.Split(req.URL.Path)
	account, odd := uuid.Parse(id)
	if err != nil || odd != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer, err := r.engine.Hook(req.Context(), path.Base(dir), account, channels.Hook{
		Method: req.Method, URL: r.hookURL + req.RequestURI, Header: req.Header, Body: body,
	})
	switch {
	case err == nil:
		w.Header().Set("Content-Type", answer.ContentType)
		w.WriteHeader(answer.Status)
		_, _ = w.Write(answer.Body)
	case errors.Is(err, orchestrator.ErrForged):
		r.t.Errorf("%s %s is taken for forged", req.Method, req.URL.Path)
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// policy puts a ladder of accounts. The first step waits for first, the second for as long as it takes.
func (r *rig) policy(name string, first time.Duration, steps ...step) {
	r.t.Helper()
	type wire struct {
		Channel  policy.Channel `json:"channel"`
		Accounts []string       `json:"accounts"`
		Until    string         `json:"until"`
		Timeout  string         `json:"timeout"`
	}
	list := make([]wire, len(steps))
	for i, s := range steps {
		list[i] = wire{s.channel, []string{s.account}, "delivered", "5m"}
	}
	list[0].Timeout = first.String()
	raw, err := json.Marshal(map[string]any{"steps": list, "ttl": "15m"})
	r.must(err)
	_, _, err = r.engine.PutPolicy(r.t.Context(), r.tenant, name, raw)
	r.must(err)
}

// step is one of a ladder.
type step struct {
	channel policy.Channel
	account string
}

// send accepts a message with content for every channel.
func (r *rig) send(policyName, to string) uuid.UUID {
	r.t.Helper()
	acc, err := r.engine.Accept(r.t.Context(), orchestrator.Caller{TenantID: r.tenant}, orchestrator.Submission{
		To: to, Category: policy.Transaction, PolicyName: policyName, Content: map[policy.Channel]channels.Content{
			policy.ZNS:   {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}},
			policy.Viber: {Text: "Đơn A-1029 đã gửi"},
			policy.SMS:   {Text: "Don A-1029 da gui"},
		},
	})
	r.must(err)
	return acc.Message.ID
}

// charged is the sum of a message's ledger, in VND.
func (r *rig) charged(t *testing.T, id uuid.UUID) int64 {
	t.Helper()
	lines, err := r.store.Charges(t.Context(), r.tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	micros := int64(0)
	for _, l := range lines {
		micros += l.Amount
		if l.Currency != "VND" {
			t.Errorf("charged %+v", l)
		}
	}
	return micros / 1_000_000
}

// verify fails the test for every invariant that the stored data breaks.
func (r *rig) verify() {
	r.t.Helper()
	r.must(r.store.Verify(r.t.Context(), func(v models.Violation) error {
		r.t.Errorf("invariant %s: %s (message %s)", v.Invariant, v.What, v.MessageID)
		return nil
	}))
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// await waits until ok, 30 s at most.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
