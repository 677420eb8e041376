package orchestrator

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// fact is one thing learned, on its way into the database. Whoever brings it may wait for done.
type fact struct {
	ref models.Ref
	// held is the state that the bringer committed last; it saves a load while nobody else changed the message, in the era
	// in which it was committed: see models.Store.Connects.
	held *models.State
	era  int64
	// add puts the fact into the change. It must give the same result however often it is added.
	add func(*change)
	// fresh is a message to be stored for the first time, already settled.
	fresh *change
	keys  []models.DedupeKey
	// receipt is stored with the fact; attempt looks it up where the provider's id is all we have.
	receipt *models.Receipt
	lookup  models.ProviderRef
	// matched: the receipt is stored, and its message is known only now. repeated: it brings a reply that was told before.
	matched, repeated bool
	done              chan result
	tries             int
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

// end tells what became of the fact, the first time it is called.
func (f *fact) end(r result) {
	select {
	case f.done <- r:
	default:
	}
}

// commit brings a batch of facts into the database. Where one of them cannot be stored, the others are.
func (e *Engine) commit(batch []*fact) {
	err := e.tryCommit(batch)
	switch half := len(batch) / 2; {
	case err == nil:
	case half == 0 || away(err):
		e.fail(batch, err)
	default:
		e.log.Warn("commit refused; its halves are tried", "facts", len(batch), "err", err)
		e.commit(batch[:half])
		e.commit(batch[half:])
	}
}

// away reports whether the database failed, and not what it was given.
func away(err error) bool { return models.Unavailable(err) || errors.Is(err, context.DeadlineExceeded) }

// tryCommit is load → add → Decide → write, one transaction for all.
func (e *Engine) tryCommit(batch []*fact) error {
	ctx, cancel := e.recording()
	defer cancel()
	if err := e.resolve(ctx, batch); err != nil {
		return err
	}
	states, err := e.load(ctx, batch)
	if err != nil {
		return err
	}
	if err := e.knownReplies(ctx, batch); err != nil { // after the states: what is told from here on makes them stale
		return err
	}
	w, err := e.gather(ctx, batch, states)
	if err != nil {
		return err
	}
	if err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {
		w.drop()
		return err
	}
	w.committed()
	return nil
}

// fail ends facts whose commit did not happen. Facts that nobody waits for come back: a call's result must not be
// lost while the database is away. One that is refused again and again is given up, and its call's lease ends as unknown.
func (e *Engine) fail(batch []*fact, err error) {
	e.log.Error("commit failed", "facts", len(batch), "err", err)
	for _, f := range batch {
		e.recent.forget(f.ref)
		if f.fresh != nil {
			f.fresh.drop()
		}
		if f.tries++; f.done == nil && !away(err) && f.tries > maxTries {
			e.log.Error("fact given up", "message_id", f.ref.ID, "err", err)
			continue
		}
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

// load reads the states that no bringer holds. A state in memory may be older than an attempt that a receipt names: then
// it is read too, for the receipt would match nothing.
func (e *Engine) load(ctx context.Context, batch []*fact) (map[models.Ref]*models.State, error) {
	var refs []models.Ref
	states, named := map[models.Ref]*models.State{}, map[models.Ref]int64{}
	era := e.o.Store.Connects()
	e.recent.renew(era)
	for _, f := range batch {
		if f.era != era {
			f.held = nil
		}
		if f.ref.ID == uuid.Nil || f.fresh != nil {
			continue
		}
		if f.receipt != nil {
			named[f.ref] = max(named[f.ref], f.receipt.N)
		}
		if st, seen := states[f.ref]; seen && (f.held == nil || st != nil && st.Message.Version >= f.held.Message.Version) {
			continue
		}
		states[f.ref] = f.held
	}
	for ref, st := range states {
		if st == nil {
			st = e.recent.get(ref)
		}
		if st != nil && int64(len(st.Attempts)) >= named[ref] {
			states[ref] = st
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

// gather adds the facts of each message to one change and settles it. The error is the database's.
func (e *Engine) gather(ctx context.Context, batch []*fact, states map[models.Ref]*models.State) (*writing, error) {
	w := &writing{e: e, facts: batch, byRef: map[models.Ref]*piece{}}
	now := e.now()
	for _, f := range batch {
		switch {
		case f.fresh != nil:
			w.pieces = append(w.pieces, &piece{change: f.fresh, facts: []*fact{f}, keys: f.keys})
			continue
		case f.ref.ID == uuid.Nil || states[f.ref] == nil: // a receipt of nothing we know, yet
			if f.receipt != nil && f.ref.ID != uuid.Nil { // its reference is no attempt of ours
				f.receipt.Reference = reference(models.AttemptID(f.receipt.MessageID, f.receipt.N))
				f.receipt.MessageID, f.receipt.N, f.receipt.State = uuid.Nil, 0, models.ReceiptQuarantined
			}
			w.orphans = append(w.orphans, f)
			continue
		}
		p := w.byRef[f.ref]
		if p == nil {
			c, err := e.changeOf(ctx, *states[f.ref], now)
			switch {
			case err != nil && away(err):
				return nil, err
			case err != nil:
				w.unusable(f, err)
				continue
			}
			p = &piece{change: c}
			w.byRef[f.ref] = p
			w.pieces = append(w.pieces, p)
		}
		p.facts = append(p.facts, f)
		f.add(p.change)
	}
	w.pieces = slices.DeleteFunc(w.pieces, func(p *piece) bool {
		if p.change.before.Message.Version == 0 {
			return false
		}
		err := p.change.decide()
		if err != nil {
			for _, f := range p.facts {
				w.unusable(f, err)
			}
		}
		return err != nil
	})
	return w, nil
}

// changeOf starts a change with its tenant's configuration.
func (e *Engine) changeOf(ctx context.Context, st models.State, now time.Time) (*change, error) {
	conf, err := e.dir.tenant(ctx, st.Message.TenantID)
	if err != nil {
		return nil, err
	}
	return e.newChange(conf, st, now)
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
	c.measure()
	e.recent.put(models.Ref{TenantID: c.m.TenantID, ID: c.m.ID}, &st)
	switch {
	case c.call:
		e.calls.Go(func() { e.call(c.conf, st, c.content, c.lane) })
	case c.ask && e.working.Err() == nil: // at the end nobody would wait for the answer: it is asked for again after its lease
		e.asking.now.Add(1)
		e.calls.Go(func() { e.ask(c.conf, st) })
	}
	if c.m.QueueAccount != uuid.Nil {
		e.drain.wake()
	}
}
