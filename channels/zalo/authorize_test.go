package zalo

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

// The pair of §3.1.
const (
	testVerifier  = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	testChallenge = "g0tuZ6q412zO9IRkeAUs8HN6MQeXPsGce37J3Rsc8wQ"
)

func TestAuthorizeURL(t *testing.T) {
	a := build(t, "https://oauth.zalo.test/", nil, nil, map[string]string{"refresh_token": ""})
	got := a.AuthorizeURL("https://cascade.test/zalo/back?x=1&y", "state/1+2", testChallenge)
	want := "https://oauth.zalo.test/v4/oa/permission?app_id=1000000000000000001&code_challenge=" + testChallenge +
		"&redirect_uri=https%3A%2F%2Fcascade.test%2Fzalo%2Fback%3Fx%3D1%26y&state=state%2F1%2B2"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAuthorize(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   channels.Token
		class  policy.Class
		code   string
	}{
		"as documented":  {answer: `{"access_token":"AT-1","refresh_token":"RT-1","expires_in":"90000"}`, want: channels.Token{Access: "AT-1", Refresh: "RT-1", ExpiresAt: testNow.Add(25 * time.Hour)}},
		"spent":          {answer: `{"error":-14005,"error_name":"Invalid authorization code: the-code/1 ` + testVerifier + `"}`, class: policy.ClassAccount, code: codeNeedsReauth},
		"wrong secret":   {answer: `{"error":-14004,"error_name":"x"}`, class: policy.ClassAccount, code: "app_secret_invalid"},
		"wrong redirect": {answer: `{"error":-14003,"error_name":"Invalid redirect uri"}`, class: policy.ClassAccount, code: "redirect_invalid"},
		"web page":       {answer: `<html>`, class: policy.ClassUnknown, code: "unreadable_answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seen := make(chan string, 1)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				seen <- fmt.Sprintf("%s %s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), r.Header.Get("secret_key"), body)
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer srv.Close()
			a := build(t, srv.URL, channels.NewHTTPClient(nil), nil, map[string]string{"refresh_token": ""})
			got, err := a.Authorize(t.Context(), "the-code/1", testVerifier)
			want := "POST /v4/oa/access_token application/x-www-form-urlencoded app-secret-for-tests " +
				"app_id=1000000000000000001&code=the-code%2F1&code_verifier=" + testVerifier + "&grant_type=authorization_code"
			if diff := cmp.Diff(want, <-seen); diff != "" {
				t.Error(diff)
			}
			if tt.class != "" {
				f := channels.AsFailure(err)
				if err == nil || f.Class != tt.class || f.Code != tt.code || f.Advice == "" && f.Class == policy.ClassAccount {
					t.Errorf("got %+v, want %s %s", f, tt.class, tt.code)
				}
				if strings.Contains(f.Error(), "the-code") || strings.Contains(f.Error(), testVerifier) {
					t.Errorf("a secret shows in %v", f)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// TestConsent links an account at the simulator, as a browser and the engine would together, and uses what it gets.
func TestConsent(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	sim.Register(simulator.Account{Provider: simulator.Zalo, ID: "3000000000000000001", AppID: "1000000000000000001", AppSecret: "app-secret-for-tests"})
	at := func(src channels.TokenSource) *Adapter {
		s := map[string]string{"refresh_token": "", "api_url": srv.URL + "/zalo/api", "oauth_url": srv.URL + "/zalo/oauth", "openapi_url": srv.URL + "/zalo/openapi"}
		a, err := newAdapter(channels.Config{
			Channel: policy.ZNS, Settings: settings(s), HTTP: channels.NewHTTPClient(nil), Tokens: src, Now: func() time.Time { return testNow },
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := at(nil)
	sum := sha256.Sum256([]byte(testVerifier))
	code := func() string {
		return consent(t, a.AuthorizeURL("https://cascade.test/back?tenant=7", "the state", base64.RawURLEncoding.EncodeToString(sum[:])))
	}

	if _, err := a.Authorize(t.Context(), code(), strings.ToUpper(testVerifier)); channels.AsFailure(err).ProviderCode != "-14005" {
		t.Errorf("another's verifier: %v", err)
	}
	spent := code()
	token, err := a.Authorize(t.Context(), spent, testVerifier)
	if err != nil || token.Access == "" || token.Refresh == "" || !token.ExpiresAt.Equal(testNow.Add(25*time.Hour)) {
		t.Fatalf("got %+v, %v", token, err)
	}
	if _, err := a.Authorize(t.Context(), spent, testVerifier); channels.AsFailure(err).ProviderCode != "-14005" {
		t.Errorf("the code a second time: %v", err)
	}
	linked := at(fixedToken(token.Access))
	if _, err := linked.Send(t.Context(), testOutbound); err != nil {
		t.Error(err)
	}
	out := testOutbound
	out.Content.UserID = simulator.ZaloUserID(out.To)
	if got, err := linked.Send(t.Context(), out); err != nil || got.ProviderID == "" {
		t.Errorf("by user id: %+v, %v", got, err)
	}
	if q, err := linked.Quota(t.Context()); err != nil || q.Left != 9998 || q.Total != 10000 {
		t.Errorf("quota %+v, %v", q, err)
	}
	if _, err := a.Refresh(t.Context(), token); err != nil {
		t.Error(err)
	}
}

// consent opens a consent page and answers the code with which the browser is sent back.
func consent(t *testing.T, page string) string {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := url.Parse(resp.Header.Get("Location"))
	q := back.Query()
	if err != nil || back.Host != "cascade.test" || q.Get("tenant") != "7" || q.Get("state") != "the state" || q.Get("oa_id") != "3000000000000000001" || q.Get("code") == "" {
		t.Fatal(errors.Join(err, fmt.Errorf("sent back to %s", back)))
	}
	return q.Get("code")
}
