package policy

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var began = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// in is a moment after the message was accepted.
func in(d time.Duration) time.Time { return began.Add(d) }

const (
	ladderTTL   = time.Hour
	stepTimeout = 2 * time.Minute
)

// ladder is two ZNS accounts that can be asked by the provider's id, one Viber account that can be asked by our
// reference and one SMS account that cannot be asked. Each step has two minutes.
func ladder(change ...func(*Plan)) Plan {
	step := func(ch Channel, accounts ...PlanAccount) PlanStep {
		for i := range accounts {
			accounts[i].Until = ReceiptDelivered
		}
		return PlanStep{Channel: ch, Until: ReceiptDelivered, Timeout: Duration(stepTimeout), Accounts: accounts}
	}
	cost := func(dong int64, m Moment) Terms {
		return Terms{UnitPrice: Money{Micros: dong * 1_000_000, Currency: "VND"}, Units: 1, Moment: m}
	}
	p := Plan{Steps: []PlanStep{
		step(ZNS, PlanAccount{ID: "oa-1", AskByID: true, Terms: cost(200, MomentDelivered)},
			PlanAccount{ID: "oa-2", AskByID: true, Terms: cost(200, MomentDelivered)}),
		step(Viber, PlanAccount{ID: "viber", AskByReference: true, Terms: cost(470, MomentDelivered)}),
		step(SMS, PlanAccount{ID: "sms", Terms: cost(820, MomentTaken)}),
	}}
	for _, f := range change {
		f(&p)
	}
	return p
}

// until makes every account of a step wait for another receipt.
func until(k int, r Receipt) func(*Plan) {
	return func(p *Plan) {
		p.Steps[k].Until = r
		for i := range p.Steps[k].Accounts {
			p.Steps[k].Accounts[i].Until = r
		}
	}
}

func capped(dong int64) func(*Plan) { return func(p *Plan) { p.MaxCost = dong * 1_000_000 } }

func quiet(p *Plan) { p.Quiet = &QuietHours{From: "16:00", To: "18:00", Timezone: "Asia/Ho_Chi_Minh"} } // 09:00 to 11:00 UTC

func skipping(k int, why Reason) func(*Plan) { return func(p *Plan) { p.Steps[k].Skip = why } }

