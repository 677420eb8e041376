package hostiletest

import (
	"context"
	"testing"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// Nobody knows whether an adapter had sent its request when it panicked: the call is not made again.
func TestPanickedCallIsUnknown(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHostile(t, s, hostileTimes{}, nil)
		h.scripted("mad", 0, func(context.Context, channels.Outbound) (channels.Taken, error) { panic("mad") })
		h.policy("mad", "1h", "2h", "mad")
		id := h.send("mad", hostileNumber(1))
		v := h.await(id, func(v orchestrator.MessageView) bool {
			return len(v.Attempts) == 1 && v.Attempts[0].Status != policy.AttemptSending
		})
		a := h.state(id).Attempts[0]
		if a.Status != policy.AttemptUnknown || a.Class != policy.ClassUnknown || a.Calls != 1 {
			t.Errorf("the attempt is %s, class %s, after %d calls: %+v", a.Status, a.Class, a.Calls, v.Timeline)
		}
		h.verify()
	})
}
