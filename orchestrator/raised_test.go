package orchestrator

import (
	"testing"

	"cascade/models"
	"cascade/policy"
)

// A message that a receipt raised after its end is told as it ended, and then as it was raised.
func TestOutcomes(t *testing.T) {
	type times = models.Attempt
	zns := func(a times) times { a.Channel = policy.ZNS; return a }
	viber := func(a times) times { a.Channel = policy.Viber; return a }
	tests := map[string]struct {
		until         policy.Receipt
		status        policy.MessageStatus
		reason        policy.Reason
		attempts      []models.Attempt
		ended, raised outcome
	}{
		"nothing came after the end": {
			policy.ReceiptDelivered, policy.Delivered, policy.ReasonUntilReached,
			[]models.Attempt{viber(times{SentAt: 10, DeliveredAt: 100})},
			outcome{policy.Delivered, policy.Viber, 100},
			outcome{},
		},
		"read later": {
			policy.ReceiptDelivered, policy.Read, policy.ReasonUntilReached,
			[]models.Attempt{viber(times{SentAt: 10, DeliveredAt: 100, ReadAt: 300})},
			outcome{policy.Delivered, policy.Viber, 100},
			outcome{policy.Read, policy.Viber, 300},
		},
		"the earlier channel's late receipt ended it, the later channel was read": {
			policy.ReceiptDelivered, policy.Read, policy.ReasonUntilReached,
			[]models.Attempt{zns(times{SentAt: 10, DeliveredAt: 100}), viber(times{SentAt: 50, DeliveredAt: 150, ReadAt: 300})},
			outcome{policy.Delivered, policy.ZNS, 100},
			outcome{policy.Read, policy.Viber, 300},
		},
		"a provider's clock is ahead": {
			policy.ReceiptDelivered, policy.Read, policy.ReasonUntilReached,
			[]models.Attempt{viber(times{SentAt: 10, DeliveredAt: 120, ReadAt: 300})},
			outcome{policy.Read, policy.Viber, 100},
			outcome{},
		},
		"read at once": {
			policy.ReceiptRead, policy.Read, policy.ReasonUntilReached,
			[]models.Attempt{viber(times{SentAt: 10, DeliveredAt: 80, ReadAt: 100})},
			outcome{policy.Read, policy.Viber, 100},
			outcome{},
		},
		"sent was enough": {
			policy.ReceiptSent, policy.Delivered, policy.ReasonUntilReached,
			[]models.Attempt{viber(times{SentAt: 100, DeliveredAt: 400})},
			outcome{policy.Sent, policy.Viber, 100},
			outcome{policy.Delivered, policy.Viber, 400},
		},
		"expired, and delivered after all": {
			policy.ReceiptDelivered, policy.Delivered, policy.ReasonTTLPassed,
			[]models.Attempt{zns(times{DeliveredAt: 400})},
			outcome{policy.Expired, policy.Viber, 100},
			outcome{policy.Delivered, policy.ZNS, 400},
		},
		"failed, and delivered after all": {
			policy.ReceiptDelivered, policy.Delivered, policy.ReasonNoStepLeft,
			[]models.Attempt{zns(times{DeliveredAt: 400})},
			outcome{policy.Failed, policy.Viber, 100},
			outcome{policy.Delivered, policy.ZNS, 400},
		},
		"taken back, and delivered after all": {
			policy.ReceiptDelivered, policy.Delivered, policy.ReasonCanceled,
			[]models.Attempt{zns(times{SentAt: 50, DeliveredAt: 400})},
			outcome{policy.Canceled, policy.Viber, 100},
			outcome{policy.Delivered, policy.ZNS, 400},
		},
		"confirmed by the app, read later": {
			policy.ReceiptDelivered, policy.Read, policy.ReasonConfirmed,
			[]models.Attempt{zns(times{SentAt: 10, ReadAt: 400})},
			outcome{policy.Delivered, policy.Viber, 100},
			outcome{policy.Read, policy.ZNS, 400},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			plan := policy.Plan{Steps: []policy.PlanStep{{Accounts: []policy.PlanAccount{{Until: tt.until}}}}}
			m := models.Message{Status: tt.status, Reason: string(tt.reason), Channel: policy.Viber, CompletedAt: 100}
			ended, raised := outcomes(models.State{Message: m, Attempts: tt.attempts}, plan)
			if ended != tt.ended || raised != tt.raised {
				t.Errorf("ended %v, then %v; want %v, then %v", ended, raised, tt.ended, tt.raised)
			}
		})
	}
}
