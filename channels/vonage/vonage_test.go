package vonage

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

const (
	reference     = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	applicationID = "78d335fa-323d-0114-9c3d-d6f0d48968cf"
	messageUUID   = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
	secret        = "signature-secret-of-the-account"
	hookURL       = "https://app.example/hooks/vonage/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// key is the application's, made once; pkcs8 and pkcs1 are its PEM forms.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func pkcs8(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func pkcs1() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key())}))
}

// call is what the provider saw; the token is looked at apart.
type call struct{ Method, URI, ContentType, Body string }

type answer struct {
	status int
	body   string
}

// provider answers every call and keeps the calls and their Authorization headers.
func provider(t *testing.T, a answer) (url string, calls *[]call, tokens *[]string) {
	t.Helper()
	calls, tokens = new([]call), new([]string)
	url = channeltest.Provider(t, func(w http.ResponseWriter, r *http.Request, body string) {
		*calls = append(*calls, call{r.Method, r.RequestURI, r.Header.Get("Content-Type"), body})
		*tokens = append(*tokens, r.Header.Get("Authorization"))
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	})
	return url, calls, tokens
}

func build(t testing.TB, channel policy.Channel, baseURL string, more ...string) *adapter {
	t.Helper()
	pairs := append([]string{
		settingBaseURL, baseURL, settingApplicationID, applicationID, settingPrivateKey, pkcs8(t), settingSignatureSecret, secret, settingFrom, "MyBrand",
	}, more...)
	return channeltest.Build(t, Spec(), channels.Config{Channel: channel, Now: func() time.Time { return now }}, pairs...).(*adapter)
}

func TestSettings(t *testing.T) {
	good := []string{settingApplicationID, applicationID, settingPrivateKey, pkcs8(t), settingFrom, "MyBrand"}
	tests := map[string]struct {
		more  []string
		field string // "" is accepted
	}{
		"all":                     {nil, ""},
		"PKCS #1":                 {[]string{settingPrivateKey, pkcs1()}, ""},
		"line breaks as \\n":      {[]string{settingPrivateKey, strings.ReplaceAll(pkcs8(t), "\n", `\n`)}, ""},
		"blanks around the key":   {[]string{settingPrivateKey, "\n " + pkcs8(t) + "\n"}, ""},
		"no application":          {[]string{settingApplicationID, ""}, settingApplicationID},
		"application with a path": {[]string{settingApplicationID, "a/b"}, settingApplicationID},
		"no key":                  {[]string{settingPrivateKey, ""}, settingPrivateKey},
		"no PEM":                  {[]string{settingPrivateKey, "s3cret"}, settingPrivateKey},
		"half a key":              {[]string{settingPrivateKey, pkcs8(t)[:200]}, settingPrivateKey},
		"no sender":               {[]string{settingFrom, " "}, settingFrom},
		"sender too long":         {[]string{settingFrom, strings.Repeat("x", 51)}, settingFrom},
		"no address":              {[]string{settingBaseURL, "api.nexmo.com"}, settingBaseURL},
		"an address with a query": {[]string{settingBaseURL, "https://api.nexmo.com/?a=b"}, settingBaseURL},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newAdapter(channels.Config{Channel: policy.Viber, Settings: channeltest.Settings(append(good[:len(good):len(good)], tt.more...)...)})
			got := ""
			if e, ok := errors.AsType[*channels.SettingError](err); ok {
				got = e.Field
			} else if err != nil {
				t.Fatalf("got %v, want a SettingError", err)
			}
			if got != tt.field {
				t.Errorf("blames %q, want %q (%v)", got, tt.field, err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the key shows in %v", err)
			}
		})
	}
}

func TestDefaultAddress(t *testing.T) {
	a, err := newAdapter(channels.Config{Channel: policy.SMS, Settings: channeltest.Settings(settingApplicationID, applicationID, settingPrivateKey, pkcs1(), settingFrom, "MyBrand")})
	if err != nil {
		t.Fatal(err)
	}
	if got := a.(*adapter).baseURL; got != "https://api.nexmo.com" {
		t.Errorf("base_url is %s", got)
	}
}

func TestCapabilities(t *testing.T) {
	sms := channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}, MaxText: 1000}
	viber := sms
	viber.Receipts = []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered, policy.ReceiptRead}
	for channel, want := range map[policy.Channel]channels.Capabilities{policy.SMS: sms, policy.Viber: viber} {
		if diff := cmp.Diff(want, build(t, channel, "http://x").Capabilities()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", channel, diff)
		}
	}
	if _, asks := channels.Adapter(build(t, policy.SMS, "http://x")).(channels.StatusQuerier); asks {
		t.Error("it says that it can be asked for a status")
	}
}
