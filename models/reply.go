package models

import (
	"context"

	"github.com/google/uuid"
)

// ReceiptRef names a receipt by its event.
type ReceiptRef struct {
	TenantID, AccountID uuid.UUID
	EventKey            string
}

// receiptStates reads what became of receipts.
var receiptStates = "SELECT state FROM receipts WHERE tenant_id = $1 AND account_id = $2 AND event_key = $3"

// ReceiptStates tells what became of receipts; those that never came are left out.
func (s *Store) ReceiptStates(ctx context.Context, refs []ReceiptRef) (map[ReceiptRef]ReceiptState, error) {
	found := make(map[ReceiptRef]ReceiptState, len(refs))
	for _, ref := range refs {
		var rows []Receipt
		err := s.reader().run(ctx, receiptStates, []any{ref.TenantID, ref.AccountID, Storable(ref.EventKey)},
			collect([]column[Receipt]{text("state", func(r *Receipt) *string { return (*string)(&r.State) })}, &rows))
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			found[ref] = rows[0].State
		}
	}
	return found, nil
}

// Replies lists what people answered to messages, in the order of the answers, by message.
func (s *Store) Replies(ctx context.Context, tenant uuid.UUID, messages ...uuid.UUID) (map[uuid.UUID][]Receipt, error) {
	rows, err := all[Receipt](ctx, s.read.Select("message_id", "n", "at", "reply").
		Where("reply IS NOT NULL AND message_id IN ? AND tenant_id = ? AND state = ?", messages, tenant, ReceiptApplied).
		Order("at, event_key"))
	if err != nil {
		return nil, err
	}
	found := map[uuid.UUID][]Receipt{}
	for _, r := range rows {
		found[r.MessageID] = append(found[r.MessageID], r)
	}
	return found, nil
}
