package modeltest

import (
	"slices"

	"cascade/policy"
)

// The rules, as DESIGN.md has them: what follows from what is known, without database, clock or goroutine.

func (m *model) accept(delay int64) {
	m.status, m.sendAt, m.expires = policy.Accepted, m.now+delay, m.now+delay+m.ttl
	m.decide()
}

// advance lets time pass; whatever is due on the way happens.
func (m *model) advance(to int64) {
	for m.now < to {
		next := min(to, after(m.now, m.sendAt), after(m.now, m.expires))
		for _, t := range m.tries {
			over := t.since() + m.steps[t.step].timeout
			next = min(next, after(m.now, t.called+callTimeout), after(m.now, t.reply), after(m.now, t.retry), after(m.now, over))
		}
		m.now = next
		for _, t := range slices.Clone(m.tries) {
			if t.calling && m.now >= t.called+callTimeout {
				m.answered(t, policy.ClassUnknown)
			}
			if t.reply != 0 && m.now >= t.reply {
				t.reply = 0
				if m.toldDelivered {
					m.report(t, policy.ReceiptDelivered, m.now)
				}
			}
		}
		m.decide()
	}
}

// answered is the end of a call: "" for taken, else the class of the failure.
func (m *model) answered(t *try, class policy.Class) {
	t.calling = false
	switch {
	case class == "":
		m.report(t, policy.ReceiptSent, m.now)
		return
	case t.status != policy.AttemptSending: // a receipt knew better
		return
	case class == policy.ClassUnknown:
		t.status = policy.AttemptUnknown
	case class == policy.ClassThrottled || class == policy.ClassDown:
		t.status, t.retry = policy.AttemptPending, m.now+retryAfter
	default:
		t.status = policy.AttemptFailed
	}
	t.class = class
	m.decide()
}

// report is a provider's word about a try, of something that happened at.
func (m *model) report(t *try, kind policy.Receipt, at int64) {
	switch kind {
	case policy.ReceiptSent:
		t.taken = first(t.taken, at)
	case policy.ReceiptDelivered, policy.ReceiptRead:
		t.delivered = first(t.delivered, at)
	case policy.ReceiptFailed:
		t.class = policy.ClassRecipient
	}
	t.prove(evidence[kind])
	m.decide()
}

// decide does what follows from all that is known.
func (m *model) decide() {
	last := m.last()
	switch {
	case slices.ContainsFunc(m.tries, m.enough):
		m.end(m.status)
	case m.confirmed:
		m.end(policy.Delivered)
	case m.ended:
		m.end(m.status)
	case m.canceled:
		m.end(policy.Canceled)
	case m.now >= m.expires:
		m.end(policy.Expired)
	case last != nil:
		m.follow(last)
	case m.now < m.sendAt:
		m.status = policy.Scheduled
	default:
		m.climb(0, 0)
	}
}

// enough reports whether a try has what its step waits for.
func (m *model) enough(t *try) bool {
	wanted, proven := slices.Index(attemptOrder, evidence[m.steps[t.step].until]), slices.Index(attemptOrder, t.status)
	return t.status == policy.AttemptSent && proven == wanted || proven >= max(wanted, slices.Index(attemptOrder, policy.AttemptDelivered))
}

// follow goes on from the try that the ladder stands on.
func (m *model) follow(t *try) {
	s := m.steps[t.step]
	place, over := slices.Index(s.accounts, t.account), t.begun+s.timeout
	proven := t.status == policy.AttemptDelivered // nothing to ask: what is missing is the reading
	switch t.status {
	case policy.AttemptPending:
		another := place+1 < len(s.accounts) && m.affords(t.step)
		tired := t.class == policy.ClassDown && (another || t.calls >= 3 && m.higher(t.step+1))
		switch {
		case tired || t.retry > over || m.now >= over:
			t.status = policy.AttemptFailed
			m.climb(t.step, place+1)
		case m.now < t.retry:
		case m.suppressed:
			m.end(policy.Failed)
		default:
			m.call(t)
		}
	case policy.AttemptUnknown, policy.AttemptSent, policy.AttemptDelivered:
		if m.now < t.since()+s.timeout || t.reply != 0 && !proven {
			return
		}
		if m.asks && !t.asked && !proven {
			t.asked, t.reply = true, m.now+queryTime
			return
		}
		t.prove(policy.AttemptTimedOut)
		m.climb(t.step+1, 0)
	case policy.AttemptFailed:
		if t.class == policy.ClassRecipient || t.class == policy.ClassRequest {
			place = len(s.accounts)
		}
		m.climb(t.step, place+1)
	}
}

// climb begins the first try from step k on, in its accounts from place on, that the message can afford.
func (m *model) climb(k, place int) {
	before := len(m.tries)
	for ; k < len(m.steps); k, place = k+1, 0 {
		if place < len(m.steps[k].accounts) && m.affords(k) {
			if m.suppressed {
				m.tries = m.tries[:before]
				m.end(policy.Failed)
				return
			}
			t := &try{step: k, account: m.steps[k].accounts[place], begun: m.now}
			m.tries, m.channel = append(m.tries, t), m.steps[k].channel
			m.raise(policy.Sending)
			m.call(t)
			return
		}
		if place == 0 {
			m.tries = append(m.tries, &try{step: k, status: policy.AttemptSkipped})
		}
	}
	m.end(policy.Failed)
}

// higher reports whether a step from k on can be begun.
func (m *model) higher(k int) bool { return k < len(m.steps) && (m.affords(k) || m.higher(k+1)) }

// affords reports whether step k keeps the message within its most, if all that may be billed is.
func (m *model) affords(k int) bool {
	sum := m.steps[k].price
	for _, t := range m.tries {
		never := t.status == policy.AttemptSkipped || t.status == policy.AttemptPending || t.status == policy.AttemptFailed && t.taken == 0
		if !never {
			sum += m.steps[t.step].price
		}
	}
	return m.most == 0 || sum <= m.most
}

func (m *model) call(t *try) {
	t.status, t.class, t.called, t.calling = policy.AttemptSending, "", m.now, true
	t.calls++
}

// end gives the message its final status, or raises it.
func (m *model) end(s policy.MessageStatus) {
	m.ended = true
	m.raise(s)
	var best *try
	for _, t := range m.tries {
		switch {
		case t.status == policy.AttemptSent && m.enough(t):
			m.raise(policy.Sent)
		case t.delivered != 0:
			m.raise(policy.MessageStatus(t.status)) // delivered and read have one name
			if best == nil || t.status == policy.AttemptRead && best.status != policy.AttemptRead {
				best, m.channel = t, m.steps[t.step].channel
			}
		}
	}
	if last := m.last(); last != nil && last.status == policy.AttemptPending {
		last.status = policy.AttemptCanceled
	} else if last != nil && last.status == policy.AttemptUnknown {
		last.status = policy.AttemptTimedOut
	}
}

// last is the try that the ladder stands on.
func (m *model) last() *try {
	for _, t := range slices.Backward(m.tries) {
		if t.status != policy.AttemptSkipped {
			return t
		}
	}
	return nil
}

// cost is what all evidence says is owed.
func (m *model) cost() (sum int64) {
	for _, t := range m.tries {
		s := m.steps[t.step]
		inTime := s.within == 0 || t.taken == 0 || t.delivered-t.taken <= s.within
		if s.onTaking && (t.taken != 0 || t.delivered != 0) || !s.onTaking && t.delivered != 0 && inTime {
			sum += s.price
		}
	}
	return sum
}
