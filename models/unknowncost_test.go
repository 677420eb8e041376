package models_test

import (
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// What nobody knows the outcome of is counted with what it may cost, until evidence settles it.
func TestUnsettled(t *testing.T) {
	account := uuid.New()
	plan := []byte(`{"steps":[{"channel":"zns","accounts":[{"id":"` + account.String() + `",
		"terms":{"unit_price":{"amount":"200","currency":"VND"},"units":2,"moment":"taken"}}]}]}`)
	tests := map[string]struct {
		change func(*models.Message, *models.Attempt)
		want   int64
	}{
		"timed out":           {func(*models.Message, *models.Attempt) {}, 1},
		"still open":          {func(_ *models.Message, a *models.Attempt) { a.Status = policy.AttemptUnknown }, 1},
		"delivered after all": {func(_ *models.Message, a *models.Attempt) { a.Status, a.DeliveredAt = policy.AttemptDelivered, 5 }, 0},
		"taken after all":     {func(_ *models.Message, a *models.Attempt) { a.SentAt = 5 }, 0},
		"failed after all":    {func(_ *models.Message, a *models.Attempt) { a.Status = policy.AttemptFailed }, 0},
		"a test":              {func(m *models.Message, _ *models.Attempt) { m.Test = true }, 0},
		"too early":           {func(_ *models.Message, a *models.Attempt) { a.CreatedAt = 999 }, 0},
		"too late":            {func(_ *models.Message, a *models.Attempt) { a.CreatedAt = 2000 }, 0},
		"another policy":      {func(m *models.Message, _ *models.Attempt) { m.PolicyName = "b" }, 0},
		"another tenant":      {func(m *models.Message, a *models.Attempt) { m.TenantID = uuid.New(); a.TenantID = m.TenantID }, 0},
		"no price":            {func(_ *models.Message, a *models.Attempt) { a.AccountID = uuid.New() }, 1},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tenant := newTenant(t, s)
		wanted, priced := int64(0), int64(0)
		for name, tt := range tests {
			m := newMessage()
			m.TenantID, m.PolicyName, m.Currency, m.Plan, m.Version, m.Test = tenant, "a", "VND", plan, 1, false
			a := newAttempt(m, 1)
			a.AccountID, a.Status, a.Class, a.Calls, a.CreatedAt = account, policy.AttemptTimedOut, policy.ClassUnknown, 1, 1000
			a.SentAt, a.DeliveredAt, a.ReadAt = 0, 0, 0
			tt.change(m, a)
			if wanted += tt.want; name != "no price" {
				priced += tt.want
			}
			err := s.InTx(t.Context(), func(tx *models.Tx) error {
				if err := tx.InsertMessages(t.Context(), []*models.Message{m}); err != nil {
					return err
				}
				return tx.InsertAttempts(t.Context(), []*models.Attempt{a})
			})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		err := s.Report(t.Context(), func(r *models.Report) error {
			u, err := r.Unsettled(models.CostQuery{TenantID: tenant, From: 1000, To: 2000, Where: map[string]string{"policy": "a"}})
			if u.Attempts != wanted || u.Cost["VND"] != priced*400_000_000 {
				t.Errorf("got %+v, want %d attempts, %d of them with a price", u, wanted, priced)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
