package twilio

import (
	"cmp"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// message is Twilio's resource, as the answer to a send and to a look-up.
type message struct {
	SID          channels.Text `json:"sid"`
	Status       channels.Text `json:"status"`
	ErrorCode    channels.Text `json:"error_code"`
	ErrorMessage channels.Text `json:"error_message"`
	Price        channels.Text `json:"price"`
	PriceUnit    channels.Text `json:"price_unit"`
	DateCreated  channels.Text `json:"date_created"`
	DateSent     channels.Text `json:"date_sent"`
	DateUpdated  channels.Text `json:"date_updated"`
}

// Statuses of a message that Twilio could not bring to the person.
const (
	statusUndelivered = "undelivered"
	statusFailed      = "failed"
	statusCanceled    = "canceled"
)

// kinds are the documented statuses with what each proves; "" is nothing. Partly delivered is more than sent and less
// than delivered; receiving and received are a person's own messages.
var kinds = map[string]policy.Receipt{
	"accepted": "", "scheduled": "", "queued": "", "sending": "", "receiving": "", "received": "",
	"sent": policy.ReceiptSent, "partially_delivered": policy.ReceiptSent,
	"delivered": policy.ReceiptDelivered, "read": policy.ReceiptRead,
	statusUndelivered: policy.ReceiptFailed, statusFailed: policy.ReceiptFailed, statusCanceled: policy.ReceiptFailed,
}

// report is what callbacks and look-ups tell of a message.
type report struct {
	sid, status  string
	error, words string
}

// receipt answers what the report proves about the message, false for nothing. key names where the report came from.
func (a *adapter) receipt(r report, key string) (channels.Receipt, bool) {
	kind := kinds[r.status]
	if kind == "" {
		return channels.Receipt{}, false
	}
	rec := channels.Receipt{ProviderID: r.sid, Kind: kind, Key: key + r.sid + "/" + r.status}
	if kind == policy.ReceiptFailed {
		a.blame(&rec, r)
	}
	return rec, true
}

// blame says why a message failed. A code that nobody documented does not blame the person; an operator's report
// without a code does.
func (a *adapter) blame(rec *channels.Receipt, r report) {
	e, known := codes[r.error]
	coded := r.error != "" && r.error != "0"
	switch {
	case known:
		rec.Class, rec.Code = e.class, e.code
	case r.status == statusCanceled:
		rec.Class, rec.Code = policy.ClassRequest, "canceled"
	case !coded && r.status == statusUndelivered:
		rec.Class, rec.Code = policy.ClassRecipient, "not_delivered"
	default:
		rec.Class, rec.Code = policy.ClassRequest, "unknown_refusal"
	}
	rec.ProviderCode, rec.Detail = r.status, "Twilio reports the message as "+r.status
	if coded {
		rec.ProviderCode = r.error
	}
	rec.Detail = a.redact(cmp.Or(r.words, rec.Detail))
}

// charged turns Twilio's price round, which is negative for what it took from the balance. nil while it is not known.
func charged(price, unit string) *policy.Money {
	if taken, ok := strings.CutPrefix(price, "-"); ok {
		return channels.ReadPrice(taken, unit)
	}
	if m := channels.ReadPrice(price, unit); m != nil && m.IsZero() {
		return m
	}
	return nil
}

// parseDate reads RFC 2822, as Twilio writes every date. Zero when there is none.
func parseDate(text channels.Text) time.Time {
	for _, layout := range []string{time.RFC1123Z, "Mon, 2 Jan 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, string(text)); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

func isReference(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
