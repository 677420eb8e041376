package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// acceptTries is how often a submission is tried that lost its key to one which was not stored after all.
const acceptTries = 3

// Accept takes one message: validated, planned, rendered and priced, and on disk before it answers. Its first call
// follows the commit straight from memory. Errors: *InvalidError, *RefusedError, *CapError, *DuplicateError,
// ErrIdempotencyConflict, *BusyError; nothing is stored then.
func (e *Engine) Accept(ctx context.Context, who Caller, s Submission) (Accepted, error) {
	for range acceptTries {
		got, err := e.accept(ctx, who, s)
		if !errors.Is(err, errKeyFree) {
			return got, err
		}
	}
	return Accepted{}, &BusyError{RetryAfter: time.Second, Cause: errKeyFree}
}

// errKeyFree: what held a key was refused in its commit, and gave it back.
var errKeyFree = errors.New("the key was held by a message that was not stored")

func (e *Engine) accept(ctx context.Context, who Caller, s Submission) (Accepted, error) {
	conf, err := e.dir.tenant(ctx, who.TenantID)
	if err != nil {
		return Accepted{}, e.storeError(err)
	}
	now := e.now()
	r, err := conf.resolve(who, s, now)
	if err != nil {
		return e.refuse(ctx, who, s, err)
	}
	if err := e.addressKnown(ctx, conf, who, r, now); err != nil {
		return Accepted{}, err
	}
	f, err := e.newMessage(conf, who, s, r, now)
	if err != nil {
		return Accepted{}, err
	}
	select {
	case e.committer(f.ref).accepts <- f:
	default: // thousands wait for the database already: say so while nothing is stored
		f.fresh.drop()
		return Accepted{}, &BusyError{RetryAfter: time.Second}
	}
	res := e.await(ctx, f)
	_, suppressed := errors.AsType[*InvalidError](res.err)
	_, capped := errors.AsType[*CapError](res.err)
	switch {
	case suppressed, capped:
		return e.refuse(ctx, who, s, res.err)
	case res.err != nil:
		return Accepted{}, res.err
	case res.lost != nil && res.lost.Kind == models.DedupeIdempotency:
		first, err := e.replay(ctx, who, s)
		return first, freed(err)
	case res.lost != nil:
		return Accepted{}, freed(e.duplicate(ctx, *res.lost))
	}
	e.Counters.Accepted.Add(1)
	return Accepted{Message: View(res.state)}, nil
}

// freed tells a key that is not there any more from other errors.
func freed(err error) error {
	if errors.Is(err, models.ErrNotFound) {
		return errKeyFree
	}
	return err
}

// refuse answers a submission that cannot be accepted. A replay is answered as before, whatever the configuration
// says today.
func (e *Engine) refuse(ctx context.Context, who Caller, s Submission, why error) (Accepted, error) {
	if s.IdempotencyKey != "" && keyable(s.IdempotencyKey) {
		if first, err := e.replay(ctx, who, s); err == nil || !errors.Is(err, models.ErrNotFound) {
			return first, err
		}
	}
	return Accepted{}, why
}

// newMessage settles a resolved submission into a change that is ready to be stored.
func (e *Engine) newMessage(conf *tenantConf, who Caller, s Submission, r *resolved, now time.Time) (*fact, error) {
	plan, err := r.planJSON()
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(r.content)
	if err != nil {
		return nil, err
	}
	metadata := []byte("{}")
	if len(s.Metadata) > 0 {
		if metadata, err = json.Marshal(s.Metadata); err != nil {
			return nil, err
		}
	}
	m := models.Message{
		TenantID: who.TenantID, ID: r.id, To: r.phone.E164, Country: r.phone.Country, Operator: r.phone.Operator,
		Category: r.category, Template: r.template, TransactionID: s.TransactionID,
		PolicyName: r.policy.name, PolicyVersion: r.policy.version, Plan: plan, Content: content, Metadata: metadata,
		Currency: conf.tenant.Currency, Test: who.Test, Priority: int64(r.category.Priority()),
		CreatedAt: ms(now), ExpiresAt: ms(r.expires), SendAt: ms(r.sendAt), Status: policy.Accepted,
	}
	c := (&change{e: e, conf: conf, given: m, plan: r.plan, content: r.content, now: now}).anew()
	c.settle()
	f := &fact{ref: models.Ref{TenantID: m.TenantID, ID: m.ID}, fresh: c, done: make(chan result, 1)}
	if s.IdempotencyKey != "" {
		f.keys = append(f.keys, models.DedupeKey{
			TenantID: m.TenantID, Kind: models.DedupeIdempotency, Key: s.IdempotencyKey, RequestHash: s.RequestHash,
			MessageID: m.ID, Status: 202, CreatedAt: m.CreatedAt,
		})
		if err := f.answer(); err != nil {
			c.drop()
			return nil, err
		}
	}
	if s.TransactionID != "" {
		f.keys = append(f.keys, models.DedupeKey{
			TenantID: m.TenantID, Kind: models.DedupeTransaction, Key: transactionKey(m), MessageID: m.ID, CreatedAt: m.CreatedAt,
		})
	}
	return f, nil
}

