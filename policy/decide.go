package policy

import (
	"slices"
	"time"
)

// Reason is why something happened, from a closed list: the API, the timeline, the metrics and the tests speak it.
type Reason string

// The reasons of decisions and of skipped steps.
const (
	ReasonUntilReached       Reason = "until_reached"
	ReasonConfirmed          Reason = "confirmed"
	ReasonCanceled           Reason = "canceled"
	ReasonTTLPassed          Reason = "ttl_passed"
	ReasonScheduled          Reason = "scheduled"
	ReasonFirstStep          Reason = "first_step"
	ReasonCallUnderWay       Reason = "call_under_way"
	ReasonReceiptPending     Reason = "receipt_pending"
	ReasonUnknownOutcome     Reason = "unknown_outcome"
	ReasonAskBeforePaying    Reason = "ask_before_paying"
	ReasonTimedOut           Reason = "timed_out"
	ReasonThrottled          Reason = "throttled"
	ReasonDown               Reason = "provider_down"
	ReasonRefusedRecipient   Reason = "refused_recipient"
	ReasonRefusedRequest     Reason = "refused_request"
	ReasonRefusedAccount     Reason = "refused_account"
	ReasonNoStepLeft         Reason = "no_step_left"
	ReasonQuietHours         Reason = "held_quiet_hours"
	ReasonSkippedCondition   Reason = "skipped_condition"
	ReasonSkippedPrice       Reason = "skipped_price"
	ReasonSkippedAccount     Reason = "skipped_account"
	ReasonSkippedContent     Reason = "skipped_content"
	ReasonSkippedTemplate    Reason = "skipped_template"
	ReasonSkippedUnreachable Reason = "skipped_not_reachable"
	ReasonTriedAgain         Reason = "tried_again" // although the channel refused the person lately
	ReasonAccountPaused      Reason = "account_paused"
	ReasonNeedsReauth        Reason = "account_needs_reauth"
	ReasonAccountDisabled    Reason = "account_disabled"
	ReasonQuotaUsed          Reason = "account_quota_used"
	ReasonAccountFailing     Reason = "account_failing"
	ReasonAccountSlow        Reason = "account_slow"
	ReasonAccountQuality     Reason = "account_quality_low"
	ReasonLateReceipt        Reason = "late_receipt"
	ReasonSuppressed         Reason = "suppressed"
)

// Action is what to do with a message now.
type Action string

// The actions.
const (
	Start  Action = "start"  // begin an attempt of Step on Account
	Retry  Action = "retry"  // call again for the attempt under way: the last call was proven not taken
	Wait   Action = "wait"   // nothing before At
	Ask    Action = "ask"    // ask the provider about the attempt under way
	Finish Action = "finish" // Final is the message's status
)

// Decision is what happens to a message next, and why.
type Decision struct {
	Action  Action
	Step    int // for Start
	Account int // for Start: the place in the step's accounts
	At      time.Time
	Final   MessageStatus
	Reason  Reason
	// End is how the attempt under way ends as the ladder leaves it; "" if it does not.
	End AttemptStatus
	// Skips are the steps passed over on the way to Start or Finish.
	Skips []Skip
}

// Skip is a step that the ladder passed over.
type Skip struct {
	Step   int
	Reason Reason
}

// maxDownCalls is how many calls an attempt makes to a provider that cannot be reached: a person waits.
const maxDownCalls = 3

// Decide says what happens to a message next. The same plan, facts and now give the same Decision to whoever asks:
// the engine, preview, the explanation for people, a replay. It is asked again after every fact, also after the end,
// where a stronger receipt raises the status.
func Decide(p Plan, f Facts, now time.Time) Decision {
	d := decide(p, f, now)
	if f.Suppressed && (d.Action == Start || d.Action == Retry) {
		last, _ := f.last()
		end := d.End
		if end == "" {
			end = last.abandoned()
		}
		return Decision{Action: Finish, Final: f.final(p), Reason: ReasonSuppressed, End: end}
	}
	return d
}

