package zalo

import (
	"context"
	"encoding/json"

	"cascade/channels"
)

// userMessage is the body of a send by user id (§1.6). There is no tracking_id, and no sending_mode is documented.
type userMessage struct {
	UserID       string            `json:"user_id"`
	TemplateID   string            `json:"template_id"`
	TemplateData map[string]string `json:"template_data"`
}

// sendToUser posts a template message to a person whom the Official Account knows by user id. Templates of before
// 10 December 2025, for one-time passwords or with a response component cannot go this way: -249, ClassRequest (§1.6).
// The events of such a message are thought to be the ordinary ones of the Official Account, which nobody has proven.
func (a *Adapter) sendToUser(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	m := userMessage{UserID: out.Content.UserID, TemplateID: out.Content.TemplateID, TemplateData: out.Content.TemplateData}
	env, f := a.post(ctx, a.openAPI+"/v3.0/oa/message/template", m)
	if f != nil {
		return channels.Taken{}, f
	}
	t, err := takenForUser(env)
	return a.counted(t), err
}

// takenForUser reads the data of an accepted send by user id. Only message_id is sure; beside it some clients report a
// quota with quota_type, remain and total, whose pot is not known (§1.6). An account that sends by phone too must not
// stop for that one, so only the daily quota by its own names counts.
func takenForUser(env envelope) (channels.Taken, error) {
	var data struct {
		ID       channels.Text   `json:"message_id"`
		SentTime channels.Text   `json:"sent_time"`
		Quota    json.RawMessage `json:"quota"`
	}
	if err := json.Unmarshal(env.Data, &data); err != nil || !messageID.MatchString(string(data.ID)) {
		return channels.Taken{}, withoutID(err)
	}
	t := channels.Taken{ProviderID: string(data.ID), At: millis(data.SentTime)}
	if q, ok := readQuota(data.Quota); ok {
		t.Quota = &q
	}
	return t, nil
}
