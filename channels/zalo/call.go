package zalo

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"

	"cascade/channels"
	"cascade/policy"
)

// envelope is the frame of every answer; the OAuth host words its errors differently (§1.1, §3.4).
type envelope struct {
	Error    json.RawMessage `json:"error"`
	Message  channels.Text   `json:"message"`
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata"`

	Name        channels.Text `json:"error_name"`
	Reason      channels.Text `json:"error_reason"`
	Description channels.Text `json:"error_description"`
}

// code is the answer's error number; false if it has none. A number in quotes is not one: nobody has seen it (§8.1).
func (e envelope) code() (int, bool) {
	n, err := strconv.Atoi(string(e.Error))
	return n, err == nil
}

// words is what the provider says of an error.
func (e envelope) words() string {
	for _, t := range []channels.Text{e.Message, e.Description, e.Reason, e.Name} {
		if t != "" {
			return string(t)
		}
	}
	return "no reason given"
}

// ask makes one authorised call. If Zalo says that the token is bad it did not act on the call: the token is renewed
// once and the call made once more.
func (a *Adapter) ask(ctx context.Context, method, address string, body []byte) (envelope, *channels.Failure) {
	token, err := a.tokens.Token(ctx)
	if err != nil {
		return envelope{}, a.noToken(err)
	}
	env, f := a.once(ctx, token, method, address, body)
	if f == nil || f.Code != codeTokenRefused {
		return env, f
	}
	token, err = a.tokens.Renew(ctx, token)
	if err != nil {
		return envelope{}, a.noToken(err)
	}
	return a.once(ctx, token, method, address, body)
}

// noToken is why there was no call. Whatever became of the renewal, the message itself never left.
func (a *Adapter) noToken(err error) *channels.Failure {
	f := *channels.AsFailure(err)
	f.Detail = channels.Redact(f.Detail, a.secrets...)
	if f.Class == policy.ClassUnknown {
		f.Class, f.Code = policy.ClassDown, "no_token"
	}
	return &f
}

func (a *Adapter) once(ctx context.Context, token, method, address string, body []byte) (envelope, *channels.Failure) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return envelope{}, &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "api_url or openapi_url is not an address", Err: err}
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	// Written as Zalo documents them: some gateways compare the case.
	req.Header["access_token"] = []string{token}
	if a.proof {
		req.Header["appsecret_proof"] = []string{secretProof(token, a.appSecret)}
	}
	resp, f := channels.Call(ctx, a.http, req)
	if f != nil {
		return envelope{}, f
	}
	return a.read(resp, token)
}

// read classifies an answer. The number in the body decides; HTTP statuses are those of proxies on the way (§0.3).
func (a *Adapter) read(resp *channels.Response, token string) (envelope, *channels.Failure) {
	status := resp.StatusFailure(a.now())
	if status != nil && status.Class == policy.ClassUnknown {
		return envelope{}, status
	}
	var env envelope
	err := json.Unmarshal(resp.Body, &env)
	code, ok := env.code()
	switch {
	case err == nil && ok && code < 0:
		f := refusal(code, a.now())
		f.Detail = channels.Redact(env.words(), append(a.secrets[:len(a.secrets):len(a.secrets)], token)...)
		return env, f
	case status != nil && !(err == nil && ok):
		return envelope{}, status
	case status != nil, err != nil, !ok, code > 0:
		return envelope{}, unreadable(resp)
	}
	return env, nil
}

// unreadable is an answer of no documented shape. Its text is left out: it may repeat what was sent.
func unreadable(resp *channels.Response) *channels.Failure {
	return &channels.Failure{
		Class: policy.ClassUnknown, Code: "unreadable_answer",
		Detail: fmt.Sprintf("HTTP %d with %d bytes that are not an answer of the documented shape", resp.Status, len(resp.Body)),
	}
}

// secretProof is the header that binds a token to its application (§3.5).
func secretProof(token, appSecret string) string {
	mac := hmac.New(sha256.New, []byte(appSecret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}
