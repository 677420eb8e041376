package models

import (
	"context"

	"gorm.io/gorm"
)

// pruneBatch bounds what one statement deletes, so that nothing waits for it long.
const pruneBatch = 1000

// PruneKeys forgets Idempotency-Keys that were first used before a time, and tells how many. What makes a transaction
// unique is kept.
func (s *Store) PruneKeys(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM dedupe_keys WHERE (tenant_id, kind, key) IN (
		SELECT tenant_id, kind, key FROM dedupe_keys WHERE kind = ? AND created_at < ? LIMIT ?)`,
		DedupeIdempotency, before, pruneBatch)
}

// PruneDeliveries forgets callback deliveries that were done before a time, and tells how many. They cannot be
// replayed after that.
func (s *Store) PruneDeliveries(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM callback_deliveries WHERE (tenant_id, id) IN (
		SELECT tenant_id, id FROM callback_deliveries WHERE done_at > 0 AND done_at < ? AND state <> ? LIMIT ?)`,
		before, DeliveryPending, pruneBatch)
}

// PruneReceipts forgets receipts that matched nothing, or were not understood, and came before a time. Those of
// messages stay: they are the evidence for a status.
func (s *Store) PruneReceipts(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `DELETE FROM receipts WHERE (tenant_id, account_id, event_key) IN (
		SELECT tenant_id, account_id, event_key FROM receipts WHERE state <> ? AND received_at < ? LIMIT ?)`,
		ReceiptApplied, before, pruneBatch)
}

// PruneContent blanks what people were told in messages that ended before a time, and tells how many. Status, cost
// and proof stay.
func (s *Store) PruneContent(ctx context.Context, before int64) (int64, error) {
	return s.prune(ctx, `UPDATE messages SET content = '', version = version + 1 WHERE (tenant_id, id) IN (
		SELECT tenant_id, id FROM messages WHERE completed_at > 0 AND completed_at < ? AND content <> '' LIMIT ?)`,
		before, pruneBatch)
}

// prune repeats a bounded statement until it meets less than its bound.
func (s *Store) prune(ctx context.Context, statement string, args ...any) (int64, error) {
	var total int64
	for {
		var q *gorm.DB
		if q = s.write.WithContext(ctx).Exec(statement, args...); q.Error != nil {
			return total, q.Error
		}
		total += q.RowsAffected
		if q.RowsAffected < pruneBatch {
			return total, nil
		}
	}
}
