package policy

import "time"

// Never is a time of an Outcome at which nothing happened.
const Never time.Duration = -1

// Outcome is what a provider did with an attempt. Times are since the attempt began.
type Outcome struct {
	// Class is why it was refused, or failed; ClassUnknown where nobody knows whether it was taken; "" if it was taken.
	Class                          Class
	Taken, Delivered, Read, Failed time.Duration
	// Drawn: this is what happened to another message.
	Drawn bool
	// Cost is what was billed, in micros; nil: what the terms say.
	Cost *int64
}

// Told is what an app said of a message, since it was accepted: Never where it did not.
type Told struct{ Confirmed, Canceled time.Duration }

// Replayed is how a message would have ended.
type Replayed struct {
	Status MessageStatus
	// Took is from when it was accepted, or was to be sent, to its end.
	Took     time.Duration
	Cost     int64 // micros
	Attempts []ReplayedAttempt
}

// ReplayedAttempt is one attempt of it.
type ReplayedAttempt struct {
	Step int
	// Reached: it was the first to prove the message's status.
	Reached, Drawn bool
	Cost           int64 // micros
}

// replayMost bounds the decisions of one replay, which every step ends after a few.
const replayMost = 1000

// Replay walks a message down a plan by Decide, as if it had been accepted at a time. f says its category, send time and end.
// outcome tells what becomes of an attempt; where it answers false, the account counts as out of use. No account of the plan may
// be one that can be asked: what it would answer is in the outcome.
func Replay(p Plan, f Facts, accepted time.Time, told Told, outcome func(step int, acc PlanAccount) (Outcome, bool)) Replayed {
	r := &replay{plan: p, facts: f, now: accepted, outcome: outcome}
	if r.facts.Unusable == nil {
		r.facts.Unusable = map[string]Unusable{}
	}
	r.expect(accepted, told.Confirmed, func() { r.facts.Confirmed = true })
	r.expect(accepted, told.Canceled, func() { r.facts.Canceled = true })
	for range replayMost {
		d := Decide(r.plan, r.facts, r.now)
		r.end(d.End)
		switch d.Action {
		case Start:
			r.start(d)
			continue
		case Wait:
			r.wait(d.At)
			continue
		case Finish:
			return r.finish(d, accepted)
		}
		break
	}
	return r.finish(Decision{Final: r.facts.final(p)}, accepted)
}

// replay is a Replay under way.
type replay struct {
	plan     Plan
	facts    Facts
	now      time.Time
	outcome  func(int, PlanAccount) (Outcome, bool)
	outcomes []Outcome // parallel to the attempts
	coming   []coming
}

// coming is something that will happen.
type coming struct {
	at time.Time
	do func()
}

func (r *replay) expect(from time.Time, after time.Duration, do func()) {
	if after >= 0 {
		r.coming = append(r.coming, coming{from.Add(after), do})
	}
}

// end closes the attempt that the ladder leaves. Proof of delivery stays what it is.
func (r *replay) end(status AttemptStatus) {
	if n := len(r.facts.Attempts); status != "" && n > 0 && r.facts.Attempts[n-1].Status.Open() {
		r.facts.Attempts[n-1].Status = status
	}
}

func (r *replay) start(d Decision) {
	acc := r.plan.Steps[d.Step].Accounts[d.Account]
	o, known := r.outcome(d.Step, acc)
	if !known {
		r.facts.Unusable[acc.ID] = Unusable{Reason: ReasonAccountDisabled}
		return
	}
	i := len(r.facts.Attempts)
	a := AttemptFacts{Step: d.Step, Account: acc.ID, Status: AttemptSending, CreatedAt: r.now, CalledAt: r.now, Calls: 1, LeaseUntil: r.facts.ExpiresAt}
	if o.Class == ClassUnknown && o.Taken < 0 {
		a.Status, a.Class = AttemptUnknown, ClassUnknown
	}
	r.facts.Attempts, r.outcomes = append(r.facts.Attempts, a), append(r.outcomes, o)
	r.expect(r.now, o.Taken, func() {
		a := &r.facts.Attempts[i]
		if a.SentAt = r.now; a.Status.Open() {
			a.Status = AttemptSent
		}
	})
	r.expect(r.now, o.Failed, func() {
		if a := &r.facts.Attempts[i]; a.Status.Open() {
			a.Status, a.Class = AttemptFailed, o.Class
		}
	})
	r.expect(r.now, o.Delivered, func() { r.raise(i, AttemptDelivered) })
	r.expect(r.now, o.Read, func() { r.raise(i, AttemptRead) })
	r.happen()
}

func (r *replay) raise(i int, to AttemptStatus) {
	r.facts.Attempts[i].Status = r.facts.Attempts[i].Status.Raise(to)
}

// wait goes on to a time, or to what happens before it.
func (r *replay) wait(until time.Time) {
	next := until
	for _, c := range r.coming {
		next = earlier(next, c.at)
	}
	r.now = next
	r.happen()
}

// happen lets everything happen that is due, in the order in which it was expected.
func (r *replay) happen() {
	var later []coming
	due := r.coming
	r.coming = nil
	for _, c := range due {
		if c.at.After(r.now) {
			later = append(later, c)
			continue
		}
		c.do()
	}
	r.coming = later
}

// finish lets the rest happen, which may raise the status, and bills.
func (r *replay) finish(d Decision, accepted time.Time) Replayed {
	begin := accepted
	if r.facts.SendAt.After(begin) {
		begin = r.facts.SendAt
	}
	out := Replayed{Took: max(r.now.Sub(begin), 0)}
	r.facts.Ended = d.Final
	for _, c := range r.coming {
		r.now = c.at
		c.do()
	}
	out.Status = d.Final.Raise(r.facts.final(r.plan))
	reached := false
	for i, a := range r.facts.Attempts {
		o := r.outcomes[i]
		attempt := ReplayedAttempt{Step: a.Step, Drawn: o.Drawn, Cost: r.cost(a, o)}
		if status := MessageStatus(a.Status); !reached && out.Status.Reached() && status == out.Status {
			attempt.Reached, reached = true, true
		}
		out.Cost += attempt.Cost
		out.Attempts = append(out.Attempts, attempt)
	}
	return out
}

func (r *replay) cost(a AttemptFacts, o Outcome) int64 {
	if o.Cost != nil {
		return *o.Cost
	}
	acc, _ := r.plan.AccountAt(a.Step, a.Account)
	at := func(after time.Duration) time.Time {
		if after < 0 {
			return time.Time{}
		}
		return a.CreatedAt.Add(after)
	}
	delivered := o.Delivered
	if delivered < 0 {
		delivered = o.Read
	}
	return acc.Terms.Due(at(o.Taken), at(delivered)).Micros
}
