package twilio_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/channels/twilio"
	"cascade/policy"
)

const (
	reference  = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	accountSID = "AC0123456789abcdef0123456789abcdef"
	number     = "+15005550006"
)

// world is the adapter in front of the simulator, with a receiver of callbacks.
type world struct {
	t       *testing.T
	sim     *simulator.Simulator
	url     string
	hookURL string
	hooks   chan channels.Hook
}

func newWorld(t *testing.T, account simulator.Account) *world {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Scale: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	account.Provider, account.ID, account.AppSecret = simulator.Twilio, accountSID, "auth token"
	sim.Register(account)
	w := &world{t: t, sim: sim, hooks: make(chan channels.Hook, 20)}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.hooks <- channels.Hook{Method: r.Method, URL: w.hookURL + "?" + r.URL.RawQuery, Header: r.Header, Body: raw}
	}))
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		receiver.Close()
	})
	w.url, w.hookURL = server.URL+"/twilio", receiver.URL+"/hooks/twilio/a1"
	return w
}

func (w *world) adapter(more ...string) channels.Adapter {
	w.t.Helper()
	pairs := append([]string{"base_url", w.url, "account_sid", accountSID, "auth_token", "auth token", "from", number}, more...)
	settings := map[string]json.RawMessage{}
	for i := 0; i+1 < len(pairs); i += 2 {
		settings[pairs[i]], _ = json.Marshal(pairs[i+1])
	}
	a, err := twilio.Spec().New(channels.Config{Channel: policy.SMS, Settings: settings, HTTP: channels.NewHTTPClient(nil), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) send(a channels.Adapter) (channels.Taken, error) {
	return a.Send(w.t.Context(), channels.Outbound{
		Reference: reference, To: "+84912345678", Category: policy.OTP, Content: channels.Content{Text: "Mã của bạn là 4821"},
		ValidFor: time.Minute, CallbackURL: w.hookURL,
	})
}

// receipt waits for a callback and reads it.
func (w *world) receipt(a channels.Adapter) channels.Receipt {
	w.t.Helper()
	select {
	case h := <-w.hooks:
		got, err := a.(channels.HookReader).ReadHook(h)
		if err != nil || len(got) != 1 {
			w.t.Fatalf("%s %s is read as %v, %v", h.URL, h.Body, got, err)
		}
		return got[0]
	case <-time.After(10 * time.Second):
		w.t.Fatal("no callback came")
		return channels.Receipt{}
	}
}

func TestAgainstTheSimulator(t *testing.T) {
	w := newWorld(t, simulator.Account{APIKey: "SK01:s3cret"})
	for name, more := range map[string][]string{
		"auth token": nil, "API key": {"api_key_sid", "SK01", "api_key_secret", "s3cret"}, "service": {"from", "MG0123456789abcdef0123456789abcdef"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.adapter(more...)
			taken, err := w.send(a)
			if err != nil || taken.ProviderID == "" || taken.At.IsZero() {
				t.Fatalf("got %+v, %v", taken, err)
			}
			kinds := map[policy.Receipt]bool{}
			for range 2 {
				r := w.receipt(a)
				kinds[r.Kind] = true
				if r.Reference != reference || r.ProviderID != taken.ProviderID || r.Hint {
					t.Errorf("receipt %+v", r)
				}
			}
			if !kinds[policy.ReceiptSent] || !kinds[policy.ReceiptDelivered] {
				t.Errorf("receipts tell of %v", kinds)
			}
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: reference, ProviderID: taken.ProviderID})
			want := channels.Answer{Found: true, Receipt: channels.Receipt{
				ProviderID: taken.ProviderID, Kind: policy.ReceiptDelivered, At: answer.Receipt.At, Key: answer.Receipt.Key,
				Price: &policy.Money{Micros: 820_000_000, Currency: "VND"},
			}}
			if diff := cmp.Diff(want, answer); diff != "" || err != nil || answer.Receipt.At.IsZero() {
				t.Errorf("query: %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestForgedCallback(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	if _, err := w.send(w.adapter()); err != nil {
		t.Fatal(err)
	}
	h := <-w.hooks
	if _, err := w.adapter("auth_token", "another").(channels.HookReader).ReadHook(h); !errors.Is(err, channels.ErrForged) {
		t.Errorf("another account's token reads it: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		rule  simulator.Rule
		more  []string
		class policy.Class
		code  string
	}{
		"cut, was taken":  {simulator.Rule{Outcome: simulator.CutTaken}, nil, policy.ClassUnknown, "connection_lost"},
		"truncated":       {simulator.Rule{Outcome: simulator.Truncated}, nil, policy.ClassUnknown, "answer_cut"},
		"web page":        {simulator.Rule{Outcome: simulator.HTML}, nil, policy.ClassUnknown, "unreadable_answer"},
		"bad gateway":     {simulator.Rule{Outcome: simulator.HTTP502}, nil, policy.ClassUnknown, "provider_error"},
		"throttled":       {simulator.Rule{Outcome: simulator.Throttle}, nil, policy.ClassThrottled, "throttled"},
		"opted out":       {simulator.Rule{Outcome: simulator.Refuse, Code: "21610"}, nil, policy.ClassRecipient, "opted_out"},
		"queue full":      {simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeQuota}, nil, policy.ClassThrottled, "queue_full"},
		"bad credentials": {simulator.Rule{}, []string{"auth_token", "no"}, policy.ClassAccount, "not_authorized"},
		"other sender":    {simulator.Rule{}, []string{"from", "OTHER"}, policy.ClassAccount, "bad_sender"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Account{Senders: []string{number}})
			w.sim.SetRule("+84912345678", tt.rule)
			_, err := w.send(w.adapter(tt.more...))
			if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code {
				t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
			}
		})
	}
}

func TestFailureToldLater(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.Fail})
	a := w.adapter()
	taken, err := w.send(a)
	if err != nil {
		t.Fatal(err)
	}
	got := w.receipt(a)
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{ProviderID: taken.ProviderID})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []channels.Receipt{got, answer.Receipt} {
		if r.Kind != policy.ReceiptFailed || r.Class != policy.ClassRecipient || r.Code != "unknown_handset" || r.ProviderCode != "30005" {
			t.Errorf("receipt %+v", r)
		}
	}
}

// A call that was cut after it was taken is known by its callback, whose address has our reference, and which brings
// the id to ask by.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.CutTaken})
	a := w.adapter()
	if _, err := w.send(a); channels.AsFailure(err).Class != policy.ClassUnknown {
		t.Fatalf("got %v", err)
	}
	got := w.receipt(a)
	if got.Reference != reference || got.ProviderID == "" {
		t.Fatalf("receipt %+v", got)
	}
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: reference, ProviderID: got.ProviderID})
	if err != nil || !answer.Found {
		t.Errorf("query %+v, %v", answer, err)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	findings := w.adapter().(channels.AccountChecker).Check(t.Context())
	for _, f := range findings {
		if f.Level != "ok" {
			t.Errorf("%+v", f)
		}
	}
	if n := len(w.sim.Calls()); n != 0 || len(findings) != 3 {
		t.Errorf("the check sent %d messages and found %+v", n, findings)
	}
}
