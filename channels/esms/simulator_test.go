package esms_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/esms"
	"cascade/channels/simulator"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	secret    = "hooks & se?ret"
	oaID      = "1234567890123456789"
)

var contents = map[policy.Channel]channels.Content{
	policy.SMS:   {Text: "Mã của bạn là 4821"},
	policy.Viber: {Text: "Xin chào\nLan", Button: &channels.Button{Text: "Xem", URL: "https://shop.example/a"}},
	policy.ZNS:   {TemplateID: "300123", TemplateData: map[string]string{"otp": "4821"}},
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
	account.Provider, account.ID, account.AppSecret = simulator.ESMS, "key", "secret"
	account.Senders = []string{"BRAND", oaID}
	account.Templates = []simulator.Template{{ID: 300123, Name: "Ma OTP", Params: []simulator.TemplateParam{{Name: "otp", MaxLength: 10}}}}
	sim.Register(account)
	w := &world{t: t, sim: sim, hooks: make(chan channels.Hook, 20)}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		w.hooks <- channels.Hook{Method: r.Method, URL: w.hookURL + "?" + r.URL.RawQuery, Header: r.Header}
	}))
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		receiver.Close()
	})
	w.url, w.hookURL = server.URL+"/esms/MainService.svc/json", receiver.URL+"/hooks/esms/a1"
	return w
}

func (w *world) adapter(channel policy.Channel, more ...string) channels.Adapter {
	w.t.Helper()
	pairs := append([]string{
		"api_url", w.url, "api_key", "key", "secret_key", "secret", "brandname", "BRAND", "oa_id", oaID, "webhook_secret", secret,
	}, more...)
	settings := map[string]json.RawMessage{}
	for i := 0; i+1 < len(pairs); i += 2 {
		settings[pairs[i]], _ = json.Marshal(pairs[i+1])
	}
	a, err := esms.Spec().New(channels.Config{Channel: channel, Settings: settings, HTTP: channels.NewHTTPClient(nil), Now: time.Now})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) send(a channels.Adapter, channel policy.Channel) (channels.Taken, error) {
	return a.Send(w.t.Context(), channels.Outbound{
		Reference: reference, To: "+84912345678", Category: policy.OTP, Content: contents[channel], CallbackURL: w.hookURL,
	})
}

// receipt waits for the one callback and reads it.
func (w *world) receipt(a channels.Adapter) channels.Receipt {
	w.t.Helper()
	select {
	case h := <-w.hooks:
		got, err := a.(channels.HookReader).ReadHook(h)
		if err != nil || len(got) != 1 || h.Method != http.MethodGet {
			w.t.Fatalf("%s %s is read as %v, %v", h.Method, h.URL, got, err)
		}
		return got[0]
	case <-time.After(10 * time.Second):
		w.t.Fatal("no callback came")
		return channels.Receipt{}
	}
}

func price(t *testing.T, amount string) *policy.Money {
	t.Helper()
	m, err := policy.ParseMoney(amount, "VND")
	if err != nil {
		t.Fatal(err)
	}
	return &m
}

