package httpgw

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	phone     = "+84912345678"
	callback  = "https://app.example/hooks/http/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// settingsOf reads a configuration written as JSON; BASE stands for the address.
func settingsOf(t testing.TB, config, base string) map[string]json.RawMessage {
	t.Helper()
	var settings map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(config, "BASE", base)), &settings); err != nil {
		t.Fatal(err)
	}
	return settings
}

// configure builds the adapter of a configuration written as JSON.
func configure(t testing.TB, channel policy.Channel, config, base string) (channels.Adapter, error) {
	t.Helper()
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		t.Fatal(err)
	}
	return reg.Build("http", channels.Config{
		Channel: channel, Settings: settingsOf(t, config, base), HTTP: channels.NewHTTPClient(nil), Now: func() time.Time { return now },
	})
}

// channelOf is the channel that a preset's name ends in, SMS without one.
func channelOf(config string) policy.Channel {
	for _, c := range []policy.Channel{policy.ZNS, policy.Viber} {
		if strings.Contains(config, "-"+string(c)+`"`) {
			return c
		}
	}
	return policy.SMS
}

// build is configure for the preset's channel.
func build(t testing.TB, config, base string) channels.Adapter {
	t.Helper()
	a, err := configure(t, channelOf(config), config, base)
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
	base = channeltest.Provider(t, func(w http.ResponseWriter, r *http.Request, got string) {
		for name := range r.Header {
			if !slices.Contains([]string{"Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "User-Agent", "X-Api-Key"}, name) {
				t.Errorf("the header %s was not asked for", name)
			}
		}
		*last = call{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), got}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	return base, last
}

func outbound() channels.Outbound {
	return channels.Outbound{
		Reference: reference, To: phone, Category: policy.OTP, ValidFor: time.Minute, CallbackURL: callback,
		Content: channels.Content{Text: `Đơn "A" & B`, TemplateID: "300123", TemplateData: map[string]string{"otp": "4821", "name": "Lan <3"}},
	}
}
