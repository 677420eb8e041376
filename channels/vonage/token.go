package vonage

import (
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/policy"
)

// tokenLife is Vonage's default; ample for one call, and for a clock that is some minutes off.
const tokenLife = 15 * time.Minute

// token makes the JWT of one call: RS256 by the application's key, with an id of its own.
func (a *adapter) token() (string, *channels.Failure) {
	now := a.now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"application_id": a.applicationID, "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(), "jti": uuid.NewString(),
	}).SignedString(a.key)
	if err != nil {
		return "", &channels.Failure{
			Class: policy.ClassAccount, Code: "key_unusable", Detail: "private_key cannot sign",
			Advice: adviceCredentials.en, AdviceVI: adviceCredentials.vi, Err: err,
		}
	}
	return signed, nil
}
