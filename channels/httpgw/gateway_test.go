package httpgw

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	phone     = "+84912345678"
	callback  = "https://app.example/hooks/http/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// configure builds the adapter of a configuration written as JSON; BASE stands for the address.
func configure(t testing.TB, channel policy.Channel, config, base string) (channels.Adapter, error) {
	t.Helper()
	var settings map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(config, "BASE", base)), &settings); err != nil {
		t.Fatal(err)
	}
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		t.Fatal(err)
	}
	return reg.Build("http", channels.Config{
		Channel: channel, Settings: settings, HTTP: channels.NewHTTPClient(nil), Now: func() time.Time { return now },
	})
}

// build is configure for the channel that a preset's name ends in, SMS without one.
func build(t testing.TB, config, base string) channels.Adapter {
	t.Helper()
	channel := policy.SMS
	for _, c := range []policy.Channel{policy.ZNS, policy.Viber} {
		if strings.Contains(config, "-"+string(c)+`"`) {
			channel = c
		}
	}
	a, err := configure(t, channel, config, base)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// call is what the gateway saw.
type call struct{ Method, URI, Authorization, ContentType, Body string }

// gateway answers every call alike, and keeps the last one.
func gateway(t *testing.T, status int, body string) (base string, last *call) {
	t.Helper()
	last = &call{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		for name := range r.Header {
			if !slices.Contains([]string{"Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "User-Agent", "X-Api-Key"}, name) {
				t.Errorf("the header %s was not asked for", name)
			}
		}
		*last = call{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(b)}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, last
}

func outbound() channels.Outbound {
	return channels.Outbound{
		Reference: reference, To: phone, Category: policy.OTP, ValidFor: time.Minute, CallbackURL: callback,
		Content: channels.Content{Text: `Đơn "A" & B`, TemplateID: "300123", TemplateData: map[string]string{"otp": "4821", "name": "Lan <3"}},
	}
}
