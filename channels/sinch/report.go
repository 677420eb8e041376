package sinch

import (
	"cmp"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// report is what callbacks and look-ups tell of the one recipient of a batch.
type report struct {
	Type             channels.Text `json:"type"`
	BatchID          channels.Text `json:"batch_id"`
	Code             channels.Text `json:"code"`
	Status           channels.Text `json:"status"`
	At               channels.Text `json:"at"`
	OperatorStatusAt channels.Text `json:"operator_status_at"`
	ClientReference  channels.Text `json:"client_reference"`
}

// kinds are the documented statuses with what each proves; "" is nothing. Unknown means that the operator has the message
// and will not tell more.
var kinds = map[string]policy.Receipt{
	"queued": "", "dispatched": policy.ReceiptSent, "unknown": policy.ReceiptSent, "delivered": policy.ReceiptDelivered,
	"aborted": policy.ReceiptFailed, "cancelled": policy.ReceiptFailed, "rejected": policy.ReceiptFailed,
	"deleted": policy.ReceiptFailed, "failed": policy.ReceiptFailed, "expired": policy.ReceiptFailed,
}

// blames say what a failed status means where its code is not Sinch's own.
var blames = map[string]entry{
	"aborted": {policy.ClassRequest, "unknown_refusal", adviceLookUp}, "cancelled": failures["407"], "rejected": failures["408"],
	"deleted": {policy.ClassRecipient, "deleted", advicePhone}, "failed": {policy.ClassRecipient, "not_delivered", adviceNone}, "expired": failures["406"],
}

// status is the report's status in small letters: both spellings are about.
func (r report) status() string { return strings.ToLower(string(r.Status)) }

// known reports whether the status is a documented one.
func (r report) known() bool {
	_, ok := kinds[r.status()]
	return ok
}

// receipt answers what the report proves about the message, false for nothing. source names where the report came from.
func (r report) receipt(source string) (channels.Receipt, bool) {
	kind := kinds[r.status()]
	if kind == "" {
		return channels.Receipt{}, false
	}
	rec := channels.Receipt{
		ProviderID: string(r.BatchID), Kind: kind, Key: source + string(r.BatchID) + "/" + r.status(),
		At: parseTime(cmp.Or(r.OperatorStatusAt, r.At)),
	}
	if isReference(string(r.ClientReference)) {
		rec.Reference = string(r.ClientReference)
	}
	if kind == policy.ReceiptFailed {
		e, ok := failures[string(r.Code)]
		if !ok {
			e = blames[r.status()]
		}
		rec.Class, rec.Code, rec.ProviderCode = e.class, e.code, cmp.Or(string(r.Code), string(r.Status))
		rec.Detail = "Sinch reports the message as " + r.status()
	}
	return rec, true
}

func isReference(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}
