package twilio

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// accountPath is where everything of the account lives.
func (a *adapter) accountPath() string { return a.baseURL + "/2010-04-01/Accounts/" + a.accountSID }

// post makes one call with a form and answers the body of a 2xx.
func (a *adapter) post(ctx context.Context, address string, form url.Values) ([]byte, *channels.Failure) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, badAddress()
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return a.do(ctx, req)
}

// get makes one call by GET and answers the body of a 2xx.
func (a *adapter) get(ctx context.Context, address string) ([]byte, *channels.Failure) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, badAddress()
	}
	return a.do(ctx, req)
}

func (a *adapter) do(ctx context.Context, req *http.Request) ([]byte, *channels.Failure) {
	req.SetBasicAuth(a.user, a.password)
	req.Header.Set("Accept", "application/json")
	resp, f := channels.Call(ctx, a.client, req)
	if f != nil {
		return nil, f
	}
	if f := resp.StatusFailure(a.now()); f != nil {
		return nil, explain(f, resp)
	}
	return resp.Body, nil
}

// getInto reads the JSON answer of a GET into v.
func (a *adapter) getInto(ctx context.Context, address string, v any) *channels.Failure {
	raw, f := a.get(ctx, address)
	if f != nil {
		return f
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return unreadable("the answer is not the documented JSON", err)
	}
	return nil
}

func badAddress() *channels.Failure {
	return &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "base_url is not an address"}
}

func unreadable(detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: detail, Err: err}
}

// clean masks the account's secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	f.Detail = a.redact(f.Detail, to, strings.TrimPrefix(to, "+"))
	return f
}

func (a *adapter) redact(words string, more ...string) string {
	return channels.Redact(words, append(more, a.authToken, a.password)...)
}
