package orchestrator

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// fact is one thing learned, on its way into the database. Whoever brings it may wait for done.
type fact struct {
	ref models.Ref
	// held is the state that the bringer committed last; it saves a load while nobody else changed the message.
	held *models.State
	// add puts the fact into the change. It must give the same result however often it is added.
	add func(*change)
	// fresh is a message to be stored for the first time, already settled.
	fresh *change
	keys  []models.DedupeKey
	// receipt is stored with the fact; attempt looks it up where the provider's id is all we have.
	receipt *models.Receipt
	lookup  models.ProviderRef
	done    chan result
	tries   int
}

// result is what became of a fact.
type result struct {
	state models.State
	lost  *models.DedupeKey // a key of a fresh message that another holds
	err   error
}

// errConflicts: a message changed under us again and again.
var errConflicts = errors.New("the message kept changing; try again")

const maxTries = 20

func (f *fact) end(r result) {
	if f.done != nil {
		f.done <- r
	}
}

// commit brings a batch of facts into the database: load → add → Decide → write, one transaction for all.
func (e *Engine) commit(batch []*fact) {
	ctx, cancel := e.recording()
	defer cancel()
	if err := e.resolve(ctx, batch); err != nil {
		e.fail(batch, err)
		return
	}
	states, err := e.load(ctx, batch)
	if err != nil {
		e.fail(batch, err)
		return
	}
	w := e.gather(ctx, batch, states)
	if err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {
		w.drop()
		e.fail(w.facts, err)
		return
	}
	w.committed()
}

// fail ends facts whose commit did not happen. Facts that nobody waits for come back: a call's result must not be
// lost while the database is away.
func (e *Engine) fail(batch []*fact, err error) {
	e.log.Error("commit failed", "facts", len(batch), "err", err)
	for _, f := range batch {
		if f.done != nil {
			f.end(result{err: &BusyError{RetryAfter: time.Second, Cause: err}})
			continue
		}
		f.held = nil
		time.AfterFunc(time.Second, func() { e.again(f) })
	}
}

