package sinch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"cascade/channels"
)

// Headers of a signed callback. The algorithm's own header is not believed: only HMAC-SHA256 is documented.
const (
	signatureHeader = "X-Sinch-Webhook-Signature"
	nonceHeader     = "X-Sinch-Webhook-Signature-Nonce"
	timestampHeader = "X-Sinch-Webhook-Signature-Timestamp"
)

const (
	typeReport      = "recipient_delivery_report_sms"
	typeBatchReport = "delivery_report_sms" // counts, which nobody asked for
	typeInbound     = "mo_"                 // begins the types of a person's own message
)

// ReadHook reads one recipient's report. Where the account has no webhook_secret nothing proves where it comes from, and it
// is a Hint. A person's own message is of no consequence.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if a.secret != "" && !a.genuine(h) {
		return nil, channels.ErrForged
	}
	var r report
	if err := json.Unmarshal(h.Body, &r); err != nil {
		return nil, fmt.Errorf("%w: %w", channels.ErrUnreadable, err)
	}
	switch {
	case r.Type == typeBatchReport, strings.HasPrefix(string(r.Type), typeInbound):
		return nil, nil
	case r.Type != typeReport:
		return nil, fmt.Errorf("%w: type %q is not documented", channels.ErrUnreadable, a.words(r.Type))
	case r.BatchID == "":
		return nil, fmt.Errorf("%w: there is no batch_id", channels.ErrUnreadable)
	case !r.known():
		return nil, fmt.Errorf("%w: status %q is not documented", channels.ErrUnreadable, a.words(r.Status))
	}
	rec, ok := r.receipt("callback/")
	if !ok {
		return nil, nil
	}
	rec.Hint = a.secret == ""
	return []channels.Receipt{rec}, nil
}

func (a *adapter) words(text channels.Text) string {
	return channels.Redact(string(text), a.secret, a.token)
}

// genuine checks the signature over the raw body, the nonce and the timestamp.
func (a *adapter) genuine(h channels.Hook) bool {
	given, err := base64.StdEncoding.DecodeString(h.Header.Get(signatureHeader))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write(h.Body)
	mac.Write([]byte("." + h.Header.Get(nonceHeader) + "." + h.Header.Get(timestampHeader)))
	return hmac.Equal(mac.Sum(nil), given)
}
