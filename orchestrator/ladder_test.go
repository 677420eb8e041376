package orchestrator_test

import (
	"slices"
	"testing"

	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// The numbers are test mode's: each tells its story on real wire formats.
func TestLadder(t *testing.T) {
	tests := map[string]struct {
		to       string
		status   policy.MessageStatus
		channel  policy.Channel
		cost     string
		attempts []policy.AttemptStatus
	}{
		"delivered on ZNS":                     {"+84900000002", policy.Delivered, policy.ZNS, "200", []policy.AttemptStatus{policy.AttemptDelivered}},
		"no Zalo account: Viber at once":       {"+84900000003", policy.Delivered, policy.Viber, "470", []policy.AttemptStatus{policy.AttemptFailed, policy.AttemptDelivered}},
		"silence, no Viber user: SMS":          {"+84900000004", policy.Delivered, policy.SMS, "820", []policy.AttemptStatus{policy.AttemptTimedOut, policy.AttemptFailed, policy.AttemptDelivered}},
		"cut call that was taken: its receipt": {"+84900000005", policy.Delivered, policy.ZNS, "200", []policy.AttemptStatus{policy.AttemptDelivered}},
		"cut call that was not taken":          {"+84900000006", policy.Delivered, policy.Viber, "470", []policy.AttemptStatus{policy.AttemptTimedOut, policy.AttemptDelivered}},
		"receipts repeated and out of order":   {"+84900000008", policy.Read, policy.ZNS, "200", []policy.AttemptStatus{policy.AttemptRead}},
		"every step fails":                     {"+84900000009", policy.Failed, policy.SMS, "820", []policy.AttemptStatus{policy.AttemptFailed, policy.AttemptFailed, policy.AttemptFailed}},
		"quota used up":                        {"+84900000011", policy.Delivered, policy.Viber, "470", []policy.AttemptStatus{policy.AttemptFailed, policy.AttemptDelivered}},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				// A database of its own: on a shared one an engine takes another rig's due messages, and the calls end with it.
				r := orchestratortest.New(t, modelstest.Open(t, dialect), orchestratortest.Config{})
				v := r.Await(r.Send(tt.to), func(v orchestrator.MessageView) bool {
					// A final status still rises: a read may come after the delivery.
					return v.Status.Final() && (v.Status == tt.status || tt.status != policy.Read)
				})
				if v.Status != tt.status || v.Channel != tt.channel || v.Cost.Amount() != tt.cost {
					t.Errorf("ended %s by %s for %s, want %s by %s for %s\n%+v", v.Status, v.Channel, v.Cost, tt.status, tt.channel, tt.cost, v.Timeline)
				}
				got := []policy.AttemptStatus{}
				for _, a := range v.Attempts {
					got = append(got, a.Status)
				}
				if !slices.Equal(got, tt.attempts) {
					t.Errorf("attempts %v, want %v\n%+v", got, tt.attempts, v.Timeline)
				}
			})
		}
	}
}
