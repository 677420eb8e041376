package infobip_test

import (
	"errors"
	"testing"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/policy"
)

const secret = "hooks & se?ret"

var contents = map[policy.Channel]channels.Content{
	policy.SMS:   {Text: "Mã của bạn là 4821"},
	policy.Viber: {Text: "Xin chào\nLan", Button: &channels.Button{Text: "Xem", URL: "https://shop.example/a"}},
	policy.ZNS:   {TemplateID: "300123", TemplateData: map[string]string{"otp": "4821"}},
}

// play is the adapter in front of the simulator.
func play(channel policy.Channel) channeltest.Play {
	return channeltest.Play{
		Spec: infobip.Spec(), Channel: channel, Account: simulator.Account{Provider: simulator.Infobip, ID: "key"}, Content: contents[channel],
		Settings: func(url string) []string {
			return []string{"base_url", url + "/infobip", "api_key", "key", "sender", "BRAND", "webhook_secret", secret}
		},
	}
}

func TestAgainstTheSimulator(t *testing.T) {
	for channel := range contents {
		t.Run(string(channel), func(t *testing.T) {
			w := channeltest.NewWorld(t, play(channel))
			a := w.Adapter()
			if _, err := w.Send(a); err != nil {
				t.Fatal(err)
			}
			told := a.Capabilities().Receipts
			seen := map[policy.Receipt]bool{}
			for range told {
				r := w.Receipt(a)
				seen[r.Kind] = true
				if r.Reference != channeltest.Reference || r.At.IsZero() || r.Hint {
					t.Errorf("receipt %+v", r)
				}
			}
			for _, kind := range told {
				if !seen[kind] {
					t.Errorf("%s was never told", kind)
				}
			}
			answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference})
			if err != nil || !answer.Found || answer.Receipt.Kind != policy.ReceiptDelivered && answer.Receipt.Kind != policy.ReceiptRead {
				t.Errorf("query %+v, %v", answer, err)
			}
			if _, err := w.Send(a); err != nil { // our id again: Infobip has the message already
				t.Errorf("the repeat ends as %v", err)
			}
			if calls := w.Sim.Calls(); len(calls) != 2 || !calls[0].Taken() || calls[1].Taken() {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestForgedCallbackOfTheSimulator(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.SMS))
	if _, err := w.Send(w.Adapter()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Adapter("webhook_secret", "another").(channels.HookReader).ReadHook(w.Hook()); !errors.Is(err, channels.ErrForged) {
		t.Errorf("another account's secret reads it: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	channeltest.Refusals(t, play(policy.Viber), map[string]channeltest.Refusal{
		"no credit": {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeQuota}, Class: policy.ClassAccount, Code: "no_credit"},
		"bad key":   {Settings: []string{"api_key", "no"}, Class: policy.ClassAccount, Code: "not_authorized"},
	})
}

// A call that was cut after it was taken is known by its callback, and can be asked about by our reference.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.Viber))
	a := w.Adapter()
	w.CutAndProven(a)
	answer, err := a.(channels.StatusQuerier).Query(t.Context(), channels.Query{Reference: channeltest.Reference})
	if err != nil || !answer.Found {
		t.Errorf("query %+v, %v", answer, err)
	}
}

func TestCheckAgainstTheSimulator(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.SMS))
	if findings := w.AllOK(w.Adapter()); len(findings) == 0 {
		t.Error("the check found nothing")
	}
}