// final is the status that the message would end with now.
func (f Facts) final(p Plan) MessageStatus {
	final := f.best()
	for _, a := range f.Attempts {
		if s, ok := a.reached(p); ok {
			final = final.Raise(s)
		}
	}
	return final
}

func decide(p Plan, f Facts, now time.Time) Decision {
	final := f.final(p)
	last, begun := f.last()
	switch {
	case f.satisfied(p):
		return Decision{Action: Finish, Final: final, Reason: ReasonUntilReached}
	case f.Confirmed:
		return Decision{Action: Finish, Final: final.Raise(Delivered), Reason: ReasonConfirmed, End: last.abandoned()}
	case f.Ended != "": // nothing starts again, whatever became possible meanwhile
		return Decision{Action: Finish, Final: f.Ended.Raise(final), Reason: ReasonNoStepLeft, End: last.abandoned()}
	case f.Canceled:
		return Decision{Action: Finish, Final: orElse(final, Canceled), Reason: ReasonCanceled, End: last.abandoned()}
	case !now.Before(f.ExpiresAt):
		return Decision{Action: Finish, Final: orElse(final, Expired), Reason: ReasonTTLPassed, End: last.abandoned()}
	case !begun && now.Before(f.SendAt):
		return Decision{Action: Wait, At: earlier(f.SendAt, f.ExpiresAt), Reason: ReasonScheduled}
	case !begun:
		return start(p, f, now, 0, Decision{Reason: ReasonFirstStep})
	}
	return follow(p, f, last, now)
}

// satisfied reports whether any attempt has the receipt that its step waits for. A late receipt of an earlier step
// counts: the person has the message.
func (f Facts) satisfied(p Plan) bool {
	for _, a := range f.Attempts {
		if _, ok := a.reached(p); ok {
			return true
		}
	}
	return false
}

// follow decides what comes after the attempt that the ladder stands on.
func follow(p Plan, f Facts, last AttemptFacts, now time.Time) Decision {
	timeout := p.Steps[last.Step].Timeout.Std()
	nextStep := func(end AttemptStatus, why Reason) Decision {
		return start(p, f, now, last.Step+1, Decision{Reason: why, End: end})
	}
	nextAccount := func(end AttemptStatus, why Reason) Decision {
		return start(p, f, now, last.Step, Decision{Reason: why, End: end})
	}
	switch last.Status {
	case AttemptPending:
		if f.avoids(p, last) {
			return nextStep(AttemptCanceled, ReasonSkippedUnreachable)
		}
		another, _ := usable(p, f, last.Step)
		return retry(f, last, now, timeout, another >= 0, nextAccount)
	case AttemptSending:
		return Decision{Action: Wait, At: earlier(last.LeaseUntil, f.ExpiresAt), Reason: ReasonCallUnderWay}
	case AttemptUnknown, AttemptSent:
		return await(p, f, last, now, timeout, nextStep)
	case AttemptDelivered: // proven, but the step waits for more: the window runs from when it was taken
		return await(p, f, last, now, timeout, nextStep)
	}
	if last.Status == AttemptCanceled { // its account broke before the call; quiet hours may have held the next one
		return nextAccount("", ReasonSkippedAccount)
	}
	switch last.Class {
	case ClassAccount, ClassDown, ClassThrottled:
		return nextAccount("", why(last.Class))
	case "":
		return nextStep("", ReasonTimedOut)
	default:
		return nextStep("", why(last.Class))
	}
}

// avoids reports whether an attempt that was not called yet is on a channel that refused this person, and another can be used.
func (f Facts) avoids(p Plan, a AttemptFacts) bool {
	return a.Calls == 0 && f.Unreachable[p.Steps[a.Step].Channel] != "" && elsewhere(p, f, a.Step+1)
}

