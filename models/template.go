package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"cascade/policy"
)

// Template is one message to people, rendered per channel.
type Template struct {
	TenantID  uuid.UUID `gorm:"primaryKey"`
	Name      string    `gorm:"primaryKey"`
	Category  policy.Category
	Params    []byte // JSON array of what the message takes
	Content   []byte // JSON object, by channel
	UpdatedAt int64  `gorm:"autoUpdateTime:false"`
}

// PutTemplate stores a template over any older one of its name. ErrNotFound: there is no such tenant.
func (s *Store) PutTemplate(ctx context.Context, t Template) error {
	t.Params, t.Content = filled(t.Params), filled(t.Content)
	return written(s.write.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&t))
}

// Template answers a template, or ErrNotFound.
func (s *Store) Template(ctx context.Context, tenant uuid.UUID, name string) (Template, error) {
	return one[Template](ctx, s.read.Where("tenant_id = ? AND name = ?", tenant, name))
}

// Templates lists a tenant's templates by name.
func (s *Store) Templates(ctx context.Context, tenant uuid.UUID) ([]Template, error) {
	return all[Template](ctx, s.read.Where("tenant_id = ?", tenant).Order("name"))
}

// DeleteTemplate removes a template: messages keep what was rendered from it. ErrNotFound: there is none.
func (s *Store) DeleteTemplate(ctx context.Context, tenant uuid.UUID, name string) error {
	return changed(s.write.WithContext(ctx).Where("tenant_id = ? AND name = ?", tenant, name).Delete(&Template{}), ErrNotFound)
}
