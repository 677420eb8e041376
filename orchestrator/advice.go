package orchestrator

import (
	"fmt"

	"cascade/models"
	"cascade/policy"
)

// AdviceCode says what a person should do about a message, from a closed list.
type AdviceCode string

// The codes of advice.
const (
	AdviceNothing       AdviceCode = "nothing"        // the person has it
	AdviceWait          AdviceCode = "wait"           // the ladder goes on by itself
	AdviceAskProvider   AdviceCode = "ask_provider"   // an outcome is unknown: it may have been delivered, and billed
	AdviceLinkAccount   AdviceCode = "link_account"   // an account needs a person's consent again
	AdviceEnableAccount AdviceCode = "enable_account" // an account is disabled, or was removed
	AdviceCheckAccount  AdviceCode = "check_account"  // an account was refused, or cannot be used
	AdviceCheckNumber   AdviceCode = "check_number"   // no channel reaches this number: check it, or suppress it
	AdviceMendContent   AdviceCode = "mend_content"   // a provider refused what was sent, or there was nothing to send
	AdviceRaiseMaxCost  AdviceCode = "raise_max_cost" // a step would have cost more than the policy allows
	AdviceRespect       AdviceCode = "respect"        // the person must not be contacted
	AdviceGiveMoreTime  AdviceCode = "give_more_time" // the message's time ran out before its steps did
	AdviceSendAgain     AdviceCode = "send_again"     // nothing is wrong but that it did not arrive
)

// AdviceView is one thing to do.
type AdviceView struct {
	Code   AdviceCode `json:"code"`
	Detail string     `json:"detail"`
}

// accountReasons are reasons that lie with an account, and what to do about them.
var accountReasons = map[policy.Reason]AdviceView{
	policy.ReasonNeedsReauth:     {AdviceLinkAccount, "%s must be linked at its provider again"},
	policy.ReasonAccountDisabled: {AdviceEnableAccount, "%s is disabled or was removed: enable it, or take it out of the policy"},
	policy.ReasonQuotaUsed:       {AdviceCheckAccount, "%s has used up its quota at the provider"},
	policy.ReasonAccountQuality:  {AdviceCheckAccount, "%s has a low quality at its provider"},
	policy.ReasonSkippedAccount:  {AdviceCheckAccount, "%s had no account that could be used: check the channel's accounts"},
}

// advise says what a person should do about a message, the most urgent first. It goes by stored facts alone.
func advise(st models.State, plan policy.Plan, d policy.Decision) []AdviceView {
	var all []AdviceView
	given := map[AdviceView]bool{}
	add := func(code AdviceCode, format string, args ...any) {
		if v := (AdviceView{code, fmt.Sprintf(format, args...)}); !given[v] {
			given[v] = true
			all = append(all, v)
		}
	}
	m := st.Message
	for _, a := range st.Attempts {
		if unsettled(a) && a.Status != policy.AttemptSending {
			add(AdviceAskProvider, "ask the provider of %s whether it took attempt %d (%s): nobody knows", a.Account, a.N, reference(models.AttemptID(a.MessageID, a.N)))
		}
	}
	if m.Status.Reached() {
		if len(all) == 0 {
			add(AdviceNothing, "the message is %s", m.Status)
		}
		return all
	}
	if m.Status == policy.Canceled {
		if len(all) == 0 {
			add(AdviceNothing, "the app took the message back")
		}
		return all
	}
	if m.Reason == string(policy.ReasonSuppressed) || d.Reason == policy.ReasonSuppressed {
		add(AdviceRespect, "this person must not be contacted about %s", m.Category)
		return all
	}
	troubles(st, plan, add)
	switch {
	case !m.Status.Final():
		if known, is := accountReasons[d.Reason]; is {
			add(known.Code, known.Detail, waitsFor(st))
		}
		add(AdviceWait, "%s", decisionDetail(d))
	case m.Status == policy.Expired:
		add(AdviceGiveMoreTime, "its time ran out: give the policy a longer ttl or shorter timeouts")
	case len(all) == 0:
		add(AdviceSendAgain, "no step reached the person; it may be sent again")
	}
	return all
}

// troubles adds what stands in a message's attempts and in its plan.
func troubles(st models.State, plan policy.Plan, add func(AdviceCode, string, ...any)) {
	refused := 0
	for _, a := range st.Attempts {
		if a.Status == policy.AttemptSkipped {
			skipped(policy.Reason(a.Reason), string(a.Channel), a.Detail, add)
			continue
		}
		switch {
		case a.Class == policy.ClassRecipient:
			refused++
		case a.Class == policy.ClassAccount && a.Code == codeNeedsReauth:
			add(AdviceLinkAccount, accountReasons[policy.ReasonNeedsReauth].Detail, a.Account)
		case a.Class == policy.ClassAccount:
			add(AdviceCheckAccount, "%s was refused (%s): check it", a.Account, a.Code)
		case a.Class == policy.ClassRequest:
			add(AdviceMendContent, "%s refused what was sent (%s)", a.Account, a.Code)
		}
	}
	for i, step := range plan.Steps {
		if step.Skip != "" && !hasStep(st, i) {
			skipped(step.Skip, string(step.Channel), step.SkipDetail, add)
		}
	}
	if refused > 0 && st.Message.Status.Final() {
		add(AdviceCheckNumber, "the number was refused on %d channel(s): check it, or suppress it", refused)
	}
}

func skipped(why policy.Reason, channel, detail string, add func(AdviceCode, string, ...any)) {
	switch why {
	case policy.ReasonSkippedContent, policy.ReasonSkippedTemplate:
		add(AdviceMendContent, "%s was passed over: %s", channel, orReason(detail, string(why)))
	case policy.ReasonSkippedPrice:
		add(AdviceRaiseMaxCost, "%s would have cost more than the policy's max_cost", channel)
	default:
		if known, is := accountReasons[why]; is {
			add(known.Code, known.Detail, channel)
		}
	}
}

// waitsFor names what a message waits for: the account it is on, else its channel.
func waitsFor(st models.State) string {
	if last := lastOf(st); last.Account != "" {
		return last.Account
	}
	return "an account of the policy"
}

func hasStep(st models.State, step int) bool {
	for _, a := range st.Attempts {
		if int(a.Step) == step {
			return true
		}
	}
	return false
}

// unsettled reports whether nobody knows if the provider took an attempt.
func unsettled(a models.Attempt) bool {
	return a.Class == policy.ClassUnknown && (a.Status == policy.AttemptUnknown || a.Status == policy.AttemptTimedOut) && a.SentAt == 0
}

// decisionDetail says a decision in a sentence.
func decisionDetail(d policy.Decision) string {
	switch d.Action {
	case policy.Start:
		return fmt.Sprintf("step %d starts: %s", d.Step+1, d.Reason)
	case policy.Retry:
		return fmt.Sprintf("the call is made again: %s", d.Reason)
	case policy.Wait:
		return fmt.Sprintf("nothing happens before %s: %s", d.At.UTC().Format(timeLayout), d.Reason)
	case policy.Ask:
		return "the provider is asked what became of the attempt"
	default:
		return fmt.Sprintf("the message is %s: %s", d.Final, d.Reason)
	}
}
