package sinch

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// post makes one call with a JSON body and answers the body of a 2xx.
func (a *adapter) post(ctx context.Context, path string, body any) ([]byte, *channels.Failure) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, &channels.Failure{
			Class: policy.ClassRequest, Code: "bad_content", Detail: "the content cannot be written as JSON", Advice: adviceReport.en, AdviceVI: adviceReport.vi,
		}
	}
	return a.do(ctx, http.MethodPost, path, bytes.NewReader(raw))
}

func (a *adapter) do(ctx context.Context, method, path string, body io.Reader) ([]byte, *channels.Failure) {
	req, err := http.NewRequestWithContext(ctx, method, a.planURL+path, body)
	if err != nil {
		return nil, &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "base_url is not an address"}
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
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
func (a *adapter) getInto(ctx context.Context, path string, v any) *channels.Failure {
	raw, f := a.do(ctx, http.MethodGet, path, nil)
	if f != nil {
		return f
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return unreadable("the answer is not the documented JSON", err)
	}
	return nil
}

func unreadable(detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: detail, Err: err}
}

// clean masks the account's secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	f.Detail = channels.Redact(f.Detail, a.token, a.secret, to, strings.TrimPrefix(to, "+"))
	return f
}
