package orchestrator_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// A call whose outcome is not known, and a receipt that is lost, are asked about before anything is paid again, and
// never called again on that step. The simulator's own log is the judge.
func TestWhatIsNotKnownIsNeverPaidTwice(t *testing.T) {
	const number = "+84912345678"
	viberFirst := `{"steps":[{"channel":"viber","until":"delivered","timeout":"2s"},{"channel":"sms","until":"delivered","timeout":"5s"}],"ttl":"10m"}`
	tests := map[string]struct {
		to       string
		policy   string // "" is the rig's: ZNS, Viber, SMS
		rules    []simulator.Rule
		status   policy.MessageStatus
		channel  policy.Channel
		cost     string
		attempts []policy.AttemptStatus
		calls    []string // channel and outcome in the simulator's log
		told     []string // in the timeline
		untold   []string
		asked    bool
	}{
		"ZNS delivered, its receipt is lost": {
			to: number, rules: []simulator.Rule{{Channel: simulator.ZNS, DropWebhooks: true}},
			status: policy.Delivered, channel: policy.ZNS, cost: "200", attempts: []policy.AttemptStatus{policy.AttemptDelivered},
			calls: []string{"zns taken"}, told: []string{"attempt.asked", "attempt.delivered"}, untold: []string{"attempt.timed_out"}, asked: true,
		},
		"Viber delivered, its receipt is lost": {
			to: number, policy: viberFirst, rules: []simulator.Rule{{Channel: simulator.Viber, DropWebhooks: true}},
			status: policy.Delivered, channel: policy.Viber, cost: "470", attempts: []policy.AttemptStatus{policy.AttemptDelivered},
			calls: []string{"viber taken"}, told: []string{"attempt.asked", "attempt.delivered"}, untold: []string{"attempt.timed_out"}, asked: true,
		},
		"cut after it was taken: its receipt tells": {
			to: "+84900000005", status: policy.Delivered, channel: policy.ZNS, cost: "200", attempts: []policy.AttemptStatus{policy.AttemptDelivered},
			calls: []string{"zns cut_taken"}, told: []string{"attempt.unknown", "attempt.delivered"}, untold: []string{"attempt.timed_out"},
		},
		"cut after it was taken, receipt lost: asked by our reference": {
			to: number, policy: viberFirst, rules: []simulator.Rule{{Channel: simulator.Viber, Outcome: simulator.CutTaken, DropWebhooks: true}},
			status: policy.Delivered, channel: policy.Viber, cost: "470", attempts: []policy.AttemptStatus{policy.AttemptDelivered},
			calls: []string{"viber cut_taken"}, told: []string{"attempt.unknown", "attempt.asked", "attempt.delivered"}, untold: []string{"attempt.timed_out"}, asked: true,
		},
		"half an answer, receipt lost: asked by our reference": {
			to: number, policy: viberFirst, rules: []simulator.Rule{{Channel: simulator.Viber, Outcome: simulator.Truncated, DropWebhooks: true}},
			status: policy.Delivered, channel: policy.Viber, cost: "470", attempts: []policy.AttemptStatus{policy.AttemptDelivered},
			calls: []string{"viber cut_taken"}, told: []string{"attempt.unknown", "attempt.asked", "attempt.delivered"}, asked: true,
		},
		"cut before it was taken: its window ends by policy": {
			to: "+84900000006", status: policy.Delivered, channel: policy.Viber, cost: "470", attempts: []policy.AttemptStatus{policy.AttemptTimedOut, policy.AttemptDelivered},
			calls: []string{"zns cut_not_taken", "viber taken"}, told: []string{"attempt.unknown", "attempt.timed_out"}, untold: []string{"attempt.asked"},
		},
		"cut before it was taken: asked, and the provider knows nothing": {
			to: number, policy: viberFirst, rules: []simulator.Rule{{Channel: simulator.Viber, Outcome: simulator.CutNotTaken}},
			status: policy.Delivered, channel: policy.SMS, cost: "820", attempts: []policy.AttemptStatus{policy.AttemptTimedOut, policy.AttemptDelivered},
			calls: []string{"viber cut_not_taken", "sms taken"}, told: []string{"attempt.unknown", "attempt.asked", "attempt.timed_out"}, asked: true,
		},
		"a gateway's web page in place of an answer": {
			to: number, policy: viberFirst, rules: []simulator.Rule{{Channel: simulator.Viber, Outcome: simulator.HTTP502}},
			status: policy.Delivered, channel: policy.SMS, cost: "820", attempts: []policy.AttemptStatus{policy.AttemptTimedOut, policy.AttemptDelivered},
			calls: []string{"viber cut_not_taken", "sms taken"}, told: []string{"attempt.unknown", "attempt.asked", "attempt.timed_out"}, asked: true,
		},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := orchestratortest.New(t, modelstest.Open(t, dialect), orchestratortest.Config{})
				for _, rule := range tt.rules {
					r.Sim.SetRule(tt.to, rule)
				}
				sub := r.Submission(tt.to)
				if tt.policy != "" {
					r.Policy("other", tt.policy)
					sub.PolicyName = "other"
				}
				acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
				if err != nil {
					t.Fatal(err)
				}
				v := r.Await(acc.Message.ID, orchestratortest.Final)
				if v.Status != tt.status || v.Channel != tt.channel || v.Cost.Amount() != tt.cost {
					t.Errorf("ended %s by %s for %s, want %s by %s for %s\n%+v", v.Status, v.Channel, v.Cost, tt.status, tt.channel, tt.cost, v.Timeline)
				}
				sameAttempts(t, v, tt.attempts...)
				if diff := cmp.Diff(tt.calls, callsOf(r)); diff != "" {
					t.Errorf("the provider's log (-want +got):\n%s", diff)
				}
				if asked := r.Sim.Queries() > 0; asked != tt.asked {
					t.Errorf("the provider was asked %d times", r.Sim.Queries())
				}
				for _, kind := range tt.told {
					if !tells(v, kind) {
						t.Errorf("the timeline does not tell %s\n%+v", kind, v.Timeline)
					}
				}
				for _, kind := range tt.untold {
					if tells(v, kind) {
						t.Errorf("the timeline tells %s\n%+v", kind, v.Timeline)
					}
				}
				r.Verify()
			})
		}
	}
}

