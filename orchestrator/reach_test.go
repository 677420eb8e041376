package orchestrator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// remember sets for how long refusals are remembered.
func remember(t *testing.T, r *orchestratortest.Rig, d time.Duration) {
	t.Helper()
	r.Tenant.UnreachableFor = d.Milliseconds()
	if err := r.Store.SetLimits(t.Context(), r.Tenant); err != nil {
		t.Fatal(err)
	}
	r.Engine.Reload()
}

// first is the reason or the status of a message's first attempt.
func first(v orchestrator.MessageView) string {
	if a := v.Attempts[0]; a.Status == policy.AttemptSkipped {
		return string(a.Reason)
	}
	return string(v.Attempts[0].Status)
}

// Somebody without Zalo costs one call: the next messages begin with the next step, until the memory fades.
func TestRefusalsForGoodAreRemembered(t *testing.T) {
	const nobody = "+84900000003" // no Zalo account
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		remember(t, r, time.Hour)
		send := func() orchestrator.MessageView { return r.Await(r.Send(nobody), orchestratortest.Final) }
		if v := send(); first(v) != "failed" || v.Channel != policy.Viber {
			t.Fatalf("the first message: %s, then %s", first(v), v.Channel)
		}
		const messages = 200
		tried := 0
		var ids []uuid.UUID
		for range messages {
			ids = append(ids, r.Send(nobody))
		}
		for _, id := range ids {
			switch v := r.Await(id, orchestratortest.Final); {
			case v.Channel != policy.Viber || len(v.Attempts) != 2:
				t.Fatalf("ended by %s: %+v", v.Channel, v.Timeline)
			case first(v) == "failed":
				tried++
			case first(v) != string(policy.ReasonSkippedUnreachable):
				t.Fatalf("the first attempt %s", first(v))
			}
		}
		if tried == 0 || tried > messages/8 { // a twentieth; either bound is missed once in 20,000 runs
			t.Errorf("%d of %d messages tried ZNS all the same, want about %d", tried, messages, messages/20)
		}
		if v := send(); first(v) == "failed" {
			tried++
		} else if !slices.ContainsFunc(v.Timeline, func(e orchestrator.Event) bool {
			return e.Type == "attempt.skipped" && strings.Contains(e.Detail, "no_zalo_account")
		}) {
			t.Errorf("the timeline does not say by which refusal: %+v", v.Timeline)
		}
		calls := 0
		for _, c := range r.Sim.Calls() {
			if c.Channel == simulator.ZNS {
				calls++
			}
		}
		if calls != tried+1 {
			t.Errorf("the provider was called %d times on ZNS, want %d", calls, tried+1)
		}
		known, err := s.Unreachable(t.Context(), r.Tenant.ID, nobody, time.Now().UnixMilli())
		if err != nil || len(known) != 1 || known[0].Channel != policy.ZNS || known[0].Code != "no_zalo_account" {
			t.Errorf("remembered %+v, %v", known, err)
		}
		remember(t, r, 0)
		if v := send(); first(v) != "failed" {
			t.Errorf("nothing is to be remembered any more, but ZNS was %s", first(v))
		}
		r.Verify()
	})
}

// Where ZNS is all there is, it is tried: nothing would be sent at all.
func TestOnlyChannelIsTriedWhateverIsRemembered(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		remember(t, r, time.Hour)
		r.Policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"2s"}],"ttl":"10m"}`)
		for range 3 {
			if v := r.Await(r.Send("+84900000003"), orchestratortest.Final); first(v) != "failed" || v.Status != policy.Failed {
				t.Errorf("%s by %s", v.Status, first(v))
			}
		}
		r.Verify()
	})
}

// A message that was to wait for its account's free capacity goes to the next step, when somebody else's told meanwhile that
// the person is not there.
func TestWaitingMessagesHeedWhatWasLearned(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{PerSecond: 1, Concurrency: 1})
		remember(t, r, time.Hour)
		// The first call is answered when all have been accepted: 150 s at the rig's scale are three.
		const nobody = "+84912345670"
		r.Sim.SetRule(nobody[1:], simulator.Rule{
			Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser, AnswerAfter: 150 * time.Second,
		})
		var ids []orchestrator.MessageView
		for range 4 {
			acc, err := r.Engine.Accept(t.Context(), r.Caller, r.Submission(nobody))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, acc.Message)
		}
		canceled := 0
		for _, m := range ids {
			v := r.Await(m.ID, orchestratortest.Final)
			if v.Channel != policy.Viber {
				t.Errorf("ended %s by %s: %+v", v.Status, v.Channel, v.Timeline)
			}
			if first(v) == "canceled" && v.Attempts[0].Reason == policy.ReasonSkippedUnreachable {
				canceled++
			}
		}
		if canceled == 0 {
			t.Error("every message waited for its turn to be refused")
		}
		r.Verify()
	})
}
