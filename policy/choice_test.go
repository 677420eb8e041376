package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDecideChoosesAccountsAndChannels: which account and channel the next attempt takes, where some do badly or do not reach
// the person.
func TestDecideChoosesAccountsAndChannels(t *testing.T) {
	pending := func(s AttemptStatus) AttemptFacts { return zns(s, calls(0), class("")) }
	refused := func(a AttemptFacts, c Class) AttemptFacts { a.Class = c; return a }
	poor := func(ids ...string) map[string]Reason {
		m := map[string]Reason{}
		for _, id := range ids {
			m[id] = ReasonAccountFailing
		}
		return m
	}
	off := func(chs ...Channel) map[Channel]string {
		m := map[Channel]string{}
		for _, ch := range chs {
			m[ch] = "not_on_channel"
		}
		return m
	}
	start := func(step, account int, why Reason, end AttemptStatus, skips ...Skip) Decision {
		return Decision{Action: Start, Step: step, Account: account, Reason: why, End: end, Skips: skips}
	}
	unreachable := func(step int) Skip { return Skip{Step: step, Reason: ReasonSkippedUnreachable} }
	for name, tc := range map[string]struct {
		facts Facts
		at    time.Duration
		want  Decision
	}{
		"one that does badly comes last":         {Facts{Passed: poor("oa-1")}, 0, start(0, 1, ReasonFirstStep, "")},
		"alone on its step it is used":           {Facts{Passed: poor("oa-1", "oa-2")}, 0, start(0, 0, ReasonFirstStep, "")},
		"it is used when the other cannot be":    {Facts{Passed: poor("oa-1"), Unusable: map[string]Unusable{"oa-2": {Reason: ReasonNeedsReauth}}}, 0, start(0, 0, ReasonFirstStep, "")},
		"it is used before the next step":        {Facts{Passed: poor("oa-1"), Attempts: []AttemptFacts{refused(oa2(AttemptFailed), ClassAccount)}}, time.Minute, start(0, 0, ReasonRefusedAccount, "")},
		"an account is tried once a step":        {Facts{Attempts: []AttemptFacts{refused(oa2(AttemptFailed), ClassAccount), refused(zns(AttemptFailed), ClassAccount)}}, time.Minute, start(1, 0, ReasonRefusedAccount, "")},
		"one that came back is tried":            {Facts{Attempts: []AttemptFacts{refused(oa2(AttemptFailed), ClassAccount)}}, time.Minute, start(0, 0, ReasonRefusedAccount, "")},
		"a call under way stays where it is":     {Facts{Passed: poor("oa-1"), Attempts: []AttemptFacts{zns(AttemptSending)}}, time.Second, Decision{Action: Wait, At: in(22 * time.Second), Reason: ReasonCallUnderWay}},
		"not on ZNS":                             {Facts{Unreachable: off(ZNS)}, 0, start(1, 0, ReasonFirstStep, "", unreachable(0))},
		"on neither":                             {Facts{Unreachable: off(ZNS, Viber)}, 0, start(2, 0, ReasonFirstStep, "", unreachable(0), unreachable(1))},
		"where nothing is left it is tried":      {Facts{Unreachable: off(ZNS, Viber, SMS)}, 0, start(0, 0, ReasonFirstStep, "")},
		"the only one that can be used":          {Facts{Unreachable: off(ZNS), Unusable: map[string]Unusable{"viber": {Reason: ReasonAccountDisabled}, "sms": {Reason: ReasonAccountDisabled}}}, 0, start(0, 0, ReasonFirstStep, "")},
		"waiting for a place, not on ZNS":        {Facts{Unreachable: off(ZNS), Attempts: []AttemptFacts{pending(AttemptPending)}}, time.Second, start(1, 0, ReasonSkippedUnreachable, AttemptCanceled)},
		"waiting for a place, nothing else left": {Facts{Unreachable: off(ZNS, Viber, SMS), Attempts: []AttemptFacts{pending(AttemptPending)}}, time.Second, Decision{Action: Retry, Reason: ReasonFirstStep}},
		"what was called stays where it is":      {Facts{Unreachable: off(ZNS), Attempts: []AttemptFacts{refused(zns(AttemptPending), ClassThrottled)}}, time.Second, Decision{Action: Retry, Reason: ReasonThrottled}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.facts.ExpiresAt = in(24 * time.Hour)
			if diff := cmp.Diff(tc.want, Decide(ladder(), tc.facts, in(tc.at))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWorst(t *testing.T) {
	for name, tc := range map[string]struct {
		plan Plan
		dong int64
	}{
		"every step once":     {ladder(), 200 + 470 + 820},
		"a step that is off":  {ladder(skipping(2, ReasonSkippedCondition)), 200 + 470},
		"bounded":             {ladder(capped(1000)), 1000},
		"the bound is higher": {ladder(capped(5000)), 200 + 470 + 820},
	} {
		if got := tc.plan.Worst(); got != tc.dong*1_000_000 {
			t.Errorf("%s: %d micros, want %d đồng", name, got, tc.dong)
		}
	}
	dearer := ladder()
	dearer.Steps[0].Accounts[1].Terms.UnitPrice.Micros = 300_000_000
	if got := dearer.Worst(); got != 1590*1_000_000 {
		t.Errorf("a step costs its dearest account: %d micros", got)
	}
}

// A message that ended keeps what its attempts may still be billed.
func TestExposure(t *testing.T) {
	for name, tc := range map[string]struct {
		facts Facts
		dong  int64
	}{
		"nothing called":           {Facts{}, 1490},
		"under way":                {Facts{Attempts: []AttemptFacts{zns(AttemptSent)}}, 1490},
		"dearer than thought":      {Facts{Spent: 2_000_000_000}, 2000},
		"reached by the first":     {Facts{Ended: Delivered, Attempts: []AttemptFacts{zns(AttemptDelivered)}}, 200},
		"the first may still come": {Facts{Ended: Sent, Attempts: []AttemptFacts{zns(AttemptTimedOut), viber(AttemptDelivered)}}, 670},
		"refused":                  {Facts{Ended: Failed, Attempts: []AttemptFacts{zns(AttemptFailed)}}, 0},
		"canceled":                 {Facts{Ended: Canceled, Attempts: []AttemptFacts{zns(AttemptCanceled)}}, 0},
	} {
		if got := tc.facts.Exposure(ladder()); got != tc.dong*1_000_000 {
			t.Errorf("%s: %d micros, want %d đồng", name, got, tc.dong)
		}
	}
}
