package models

import (
	"context"
	"database/sql"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Budget is what the messages that a tenant with a cap accepted in a period may come to cost.
type Budget struct {
	TenantID uuid.UUID `gorm:"primaryKey"`
	Period   string    `gorm:"primaryKey"` // as 2026-11-22 or 2026-11
	// StartsAt and EndsAt are the period, in Unix milliseconds, its end not in it.
	StartsAt, EndsAt int64
	Used             int64 // micros
	// RecountAt: what replicas accepted that had not heard of the cap is counted again from then on; 0: all is counted.
	RecountAt int64
}

// LockBudgets answers budgets, and has other transactions wait for them until this one ends. Those that are not there are made,
// with what was accepted before. now is in Unix milliseconds.
func (t *Tx) LockBudgets(ctx context.Context, wanted []*Budget, now int64) ([]*Budget, error) {
	found, err := t.lockBudgets(ctx, wanted)
	if err != nil {
		return nil, err
	}
	if len(found) < len(wanted) {
		if err := insertBudgets.run(ctx, t.q, wanted, nil); err != nil {
			return nil, err
		}
		if found, err = t.lockBudgets(ctx, wanted); err != nil {
			return nil, err
		}
	}
	for _, b := range found {
		if b.RecountAt == 0 || b.Used != uncounted && now < b.RecountAt {
			continue
		}
		if err := t.recount(ctx, b, now); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// uncounted is the Used of a budget that was made just now.
const uncounted = -1

// NewBudget is a budget before anything was counted: it is again at recountAt.
func NewBudget(tenant uuid.UUID, period string, startsAt, endsAt, recountAt int64) *Budget {
	return &Budget{TenantID: tenant, Period: period, StartsAt: startsAt, EndsAt: endsAt, Used: uncounted, RecountAt: recountAt}
}

func (t *Tx) lockBudgets(ctx context.Context, wanted []*Budget) ([]*Budget, error) {
	var found []*Budget
	err := lockBudgets.run(ctx, t.q, wanted, func(rows *sql.Rows) error {
		b := &Budget{}
		if err := rows.Scan(&b.TenantID, &b.Period, &b.StartsAt, &b.EndsAt, &b.Used, &b.RecountAt); err != nil {
			return err
		}
		found = append(found, b)
		return nil
	})
	return found, err
}

// recount sums what the messages of a budget's period may come to cost. Whoever holds the budget sees all that were counted in
// it, for they were committed with it.
func (t *Tx) recount(ctx context.Context, b *Budget, now int64) error {
	err := t.q.run(ctx, sumExposure, []any{b.TenantID, firstID(b.StartsAt), b.StartsAt, b.EndsAt}, func(rows *sql.Rows) error { return rows.Scan(&b.Used) })
	if err != nil {
		return err
	}
	if now >= b.RecountAt {
		b.RecountAt = 0
	}
	return t.q.run(ctx, setBudget, []any{b.TenantID, b.Period, b.Used, b.RecountAt}, nil)
}

// What a period's messages may come to cost. Their ids walk the primary key to them: each carries the time at which it was made,
// or a later one where the clock was set back, for ids only grow.
const (
	sumExposure = "SELECT CAST(COALESCE(SUM(COALESCE(exposure, cost, 0)), 0) AS bigint) FROM messages " +
		"WHERE tenant_id = $1 AND id >= $2 AND created_at >= $3 AND created_at < $4 AND NOT test"
	sumExposureOf = "SELECT CAST(COALESCE(SUM(COALESCE(m.exposure, m.cost, 0)), 0) AS bigint) FROM messages m " +
		"WHERE m.tenant_id = @tenant AND m.id >= @first AND m.created_at >= @from AND m.created_at < @to AND NOT m.test"
	setBudget = "UPDATE budgets SET used = $3, recount_at = $4 WHERE tenant_id = $1 AND period = $2"
)

// idSkew is how far the clock that ids are made by may be behind the database's, which created_at is told by, in milliseconds.
const idSkew = int64(48 * time.Hour / time.Millisecond)

// firstID is at most the id of any message that was created at a time or later.
func firstID(from int64) (id uuid.UUID) {
	for i := range 6 { // RFC 9562: the first 48 bits are the time in milliseconds
		id[i] = byte(max(from-idSkew, 0) >> (40 - 8*i))
	}
	return id
}

// AddToBudgets adds each row's Used, which may be negative, to what is stored. A budget must not come twice.
func (t *Tx) AddToBudgets(ctx context.Context, rows []*Budget) error {
	return addToBudgets.run(ctx, t.q, rows, nil)
}

// SetLimits changes what a tenant's own settings are: how long refusals are remembered, and its caps. What was counted against
// older caps is counted anew.
func (s *Store) SetLimits(ctx context.Context, t Tenant) error {
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		err := changed(tx.Model(&Tenant{}).Where("id = ?", t.ID).
			Select("unreachable_for", "cap_day", "cap_month").Updates(&t), ErrNotFound)
		if err != nil {
			return err
		}
		return tx.Where("tenant_id = ?", t.ID).Delete(&Budget{}).Error
	})
}

// Budgets lists a tenant's budgets whose period is not over at a time, in Unix milliseconds.
func (s *Store) Budgets(ctx context.Context, tenant uuid.UUID, now int64) ([]Budget, error) {
	var rows []Budget
	err := s.read.WithContext(ctx).Where("tenant_id = ? AND ends_at > ?", tenant, now).Order("period").Find(&rows).Error
	return rows, err
}

// PruneBudgets forgets budgets whose period ended before a time, and tells how many.
func (s *Store) PruneBudgets(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM budgets WHERE (tenant_id, period) IN (SELECT tenant_id, period FROM budgets WHERE ends_at < ? LIMIT ?)`,
		before, pruneBatch)
}
