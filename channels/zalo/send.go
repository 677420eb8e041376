package zalo

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// message is the body of a send by phone (§1.1).
type message struct {
	Phone        string            `json:"phone"`
	TemplateID   string            `json:"template_id"`
	TemplateData map[string]string `json:"template_data"`
	TrackingID   string            `json:"tracking_id"`
}

// messageID is what a msg_id looks like: 20 hex digits today, something short and plain for ever (§1.1).
var messageID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// Send posts one template message. Taken.ProviderID is Zalo's msg_id; our reference travels as tracking_id.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	if out.Content.TemplateID == "" {
		f := failureOf(entry{request, "template_missing", adviceTemplateID}, a.now())
		f.Detail = "the content names no template_id"
		return channels.Taken{}, f
	}
	m := message{
		Phone:        strings.TrimPrefix(out.To, "+"),
		TemplateID:   out.Content.TemplateID,
		TemplateData: out.Content.TemplateData,
		TrackingID:   out.Reference,
	}
	if m.TemplateData == nil {
		m.TemplateData = map[string]string{} // an object is required even when there are no parameters
	}
	body, err := json.Marshal(m)
	if err != nil {
		return channels.Taken{}, &channels.Failure{Class: policy.ClassRequest, Code: "request_invalid", Detail: "the message cannot be written as JSON", Err: err}
	}
	env, f := a.ask(ctx, http.MethodPost, "/message/template", body)
	if f != nil {
		return channels.Taken{}, f
	}
	return taken(env)
}

// taken reads the data of an accepted send. Every member but msg_id is optional, and of any type (§1.1).
func taken(env envelope) (channels.Taken, error) {
	var data struct {
		ID       channels.Text   `json:"msg_id"`
		SentTime channels.Text   `json:"sent_time"`
		Quota    json.RawMessage `json:"quota"`
	}
	if err := json.Unmarshal(env.Data, &data); err != nil || !messageID.MatchString(string(data.ID)) {
		return channels.Taken{}, &channels.Failure{
			Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "Zalo reports success without a message id", Err: err,
		}
	}
	t := channels.Taken{ProviderID: string(data.ID), At: millis(data.SentTime)}
	var quota struct {
		Daily     channels.Text `json:"dailyQuota"`
		Remaining channels.Text `json:"remainingQuota"`
	}
	// A quota of 0 of 0 was seen beside a success, so it says nothing.
	if json.Unmarshal(data.Quota, &quota) == nil {
		total, _ := quota.Daily.Int64()
		if left, ok := quota.Remaining.Int64(); ok && left >= 0 && total > 0 {
			t.Quota = &channels.Quota{Left: left, Total: total}
		}
	}
	return t, nil
}
