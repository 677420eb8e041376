package vonage_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"sync"
	"testing"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/simulator"
	"cascade/channels/vonage"
	"cascade/policy"
)

const (
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

// play is the adapter in front of the simulator.
func play(channel policy.Channel, account simulator.Account) channeltest.Play {
	private, public := pair()
	account.Provider, account.ID, account.WebhookSecret, account.PublicKey = simulator.Vonage, applicationID, secret, public
	return channeltest.Play{
		Spec: vonage.Spec(), Channel: channel, Account: account, Content: contents[channel],
		Settings: func(url string) []string {
			return []string{
				"base_url", url + "/vonage", "application_id", applicationID, "private_key", private, "signature_secret", secret, "from", "MyBrand",
			}
		},
	}
}

func TestAgainstTheSimulator(t *testing.T) {
	prices := map[policy.Channel]int64{policy.SMS: 820_000_000, policy.Viber: 470_000_000}
	for channel := range contents {
		t.Run(string(channel), func(t *testing.T) {
			w := channeltest.NewWorld(t, play(channel, simulator.Account{}))
			a := w.Adapter()
			taken, err := w.Send(a)
			if err != nil || taken.ProviderID == "" {
				t.Fatalf("got %+v, %v", taken, err)
			}
			told := a.Capabilities().Receipts
			seen := map[policy.Receipt]channels.Receipt{}
			for range told {
				r := w.Receipt(a)
				seen[r.Kind] = r
				if r.Reference != channeltest.Reference || r.ProviderID != taken.ProviderID || r.At.IsZero() || r.Hint {
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
	channeltest.NewWorld(t, play(policy.SMS, simulator.Account{})).Forged("signature_secret", "another")
}

func TestRefusals(t *testing.T) {
	channeltest.Refusals(t, play(policy.Viber, simulator.Account{Senders: []string{"MyBrand"}}), map[string]channeltest.Refusal{
		"no balance":       {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: simulator.CodeQuota}, Class: policy.ClassAccount, Code: "no_balance"},
		"barred account":   {Rule: simulator.Rule{Outcome: simulator.Refuse, Code: "1060"}, Class: policy.ClassAccount, Code: "account_barred"},
		"another's app id": {Settings: []string{"application_id", "other"}, Class: policy.ClassAccount, Code: "not_authorized"},
		"other sender":     {Settings: []string{"from", "OTHER"}, Class: policy.ClassRequest, Code: "invalid_params"},
	})
}

func TestFailuresToldLater(t *testing.T) {
	for channel, code := range map[policy.Channel]string{policy.Viber: "not_on_channel", policy.SMS: "number_inactive"} {
		w := channeltest.NewWorld(t, play(channel, simulator.Account{}))
		w.Sim.SetRule(channeltest.Recipient, simulator.Rule{Outcome: simulator.Fail})
		a := w.Adapter()
		if _, err := w.Send(a); err != nil {
			t.Fatal(err)
		}
		if got := w.Receipt(a); got.Kind != policy.ReceiptFailed || got.Class != policy.ClassRecipient || got.Code != code || got.Reference != channeltest.Reference {
			t.Errorf("%s receipt %+v", channel, got)
		}
	}
}

// A call that was cut after it was taken is known by its callback, which has our reference.
func TestCutCallIsProvenByItsCallback(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.Viber, simulator.Account{}))
	if got := w.CutAndProven(w.Adapter()); got.ProviderID == "" {
		t.Errorf("receipt %+v", got)
	}
}

func TestChecksAgainstTheSimulator(t *testing.T) {
	w := channeltest.NewWorld(t, play(policy.Viber, simulator.Account{}))
	for more, want := range map[string]string{"": "ok authorized", "other": "error not_authorized"} {
		a := w.Adapter()
		if more != "" {
			a = w.Adapter("application_id", more)
		}
		findings := a.(channels.AccountChecker).Check(t.Context())
		if len(findings) != 1 || findings[0].Level+" "+findings[0].Code != want {
			t.Errorf("got %+v, want %s", findings, want)
		}
	}
	for _, c := range w.Sim.Calls() {
		if c.Taken() || c.To != "" {
			t.Errorf("the check sent %+v", c)
		}
	}
}
