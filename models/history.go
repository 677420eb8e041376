package models

import (
	"context"

	"github.com/google/uuid"

	"cascade/policy"
)

// HistoryQuery asks for messages that came to their end.
type HistoryQuery struct {
	TenantID uuid.UUID
	Policy   string
	From, To int64 // of when they were accepted, in Unix milliseconds: From is in, To is not
	Limit    int
}

// Finished lists the messages of a policy that came to their end, the latest first, without tests.
func (s *Store) Finished(ctx context.Context, q HistoryQuery) ([]Ref, error) {
	var ids []uuid.UUID
	err := s.read.WithContext(ctx).Table("messages").Select("id").
		Where("tenant_id = ? AND policy_name = ? AND created_at >= ? AND created_at < ?", q.TenantID, q.Policy, q.From, q.To).
		Where("completed_at IS NOT NULL AND NOT test").Order("created_at DESC, id DESC").Limit(q.Limit).Find(&ids).Error
	refs := make([]Ref, len(ids))
	for i, id := range ids {
		refs[i] = Ref{q.TenantID, id}
	}
	return refs, err
}

// Tried lists attempts on a channel that are over, the latest first, without tests: a sample of what a channel does.
func (s *Store) Tried(ctx context.Context, tenant uuid.UUID, ch policy.Channel, from, to int64, limit int) ([]Attempt, error) {
	return all[Attempt](ctx, s.read.Table("attempts a").Select("a.*").
		Joins("JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id").
		Where("a.tenant_id = ? AND a.channel = ? AND a.created_at >= ? AND a.created_at < ?", tenant, ch, from, to).
		Where("a.calls > 0 AND m.completed_at IS NOT NULL AND NOT m.test").
		Order("a.created_at DESC, a.message_id DESC, a.n DESC").Limit(limit))
}
