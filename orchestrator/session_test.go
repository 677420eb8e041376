package orchestrator_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// withSMPP is a rig whose only policy goes to an SMS centre.
func withSMPP(t *testing.T, s *models.Store, c orchestratortest.Config) (*orchestratortest.Rig, models.Account) {
	t.Helper()
	r := orchestratortest.New(t, s, c)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.Sim.ServeSMPP(ln) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-served; err != nil {
			t.Error("SMS centre: ", err)
		}
	})
	system := "s" + uuid.NewString()[:8]
	r.Sim.Register(simulator.Account{Provider: simulator.SMPP, ID: system, AppSecret: "pass"})
	a := r.AddAccount(c, "smsc", policy.SMS, "smpp", map[string]string{
		"address": ln.Addr().String(), "system_id": system, "password": "pass", "source_addr": "ACME",
	})
	r.Policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"20s","accounts":["smsc"]}],"ttl":"10m"}`)
	return r, a
}

// What goes over a session of SMPP has the life of any other message: the engine connects by itself, and receipts come in by
// the same connection.
func TestMessageOverASession(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r, a := withSMPP(t, s, orchestratortest.Config{})
		for range 20 {
			r.Send("+84912345678")
		}
		v := r.Await(r.Send("+84912345679"), orchestratortest.Final)
		if v.Status != policy.Delivered || len(v.Attempts) != 1 {
			t.Errorf("message is %s after %d attempts", v.Status, len(v.Attempts))
		}
		kept, err := s.Receipts(t.Context(), r.Tenant.ID, v.ID)
		if err != nil || len(kept) != 1 || kept[0].State != models.ReceiptApplied || !strings.Contains(string(kept[0].Raw), "stat:DELIVRD") {
			t.Errorf("of its receipt is kept %+v, %v", kept, err)
		}
		// That an account rests changes its row, and must not cut its connection.
		calls := len(r.Sim.Calls())
		now := time.Now().UnixMilli()
		if err := s.SetAccountState(t.Context(), r.Tenant.ID, a.ID, models.AccountActive, "rested", 0, now); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		v = r.Await(r.Send("+84912345680"), orchestratortest.Final)
		if v.Status != policy.Delivered || len(r.Sim.Calls()) != calls+1 {
			t.Errorf("after a rest the message is %s, with %d calls more", v.Status, len(r.Sim.Calls())-calls)
		}
		r.Verify()
	})
}
