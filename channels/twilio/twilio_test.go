package twilio

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
	reference  = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	accountSID = "AC0123456789abcdef0123456789abcdef"
	messageSID = "SM0b6e1f2a3b4c5d6e7f8091a2b3c4d5e6"
	serviceSID = "MG0123456789abcdef0123456789abcdef"
	hookURL    = "https://app.example/hooks/twilio/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// call is what the provider saw.
type call struct{ Method, URI, User, Password, ContentType, Body string }

// answer is a status and a body.
type answer struct {
	status int
	body   string
}

// provider answers by path, "" for any, and keeps the calls.
func provider(t *testing.T, answers map[string]answer) (url string, calls *[]call) {
	t.Helper()
	calls = new([]call)
	url = channeltest.Provider(t, func(w http.ResponseWriter, r *http.Request, body string) {
		user, password, _ := r.BasicAuth()
		*calls = append(*calls, call{r.Method, r.RequestURI, user, password, r.Header.Get("Content-Type"), body})
		a, ok := answers[r.URL.Path]
		if !ok {
			a = answers[""]
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
	return url, calls
}

func build(t testing.TB, baseURL string, more ...string) *adapter {
	t.Helper()
	pairs := append([]string{settingBaseURL, baseURL, settingAccountSID, accountSID, settingAuthToken, "T0ken", settingFrom, "+15005550006"}, more...)
	return channeltest.Build(t, Spec(), channels.Config{Channel: policy.SMS, Now: func() time.Time { return now }}, pairs...).(*adapter)
}

func TestSettings(t *testing.T) {
	good := []string{settingAccountSID, accountSID, settingAuthToken, "t", settingFrom, "+15005550006"}
	tests := map[string]struct {
		more  []string
		field string // "" is accepted
	}{
		"a number":                {nil, ""},
		"a short code":            {[]string{settingFrom, "72345"}, ""},
		"an alphanumeric sender":  {[]string{settingFrom, "Shop & Co-1"}, ""},
		"a messaging service":     {[]string{settingFrom, serviceSID}, ""},
		"an API key":              {[]string{settingAPIKeySID, "SK01", settingAPIKeySecret, "s"}, ""},
		"no account":              {[]string{settingAccountSID, ""}, settingAccountSID},
		"account with a slash":    {[]string{settingAccountSID, "AC1/../AC2"}, settingAccountSID},
		"no token":                {[]string{settingAuthToken, ""}, settingAuthToken},
		"no sender":               {[]string{settingFrom, ""}, settingFrom},
		"sender too long":         {[]string{settingFrom, "Twelve chars"}, settingFrom},
		"sender of digits":        {[]string{settingFrom, "0912345678"}, settingFrom},
		"key without its secret":  {[]string{settingAPIKeySID, "SK01"}, settingAPIKeySecret},
		"secret without its key":  {[]string{settingAPIKeySecret, "s"}, settingAPIKeySID},
		"key that is no SID":      {[]string{settingAPIKeySID, "SK:1", settingAPIKeySecret, "s"}, settingAPIKeySID},
		"no address":              {[]string{settingBaseURL, "api.twilio.com"}, settingBaseURL},
		"an address with a query": {[]string{settingBaseURL, "https://api.twilio.com/?a=b"}, settingBaseURL},
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

func TestDefaultAddress(t *testing.T) {
	a, err := newAdapter(channels.Config{Settings: channeltest.Settings(settingAccountSID, accountSID, settingAuthToken, "t", settingFrom, "Shop")})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.(*adapter).accountPath(); got != "https://api.twilio.com/2010-04-01/Accounts/"+accountSID {
		t.Errorf("the account is at %s", got)
	}
}

func TestCapabilities(t *testing.T) {
	want := channels.Capabilities{
		Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}, QueryByProviderID: true, MaxText: 1600,
	}
	if diff := cmp.Diff(want, build(t, "http://x").Capabilities()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
