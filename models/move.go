package models

import (
	"context"

	"github.com/google/uuid"
)

// AccountMove is a change of the share of an account's messages that it gets on a replica, because of how it does.
type AccountMove struct {
	TenantID  uuid.UUID `gorm:"primaryKey"`
	AccountID uuid.UUID `gorm:"primaryKey"`
	ID        uuid.UUID `gorm:"primaryKey"`
	At        int64
	Share     float64 // 0 to 1
	Reason    string
	Detail    string
	DetailVI  string // Detail in Vietnamese; empty for moves of older versions
}

// InsertMove stores a move.
func (s *Store) InsertMove(ctx context.Context, m AccountMove) error {
	return written(s.write.WithContext(ctx).Create(&m))
}

// Moves lists an account's moves, newest first, and the next page's cursor.
func (s *Store) Moves(ctx context.Context, tenant, account uuid.UUID, cursor string, limit int) ([]AccountMove, string, error) {
	q := s.read.Model(&AccountMove{}).Where("tenant_id = ? AND account_id = ?", tenant, account)
	return newestFirst(ctx, q, cursor, limit, func(m AccountMove) uuid.UUID { return m.ID })
}

// PruneMoves forgets moves before a time, and tells how many.
func (s *Store) PruneMoves(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM account_moves WHERE (tenant_id, account_id, id) IN (
		SELECT tenant_id, account_id, id FROM account_moves WHERE at < ? LIMIT ?)`, before, pruneBatch)
}
