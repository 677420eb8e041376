package infobip

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// logsReach is how far back Infobip's logs go.
const logsReach = 48 * time.Hour

// balancePath answers the account's credit. Source: Infobip's OpenAPI, account management.
const balancePath = "/account/1/balance"

// Query looks the message up in the channel's logs. A message older than 48 hours cannot be asked about, which is
// ClassUnknown and not "not found".
func (a *adapter) Query(ctx context.Context, q channels.Query) (channels.Answer, error) {
	if !q.SentAt.IsZero() && a.now().Sub(q.SentAt) > logsReach {
		return channels.Answer{}, unknown("too_old", "the logs reach back 48 hours", nil)
	}
	id := cmp.Or(q.ProviderID, q.Reference)
	body, f := a.get(ctx, a.wire.logsPath+"?"+url.Values{"messageId": {id}}.Encode())
	if f != nil {
		return channels.Answer{}, a.clean(f, q.To)
	}
	var logs struct {
		Results []report `json:"results"`
	}
	if err := json.Unmarshal(body, &logs); err != nil || logs.Results == nil {
		return channels.Answer{}, unknown("unreadable_answer", "the logs are not the documented JSON", err)
	}
	var best channels.Answer
	for _, r := range logs.Results {
		if r.MessageID != id || r.Status.GroupID == nil || r.Status.ID == duplicateMessageID {
			continue
		}
		best.Found = true
		rec, ok := r.receipt()
		if ok && stronger(rec.Kind, best.Receipt.Kind) {
			rec.Detail = channels.Redact(rec.Detail, a.apiKey, a.secret)
			best.Receipt = rec
		}
	}
	return best, nil
}

// stronger prefers any milestone to a failure: a log of several calls under one id holds the refused ones too.
func stronger(a, b policy.Receipt) bool { return b == "" || a.Rank() > b.Rank() }

// Check asks for the balance, which proves the address and the key.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	body, f := a.get(ctx, balancePath)
	if f != nil {
		return []channels.Finding{checkFailed(a.clean(f, ""))}
	}
	findings := []channels.Finding{readBalance(body)}
	if a.secret == "" {
		findings = append(findings, channels.Finding{
			Level: "warning", Code: "no_webhook_secret", Message: "webhook_secret is not set, so every callback is refused",
			MessageVI: "Chưa đặt webhook_secret nên mọi lệnh gọi webhook đều bị từ chối.",
			Advice:    "Set webhook_secret; it is then added to the callback address of every request.",
			AdviceVI:  "Đặt webhook_secret; giá trị này sẽ được thêm vào địa chỉ callback của mỗi yêu cầu.",
		})
	}
	return findings
}

func checkFailed(f *channels.Failure) channels.Finding {
	if f.Class == policy.ClassAccount {
		return channels.Finding{
			Level: "error", Code: "unauthorized", Message: f.Detail, MessageVI: "Không hỏi được số dư: " + f.VI(),
			Advice:   "Check api_key and its scopes in the Infobip portal.",
			AdviceVI: "Kiểm tra api_key và quyền của khóa trên cổng Infobip.",
		}
	}
	return channels.Finding{
		Level: "error", Code: f.Code, Message: f.Detail, MessageVI: "Không hỏi được số dư: " + f.VI(),
		Advice: "Check base_url and try again.", AdviceVI: "Kiểm tra base_url rồi thử lại.",
	}
}

func readBalance(body []byte) channels.Finding {
	var b struct {
		Balance  json.Number `json:"balance"`
		Currency string      `json:"currency"`
	}
	if err := json.Unmarshal(body, &b); err != nil || b.Balance == "" {
		return channels.Finding{
			Level: "warning", Code: "unreadable_answer", Message: "the balance is not the documented JSON", MessageVI: "Câu trả lời về số dư không đúng dạng JSON trong tài liệu.",
			Advice: "Check that base_url is Infobip's.", AdviceVI: "Kiểm tra base_url có đúng là của Infobip.",
		}
	}
	said, saidVI := fmt.Sprintf("the balance is %s %s", b.Balance, b.Currency), fmt.Sprintf("Số dư là %s %s.", b.Balance, b.Currency)
	if left, err := strconv.ParseFloat(b.Balance.String(), 64); err == nil && left <= 0 {
		return channels.Finding{
			Level: "warning", Code: "no_credit", Message: said, MessageVI: saidVI,
			Advice: "Top up the account, unless it is billed afterwards.", AdviceVI: "Nạp tiền cho tài khoản, trừ khi tài khoản trả sau.",
		}
	}
	return channels.Finding{Level: "ok", Code: "balance", Message: said, MessageVI: saidVI}
}

// get asks the account's API and answers the body of a 200.
func (a *adapter) get(ctx context.Context, path string) ([]byte, *channels.Failure) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.baseURL+path, nil)
	if err != nil {
		return nil, unknown("bad_request", "the request could not be built", nil)
	}
	a.authorize(req)
	resp, f := channels.Call(ctx, a.client, req)
	if f != nil {
		return nil, f
	}
	if f := resp.StatusFailure(a.now()); f != nil {
		return nil, explain(f, resp.Body)
	}
	return resp.Body, nil
}
