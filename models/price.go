package models

import (
	"context"

	"github.com/google/uuid"
)

// Prices answers the tenant's price book as JSON (policy.PriceBook), or ErrNotFound if none was put.
func (s *Store) Prices(ctx context.Context, tenant uuid.UUID) ([]byte, error) {
	return s.document(ctx, "prices", tenant)
}

// PutPrices replaces the tenant's price book. ErrNotFound: there is no such tenant.
func (s *Store) PutPrices(ctx context.Context, tenant uuid.UUID, body []byte, now int64) error {
	return s.putDocument(ctx, "prices", tenant, body, now)
}
