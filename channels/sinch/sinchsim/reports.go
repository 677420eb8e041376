package sinchsim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cascade/channels/simulator"
)

// Kinds of delivery_report that call back for the one recipient.
const (
	perRecipient      = "per_recipient"
	perRecipientFinal = "per_recipient_final"
)

const timeFormat = "2006-01-02T15:04:05.000Z"

// recipientReport is a report as callbacks and look-ups tell it.
type recipientReport struct {
	Type             string `json:"type"`
	BatchID          string `json:"batch_id"`
	Recipient        string `json:"recipient"`
	Code             int    `json:"code"`
	Status           string `json:"status"`
	At               string `json:"at"`
	OperatorStatusAt string `json:"operator_status_at,omitempty"`
	ClientReference  string `json:"client_reference,omitempty"`
}

// Codes of reports.
const (
	codeQueued     = 400
	codeDispatched = 401
	codeInternal   = 403
	codeExpiry     = 406
	codeCancelled  = 407
	codeBlocked    = 413
	// codeUnknownTo is an operator's, as Sinch's samples have it.
	codeUnknownTo = 11
)

// toldLater: what is a number is a report's code.
func toldLater(reason string) bool {
	_, err := strconv.Atoi(reason)
	return err == nil || reason == simulator.CodeUnknownUser
}

// failure says a rule's reason in the code of a report.
func failure(reason string) string {
	switch {
	case reason == simulator.CodeUnknownUser:
		return strconv.Itoa(codeUnknownTo)
	case reason == simulator.CodeQuota:
		return strconv.Itoa(codeBlocked)
	case !toldLater(reason):
		return strconv.Itoa(codeInternal)
	default:
		return reason
	}
}

// state is the code and the status that an event brings about.
func state(e simulator.Event) (code int, status string) {
	switch e.Kind {
	case "":
		return codeQueued, "Queued"
	case simulator.EventAccepted:
		return codeDispatched, "Dispatched"
	case simulator.EventFailed:
	default:
		return 0, "Delivered"
	}
	if e.Code == simulator.CodeExpired {
		return codeExpiry, "Aborted"
	}
	code, err := strconv.Atoi(e.Code)
	switch {
	case err != nil:
		return codeInternal, "Aborted"
	case code == codeCancelled:
		return code, "Cancelled"
	case code > codeDispatched && code < 500:
		return code, "Aborted"
	default:
		return code, "Failed"
	}
}

func reportOf(c simulator.Call, e simulator.Event) recipientReport {
	code, status := state(e)
	r := recipientReport{
		Type: "recipient_delivery_report_sms", BatchID: c.ProviderID, Recipient: c.To, Code: code, Status: status,
		At: e.At.UTC().Format(timeFormat), ClientReference: c.Reference,
	}
	if code < codeQueued {
		r.OperatorStatusAt = r.At
	}
	return r
}

// recipientReport answers the report of the batch's one recipient.
func (p plans) recipientReport(w http.ResponseWriter, r *http.Request, acc simulator.Account) {
	c, ok := p.Find(acc.ID, r.PathValue("batch"))
	if !ok || c.ProviderID != r.PathValue("batch") || c.To != strings.TrimPrefix(r.PathValue("recipient"), "+") {
		p.refuse(w, r, simulator.Verdict{}, notFound)
		return
	}
	p.Answer(w, r, simulator.Verdict{}, http.StatusOK, reportOf(c, c.Last()))
}

// batchReport answers the report of the whole batch.
func (p plans) batchReport(w http.ResponseWriter, r *http.Request, acc simulator.Account) {
	c, ok := p.Find(acc.ID, r.PathValue("batch"))
	if !ok || c.ProviderID != r.PathValue("batch") {
		p.refuse(w, r, simulator.Verdict{}, notFound)
		return
	}
	code, status := state(c.Last())
	entry := map[string]any{"code": code, "status": status, "count": 1}
	if r.FormValue("type") == "full" {
		entry["recipients"] = []string{c.To}
	}
	p.Answer(w, r, simulator.Verdict{}, http.StatusOK, map[string]any{
		"type": "delivery_report_sms", "batch_id": c.ProviderID, "total_message_count": 1, "client_reference": c.Reference, "statuses": []any{entry},
	})
}

const budget = 10 * time.Second

// pause doubles from 5 s to 81,920 s.
func pause(tries int) (time.Duration, bool) { return 5 * time.Second << min(tries-1, 14), tries <= 15 }

// teller makes the callbacks of a batch: one a change, or the last alone.
func (p plans) teller(acc simulator.Account, b batch) func(simulator.Call, simulator.Event) (simulator.Webhook, bool) {
	return func(c simulator.Call, e simulator.Event) (simulator.Webhook, bool) {
		final := e.Kind == simulator.EventDelivered || e.Kind == simulator.EventFailed
		if b.DeliveryReport != perRecipient && (b.DeliveryReport != perRecipientFinal || !final) {
			return simulator.Webhook{}, false
		}
		raw, err := json.Marshal(reportOf(c, e))
		if err != nil {
			return simulator.Webhook{}, false
		}
		header := map[string]string{"Content-Type": "application/json"}
		if acc.WebhookSecret != "" {
			p.sign(header, acc.WebhookSecret, raw)
		}
		return simulator.Webhook{URL: b.CallbackURL, Header: header, Body: raw, Budget: budget, Pause: pause}, true
	}
}

// sign signs the body, a nonce and the time.
func (p plans) sign(header map[string]string, secret string, body []byte) {
	nonce, at := rand.Text(), strconv.FormatInt(p.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	mac.Write([]byte("." + nonce + "." + at))
	header["x-sinch-webhook-signature"] = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	header["x-sinch-webhook-signature-nonce"] = nonce
	header["x-sinch-webhook-signature-timestamp"] = at
	header["x-sinch-webhook-signature-algorithm"] = "HmacSHA256"
}