// retry decides about an attempt whose calls so far were proven not taken. It is left early only for a step or an
// account that can start now.
func retry(f Facts, a AttemptFacts, now time.Time, timeout time.Duration, another bool, leave func(AttemptStatus, Reason) Decision) Decision {
	bad, resting := f.Unusable[a.Account]
	if a.Class == "" { // waits for its account's free capacity
		if !resting {
			return Decision{Action: Retry, Reason: ReasonFirstStep}
		}
		if d := leave(AttemptCanceled, bad.Reason); d.Action == Start || bad.Until.IsZero() {
			return d
		}
		return Decision{Action: Wait, At: earlier(bad.Until, f.ExpiresAt), Reason: bad.Reason}
	}
	if late := a.RetryAt.After(a.CreatedAt.Add(timeout)) || !now.Before(a.CreatedAt.Add(timeout)); late {
		return leave(AttemptFailed, why(a.Class))
	}
	if tired := a.Class == ClassDown && (another || a.Calls >= maxDownCalls); tired {
		if d := leave(AttemptFailed, why(a.Class)); d.Action == Start {
			return d
		}
	}
	again := a.RetryAt
	if bad.Until.After(again) {
		again = bad.Until
	}
	if now.Before(again) {
		return Decision{Action: Wait, At: earlier(again, f.ExpiresAt), Reason: why(a.Class)}
	}
	return Decision{Action: Retry, Reason: why(a.Class)}
}

// await decides about an attempt that the provider has, or may have: unknown waits like sent, it may be on its way.
func await(p Plan, f Facts, a AttemptFacts, now time.Time, timeout time.Duration, next func(AttemptStatus, Reason) Decision) Decision {
	since, waiting, end := a.SentAt, ReasonReceiptPending, ReasonTimedOut
	if since.IsZero() {
		since = a.CalledAt
	}
	if a.Status == AttemptUnknown {
		waiting, end = ReasonUnknownOutcome, ReasonUnknownOutcome
	}
	if deadline := since.Add(timeout); now.Before(deadline) {
		return Decision{Action: Wait, At: earlier(deadline, f.ExpiresAt), Reason: waiting}
	}
	acc, _ := p.AccountAt(a.Step, a.Account)
	canAsk := acc.AskByReference || acc.AskByID && a.HasID
	switch {
	case now.Before(a.AskUntil): // nothing is paid while the answer may say more
		return Decision{Action: Wait, At: earlier(a.AskUntil, f.ExpiresAt), Reason: ReasonAskBeforePaying}
	case !canAsk || a.Asked || a.Status == AttemptDelivered:
	default:
		return Decision{Action: Ask, Reason: ReasonAskBeforePaying}
	}
	return next(AttemptTimedOut, end)
}

// start finds the first step from k on that can run, in its best usable account. d carries why the ladder moved and how the
// attempt before ends. Where all that is left are accounts that rest for a known time, the message waits for the first of
// them.
func start(p Plan, f Facts, now time.Time, k int, d Decision) Decision {
	if back := returns(p, f, k); !back.IsZero() {
		return Decision{Action: Wait, At: earlier(back, f.ExpiresAt), Reason: ReasonAccountPaused, End: d.End}
	}
	if len(f.Unreachable) > 0 && !elsewhere(p, f, k) {
		f.Unreachable = nil
	}
	for ; k < len(p.Steps); k++ {
		pick, skip := enter(p, f, k)
		if pick < 0 {
			if skip != "" && !f.entered(k) { // a step whose accounts were tried has attempts to show for it
				d.Skips = append(d.Skips, Skip{Step: k, Reason: skip})
			}
			continue
		}
		if p.Quiet != nil {
			if opens, quiet := p.Quiet.OpensAt(f.Category, now); quiet {
				return Decision{Action: Wait, At: earlier(opens, f.ExpiresAt), Reason: ReasonQuietHours, End: d.End}
			}
		}
		d.Action, d.Step, d.Account = Start, k, pick
		return d
	}
	d.Action, d.Final = Finish, f.best()
	d.Reason = ReasonNoStepLeft
	return d
}

// enter answers the place of the account on which step k would start, or -1 and why it is passed over.
func enter(p Plan, f Facts, k int) (int, Reason) {
	switch step := p.Steps[k]; {
	case step.Skip != "":
		return -1, step.Skip
	case f.Unreachable[step.Channel] != "":
		return -1, ReasonSkippedUnreachable
	}
	return usable(p, f, k)
}

