package vonage

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"net/http"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

const hs256 = `{"alg":"HS256","typ":"JWT"}`

// claimsOf are the claims of a genuine callback.
func claimsOf(body string, issued time.Time) string {
	sum := sha256.Sum256([]byte(body))
	return fmt.Sprintf(`{"iat":%d,"jti":"c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5","iss":"Vonage","payload_hash":%q,"api_key":"a1b2c3d","application_id":%q}`,
		issued.Unix(), hex.EncodeToString(sum[:]), applicationID)
}

// token signs header and claims by hand.
func token(h func() hash.Hash, secret, header, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(h, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func hook(authorization, body string) channels.Hook {
	h := channels.Hook{Method: http.MethodPost, URL: hookURL, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
	if authorization != "" {
		h.Header.Set("Authorization", authorization)
	}
	return h
}

// signed is a genuine callback.
func signed(body string) channels.Hook {
	return hook("Bearer "+token(sha256.New, secret, hs256, claimsOf(body, now)), body)
}

func TestSignature(t *testing.T) {
	const body = `{"message_uuid":"` + messageUUID + `","status":"delivered","timestamp":"2026-11-20T01:00:04.211Z"}`
	good := claimsOf(body, now)
	without := func(claim string) string { return strings.Replace(good, `"`+claim+`"`, `"x"`, 1) }
	tests := map[string]struct {
		authorization string
		body          string
		genuine       bool
	}{
		"good":                    {"Bearer " + token(sha256.New, secret, hs256, good), body, true},
		"scheme in lower case":    {"bearer " + token(sha256.New, secret, hs256, good), body, true},
		"hash in upper case":      {"Bearer " + token(sha256.New, secret, hs256, upperHash(good)), body, true},
		"five minutes old":        {"Bearer " + token(sha256.New, secret, hs256, claimsOf(body, now.Add(-5*time.Minute))), body, true},
		"five minutes ahead":      {"Bearer " + token(sha256.New, secret, hs256, claimsOf(body, now.Add(5*time.Minute))), body, true},
		"older":                   {"Bearer " + token(sha256.New, secret, hs256, claimsOf(body, now.Add(-301*time.Second))), body, false},
		"further ahead":           {"Bearer " + token(sha256.New, secret, hs256, claimsOf(body, now.Add(301*time.Second))), body, false},
		"expired":                 {"Bearer " + token(sha256.New, secret, hs256, strings.Replace(good, "{", fmt.Sprintf(`{"exp":%d,`, now.Add(-time.Hour).Unix()), 1)), body, false},
		"no time of signing":      {"Bearer " + token(sha256.New, secret, hs256, without("iat")), body, false},
		"no hash":                 {"Bearer " + token(sha256.New, secret, hs256, without("payload_hash")), body, false},
		"hash of another body":    {"Bearer " + token(sha256.New, secret, hs256, good), body + " ", false},
		"no header":               {"", body, false},
		"no token":                {"Bearer ", body, false},
		"another scheme":          {"Basic " + token(sha256.New, secret, hs256, good), body, false},
		"another secret":          {"Bearer " + token(sha256.New, "guess", hs256, good), body, false},
		"signature taken out":     {"Bearer " + strings.TrimRightFunc(token(sha256.New, secret, hs256, good), func(r rune) bool { return r != '.' }), body, false},
		"algorithm none":          {"Bearer " + token(sha256.New, secret, `{"alg":"none","typ":"JWT"}`, good), body, false},
		"another algorithm":       {"Bearer " + token(sha512.New, secret, `{"alg":"HS512","typ":"JWT"}`, good), body, false},
		"claims of another token": {"Bearer " + mixed(token(sha256.New, secret, hs256, good), token(sha256.New, secret, hs256, claimsOf("{}", now))), body, false},
		"no JWT":                  {"Bearer a.b", body, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, policy.Viber, "http://x").ReadHook(hook(tt.authorization, tt.body))
			if forged := errors.Is(err, channels.ErrForged); forged == tt.genuine || tt.genuine && len(got) != 1 {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// upperHash writes the hash in the claims in upper case.
func upperHash(claims string) string {
	head, rest, _ := strings.Cut(claims, `"payload_hash":"`)
	return head + `"payload_hash":"` + strings.ToUpper(rest[:64]) + rest[64:]
}

// mixed has the claims of b under the signature of a.
func mixed(a, b string) string {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return x[0] + "." + y[1] + "." + x[2]
}

func TestWithoutASecretNothingIsGenuine(t *testing.T) {
	const body = `{"message_uuid":"1","status":"read"}`
	a := build(t, policy.Viber, "http://x", settingSignatureSecret, "")
	h := hook("Bearer "+token(sha256.New, "", hs256, claimsOf(body, now)), body)
	if _, err := a.ReadHook(h); !errors.Is(err, channels.ErrForged) {
		t.Errorf("got %v", err)
	}
}
