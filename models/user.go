package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Installation stands for a tenant where something concerns all of them.
var Installation uuid.UUID

// User is a person who signs in with a name and a password.
type User struct {
	TenantID uuid.UUID // or Installation
	ID       uuid.UUID
	Name     string // lower case
	Role     string
	Password string // HashPassword of the password
	// CreatedAt and what follows are in Unix milliseconds, 0 for never.
	CreatedAt  int64 `gorm:"autoCreateTime:false"`
	LastSeenAt int64
	DisabledAt int64
}

// UserPatch is what of a user changes: nil leaves a field as it is.
type UserPatch struct {
	Role, Password *string
	DisabledAt     *int64
}

// InsertUser stores a user. ErrDuplicate: the name is taken, be it by another tenant.
func (s *Store) InsertUser(ctx context.Context, u User) error {
	return written(s.write.WithContext(ctx).Create(&u))
}

// User answers a person, whoever's they are, or ErrNotFound.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	return one[User](ctx, s.read.Where("id = ?", id))
}

// UserByName answers who signs in under a name, or ErrNotFound.
func (s *Store) UserByName(ctx context.Context, name string) (User, error) {
	return one[User](ctx, s.read.Where("name = ?", name))
}

// Users lists a tenant's people, newest first, and the next page's cursor; those of everybody if tenant is nil.
func (s *Store) Users(ctx context.Context, tenant *uuid.UUID, cursor string, limit int) ([]User, string, error) {
	q := s.read.Model(&User{})
	if tenant != nil {
		q = q.Where("tenant_id = ?", *tenant)
	}
	return newestFirst(ctx, q, cursor, limit, func(u User) uuid.UUID { return u.ID })
}

// UpdateUser changes a user, and ends their sessions but the one whose hash is keep. ErrNotFound: there is none.
func (s *Store) UpdateUser(ctx context.Context, tenant, id uuid.UUID, p UserPatch, keep string) error {
	columns := map[string]any{}
	if p.Role != nil {
		columns["role"] = *p.Role
	}
	if p.Password != nil {
		columns["password"] = *p.Password
	}
	if p.DisabledAt != nil {
		columns["disabled_at"] = *p.DisabledAt
	}
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := endSessions(tx, tenant, id, keep); err != nil {
			return err
		}
		return changed(tx.Model(&User{}).Where("tenant_id = ? AND id = ?", tenant, id).Updates(columns), ErrNotFound)
	})
}

// DeleteUser removes a user, and their sessions. ErrNotFound: there is none.
func (s *Store) DeleteUser(ctx context.Context, tenant, id uuid.UUID) error {
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := endSessions(tx, tenant, id, ""); err != nil {
			return err
		}
		return changed(tx.Where("tenant_id = ? AND id = ?", tenant, id).Delete(&User{}), ErrNotFound)
	})
}

// endSessions ends those of a user; keep is the hash of one that stays, "" for none.
func endSessions(tx *gorm.DB, tenant, user uuid.UUID, keep string) error {
	return written(tx.Where("tenant_id = ? AND user_id = ? AND hash <> ?", tenant, user, keep).Delete(&Session{}))
}
