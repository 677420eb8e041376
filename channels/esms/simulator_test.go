package esms_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/esms"
	"cascade/channels/simulator"
	"cascade/policy"
)

const (
	secret = "hooks & se?ret"
	oaID   = "1234567890123456789"
)

var contents = map[policy.Channel]channels.Content{
	policy.SMS:   {Text: "Mã của bạn là 4821"},
	policy.Viber: {Text: "Xin chào\nLan", Button: &channels.Button{Text: "Xem", URL: "https://shop.example/a"}},
	policy.ZNS:   {TemplateID: "300123", TemplateData: map[string]string{"otp": "4821"}},
}

// play is the adapter in front of the simulator.
func play(channel policy.Channel, account simulator.Account) channeltest.Play {
	account.Provider, account.ID, account.AppSecret = simulator.ESMS, "key", "secret"
	account.Senders = []string{"BRAND", oaID}
	account.Templates = []simulator.Template{{ID: 300123, Name: "Ma OTP", Params: []simulator.TemplateParam{{Name: "otp", MaxLength: 10}}}}
	return channeltest.Play{
		Spec: esms.Spec(), Channel: channel, Account: account, Content: contents[channel],
		Settings: func(url string) []string {
			return []string{
				"api_url", url + "/esms/MainService.svc/json", "api_key", "key", "secret_key", "secret", "brandname", "BRAND", "oa_id", oaID,
				"webhook_secret", secret,
			}
		},
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
			w := channeltest.NewWorld(t, play(channel, simulator.Account{BareAppend: channel == policy.SMS}))
			a := w.Adapter()
			taken, err := w.Send(a)
			if err != nil || taken.ProviderID == "" {
				t.Fatalf("got %+v, %v", taken, err)
			}
			h := w.Hook()
			if h.Method != http.MethodGet {
				t.Errorf("the callback comes by %s", h.Method)
			}
			got := w.Read(a, h)
			want := channels.Receipt{
				Reference: channeltest.Reference, ProviderID: taken.ProviderID, Kind: policy.ReceiptDelivered, Key: got.Key, Hint: true, Price: price(t, prices[channel]),
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Key == "" {
				t.Errorf("receipt (-want +got):\n%s", diff)
			}
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference, ProviderID: taken.ProviderID})
			want.Reference, want.Key, want.Hint = "", answer.Receipt.Key, false
			if diff := cmp.Diff(channels.Answer{Found: true, Receipt: want}, answer); diff != "" || err != nil {
				t.Errorf("query: %v (-want +got):\n%s", err, diff)
			}
			_, err = w.Send(a)
			if f := channels.AsFailure(err); err == nil || f.Class != policy.ClassUnknown || f.Code != "duplicate" || f.ProviderCode != "124" {
				t.Errorf("the repeat ends as %v", err)
			}
			if calls := w.Sim.Calls(); len(calls) != 2 || !calls[0].Taken() || calls[1].Taken() {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestFailuresToldLater(t *testing.T) {
	for _, dress := range []string{simulator.ErrorInfoPlain, simulator.ErrorInfoString, simulator.ErrorInfoTwice} {
		t.Run("error_info "+dress, func(t *testing.T) {
			w := channeltest.NewWorld(t, play(policy.ZNS, simulator.Account{ErrorInfo: dress, BareAppend: dress == simulator.ErrorInfoTwice}))
			w.Sim.SetRule(channeltest.Recipient, simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
			a := w.Adapter()
			taken, err := w.Send(a)
			if err != nil {
				t.Fatal(err)
			}
			got := w.Receipt(a)
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
		w := channeltest.NewWorld(t, play(channel, simulator.Account{}))
		w.Sim.SetRule(channeltest.Recipient, simulator.Rule{Outcome: simulator.Fail})
		a := w.Adapter()
		if _, err := w.Send(a); err != nil {
			t.Fatal(err)
		}
		if got := w.Receipt(a); got.Kind != policy.ReceiptFailed || got.Class != policy.ClassRecipient || got.Code != "not_delivered" {
			t.Errorf("%s receipt %+v", channel, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	channeltest.Refusals(t, play(policy.SMS, simulator.Account{}), map[string]channeltest.Refusal{
		"no such pattern": {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: "146"}, Class: policy.ClassRequest, Code: "template_mismatch"},
		"bad keys":        {Settings: []string{"secret_key", "no"}, Class: policy.ClassAccount, Code: "not_authorized"},
		"other brandname": {Settings: []string{"brandname", "OTHER"}, Class: policy.ClassAccount, Code: "brandname_unknown"},
	})
}

// A call that was cut after it was taken is known by its callback, which brings the SMSID to ask by.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.SMS, simulator.Account{}))
	a := w.Adapter()
	got := w.CutAndProven(a)
	if got.Kind != policy.ReceiptDelivered || got.ProviderID == "" {
		t.Fatalf("receipt %+v", got)
	}
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference, ProviderID: got.ProviderID})
	if err != nil || !answer.Found || answer.Receipt.Kind != policy.ReceiptDelivered {
		t.Errorf("query %+v, %v", answer, err)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	for channel := range contents {
		w := channeltest.NewWorld(t, play(channel, simulator.Account{Quota: 100}))
		w.AllOK(w.Adapter())
	}
	w := channeltest.NewWorld(t, play(policy.ZNS, simulator.Account{}))
	got, err := w.Adapter().(channels.TemplateLister).Templates(t.Context())
	want := []channels.ProviderTemplate{{
		ID: "300123", Name: "Ma OTP", Status: "ENABLE", Quality: "UNDEFINED",
		Params: []channels.TemplateParam{{Name: "otp", Required: true, Type: "STRING", MaxLength: 10}},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
