package vonage

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// status is a status callback, version v1; of the older v0.1 what it shares.
type status struct {
	ID        channels.Text `json:"message_uuid"`
	ClientRef channels.Text `json:"client_ref"`
	Status    channels.Text `json:"status"`
	Timestamp channels.Text `json:"timestamp"`
	// MessageType is a person's own message: it has a type and no status.
	MessageType channels.Text `json:"message_type"`
	Error       problem       `json:"error"`
	Usage       struct {
		Currency channels.Text `json:"currency"`
		Price    channels.Text `json:"price"`
	} `json:"usage"`
}

// kinds are the documented statuses with what each proves.
var kinds = map[string]policy.Receipt{
	"submitted": policy.ReceiptSent, "delivered": policy.ReceiptDelivered, "read": policy.ReceiptRead,
	"rejected": policy.ReceiptFailed, statusUndeliverable: policy.ReceiptFailed,
}

// statusUndeliverable: Vonage could not reach Viber or the operator.
const statusUndeliverable = "undeliverable"

// ReadHook reads one status callback. A person's own message is of no consequence.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if !a.genuine(h) {
		return nil, channels.ErrForged
	}
	var s status
	if err := json.Unmarshal(h.Body, &s); err != nil {
		return nil, fmt.Errorf("%w: %w", channels.ErrUnreadable, err)
	}
	kind, known := kinds[string(s.Status)]
	switch {
	case s.Status == "" && s.MessageType != "":
		return nil, nil
	case s.ID == "":
		return nil, fmt.Errorf("%w: there is no message_uuid", channels.ErrUnreadable)
	case !known:
		return nil, fmt.Errorf("%w: status %q is not documented", channels.ErrUnreadable, channels.Redact(string(s.Status)))
	case kind == policy.ReceiptFailed && s.Error.id() == codeAlreadySent:
		return nil, nil
	}
	return []channels.Receipt{a.receipt(s, kind)}, nil
}

func (a *adapter) receipt(s status, kind policy.Receipt) channels.Receipt {
	rec := channels.Receipt{
		ProviderID: string(s.ID), Kind: kind, At: parseTime(string(s.Timestamp)), Key: string(s.ID) + "/" + string(s.Status),
		Price: channels.ReadPrice(string(s.Usage.Price), string(s.Usage.Currency)),
	}
	if isReference(string(s.ClientRef)) {
		rec.Reference = string(s.ClientRef)
	}
	if kind == policy.ReceiptFailed {
		a.blame(&rec, s)
	}
	return rec
}

// blame says why a message failed. A code that nobody documented does not blame the person.
func (a *adapter) blame(rec *channels.Receipt, s status) {
	id := s.Error.id()
	e, ok := codes[id]
	switch {
	case ok:
		rec.Class, rec.Code = e.class, e.code
	case string(s.Status) == statusUndeliverable:
		rec.Class, rec.Code = policy.ClassDown, "provider_trouble"
	default:
		rec.Class, rec.Code = policy.ClassRequest, "unknown_refusal"
	}
	rec.ProviderCode = cmp.Or(id, string(s.Status))
	rec.Detail = channels.Redact(cmp.Or(s.Error.words(), "Vonage reports the message as "+string(s.Status)), a.secret)
}

// parseTime reads RFC 3339. Zero when there is none.
func parseTime(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

func isReference(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
