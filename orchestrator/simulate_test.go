package orchestrator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// A simulation of what a policy is says what happened; of another ladder, what would have, with what it assumed.
func TestSimulate(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Sim.SetRule("*1", simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Fail})
		r.Policy("other", `{"steps":[{"channel":"viber","timeout":"5s"}],"ttl":"10m"}`)
		var ids []uuid.UUID
		send := func(policyName string, n int) {
			sub := r.Submission(fmt.Sprintf("+84912%06d", n))
			sub.PolicyName = policyName
			acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, acc.Message.ID)
		}
		for i := range 6 { // a third of them is refused by ZNS
			send("default", 10*i+i%3)
		}
		send("other", 77)
		send("other", 78)
		for _, id := range ids {
			r.Await(id, func(v orchestrator.MessageView) bool { return orchestratortest.Final(v) && !v.Cost.IsZero() })
		}
		simulate := func(q orchestrator.SimulateQuery) orchestrator.Simulation {
			t.Helper()
			v, err := r.Engine.Simulate(t.Context(), r.Tenant.ID, "default", q)
			if err != nil {
				t.Fatal(err)
			}
			again, err := r.Engine.Simulate(t.Context(), r.Tenant.ID, "default", q)
			again.From, again.To = v.From, v.To
			if diff := cmp.Diff(v, again); diff != "" || err != nil {
				t.Errorf("asked again: %s, %v", diff, err)
			}
			return v
		}

		same := simulate(orchestrator.SimulateQuery{})
		same.Simulated.TimeToReach, same.Real.TimeToReach = orchestrator.SimulatedTimes{}, orchestrator.SimulatedTimes{} // to the millisecond
		if diff := cmp.Diff(same.Real, same.Simulated); diff != "" {
			t.Errorf("the same ladder (-real +simulated):\n%s", diff)
		}
		vnd := func(n int64) policy.Money { return policy.Money{Micros: n * 1_000_000, Currency: "VND"} }
		if want := vnd(4*orchestratortest.PriceZNS + 2*orchestratortest.PriceViber); same.Real.Cost != want || same.Real.Reached != 6 || same.Messages != 6 {
			t.Errorf("really: %+v", same.Real)
		}
		if diff := cmp.Diff(orchestrator.Assumed{Seen: 8, WithoutHistory: []policy.Channel{}}, same.Assumed); diff != "" || !same.Complete {
			t.Error(diff)
		}
		steps := []orchestrator.SimulatedStep{
			{Step: 1, Channel: policy.ZNS, Started: 6, Reached: 4, Cost: vnd(4 * orchestratortest.PriceZNS)},
			{Step: 2, Channel: policy.Viber, Started: 2, Reached: 2, Cost: vnd(2 * orchestratortest.PriceViber)},
			{Step: 3, Channel: policy.SMS, Cost: vnd(0)},
		}
		if diff := cmp.Diff(steps, same.ByStep); diff != "" {
			t.Error(diff)
		}

		viberFirst := simulate(orchestrator.SimulateQuery{Policy: json.RawMessage(`{"steps":[{"channel":"viber","timeout":"5s"},{"channel":"zns","timeout":"5s"}]}`)})
		if viberFirst.Assumed.Seen != 2 || viberFirst.Assumed.Drawn != 4 || viberFirst.Simulated.Cost != vnd(6*orchestratortest.PriceViber) || viberFirst.Simulated.FallbackShare != 0 {
			t.Errorf("Viber first: %+v, %+v", viberFirst.Assumed, viberFirst.Simulated)
		}
		smsFirst := simulate(orchestrator.SimulateQuery{Policy: json.RawMessage(`{"steps":[{"channel":"sms","timeout":"5s"},{"channel":"zns","timeout":"5s"}]}`)})
		if diff := cmp.Diff(orchestrator.Assumed{Seen: 6, WithoutHistory: []policy.Channel{policy.SMS}}, smsFirst.Assumed); diff != "" || smsFirst.Simulated.Reached != 4 {
			t.Errorf("a channel without history: %+v %s", smsFirst.Simulated, diff)
		}
		if two := simulate(orchestrator.SimulateQuery{Limit: 2}); two.Messages != 2 {
			t.Errorf("%d messages, want 2", two.Messages)
		}
		if none := simulate(orchestrator.SimulateQuery{To: time.Now().Add(-time.Hour)}); none.Messages != 0 || none.Real.TimeToReach.P50 != nil {
			t.Errorf("before them: %+v", none)
		}
		if _, err := r.Engine.Simulate(t.Context(), r.Tenant.ID, "none", orchestrator.SimulateQuery{}); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("no such policy: %v", err)
		}
	})
}
