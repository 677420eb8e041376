package models_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// A budget counts what was accepted in its period, also by messages whose ids carry a later time: a clock was set back, and ids
// only grow. Test messages, and those of other periods and tenants, are not in it.
func TestBudgetCountsItsPeriod(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		const day, dong = int64(24 * 3600 * 1000), int64(1_000_000)
		mine, other := newTenant(t, s), newTenant(t, s)
		message := func(tenant uuid.UUID, created, cost, exposure int64, test bool) *models.Message {
			m := newMessage() // its id is of today, and the period of 1970
			m.TenantID, m.CreatedAt, m.Cost, m.Exposure, m.Test = tenant, created, cost*dong, exposure*dong, test
			return m
		}
		insert(t, s,
			message(mine, 5*day, 200, 0, false), message(mine, 6*day-1, 200, 1490, false),
			message(mine, 5*day-1, 1, 0, false), message(mine, 6*day, 2, 0, false), message(mine, 5*day, 4, 0, true), message(other, 5*day, 8, 0, false))
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			rows, err := tx.LockBudgets(ctx, []*models.Budget{models.NewBudget(mine, "1970-01-06", 5*day, 6*day, 7*day)}, 5*day)
			if err != nil || len(rows) != 1 || rows[0].Used != 1690*dong || rows[0].RecountAt != 7*day {
				t.Errorf("counted %+v, %v", rows, err)
			}
			return err
		})
	})
}
