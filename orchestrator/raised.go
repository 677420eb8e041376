package orchestrator

import (
	"cmp"

	"cascade/models"
	"cascade/policy"
)

// outcome is how a message stands, the channel that this is owed to, and since when.
type outcome struct {
	status  policy.MessageStatus
	channel policy.Channel
	at      int64
}

// outcomes tells how a message ended, and what a receipt has raised that to since; raised is zero where none has. The first is
// not kept once the second is known: the reason of the end tells it, and the receipts' own times.
func outcomes(st models.State, plan policy.Plan) (ended, raised outcome) {
	m := st.Message
	now := outcome{m.Status, m.Channel, m.CompletedAt}
	var before outcome
	for _, a := range st.Attempts {
		for _, o := range []outcome{{policy.Sent, a.Channel, a.SentAt}, {policy.Delivered, a.Channel, a.DeliveredAt}, {policy.Read, a.Channel, a.ReadAt}} {
			switch {
			case o.at == 0 || o.status == policy.Sent && !awaited(plan, policy.Sent): // that reaches nobody
			case o.at <= m.CompletedAt && before.status.Raise(o.status) != before.status:
				before = o
			case o.at > m.CompletedAt && o.status == m.Status && (raised.at == 0 || o.at < raised.at):
				raised = o
			}
		}
	}
	ended = outcome{before.status, cmp.Or(before.channel, m.Channel), m.CompletedAt}
	switch policy.Reason(m.Reason) {
	case policy.ReasonUntilReached:
		if !awaited(plan, ended.status) { // a provider's clock is ahead of ours
			return now, outcome{}
		}
	case policy.ReasonConfirmed:
		ended.status = ended.status.Raise(policy.Delivered)
	case policy.ReasonCanceled:
		ended.status = ended.status.Raise(policy.Canceled)
	case policy.ReasonTTLPassed:
		ended.status = ended.status.Raise(policy.Expired)
	case policy.ReasonNoStepLeft, policy.ReasonSuppressed:
		ended.status = ended.status.Raise(policy.Failed)
	}
	if raised.at == 0 || ended.status.Raise(m.Status) == ended.status {
		return now, outcome{}
	}
	return ended, raised
}

// awaited reports whether a status is as much as some step of a plan waits for.
func awaited(plan policy.Plan, s policy.MessageStatus) bool {
	receipt := map[policy.MessageStatus]policy.Receipt{policy.Sent: policy.ReceiptSent, policy.Delivered: policy.ReceiptDelivered, policy.Read: policy.ReceiptRead}[s]
	for _, step := range plan.Steps {
		for _, a := range step.Accounts {
			if receipt.Rank() >= a.Until.Rank() {
				return true
			}
		}
	}
	return false
}
