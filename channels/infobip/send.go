package infobip

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Bounds of validityPeriod: longer is cut to 48 hours by Infobip, and no network takes less than 30 seconds.
const (
	minValidity = 30 * time.Second
	maxValidity = 48 * time.Hour
)

// The request envelope that the three channels share.
type (
	envelope struct {
		Messages []message `json:"messages"`
	}
	message struct {
		Sender       string        `json:"sender"`
		Destinations []destination `json:"destinations"`
		Content      any           `json:"content"`
		Options      *options      `json:"options,omitempty"`
		Webhooks     webhooks      `json:"webhooks"`
	}
	destination struct {
		To        string `json:"to"`
		MessageID string `json:"messageId"`
	}
	options struct {
		ValidityPeriod *validity `json:"validityPeriod,omitempty"`
		Label          string    `json:"label,omitempty"`
	}
	validity struct {
		Amount   int64  `json:"amount"`
		TimeUnit string `json:"timeUnit"`
	}
	webhooks struct {
		Delivery     *delivery `json:"delivery,omitempty"`
		Seen         *seen     `json:"seen,omitempty"`
		CallbackData string    `json:"callbackData"`
	}
	delivery struct {
		URL                string `json:"url"`
		IntermediateReport bool   `json:"intermediateReport"`
	}
	seen struct {
		URL string `json:"url"`
	}
)

// The contents of the three channels.
type (
	smsContent struct {
		Text string `json:"text"`
		// Transliteration NONE: the text goes out as it was rendered and priced.
		Transliteration string `json:"transliteration"`
	}
	viberContent struct {
		Type     string       `json:"type"`
		MediaURL string       `json:"mediaUrl,omitempty"`
		Text     string       `json:"text,omitempty"`
		Button   *viberButton `json:"button,omitempty"`
	}
	viberButton struct {
		Title  string `json:"title"`
		Action string `json:"action"`
	}
	zaloContent struct {
		Type string `json:"type"`
		// TemplateName is Zalo's template id, a number on the wire.
		TemplateName json.Number       `json:"templateName"`
		TemplateData map[string]string `json:"templateData"`
	}
)

// Send posts the one message. The messageId is the reference, so a resend is rejected as a duplicate, which counts as
// taken.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	body, f := a.body(out)
	if f != nil {
		return channels.Taken{}, f
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.baseURL+a.wire.sendPath, bytes.NewReader(body))
	if err != nil {
		return channels.Taken{}, refused("bad_request", "the request could not be built")
	}
	a.authorize(req)
	req.Header.Set("Content-Type", "application/json")
	resp, f := channels.Call(ctx, a.client, req)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	if f := resp.StatusFailure(a.now()); f != nil {
		return channels.Taken{}, a.clean(explain(f, resp.Body), out.To)
	}
	taken, f := readTaken(resp.Body, out.Reference)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	return taken, nil
}

// body renders the request. The *Failure says what in the content does not fit the channel.
func (a *adapter) body(out channels.Outbound) ([]byte, *channels.Failure) {
	content, f := a.content(out.Content)
	if f != nil {
		return nil, f
	}
	m := message{
		Sender:       a.sender,
		Destinations: []destination{{To: strings.TrimPrefix(out.To, "+"), MessageID: out.Reference}},
		Content:      content,
		Options:      a.options(out),
		Webhooks:     a.webhooks(out),
	}
	b, err := json.Marshal(envelope{Messages: []message{m}})
	if err != nil {
		return nil, refused("bad_content", "the content cannot be written as JSON")
	}
	return b, nil
}

func (a *adapter) content(c channels.Content) (any, *channels.Failure) {
	switch a.channel {
	case policy.ZNS:
		if c.TemplateID == "" || strings.Trim(c.TemplateID, "0123456789") != "" {
			return nil, refused("bad_template", "a ZNS template id is a number")
		}
		data := c.TemplateData
		if data == nil {
			data = map[string]string{}
		}
		// A leading zero is no JSON number.
		id := json.Number(strings.TrimLeft(c.TemplateID[:len(c.TemplateID)-1], "0") + c.TemplateID[len(c.TemplateID)-1:])
		return zaloContent{Type: "TEMPLATE", TemplateName: id, TemplateData: data}, nil
	case policy.Viber:
		v := viberContent{Type: "TEXT", Text: c.Text}
		if c.ImageURL != "" {
			v.Type, v.MediaURL = "IMAGE", c.ImageURL
		}
		if c.Button != nil {
			v.Button = &viberButton{Title: c.Button.Text, Action: c.Button.URL}
		}
		return v, nil
	default:
		return smsContent{Text: c.Text, Transliteration: "NONE"}, nil
	}
}

func (a *adapter) options(out channels.Outbound) *options {
	o := options{}
	if out.ValidFor > 0 {
		d := min(max(out.ValidFor, minValidity), maxValidity)
		o.ValidityPeriod = &validity{Amount: int64((d + time.Second - 1) / time.Second), TimeUnit: "SECONDS"}
	}
	if a.channel == policy.Viber {
		o.Label = "TRANSACTIONAL"
		if out.Category == policy.Promotion {
			o.Label = "PROMOTIONAL"
		}
	}
	if o == (options{}) {
		return nil
	}
	return &o
}

// webhooks asks for reports, the intermediate ones too: they are what "sent" is known by.
func (a *adapter) webhooks(out channels.Outbound) webhooks {
	w := webhooks{CallbackData: out.Reference}
	if out.CallbackURL == "" {
		return w
	}
	at := a.callbackURL(out.CallbackURL)
	w.Delivery = &delivery{URL: at, IntermediateReport: true}
	if a.channel == policy.Viber {
		w.Seen = &seen{URL: at}
	}
	return w
}

// callbackURL adds the token: a URL given in a request passes no subscription, so Infobip signs nothing there.
func (a *adapter) callbackURL(to string) string {
	if a.secret == "" {
		return to
	}
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := u.Query()
	q.Set("token", a.secret)
	u.RawQuery = q.Encode()
	return u.String()
}

// readTaken judges the 200 answer, which may still say REJECTED, by the status group of its one message.
func readTaken(body []byte, reference string) (channels.Taken, *channels.Failure) {
	var answer struct {
		Messages []struct {
			MessageID string `json:"messageId"`
			Status    status `json:"status"`
		} `json:"messages"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return channels.Taken{}, unknown("unreadable_answer", "the 200 answer is not the documented JSON", err)
	}
	if len(answer.Messages) != 1 || answer.Messages[0].Status.GroupID == nil {
		return channels.Taken{}, unknown("unreadable_answer", "the 200 answer tells no status of the message", nil)
	}
	m := answer.Messages[0]
	if f := m.Status.refusal(); f != nil {
		return channels.Taken{}, f
	}
	taken := channels.Taken{}
	if m.MessageID != reference {
		taken.ProviderID = m.MessageID
	}
	return taken, nil
}
