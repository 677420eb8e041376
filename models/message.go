package models

import (
	"context"

	"github.com/google/uuid"

	"cascade/policy"
)

// MessageFilter narrows a list of messages. A zero field does not narrow.
type MessageFilter struct {
	Status        policy.MessageStatus
	Channel       policy.Channel // the one that reached the person, or is under way
	To            string         // E.164
	Template      string
	Policy        string // name
	TransactionID string
	CreatedAfter  int64 // at or after
	CreatedBefore int64 // before
}

// Messages lists a tenant's messages, newest first, and the next page's cursor.
func (s *Store) Messages(ctx context.Context, tenant uuid.UUID, f MessageFilter, cursor string, limit int) ([]Message, string, error) {
	q := s.read.Where("tenant_id = ?", tenant)
	for _, c := range []struct{ column, value string }{
		{"status", string(f.Status)},
		{"channel", string(f.Channel)},
		{"to_phone", f.To},
		{"template", f.Template},
		{"policy_name", f.Policy},
		{"transaction_id", f.TransactionID},
	} {
		if c.value != "" {
			q = q.Where(c.column+" = ?", c.value)
		}
	}
	if f.CreatedAfter != 0 {
		q = q.Where("created_at >= ?", f.CreatedAfter)
	}
	if f.CreatedBefore != 0 {
		q = q.Where("created_at < ?", f.CreatedBefore)
	}
	rows, next, err := newestFirst(ctx, q, cursor, limit, func(m Message) uuid.UUID { return m.ID })
	if err != nil {
		return nil, "", err
	}
	return rows, next, s.reader().readPlans(ctx, rows)
}

// Receipts lists what providers reported about a message, in the order in which it came.
func (s *Store) Receipts(ctx context.Context, tenant, message uuid.UUID) ([]Receipt, error) {
	return all[Receipt](ctx, s.read.Where("tenant_id = ? AND message_id = ?", tenant, message).
		Order("received_at, account_id, event_key"))
}

// Charges lists a message's lines in the ledger.
func (s *Store) Charges(ctx context.Context, tenant, message uuid.UUID) ([]Charge, error) {
	return all[Charge](ctx, s.read.Where("tenant_id = ? AND message_id = ?", tenant, message).Order("n, line"))
}

// MessageText answers a message with what was rendered for it, or ErrNotFound. It has no plan.
func (s *Store) MessageText(ctx context.Context, tenant, id uuid.UUID) (Message, error) {
	return one[Message](ctx, s.read.Where("tenant_id = ? AND id = ?", tenant, id))
}
