package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Quota is what is left of an account's, as its provider told it.
type Quota struct {
	Left, Total  int64
	At, ResetsAt int64 // Unix milliseconds; ResetsAt 0: not told
}

// NoteQuota keeps what is left of an account's quota, unless something newer is known. It is no change of the account: its
// version stays, and its configuration's stamp moves only when the quota is used up, or is so no longer.
func (s *Store) NoteQuota(ctx context.Context, tenant, account uuid.UUID, q Quota) error {
	return written(s.write.WithContext(ctx).Model(&Account{}).
		Where("tenant_id = ? AND id = ? AND deleted_at = 0 AND quota_at <= ?", tenant, account, q.At).
		UpdateColumns(map[string]any{"quota_left": q.Left, "quota_total": q.Total, "quota_at": q.At, "quota_resets_at": q.ResetsAt}))
}

// NoteQuality keeps the provider's word for an account.
func (s *Store) NoteQuality(ctx context.Context, tenant, account uuid.UUID, quality string) error {
	return written(s.write.WithContext(ctx).Model(&Account{}).
		Where("tenant_id = ? AND id = ? AND deleted_at = 0 AND quality <> ?", tenant, account, Storable(quality)).
		UpdateColumns(map[string]any{"quality": Storable(quality)}))
}

// DueLimits lists accounts in use whose provider was not asked for quota and quality since before, the longest due first.
func (s *Store) DueLimits(ctx context.Context, before int64, limit int) ([]Account, error) {
	return all[Account](ctx, s.read.Where("deleted_at = 0 AND state = ? AND limits_at <= ?", AccountActive, before).
		Order("limits_at, tenant_id, id").Limit(limit))
}

// ClaimLimits takes an account's turn to be asked. One of several callers gets true.
func (s *Store) ClaimLimits(ctx context.Context, tenant, account uuid.UUID, before, now int64) (bool, error) {
	q := s.write.WithContext(ctx).Model(&Account{}).
		Where("tenant_id = ? AND id = ? AND limits_at <= ?", tenant, account, before).
		UpdateColumns(map[string]any{"limits_at": now})
	return q.RowsAffected == 1, written(q)
}

// LinkAccount notes that a person consented to the account's use: one that waited for it may send again.
func (s *Store) LinkAccount(ctx context.Context, tenant, account uuid.UUID, now int64) error {
	revived := func(column string, otherwise any) any {
		return gorm.Expr("CASE WHEN state = ? THEN ? ELSE "+column+" END", AccountNeedsReauth, otherwise)
	}
	return s.patchAccount(ctx, tenant, account, map[string]any{
		"linked_at": now, "updated_at": now,
		"state": revived("state", AccountActive), "state_reason": revived("state_reason", ""), "paused_until": revived("paused_until", 0),
	})
}
