package orchestrator

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// reasonUndecidable is the reason of a message whose stored row makes no sense: a bug's, a disk's or a person's doing.
const reasonUndecidable = "undecidable"

// decideAgain is how long such a message is left alone: a person may mend it, and until then it must not be in the way.
const decideAgain = 5 * time.Minute

// decide settles the change. A panic in there is a row that nobody foresaw: it must not take its neighbours along, nor
// the process, which would find it again when it is back.
func (c *change) decide() error {
	err := guarded(c.settle)
	if err != nil {
		c.drop()
	}
	return err
}

// guarded makes a panic of fn an error.
func guarded(fn func()) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	fn()
	return nil
}

// shelve puts a message that cannot be decided out of the way: looked at again later, and expired at its ttl.
func (e *Engine) shelve(conf *tenantConf, st models.State, now time.Time) *change {
	if conf == nil {
		conf = &tenantConf{}
	}
	c := &change{e: e, conf: conf, before: st, m: st.Message, as: slices.Clone(st.Attempts), now: now, dirty: map[int64]bool{}}
	c.m.QueueAccount, c.m.QueuedAt, c.m.LeaseOwner = uuid.Nil, 0, uuid.Nil
	c.m.Reason = reasonUndecidable
	if expires := fromMS(c.m.ExpiresAt); now.Before(expires) && !c.m.Status.Final() {
		c.m.DueAt = min(ms(now.Add(decideAgain)), c.m.ExpiresAt)
		return c
	}
	for n := range int64(len(c.as)) {
		a := c.attempt(n + 1)
		switch a.Status {
		case policy.AttemptDelivered, policy.AttemptRead:
			c.m.Status = c.m.Status.Raise(policy.MessageStatus(a.Status))
		case policy.AttemptPending:
			a.Status, a.EndedAt, a.Reason = policy.AttemptCanceled, ms(now), reasonUndecidable
		case policy.AttemptSending, policy.AttemptUnknown:
			a.Status, a.EndedAt, a.Reason = policy.AttemptTimedOut, ms(now), reasonUndecidable
		}
	}
	c.m.Status, c.m.DueAt = c.m.Status.Raise(policy.Expired), 0
	if c.m.CompletedAt == 0 {
		c.m.CompletedAt = ms(now)
	}
	if err := guarded(c.announce); err != nil {
		e.log.Error("the end of a message is not announced", "message_id", c.m.ID, "err", err)
	}
	return c
}

// unusable ends a fact about a message that cannot be decided. A receipt is kept, apart from those that were applied.
func (w *writing) unusable(f *fact, err error) {
	w.e.log.Error("message cannot be changed", "message_id", f.ref.ID, "err", err)
	if f.receipt == nil {
		f.end(result{err: err})
		return
	}
	w.e.Counters.Quarantined.Add(1)
	f.receipt.State, f.receipt.Detail = models.ReceiptQuarantined, "its message cannot be decided"
	w.orphans = append(w.orphans, f)
}
