package sinch

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	batchID   = "01FC66621XVHDBN119Z8PMV1QP"
	hookURL   = "https://app.example/hooks/sinch/a1"
	token     = "token-of-the-plan"
	secret    = "secret-of-hooks"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// call is what the provider saw.
type call struct{ Method, URI, Authorization, ContentType, Body string }

// answer is a status and a body.
type answer struct {
	status int
	body   string
}

// provider answers by path, "" for any, and keeps the calls.
func provider(t *testing.T, answers map[string]answer) (url string, calls *[]call) {
	t.Helper()
	calls = new([]call)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*calls = append(*calls, call{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(raw)})
		a, ok := answers[r.URL.Path]
		if !ok {
			a = answers[""]
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, calls
}

// build makes the adapter; more settings are laid over the usual ones.
func build(t testing.TB, baseURL string, more ...string) *adapter {
	t.Helper()
	pairs := append([]string{settingBaseURL, baseURL, settingServicePlanID, "plan1", settingAPIToken, token, settingFrom, "MyBrand"}, more...)
	return channeltest.Build(t, Spec(), channels.Config{Channel: policy.SMS, Now: func() time.Time { return now }}, pairs...).(*adapter)
}

func TestSettings(t *testing.T) {
	good := []string{settingBaseURL, exampleURL, settingServicePlanID, "plan1", settingAPIToken, "t", settingFrom, "+15005550006"}
	tests := map[string]struct {
		more  []string
		field string // "" is accepted
	}{
		"a number":                {nil, ""},
		"a short code":            {[]string{settingFrom, "72345"}, ""},
		"an alphanumeric sender":  {[]string{settingFrom, "Shop & Co-1"}, ""},
		"no address":              {[]string{settingBaseURL, ""}, settingBaseURL},
		"an address with a query": {[]string{settingBaseURL, exampleURL + "/?a=b"}, settingBaseURL},
		"no plan":                 {[]string{settingServicePlanID, ""}, settingServicePlanID},
		"plan with a slash":       {[]string{settingServicePlanID, "a/../b"}, settingServicePlanID},
		"no token":                {[]string{settingAPIToken, ""}, settingAPIToken},
		"token of two lines":      {[]string{settingAPIToken, "a\nb"}, settingAPIToken},
		"no sender":               {[]string{settingFrom, ""}, settingFrom},
		"sender too long":         {[]string{settingFrom, "Twelve chars"}, settingFrom},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newAdapter(channels.Config{Settings: channeltest.Settings(append(good[:len(good):len(good)], tt.more...)...)})
			got := ""
			if e, ok := errors.AsType[*channels.SettingError](err); ok {
				got = e.Field
			} else if err != nil {
				t.Fatalf("got %v, want a SettingError", err)
			}
			if got != tt.field {
				t.Errorf("blames %q, want %q (%v)", got, tt.field, err)
			}
		})
	}
}

func TestCapabilities(t *testing.T) {
	want := channels.Capabilities{
		Receipts:          []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered},
		QueryByProviderID: true, QueryByReference: true, MaxText: 1600,
	}
	if diff := cmp.Diff(want, build(t, "http://x").Capabilities()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		answer answer
		want   string // level and code
	}{
		"authorized":      {answer{200, `{"count":0,"page":0,"page_size":1,"batches":[]}`}, "ok authorized"},
		"bad token":       {answer{401, ``}, "error not_authorized"},
		"blocked":         {answer{403, `{"code":"blocked_account","text":"Blocked"}`}, "error account_blocked"},
		"another address": {answer{404, `<html>`}, "error address_unknown"},
		"in trouble":      {answer{503, ``}, "error provider_error"},
		"nobody we know":  {answer{200, `{"hello":"world"}`}, "error unreadable_answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]answer{"": tt.answer})
			got := build(t, url).Check(t.Context())
			if len(got) != 1 || got[0].Level+" "+got[0].Code != tt.want {
				t.Fatalf("got %+v, want %s", got, tt.want)
			}
			if f := got[0]; f.MessageVI == "" || f.MessageVI == f.Message || (f.Level == "ok") != (f.Advice == "") || (f.Advice == "") != (f.AdviceVI == "") {
				t.Errorf("finding %+v", f)
			}
			if diff := cmp.Diff([]call{{"GET", "/xms/v1/plan1/batches?page_size=1", "Bearer " + token, "", ""}}, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}
