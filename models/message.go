package models

import (
	"context"

	"github.com/google/uuid"
)

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

// deliveriesMost bounds how many events of one message are shown.
const deliveriesMost = 1000

// MessageDeliveries lists the events of a message to the tenant's endpoints, in their order.
func (s *Store) MessageDeliveries(ctx context.Context, tenant, message uuid.UUID) ([]Delivery, error) {
	return all[Delivery](ctx, s.read.Where("message_id = ? AND tenant_id = ?", message, tenant).
		Order("sequence, id").Limit(deliveriesMost))
}
