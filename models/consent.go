package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// Consent says that a person agreed to be contacted.
type Consent struct {
	TenantID   uuid.UUID `gorm:"primaryKey"`
	Phone      string    `gorm:"primaryKey"` // E.164
	Categories List
	Source     string // where the person agreed, for whoever has to prove it
	At         int64
}

// PutConsent stores a consent over any older one of the phone. ErrNotFound: there is no such tenant.
func (s *Store) PutConsent(ctx context.Context, row Consent) error {
	return written(s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row))
}

// Consent answers the consent of a phone, or ErrNotFound.
func (s *Store) Consent(ctx context.Context, tenant uuid.UUID, phone string) (Consent, error) {
	return one[Consent](ctx, s.read.Where("tenant_id = ? AND phone = ?", tenant, phone))
}

// Consents answers those of phones that have a consent, in one query.
func (s *Store) Consents(ctx context.Context, tenant uuid.UUID, phones []string) ([]Consent, error) {
	return all[Consent](ctx, s.read.Where("tenant_id = ? AND phone IN ?", tenant, phones))
}

// DeleteConsent withdraws a consent. ErrNotFound: there is none.
func (s *Store) DeleteConsent(ctx context.Context, tenant uuid.UUID, phone string) error {
	return changed(s.write.WithContext(ctx).Where("tenant_id = ? AND phone = ?", tenant, phone).Delete(&Consent{}), ErrNotFound)
}
