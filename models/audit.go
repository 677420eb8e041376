package models

import (
	"context"

	"github.com/google/uuid"
)

// AuditRow says who changed or saw what. Rows are added only: the database refuses to change or remove one.
type AuditRow struct {
	TenantID  uuid.UUID // or Installation
	ID        uuid.UUID
	At        int64
	ActorKind string // ActorUser, ActorKey or ActorAdminKey
	ActorID   uuid.UUID
	Actor     string // name, as it was then
	Action    string // a stable word
	Object    string // the name or id of what was acted on
	Detail    string // a JSON object, without secrets and phone numbers
	Source    string // the address that the request came from
	RequestID string
}

// TableName overrides gorm's plural.
func (AuditRow) TableName() string { return "audit" }

// Kinds of AuditRow.Actor.
const (
	ActorUser     = "user"
	ActorKey      = "key"
	ActorAdminKey = "admin_key"
)

// AuditFilter narrows the audit log. A zero field does not narrow.
type AuditFilter struct {
	Actor, Action, Object string
	After                 int64 // at or after
	Before                int64 // before
}

// Record adds a row to the audit log.
func (s *Store) Record(ctx context.Context, row AuditRow) error {
	for _, text := range []*string{&row.Actor, &row.Object, &row.Detail, &row.Source} {
		*text = Storable(*text)
	}
	return written(s.write.WithContext(ctx).Create(&row))
}

// Audit lists a tenant's log, newest first, and the next page's cursor; that of everybody if tenant is nil.
func (s *Store) Audit(ctx context.Context, tenant *uuid.UUID, f AuditFilter, cursor string, limit int) ([]AuditRow, string, error) {
	q := s.read.Model(&AuditRow{})
	if tenant != nil {
		q = q.Where("tenant_id = ?", *tenant)
	}
	for _, c := range []struct{ column, value string }{{"actor", f.Actor}, {"action", f.Action}, {"object", f.Object}} {
		if c.value != "" {
			q = q.Where(c.column+" = ?", c.value)
		}
	}
	if f.After != 0 {
		q = q.Where("at >= ?", f.After)
	}
	if f.Before != 0 {
		q = q.Where("at < ?", f.Before)
	}
	return newestFirst(ctx, q, cursor, limit, func(r AuditRow) uuid.UUID { return r.ID })
}
