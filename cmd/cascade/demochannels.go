package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"

	"cascade/channels/simulator"
	"cascade/channels/sinch/sinchsim"
	"cascade/orchestrator"
	"cascade/policy"
)

// everyProvider is a policy that goes by the adapters which the default one leaves out. One operator's numbers have an SMS
// provider of their own.
const everyProvider = `{"steps": [
	{"channel": "zns", "until": "delivered", "timeout": "4s", "accounts": ["esms-zns"]},
	{"channel": "viber", "until": "delivered", "timeout": "4s", "accounts": ["vonage-viber", "esms-viber"]},
	{"channel": "sms", "until": "delivered", "timeout": "10s", "accounts": ["sinch-sms"], "when": "operator == 'viettel'"},
	{"channel": "sms", "until": "delivered", "timeout": "10s", "accounts": ["smpp-sms", "twilio-sms", "esms-sms", "vonage-sms"]}
], "ttl": "5m"}`

// Credentials of the demo's accounts: they open nothing but the simulator.
const (
	demoSID           = "AC00000000000000000000000000000001"
	demoApplicationID = "00000000-0000-4000-8000-000000000001"
)

// otherAccounts are those that everyProvider names.
func (d *demo) otherAccounts() ([]orchestrator.AccountInput, error) {
	key, err := demoPrivateKey()
	if err != nil {
		return nil, err
	}
	for _, a := range []simulator.Account{
		{Provider: simulator.ESMS, ID: "demo-esms", AppSecret: "demo-secret"},
		{Provider: simulator.SMPP, ID: "demo", AppSecret: "demopass"},
		{Provider: sinchsim.Provider, ID: "demo-plan", AppSecret: "demo-sinch"},
		{Provider: simulator.Twilio, ID: demoSID, AppSecret: "demo-twilio"},
		{Provider: simulator.Vonage, ID: demoApplicationID, WebhookSecret: "demo-vonage"},
	} {
		d.sim.Register(a)
	}
	esms := map[string]string{
		"api_url": d.simURL + "/esms/MainService.svc/json", "api_key": "demo-esms", "secret_key": "demo-secret", "brandname": "DEMOSHOP",
		"oa_id": "3000000000000000001", "webhook_secret": "demo-hook",
	}
	vonage := map[string]string{
		"base_url": d.simURL + "/vonage", "application_id": demoApplicationID, "private_key": key, "signature_secret": "demo-vonage", "from": "DEMOSHOP",
	}
	smpp := map[string]string{"address": d.smscAddress, "system_id": "demo", "password": "demopass", "source_addr": "DEMOSHOP"}
	sinch := map[string]string{"base_url": d.simURL + "/sinch", "service_plan_id": "demo-plan", "api_token": "demo-sinch", "from": "DEMOSHOP"}
	twilio := map[string]string{"base_url": d.simURL + "/twilio", "account_sid": demoSID, "auth_token": "demo-twilio", "from": "DEMOSHOP"}
	input := func(name string, ch policy.Channel, adapter string, settings map[string]string) orchestrator.AccountInput {
		return orchestrator.AccountInput{Name: name, Channel: ch, Adapter: adapter, Settings: raw(settings)}
	}
	return []orchestrator.AccountInput{
		input("esms-zns", policy.ZNS, "esms", esms), input("esms-viber", policy.Viber, "esms", esms), input("esms-sms", policy.SMS, "esms", esms),
		input("vonage-viber", policy.Viber, "vonage", vonage), input("vonage-sms", policy.SMS, "vonage", vonage),
		input("smpp-sms", policy.SMS, "smpp", smpp), input("sinch-sms", policy.SMS, "sinch", sinch), input("twilio-sms", policy.SMS, "twilio", twilio),
	}, nil
}

// demoPrivateKey makes a key as Vonage wants one.
func demoPrivateKey() (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}