func TestAgainstTheSimulator(t *testing.T) {
	prices := map[policy.Channel]string{policy.SMS: "820", policy.Viber: "470", policy.ZNS: "200"}
	for channel := range contents {
		t.Run(string(channel), func(t *testing.T) {
			w := newWorld(t, simulator.Account{BareAppend: channel == policy.SMS})
			a := w.adapter(channel)
			taken, err := w.send(a, channel)
			if err != nil || taken.ProviderID == "" {
				t.Fatalf("got %+v, %v", taken, err)
			}
			got := w.receipt(a)
			want := channels.Receipt{
				Reference: reference, ProviderID: taken.ProviderID, Kind: policy.ReceiptDelivered, Key: got.Key, Hint: true, Price: price(t, prices[channel]),
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Key == "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: reference, ProviderID: taken.ProviderID})
			want.Reference, want.Key, want.Hint = "", answer.Receipt.Key, false
			if diff := cmp.Diff(channels.Answer{Found: true, Receipt: want}, answer); diff != "" || err != nil {
				t.Errorf("query: %v (-want +got):\n%s", err, diff)
			}
			_, err = w.send(a, channel)
			if f := channels.AsFailure(err); err == nil || f.Class != policy.ClassUnknown || f.Code != "duplicate" || f.ProviderCode != "124" {
				t.Errorf("the repeat ends as %v", err)
			}
			if calls := w.sim.Calls(); len(calls) != 2 || !calls[0].Taken() || calls[1].Taken() {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestFailuresToldLater(t *testing.T) {
	for _, dress := range []string{simulator.ErrorInfoPlain, simulator.ErrorInfoString, simulator.ErrorInfoTwice} {
		t.Run("error_info "+dress, func(t *testing.T) {
			w := newWorld(t, simulator.Account{ErrorInfo: dress, BareAppend: dress == simulator.ErrorInfoTwice})
			w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
			a := w.adapter(policy.ZNS)
			taken, err := w.send(a, policy.ZNS)
			if err != nil {
				t.Fatal(err)
			}
			got := w.receipt(a)
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{ProviderID: taken.ProviderID})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range []channels.Receipt{got, answer.Receipt} {
				if r.Kind != policy.ReceiptFailed || r.Class != policy.ClassRecipient || r.Code != "no_zalo_account" || r.ProviderCode != "-118" || !r.Price.IsZero() {
					t.Errorf("receipt %+v", r)
				}
			}
		})
	}
	for _, channel := range []policy.Channel{policy.SMS, policy.Viber} {
		w := newWorld(t, simulator.Account{})
		w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.Fail})
		a := w.adapter(channel)
		if _, err := w.send(a, channel); err != nil {
			t.Fatal(err)
		}
		if got := w.receipt(a); got.Kind != policy.ReceiptFailed || got.Class != policy.ClassRecipient || got.Code != "not_delivered" {
			t.Errorf("%s receipt %+v", channel, got)
		}
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
		"no such pattern": {simulator.Rule{Outcome: simulator.Refuse, Code: "146"}, nil, policy.ClassRequest, "template_mismatch"},
		"bad keys":        {simulator.Rule{}, []string{"secret_key", "no"}, policy.ClassAccount, "not_authorized"},
		"other brandname": {simulator.Rule{}, []string{"brandname", "OTHER"}, policy.ClassAccount, "brandname_unknown"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, simulator.Account{})
			w.sim.SetRule("+84912345678", tt.rule)
			_, err := w.send(w.adapter(policy.SMS, tt.more...), policy.SMS)
			if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code {
				t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
			}
		})
	}
}

// A call that was cut after it was taken is known by its callback, which brings the SMSID to ask by.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := newWorld(t, simulator.Account{})
	w.sim.SetRule("+84912345678", simulator.Rule{Outcome: simulator.CutTaken})
	a := w.adapter(policy.SMS)
	if _, err := w.send(a, policy.SMS); channels.AsFailure(err).Class != policy.ClassUnknown {
		t.Fatalf("got %v", err)
	}
	got := w.receipt(a)
	if got.Reference != reference || got.ProviderID == "" || got.Kind != policy.ReceiptDelivered {
		t.Fatalf("receipt %+v", got)
	}
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: reference, ProviderID: got.ProviderID})
	if err != nil || !answer.Found || answer.Receipt.Kind != policy.ReceiptDelivered {
		t.Errorf("query %+v, %v", answer, err)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	for channel := range contents {
		w := newWorld(t, simulator.Account{Quota: 100})
		for _, f := range w.adapter(channel).(channels.AccountChecker).Check(t.Context()) {
			if f.Level != "ok" {
				t.Errorf("%s: %+v", channel, f)
			}
		}
		if n := len(w.sim.Calls()); n != 0 {
			t.Errorf("%s: the check sent %d messages", channel, n)
		}
	}
	w := newWorld(t, simulator.Account{})
	got, err := w.adapter(policy.ZNS).(channels.TemplateLister).Templates(t.Context())
	want := []channels.ProviderTemplate{{
		ID: "300123", Name: "Ma OTP", Status: "ENABLE", Quality: "UNDEFINED",
		Params: []channels.TemplateParam{{Name: "otp", Required: true, Type: "STRING", MaxLength: 10}},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
