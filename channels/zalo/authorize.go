package zalo

import (
	"context"
	"net/url"

	"cascade/channels"
)

// AuthorizeURL is the page on which an admin of the Official Account lets the application send for it (§3.1). The
// browser comes back to redirect with code, oa_id and state; redirect must be registered in the developer console.
// There is no code_challenge_method: S256 is the only one. Whether Zalo honours this challenge where the console holds
// one of its own is not sure.
func (a *Adapter) AuthorizeURL(redirect, state, challenge string) string {
	q := url.Values{"app_id": {a.appID}, "redirect_uri": {redirect}, "code_challenge": {challenge}, "state": {state}}
	return a.oauth + "/v4/oa/permission?" + q.Encode()
}

// Authorize spends a code, which lives ten minutes, for the first pair of tokens (§3.1, §3.2). It cannot see which
// Official Account the person chose: that is the oa_id which comes back beside the code.
func (a *Adapter) Authorize(ctx context.Context, code, verifier string) (channels.Token, error) {
	form := url.Values{"code": {code}, "app_id": {a.appID}, "grant_type": {"authorization_code"}, "code_verifier": {verifier}}
	return a.grant(ctx, form, channels.Token{})
}
