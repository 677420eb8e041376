package models

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"cascade/policy"
)

// Unreachable says that a channel refused a person for good lately: it is passed over for them until a time.
type Unreachable struct {
	TenantID     uuid.UUID
	Phone        string // E.164
	Channel      policy.Channel
	Code         string // of the refusal
	Since, Until int64
}

// Person is somebody as a tenant knows them: by phone number.
type Person struct {
	TenantID uuid.UUID
	Phone    string
}

// Contact is what is known about contacting a person.
type Contact struct {
	Suppression *Suppression // nil: they may be contacted
	Unreachable []Unreachable
}

// Contacts finds what is known about contacting people; those of whom nothing is are left out.
func (t *Tx) Contacts(ctx context.Context, people []Person) (map[Person]Contact, error) {
	found := map[Person]Contact{}
	err := findContacts.run(ctx, t.q, unique(people), func(rows *sql.Rows) error {
		var p Person
		var s Suppression
		var u Unreachable
		if err := rows.Scan(&p.TenantID, &p.Phone, &s.Categories, &s.Reason, &u.Channel, &u.Code, &u.Until); err != nil {
			return err
		}
		c := found[p]
		if u.Channel == "" {
			c.Suppression = &s
		} else {
			c.Unreachable = append(c.Unreachable, u)
		}
		found[p] = c
		return nil
	})
	return found, err
}

// PutUnreachable notes refusals. A newer one of the same person and channel replaces the older; none may come twice.
func (t *Tx) PutUnreachable(ctx context.Context, rows []*Unreachable) error {
	return putUnreachable.run(ctx, t.q, rows, nil)
}

// ForgetUnreachable has channels tried again.
func (t *Tx) ForgetUnreachable(ctx context.Context, rows []*Unreachable) error {
	return forgetUnreachable.run(ctx, t.q, rows, nil)
}

// Unreachable lists the channels that are passed over for a person at a time, in Unix milliseconds.
func (s *Store) Unreachable(ctx context.Context, tenant uuid.UUID, phone string, now int64) ([]Unreachable, error) {
	var rows []Unreachable
	err := s.read.WithContext(ctx).Table("unreachable").
		Where("tenant_id = ? AND phone = ? AND until > ?", tenant, phone, now).Order("channel").Find(&rows).Error
	return rows, err
}

// PruneUnreachable forgets refusals that are over, and tells how many.
func (s *Store) PruneUnreachable(ctx context.Context, now int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM unreachable WHERE (tenant_id, phone, channel) IN (
		SELECT tenant_id, phone, channel FROM unreachable WHERE until <= ? LIMIT ?)`, now, pruneBatch)
}
