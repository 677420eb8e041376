package ladderstest

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"sync"

	"cascade/channels/simulator"
	"cascade/policy"
)

// rung is an adapter on one of its channels: what a step of a ladder stands on.
type rung struct {
	adapter string
	channel policy.Channel
	// preset is the http adapter's.
	preset string
	// refusal is the provider's code of a refusal of the recipient in the answer; "" where it only tells that later.
	refusal string
	// silent: the provider has no word for a message that did not arrive.
	silent bool
	// signed: the account has the secret of callbacks that the provider signs for those who want it.
	signed bool
	// hints: callbacks prove nothing, and what is kept is the provider's answer to the question about each.
	hints bool
	// clocked: callbacks and answers tell the time of the delivery, to the millisecond.
	clocked bool
	// ownIDs: receipts name the provider's id alone, so without an answer nobody knows whose they are.
	ownIDs bool
}

// kind is the preset, or else the adapter, and whether its callbacks are signed where that is a choice.
func (u rung) kind() string {
	if u.signed {
		return u.adapter + "-signed"
	}
	return cmp.Or(u.preset, u.adapter)
}

// name is the account's.
func (u rung) name() string { return u.kind() + "-" + string(u.channel) }

// rungs are all adapters on all their channels, the http adapter with one preset of each sort: 8x8 speaks JSON and
// echoes our reference, Jasmin speaks text and forms and knows its own ids only.
var rungs = []rung{
	{adapter: "zalo", channel: policy.ZNS, refusal: "-118", silent: true},
	{adapter: "infobip", channel: policy.ZNS, refusal: "52"},
	{adapter: "infobip", channel: policy.Viber, refusal: "52"},
	{adapter: "infobip", channel: policy.SMS, refusal: "52"},
	{adapter: "esms", channel: policy.ZNS, refusal: "108", hints: true},
	{adapter: "esms", channel: policy.Viber, refusal: "108", hints: true},
	{adapter: "esms", channel: policy.SMS, refusal: "108", hints: true},
	{adapter: "smpp", channel: policy.SMS, refusal: "0x0B", ownIDs: true},
	{adapter: "sinch", channel: policy.SMS, refusal: "illegal_number_type", hints: true, clocked: true},
	{adapter: "sinch", channel: policy.SMS, refusal: "illegal_number_type", signed: true, clocked: true},
	{adapter: "twilio", channel: policy.SMS, refusal: "21610"},
	{adapter: "vonage", channel: policy.Viber},
	{adapter: "vonage", channel: policy.SMS},
	{adapter: "http", preset: "8x8", channel: policy.SMS, refusal: simulator.CodeUnknownUser},
	{adapter: "http", preset: "jasmin", channel: policy.SMS, refusal: simulator.CodeUnknownUser, ownIDs: true},
}

// opener is the ZNS that u is the fallback of, and spare the SMS that takes over from u: by other adapters than u's.
func (u rung) opener() rung {
	if u.adapter == "zalo" {
		return rung{adapter: "infobip", channel: policy.ZNS, refusal: "52"}
	}
	return rung{adapter: "zalo", channel: policy.ZNS, refusal: "-118"}
}

func (u rung) spare() rung {
	if u.adapter == "infobip" {
		return rung{adapter: "twilio", channel: policy.SMS}
	}
	return rung{adapter: "infobip", channel: policy.SMS}
}

// Credentials, which open nothing but the simulator.
const (
	accountSID    = "AC00000000000000000000000000000001"
	applicationID = "00000000-0000-4000-8000-000000000001"
	oaID          = "3000000000000000001"
	hookSecret    = "hook-secret"
)

// settings are an account's on our side, as JSON.
func (u rung) settings(p *providers) string {
	text := map[string]string{
		"zalo": `{"app_id": "1000000000000000001", "app_secret": "app-secret", "oa_id": "OA", "oa_secret": "oa-secret",
			"refresh_token": "rt", "access_token": "at", "api_url": "BASE/zalo/api", "oauth_url": "BASE/zalo/oauth"}`,
		"infobip": `{"base_url": "BASE/infobip", "api_key": "key", "sender": "ACME", "webhook_secret": "HOOK"}`,
		"esms": `{"api_url": "BASE/esms/MainService.svc/json", "api_key": "key", "secret_key": "secret", "brandname": "ACME", "oa_id": "OA",
			"webhook_secret": "HOOK"}`,
		"smpp":         `{"address": "SMSC", "system_id": "acme", "password": "passw0rd", "source_addr": "ACME"}`,
		"sinch":        `{"base_url": "BASE/sinch", "service_plan_id": "plan", "api_token": "token", "from": "ACME"}`,
		"sinch-signed": `{"base_url": "BASE/sinch", "service_plan_id": "signed-plan", "api_token": "token", "from": "ACME", "webhook_secret": "HOOK"}`,
		"twilio":       `{"base_url": "BASE/twilio", "account_sid": "` + accountSID + `", "auth_token": "token", "from": "ACME"}`,
		"vonage":       `{"base_url": "BASE/vonage", "application_id": "` + applicationID + `", "private_key": "PEM", "signature_secret": "HOOK", "from": "ACME"}`,
		"8x8": `{"preset": "8x8", "base_url": "BASE/8x8", "from": "ACME", "values": {"subaccount": "eight"},
			"secrets": {"api_key": "secret", "hook": "HOOK"}}`,
		"jasmin": `{"preset": "jasmin", "base_url": "BASE/jasmin", "from": "ACME", "secrets": {"user": "jasmin", "password": "secret", "hook": "HOOK"}}`,
	}[u.kind()]
	return strings.NewReplacer("BASE", p.url, "SMSC", p.smsc, "OA", oaID, "HOOK", hookSecret, "PEM", strings.ReplaceAll(privateKey(), "\n", `\n`)).Replace(text)
}

// privateKey is a Vonage application's.
var privateKey = sync.OnceValue(func() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
})
