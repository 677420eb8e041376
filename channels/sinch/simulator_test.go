package sinch_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/simulator"
	"cascade/channels/sinch"
	"cascade/channels/sinch/sinchsim"
	"cascade/policy"
)

// play is the adapter in front of the simulator; callbacks are signed where secret is not "".
func play(secret string) channeltest.Play {
	return channeltest.Play{
		Spec: sinch.Spec(), Channel: policy.SMS, Content: channels.Content{Text: "Mã của bạn là 4821"}, Wires: []simulator.Wire{sinchsim.Wire()},
		Account: simulator.Account{Provider: sinchsim.Provider, ID: "plan1", AppSecret: "token", WebhookSecret: secret},
		Settings: func(url string) []string {
			settings := []string{"base_url", url + "/sinch", "service_plan_id", "plan1", "api_token", "token", "from", "MyBrand"}
			if secret != "" {
				settings = append(settings, "webhook_secret", secret)
			}
			return settings
		},
	}
}

func newWorld(t *testing.T, secret string) *channeltest.World {
	t.Helper()
	return channeltest.NewWorld(t, play(secret))
}

func query(t *testing.T, a channels.Adapter, q channels.Query) channels.Answer {
	t.Helper()
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestAgainstTheSimulator(t *testing.T) {
	for name, secret := range map[string]string{"signed": "s3cret", "unsigned": ""} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, secret)
			a := w.Adapter()
			taken, err := w.Send(a)
			if err != nil || len(taken.ProviderID) != 26 || taken.At.IsZero() {
				t.Fatalf("got %+v, %v", taken, err)
			}
			kinds := map[policy.Receipt]bool{}
			for range 2 {
				r := w.Receipt(a)
				kinds[r.Kind] = true
				if r.Reference != channeltest.Reference || r.ProviderID != taken.ProviderID || r.Hint != (secret == "") || r.At.IsZero() {
					t.Errorf("receipt %+v", r)
				}
			}
			if !kinds[policy.ReceiptSent] || !kinds[policy.ReceiptDelivered] {
				t.Errorf("receipts tell of %v", kinds)
			}
			for by, q := range map[string]channels.Query{
				"id":        {ProviderID: taken.ProviderID, To: channeltest.Recipient},
				"hint":      {ProviderID: taken.ProviderID, Reference: channeltest.Reference},
				"reference": {Reference: channeltest.Reference, To: channeltest.Recipient, SentAt: taken.At},
			} {
				answer := query(t, a, q)
				want := channels.Answer{Found: true, Receipt: channels.Receipt{
					Reference: channeltest.Reference, ProviderID: taken.ProviderID, Kind: policy.ReceiptDelivered,
					At: answer.Receipt.At, Key: "lookup/" + taken.ProviderID + "/delivered",
				}}
				if diff := cmp.Diff(want, answer); diff != "" || answer.Receipt.At.IsZero() != (by == "hint") {
					t.Errorf("asked by %s (-want +got):\n%s", by, diff)
				}
			}
			if c := w.Sim.Calls()[0]; c.Price != "820" || c.Provider != sinchsim.Provider || c.Account != "plan1" {
				t.Errorf("call %+v", c)
			}
		})
	}
}

func TestForgedCallback(t *testing.T) {
	newWorld(t, "s3cret").Forged("webhook_secret", "another")
}

func TestRefusals(t *testing.T) {
	refuse := func(code string) simulator.Rule { return simulator.Rule{Outcome: simulator.Refuse, Code: code} }
	channeltest.Refusals(t, play(""), map[string]channeltest.Refusal{
		"token, scripted": {Rule: refuse(simulator.CodeToken), Class: policy.ClassAccount, Code: "not_authorized"},
		"no credit":       {Rule: refuse(simulator.CodeQuota), Class: policy.ClassAccount, Code: "account_blocked"},
		"no reason":       {Rule: refuse(""), Class: policy.ClassRecipient, Code: "number_type"},
		"bad token":       {Settings: []string{"api_token", "no"}, Class: policy.ClassAccount, Code: "not_authorized"},
		"another plan":    {Settings: []string{"service_plan_id", "plan2"}, Class: policy.ClassAccount, Code: "not_authorized"},
	})
}

func TestFailureToldLater(t *testing.T) {
	for name, tt := range map[string]struct {
		rule  simulator.Rule
		class policy.Class
		code  string
	}{
		"unknown number": {simulator.Rule{Outcome: simulator.Fail}, policy.ClassRecipient, "not_delivered"},
		"region":         {simulator.Rule{Outcome: simulator.Refuse, Code: "412"}, policy.ClassAccount, "region_not_enabled"},
		"no credit":      {simulator.Rule{Outcome: simulator.Fail, Code: simulator.CodeQuota}, policy.ClassAccount, "account_blocked"},
		"anything":       {simulator.Rule{Outcome: simulator.Fail, Code: "broken"}, policy.ClassDown, "provider_error"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "")
			w.Sim.SetRule(channeltest.Recipient, tt.rule)
			a := w.Adapter()
			taken, err := w.Send(a)
			if err != nil {
				t.Fatal(err)
			}
			told, asked := w.Receipt(a), query(t, a, channels.Query{ProviderID: taken.ProviderID, To: channeltest.Recipient}).Receipt
			for _, r := range []channels.Receipt{told, asked} {
				if r.Kind != policy.ReceiptFailed || r.Class != tt.class || r.Code != tt.code {
					t.Errorf("receipt %+v", r)
				}
			}
		})
	}
}

// A call that was cut after it was taken is known by its callback, and by our reference where no callback comes.
func TestCutCallIsProven(t *testing.T) {
	w := newWorld(t, "")
	a := w.Adapter()
	if got := w.CutAndProven(a); got.ProviderID == "" {
		t.Errorf("receipt %+v", got)
	}
	if answer := query(t, a, channels.Query{Reference: channeltest.Reference, To: channeltest.Recipient}); !answer.Found {
		t.Errorf("query %+v", answer)
	}
}

// A call that was cut before it was taken is not found.
func TestCutCallIsDisproven(t *testing.T) {
	w := newWorld(t, "")
	w.Sim.SetRule(channeltest.Recipient, simulator.Rule{Outcome: simulator.CutNotTaken})
	a := w.Adapter()
	if _, err := w.Send(a); err == nil {
		t.Fatal("a cut call is taken")
	}
	if answer := query(t, a, channels.Query{Reference: channeltest.Reference, To: channeltest.Recipient}); answer.Found {
		t.Errorf("query %+v", answer)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	w := newWorld(t, "")
	w.AllOK(w.Adapter())
	w.Sim.SetAccountFault(sinchsim.Provider, "plan1", simulator.FaultDown)
	if findings := w.Adapter().(channels.AccountChecker).Check(t.Context()); findings[0].Code != "provider_error" {
		t.Errorf("of a provider that is down: %+v", findings)
	}
}
