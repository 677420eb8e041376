package orchestrator

import (
	"context"
	"time"

	"cascade/models"
)

// piece is one message's part of a commit.
type piece struct {
	change *change
	facts  []*fact
	keys   []models.DedupeKey
	// refused, lost and stale are why nothing of it is stored: its recipient, a key that another holds, a newer state.
	refused error
	lost    *models.DedupeKey
	stale   bool
}

// fresh reports whether the message is stored for the first time.
func (p *piece) fresh() bool { return p.change.before.Message.Version == 0 }

func (p *piece) person() models.Person {
	return models.Person{TenantID: p.change.m.TenantID, Phone: p.change.m.To}
}

// stored reports whether the piece is part of the transaction.
func (p *piece) stored() bool { return p.refused == nil && p.lost == nil && !p.stale }

// writing is what one transaction writes.
type writing struct {
	e        *Engine
	facts    []*fact
	pieces   []*piece
	byRef    map[models.Ref]*piece
	orphans  []*fact
	spending *spending // nil where nobody has a cap
}

// write is the transaction. It may run more than once, after a serialization failure.
func (w *writing) write(ctx context.Context) func(*models.Tx) error {
	return func(tx *models.Tx) error {
		for _, p := range w.pieces {
			p.refused, p.lost, p.stale = nil, nil, false
		}
		if err := w.heed(ctx, tx); err != nil {
			return err
		}
		if err := w.writeKeys(ctx, tx); err != nil {
			return err
		}
		if err := w.spend(ctx, tx); err != nil {
			return err
		}
		if err := w.writeMessages(ctx, tx); err != nil {
			return err
		}
		return w.writeRest(ctx, tx)
	}
}

