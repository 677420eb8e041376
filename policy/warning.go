package policy

import (
	"fmt"
	"time"
)

// Warning tells an operator about a policy that is taken, yet may not do what was meant. Code is one of the Warn codes, or one
// of those about a provider's template; Step is counted from 1, and 0 where it is about the policy as a whole.
type Warning struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Step    int    `json:"step,omitempty"`
	Message string `json:"message"`
}

// The codes of a policy's warnings.
const (
	WarnReceiptNotGiven   = "receipt_not_given"         // no account of the step gives what it waits for
	WarnShortWait         = "wait_shorter_than_channel" // the step gives up before the channel can have answered
	WarnBeyondTTL         = "timeouts_beyond_ttl"       // the timeouts use up the ttl
	WarnNeverRuns         = "step_never_runs"           // its condition, its accounts, its content or its price keep it from running
	WarnOnlyIfRefused     = "step_only_if_refused"      // the step before ends the ladder as soon as its provider takes the message
	WarnLastWithoutProof  = "last_step_without_receipt" // the message ends as sent
	WarnTemplateDisabled  = "template_not_enabled"
	WarnTemplateParamGone = "template_param_missing"
	WarnTemplateParamLong = "template_param_too_long"
	WarnTemplateParamMore = "template_param_unknown"
)

// WarningCodes lists every code that a Warning can have.
func WarningCodes() []string {
	return []string{
		WarnReceiptNotGiven, WarnShortWait, WarnBeyondTTL, WarnNeverRuns, WarnOnlyIfRefused, WarnLastWithoutProof,
		WarnTemplateDisabled, WarnTemplateParamGone, WarnTemplateParamLong, WarnTemplateParamMore,
	}
}

// StepKnown is what is known of a step beside what the policy says of it.
type StepKnown struct {
	// Never is why it cannot run at all, as the end of a sentence: "no account carries viber"; "" if it can.
	Never string
	// Best is the strongest receipt that its accounts give; "" is none.
	Best Receipt
	// Least is the least that it costs; nil where that is not known, or nothing.
	Least *Money
}

// leastWaits are times under which a channel has hardly answered, so that the next step is paid as well:
//   - ZNS: a one-time password is billed if it was delivered within 15 s, the shortest such window that Zalo promises
//     (the template's timeout of 15,000 ms; two hours for others).
//   - Viber: the network tries for 30 s at least, whatever shorter ttl it is told (ttl 30 to 1,209,600 s).
//   - SMS: Infobip's scenarios take no validity of 30 s or less for an SMS step, and Vonage none under 20 s.
var leastWaits = map[Channel]time.Duration{ZNS: 15 * time.Second, Viber: 30 * time.Second, SMS: 30 * time.Second}

// Warnings lists what a valid policy is unlikely to mean. know tells what is known of a step; where it answers false, or is
// nil, only what the policy itself says is judged.
func (p Policy) Warnings(know func(step int, s Step) (StepKnown, bool)) []Warning {
	l := &linter{policy: p, know: know}
	for i, step := range p.Steps {
		l.step(i, step)
	}
	l.ttl()
	return l.found
}

// linter collects a policy's warnings, step by step.
type linter struct {
	policy Policy
	know   func(int, Step) (StepKnown, bool)
	found  []Warning
	// runs are the steps so far that can run; taken is the one among them, counted from 1, that ends the ladder once it is
	// taken.
	runs  []int
	taken int
}

func (l *linter) warn(i int, field, code, format string, args ...any) {
	if i >= 0 {
		at := stepField(i)
		if field != "" {
			at += "." + field
		}
		l.found = append(l.found, Warning{at, code, i + 1, fmt.Sprintf(format, args...)})
		return
	}
	l.found = append(l.found, Warning{field, code, 0, fmt.Sprintf(format, args...)})
}

func (l *linter) step(i int, s Step) {
	var known StepKnown
	told := false
	if l.know != nil {
		known, told = l.know(i, s)
	}
	if field, why := l.never(s, known); why != "" {
		l.warn(i, field, WarnNeverRuns, "Step %d never runs: %s. Mend that, or drop the step.", i+1, why)
		return
	}
	l.runs = append(l.runs, i)
	if l.taken > 0 {
		l.warn(i, "", WarnOnlyIfRefused, "Step %d runs only if step %d is refused: that one ends the ladder as soon as its provider takes the message.", i+1, l.taken)
	}
	waits := s.until()
	if told && max(known.Best.Rank(), ReceiptSent.Rank()) < waits.Rank() {
		best := "no receipt at all"
		if waits = ReceiptSent; known.Best.Rank() > waits.Rank() {
			best = fmt.Sprintf("at best %q", string(known.Best))
			waits = known.Best
		}
		l.warn(i, "until", WarnReceiptNotGiven, "Step %d waits for %q, but its accounts give %s; it will wait for the best they have.", i+1, string(s.until()), best)
	}
	last := i == len(l.policy.Steps)-1
	switch least := leastWaits[s.Channel]; {
	case waits == ReceiptSent:
		if l.taken = i + 1; last {
			l.warn(i, "until", WarnLastWithoutProof, "Step %d is the last, and ends the message as sent: whether the person has it is not known.", i+1)
		}
	case s.Timeout.Std() < least:
		l.warn(i, "timeout", WarnShortWait, "Step %d waits for %s; %s needs %s at least to answer, so the step may be given up, and paid, although the message arrives.",
			i+1, s.Timeout, s.Channel.label(), Duration(least))
	}
}

// never tells why a step cannot run for any message, and which of its fields says so.
func (l *linter) never(s Step, known StepKnown) (field, why string) {
	most := l.policy.MaxCost
	switch {
	case s.neverTrue():
		return "when", "its condition is false for every category"
	case known.Never != "":
		return "", known.Never
	case most != nil && known.Least != nil && known.Least.Currency == most.Currency && known.Least.Micros > most.Micros:
		return "", fmt.Sprintf("it costs %s at least, and max_cost is %s", known.Least, most)
	}
	return "", ""
}

// ttl compares the time that the ladder needs, if every step runs into its timeout, with the time it has.
func (l *linter) ttl() {
	ttl := l.policy.lifetime()
	var before time.Duration
	for _, i := range l.runs {
		if before >= ttl {
			l.warn(i, "", WarnBeyondTTL, "Step %d starts only if an earlier one is refused or fails: waiting for those before it takes %s, and the ttl is %s.",
				i+1, Duration(before), Duration(ttl))
			return
		}
		before += l.policy.Steps[i].Timeout.Std()
	}
	if before > ttl {
		l.warn(-1, "ttl", WarnBeyondTTL, "The timeouts add up to %s, but the ttl is %s: the last step may be cut short.", Duration(before), Duration(ttl))
	}
}

func (s Step) neverTrue() bool {
	if s.When == "" {
		return false
	}
	condition, err := CompileCondition(s.When)
	return err == nil && condition.never()
}

// LongestRun is how long the ladder takes when nothing answers.
func (p Policy) LongestRun() time.Duration {
	var sum time.Duration
	for _, s := range p.Steps {
		sum += s.Timeout.Std()
	}
	return min(sum, p.lifetime())
}