// While the outcome is not known the attempt says so, and nothing else is called.
func TestUnknownIsWaitedFor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"1h"},{"channel":"sms","until":"delivered","timeout":"5s"}],"ttl":"2h"}`)
		r.Sim.SetRule("*", simulator.Rule{Outcome: simulator.CutTaken, Deliver: new(time.Duration(-1)), DropWebhooks: true})
		id := r.Send("+84912345678")
		v := r.Await(id, func(v orchestrator.MessageView) bool {
			return len(v.Attempts) == 1 && v.Attempts[0].Status == policy.AttemptUnknown
		})
		if v.Status != policy.Sending || v.Reason != policy.ReasonUnknownOutcome || v.Cost.Micros != 0 {
			t.Errorf("the message is %s, %s, for %s", v.Status, v.Reason, v.Cost)
		}
		if wait := int64(*v.NextAt) - int64(v.Attempts[0].CreatedAt); wait < 3_600_000 || wait > 3_630_000 {
			t.Errorf("looked at again %d ms after it was called", wait)
		}
		if err := bring(t.Context(), r, v.Attempts[0].ID, report{"delivered", time.Now()}); err != nil {
			t.Fatal(err)
		}
		v = r.Await(id, orchestratortest.Final)
		sameAttempts(t, v, policy.AttemptDelivered)
		if v.Status != policy.Delivered || v.Cost.Amount() != "470" {
			t.Errorf("ended %s for %s", v.Status, v.Cost)
		}
		if diff := cmp.Diff([]string{"viber cut_taken"}, callsOf(r)); diff != "" {
			t.Errorf("the provider's log (-want +got):\n%s", diff)
		}
		r.Verify()
	})
}

func callsOf(r *orchestratortest.Rig) (out []string) {
	for _, c := range r.Sim.Calls() {
		out = append(out, c.Channel+" "+c.Outcome)
	}
	return out
}

func tells(v orchestrator.MessageView, kind string) bool {
	return slices.ContainsFunc(v.Timeline, func(e orchestrator.Event) bool { return e.Type == kind })
}
