package ladderstest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/channels/sinch/sinchsim"
	"cascade/policy"
)

// providers is everybody on the other side of the wire: the simulator, and two gateways in front of its own.
type providers struct {
	sim  *simulator.Simulator
	url  string
	smsc string // host and port of the SMS centre
}

func newProviders(t *testing.T) *providers {
	t.Helper()
	// Delivered after 30 ms. Nobody reads within the test, so that what was delivered is found so.
	sim, err := simulator.New(simulator.Options{Scale: 0.01, ReadAfter: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	sim.Add(sinchsim.Wire())
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	p := &providers{sim: sim, url: server.URL}
	front := gatewayFront{sim: sim.Handler()}
	mux.Handle("/", sim.Handler())
	(&eight{gatewayFront: front}).routes(mux)
	(&jasmin{gatewayFront: front}).routes(mux)
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.smsc = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- sim.ServeSMPP(ln) }()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error("simulator:", err)
		}
		if err := <-served; err != nil {
			t.Error("SMS centre:", err)
		}
		server.Close()
	})
	return p
}

// register makes the account of u known to its provider.
func (p *providers) register(u rung, hookURL string) {
	a := map[string]simulator.Account{
		"zalo": {
			Provider: simulator.Zalo, ID: oaID, AppID: "1000000000000000001", AppSecret: "app-secret", OASecret: "oa-secret",
			RefreshToken: "rt", AccessToken: "at", Quota: -1, WebhookURL: hookURL,
		},
		"infobip":      {Provider: simulator.Infobip, ID: "key"},
		"esms":         {Provider: simulator.ESMS, ID: "key", AppSecret: "secret"},
		"smpp":         {Provider: simulator.SMPP, ID: "acme", AppSecret: "passw0rd"},
		"sinch":        {Provider: sinchsim.Provider, ID: "plan", AppSecret: "token"},
		"sinch-signed": {Provider: sinchsim.Provider, ID: "signed-plan", AppSecret: "token", WebhookSecret: hookSecret},
		"twilio":       {Provider: simulator.Twilio, ID: accountSID, AppSecret: "token"},
		"vonage":       {Provider: simulator.Vonage, ID: applicationID, WebhookSecret: hookSecret},
		"8x8":          {Provider: simulator.Gateway, ID: "eight", AppSecret: "secret", WebhookURL: p.url + "/8x8/reports"},
		"jasmin":       {Provider: simulator.Gateway, ID: "jasmin", AppSecret: "secret", WebhookURL: p.url + "/jasmin/reports"},
	}[u.kind()]
	p.sim.Register(a)
}

// provider is how the simulator's log names the provider of u.
func (u rung) provider() string {
	if u.preset != "" {
		return simulator.Gateway
	}
	return u.adapter
}

// calls are those for a number.
func (p *providers) calls(to string) (calls []simulator.Call) {
	for _, c := range p.sim.Calls() {
		if c.To == strings.TrimPrefix(to, "+") {
			calls = append(calls, c)
		}
	}
	return calls
}

// refuse makes the provider of u refuse a number in its answer.
func (p *providers) refuse(u rung, to string) {
	p.sim.SetRule(to, simulator.Rule{Channel: string(u.channel), Outcome: simulator.Refuse, Code: u.refusal})
}

// fail makes the provider of u take messages for a number and report later that they did not arrive.
func (p *providers) fail(u rung, to string) {
	p.sim.SetRule(to, simulator.Rule{Channel: string(u.channel), Outcome: simulator.Fail})
}

// cut makes the provider of u take the message for a number and cut the connection.
func (p *providers) cut(u rung, to string) {
	p.sim.SetRule(to, simulator.Rule{Channel: string(u.channel), Outcome: simulator.CutTaken})
}

// hush makes a channel take messages for a number and tell nothing more.
func (p *providers) hush(channel policy.Channel, to string) {
	p.sim.SetRule(to, simulator.Rule{Channel: string(channel), Deliver: new(time.Duration(-1))})
}

// post sends what a gateway reports to where the sender wants it.
func post(ctx context.Context, to, contentType, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	return http.DefaultClient.Do(req)
}
