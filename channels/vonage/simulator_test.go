package vonage_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/channels/vonage"
	"cascade/policy"
)

const (
	reference     = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	applicationID = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
	secret        = "signature-secret"
)

// pair is the application's key and its public half, as PEM.
var pair = sync.OnceValues(func() (private, public string) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		panic(err)
	}
	private = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(k)}))
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
})

var contents = map[policy.Channel]channels.Content{
	policy.SMS: {Text: "Mã của bạn là 4821"},
	policy.Viber: {
		Text: "Xin chào Lan", ImageURL: "https://shop.example/a.png", Button: &channels.Button{Text: "Xem", URL: "https://shop.example/a"},
	},
}

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
	_, account.PublicKey = pair()
	account.Provider, account.ID, account.WebhookSecret = simulator.Vonage, applicationID, secret
	sim.Register(account)
	w := &world{t: t, sim: sim, hooks: make(chan channels.Hook, 20)}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.hooks <- channels.Hook{Method: r.Method, URL: w.hookURL, Header: r.Header, Body: raw}
	}))
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		receiver.Close()
	})
	w.url, w.hookURL = server.URL+"/vonage", receiver.URL+"/hooks/vonage/a1"
	return w
}

func (w *world) adapter(channel policy.Channel, more ...string) channels.Adapter {
	w.t.Helper()
	key, _ := pair()
	pairs := append([]string{
		"base_url", w.url, "application_id", applicationID, "private_key", key, "signature_secret", secret, "from", "MyBrand",
	}, more...)
	settings := map[string]json.RawMessage{}
	for i := 0; i+1 < len(pairs); i += 2 {
		settings[pairs[i]], _ = json.Marshal(pairs[i+1])
	}
	a, err := vonage.Spec().New(channels.Config{Channel: channel, Settings: settings, HTTP: channels.NewHTTPClient(nil), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) send(a channels.Adapter, channel policy.Channel) (channels.Taken, error) {
	return a.Send(w.t.Context(), channels.Outbound{
		Reference: reference, To: "+84912345678", Category: policy.OTP, Content: contents[channel], ValidFor: time.Minute, CallbackURL: w.hookURL,
	})
}

// receipt waits for a callback and reads it.
func (w *world) receipt(a channels.Adapter) channels.Receipt {
	w.t.Helper()
	select {
	case h := <-w.hooks:
		got, err := a.(channels.HookReader).ReadHook(h)
		if err != nil || len(got) != 1 {
			w.t.Fatalf("%s is read as %v, %v", h.Body, got, err)
		}
		return got[0]
	case <-time.After(10 * time.Second):
		w.t.Fatal("no callback came")
		return channels.Receipt{}
	}
}

func TestAgainstTheSimulator(t *testing.T) {
	prices := map[policy.Channel]int64{policy.SMS: 820_000_000, policy.Viber: 470_000_000}
	for channel := range contents {
		t.Run(string(channel), func(t *testing.T) {
			w := newWorld(t, simulator.Account{})
			a := w.adapter(channel)
			taken, err := w.send(a, channel)
			if err != nil || taken.ProviderID == "" {
				t.Fatalf("got %+v, %v", taken, err)
			}
			told := a.Capabilities().Receipts
			seen := map[policy.Receipt]channels.Receipt{}
			for range told {
				r := w.receipt(a)
				seen[r.Kind] = r
				if r.Reference != reference || r.ProviderID != taken.ProviderID || r.At.IsZero() || r.Hint {
					t.Errorf("receipt %+v", r)
				}
			}
			for _, kind := range told {
				if _, ok := seen[kind]; !ok {
					t.Errorf("%s was never told", kind)
				}
			}
			if p := seen[policy.ReceiptDelivered].Price; p == nil || *p != (policy.Money{Micros: prices[channel], Currency: "VND"}) {
				t.Errorf("price %v", p)
			}
		})
	}
}

func TestForgedCallback(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	if _, err := w.send(w.adapter(policy.SMS), policy.SMS); err != nil {
		t.Fatal(err)
	}
	h := <-w.hooks
	if _, err := w.adapter(policy.SMS, "signature_secret", "another").(channels.HookReader).ReadHook(h); !errors.Is(err, channels.ErrForged) {
		t.Errorf("another account's secret reads it: %v", err)
	}
	h.Body = append(h.Body, ' ')
	if _, err := w.adapter(policy.SMS).(channels.HookReader).ReadHook(h); !errors.Is(err, channels.ErrForged) {
		t.Errorf("a changed body is read: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		rule  simulator.Rule
		more  []string
		class policy.Class
		code  string
	}{
		"cut, was taken":   {simulator.Rule{Outcome: simulator.CutTaken}, nil, policy.ClassUnknown, "connection_lost"},
		"truncated":        {simulator.Rule{Outcome: simulator.Truncated}, nil, policy.ClassUnknown, "answer_cut"},
		"web page":         {simulator.Rule{Outcome: simulator.HTML}, nil, policy.ClassUnknown, "unreadable_answer"},
		"bad gateway":      {simulator.Rule{Outcome: simulator.HTTP502}, nil, policy.ClassUnknown, "provider_error"},
		"throttled":        {simulator.Rule{Outcome: simulator.Throttle}, nil, policy.ClassThrottled, "throttled"},
		"no balance":       {simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeQuota}, nil, policy.ClassAccount, "no_balance"},
		"barred account":   {simulator.Rule{Outcome: simulator.Refuse, Code: "1060"}, nil, policy.ClassAccount, "account_barred"},
		"another's app id": {simulator.Rule{}, []string{"application_id", "other"}, policy.ClassAccount, "not_authorized"},
		"other sender":     {simulator.Rule{}, []string{"from", "OTHER"}, policy.ClassRequest, "invalid_params"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Account{Senders: []string{"MyBrand"}})
			w.sim.SetRule("+84912345678", tt.rule)
			_, err := w.send(w.adapter(policy.Viber, tt.more...), policy.Viber)
			if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code {
				t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
			}
		})
	}
}

func TestFailuresToldLater(t *testing.T) {
	for channel, code := range map[policy.Channel]string{policy.Viber: "not_on_channel", policy.SMS: "number_inactive"} {
		w := newWorld(t, simulator.Account{})
		w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.Fail})
		a := w.adapter(channel)
		if _, err := w.send(a, channel); err != nil {
			t.Fatal(err)
		}
		if got := w.receipt(a); got.Kind != policy.ReceiptFailed || got.Class != policy.ClassRecipient || got.Code != code || got.Reference != reference {
			t.Errorf("%s receipt %+v", channel, got)
		}
	}
}

// A call that was cut after it was taken is known by its callback, which has our reference.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.CutTaken})
	a := w.adapter(policy.Viber)
	if _, err := w.send(a, policy.Viber); channels.AsFailure(err).Class != policy.ClassUnknown {
		t.Fatalf("got %v", err)
	}
	if got := w.receipt(a); got.Reference != reference || got.ProviderID == "" {
		t.Errorf("receipt %+v", got)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	for more, want := range map[string]string{"": "ok authorized", "other": "error not_authorized"} {
		a := w.adapter(policy.Viber)
		if more != "" {
			a = w.adapter(policy.Viber, "application_id", more)
		}
		findings := a.(channels.AccountChecker).Check(t.Context())
		if len(findings) != 1 || findings[0].Level+" "+findings[0].Code != want {
			t.Errorf("got %+v, want %s", findings, want)
		}
	}
	for _, c := range w.sim.Calls() {
		if c.Taken() || c.To != "" {
			t.Errorf("the check sent %+v", c)
		}
	}
}
