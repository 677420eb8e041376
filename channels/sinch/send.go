package sinch

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"cascade/channels"
)

const batchesPath = "/batches"

// Kinds of delivery_report: none, or one callback for each change of the one recipient.
const (
	reportNone = "none"
	reportEach = "per_recipient"
)

// longestValidity is how long Sinch tries when it is not told; a longer wait is not documented.
const longestValidity = 72 * time.Hour

// timeFormat is ISO 8601 in UTC, as Sinch writes it.
const timeFormat = "2006-01-02T15:04:05.000Z"

// batch is the body of a send, to one person.
type batch struct {
	From            string   `json:"from"`
	To              []string `json:"to"`
	Body            string   `json:"body"`
	Type            string   `json:"type"`
	DeliveryReport  string   `json:"delivery_report"`
	CallbackURL     string   `json:"callback_url,omitempty"`
	ClientReference string   `json:"client_reference,omitempty"`
	ExpireAt        string   `json:"expire_at,omitempty"`
}

// Send posts a batch of one message. 201 with an id means that Sinch has it; a refusal by the operator comes as a receipt.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	raw, f := a.post(ctx, batchesPath, a.batch(out))
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	var answer struct {
		ID        channels.Text `json:"id"`
		CreatedAt channels.Text `json:"created_at"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return channels.Taken{}, unreadable("the answer is not the documented JSON", err)
	}
	if answer.ID == "" {
		return channels.Taken{}, unreadable("the answer has no id", nil)
	}
	return channels.Taken{ProviderID: string(answer.ID), At: parseTime(answer.CreatedAt)}, nil
}

func (a *adapter) batch(out channels.Outbound) batch {
	b := batch{
		From: strings.TrimPrefix(a.from, "+"), To: []string{strings.TrimPrefix(out.To, "+")}, Body: out.Content.Text, Type: "mt_text",
		DeliveryReport: reportEach, CallbackURL: out.CallbackURL, ClientReference: out.Reference,
	}
	if b.CallbackURL == "" { // to ask for reports without saying where to is refused
		b.DeliveryReport = reportNone
	}
	if out.ValidFor > 0 {
		b.ExpireAt = a.now().Add(min(out.ValidFor, longestValidity)).UTC().Format(timeFormat)
	}
	return b
}

// parseTime reads RFC 3339. Zero when there is none.
func parseTime(text channels.Text) time.Time {
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
