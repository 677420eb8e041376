package modeltest

import (
	"slices"

	"cascade/policy"
)

// model is one message and all that is known of it. Times are in milliseconds, 0 for not known; money is in đồng.
type model struct {
	steps                      []rung
	ttl, most                  int64 // most is what the message may cost; 0 is no limit
	asks, toldDelivered        bool  // providers can be asked what became of a message, and what they say then
	now, sendAt, expires       int64
	canceled, confirmed, ended bool
	suppressed                 bool
	status                     policy.MessageStatus
	channel                    policy.Channel
	tries                      []*try
}

// rung is a step of the ladder. It is billed when it is taken, or else when it is delivered within a time.
type rung struct {
	channel                policy.Channel
	accounts               []string
	until                  policy.Receipt
	timeout, price, within int64
	onTaking               bool
}

// try is one account tried on one step; a step that was passed over is one too.
type try struct {
	step, calls                                   int
	account                                       string
	status                                        policy.AttemptStatus
	class                                         policy.Class
	calling, asked                                bool
	begun, called, retry, taken, delivered, reply int64 // reply is when the question under way is answered
}

// What proves more, from weak to strong.
var (
	attemptOrder = []policy.AttemptStatus{
		policy.AttemptPending, policy.AttemptSending, policy.AttemptUnknown, policy.AttemptSent, policy.AttemptCanceled, policy.AttemptTimedOut,
		policy.AttemptFailed, policy.AttemptDelivered, policy.AttemptRead,
	}
	messageRank = map[policy.MessageStatus]int{
		policy.Sending: 1, policy.Failed: 2, policy.Expired: 2, policy.Canceled: 2, policy.Sent: 3, policy.Delivered: 4, policy.Read: 5,
	}
	evidence = map[policy.Receipt]policy.AttemptStatus{
		policy.ReceiptSent: policy.AttemptSent, policy.ReceiptDelivered: policy.AttemptDelivered, policy.ReceiptRead: policy.AttemptRead,
		policy.ReceiptFailed: policy.AttemptFailed,
	}
)

func (t *try) prove(s policy.AttemptStatus) {
	t.status = attemptOrder[max(slices.Index(attemptOrder, t.status), slices.Index(attemptOrder, s))]
}

func (m *model) raise(s policy.MessageStatus) {
	if messageRank[s] > messageRank[m.status] {
		m.status = s
	}
}

// after is at, or never if that has passed.
func after(now, at int64) int64 {
	if at <= now {
		return 1 << 62
	}
	return at
}

// first is the earlier of two times.
func first(a, b int64) int64 {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// since is when a try's wait for its receipt begins.
func (t *try) since() int64 {
	if t.taken != 0 {
		return t.taken
	}
	return t.called
}