// resolve finds the attempts that receipts name by the provider's id.
func (e *Engine) resolve(ctx context.Context, batch []*fact) error {
	var refs []models.ProviderRef
	for _, f := range batch {
		if f.lookup.ProviderID != "" && f.ref.ID == uuid.Nil {
			refs = append(refs, f.lookup)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	found, err := e.o.Store.FindAttempts(ctx, refs)
	if err != nil {
		return err
	}
	for _, f := range batch {
		if at, ok := found[f.lookup]; ok && f.ref.ID == uuid.Nil {
			f.ref = at.Ref
			f.receipt.MessageID, f.receipt.N, f.receipt.State = at.ID, at.N, models.ReceiptApplied
		}
	}
	return nil
}

// load reads the states that no bringer holds.
func (e *Engine) load(ctx context.Context, batch []*fact) (map[models.Ref]*models.State, error) {
	var refs []models.Ref
	states := map[models.Ref]*models.State{}
	for _, f := range batch {
		if f.ref.ID == uuid.Nil || f.fresh != nil {
			continue
		}
		if st, seen := states[f.ref]; seen && (f.held == nil || st != nil && st.Message.Version >= f.held.Message.Version) {
			continue
		}
		states[f.ref] = f.held
	}
	for ref, st := range states {
		if st != nil {
			continue
		}
		if known := e.recent.get(ref); known != nil {
			states[ref] = known
			continue
		}
		refs = append(refs, ref)
	}
	if len(refs) == 0 {
		return states, nil
	}
	loaded, err := e.o.Store.LoadStates(ctx, refs)
	if err != nil {
		return nil, err
	}
	for ref, st := range loaded {
		states[ref] = st
	}
	return states, nil
}

// gather adds the facts of each message to one change and settles it.
func (e *Engine) gather(ctx context.Context, batch []*fact, states map[models.Ref]*models.State) *writing {
	w := &writing{e: e, facts: batch, byRef: map[models.Ref]*piece{}}
	now := e.now()
	for _, f := range batch {
		switch {
		case f.fresh != nil:
			w.pieces = append(w.pieces, &piece{change: f.fresh, facts: []*fact{f}, keys: f.keys})
			continue
		case f.ref.ID == uuid.Nil || states[f.ref] == nil: // a receipt of nothing we know, yet
			if f.receipt != nil && f.ref.ID != uuid.Nil { // its reference is no attempt of ours
				f.receipt.MessageID, f.receipt.N, f.receipt.State = uuid.Nil, 0, models.ReceiptQuarantined
			}
			w.orphans = append(w.orphans, f)
			continue
		}
		p := w.byRef[f.ref]
		if p == nil {
			c, err := e.changeOf(ctx, *states[f.ref], now)
			if err != nil {
				e.log.Error("message cannot be changed", "message_id", f.ref.ID, "err", err)
				f.end(result{err: err})
				continue
			}
			p = &piece{change: c}
			w.byRef[f.ref] = p
			w.pieces = append(w.pieces, p)
		}
		p.facts = append(p.facts, f)
		f.add(p.change)
	}
	for _, p := range w.pieces {
		if p.change.before.Message.Version > 0 {
			p.change.settle()
		}
	}
	return w
}

// changeOf starts a change with its tenant's configuration.
func (e *Engine) changeOf(ctx context.Context, st models.State, now time.Time) (*change, error) {
	conf, err := e.dir.tenant(ctx, st.Message.TenantID)
	if err != nil {
		return nil, err
	}
	return e.newChange(conf, st, now)
}

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

// stored reports whether the piece is part of the transaction.
func (p *piece) stored() bool { return p.refused == nil && p.lost == nil && !p.stale }

// writing is what one transaction writes.
type writing struct {
	e       *Engine
	facts   []*fact
	pieces  []*piece
	byRef   map[models.Ref]*piece
	orphans []*fact
}

// write is the transaction. It may run more than once, after a serialization failure.
func (w *writing) write(ctx context.Context) func(*models.Tx) error {
	return func(tx *models.Tx) error {
		for _, p := range w.pieces {
			p.refused, p.lost, p.stale = nil, nil, false
		}
		if err := w.refuse(ctx, tx); err != nil {
			return err
		}
		if err := w.writeKeys(ctx, tx); err != nil {
			return err
		}
		if err := w.writeMessages(ctx, tx); err != nil {
			return err
		}
		return w.writeRest(ctx, tx)
	}
}

// refuse keeps out new messages to people who must not be contacted.
func (w *writing) refuse(ctx context.Context, tx *models.Tx) error {
	var people []models.Person
	for _, p := range w.pieces {
		if m := p.change.m; p.change.before.Message.Version == 0 {
			people = append(people, models.Person{TenantID: m.TenantID, Phone: m.To})
		}
	}
	if len(people) == 0 {
		return nil
	}
	found, err := tx.Suppressed(ctx, people)
	if err != nil || len(found) == 0 {
		return err
	}
	for _, p := range w.pieces {
		m := p.change.m
		if sup, is := found[models.Person{TenantID: m.TenantID, Phone: m.To}]; is && p.change.before.Message.Version == 0 {
			p.refused = suppressed(sup, m.Category)
		}
	}
	return nil
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
	keep := func(r *models.Receipt) {
		switch {
		case r == nil:
		case r.State == models.ReceiptApplied && r.Raw == nil:
			matched = append(matched, r)
		default:
			fresh = append(fresh, r)
		}
	}
	for _, p := range w.pieces {
		if !p.stored() {
			continue
		}
		for _, f := range p.facts {
			keep(f.receipt)
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
		charges = append(charges, p.change.charges...)
		deliveries = append(deliveries, p.change.deliveries...)
	}
	for _, f := range w.orphans {
		keep(f.receipt)
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
	if len(deliveries) > 0 {
		return tx.InsertDeliveries(ctx, deliveries)
	}
	return nil
}

// drop gives back every place taken, after a transaction that failed.
func (w *writing) drop() {
	for _, p := range w.pieces {
		p.change.drop()
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
		go w.e.again(f)
	}
}

// after does what a committed change asks for.
func (e *Engine) after(c *change) {
	if c.changed() && e.o.Watch != nil {
		e.o.Watch(c.state())
	}
	if len(c.deliveries) > 0 {
		e.outbox.wake()
	}
	st := c.state()
	e.recent.put(models.Ref{TenantID: c.m.TenantID, ID: c.m.ID}, &st)
	switch {
	case c.call:
		e.calls.Go(func() { e.call(c.conf, st, c.lane) })
	case c.ask:
		e.calls.Go(func() { e.ask(c.conf, st) })
	}
	if c.m.QueueAccount != uuid.Nil {
		e.drain.wake()
	}
}
