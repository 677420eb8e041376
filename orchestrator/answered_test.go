package orchestrator

import (
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// The answer to an older call may come after the attempt was called again. A failure then says nothing of the call that
// is under way; that the provider took the message is evidence whenever it comes.
func TestAnswerOfAnOlderCallIsLeft(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	tests := map[string]struct {
		failure *channels.Failure
		called  int64 // which call is answered; the second is under way
		late    int64 // how many milliseconds before the call under way it was claimed
		want    policy.AttemptStatus
		sent    bool
	}{
		"refused":             {&channels.Failure{Class: policy.ClassRecipient}, 1, 500, policy.AttemptSending, false},
		"throttled":           {&channels.Failure{Class: policy.ClassThrottled}, 1, 500, policy.AttemptSending, false},
		"unknown":             {&channels.Failure{Class: policy.ClassUnknown}, 1, 500, policy.AttemptSending, false},
		"never left":          {&channels.Failure{Class: policy.ClassDown}, 1, 500, policy.AttemptSending, false},
		"not made":            {&channels.Failure{Class: policy.ClassDown, Code: codeClaimOld}, 1, 500, policy.AttemptSending, false},
		"taken":               {nil, 1, 500, policy.AttemptSent, true},
		"the latest: refused": {&channels.Failure{Class: policy.ClassRecipient}, 2, 0, policy.AttemptFailed, false},
		// The older call was not made and taken back from the count; what tells of it is applied twice when its first commit's answer was lost.
		"not made, and told again": {&channels.Failure{Class: policy.ClassDown, Code: codeClaimOld}, 2, 500, policy.AttemptSending, false},
		"the latest: not made":     {&channels.Failure{Class: policy.ClassDown, Code: codeClaimOld}, 2, 0, policy.AttemptPending, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			under := models.Attempt{N: 1, Status: policy.AttemptSending, Calls: 2, CalledAt: ms(now)}
			c := &change{e: &Engine{}, now: now.Add(time.Second), as: []models.Attempt{under}, dirty: map[int64]bool{}}
			c.answered(models.Attempt{N: 1, Calls: tt.called, CalledAt: under.CalledAt - tt.late}, channels.Taken{ProviderID: "p"}, tt.failure)
			got := c.as[0]
			if got.Status != tt.want || got.SentAt > 0 != tt.sent || got.Calls != 2 && tt.want != policy.AttemptPending {
				t.Errorf("the attempt is %s, sent at %d, after %d calls, want %s", got.Status, got.SentAt, got.Calls, tt.want)
			}
		})
	}
}
