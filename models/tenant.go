package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Tenant is a customer of the installation. Everything else belongs to one.
type Tenant struct {
	ID            uuid.UUID
	Name          string
	DefaultRegion string // ISO 3166-1 alpha-2: how a national phone number is read
	Timezone      string // IANA name
	Currency      string // ISO 4217
	// UnreachableFor is how long a channel is passed over for a person whom it refused for good, in milliseconds; 0: that is
	// not remembered.
	UnreachableFor int64
	// CapDay and CapMonth are the most that messages accepted in a day, and a month, of the tenant's zone may cost, in micros;
	// 0: no cap.
	CapDay, CapMonth int64
	CreatedAt        int64 `gorm:"autoCreateTime:false"`
}

// CreateTenant stores a tenant together with its first key: neither is of use alone.
func (s *Store) CreateTenant(ctx context.Context, t Tenant, first APIKey) error {
	first.TenantID = t.ID
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := written(tx.Create(&t)); err != nil {
			return err
		}
		return written(tx.Create(&first))
	})
}

// Tenant answers a tenant, or ErrNotFound.
func (s *Store) Tenant(ctx context.Context, id uuid.UUID) (Tenant, error) {
	return one[Tenant](ctx, s.read.Where("id = ?", id))
}

// ConfigStamp is a number that every change of the tenant's configuration moves on: of the tenant itself, and of its
// accounts, policies, templates, routes, prices and callbacks.
func (s *Store) ConfigStamp(ctx context.Context, tenant uuid.UUID) (int64, error) {
	return s.first(ctx, configStamp, tenant)
}

const configStamp = "SELECT stamp FROM config_stamps WHERE tenant_id = $1"

// Tenants lists tenants, newest first, and the next page's cursor.
func (s *Store) Tenants(ctx context.Context, cursor string, limit int) ([]Tenant, string, error) {
	return newestFirst(ctx, s.read.Model(&Tenant{}), cursor, limit, func(t Tenant) uuid.UUID { return t.ID })
}

// lockTenant makes transactions that number something per tenant follow one another. It leaves foreign keys to the
// tenant free. SQLite has one writer anyhow, and gorm leaves the clause out there.
func lockTenant(tx *gorm.DB, id uuid.UUID) error {
	q := tx.Clauses(clause.Locking{Strength: "NO KEY UPDATE"}).Where("id = ?", id)
	_, err := one[Tenant](tx.Statement.Context, q)
	return err
}
