package orchestrator_test

import (
	"errors"
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

// A suppression keeps its own tenant's messages of its own categories out, and is judged in the commit that would store
// them: nothing is kept and nobody is called.
func TestSuppressedPeopleAreNotSentTo(t *testing.T) {
	const promotions, everything, nothing, elsewhere = "+84912345671", "+84912345672", "+84912345673", "+84912345674"
	tests := map[string]struct {
		to       string
		category policy.Category
		taken    bool
	}{
		"of this category":              {promotions, policy.Promotion, false},
		"of another category":           {promotions, policy.OTP, true},
		"of all: a promotion":           {everything, policy.Promotion, false},
		"of all: a one-time password":   {everything, policy.OTP, false},
		"of none":                       {nothing, policy.Promotion, true},
		"by another tenant":             {elsewhere, policy.Promotion, true},
		"by another tenant, of all too": {elsewhere, policy.OTP, true},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		other := r.Tenant
		other.ID, other.Name = uuid.Must(uuid.NewV7()), "other"
		key, _ := models.NewAPIKey(other.ID, models.ModeLive, nil, time.Now().UnixMilli())
		if err := s.CreateTenant(t.Context(), other, key); err != nil {
			t.Fatal(err)
		}
		for _, row := range []models.Suppression{
			{TenantID: r.Tenant.ID, Phone: promotions, Categories: models.List{string(policy.Promotion)}, Reason: "asked"},
			{TenantID: r.Tenant.ID, Phone: everything, Reason: "asked"},
			{TenantID: other.ID, Phone: elsewhere, Reason: "asked"},
		} {
			row.CreatedAt = time.Now().UnixMilli()
			if err := s.PutSuppression(t.Context(), row); err != nil {
				t.Fatal(err)
			}
		}
		stored := map[string]int{}
		for name, tt := range tests {
			sub := r.Submission(tt.to)
			sub.Category = tt.category
			acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
			_, refused := errors.AsType[*orchestrator.InvalidError](err)
			switch {
			case tt.taken && err != nil:
				t.Errorf("%s: %v", name, err)
			case !tt.taken && !refused:
				t.Errorf("%s: answered %v, want an InvalidError", name, err)
			case tt.taken:
				stored[tt.to]++
				r.Await(acc.Message.ID, orchestratortest.Final)
			}
		}
		rows, _, err := s.Messages(t.Context(), r.Tenant.ID, models.MessageFilter{}, "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range rows {
			stored[m.To]--
		}
		for to, n := range stored {
			if n != 0 {
				t.Errorf("%s: %d messages too few are stored", policy.MaskPhone(to), n)
			}
		}
	})
}

// Who opts out while a message is on its way is called by no further step: not by the fallback, and not at its send_at.
func TestSuppressedMeanwhile(t *testing.T) {
	tests := map[string]struct {
		sendIn time.Duration
		calls  []string
		ended  []policy.AttemptStatus
	}{
		"between two steps": {0, []string{"zns taken"}, []policy.AttemptStatus{policy.AttemptTimedOut}},
		"before its time":   {3 * time.Second, nil, nil},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				s := modelstest.Open(t, dialect)
				r := orchestratortest.New(t, s, orchestratortest.Config{})
				r.Sim.SetRule("*", simulator.Rule{Channel: simulator.ZNS, Deliver: new(time.Duration(-1)), DropWebhooks: true})
				sub := r.Submission("+84912345678")
				if tt.sendIn > 0 {
					sub.SendAt = time.Now().Add(tt.sendIn)
				}
				acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
				if err != nil {
					t.Fatal(err)
				}
				row := models.Suppression{TenantID: r.Tenant.ID, Phone: sub.To, Reason: "asked", CreatedAt: time.Now().UnixMilli()}
				if err := s.PutSuppression(t.Context(), row); err != nil {
					t.Fatal(err)
				}
				v := r.Await(acc.Message.ID, orchestratortest.Final)
				if v.Status != policy.Failed || v.Reason != policy.ReasonSuppressed {
					t.Errorf("ended %s, %s\n%+v", v.Status, v.Reason, v.Timeline)
				}
				sameAttempts(t, v, tt.ended...)
				if diff := cmp.Diff(tt.calls, callsOf(r)); diff != "" {
					t.Errorf("the provider's log (-want +got):\n%s", diff)
				}
				r.Verify()
			})
		}
	}
}

// A message that is refused for one of its keys holds none: the app may use the other one again.
func TestKeysOfARefusedTwinStayFree(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		send := func(key, transaction, body string) (orchestrator.Accepted, error) {
			sub := r.Submission("+84912345678")
			sub.IdempotencyKey, sub.RequestHash, sub.TransactionID = key, body, transaction
			return r.Engine.Accept(t.Context(), r.Caller, sub)
		}
		taken := func(what string, acc orchestrator.Accepted, err error, replayed bool) uuid.UUID {
			t.Helper()
			if err != nil || acc.Replayed != replayed {
				t.Errorf("%s: replayed %v, %v", what, acc.Replayed, err)
			}
			return acc.Message.ID
		}
		acc, err := send("key-1", "order-1", "body-1")
		first := taken("the first", acc, err, false)

		_, err = send("key-2", "order-1", "body-2")
		if twin, ok := errors.AsType[*orchestrator.DuplicateError](err); !ok || twin.MessageID != first {
			t.Errorf("the same transaction again: %v, want a DuplicateError that names %s", err, first)
		}
		acc, err = send("key-2", "order-2", "body-3")
		if second := taken("the refused message's key", acc, err, false); second == first {
			t.Error("another transaction got the first message")
		}

		acc, err = send("key-1", "order-1", "body-1")
		if again := taken("the first, repeated", acc, err, true); again != first {
			t.Errorf("a repetition got %s, want %s", again, first)
		}
		if _, err = send("key-1", "order-3", "body-4"); !errors.Is(err, orchestrator.ErrIdempotencyConflict) {
			t.Errorf("the first key with another body: %v", err)
		}
		acc, err = send("key-3", "order-3", "body-5")
		taken("a conflict's transaction", acc, err, false)
	})
}
