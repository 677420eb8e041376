package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"cascade/channels"
)

// The vectors of Twilio's documentation and helper libraries, all with the Auth Token 12345.
const (
	vectorURL  = "https://mycompany.com/myapp.php?foo=1&bar=2"
	vectorForm = "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&From=%2B14158675309"
	vectorSign = "RSOYDt4T1cUTdK1PDd93/VVr8B8="

	hashedURL  = "https://mycompany.com/myapp.php?foo=1&bar=2&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
	hashedBody = `{"property": "value", "boolean": true}`
	hashedSign = "a9nBmqA0ju/hNViExpshrM61xv4="
)

func TestPublishedVectors(t *testing.T) {
	const form, jsonBody = "application/x-www-form-urlencoded", "application/json"
	tests := map[string]struct {
		token, url, kind, body, signature string
		genuine                           bool
	}{
		"form":                        {"12345", vectorURL, form, vectorForm, vectorSign, true},
		"repeated parameters":         {"12345", vectorURL, form, "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234", "IK+Dwps556ElfBT0I3Rgjkr1wJU=", true},
		"JSON by its hash":            {"12345", hashedURL, jsonBody, hashedBody, hashedSign, true},
		"JSON, another body":          {"12345", hashedURL, jsonBody, hashedBody + " ", hashedSign, false},
		"JSON, hash taken out":        {"12345", vectorURL, jsonBody, hashedBody, hashedSign, false},
		"another token":               {"12346", vectorURL, form, vectorForm, vectorSign, false},
		"another value":               {"12345", vectorURL, form, vectorForm + "&Digits=9", vectorSign, false},
		"another parameter":           {"12345", vectorURL, form, vectorForm + "&x=y", vectorSign, false},
		"another query":               {"12345", vectorURL + "&x=y", form, vectorForm, vectorSign, false},
		"another scheme":              {"12345", "http" + vectorURL[5:], form, vectorForm, vectorSign, false},
		"no signature":                {"12345", vectorURL, form, vectorForm, "", false},
		"signature that is no base64": {"12345", vectorURL, form, vectorForm, "FAIL!", false},
		"short signature":             {"12345", vectorURL, form, vectorForm, "RSOY", false},
		"broken form":                 {"12345", vectorURL, form, vectorForm + "&%zz", vectorSign, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, "http://x", settingAuthToken, tt.token)
			h := channels.Hook{Method: http.MethodPost, URL: tt.url, Header: http.Header{"Content-Type": {tt.kind}}, Body: []byte(tt.body)}
			if tt.signature != "" {
				h.Header.Set("X-Twilio-Signature", tt.signature)
			}
			if got := a.genuine(h); got != tt.genuine {
				t.Errorf("genuine is %t, want %t", got, tt.genuine)
			}
			if _, err := a.ReadHook(h); errors.Is(err, channels.ErrForged) == tt.genuine {
				t.Errorf("ReadHook ends as %v", err)
			}
		})
	}
}

// sign is the signature over text, by hand.
func sign(token, text string) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Whichever way of writing the default port Twilio signed, and whichever the address has, they match; another port does not.
func TestDefaultPorts(t *testing.T) {
	tests := map[string]struct {
		signed, called string
		genuine        bool
	}{
		"signed with 443":          {"https://app.example:443/h?a=1", "https://app.example/h?a=1", true},
		"called with 443":          {"https://app.example/h?a=1", "https://app.example:443/h?a=1", true},
		"signed with 80":           {"http://app.example:80/h", "http://app.example/h", true},
		"called with 80":           {"http://app.example/h", "http://app.example:80/h", true},
		"same other port":          {"https://app.example:8443/h", "https://app.example:8443/h", true},
		"other port left out":      {"https://app.example:8443/h", "https://app.example/h", false},
		"the wrong scheme's port":  {"https://app.example:80/h", "https://app.example/h", false},
		"IPv6":                     {"http://[::1]:80/h", "http://[::1]/h", true},
		"IPv6 with another port":   {"http://[::1]/h", "http://[::1]:8080/h", false},
		"no path":                  {"https://app.example:443?a=1", "https://app.example?a=1", true},
		"escapes stay as they are": {"https://app.example:443/a%2Fb?q=%20+", "https://app.example/a%2Fb?q=%20+", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := channels.Hook{URL: tt.called, Header: http.Header{}, Body: []byte("MessageSid=SM1&MessageStatus=sent")}
			h.Header.Set("X-Twilio-Signature", sign("T0ken", tt.signed+"MessageSidSM1MessageStatussent"))
			if got := build(t, "http://x").genuine(h); got != tt.genuine {
				t.Errorf("genuine is %t, want %t", got, tt.genuine)
			}
		})
	}
}
