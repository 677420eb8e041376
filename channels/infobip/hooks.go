package infobip

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"cascade/channels"
	"cascade/policy"
)

// report is one entry of a callback or of a log: delivery and seen reports of every edition share it.
type report struct {
	MessageID    string `json:"messageId"`
	CallbackData string `json:"callbackData"`
	SentAt       string `json:"sentAt"`
	DoneAt       string `json:"doneAt"`
	SeenAt       string `json:"seenAt"`
	ReceivedAt   string `json:"receivedAt"`
	Status       status `json:"status"`
	Error        reason `json:"error"`
	// MessageCount is how many segments an SMS had, each at the price of a message.
	MessageCount json.RawMessage `json:"messageCount"`
	Price        json.RawMessage `json:"price"`
}

// ReadHook reads a batch of delivery and seen reports. An entry that is neither, such as a person's reply, is of no
// consequence; a batch of which nothing is understood is ErrUnreadable.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if !a.genuine(h) {
		return nil, channels.ErrForged
	}
	var batch struct {
		Results []json.RawMessage `json:"results"`
	}
	if err := json.Unmarshal(h.Body, &batch); err != nil {
		return nil, fmt.Errorf("%w: %w", channels.ErrUnreadable, err)
	}
	if batch.Results == nil {
		return nil, fmt.Errorf("%w: there is no results list", channels.ErrUnreadable)
	}
	var receipts []channels.Receipt
	understood := len(batch.Results) == 0
	for _, raw := range batch.Results {
		var r report
		if json.Unmarshal(raw, &r) != nil || !r.readable() {
			continue
		}
		understood = true
		if receipt, ok := r.receipt(); ok {
			receipt.Detail = channels.Redact(receipt.Detail, a.apiKey, a.secret)
			receipts = append(receipts, receipt)
		}
	}
	if !understood {
		return nil, fmt.Errorf("%w: no entry of results has a status or a seenAt", channels.ErrUnreadable)
	}
	return receipts, nil
}

// readable reports whether the entry is of a documented kind.
func (r report) readable() bool {
	return r.ReceivedAt != "" || (r.MessageID != "" && (r.SeenAt != "" || r.Status.GroupID != nil))
}

// receipt answers what the entry proves, false when it proves nothing.
func (r report) receipt() (channels.Receipt, bool) {
	if r.ReceivedAt != "" {
		return channels.Receipt{}, false
	}
	rec := r.owner()
	if r.SeenAt != "" {
		rec.Kind, rec.At, rec.Key = policy.ReceiptRead, parseDate(r.SeenAt), "seen:"+r.MessageID
		return rec, true
	}
	rec.Kind = r.kind()
	if rec.Kind == "" {
		return channels.Receipt{}, false
	}
	rec.At = parseDate(r.DoneAt)
	if rec.Kind == policy.ReceiptSent {
		rec.At = parseDate(r.SentAt)
	}
	rec.Key = "delivery:" + r.MessageID + ":" + strconv.Itoa(r.Status.ID)
	switch rec.Kind {
	case policy.ReceiptFailed:
		r.blame(&rec)
	case policy.ReceiptDelivered: // before that it is not sure what will be charged
		rec.Price = r.price()
	}
	return rec, true
}

// price is what Infobip says it charged for the whole message; nil if it does not say.
func (r report) price() *policy.Money {
	var p struct {
		PerMessage json.Number `json:"pricePerMessage"`
		Currency   string      `json:"currency"`
	}
	if json.Unmarshal(r.Price, &p) != nil {
		return nil // a price that is none must not cost us the report
	}
	each, err := decimal.NewFromString(p.PerMessage.String())
	if err != nil {
		return nil
	}
	count, err := strconv.ParseInt(strings.Trim(string(r.MessageCount), `"`), 10, 32)
	if err != nil {
		count = 1
	}
	return channels.ReadPrice(each.Mul(decimal.NewFromInt(max(count, 1))).String(), p.Currency)
}

// owner matches by the messageId, which is ours; where Infobip made its own, by the echoed callbackData.
func (r report) owner() channels.Receipt {
	switch {
	case isReference(r.MessageID):
		return channels.Receipt{Reference: r.MessageID}
	case isReference(r.CallbackData):
		return channels.Receipt{Reference: r.CallbackData}
	default:
		return channels.Receipt{ProviderID: r.MessageID}
	}
}

// kind reads the status. "" is no fact: a rejected duplicate says nothing of the message that it repeats, and
// EXPIRED_DLR_UNKNOWN means that nobody knows.
func (r report) kind() policy.Receipt {
	switch *r.Status.GroupID {
	case groupAccepted, groupPending:
		return policy.ReceiptSent
	case groupDelivered:
		if r.Status.ID == deliveredToHandset {
			return policy.ReceiptDelivered
		}
		return policy.ReceiptSent
	case groupUndeliverable, groupExpired, groupRejected:
		if r.Status.ID == duplicateMessageID || r.Status.ID == expiredDLRUnknown {
			return ""
		}
		return policy.ReceiptFailed
	default:
		return ""
	}
}

// blame says why a message failed.
func (r report) blame(rec *channels.Receipt) {
	m := r.Status.meaning(r.Error)
	rec.Class, rec.Code = m.class, m.code
	rec.ProviderCode, rec.Detail = strconv.Itoa(r.Status.ID), r.Status.words()
	if r.Error.ID != 0 {
		rec.ProviderCode += "/" + strconv.Itoa(r.Error.ID)
		rec.Detail += "; " + r.Error.words()
	}
}

func isReference(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// parseDate reads Infobip's dates, whose zone has no colon, and RFC 3339. Zero when there is none.
func parseDate(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// genuine accepts any of the three proofs that an Infobip account can be made to give: the token of our own callback
// URL, Basic credentials, or an HMAC-SHA256 of the body. Without a configured secret nothing is genuine.
func (a *adapter) genuine(h channels.Hook) bool {
	if a.secret == "" {
		return false
	}
	if u, err := url.Parse(h.URL); err == nil && a.matches(u.Query().Get("token")) {
		return true
	}
	if _, password, ok := (&http.Request{Header: h.Header}).BasicAuth(); ok && a.matches(password) {
		return true
	}
	return a.signed(h.Header.Get(a.hmacHeader), h.Body)
}

func (a *adapter) matches(given string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(a.secret)) == 1
}

// signed reads the signature as hex and as base64: the encoding is not documented, and receivers in use differ.
func (a *adapter) signed(signature string, body []byte) bool {
	signature = strings.TrimPrefix(signature, "sha256=")
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write(body)
	want := mac.Sum(nil)
	if got, err := hex.DecodeString(signature); err == nil && hmac.Equal(got, want) {
		return true
	}
	got, err := base64.StdEncoding.DecodeString(signature)
	return err == nil && hmac.Equal(got, want)
}
