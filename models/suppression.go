package models

import (
	"context"
	"database/sql"

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

// Person is somebody as a tenant knows them: by phone number.
type Person struct {
	TenantID uuid.UUID
	Phone    string
}

// Suppressed finds the suppressions of people.
func (t *Tx) Suppressed(ctx context.Context, people []Person) (map[Person]Suppression, error) {
	found := map[Person]Suppression{}
	err := findSuppressed.run(ctx, t.q, unique(people), func(rows *sql.Rows) error {
		var s Suppression
		if err := rows.Scan(&s.TenantID, &s.Phone, &s.Categories, &s.Reason); err != nil {
			return err
		}
		found[Person{s.TenantID, s.Phone}] = s
		return nil
	})
	return found, err
}

// DeleteSuppression lets a person be contacted again. ErrNotFound: there is no suppression.
func (s *Store) DeleteSuppression(ctx context.Context, tenant uuid.UUID, phone string) error {
	return changed(s.write.WithContext(ctx).Where("tenant_id = ? AND phone = ?", tenant, phone).Delete(&Suppression{}), ErrNotFound)
}
