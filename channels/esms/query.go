package esms

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// lookupReach is how far back the look-ups go.
const lookupReach = 7 * 24 * time.Hour

// lookup is the answer of GetSendStatus, and the Data of QueryZnsStatus, which adds Zalo's side.
type lookup struct {
	SMSID       channels.Text  `json:"SMSID"`
	SendStatus  channels.Text  `json:"SendStatus"`
	SendSuccess channels.Text  `json:"SendSuccess"`
	SendFailed  channels.Text  `json:"SendFailed"`
	TotalPrice  channels.Text  `json:"TotalPrice"`
	ErrorInfo   channels.Text  `json:"ErrorInfo"`
	FinalStatus *channels.Text `json:"FinalStatus"`
}

// Query asks by the SMSID; by RequestId eSMS cannot be asked. A message older than seven days cannot be asked about,
// which is ClassUnknown and not "not found". Right after a send, "not found" means no more than "too early".
func (a *adapter) Query(ctx context.Context, q channels.Query) (channels.Answer, error) {
	switch {
	case q.ProviderID == "":
		return channels.Answer{}, refused("no_message_id", "eSMS is asked by its own id, and there is none yet")
	case !q.SentAt.IsZero() && a.now().Sub(q.SentAt) > lookupReach:
		return channels.Answer{}, unknown("too_old", "the look-ups reach back seven days", nil)
	}
	l, f := a.lookUp(ctx, q.ProviderID)
	if f != nil && (f.ProviderCode == codeNotFound || f.ProviderCode == codeNoData) {
		return channels.Answer{}, nil
	}
	if f == nil && l.SMSID != "" && !strings.EqualFold(string(l.SMSID), q.ProviderID) {
		f = unknown("unreadable_answer", "the answer is about another message", nil)
	}
	if f != nil {
		return channels.Answer{}, a.clean(f, q.To)
	}
	r := l.report(q.ProviderID)
	if !r.known() {
		return channels.Answer{}, unknown("unreadable_answer", "the answer has no documented SendStatus", nil)
	}
	answer := channels.Answer{Found: true}
	if l.final() {
		answer.Receipt, _ = a.receipt(r, "lookup/")
	}
	return answer, nil
}

func (a *adapter) lookUp(ctx context.Context, id string) (lookup, *channels.Failure) {
	if a.channel == policy.ZNS && a.znsStatus == callZNSStatus {
		raw, f := a.post(ctx, callZNSStatus+"/", struct {
			keys
			SMSID   string `json:"SmsId"`
			SMSType string `json:"SmsType"`
		}{a.keys, id, a.smsType})
		var answer struct {
			Data lookup `json:"Data"`
		}
		f = decode(raw, f, &answer)
		return answer.Data, f
	}
	raw, f := a.get(ctx, callSendStatus, url.Values{"RefId": {id}})
	var l lookup
	f = decode(raw, f, &l)
	return l, f
}

// decode judges an answer and reads it into v.
func decode(raw []byte, f *channels.Failure, v any) *channels.Failure {
	if f != nil {
		return f
	}
	if _, f := judge(raw); f != nil {
		return f
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return unknown("unreadable_answer", "the answer is not the documented JSON", err)
	}
	return nil
}

// final is false while Zalo's side says that its word is not the last.
func (l lookup) final() bool {
	return l.FinalStatus == nil || *l.FinalStatus == "" || *l.FinalStatus == "1"
}

func (l lookup) report(id string) report {
	return report{
		smsID: id, status: string(l.SendStatus), success: string(l.SendSuccess), failed: string(l.SendFailed),
		price: string(l.TotalPrice), reason: string(l.ErrorInfo),
	}
}