// entered reports whether step k has an attempt.
func (f Facts) entered(k int) bool {
	return slices.ContainsFunc(f.Attempts, func(a AttemptFacts) bool { return a.Step == k })
}

// elsewhere reports whether a step from k on can run by a channel that reaches the person.
func elsewhere(p Plan, f Facts, k int) bool {
	for ; k < len(p.Steps); k++ {
		if pick, _ := enter(p, f, k); pick >= 0 {
			return true
		}
	}
	return false
}

// returns is when the first account of the steps from k on may be called again; zero if one can be called now, or if
// none rests for a known time.
func returns(p Plan, f Facts, k int) (first time.Time) {
	for ; k < len(p.Steps); k++ {
		if p.Steps[k].Skip != "" {
			continue
		}
		if pick, _ := usable(p, f, k); pick >= 0 {
			return time.Time{}
		}
		for _, acc := range p.Steps[k].Accounts {
			at := f.Unusable[acc.ID].Until
			if !at.IsZero() && f.untried(k, acc) && f.affords(p, acc) && (first.IsZero() || at.Before(first)) {
				first = at
			}
		}
	}
	return first
}

// affords reports whether an attempt on acc keeps the message within its most.
func (f Facts) affords(p Plan, acc PlanAccount) bool {
	return p.MaxCost == 0 || f.committed(p)+acc.Terms.Full().Micros <= p.MaxCost
}

// usable answers the place of the account on which step k would start, or -1 and why there is none: the first in order that
// was not tried on this step, those that do badly last.
func usable(p Plan, f Facts, k int) (int, Reason) {
	poor, why := -1, ReasonSkippedAccount
	for i, acc := range p.Steps[k].Accounts {
		bad, is := f.Unusable[acc.ID]
		switch {
		case !f.untried(k, acc):
		case is:
			why = bad.Reason
		case !f.affords(p, acc):
			why = ReasonSkippedPrice
		case f.Passed[acc.ID] == "":
			return i, ""
		case poor < 0:
			poor = i
		}
	}
	return poor, why
}

// untried reports whether step k has no attempt on an account.
func (f Facts) untried(k int, acc PlanAccount) bool {
	return !slices.ContainsFunc(f.Attempts, func(a AttemptFacts) bool { return a.Step == k && a.Account == acc.ID })
}

// committed is what the message costs if every attempt that may still be billed is billed.
func (f Facts) committed(p Plan) int64 {
	sum := int64(0)
	for _, a := range f.Attempts {
		switch a.Status {
		case AttemptSkipped, AttemptCanceled, AttemptPending:
		case AttemptFailed:
			if a.SentAt.IsZero() {
				continue // refused: never billed
			}
			fallthrough
		default:
			acc, _ := p.AccountAt(a.Step, a.Account)
			sum += acc.Terms.Full().Micros
		}
	}
	return max(sum, f.Spent)
}

// Exposure is the most that the message may come to cost from here on with what it cost so far, in micros: while it is open its
// plan's worst, afterwards what its attempts may still be billed.
func (f Facts) Exposure(p Plan) int64 {
	if f.Ended != "" {
		return f.committed(p)
	}
	return max(p.Worst(), f.committed(p))
}

// abandoned is how an attempt ends when the message ends over it: a call not yet made is canceled, the rest stands.
func (a AttemptFacts) abandoned() AttemptStatus {
	if a.Status == AttemptPending {
		return AttemptCanceled
	}
	return ""
}

// why names a class of failure as a reason.
func why(c Class) Reason {
	switch c {
	case ClassRecipient:
		return ReasonRefusedRecipient
	case ClassRequest:
		return ReasonRefusedRequest
	case ClassAccount:
		return ReasonRefusedAccount
	case ClassThrottled:
		return ReasonThrottled
	case ClassDown:
		return ReasonDown
	default:
		return ReasonUnknownOutcome
	}
}

func orElse(reached, otherwise MessageStatus) MessageStatus {
	if reached == Failed {
		return otherwise
	}
	return reached
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
