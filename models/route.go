package models

import (
	"context"

	"github.com/google/uuid"
)

// Routes answers the tenant's routing rules as JSON (policy.Routes), or ErrNotFound if none were put.
func (s *Store) Routes(ctx context.Context, tenant uuid.UUID) ([]byte, error) {
	return s.document(ctx, "routes", tenant)
}

// PutRoutes replaces the tenant's routing rules. ErrNotFound: there is no such tenant.
func (s *Store) PutRoutes(ctx context.Context, tenant uuid.UUID, body []byte, now int64) error {
	return s.putDocument(ctx, "routes", tenant, body, now)
}

// document answers the body of the tenant's row in a table that holds one row for each tenant.
func (s *Store) document(ctx context.Context, table string, tenant uuid.UUID) ([]byte, error) {
	type document struct{ Body []byte }
	d, err := one[document](ctx, s.read.Table(table).Select("body").Where("tenant_id = ?", tenant))
	return d.Body, err
}

func (s *Store) putDocument(ctx context.Context, table string, tenant uuid.UUID, body []byte, now int64) error {
	return written(s.write.WithContext(ctx).Exec(`
		INSERT INTO `+table+` (tenant_id, body, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (tenant_id) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at`,
		tenant, filled(body), now))
}
