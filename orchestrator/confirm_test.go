package orchestrator_test

import (
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// The app's word that the person has the message stands, although all that the provider ever proves is that it took it.
func TestConfirmedStaysDelivered(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Policy("default", `{"steps":[{"channel":"sms","until":"sent","timeout":"1h"}],"ttl":"2h"}`)
		r.Sim.SetRule("*", simulator.Rule{AnswerAfter: 50 * time.Second, Deliver: new(time.Duration(-1)), DropWebhooks: true}) // scaled: 1 s
		id := r.Send("+84912345678")
		v, err := r.Engine.Confirm(t.Context(), r.Tenant.ID, id)
		if err != nil || v.Status != policy.Delivered || v.Attempts[0].Status != policy.AttemptSending {
			t.Fatalf("confirmed while the call is under way: %s, its attempt %s, %v", v.Status, v.Attempts[0].Status, err)
		}
		v = r.Await(id, func(v orchestrator.MessageView) bool { return v.Attempts[0].Status == policy.AttemptSent })
		if v.Status != policy.Delivered || v.Cost.Amount() != "820" {
			t.Errorf("after the call's answer it is %s for %s", v.Status, v.Cost)
		}
		r.Verify()
	})
}
