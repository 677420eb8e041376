package models

import "context"

var deleteKeys = newBatch("delete keys",
	"DELETE FROM dedupe_keys WHERE (tenant_id, kind, key) IN (SELECT "+names(dedupeKey, "r.")+" FROM {rows})", dedupeKey, dedupeKey)

// DeleteKeys gives keys back that were taken earlier in this transaction, for something that is not stored after all.
func (t *Tx) DeleteKeys(ctx context.Context, rows []DedupeKey) error {
	return deleteKeys.run(ctx, t.q, pointers(rows), nil)
}
