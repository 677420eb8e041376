package hostiletest

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/httpgw"
	"cascade/channels/infobip"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// hostile is an engine with short times whose accounts speak to providers that a test makes misbehave.
type hostile struct {
	t        *testing.T
	store    *models.Store
	engine   *orchestrator.Engine
	tenant   models.Tenant
	caller   orchestrator.Caller
	accounts map[string]models.Account
	scripts  sync.Map // by account name: what a scripted adapter does
}

// script is a provider without a wire: it is called for every send.
type script func(ctx context.Context, out channels.Outbound) (channels.Taken, error)

// hostileTimes are the engine's; the zero value is a call of 500 ms under a lease of 10 s.
type hostileTimes struct{ call, lease time.Duration }

func newHostile(t *testing.T, store *models.Store, times hostileTimes, client *http.Client) *hostile {
	t.Helper()
	h := &hostile{t: t, store: store, accounts: map[string]models.Account{}}
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec(), httpgw.Spec(), channels.Spec{
		Name: "script", Channels: policy.Channels(), Fields: []channels.Field{{Name: "name", Required: true}}, New: h.newScripted,
	})
	h.must(err)
	if times.call == 0 {
		times.call = 500 * time.Millisecond
	}
	if times.lease == 0 {
		times.lease = max(3*times.call, 10*time.Second) // no test here waits for it, and a busy machine must not end it
	}
	if client == nil {
		client = channels.NewHTTPClient(nil)
	}
	h.engine = orchestrator.New(orchestrator.Options{
		Store: store, Registry: registry, HTTP: client, Callbacks: channels.NewHTTPClient(nil), PublicURL: "http://127.0.0.1:1",
		Now: time.Now, CallTimeout: times.call, Lease: times.lease,
	})
	h.must(h.engine.Start(t.Context()))
	t.Cleanup(h.stop)
	h.tenant = models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: "acme-" + uuid.NewString()[:8], DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh",
		Currency: "VND", CreatedAt: time.Now().UnixMilli(),
	}
	key, _ := models.NewAPIKey(h.tenant.ID, "live", nil, time.Now().UnixMilli())
	h.must(store.CreateTenant(t.Context(), h.tenant, key))
	h.caller = orchestrator.Caller{TenantID: h.tenant.ID}
	h.must(store.PutPrices(t.Context(), h.tenant.ID, []byte(`{"prices":[
		{"channel":"sms","unit":"message","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"1999-01-01T00:00:00Z"}]}`), time.Now().UnixMilli()))
	return h
}

func (h *hostile) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.engine.Stop(ctx); err != nil {
		h.t.Error("engine:", err)
	}
}

// account makes one with settings written as JSON.
func (h *hostile) account(in orchestrator.AccountInput, settings string) models.Account {
	h.t.Helper()
	h.must(json.Unmarshal([]byte(settings), &in.Settings))
	if in.PerSecond == 0 {
		in.PerSecond = 5000
	}
	if in.Concurrency == 0 {
		in.Concurrency = 32
	}
	a, err := h.engine.CreateAccount(h.t.Context(), h.tenant.ID, in)
	h.must(err)
	h.accounts[in.Name] = a
	return a
}

// gatewaySettings are those of an HTTP gateway that answers {"ok":true,"id":"…"} and reports {"id":"…","status":"…"}.
const gatewaySettings = `{
	"request": {"url": "BASE/send", "content_type": "json", "body": {"to": "{{to_digits}}", "ref": "{{id}}", "text": "{{text}}"}},
	"response": {"success": [{"pointer": "/ok", "equals": true}], "provider_id": {"pointer": "/id"}, "code": {"pointer": "/code"}},
	"receipt": {"id": {"pointer": "/id", "kind": "provider"}, "status": {"pointer": "/status"},
		"status_map": {"delivered": "delivered", "failed": "failed", "sent": "sent"}, "verify": {"token": "{{secret.hook}}"}},
	"secrets": {"hook": "h00k"}}`

// gateway makes an SMS account with the http adapter, for a gateway at base.
func (h *hostile) gateway(name, base string) models.Account {
	h.t.Helper()
	return h.account(orchestrator.AccountInput{Name: name, Channel: policy.SMS, Adapter: "http"}, strings.ReplaceAll(gatewaySettings, "BASE", base))
}

// scripted makes an SMS account whose provider is a function.
func (h *hostile) scripted(name string, perSecond float64, s script) models.Account {
	h.t.Helper()
	h.scripts.Store(name, s)
	return h.account(orchestrator.AccountInput{Name: name, Channel: policy.SMS, Adapter: "script", PerSecond: perSecond}, fmt.Sprintf(`{"name":%q}`, name))
}

