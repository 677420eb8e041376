package orchestrator_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// withESMS is a rig whose only policy goes to eSMS, whose callbacks prove nothing.
func withESMS(t *testing.T, s *models.Store) (*orchestratortest.Rig, models.Account) {
	t.Helper()
	var c orchestratortest.Config
	r := orchestratortest.New(t, s, c)
	key := "esms-" + uuid.NewString()
	r.Sim.Register(simulator.Account{Provider: simulator.ESMS, ID: key, AppSecret: "secret", Senders: []string{"ACME"}})
	a := r.AddAccount(c, "esms", policy.SMS, "esms", map[string]string{
		"api_url": r.SimURL + "/esms/MainService.svc/json", "api_key": key, "secret_key": "secret", "brandname": "ACME", "webhook_secret": "hook-secret",
	})
	r.Policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"20s","accounts":["esms"]}],"ttl":"10m"}`)
	return r, a
}

// A callback that proves nothing by itself changes a message only by what the provider says when it is asked.
func TestHintIsConfirmed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r, _ := withESMS(t, s)
		v := r.Await(r.Send("+84912345678"), orchestratortest.Final)
		if v.Status != policy.Delivered || r.Engine.Counters.Asked.Load() == 0 {
			t.Errorf("status %s, asked %d times", v.Status, r.Engine.Counters.Asked.Load())
		}
		r.Verify()
	})
}

// Whoever knows the address can write a callback; the provider knows better.
func TestHintThatTheProviderDoesNotConfirm(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r, a := withESMS(t, s)
		never := -time.Second
		r.Sim.SetRule("84912345679", simulator.Rule{Channel: simulator.SMS, Deliver: &never})
		id := r.Send("+84912345679")
		v := r.Await(id, func(v orchestrator.MessageView) bool {
			return len(v.Attempts) == 1 && v.Attempts[0].Status == policy.AttemptSent
		})
		forged := url.Values{
			"token": {"hook-secret"}, "SMSID": {v.Attempts[0].ProviderMessageID}, "RequestId": {v.Attempts[0].ID.String()},
			"SendStatus": {"5"}, "SendSuccess": {"1"}, "SendFailed": {"0"}, "TotalReceiver": {"1"}, "TypeId": {"2"}, "TotalPrice": {"300"},
		}
		hook := func() {
			t.Helper()
			_, err := r.Engine.Hook(t.Context(), "esms", a.ID, channels.Hook{
				Method: http.MethodGet, URL: r.Engine.HookURL(a) + "?" + forged.Encode(), Header: http.Header{},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		hook()
		v, err := r.Engine.Message(t.Context(), r.Tenant.ID, id)
		if err != nil || v.Attempts[0].Status != policy.AttemptSent || v.Status.Final() {
			t.Errorf("after a forged callback the message is %s, its attempt %s: %v", v.Status, v.Attempts[0].Status, err)
		}
		kept, err := s.Receipts(t.Context(), r.Tenant.ID, id)
		if err != nil || len(kept) != 1 || kept[0].Kind != policy.ReceiptSent {
			t.Errorf("kept is what the provider says, that it has the message: %+v, %v", kept, err)
		}
		forged.Set("SMSID", "0123456789abcdef0123")
		hook()
		kept, err = s.Receipts(t.Context(), r.Tenant.ID, uuid.Nil)
		if err != nil || len(kept) != 1 || kept[0].State != models.ReceiptQuarantined || kept[0].Detail != "the provider does not confirm this callback" {
			t.Errorf("kept of a message that the provider does not know: %+v, %v", kept, err)
		}
	})
}

// asker is a provider without a wire whose callbacks prove nothing. It takes every message under an id of its own, and says
// what it is told to when it is asked.
type asker struct {
	mu    sync.Mutex
	asked channels.Query
	says  channels.Receipt
}

func (*asker) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}}
}

func (*asker) Send(_ context.Context, out channels.Outbound) (channels.Taken, error) {
	return channels.Taken{ProviderID: "id-of-" + out.To}, nil
}

func (*asker) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	var hint channels.Receipt
	err := json.Unmarshal(h.Body, &hint)
	hint.Kind, hint.Hint = policy.ReceiptDelivered, true
	return []channels.Receipt{hint}, err
}

func (a *asker) Query(_ context.Context, q channels.Query) (channels.Answer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = q
	return channels.Answer{Found: true, Receipt: a.says}, nil
}

// last is what the provider was asked last.
func (a *asker) last() channels.Query {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.asked
}

// hints is an engine with two accounts of the asker, and a message that each took.
type hints struct {
	*asker
	engine   *orchestrator.Engine
	tenant   uuid.UUID
	accounts [2]models.Account
	sent     [2]orchestrator.MessageView
}

func newHints(t *testing.T, s *models.Store) *hints {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h := &hints{asker: &asker{}, tenant: uuid.Must(uuid.NewV7())}
	registry, err := channels.NewRegistry(channels.Spec{
		Name: "asker", Channels: []policy.Channel{policy.SMS}, New: func(channels.Config) (channels.Adapter, error) { return h.asker, nil },
	})
	must(err)
	h.engine = orchestrator.New(orchestrator.Options{
		Store: s, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil), PublicURL: "http://127.0.0.1:1", Now: time.Now,
	})
	must(h.engine.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(h.engine.Stop(ctx))
	})
	now := time.Now().UnixMilli()
	key, _ := models.NewAPIKey(h.tenant, models.ModeLive, nil, now)
	must(s.CreateTenant(t.Context(), models.Tenant{
		ID: h.tenant, Name: "acme-" + h.tenant.String()[24:], DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}, key))
	for i, name := range []string{"ours", "theirs"} {
		h.accounts[i], err = h.engine.CreateAccount(t.Context(), h.tenant, orchestrator.AccountInput{Name: name, Channel: policy.SMS, Adapter: "asker"})
		must(err)
		_, _, err = h.engine.PutPolicy(t.Context(), h.tenant, name, []byte(`{"steps":[{"channel":"sms","timeout":"5m","accounts":["`+name+`"]}]}`))
		must(err)
		accepted, err := h.engine.Accept(t.Context(), orchestrator.Caller{TenantID: h.tenant}, orchestrator.Submission{
			To: fmt.Sprintf("+8491234567%d", i), Category: policy.Transaction, PolicyName: name, Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "hi"}},
		})
		must(err)
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			h.sent[i], err = h.engine.Message(t.Context(), h.tenant, accepted.Message.ID)
			must(err)
			if a := h.sent[i].Attempts; len(a) == 1 && a[0].ProviderMessageID != "" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("not taken in time: %+v", h.sent[i])
			}
		}
	}
	return h
}

// hook has the provider of our account call back.
func (h *hints) hook(t *testing.T, hint channels.Receipt) {
	t.Helper()
	body, err := json.Marshal(hint)
	if err == nil {
		_, err = h.engine.Hook(t.Context(), "asker", h.accounts[0].ID, channels.Hook{Method: http.MethodPost, URL: h.engine.HookURL(h.accounts[0]), Body: body})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reference names the attempt of a message on the wire.
func (h *hints) reference(i int) string {
	id := h.sent[i].Attempts[0].ID
	return hex.EncodeToString(id[:])
}

// The provider is asked with the number that the message went to, where that is known: some tell more so.
func TestHintIsAskedAboutWithTheNumber(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHints(t, s)
		ours, theirs := h.sent[0], h.sent[1]
		for name, tt := range map[string]struct {
			reference, id string
			to            string
		}{
			"our reference":           {h.reference(0), "", ours.To},
			"the provider's id":       {"", ours.Attempts[0].ProviderMessageID, ours.To},
			"both":                    {h.reference(0), ours.Attempts[0].ProviderMessageID, ours.To},
			"another account's":       {h.reference(1), "", ""},
			"another account's id":    {"", theirs.Attempts[0].ProviderMessageID, ""},
			"the message, no attempt": {hex.EncodeToString(ours.ID[:]), "", ""},
			"no message of ours":      {strings.Repeat("0f", 16), "", ""},
			"an id that nobody gave":  {"", "unheard-of", ""},
		} {
			t.Run(name, func(t *testing.T) {
				h.hook(t, channels.Receipt{Reference: tt.reference, ProviderID: tt.id, Key: name})
				want := channels.Query{Reference: tt.reference, ProviderID: tt.id, To: tt.to}
				if diff := cmp.Diff(want, h.last()); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			})
		}
	})
}

// A callback with the id of one message and the reference of another confirms neither.
func TestHintOfTwoMessages(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHints(t, s)
		h.says = channels.Receipt{Kind: policy.ReceiptDelivered, Reference: h.reference(1), Key: "lookup"}
		h.hook(t, channels.Receipt{Reference: h.reference(0), ProviderID: h.sent[1].Attempts[0].ProviderMessageID, Key: "mixed"})
		for _, sent := range h.sent {
			if v, err := h.engine.Message(t.Context(), h.tenant, sent.ID); err != nil || v.Status.Final() {
				t.Errorf("the message is %s: %v", v.Status, err)
			}
		}
		kept, err := s.Receipts(t.Context(), h.tenant, uuid.Nil)
		if err != nil || len(kept) != 1 || kept[0].State != models.ReceiptQuarantined || kept[0].EventKey != "mixed" {
			t.Errorf("kept %+v, %v", kept, err)
		}
	})
}