// transactionKey is what may happen once: this recipient, this template, this transaction.
func transactionKey(m models.Message) string {
	return m.To + "\x1f" + m.Template + "\x1f" + m.TransactionID
}

func (e *Engine) duplicate(ctx context.Context, lost models.DedupeKey) error {
	key, err := e.o.Store.FindKey(ctx, lost.TenantID, lost.Kind, lost.Key)
	if err != nil {
		return e.storeError(err)
	}
	return &DuplicateError{MessageID: key.MessageID}
}

// suppressed refuses a message to somebody who must not be contacted about its category; nil if they may.
func suppressed(sup models.Suppression, category policy.Category) error {
	if len(sup.Categories) == 0 {
		return Invalid("to", "is suppressed: %s", sup.Reason)
	}
	if slices.Contains(sup.Categories, string(category)) {
		return Invalid("to", "is suppressed for %s: %s", category, sup.Reason)
	}
	return nil
}

// AcceptBatch takes up to 1,000 messages, each accepted or refused by itself, answered in order.
func (e *Engine) AcceptBatch(ctx context.Context, who Caller, items []Submission) []Outcome {
	out := make([]Outcome, len(items))
	var wg sync.WaitGroup
	places := make(chan struct{}, 128)
	for i, s := range items {
		places <- struct{}{}
		wg.Go(func() {
			defer func() { <-places }()
			acc, err := e.Accept(ctx, who, s)
			if err != nil {
				out[i].Err = err
				return
			}
			out[i].Accepted = &acc
		})
	}
	wg.Wait()
	return out
}

// Preview tells what would happen to a submission, and sends nothing.
func (e *Engine) Preview(ctx context.Context, who Caller, s Submission) (Preview, error) {
	conf, err := e.dir.tenant(ctx, who.TenantID)
	if err != nil {
		return Preview{}, e.storeError(err)
	}
	now := e.now()
	r, err := conf.resolve(who, s, now)
	if _, refused := errors.AsType[*RefusedError](err); err != nil && !refused {
		return Preview{}, err // what no step can carry is shown step by step
	}
	switch sup, err := e.o.Store.Suppression(ctx, who.TenantID, r.phone.E164); {
	case errors.Is(err, models.ErrNotFound):
	case err != nil:
		return Preview{}, e.storeError(err)
	default:
		if err := suppressed(sup, r.category); err != nil {
			return Preview{}, err
		}
	}
	if err := e.addressKnown(ctx, conf, who, r, now); err != nil {
		return Preview{}, err
	}
	return conf.preview(e, who, r, now), nil
}

// Cancel stops a message: no further step starts. What a provider already has cannot be recalled. Errors:
// ErrNotFound, *BusyError.
func (e *Engine) Cancel(ctx context.Context, tenant, id uuid.UUID) (MessageView, error) {
	return e.tell(ctx, models.Ref{TenantID: tenant, ID: id}, func(c *change) {
		if c.m.CanceledAt == 0 && !c.m.Status.Final() {
			c.m.CanceledAt = ms(c.now)
		}
	})
}

// Confirm records that the app knows that the person has the message: it counts as reached. Errors: ErrNotFound,
// *BusyError.
func (e *Engine) Confirm(ctx context.Context, tenant, id uuid.UUID) (MessageView, error) {
	return e.tell(ctx, models.Ref{TenantID: tenant, ID: id}, func(c *change) {
		if c.m.ConfirmedAt == 0 {
			c.m.ConfirmedAt = ms(c.now)
		}
	})
}

// tell brings an app's own fact and waits for its commit.
func (e *Engine) tell(ctx context.Context, ref models.Ref, add func(*change)) (MessageView, error) {
	if _, err := e.Message(ctx, ref.TenantID, ref.ID); err != nil {
		return MessageView{}, err
	}
	f := &fact{ref: ref, add: add, done: make(chan result, 1)}
	select {
	case e.committer(ref).receipts <- f:
	case <-ctx.Done():
		return MessageView{}, &BusyError{RetryAfter: time.Second, Cause: ctx.Err()}
	}
	res := e.await(ctx, f)
	if res.err != nil {
		return MessageView{}, res.err
	}
	return View(res.state), nil
}

// storeError tells callers apart what they can act on: not found, or come back later.
func (e *Engine) storeError(err error) error {
	switch {
	case errors.Is(err, models.ErrNotFound):
		return err
	default:
		return &BusyError{RetryAfter: time.Second, Cause: err}
	}
}
