package vonage

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/policy"
)

// Every call carries a token of its own, which is verified here without the library that made it.
func TestEveryCallIsSigned(t *testing.T) {
	url, _, tokens := provider(t, answer{202, accepted})
	a := build(t, policy.Viber, url)
	for range 2 {
		if _, err := a.Send(t.Context(), channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "x"}}); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	for _, header := range *tokens {
		token, ok := strings.CutPrefix(header, "Bearer ")
		parts := strings.Split(token, ".")
		if !ok || len(parts) != 3 {
			t.Fatalf("Authorization is %q", header)
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(&key().PublicKey, crypto.SHA256, sum[:], unbase64(t, parts[2])); err != nil {
			t.Errorf("the signature is wrong: %v", err)
		}
		var head, claims map[string]any
		if err := json.Unmarshal(unbase64(t, parts[0]), &head); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(unbase64(t, parts[1]), &claims); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT"}, head); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		id, _ := claims["jti"].(string)
		if _, err := uuid.Parse(id); err != nil || seen[id] {
			t.Errorf("jti %q is no new UUID", id)
		}
		seen[id] = true
		delete(claims, "jti")
		want := map[string]any{"application_id": applicationID, "iat": float64(now.Unix()), "exp": float64(now.Add(15 * time.Minute).Unix())}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
