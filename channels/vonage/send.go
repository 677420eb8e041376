package vonage

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

const messagesPath = "/v1/messages"

// Bounds of a Viber message's ttl, in seconds.
const leastTTL, mostTTL = 30, 259_200

// Channels and message types on the wire.
const (
	wireViber = "viber_service"
	wireSMS   = "sms"
	typeText  = "text"
	typeImage = "image"
)

// message is the body of a send; webhook_version asks for callbacks in the form that is read here.
type (
	message struct {
		Channel     string     `json:"channel"`
		MessageType string     `json:"message_type"`
		To          string     `json:"to"`
		From        string     `json:"from"`
		Text        string     `json:"text,omitempty"`
		Image       *image     `json:"image,omitempty"`
		Viber       *viberPart `json:"viber_service,omitempty"`
		SMS         *smsPart   `json:"sms,omitempty"`
		ClientRef   string     `json:"client_ref"`
		WebhookURL  string     `json:"webhook_url,omitempty"`
		Version     string     `json:"webhook_version"`
	}
	image struct {
		URL     string `json:"url"`
		Caption string `json:"caption,omitempty"`
	}
	viberPart struct {
		Category string  `json:"category"`
		TTL      int64   `json:"ttl,omitempty"`
		Action   *action `json:"action,omitempty"`
	}
	action struct {
		URL  string `json:"url"`
		Text string `json:"text"`
	}
	// smsPart: auto sends as GSM 7-bit what can be, which is how the message was priced.
	smsPart struct {
		Encoding string `json:"encoding_type"`
	}
)

// Send posts the one message. 202 with an id means that Vonage has it; a refusal by Viber or the operator comes as a
// receipt.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	raw, f := a.post(ctx, a.message(out))
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	var answer struct {
		ID channels.Text `json:"message_uuid"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return channels.Taken{}, unreadable("the answer is not the documented JSON", err)
	}
	if answer.ID == "" {
		return channels.Taken{}, unreadable("the answer has no message_uuid", nil)
	}
	return channels.Taken{ProviderID: string(answer.ID)}, nil
}

func (a *adapter) message(out channels.Outbound) message {
	m := message{
		Channel: wireSMS, MessageType: typeText, To: strings.TrimPrefix(out.To, "+"), From: a.from, Text: out.Content.Text,
		ClientRef: out.Reference, WebhookURL: out.CallbackURL, Version: "v1",
	}
	if a.channel != policy.Viber {
		m.From, m.SMS = strings.TrimPrefix(a.from, "+"), &smsPart{"auto"}
		return m
	}
	m.Channel, m.Viber = wireViber, &viberPart{Category: category(out.Category), TTL: ttl(out.ValidFor)}
	if b := out.Content.Button; b != nil {
		m.Viber.Action = &action{URL: b.URL, Text: b.Text}
	}
	if out.Content.ImageURL != "" { // the text goes along as its caption
		m.MessageType, m.Text, m.Image = typeImage, "", &image{URL: out.Content.ImageURL, Caption: out.Content.Text}
	}
	return m
}

func category(c policy.Category) string {
	if c == policy.Promotion {
		return "promotion"
	}
	return "transaction"
}

// ttl is how long Viber may try, in seconds, rounded up; 0 is not told.
func ttl(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return min(max(int64((d+time.Second-1)/time.Second), leastTTL), mostTTL)
}

// post makes one call and answers the body of a 2xx.
func (a *adapter) post(ctx context.Context, body any) ([]byte, *channels.Failure) {
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, &channels.Failure{
			Class: policy.ClassRequest, Code: "bad_content", Detail: "the content cannot be written as JSON", Advice: adviceReport.en, AdviceVI: adviceReport.vi,
		}
	}
	token, f := a.token()
	if f != nil {
		return nil, f
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.baseURL+messagesPath, bytes.NewReader(raw))
	if err != nil {
		return nil, &channels.Failure{Class: policy.ClassAccount, Code: "address_invalid", Detail: "base_url is not an address"}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
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

func unreadable(detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: detail, Err: err}
}

// clean masks the account's secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	f.Detail = channels.Redact(f.Detail, a.secret, to, strings.TrimPrefix(to, "+"))
	return f
}
