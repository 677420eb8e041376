package orchestrator

import (
	"cmp"
	"fmt"
	"slices"

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

// AdviceView is one thing to do, and what it is about: empty, where it is about the message.
type AdviceView struct {
	Code    AdviceCode     `json:"code"`
	Account string         `json:"account"`
	Channel policy.Channel `json:"channel"`
	Error   string         `json:"error"`   // what a provider refused with
	Reason  policy.Reason  `json:"reason"`  // why a step was passed over, or waits
	Attempt string         `json:"attempt"` // its reference at the provider
	Refused int            `json:"refused"` // how many channels refused the number
	Detail  string         `json:"detail"`
}

// accountReasons are reasons that lie with an account, and what to do about them.
var accountReasons = map[policy.Reason]AdviceView{
	policy.ReasonNeedsReauth:     {Code: AdviceLinkAccount, Detail: "%s must be linked at its provider again"},
	policy.ReasonAccountDisabled: {Code: AdviceEnableAccount, Detail: "%s is disabled or was removed: enable it, or take it out of the policy"},
	policy.ReasonQuotaUsed:       {Code: AdviceCheckAccount, Detail: "%s has used up its quota at the provider"},
	policy.ReasonAccountQuality:  {Code: AdviceCheckAccount, Detail: "%s has a low quality at its provider"},
	policy.ReasonSkippedAccount:  {Code: AdviceCheckAccount, Detail: "%s had no account that could be used: check the channel's accounts"},
}

// advices are what there is to do, the most urgent first, each once.
type advices []AdviceView

func (all *advices) add(v AdviceView, args ...any) {
	v.Detail = fmt.Sprintf(v.Detail, args...)
	if !slices.Contains(*all, v) {
		*all = append(*all, v)
	}
}

// advise says what a person should do about a message. It goes by stored facts alone.
func advise(st models.State, plan policy.Plan, d policy.Decision) []AdviceView {
	var all advices
	m := st.Message
	for _, a := range st.Attempts {
		if unsettled(a) && a.Status != policy.AttemptSending {
			ref := reference(models.AttemptID(a.MessageID, a.N))
			all.add(AdviceView{Code: AdviceAskProvider, Account: a.Account, Channel: a.Channel, Attempt: ref, Detail: "ask the provider of %s whether it took attempt %d (%s): nobody knows"},
				a.Account, a.N, ref)
		}
	}
	if m.Status.Reached() {
		if len(all) == 0 {
			all.add(AdviceView{Code: AdviceNothing, Detail: "the message is %s"}, m.Status)
		}
		return all
	}
	if m.Status == policy.Canceled {
		if len(all) == 0 {
			all.add(AdviceView{Code: AdviceNothing, Detail: "the app took the message back"})
		}
		return all
	}
	if m.Reason == string(policy.ReasonSuppressed) || d.Reason == policy.ReasonSuppressed {
		all.add(AdviceView{Code: AdviceRespect, Detail: "this person must not be contacted about %s"}, m.Category)
		return all
	}
	all.troubles(st, plan)
	switch {
	case !m.Status.Final():
		if known, is := accountReasons[d.Reason]; is {
			known.Reason, known.Account = d.Reason, lastOf(st).Account
			all.add(known, cmp.Or(known.Account, "an account of the policy"))
		}
		all.add(AdviceView{Code: AdviceWait, Detail: "%s"}, decisionDetail(d))
	case m.Status == policy.Expired:
		all.add(AdviceView{Code: AdviceGiveMoreTime, Detail: "its time ran out: give the policy a longer ttl or shorter timeouts"})
	case len(all) == 0:
		all.add(AdviceView{Code: AdviceSendAgain, Detail: "no step reached the person; it may be sent again"})
	}
	return all
}

// troubles adds what stands in a message's attempts and in its plan.
func (all *advices) troubles(st models.State, plan policy.Plan) {
	refused := 0
	for _, a := range st.Attempts {
		about := AdviceView{Account: a.Account, Channel: a.Channel, Error: a.Code}
		switch {
		case a.Status == policy.AttemptSkipped:
			all.skipped(policy.Reason(a.Reason), a.Channel, a.Detail)
		case a.Class == policy.ClassRecipient:
			refused++
		case a.Class == policy.ClassAccount && a.Code == codeNeedsReauth:
			about.Code, about.Detail = AdviceLinkAccount, accountReasons[policy.ReasonNeedsReauth].Detail
			all.add(about, a.Account)
		case a.Class == policy.ClassAccount:
			about.Code, about.Detail = AdviceCheckAccount, "%s was refused (%s): check it"
			all.add(about, a.Account, a.Code)
		case a.Class == policy.ClassRequest:
			about.Code, about.Detail = AdviceMendContent, "%s refused what was sent (%s)"
			all.add(about, a.Account, a.Code)
		}
	}
	for i, step := range plan.Steps {
		if step.Skip != "" && !hasStep(st, i) {
			all.skipped(step.Skip, step.Channel, step.SkipDetail)
		}
	}
	if refused > 0 && st.Message.Status.Final() {
		all.add(AdviceView{Code: AdviceCheckNumber, Refused: refused, Detail: "the number was refused on %d channel(s): check it, or suppress it"}, refused)
	}
}

func (all *advices) skipped(why policy.Reason, channel policy.Channel, detail string) {
	about := AdviceView{Channel: channel, Reason: why}
	switch why {
	case policy.ReasonSkippedContent, policy.ReasonSkippedTemplate:
		about.Code, about.Detail = AdviceMendContent, "%s was passed over: %s"
		all.add(about, channel, orReason(detail, string(why)))
	case policy.ReasonSkippedPrice:
		about.Code, about.Detail = AdviceRaiseMaxCost, "%s would have cost more than the policy's max_cost"
		all.add(about, channel)
	default:
		if known, is := accountReasons[why]; is {
			about.Code, about.Detail = known.Code, known.Detail
			all.add(about, channel)
		}
	}
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
