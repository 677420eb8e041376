package zalo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// accessLife is how long an access token lives when the answer does not say (§3.3).
const accessLife = 90_000 * time.Second

// Refresh spends the refresh token of have; Zalo takes each one once and gives a new pair (§3.2, §3.3). After
// ClassUnknown the old one may be dead: one more try tells. An account that was never linked has none to spend.
func (a *Adapter) Refresh(ctx context.Context, have channels.Token) (channels.Token, error) {
	if have.Refresh == "" {
		return channels.Token{}, needsReauth("", "there is no refresh token")
	}
	return a.grant(ctx, url.Values{"refresh_token": {have.Refresh}, "app_id": {a.appID}, "grant_type": {"refresh_token"}}, have)
}

// grant asks the token endpoint for a pair (§3.2). have is what the account has so far.
func (a *Adapter) grant(ctx context.Context, form url.Values, have channels.Token) (channels.Token, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.oauth+"/v4/oa/access_token", strings.NewReader(form.Encode()))
	if err != nil {
		return channels.Token{}, &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "oauth_url is not an address", Err: err}
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["secret_key"] = []string{a.appSecret}
	resp, f := channels.Call(ctx, a.http, req)
	if f != nil {
		return channels.Token{}, f
	}
	secrets := slices.Concat(a.secrets, []string{have.Access, have.Refresh, form.Get("code"), form.Get("code_verifier")})
	got, f := a.readToken(resp, have, secrets)
	if f != nil {
		return channels.Token{}, f
	}
	return got, nil
}

// readToken: having an access_token is the only test of success, since some refusals carry no number (§3.4).
func (a *Adapter) readToken(resp *channels.Response, have channels.Token, secrets []string) (channels.Token, *channels.Failure) {
	status := resp.StatusFailure(a.now())
	if status != nil && status.Class == policy.ClassUnknown {
		return channels.Token{}, status
	}
	var body struct {
		envelope
		Access    channels.Text `json:"access_token"`
		Refresh   channels.Text `json:"refresh_token"`
		ExpiresIn channels.Text `json:"expires_in"`
	}
	if err := json.Unmarshal(resp.Body, &body); err != nil {
		if status != nil {
			return channels.Token{}, status
		}
		return channels.Token{}, unreadable(resp)
	}
	code, numbered := body.code()
	switch {
	case body.Access != "":
		return a.token(body.Access, body.Refresh, body.ExpiresIn, have), nil
	case numbered && code < 0, body.Name != "", body.Reason != "":
		f := oauthRefusal(code, string(body.Name))
		f.Detail = channels.Redact(body.words(), secrets...)
		return channels.Token{}, f
	case status != nil:
		return channels.Token{}, status
	}
	return channels.Token{}, unreadable(resp)
}

func (a *Adapter) token(access, refresh, expiresIn channels.Text, have channels.Token) channels.Token {
	life := accessLife
	if n, ok := expiresIn.Int64(); ok && n > 0 && n < int64(accessLife/time.Second)*100 {
		life = time.Duration(n) * time.Second
	}
	t := channels.Token{Access: string(access), Refresh: string(refresh), ExpiresAt: a.now().Add(life)}
	if t.Refresh == "" { // seen by one client: the old one then goes on
		t.Refresh = have.Refresh
	}
	return t
}
