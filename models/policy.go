package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// PolicyVersion is a policy as it was put once. A message keeps the version that it was accepted under.
type PolicyVersion struct {
	TenantID  uuid.UUID
	Name      string
	Version   int64  // from 1
	Body      []byte // JSON: policy.Policy
	CreatedAt int64  `gorm:"autoCreateTime:false"`
	Deleted   bool   // this version took the policy out of use
}

// TableName says that the table is named after what it holds versions of.
func (PolicyVersion) TableName() string { return "policies" }

// current keeps of a tenant's versions the newest of each name, unless it is a deletion.
const current = `tenant_id = ? AND NOT deleted AND version = (
	SELECT max(v.version) FROM policies v WHERE v.tenant_id = policies.tenant_id AND v.name = policies.name)`

// PutPolicy stores body as the next version and answers it. ErrNotFound: there is no such tenant.
func (s *Store) PutPolicy(ctx context.Context, tenant uuid.UUID, name string, body []byte, now int64) (int64, error) {
	p := PolicyVersion{TenantID: tenant, Name: name, Body: filled(body), CreatedAt: now}
	err := s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return addVersion(tx, &p) })
	return p.Version, err
}

// DeletePolicy takes a policy out of use, by a version that says so. ErrNotFound: it is not in use.
func (s *Store) DeletePolicy(ctx context.Context, tenant uuid.UUID, name string, now int64) error {
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := lockTenant(tx, tenant); err != nil {
			return err
		}
		if _, err := one[PolicyVersion](ctx, tx.Where(current, tenant).Where("name = ?", name)); err != nil {
			return err
		}
		return addVersion(tx, &PolicyVersion{TenantID: tenant, Name: name, Body: []byte{}, CreatedAt: now, Deleted: true})
	})
}

// addVersion numbers p after the newest version of its name, whatever that is, and stores it.
func addVersion(tx *gorm.DB, p *PolicyVersion) error {
	if err := lockTenant(tx, p.TenantID); err != nil {
		return err
	}
	err := tx.Model(&PolicyVersion{}).Where("tenant_id = ? AND name = ?", p.TenantID, p.Name).
		Select("coalesce(max(version), 0) + 1").Scan(&p.Version).Error
	if err != nil {
		return err
	}
	return written(tx.Create(p))
}

// Policy answers the version in use, or ErrNotFound.
func (s *Store) Policy(ctx context.Context, tenant uuid.UUID, name string) (PolicyVersion, error) {
	return one[PolicyVersion](ctx, s.read.Where(current, tenant).Where("name = ?", name))
}

// PolicyAt answers one version, in use or not, or ErrNotFound.
func (s *Store) PolicyAt(ctx context.Context, tenant uuid.UUID, name string, version int64) (PolicyVersion, error) {
	return one[PolicyVersion](ctx, s.read.Where("tenant_id = ? AND name = ? AND version = ?", tenant, name, version))
}

// Policies lists the versions in use, by name.
func (s *Store) Policies(ctx context.Context, tenant uuid.UUID) ([]PolicyVersion, error) {
	return all[PolicyVersion](ctx, s.read.Where(current, tenant).Order("name"))
}

// PolicyVersions lists every version of a policy, newest first. It is empty if there never was one.
func (s *Store) PolicyVersions(ctx context.Context, tenant uuid.UUID, name string) ([]PolicyVersion, error) {
	return all[PolicyVersion](ctx, s.read.Where("tenant_id = ? AND name = ?", tenant, name).Order("version DESC"))
}
