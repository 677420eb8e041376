package twilio_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/simulator"
	"cascade/channels/twilio"
	"cascade/policy"
)

const (
	accountSID = "AC0123456789abcdef0123456789abcdef"
	number     = "+15005550006"
)

// play is the adapter in front of the simulator.
func play(account simulator.Account) channeltest.Play {
	account.Provider, account.ID, account.AppSecret = simulator.Twilio, accountSID, "auth token"
	return channeltest.Play{
		Spec: twilio.Spec(), Channel: policy.SMS, Account: account, Content: channels.Content{Text: "Mã của bạn là 4821"},
		Settings: func(url string) []string {
			return []string{"base_url", url + "/twilio", "account_sid", accountSID, "auth_token", "auth token", "from", number}
		},
	}
}

func TestAgainstTheSimulator(t *testing.T) {
	w := channeltest.NewWorld(t, play(simulator.Account{APIKey: "SK01:s3cret"}))
	for name, more := range map[string][]string{
		"auth token": nil, "API key": {"api_key_sid", "SK01", "api_key_secret", "s3cret"}, "service": {"from", "MG0123456789abcdef0123456789abcdef"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.Adapter(more...)
			taken, err := w.Send(a)
			if err != nil || taken.ProviderID == "" || taken.At.IsZero() {
				t.Fatalf("got %+v, %v", taken, err)
			}
			kinds := map[policy.Receipt]bool{}
			for range 2 {
				r := w.Receipt(a)
				kinds[r.Kind] = true
				if r.Reference != channeltest.Reference || r.ProviderID != taken.ProviderID || r.Hint {
					t.Errorf("receipt %+v", r)
				}
			}
			if !kinds[policy.ReceiptSent] || !kinds[policy.ReceiptDelivered] {
				t.Errorf("receipts tell of %v", kinds)
			}
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference, ProviderID: taken.ProviderID})
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
	channeltest.NewWorld(t, play(simulator.Account{})).Forged("auth_token", "another")
}

func TestRefusals(t *testing.T) {
	channeltest.Refusals(t, play(simulator.Account{Senders: []string{number}}), map[string]channeltest.Refusal{
		"opted out":       {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: "21610"}, Class: policy.ClassRecipient, Code: "opted_out"},
		"queue full":      {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeQuota}, Class: policy.ClassThrottled, Code: "queue_full"},
		"bad credentials": {Settings: []string{"auth_token", "no"}, Class: policy.ClassAccount, Code: "not_authorized"},
		"other sender":    {Settings: []string{"from", "OTHER"}, Class: policy.ClassAccount, Code: "bad_sender"},
	})
}

func TestFailureToldLater(t *testing.T) {
	w := channeltest.NewWorld(t, play(simulator.Account{}))
	w.Sim.SetRule(channeltest.Recipient, simulator.Rule{Outcome: simulator.Fail})
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
		if r.Kind != policy.ReceiptFailed || r.Class != policy.ClassRecipient || r.Code != "unknown_handset" || r.ProviderCode != "30005" {
			t.Errorf("receipt %+v", r)
		}
	}
}

// A call that was cut after it was taken is known by its callback, whose address has our reference, and which brings
// the id to ask by.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := channeltest.NewWorld(t, play(simulator.Account{}))
	a := w.Adapter()
	got := w.CutAndProven(a)
	if got.ProviderID == "" {
		t.Fatalf("receipt %+v", got)
	}
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference, ProviderID: got.ProviderID})
	if err != nil || !answer.Found {
		t.Errorf("query %+v, %v", answer, err)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	w := channeltest.NewWorld(t, play(simulator.Account{}))
	if findings := w.AllOK(w.Adapter()); len(findings) != 3 {
		t.Errorf("the check found %+v", findings)
	}
}