// writeKeys claims the keys of new messages. A message that loses one is not stored.
func (w *writing) writeKeys(ctx context.Context, tx *models.Tx) error {
	var rows []models.DedupeKey
	var owner []*piece
	for _, p := range w.pieces {
		if p.refused != nil {
			continue
		}
		for _, k := range p.keys {
			rows, owner = append(rows, k), append(owner, p)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	won, err := tx.InsertKeys(ctx, rows)
	if err != nil {
		return err
	}
	var back []models.DedupeKey
	for i, ok := range won {
		if !ok && owner[i].lost == nil {
			owner[i].lost = &rows[i]
		}
	}
	for i, ok := range won {
		if ok && owner[i].lost != nil { // the message is not stored, so its other key must stay free
			back = append(back, rows[i])
		}
	}
	return tx.DeleteKeys(ctx, back)
}

// spend keeps new messages within their tenants' caps. One that is refused gives its keys back.
func (w *writing) spend(ctx context.Context, tx *models.Tx) error {
	if w.spending = w.newSpending(); w.spending == nil {
		return nil
	}
	refused, err := w.spending.admit(ctx, tx, w.e.now())
	if err != nil {
		return err
	}
	var back []models.DedupeKey
	for _, p := range refused {
		back = append(back, p.keys...)
	}
	return tx.DeleteKeys(ctx, back)
}

func (w *writing) writeMessages(ctx context.Context, tx *models.Tx) error {
	var fresh, old []*models.Message
	var owner []*piece
	for _, p := range w.pieces {
		switch {
		case !p.stored() || !p.change.changed():
		case p.change.before.Message.Version == 0:
			p.change.m.Version = 1
			fresh = append(fresh, &p.change.m)
		default:
			p.change.m.Version = p.change.before.Message.Version + 1
			old, owner = append(old, &p.change.m), append(owner, p)
		}
	}
	if len(fresh) > 0 {
		if err := tx.InsertMessages(ctx, fresh); err != nil {
			return err
		}
	}
	if len(old) == 0 {
		return nil
	}
	applied, err := tx.UpdateMessages(ctx, old)
	if err != nil {
		return err
	}
	for i, ok := range applied {
		owner[i].stale = !ok
	}
	return nil
}

func (w *writing) writeRest(ctx context.Context, tx *models.Tx) error {
	var begun, moved []*models.Attempt
	var charges []*models.Charge
	var deliveries []*models.Delivery
	var fresh, matched []*models.Receipt
	var marks models.Marks
	now := ms(w.e.now())
	keep := func(f *fact) {
		switch {
		case f.receipt == nil:
		case f.matched:
			matched = append(matched, f.receipt)
		default:
			fresh = append(fresh, f.receipt)
		}
	}
	for _, p := range w.pieces {
		if !p.stored() {
			continue
		}
		for _, f := range p.facts {
			keep(f)
		}
		for n := range p.change.as {
			switch {
			case !p.change.dirty[int64(n+1)]:
			case n < len(p.change.before.Attempts):
				moved = append(moved, &p.change.as[n])
			default:
				begun = append(begun, &p.change.as[n])
			}
		}
		marks.Add(p.change.before, p.change.state(), now)
		charges = append(charges, p.change.charges...)
		deliveries = append(deliveries, p.change.deliveries...)
	}
	for _, f := range w.orphans {
		keep(f)
	}
	if len(moved) > 0 { // first, for a message has one attempt under way at most
		if err := tx.UpdateAttempts(ctx, moved); err != nil {
			return err
		}
	}
	if len(begun) > 0 {
		if err := tx.InsertAttempts(ctx, begun); err != nil {
			return err
		}
	}
	if len(fresh) > 0 {
		if _, err := tx.InsertReceipts(ctx, fresh); err != nil {
			return err
		}
	}
	if len(matched) > 0 {
		if err := tx.MatchReceipts(ctx, matched); err != nil {
			return err
		}
	}
	if len(charges) > 0 {
		if err := tx.InsertCharges(ctx, charges); err != nil {
			return err
		}
	}
	if rows := marks.Rows(); len(rows) > 0 {
		if err := tx.InsertMarks(ctx, rows); err != nil {
			return err
		}
	}
	if len(deliveries) > 0 {
		if err := tx.InsertDeliveries(ctx, deliveries); err != nil {
			return err
		}
	}
	return w.writeContacts(ctx, tx)
}

// writeContacts writes down what was learned of people, and of what was spent on them: last, for others may wait for it.
func (w *writing) writeContacts(ctx context.Context, tx *models.Tx) error {
	refused, reached := w.learned()
	if err := tx.PutUnreachable(ctx, refused); err != nil {
		return err
	}
	if err := tx.ForgetUnreachable(ctx, reached); err != nil {
		return err
	}
	if w.spending == nil {
		return nil
	}
	return w.spending.book(ctx, tx)
}

// drop gives back every place taken, after a transaction that failed. New messages keep theirs: they are not settled
// again when they are tried again.
func (w *writing) drop() {
	for _, p := range w.pieces {
		if p.change.before.Message.Version > 0 {
			p.change.drop()
		}
	}
}

// committed tells everybody: waiters, lanes, timers, watchers; and starts the calls.
func (w *writing) committed() {
	due := int64(0)
	for _, p := range w.pieces {
		switch {
		case p.refused != nil:
			p.change.drop()
			p.facts[0].end(result{err: p.refused})
		case p.lost != nil:
			p.change.drop()
			p.facts[0].end(result{lost: p.lost})
		case p.stale:
			w.e.Counters.Stale.Add(1)
			p.change.drop()
			w.retry(p)
		default:
			due = earliest(due, p.change.m.DueAt)
			w.e.after(p.change)
			for _, f := range p.facts {
				f.end(result{state: p.change.state()})
			}
		}
	}
	for _, f := range w.orphans {
		w.e.orphaned(f)
	}
	if w.spending != nil {
		for _, what := range w.spending.crossed {
			w.e.log.Warn("spending cap", "used", what)
		}
	}
	w.e.dueAt(due)
}

// retry sends the facts of a message that changed under us round again, from what is stored now.
func (w *writing) retry(p *piece) {
	w.e.recent.forget(models.Ref{TenantID: p.change.m.TenantID, ID: p.change.m.ID})
	for _, f := range p.facts {
		f.held = nil
		if f.tries++; f.tries > maxTries {
			f.end(result{err: &BusyError{RetryAfter: time.Second, Cause: errConflicts}})
			continue
		}
		select {
		case w.e.committer(f.ref).results <- f: // at once: at the end nothing comes after what the committer finds waiting
		default:
			go w.e.again(f)
		}
	}
}
