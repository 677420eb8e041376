package models

import (
	"bytes"
	"context"
	"slices"
)

var (
	// unblocked leaves out events that wait behind an earlier one of their message to the same endpoint.
	unblocked = "d.state = 'pending' AND NOT EXISTS (SELECT 1 FROM callback_deliveries e WHERE e.tenant_id = d.tenant_id " +
		"AND e.callback_id = d.callback_id AND e.message_id = d.message_id AND e.sequence < d.sequence AND e.state = 'pending')"
	nextDelivery  = "SELECT d.next_at FROM callback_deliveries d WHERE " + unblocked + " ORDER BY d.next_at LIMIT 1"
	dueDeliveries = "SELECT d.tenant_id, d.id FROM callback_deliveries d WHERE d.next_at <= $1 AND " + unblocked +
		" ORDER BY d.next_at LIMIT $2 + 0"
	finishDelivery = "UPDATE callback_deliveries SET state = $4, next_at = $5, last_status = $6, last_error = $7, " +
		"done_at = $8 WHERE tenant_id = $1 AND id = $2 AND tries = $3 AND state || '' = 'pending' RETURNING " + names(deliveryKey)
	returnDelivery = "UPDATE callback_deliveries SET next_at = $4, tries = tries - 1 " +
		"WHERE tenant_id = $1 AND id = $2 AND tries = $3 AND state || '' = 'pending'"
)

// claimDeliveries is one statement, materialized so that its limit and its locks apply once.
func claimDeliveries(lock string) string {
	return "WITH due AS MATERIALIZED (" + dueDeliveries + lock + ") UPDATE callback_deliveries " +
		"SET next_at = $3, tries = tries + 1 FROM due WHERE callback_deliveries.tenant_id = due.tenant_id " +
		"AND callback_deliveries.id = due.id RETURNING " + names(deliveryColumns, "callback_deliveries.")
}

// ClaimDeliveries takes up to limit deliveries whose time has come, and nobody else gets them before leaseUntil. Per
// message and endpoint only the earliest pending one is given. Tries counts this one in. Times are Unix milliseconds.
func (s *Store) ClaimDeliveries(ctx context.Context, now, leaseUntil int64, limit int) ([]Delivery, error) {
	lock := ""
	if s.dialect == Postgres {
		lock = " FOR UPDATE OF d SKIP LOCKED"
	}
	var claimed []Delivery
	err := s.InTx(ctx, func(t *Tx) error {
		claimed = nil
		return t.q.run(ctx, claimDeliveries(lock), []any{now, limit, leaseUntil}, collect(deliveryColumns, &claimed))
	})
	slices.SortFunc(claimed, func(a, b Delivery) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return claimed, err
}

// FinishDelivery writes the outcome of the try that ClaimDeliveries gave: State, NextAt, LastStatus, LastError and
// DoneAt. Errors: ErrStale if the lease ran out and another try began, or somebody finished it.
func (s *Store) FinishDelivery(ctx context.Context, d *Delivery) error {
	args := []any{d.TenantID, d.ID, d.Tries, string(d.State), d.NextAt, d.LastStatus, d.LastError, d.DoneAt}
	return s.InTx(ctx, func(t *Tx) error {
		var done []Delivery
		err := t.q.run(ctx, finishDelivery, args, collect(deliveryKey, &done))
		if err == nil && len(done) == 0 {
			return ErrStale
		}
		return err
	})
}

// ReturnDeliveries gives back deliveries of ClaimDeliveries that nobody tried: they can be claimed again from nextAt, in
// Unix milliseconds. One whose lease ran out meanwhile is left alone.
func (s *Store) ReturnDeliveries(ctx context.Context, rows []Delivery, nextAt int64) error {
	return s.InTx(ctx, func(t *Tx) error {
		for _, d := range rows {
			if err := t.q.run(ctx, returnDelivery, []any{d.TenantID, d.ID, d.Tries, nextAt}, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// NextDelivery is when the next delivery can be claimed, in Unix milliseconds; 0 if none is pending.
func (s *Store) NextDelivery(ctx context.Context) (int64, error) { return s.first(ctx, nextDelivery) }
