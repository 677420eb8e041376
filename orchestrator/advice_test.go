package orchestrator

import (
	"slices"
	"testing"
	"time"

	"cascade/models"
	"cascade/policy"
)

func TestAdvise(t *testing.T) {
	attempt := func(status policy.AttemptStatus, class policy.Class, code string) models.Attempt {
		return models.Attempt{N: 1, Channel: policy.ZNS, Account: "oa-main", Status: status, Class: class, Code: code}
	}
	skip := func(why policy.Reason) models.Attempt {
		return models.Attempt{N: 1, Channel: policy.ZNS, Status: policy.AttemptSkipped, Reason: string(why)}
	}
	wait := policy.Decision{Action: policy.Wait, At: time.Unix(1_700_000_000, 0), Reason: policy.ReasonReceiptPending}
	done := policy.Decision{Action: policy.Finish, Reason: policy.ReasonNoStepLeft}
	late := attempt(policy.AttemptTimedOut, policy.ClassUnknown, "no_answer")
	late.SentAt = 5
	for name, tt := range map[string]struct {
		status   policy.MessageStatus
		reason   policy.Reason
		attempts []models.Attempt
		plan     policy.Plan
		d        policy.Decision
		want     []AdviceCode
	}{
		"delivered":                     {policy.Delivered, "", []models.Attempt{attempt(policy.AttemptDelivered, "", "")}, policy.Plan{}, done, []AdviceCode{AdviceNothing}},
		"delivered, one is unknown":     {policy.Delivered, "", []models.Attempt{attempt(policy.AttemptTimedOut, policy.ClassUnknown, "")}, policy.Plan{}, done, []AdviceCode{AdviceAskProvider}},
		"unknown, but taken after all":  {policy.Delivered, "", []models.Attempt{late}, policy.Plan{}, done, []AdviceCode{AdviceNothing}},
		"under way":                     {policy.Sending, "", []models.Attempt{attempt(policy.AttemptSent, "", "")}, policy.Plan{}, wait, []AdviceCode{AdviceWait}},
		"under way, unknown":            {policy.Sending, "", []models.Attempt{attempt(policy.AttemptUnknown, policy.ClassUnknown, "")}, policy.Plan{}, wait, []AdviceCode{AdviceAskProvider, AdviceWait}},
		"waits for an account":          {policy.Scheduled, "", nil, policy.Plan{}, policy.Decision{Action: policy.Wait, Reason: policy.ReasonNeedsReauth}, []AdviceCode{AdviceLinkAccount, AdviceWait}},
		"refused by number":             {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{attempt(policy.AttemptFailed, policy.ClassRecipient, "not_reachable")}, policy.Plan{}, done, []AdviceCode{AdviceCheckNumber}},
		"account not linked":            {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{attempt(policy.AttemptFailed, policy.ClassAccount, codeNeedsReauth)}, policy.Plan{}, done, []AdviceCode{AdviceLinkAccount}},
		"account refused":               {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{attempt(policy.AttemptFailed, policy.ClassAccount, "balance")}, policy.Plan{}, done, []AdviceCode{AdviceCheckAccount}},
		"content refused":               {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{attempt(policy.AttemptFailed, policy.ClassRequest, "bad_template")}, policy.Plan{}, done, []AdviceCode{AdviceMendContent}},
		"silence":                       {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{attempt(policy.AttemptTimedOut, "", "")}, policy.Plan{}, done, []AdviceCode{AdviceSendAgain}},
		"passed over for its price":     {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{skip(policy.ReasonSkippedPrice)}, policy.Plan{}, done, []AdviceCode{AdviceRaiseMaxCost}},
		"passed over, account disabled": {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{skip(policy.ReasonAccountDisabled)}, policy.Plan{}, done, []AdviceCode{AdviceEnableAccount}},
		"passed over by its condition":  {policy.Failed, policy.ReasonNoStepLeft, []models.Attempt{skip(policy.ReasonSkippedCondition)}, policy.Plan{}, done, []AdviceCode{AdviceSendAgain}},
		"no content in its plan": {
			policy.Failed, policy.ReasonNoStepLeft, nil,
			policy.Plan{Steps: []policy.PlanStep{{Channel: policy.Viber, Skip: policy.ReasonSkippedContent}}},
			done,
			[]AdviceCode{AdviceMendContent},
		},
		"expired":    {policy.Expired, policy.ReasonTTLPassed, nil, policy.Plan{}, done, []AdviceCode{AdviceGiveMoreTime}},
		"canceled":   {policy.Canceled, policy.ReasonCanceled, nil, policy.Plan{}, done, []AdviceCode{AdviceNothing}},
		"suppressed": {policy.Failed, policy.ReasonSuppressed, nil, policy.Plan{}, done, []AdviceCode{AdviceRespect}},
	} {
		st := models.State{Message: models.Message{Status: tt.status, Reason: string(tt.reason), Category: policy.OTP}, Attempts: tt.attempts}
		var got []AdviceCode
		for _, a := range advise(st, tt.plan, tt.d) {
			got = append(got, a.Code)
			if a.Detail == "" {
				t.Errorf("%s: %s says nothing", name, a.Code)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
