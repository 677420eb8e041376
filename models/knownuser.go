package models

import (
	"context"

	"github.com/google/uuid"
)

// KnownUser is a person whose id at an account the provider told.
type KnownUser struct {
	TenantID, AccountID uuid.UUID
	Phone               string // E.164
	UserID              string // the provider's
	At                  int64  // when it was told
}

// PutKnownUser keeps a person's id, unless something newer is known of the phone.
func (s *Store) PutKnownUser(ctx context.Context, u KnownUser) error {
	return written(s.write.WithContext(ctx).Exec(`
		INSERT INTO known_users (tenant_id, account_id, phone, user_id, at) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (tenant_id, account_id, phone) DO UPDATE SET user_id = excluded.user_id, at = excluded.at
		WHERE known_users.at <= excluded.at`, u.TenantID, u.AccountID, u.Phone, Storable(u.UserID), u.At))
}

// ForgetKnownUser deletes what is known of an id that was told up to a time.
func (s *Store) ForgetKnownUser(ctx context.Context, tenant, account uuid.UUID, userID string, at int64) error {
	return written(s.write.WithContext(ctx).
		Where("tenant_id = ? AND account_id = ? AND user_id = ? AND at <= ?", tenant, account, Storable(userID), at).Delete(&KnownUser{}))
}

// KnownUser answers a person's id at an account whose template can be sent to ids, or ErrNotFound.
func (s *Store) KnownUser(ctx context.Context, tenant, account uuid.UUID, phone, template string) (KnownUser, error) {
	takesIDs := s.read.Model(&ProviderTemplate{}).Select("1").
		Where("tenant_id = ? AND account_id = ? AND template_id = ? AND user_price > 0", tenant, account, template)
	return one[KnownUser](ctx, s.read.Where("tenant_id = ? AND account_id = ? AND phone = ? AND EXISTS (?)", tenant, account, phone, takesIDs))
}

// KnowsUsers reports whether the tenant knows the id of anybody.
func (s *Store) KnowsUsers(ctx context.Context, tenant uuid.UUID) (bool, error) {
	rows, err := all[KnownUser](ctx, s.read.Where("tenant_id = ?", tenant).Limit(1))
	return len(rows) > 0, err
}
