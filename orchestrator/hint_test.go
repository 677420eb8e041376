package orchestrator_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// withESMS is a rig whose only policy goes to eSMS, whose callbacks prove nothing.
func withESMS(t *testing.T, s *models.Store) (*orchestratortest.Rig, models.Account) {
	t.Helper()
	var c orchestratortest.Config
	r := orchestratortest.New(t, s, c)
	key := "esms-" + uuid.NewString()
	r.Sim.Register(simulator.Account{Provider: simulator.ESMS, ID: key, AppSecret: "secret", Senders: []string{"ACME"}})
	a := r.AddAccount(c, "esms", policy.SMS, "esms", map[string]string{
		"api_url": r.SimURL + "/esms/MainService.svc/json", "api_key": key, "secret_key": "secret", "brandname": "ACME", "webhook_secret": "hook-secret",
	})
	r.Policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"20s","accounts":["esms"]}],"ttl":"10m"}`)
	return r, a
}

// A callback that proves nothing by itself changes a message only by what the provider says when it is asked.
func TestHintIsConfirmed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r, _ := withESMS(t, s)
		v := r.Await(r.Send("+84912345678"), orchestratortest.Final)
		if v.Status != policy.Delivered || r.Engine.Counters.Asked.Load() == 0 {
			t.Errorf("status %s, asked %d times", v.Status, r.Engine.Counters.Asked.Load())
		}
		r.Verify()
	})
}

// Whoever knows the address can write a callback; the provider knows better.
func TestHintThatTheProviderDoesNotConfirm(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r, a := withESMS(t, s)
		never := -time.Second
		r.Sim.SetRule("84912345679", simulator.Rule{Channel: simulator.SMS, Deliver: &never})
		id := r.Send("+84912345679")
		v := r.Await(id, func(v orchestrator.MessageView) bool {
			return len(v.Attempts) == 1 && v.Attempts[0].Status == policy.AttemptSent
		})
		forged := url.Values{
			"token": {"hook-secret"}, "SMSID": {v.Attempts[0].ProviderMessageID}, "RequestId": {v.Attempts[0].ID.String()},
			"SendStatus": {"5"}, "SendSuccess": {"1"}, "SendFailed": {"0"}, "TotalReceiver": {"1"}, "TypeId": {"2"}, "TotalPrice": {"300"},
		}
		hook := func() {
			t.Helper()
			_, err := r.Engine.Hook(t.Context(), "esms", a.ID, channels.Hook{
				Method: http.MethodGet, URL: r.Engine.HookURL(a) + "?" + forged.Encode(), Header: http.Header{},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		hook()
		v, err := r.Engine.Message(t.Context(), r.Tenant.ID, id)
		if err != nil || v.Attempts[0].Status != policy.AttemptSent || v.Status.Final() {
			t.Errorf("after a forged callback the message is %s, its attempt %s: %v", v.Status, v.Attempts[0].Status, err)
		}
		kept, err := s.Receipts(t.Context(), r.Tenant.ID, id)
		if err != nil || len(kept) != 1 || kept[0].Kind != policy.ReceiptSent {
			t.Errorf("kept is what the provider says, that it has the message: %+v, %v", kept, err)
		}
		forged.Set("SMSID", "0123456789abcdef0123")
		hook()
		kept, err = s.Receipts(t.Context(), r.Tenant.ID, uuid.Nil)
		if err != nil || len(kept) != 1 || kept[0].State != models.ReceiptQuarantined || kept[0].Detail != "the provider does not confirm this callback" {
			t.Errorf("kept of a message that the provider does not know: %+v, %v", kept, err)
		}
	})
}