// scriptedAdapter is a provider that gives no receipts.
type scriptedAdapter struct{ run script }

func (h *hostile) newScripted(c channels.Config) (channels.Adapter, error) {
	var name string
	if err := json.Unmarshal(c.Settings["name"], &name); err != nil {
		return nil, &channels.SettingError{Field: "name", Message: "is no text"}
	}
	s, ok := h.scripts.Load(name)
	if !ok {
		return nil, &channels.SettingError{Field: "name", Message: "has no script"}
	}
	return scriptedAdapter{s.(script)}, nil
}

// Capabilities are none: "taken" is all there is.
func (scriptedAdapter) Capabilities() channels.Capabilities { return channels.Capabilities{} }

// Send runs the script.
func (a scriptedAdapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	return a.run(ctx, out)
}

// policy makes a policy of SMS steps, one an account, each waiting for what it can until its time is over.
func (h *hostile) policy(name, timeout, ttl string, accounts ...string) {
	h.t.Helper()
	steps := make([]string, len(accounts))
	for i, a := range accounts {
		steps[i] = fmt.Sprintf(`{"channel":"sms","accounts":[%q],"until":"delivered","timeout":%q}`, a, timeout)
	}
	_, _, err := h.engine.PutPolicy(h.t.Context(), h.tenant.ID, name, fmt.Appendf(nil, `{"steps":[%s],"ttl":%q}`, strings.Join(steps, ","), ttl))
	h.must(err)
}

// submission is a text message to a number.
func (h *hostile) submission(policyName, to string) orchestrator.Submission {
	return orchestrator.Submission{
		To: to, Category: policy.Transaction, PolicyName: policyName,
		Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "Ma 4821"}},
	}
}

func (h *hostile) send(policyName, to string) uuid.UUID {
	h.t.Helper()
	acc, err := h.engine.Accept(h.t.Context(), h.caller, h.submission(policyName, to))
	h.must(err)
	return acc.Message.ID
}

// sendMany accepts n messages at once.
func (h *hostile) sendMany(policyName string, n int) (ids []uuid.UUID) {
	h.t.Helper()
	batch := make([]orchestrator.Submission, n)
	for i := range batch {
		batch[i] = h.submission(policyName, hostileNumber(i))
	}
	for _, out := range h.engine.AcceptBatch(h.t.Context(), h.caller, batch) {
		h.must(out.Err)
		ids = append(ids, out.Accepted.Message.ID)
	}
	return ids
}

func (h *hostile) message(id uuid.UUID) orchestrator.MessageView {
	h.t.Helper()
	v, err := h.engine.Message(h.t.Context(), h.tenant.ID, id)
	h.must(err)
	return v
}

// state is a message as it is stored.
func (h *hostile) state(id uuid.UUID) *models.State {
	h.t.Helper()
	ref := models.Ref{TenantID: h.tenant.ID, ID: id}
	states, err := h.store.LoadStates(h.t.Context(), []models.Ref{ref})
	h.must(err)
	if states[ref] == nil {
		h.t.Fatalf("message %s is not there", id)
	}
	return states[ref]
}

// await waits until the message satisfies ok, 30 s at most.
func (h *hostile) await(id uuid.UUID, ok func(orchestrator.MessageView) bool) orchestrator.MessageView {
	h.t.Helper()
	return h.awaitFor(id, 30*time.Second, ok)
}

func (h *hostile) awaitFor(id uuid.UUID, most time.Duration, ok func(orchestrator.MessageView) bool) orchestrator.MessageView {
	h.t.Helper()
	for limit := time.Now().Add(most); ; time.Sleep(20 * time.Millisecond) {
		v := h.message(id)
		if ok(v) {
			return v
		}
		if time.Now().After(limit) {
			h.t.Fatalf("message did not get there in time: %s %s %+v", v.Status, v.Reason, v.Attempts)
		}
	}
}

// taken is an await condition: the provider has the latest attempt.
func taken(v orchestrator.MessageView) bool {
	return len(v.Attempts) > 0 && v.Attempts[len(v.Attempts)-1].SentAt != nil
}

// verify fails the test for every invariant that the stored data breaks.
func (h *hostile) verify() {
	h.t.Helper()
	h.must(h.store.Verify(h.t.Context(), func(v models.Violation) error {
		h.t.Errorf("invariant %s: %s (message %s)", v.Invariant, v.What, v.MessageID)
		return nil
	}))
}

func (h *hostile) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// hexOf is an attempt's reference.
func hexOf(id uuid.UUID) string { return hex.EncodeToString(id[:]) }

func hostileNumber(i int) string { return fmt.Sprintf("+8491%07d", i) }
