package esms

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	smsID     = "7f0d51c2a9e84b6f8d3c2b1a0f9e8d7c"
	hookURL   = "https://app.example/hooks/esms/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// call is what the provider saw.
type call struct{ Method, URI, ContentType, Body string }

// provider answers by path, "" for any, and keeps the calls.
func provider(t *testing.T, answers map[string]string) (url string, calls *[]call) {
	t.Helper()
	calls = new([]call)
	url = channeltest.Provider(t, func(w http.ResponseWriter, r *http.Request, body string) {
		*calls = append(*calls, call{r.Method, r.RequestURI, r.Header.Get("Content-Type"), body})
		answer, ok := answers[r.URL.Path]
		if !ok {
			answer = answers[""]
		}
		_, _ = io.WriteString(w, answer)
	})
	return url, calls
}

func build(t testing.TB, channel policy.Channel, apiURL string, more ...string) *adapter {
	t.Helper()
	pairs := append([]string{
		settingAPIURL, apiURL, settingAPIKey, "K3Y", settingSecretKey, "S3CRET", settingBrandname, "Baotrixemay", settingOAID, "1234567890123456789",
		settingWebhookSecret, "T0ken",
	}, more...)
	return channeltest.Build(t, Spec(), channels.Config{Channel: channel, Now: func() time.Time { return now }}, pairs...).(*adapter)
}

func TestSettings(t *testing.T) {
	good := []string{settingAPIKey, "k", settingSecretKey, "s", settingBrandname, "b", settingOAID, "123"}
	tests := map[string]struct {
		channel policy.Channel
		more    []string
		field   string // "" is accepted
	}{
		"sms":                        {policy.SMS, nil, ""},
		"viber":                      {policy.Viber, nil, ""},
		"zns":                        {policy.ZNS, nil, ""},
		"zns needs no brandname":     {policy.ZNS, []string{settingBrandname, ""}, ""},
		"sms needs no OA":            {policy.SMS, []string{settingOAID, ""}, ""},
		"fixed number, no brandname": {policy.SMS, []string{settingSMSType, "8", settingBrandname, ""}, ""},
		"zalo priority":              {policy.ZNS, []string{settingSMSType, "24"}, ""},
		"older look-up":              {policy.ZNS, []string{settingZNSStatus, callSendStatus}, ""},
		"sandbox":                    {policy.SMS, []string{settingSandbox, "1"}, ""},
		"no key":                     {policy.SMS, []string{settingAPIKey, ""}, settingAPIKey},
		"no secret key":              {policy.SMS, []string{settingSecretKey, ""}, settingSecretKey},
		"sms without brandname":      {policy.SMS, []string{settingBrandname, ""}, settingBrandname},
		"viber without brandname":    {policy.Viber, []string{settingBrandname, ""}, settingBrandname},
		"zns without OA":             {policy.ZNS, []string{settingOAID, ""}, settingOAID},
		"OA that is no number":       {policy.ZNS, []string{settingOAID, "my-oa"}, settingOAID},
		"advertising":                {policy.SMS, []string{settingSMSType, "1"}, settingSMSType},
		"sms type on viber":          {policy.Viber, []string{settingSMSType, "2"}, settingSMSType},
		"no address":                 {policy.SMS, []string{settingAPIURL, "rest.esms.vn"}, settingAPIURL},
		"address with a query":       {policy.SMS, []string{settingAPIURL, "https://rest.esms.vn/?a=b"}, settingAPIURL},
		"unknown look-up":            {policy.ZNS, []string{settingZNSStatus, "Ask"}, settingZNSStatus},
		"sandbox maybe":              {policy.SMS, []string{settingSandbox, "maybe"}, settingSandbox},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newAdapter(channels.Config{Channel: tt.channel, Settings: channeltest.Settings(append(good[:len(good):len(good)], tt.more...)...)})
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

func TestDefaultAddress(t *testing.T) {
	a, err := newAdapter(channels.Config{Channel: policy.SMS, Settings: channeltest.Settings(settingAPIKey, "k", settingSecretKey, "s", settingBrandname, "b")})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.(*adapter).apiURL; got != "https://rest.esms.vn/MainService.svc/json" {
		t.Errorf("api_url is %s", got)
	}
}

func TestCapabilities(t *testing.T) {
	for _, channel := range Spec().Channels {
		got := build(t, channel, "http://x").Capabilities()
		want := channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptDelivered}, QueryByProviderID: true, Dedupe: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", channel, diff)
		}
	}
}
