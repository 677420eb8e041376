package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// Suppression says that a person must not be contacted.
type Suppression struct {
	TenantID   uuid.UUID `gorm:"primaryKey"`
	Phone      string    `gorm:"primaryKey"` // E.164
	Categories List      // empty: every category
	Reason     string
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
}

// PutSuppression stores a suppression over any older one of the phone. ErrNotFound: there is no such tenant.
func (s *Store) PutSuppression(ctx context.Context, row Suppression) error {
	return written(s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&row))
}

// Suppression answers the suppression of a phone, or ErrNotFound.
func (s *Store) Suppression(ctx context.Context, tenant uuid.UUID, phone string) (Suppression, error) {
	return one[Suppression](ctx, s.read.Where("tenant_id = ? AND phone = ?", tenant, phone))
}

// DeleteSuppression lets a person be contacted again. ErrNotFound: there is no suppression.
func (s *Store) DeleteSuppression(ctx context.Context, tenant uuid.UUID, phone string) error {
	return changed(s.write.WithContext(ctx).Where("tenant_id = ? AND phone = ?", tenant, phone).Delete(&Suppression{}), ErrNotFound)
}
