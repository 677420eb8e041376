package simulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"time"
)

// vonageSkew is how far a token's times may be ahead.
const vonageSkew = time.Minute

// vonageOwner answers the account whose application the call's token is for.
func (s *Simulator) vonageOwner(r *http.Request) (*account, bool) {
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if !bearer || len(parts) != 3 {
		return nil, false
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Application string `json:"application_id"`
		IssuedAt    int64  `json:"iat"`
		ExpiresAt   int64  `json:"exp"`
		ID          string `json:"jti"`
	}
	if !fromBase64(parts[0], &head) || !fromBase64(parts[1], &claims) || head.Alg != "RS256" || claims.ID == "" {
		return nil, false
	}
	now := s.opt.Now()
	if now.Unix() >= claims.ExpiresAt || time.Unix(claims.IssuedAt, 0).After(now.Add(vonageSkew)) {
		return nil, false
	}
	acc, ok := s.byKey(Vonage, claims.Application)
	return acc, ok && acc.vonageSigned(parts)
}

// vonageSigned verifies the signature of a token's three parts.
func (a *account) vonageSigned(parts []string) bool {
	if a.PublicKey == "" {
		return true
	}
	block, _ := pem.Decode([]byte(a.PublicKey))
	if block == nil {
		return false
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, isRSA := parsed.(*rsa.PublicKey)
	signature, badText := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !isRSA || badText != nil {
		return false
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}

// fromBase64 reads one part of a token into v.
func fromBase64(text string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(raw, v) == nil
}
