package esms

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// keys stand in every body, and in the query of the calls by GET.
type keys struct {
	APIKey    string `json:"ApiKey"`
	SecretKey string `json:"SecretKey"`
}

// verdict is what every answer begins with: a code, in quotes or not, under one of two names. A malformed request gets
// an "error" and nothing else.
type verdict struct {
	Result   channels.Text   `json:"CodeResult"`
	Response channels.Text   `json:"CodeResponse"`
	Words    channels.Text   `json:"ErrorMessage"`
	SMSID    channels.Text   `json:"SMSID"`
	Error    json.RawMessage `json:"error"`
}

// judge reads the verdict; nil is code 100.
func judge(body []byte) (verdict, *channels.Failure) {
	var v verdict
	if err := json.Unmarshal(body, &v); err != nil {
		return v, unknown("unreadable_answer", "the 200 answer is not the documented JSON", err)
	}
	switch code := cmp.Or(v.Result, v.Response); code {
	case codeTaken:
		return v, nil
	case "":
		var words string
		if json.Unmarshal(v.Error, &words) != nil || words == "" {
			return v, unknown("unreadable_answer", "the 200 answer has no code", nil)
		}
		f := refused("bad_request", words)
		f.ProviderCode = codeMalformed
		return v, f
	default:
		return v, v.refusal(string(code))
	}
}

// post makes one call with a JSON body and answers the body of a 200.
func (a *adapter) post(ctx context.Context, call string, body any) ([]byte, *channels.Failure) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, refused("bad_content", "the content cannot be written as JSON")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.apiURL+"/"+call, bytes.NewReader(raw))
	if err != nil {
		return nil, badAddress()
	}
	req.Header.Set("Content-Type", "application/json")
	return a.do(ctx, req)
}

// get makes one call by GET. The keys stand in its address, as eSMS has it.
func (a *adapter) get(ctx context.Context, call string, query url.Values) ([]byte, *channels.Failure) {
	address := a.apiURL + "/" + call
	if len(query) > 0 {
		query.Set("ApiKey", a.keys.APIKey)
		query.Set("SecretKey", a.keys.SecretKey)
		address += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, badAddress()
	}
	return a.do(ctx, req)
}

func (a *adapter) do(ctx context.Context, req *http.Request) ([]byte, *channels.Failure) {
	req.Header.Set("Accept", "application/json")
	resp, f := channels.Call(ctx, a.client, req)
	if f != nil {
		return nil, f
	}
	if f := resp.StatusFailure(a.now()); f != nil {
		return nil, f
	}
	return resp.Body, nil
}

func badAddress() *channels.Failure {
	return &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "api_url is not an address"}
}

func refused(code, detail string) *channels.Failure {
	return &channels.Failure{Class: policy.ClassRequest, Code: code, Detail: detail, Advice: adviceReport.en, AdviceVI: adviceReport.vi}
}

func unknown(code, detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: code, Detail: detail, Err: err}
}

// clean masks the account's secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	f.Detail = a.redact(f.Detail, to, strings.TrimPrefix(to, "+"), local(to))
	return f
}

func (a *adapter) redact(words string, more ...string) string {
	return channels.Redact(words, append(more, a.keys.APIKey, a.keys.SecretKey, a.secret)...)
}
