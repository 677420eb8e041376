package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Session is a person who is signed in. Its token is in their browser and stored nowhere.
type Session struct {
	TenantID  uuid.UUID // as the user's
	UserID    uuid.UUID // uuid.Nil: the admin key opened it
	Hash      string    // of the token
	CreatedAt int64     `gorm:"autoCreateTime:false"`
	SeenAt    int64     // the last request that keeps it alive, to the minute
	EndsAt    int64     // whatever is done with it
}

// OpenSession stores a session, and forgets all that ended before now or were not seen since idle.
func (s *Store) OpenSession(ctx context.Context, row Session, now, idle int64) error {
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := written(tx.Where("ends_at <= ? OR seen_at <= ?", now, idle).Delete(&Session{})); err != nil {
			return err
		}
		return written(tx.Create(&row))
	})
}

// SessionByHash finds a session, whosever it is, or ErrNotFound.
func (s *Store) SessionByHash(ctx context.Context, hash string) (Session, error) {
	return one[Session](ctx, s.read.Where("hash = ?", hash))
}

// TouchSession notes that a session, and its user, were seen. One that was ended meanwhile stays so.
func (s *Store) TouchSession(ctx context.Context, row Session, now int64) error {
	tx := s.write.WithContext(ctx).Model(&Session{}).
		Where("tenant_id = ? AND user_id = ? AND hash = ? AND seen_at < ?", row.TenantID, row.UserID, row.Hash, now).Update("seen_at", now)
	if err := written(tx); err != nil || row.UserID == uuid.Nil {
		return err
	}
	return written(s.write.WithContext(ctx).Model(&User{}).
		Where("tenant_id = ? AND id = ? AND last_seen_at < ?", row.TenantID, row.UserID, now).Update("last_seen_at", now))
}

// CloseSession ends a session; one that has ended is no error.
func (s *Store) CloseSession(ctx context.Context, row Session) error {
	return written(s.write.WithContext(ctx).
		Where("tenant_id = ? AND user_id = ? AND hash = ?", row.TenantID, row.UserID, row.Hash).Delete(&Session{}))
}

// RenewSession puts a session under another token. ErrNotFound: it has ended.
func (s *Store) RenewSession(ctx context.Context, row Session, hash string) error {
	return changed(s.write.WithContext(ctx).Model(&Session{}).
		Where("tenant_id = ? AND user_id = ? AND hash = ?", row.TenantID, row.UserID, row.Hash).Update("hash", hash), ErrNotFound)
}
