package vonage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"cascade/channels"
)

// freshness is how far the time of signing may be from now, either way. Vonage leaves it to the receiver.
const freshness = 5 * time.Minute

// hookClaims are what a callback's token says beside what every token may.
type hookClaims struct {
	jwt.RegisteredClaims
	PayloadHash string `json:"payload_hash"`
}

// genuine checks the callback's token: HS256 by the signature secret, signed just now, and of this very body. Without
// a configured secret nothing is genuine.
func (a *adapter) genuine(h channels.Hook) bool {
	scheme, token, ok := strings.Cut(h.Header.Get("Authorization"), " ")
	if a.secret == "" || !ok || !strings.EqualFold(scheme, "Bearer") {
		return false
	}
	var claims hookClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithTimeFunc(a.now), jwt.WithLeeway(freshness))
	_, err := parser.ParseWithClaims(strings.TrimSpace(token), &claims, func(*jwt.Token) (any, error) { return []byte(a.secret), nil })
	if err != nil || claims.IssuedAt == nil || a.now().Sub(claims.IssuedAt.Time).Abs() > freshness {
		return false
	}
	sum := sha256.Sum256(h.Body)
	return hmac.Equal([]byte(strings.ToLower(claims.PayloadHash)), []byte(hex.EncodeToString(sum[:])))
}