// Attempts as the tables write them: on the step's account, taken one second after its beginning.
func attempt(step int, account string, s AttemptStatus, at time.Time, change ...func(*AttemptFacts)) AttemptFacts {
	a := AttemptFacts{Step: step, Account: account, Status: s, CreatedAt: at, CalledAt: at, LeaseUntil: at.Add(22 * time.Second), Calls: 1}
	switch s {
	case AttemptSent, AttemptDelivered, AttemptRead, AttemptTimedOut:
		a.SentAt = at.Add(time.Second)
	case AttemptUnknown:
		a.Class = ClassUnknown
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func zns(s AttemptStatus, change ...func(*AttemptFacts)) AttemptFacts {
	return attempt(0, "oa-1", s, began, change...)
}

func oa2(s AttemptStatus, change ...func(*AttemptFacts)) AttemptFacts {
	return attempt(0, "oa-2", s, in(time.Second), change...)
}

func viber(s AttemptStatus, change ...func(*AttemptFacts)) AttemptFacts {
	return attempt(1, "viber", s, in(3*time.Minute), change...)
}

func sms(s AttemptStatus, change ...func(*AttemptFacts)) AttemptFacts {
	return attempt(2, "sms", s, in(6*time.Minute), change...)
}

func class(c Class) func(*AttemptFacts) { return func(a *AttemptFacts) { a.Class = c } }

func asked(a *AttemptFacts) { a.Asked = true }

// asking has a question under way that counts as lost at d.
func asking(d time.Duration) func(*AttemptFacts) {
	return func(a *AttemptFacts) { a.AskUntil = in(d) }
}

func identified(a *AttemptFacts) { a.HasID = true }

func calls(n int) func(*AttemptFacts) { return func(a *AttemptFacts) { a.Calls = n } }

func again(d time.Duration) func(*AttemptFacts) {
	return func(a *AttemptFacts) { a.RetryAt = in(d) }
}

func TestDecide(t *testing.T) {
	type facts = Facts
	tries := func(as ...AttemptFacts) facts { return facts{Attempts: as} }
	unusable := func(f facts, why Reason, ids ...string) facts {
		f.Unusable = map[string]Unusable{}
		for _, id := range ids {
			f.Unusable[id] = Unusable{Reason: why}
		}
		return f
	}
	resting := func(f facts, until time.Duration, ids ...string) facts {
		if f.Unusable == nil {
			f.Unusable = map[string]Unusable{}
		}
		for _, id := range ids {
			f.Unusable[id] = Unusable{Reason: ReasonAccountPaused, Until: in(until)}
		}
		return f
	}
	with := func(f facts, change func(*facts)) facts { change(&f); return f }
	next := func(step, account int, why Reason, end AttemptStatus) Decision {
		return Decision{Action: Start, Step: step, Account: account, Reason: why, End: end}
	}
	wait := func(d time.Duration, why Reason) Decision {
		return Decision{Action: Wait, At: in(d), Reason: why}
	}
	finish := func(s MessageStatus, why Reason, end AttemptStatus) Decision {
		return Decision{Action: Finish, Final: s, Reason: why, End: end}
	}
	skips := func(d Decision, s ...Skip) Decision { d.Skips = s; return d }
	const late = stepTimeout + time.Second // the deadline of what was taken a second after the beginning

	tests := map[string]struct {
		plan  Plan
		facts facts
		now   time.Duration
		want  Decision
	}{
		// The beginning.
		"a new message starts its first step":       {ladder(), facts{}, 0, next(0, 0, ReasonFirstStep, "")},
		"send_at is waited for":                     {ladder(), facts{SendAt: in(time.Minute)}, 0, wait(time.Minute, ReasonScheduled)},
		"at send_at it starts":                      {ladder(), facts{SendAt: in(time.Minute)}, time.Minute, next(0, 0, ReasonFirstStep, "")},
		"a send_at after the ttl is not waited for": {ladder(), facts{SendAt: in(2 * ladderTTL)}, 0, wait(ladderTTL, ReasonScheduled)},
		"a step whose condition is not met is passed over": {
			ladder(skipping(0, ReasonSkippedCondition)),
			facts{},
			0,
			skips(next(1, 0, ReasonFirstStep, ""), Skip{0, ReasonSkippedCondition}),
		},
		"every step is passed over": {
			ladder(skipping(0, ReasonSkippedContent), skipping(1, ReasonSkippedUnreachable), skipping(2, ReasonSkippedCondition)),
			facts{},
			0,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{0, ReasonSkippedContent}, Skip{1, ReasonSkippedUnreachable}, Skip{2, ReasonSkippedCondition}),
		},
		"a skipped step is no ground to stand on": {ladder(), tries(attempt(0, "", AttemptSkipped, began)), 0, next(0, 0, ReasonFirstStep, "")},

		// Accounts that cannot be used now.
		"a paused account lets the step's next one go": {ladder(), unusable(facts{}, ReasonAccountPaused, "oa-1"), 0, next(0, 1, ReasonFirstStep, "")},
		"a step without a usable account is passed over": {
			ladder(), unusable(facts{}, ReasonNeedsReauth, "oa-1", "oa-2"), 0,
			skips(next(1, 0, ReasonFirstStep, ""), Skip{0, ReasonNeedsReauth}),
		},
		"a step without any account is passed over": {
			ladder(func(p *Plan) { p.Steps[0].Accounts = nil }),
			facts{},
			0,
			skips(next(1, 0, ReasonFirstStep, ""), Skip{0, ReasonSkippedAccount}),
		},
		"what waits for an account that broke goes to the next account": {
			ladder(), unusable(tries(zns(AttemptPending)), ReasonAccountPaused, "oa-1"), time.Second,
			next(0, 1, ReasonAccountPaused, AttemptCanceled),
		},
		"accounts that rest are passed over while another can be called": {
			ladder(), resting(facts{}, time.Minute, "oa-1", "oa-2", "viber"), 0,
			skips(next(2, 0, ReasonFirstStep, ""), Skip{0, ReasonAccountPaused}, Skip{1, ReasonAccountPaused}),
		},
		"where all accounts rest the first to return is waited for": {
			ladder(), resting(resting(facts{}, 2*time.Minute, "oa-1", "viber", "sms"), time.Minute, "oa-2"), 0,
			wait(time.Minute, ReasonAccountPaused),
		},
		"an account that nobody mends is not waited for": {
			ladder(), unusable(facts{}, ReasonNeedsReauth, "oa-1", "oa-2", "viber", "sms"), 0,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{0, ReasonNeedsReauth}, Skip{1, ReasonNeedsReauth}, Skip{2, ReasonNeedsReauth}),
		},
		"the ladder is left for an account that rests": {
			ladder(), resting(tries(viber(AttemptSent, asked)), 9*time.Minute, "sms"), 7 * time.Minute,
			Decision{Action: Wait, At: in(9 * time.Minute), Reason: ReasonAccountPaused, End: AttemptTimedOut},
		},
		"what waits for an account that rests goes on waiting where nothing else is left": {
			ladder(), resting(tries(sms(AttemptPending)), time.Minute, "sms"), time.Second,
			wait(time.Minute, ReasonAccountPaused),
		},
		"an account that rests beyond the ttl is waited for until then": {
			ladder(), with(resting(facts{}, time.Hour, "oa-1", "oa-2", "viber", "sms"), func(f *facts) { f.ExpiresAt = in(time.Minute) }), 0,
			wait(time.Minute, ReasonAccountPaused),
		},
		"what left a broken account goes on from it": {ladder(), tries(zns(AttemptCanceled)), time.Second, next(0, 1, ReasonSkippedAccount, "")},

		// The price cap.
		"a step dearer than the cap is passed over": {
			ladder(capped(199)),
			facts{},
			0,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{0, ReasonSkippedPrice}, Skip{1, ReasonSkippedPrice}, Skip{2, ReasonSkippedPrice}),
		},
		"what may still be billed counts towards the cap": {
			ladder(capped(1019)), tries(zns(AttemptTimedOut), viber(AttemptFailed, class(ClassRecipient))), 6 * time.Minute,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{2, ReasonSkippedPrice}),
		},
		"the cap may be met exactly": {
			ladder(capped(1020)), tries(zns(AttemptTimedOut), viber(AttemptFailed, class(ClassRecipient))), 6 * time.Minute,
			next(2, 0, ReasonRefusedRecipient, ""),
		},
		"what failed after it was taken counts": {
			ladder(capped(1489)), tries(zns(AttemptTimedOut),
				viber(AttemptFailed, class(ClassRecipient), func(a *AttemptFacts) { a.SentAt = in(4 * time.Minute) })), 6 * time.Minute,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{2, ReasonSkippedPrice}),
		},
		"the ledger counts where it says more": {
			ladder(capped(1000)), with(tries(zns(AttemptFailed, class(ClassRecipient)), viber(AttemptFailed, class(ClassRecipient))),
				func(f *facts) { f.Spent = 500_000_000 }), 4 * time.Minute,
			skips(finish(Failed, ReasonNoStepLeft, ""), Skip{2, ReasonSkippedPrice}),
		},

		// Quiet hours.
		"quiet hours hold the first step": {ladder(quiet), with(facts{}, func(f *facts) { f.ExpiresAt = in(5 * time.Hour) }), 0, wait(2*time.Hour, ReasonQuietHours)},
		"quiet hours are cut by the ttl":  {ladder(quiet), facts{}, 0, wait(ladderTTL, ReasonQuietHours)},
		"quiet hours hold a fallback, and the attempt before it ends": {
			ladder(quiet), tries(zns(AttemptSent)), late,
			Decision{Action: Wait, At: in(ladderTTL), Reason: ReasonQuietHours, End: AttemptTimedOut},
		},
		"quiet hours do not hold a receipt": {ladder(quiet), tries(zns(AttemptDelivered)), late, finish(Delivered, ReasonUntilReached, "")},

		// Calls.
		"a call under way is waited for until its lease ends": {ladder(), tries(zns(AttemptSending)), time.Second, wait(22*time.Second, ReasonCallUnderWay)},
		"a call under way is not waited for past the ttl": {
			ladder(), with(tries(zns(AttemptSending)), func(f *facts) { f.ExpiresAt = in(5 * time.Second) }), time.Second,
			wait(5*time.Second, ReasonCallUnderWay),
		},
		"a free place in the account lets the call go": {ladder(), tries(zns(AttemptPending)), time.Second, Decision{Action: Retry, Reason: ReasonFirstStep}},
		"throttled is waited out":                      {ladder(), tries(zns(AttemptPending, class(ClassThrottled), again(time.Minute))), time.Second, wait(time.Minute, ReasonThrottled)},
		"throttled is tried again on the same account": {
			ladder(), tries(zns(AttemptPending, class(ClassThrottled), again(time.Minute))), time.Minute,
			Decision{Action: Retry, Reason: ReasonThrottled},
		},
		"throttled for longer than the step has": {
			ladder(), tries(zns(AttemptPending, class(ClassThrottled), again(3*time.Minute))), time.Second,
			next(0, 1, ReasonThrottled, AttemptFailed),
		},
		"throttled to the end of the step": {
			ladder(), tries(zns(AttemptPending, class(ClassThrottled), again(time.Minute))), stepTimeout,
			next(0, 1, ReasonThrottled, AttemptFailed),
		},
		"down goes to the other account at once": {
			ladder(), tries(zns(AttemptPending, class(ClassDown), again(time.Second))), 0,
			next(0, 1, ReasonDown, AttemptFailed),
		},
		"down is waited for where there is no other account": {
			ladder(), tries(viber(AttemptPending, class(ClassDown), again(4*time.Minute))), 3 * time.Minute,
			wait(4*time.Minute, ReasonDown),
		},
		"down is tried again where there is no other account": {
			ladder(), tries(viber(AttemptPending, class(ClassDown), again(4*time.Minute), calls(2))), 4 * time.Minute,
			Decision{Action: Retry, Reason: ReasonDown},
		},
		"down is tried three times": {
			ladder(), tries(viber(AttemptPending, class(ClassDown), again(4*time.Minute), calls(3))), 4 * time.Minute,
			next(2, 0, ReasonDown, AttemptFailed),
		},
		"down at the last step is tried as long as the step has time": {
			ladder(), tries(sms(AttemptPending, class(ClassDown), again(7*time.Minute+time.Second), calls(7))), 7 * time.Minute,
			wait(7*time.Minute+time.Second, ReasonDown),
		},
		"down is not tried again while its account rests": {
			ladder(), resting(tries(sms(AttemptPending, class(ClassDown), again(7*time.Minute), calls(7))), 8*time.Minute, "sms"), 7 * time.Minute,
			wait(8*time.Minute, ReasonDown),
		},
		"down and the other account is unusable too": {
			ladder(), unusable(tries(zns(AttemptPending, class(ClassDown), again(time.Second))), ReasonAccountPaused, "oa-2"), 0,
			wait(time.Second, ReasonDown),
		},

		// What the provider has, or may have.
		"sent waits for its receipt":                    {ladder(), tries(zns(AttemptSent)), time.Minute, wait(late, ReasonReceiptPending)},
		"unknown waits like sent, it may be on its way": {ladder(), tries(zns(AttemptUnknown)), time.Minute, wait(stepTimeout, ReasonUnknownOutcome)},
		"the ttl cuts the wait": {
			ladder(), with(tries(zns(AttemptSent)), func(f *facts) { f.ExpiresAt = in(90 * time.Second) }), time.Minute,
			wait(90*time.Second, ReasonReceiptPending),
		},
		"silence is asked about before the next step is paid": {
			ladder(), tries(zns(AttemptSent, identified)), late,
			Decision{Action: Ask, Reason: ReasonAskBeforePaying},
		},
		"what cannot be named is not asked about": {ladder(), tries(zns(AttemptUnknown)), stepTimeout, next(1, 0, ReasonUnknownOutcome, AttemptTimedOut)},
		"unknown is asked about by our reference": {ladder(), tries(viber(AttemptUnknown)), 5 * time.Minute, Decision{Action: Ask, Reason: ReasonAskBeforePaying}},
		"unknown is never called again, also with another account at hand": {
			ladder(), tries(zns(AttemptUnknown, identified, asked)), stepTimeout,
			next(1, 0, ReasonUnknownOutcome, AttemptTimedOut),
		},
		"an open question is waited for": {
			ladder(), tries(zns(AttemptSent, identified, asking(late+3*time.Second))), late, wait(late+3*time.Second, ReasonAskBeforePaying),
		},
		"a delivery meanwhile does not end the question: its answer may say that it is read": {
			ladder(until(0, ReceiptRead)), tries(zns(AttemptDelivered, identified, asking(late+3*time.Second))), late,
			wait(late+3*time.Second, ReasonAskBeforePaying),
		},
		"asked in vain, the next step starts":      {ladder(), tries(zns(AttemptSent, identified, asked)), late, next(1, 0, ReasonTimedOut, AttemptTimedOut)},
		"what timed out is left behind":            {ladder(), tries(zns(AttemptTimedOut)), late, next(1, 0, ReasonTimedOut, "")},
		"an unknown that timed out is left behind": {ladder(), tries(zns(AttemptTimedOut, class(ClassUnknown))), late, next(1, 0, ReasonUnknownOutcome, "")},
		"the last step's silence fails the message": {
			ladder(), tries(zns(AttemptTimedOut), viber(AttemptTimedOut), sms(AttemptSent)), 8*time.Minute + time.Second,
			finish(Failed, ReasonNoStepLeft, AttemptTimedOut),
		},

		// Refusals.
		"the person is not on this channel: the next step at once": {
			ladder(), tries(zns(AttemptFailed, class(ClassRecipient))), time.Second,
			next(1, 0, ReasonRefusedRecipient, ""),
		},
		"the request is refused: no other account would take it": {
			ladder(), tries(zns(AttemptFailed, class(ClassRequest))), time.Second,
			next(1, 0, ReasonRefusedRequest, ""),
		},
		"the account is refused: the step's next account": {ladder(), tries(zns(AttemptFailed, class(ClassAccount))), time.Second, next(0, 1, ReasonRefusedAccount, "")},
		"the last account is refused: the next step": {
			ladder(), tries(zns(AttemptFailed, class(ClassAccount)), oa2(AttemptFailed, class(ClassAccount))), 2 * time.Second,
			next(1, 0, ReasonRefusedAccount, ""),
		},
		"the provider was down: the step's next account": {ladder(), tries(zns(AttemptFailed, class(ClassDown))), time.Second, next(0, 1, ReasonDown, "")},
		"the last step is refused": {
			ladder(), tries(zns(AttemptTimedOut), viber(AttemptTimedOut), sms(AttemptFailed, class(ClassRecipient))), 7 * time.Minute,
			finish(Failed, ReasonNoStepLeft, ""),
		},

		// Receipts.
		"delivered ends it":                        {ladder(), tries(zns(AttemptDelivered)), time.Second, finish(Delivered, ReasonUntilReached, "")},
		"read proves delivery":                     {ladder(), tries(zns(AttemptRead)), time.Second, finish(Read, ReasonUntilReached, "")},
		"a late receipt of the first step ends it": {ladder(), tries(zns(AttemptDelivered), viber(AttemptSent)), 4 * time.Minute, finish(Delivered, ReasonUntilReached, "")},
		"the strongest of several":                 {ladder(), tries(zns(AttemptRead), viber(AttemptDelivered)), 4 * time.Minute, finish(Read, ReasonUntilReached, "")},
		"delivered waits on for read":              {ladder(until(0, ReceiptRead)), tries(zns(AttemptDelivered, identified)), time.Minute, wait(late, ReasonReceiptPending)},
		"delivered but not read in time goes on, without asking": {
			ladder(until(0, ReceiptRead)), tries(zns(AttemptDelivered, identified)), late,
			next(1, 0, ReasonTimedOut, AttemptTimedOut),
		},
		"delivered but not read is the best that is left": {
			ladder(until(2, ReceiptRead)), tries(zns(AttemptTimedOut), viber(AttemptTimedOut), sms(AttemptDelivered)), 9 * time.Minute,
			finish(Delivered, ReasonNoStepLeft, AttemptTimedOut),
		},
		"sent is enough where the step says so":             {ladder(until(2, ReceiptSent)), tries(sms(AttemptSent)), 7 * time.Minute, finish(Sent, ReasonUntilReached, "")},
		"a receipt after the ttl counts":                    {ladder(), tries(zns(AttemptDelivered)), 2 * ladderTTL, finish(Delivered, ReasonUntilReached, "")},
		"a receipt of an account that the plan lost counts": {ladder(), tries(attempt(0, "gone", AttemptDelivered, began)), time.Second, finish(Delivered, ReasonUntilReached, "")},

		// The app's word, and the end of time.
		"the app confirms":                        {ladder(), with(tries(zns(AttemptSent)), func(f *facts) { f.Confirmed = true }), time.Minute, finish(Delivered, ReasonConfirmed, "")},
		"the app confirms before the call":        {ladder(), with(tries(zns(AttemptPending)), func(f *facts) { f.Confirmed = true }), time.Minute, finish(Delivered, ReasonConfirmed, AttemptCanceled)},
		"the app cancels":                         {ladder(), with(tries(zns(AttemptSent)), func(f *facts) { f.Canceled = true }), time.Minute, finish(Canceled, ReasonCanceled, "")},
		"the app cancels before the call":         {ladder(), with(tries(zns(AttemptPending)), func(f *facts) { f.Canceled = true }), time.Minute, finish(Canceled, ReasonCanceled, AttemptCanceled)},
		"the app cancels before anything":         {ladder(), facts{Canceled: true, SendAt: in(time.Minute)}, 0, finish(Canceled, ReasonCanceled, "")},
		"suppressed before anything":              {ladder(), facts{Suppressed: true}, 0, finish(Failed, ReasonSuppressed, "")},
		"suppressed while it waits for a place":   {ladder(), with(tries(zns(AttemptPending)), func(f *facts) { f.Suppressed = true }), time.Second, finish(Failed, ReasonSuppressed, AttemptCanceled)},
		"suppressed while a receipt may come":     {ladder(), with(tries(zns(AttemptSent)), func(f *facts) { f.Suppressed = true }), time.Minute, wait(2*time.Minute+time.Second, ReasonReceiptPending)},
		"suppressed when the wait is over":        {ladder(), with(tries(zns(AttemptSent)), func(f *facts) { f.Suppressed = true }), 3 * time.Minute, finish(Failed, ReasonSuppressed, AttemptTimedOut)},
		"suppressed and yet delivered":            {ladder(), with(tries(zns(AttemptDelivered)), func(f *facts) { f.Suppressed = true }), time.Minute, finish(Delivered, ReasonUntilReached, "")},
		"a cancel after delivery changes nothing": {ladder(), with(tries(zns(AttemptDelivered)), func(f *facts) { f.Canceled = true }), time.Minute, finish(Delivered, ReasonUntilReached, "")},
		"a cancel keeps what is proven": {
			ladder(until(0, ReceiptRead)), with(tries(zns(AttemptDelivered)), func(f *facts) { f.Canceled = true }), time.Minute,
			finish(Delivered, ReasonCanceled, ""),
		},
		"the ttl ends it":                       {ladder(), tries(zns(AttemptSent)), ladderTTL, finish(Expired, ReasonTTLPassed, "")},
		"the ttl ends what was never begun":     {ladder(), facts{}, ladderTTL, finish(Expired, ReasonTTLPassed, "")},
		"the ttl cancels what was never called": {ladder(), tries(zns(AttemptPending)), ladderTTL, finish(Expired, ReasonTTLPassed, AttemptCanceled)},
		"the ttl keeps what is proven":          {ladder(until(0, ReceiptRead)), tries(zns(AttemptDelivered)), ladderTTL, finish(Delivered, ReasonTTLPassed, "")},

		// After the end.
		"what is over starts nothing, though a step could go now": {ladder(), with(tries(zns(AttemptFailed, class(ClassRecipient))),
			func(f *facts) { f.Ended = Failed }), time.Minute, finish(Failed, ReasonNoStepLeft, "")},
		"a failure after sent is only an event": {ladder(until(0, ReceiptSent)), with(tries(zns(AttemptFailed, class(ClassRecipient))),
			func(f *facts) { f.Ended = Sent }), time.Minute, finish(Sent, ReasonNoStepLeft, "")},
		"a receipt after the end raises it": {ladder(), with(tries(zns(AttemptDelivered)), func(f *facts) { f.Ended = Failed }), time.Minute, finish(Delivered, ReasonUntilReached, "")},
		"the app confirms after the end": {
			ladder(), with(tries(zns(AttemptTimedOut)), func(f *facts) { f.Ended, f.Confirmed = Failed, true }), time.Minute,
			finish(Delivered, ReasonConfirmed, ""),
		},
		"a throttled call that ends after the end is not made again": {ladder(), with(tries(zns(AttemptPending, class(ClassThrottled))),
			func(f *facts) { f.Ended = Failed }), time.Minute, finish(Failed, ReasonNoStepLeft, AttemptCanceled)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if tt.facts.ExpiresAt.IsZero() {
				tt.facts.ExpiresAt = in(ladderTTL)
			}
			if diff := cmp.Diff(tt.want, Decide(tt.plan, tt.facts, in(tt.now))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The ladder always comes to an end: whatever is made of each decision, Finish is reached, and no account of a step is
// started twice.
func FuzzDecide(f *testing.F) {
	f.Add([]byte{3, 2, 1, 1}, []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add([]byte{1, 1}, []byte{7, 7, 7})
	f.Add([]byte{4, 3, 0, 2, 1}, []byte{3, 3, 3, 3, 0, 0, 4, 4, 4, 4, 5})
	f.Fuzz(func(t *testing.T, shape, script []byte) {
		w := newWalk(shape, script)
		for range w.most() {
			d := Decide(w.plan, w.facts, w.now)
			if again := Decide(w.plan, w.facts, w.now); !cmp.Equal(d, again) {
				t.Fatalf("decided differently the second time: %+v, then %+v", d, again)
			}
			if d.Action == Finish {
				if !d.Final.Final() {
					t.Fatalf("finished as %q", d.Final)
				}
				return
			}
			if problem := w.follow(d); problem != "" {
				t.Fatalf("%s: %+v\n%+v", problem, d, w.facts)
			}
		}
		t.Fatalf("no end after %d decisions: %+v", w.most(), w.facts)
	})
}

// walk is a message on its way, with a provider that answers as the script says.
type walk struct {
	plan   Plan
	facts  Facts
	now    time.Time
	script []byte
}

// newWalk makes one step for each byte of shape, at most eight, with up to three accounts.
func newWalk(shape, script []byte) *walk {
	w := &walk{now: began, script: script, facts: Facts{ExpiresAt: in(7 * 24 * time.Hour), Unusable: map[string]Unusable{}}}
	for k, b := range shape[:min(len(shape), 8)] {
		step := PlanStep{Channel: Channels()[k%3], Timeout: Duration(time.Duration(1+b%9) * time.Minute)}
		if b&0x80 != 0 {
			step.Skip = ReasonSkippedCondition
		}
		for i := range b % 4 {
			id := string('a'+rune(k)) + string('0'+rune(i))
			step.Accounts = append(step.Accounts, PlanAccount{
				ID: id, Until: []Receipt{ReceiptDelivered, ReceiptRead}[b>>4&1], AskByReference: b&0x20 != 0,
				Terms: Terms{UnitPrice: Money{Micros: int64(b), Currency: "VND"}, Units: 1},
			})
			if b&0x40 != 0 && i == 0 {
				w.facts.Unusable[id] = Unusable{Reason: ReasonAccountPaused}
			}
			if b&0x08 != 0 && i == 1 {
				w.facts.Unusable[id] = Unusable{Reason: ReasonAccountPaused, Until: in(time.Duration(k+1) * 3 * time.Minute)}
			}
		}
		w.plan.Steps = append(w.plan.Steps, step)
	}
	if len(script) > 0 {
		w.plan.MaxCost = int64(script[0]) * 8
	}
	return w
}

// most is how many decisions a message may take: an account is started, called up to a throttled step's length, waited
// for, asked about and left.
func (w *walk) most() int {
	n := 8
	for _, s := range w.plan.Steps {
		n += len(s.Accounts) * (8 + 2*int(s.Timeout.Std()/time.Minute))
	}
	return n
}

func (w *walk) next() byte {
	if len(w.script) == 0 {
		return 0
	}
	b := w.script[0]
	w.script = w.script[1:]
	return b
}

// follow does what d says, as the engine would, and tells what is wrong with it.
func (w *walk) follow(d Decision) string {
	last := len(w.facts.Attempts) - 1
	if d.End != "" && last >= 0 && w.facts.Attempts[last].Status.Open() {
		w.facts.Attempts[last].Status = d.End
	}
	switch d.Action {
	case Wait:
		if !d.At.After(w.now) {
			return "waits for the past"
		}
		w.now = d.At
		maps.DeleteFunc(w.facts.Unusable, func(_ string, u Unusable) bool { return !u.Until.IsZero() && !u.Until.After(w.now) })
	case Ask:
		if w.facts.Attempts[last].Asked {
			return "asks twice"
		}
		w.facts.Attempts[last].Asked = true
	case Retry:
		w.answer(&w.facts.Attempts[last])
	case Start:
		id := w.plan.Steps[d.Step].Accounts[d.Account].ID
		for _, a := range w.facts.Attempts {
			if a.Account == id || a.Step > d.Step {
				return "goes back"
			}
		}
		if _, bad := w.facts.Unusable[id]; bad {
			return "starts an account that must not be used"
		}
		w.facts.Attempts = append(w.facts.Attempts, AttemptFacts{Step: d.Step, Account: id, CreatedAt: w.now})
		w.answer(&w.facts.Attempts[last+1])
	default:
		return "does nothing known"
	}
	return ""
}

// answer is the provider's: any failure, or silence, or proof of delivery where read is waited for.
func (w *walk) answer(a *AttemptFacts) {
	a.CalledAt, a.Calls, a.Class, a.RetryAt = w.now, a.Calls+1, "", time.Time{}
	switch w.next() % 8 {
	case 0:
		a.Status, a.Class = AttemptFailed, ClassRecipient
	case 1:
		a.Status, a.Class = AttemptFailed, ClassRequest
	case 2:
		a.Status, a.Class = AttemptFailed, ClassAccount
	case 3:
		a.Status, a.Class, a.RetryAt = AttemptPending, ClassThrottled, w.now.Add(time.Minute)
	case 4:
		a.Status, a.Class, a.RetryAt = AttemptPending, ClassDown, w.now.Add(time.Second)
	case 5:
		a.Status, a.Class = AttemptUnknown, ClassUnknown
	case 6:
		a.Status, a.SentAt = AttemptDelivered, w.now
	default:
		a.Status, a.SentAt, a.HasID = AttemptSent, w.now, true
	}
}
