package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// The pair of the wire's fact sheet.
const (
	testVerifier  = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	testChallenge = "g0tuZ6q412zO9IRkeAUs8HN6MQeXPsGce37J3Rsc8wQ"
)

// consent answers the query with which the browser is sent back, or the refusal's number.
func (b *bench) consent(query string) (url.Values, int) {
	b.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(b.url + "/zalo/oauth/v4/oa/permission?" + query)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		var refusal oauthError
		if err := json.NewDecoder(resp.Body).Decode(&refusal); err != nil {
			b.t.Fatal(err)
		}
		return nil, refusal.Error
	}
	back, err := resp.Location()
	if err != nil {
		b.t.Fatal(err)
	}
	return back.Query(), 0
}

func (b *bench) redeem(code, app, secret, verifier string) (pair tokenPair, refusal int) {
	b.t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "app_id": {app}, "code_verifier": {verifier}}
	var answer struct {
		tokenPair
		Error int
	}
	b.call(http.MethodPost, "/zalo/oauth/v4/oa/access_token", form.Encode(),
		map[string]string{"secret_key": secret, "Content-Type": "application/x-www-form-urlencoded"}).into(b.t, &answer)
	return answer.tokenPair, answer.Error
}

func consentQuery(app string) string {
	return url.Values{"app_id": {app}, "redirect_uri": {"http://127.0.0.1/back?a=b"}, "code_challenge": {testChallenge}, "state": {"s&1"}}.Encode()
}

func TestZaloConsent(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	b := start(t, Options{Now: func() time.Time { return now }})
	b.register()
	const app = "1000000000000000001"
	code := func() string {
		q, refusal := b.consent(consentQuery(app))
		if refusal != 0 || q.Get("a") != "b" || q.Get("state") != "s&1" || q.Get("oa_id") != "3000000000000000001" {
			t.Fatalf("sent back with %v, %d", q, refusal)
		}
		return q.Get("code")
	}
	for query, want := range map[string]int{"app_id=" + app + "&redirect_uri=javascript:1": -14003, consentQuery("2"): -14002} {
		if _, got := b.consent(query); got != want {
			t.Errorf("%s: answered %d, want %d", query, got, want)
		}
	}
	tests := map[string]struct {
		app, secret, verifier string
		later                 time.Duration
		want                  int
	}{
		"another app":     {"2", "app", testVerifier, 0, -14002},
		"wrong secret":    {app, "wrong", testVerifier, 0, -14004},
		"wrong verifier":  {app, "app", testVerifier + "x", 0, -14005},
		"no verifier":     {app, "app", "", 0, -14005},
		"after its life":  {app, "app", testVerifier, consentLife + 1, -14005},
		"as it should be": {app, "app", testVerifier, consentLife, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := code()
			now = now.Add(tt.later)
			if _, got := b.redeem(c, tt.app, tt.secret, tt.verifier); got != tt.want {
				t.Errorf("answered %d, want %d", got, tt.want)
			}
			if _, got := b.redeem(c, app, "app", testVerifier); got != -14005 {
				t.Errorf("a second time: %d", got)
			}
		})
	}

	// An account that waits for a person works again, with the new pair alone.
	b.sim.SetAccountFault(Zalo, "3000000000000000001", FaultReauth)
	pair, refusal := b.redeem(code(), app, "app", testVerifier)
	if refusal != 0 || pair.ExpiresIn != "90000" {
		t.Fatalf("%+v, %d", pair, refusal)
	}
	var a zaloAnswer
	for token, want := range map[string]int{"AT": -124, pair.Access: 0} {
		b.call(http.MethodPost, "/zalo/api/message/template", `{"phone":"84912345678","template_id":"1","template_data":{}}`, zaloHeader(token)).into(t, &a)
		if *a.Error != want {
			t.Errorf("token %s answered %d", token, *a.Error)
		}
	}
}

func TestZaloConsentForStrangers(t *testing.T) {
	b := start(t, Options{Open: true})
	q, refusal := b.consent(consentQuery("77"))
	if refusal != 0 {
		t.Fatal(refusal)
	}
	pair, refusal := b.redeem(q.Get("code"), "77", "any", testVerifier)
	if refusal != 0 || pair.Access == "" {
		t.Errorf("%+v, %d", pair, refusal)
	}
	if again, refusal := b.consent(consentQuery("77")); refusal != 0 || again.Get("oa_id") != q.Get("oa_id") {
		t.Errorf("the second consent is for %v, %d", again, refusal)
	}
}
