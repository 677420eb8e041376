package policy

import "time"

// Plan is a policy resolved for one message: which account each step uses, what it waits for and what it costs. It
// is pinned when the message is accepted, so a policy, a price or an account's receipts may change without changing
// what was promised.
type Plan struct {
	Steps []PlanStep `json:"steps"`
	// MaxCost is the most that the message may cost, in micros; 0 is no limit.
	MaxCost int64       `json:"max_cost,omitempty"`
	Quiet   *QuietHours `json:"quiet_hours,omitempty"`
}

// PlanStep is one rung.
type PlanStep struct {
	Channel  Channel       `json:"channel"`
	Until    Receipt       `json:"until"`
	Timeout  Duration      `json:"timeout"`
	Accounts []PlanAccount `json:"accounts,omitempty"`
	// Skip is the reason why the step cannot run, known when the message was accepted; "" if it can.
	Skip       Reason `json:"skip,omitempty"`
	SkipDetail string `json:"skip_detail,omitempty"`
}

// PlanAccount is an account that a step may use.
type PlanAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Until is the step's receipt, or the best that the account can give where that is less.
	Until Receipt `json:"until"`
	// Terms is what an attempt on this account costs; the zero Terms is free.
	Terms    Terms `json:"terms,omitzero"`
	Segments int   `json:"segments,omitempty"`
	// AskByReference and AskByID say by which id the provider can be asked what became of an attempt.
	AskByReference bool `json:"ask_by_reference,omitempty"`
	AskByID        bool `json:"ask_by_id,omitempty"`
}

// AccountAt answers the account of step k with the given id and its place, or -1.
func (p Plan) AccountAt(k int, id string) (PlanAccount, int) {
	if k >= 0 && k < len(p.Steps) {
		for i, a := range p.Steps[k].Accounts {
			if a.ID == id {
				return a, i
			}
		}
	}
	return PlanAccount{}, -1
}

// Worst is the most that a message may cost by its plan, in micros: every step that can run billed in full, by its dearest
// account.
func (p Plan) Worst() int64 {
	sum := int64(0)
	for _, s := range p.Steps {
		if s.Skip != "" {
			continue
		}
		dearest := int64(0)
		for _, a := range s.Accounts {
			dearest = max(dearest, a.Terms.Full().Micros)
		}
		sum += dearest
	}
	if p.MaxCost > 0 {
		sum = min(sum, p.MaxCost)
	}
	return sum
}

// Facts is all that is known of a message. Decide reads nothing else.
type Facts struct {
	Category  Category
	SendAt    time.Time // zero: at once
	ExpiresAt time.Time
	Canceled  bool
	Confirmed bool
	// Suppressed: the person must not be contacted any more. What is under way goes on; nothing else is called.
	Suppressed bool
	// Ended is the final status that the message has already; "" while it is open.
	Ended MessageStatus
	// Spent is the sum of the ledger, in micros.
	Spent    int64
	Attempts []AttemptFacts
	// Unusable tells, by account id, which accounts must not be called now.
	Unusable map[string]Unusable
	// Passed tells, by account id, which accounts are used only where a step has no other, and why: they do badly.
	Passed map[string]Reason
	// Unreachable names the channels that refused this person for good lately, and by which code: their steps are used only
	// where no other is left.
	Unreachable map[Channel]string
}

// Unusable is why an account must not be called now.
type Unusable struct {
	Reason Reason
	// Until is when it may be called again; zero: when somebody has mended it.
	Until time.Time
}

// AttemptFacts is what is known of one attempt.
type AttemptFacts struct {
	Step    int
	Account string // id
	Status  AttemptStatus
	Class   Class // of its last failure, "" if none
	// CreatedAt is when the attempt began, CalledAt when its last call was claimed, SentAt when the provider took it.
	CreatedAt, CalledAt, SentAt time.Time
	// LeaseUntil is when a call under way counts as lost; RetryAt when a refused call may be made again.
	LeaseUntil, RetryAt time.Time
	Calls               int
	// Asked: the provider has answered, or failed to, what became of it. AskUntil is when a question under way counts as
	// lost; zero if none is. HasID: the provider's id is known.
	Asked, HasID bool
	AskUntil     time.Time
}

// reached answers the message status that the attempt's evidence proves, if it satisfies its step.
func (a AttemptFacts) reached(p Plan) (MessageStatus, bool) {
	until := ReceiptDelivered
	if acc, i := p.AccountAt(a.Step, a.Account); i >= 0 {
		until = acc.Until
	}
	switch a.Status {
	case AttemptRead:
		return Read, true
	case AttemptDelivered:
		return Delivered, until.Rank() <= ReceiptDelivered.Rank()
	case AttemptSent:
		return Sent, until == ReceiptSent
	default:
		return Failed, false
	}
}

// best is the strongest status that any attempt proves, whatever its step waited for; Failed if none proves any.
func (f Facts) best() MessageStatus {
	best := Failed
	for _, a := range f.Attempts {
		switch a.Status {
		case AttemptRead:
			best = best.Raise(Read)
		case AttemptDelivered:
			best = best.Raise(Delivered)
		}
	}
	return best
}

// last answers the attempt that the ladder stands on: skipped steps are no ground to stand on.
func (f Facts) last() (AttemptFacts, bool) {
	for i := len(f.Attempts) - 1; i >= 0; i-- {
		if f.Attempts[i].Status != AttemptSkipped {
			return f.Attempts[i], true
		}
	}
	return AttemptFacts{}, false
}
