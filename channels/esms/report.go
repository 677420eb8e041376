package esms

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// SendStatus of a message.
const (
	statusAwaitingApproval = "1"
	statusQueued           = "2"
	statusRefused          = "4"
	statusFinished         = "5"
	statusSent             = "7" // waits for the report
)

// report is what callbacks and look-ups tell of a message; the counts are of its recipients, and there is one.
type report struct {
	smsID, requestID      string
	status                string
	success, failed       string
	typeID, price, reason string
}

// known reports whether the status is a documented one.
func (r report) known() bool {
	switch r.status {
	case statusAwaitingApproval, statusQueued, statusRefused, statusFinished, statusSent:
		return true
	}
	return false
}

// kind answers what the report proves; "" is nothing: under way, or finished without a verdict, to be looked up.
func (r report) kind() policy.Receipt {
	success, failed := count(r.success), count(r.failed)
	switch {
	case r.status == statusSent:
		return policy.ReceiptSent
	case r.status == statusRefused:
		return policy.ReceiptFailed
	case r.status == statusFinished && success >= 1 && failed == 0:
		return policy.ReceiptDelivered
	case r.status == statusFinished && success == 0 && failed >= 1:
		return policy.ReceiptFailed
	default:
		return ""
	}
}

// receipt answers what the report proves about the message, false for nothing. eSMS tells no time.
func (a *adapter) receipt(r report, key string) (channels.Receipt, bool) {
	kind := r.kind()
	if kind == "" {
		return channels.Receipt{}, false
	}
	rec := channels.Receipt{ProviderID: r.smsID, Kind: kind, Key: key + r.key()}
	if isReference(r.requestID) {
		rec.Reference = r.requestID
	}
	if kind != policy.ReceiptSent {
		rec.Price = vnd(r.price)
	}
	if kind == policy.ReceiptFailed {
		a.blame(&rec, r)
	}
	return rec, true
}

// key tells the event from every other of the account, as eSMS repeats and counts nothing. A message without an SMSID
// is known by its RequestId.
func (r report) key() string {
	return strings.Join([]string{cmp.Or(r.smsID, r.requestID), r.typeID, r.status, r.success, r.failed}, "/")
}

// blame says why a message failed. Only Zalo's reasons are told; elsewhere it is the operator's or Viber's report that
// the person did not get it.
func (a *adapter) blame(rec *channels.Receipt, r report) {
	code, words := zaloReason(r.reason)
	switch {
	case r.status == statusRefused:
		rec.Class, rec.Code, rec.Detail = policy.ClassRequest, "refused", "eSMS refused the message"
	case a.channel == policy.ZNS:
		m := zaloMeaning(code)
		rec.Class, rec.Code, rec.Detail = m.class, m.code, words
	default:
		rec.Class, rec.Code, rec.Detail = policy.ClassRecipient, "not_delivered", "reported as not delivered"
	}
	rec.ProviderCode = cmp.Or(code, fmt.Sprintf("SendStatus %s", r.status))
	rec.Detail = a.redact(rec.Detail)
}

// count reads a number of recipients; what is none counts for 0.
func count(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		return 0
	}
	return n
}

// vnd reads TotalPrice, which is in VND; nil if it is no price.
func vnd(text string) *policy.Money {
	m, err := policy.ParseMoney(strings.TrimSpace(text), "VND")
	if err != nil || m.Micros < 0 {
		return nil
	}
	return &m
}

func isReference(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
