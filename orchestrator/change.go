package orchestrator

import (
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// change is a message on its way from one stored state to the next: facts are added, Decide is asked, and what
// follows is gathered, to be committed in one transaction.
type change struct {
	e      *Engine
	conf   *tenantConf
	before models.State // as read; Version 0 for a message that is not stored yet
	m      models.Message
	as     []models.Attempt
	plan   policy.Plan
	now    time.Time

	dirty      map[int64]bool // attempts to write, by n
	charges    []*models.Charge
	deliveries []*models.Delivery
	replies    []*models.Receipt                   // answers of the person that are to be told
	content    map[policy.Channel]channels.Content // as it was rendered; nil but for a message that is not stored yet
	lane       *lane                               // the place taken for a call that this change starts
	call, ask  bool
	suppressed bool // no call may start any more
	// unreachable names the channels that refused the person for good lately, and by which code.
	unreachable map[policy.Channel]string
	passed      map[string]policy.Reason // accounts that do badly
	// given is a message that is not stored yet as it was before anything was decided about it.
	given models.Message
	why   policy.Reason
}

// newChange starts from a stored state, or from one about to be stored.
func (e *Engine) newChange(conf *tenantConf, st models.State, now time.Time) (*change, error) {
	c := &change{e: e, conf: conf, before: st, m: st.Message, now: now, dirty: map[int64]bool{}}
	c.as = append(make([]models.Attempt, 0, len(st.Attempts)+1), st.Attempts...)
	var err error
	if c.plan, err = parsePlan(st.Message.Plan); err != nil {
		return nil, fmt.Errorf("stored plan of %s: %w", st.Message.ID, err)
	}
	return c, nil
}

// anew starts again with a message that is not stored yet.
func (c *change) anew() *change {
	n := &change{e: c.e, conf: c.conf, m: c.given, given: c.given, plan: c.plan, content: c.content, now: c.now, dirty: map[int64]bool{}}
	n.before.Message.ID = c.given.ID
	return n
}

// attempt answers attempt n for changing, nil if there is none.
func (c *change) attempt(n int64) *models.Attempt {
	if n < 1 || n > int64(len(c.as)) {
		return nil
	}
	c.dirty[n] = true
	return &c.as[n-1]
}

// last answers the attempt that the ladder stands on.
func (c *change) last() *models.Attempt {
	for i := len(c.as) - 1; i >= 0; i-- {
		if c.as[i].Status != policy.AttemptSkipped {
			return &c.as[i]
		}
	}
	return nil
}

// facts is what Decide is told.
func (c *change) facts() policy.Facts {
	f := policy.Facts{
		Category: c.m.Category, SendAt: fromMS(c.m.SendAt), ExpiresAt: fromMS(c.m.ExpiresAt),
		Canceled: c.m.CanceledAt > 0, Confirmed: c.m.ConfirmedAt > 0, Suppressed: c.suppressed, Spent: c.m.Cost,
		Attempts: make([]policy.AttemptFacts, len(c.as)),
		Unusable: c.conf.unusable(c.e, c.plan, c.m.Test, c.now), Unreachable: c.unreachable,
		Passed: c.conf.passed(c.e, c.plan, c.m.ID, c.m.Test),
	}
	c.passed = f.Passed
	if c.m.CompletedAt > 0 {
		f.Ended = c.m.Status
	}
	for i, a := range c.as {
		f.Attempts[i] = policy.AttemptFacts{
			Step: int(a.Step), Account: a.AccountID.String(), Status: a.Status, Class: a.Class,
			CreatedAt: fromMS(a.CreatedAt), CalledAt: fromMS(a.CalledAt), SentAt: fromMS(a.SentAt),
			LeaseUntil: fromMS(a.CalledAt + c.e.o.Lease.Milliseconds()), RetryAt: fromMS(a.RetryAt),
			Calls: int(a.Calls), HasID: a.ProviderID != "",
			Asked: a.AskedAt > 0 && c.m.LeaseOwner == uuid.Nil, AskUntil: c.askUntil(a),
		}
	}
	return f
}

// settle asks Decide and does what it says, short of IO. It is called once after all facts are added.
func (c *change) settle() {
	c.loseLease()
	d := policy.Decide(c.plan, c.facts(), c.now)
	c.why = d.Reason
	if last := c.last(); d.End != "" && last != nil {
		c.end(last, d)
	}
	for _, s := range d.Skips {
		c.skip(s)
	}
	if d.Action != policy.Retry && d.Action != policy.Start {
		c.m.QueueAccount, c.m.QueuedAt = uuid.Nil, 0
	}
	switch d.Action {
	case policy.Start:
		c.begin(d)
	case policy.Retry:
		c.claim(c.attempt(c.last().N))
	case policy.Wait:
		c.m.DueAt, c.m.Reason = ms(d.At), string(d.Reason)
		if len(c.as) == 0 {
			c.m.Status = c.m.Status.Raise(policy.Scheduled)
			if c.m.Status == policy.Accepted {
				c.m.Status = policy.Scheduled
			}
		}
	case policy.Ask:
		a := c.attempt(c.last().N)
		a.AskedAt, c.ask = ms(c.now), true
		c.m.LeaseOwner = c.e.replica // until the answer is in
		c.m.DueAt, c.m.Reason = ms(c.now.Add(c.e.o.Lease)), string(d.Reason)
	case policy.Finish:
		c.finish(d)
	}
	c.book()
	c.expose()
	c.announce()
	maps.DeleteFunc(c.dirty, func(n int64, _ bool) bool { return !c.differs(n) })
}

// loseLease turns a call whose lease is over into an unknown outcome: its replica may have died before, in or after
// it.
func (c *change) loseLease() {
	last := c.last()
	if last == nil || last.Status != policy.AttemptSending || c.now.Before(fromMS(last.CalledAt).Add(c.e.o.Lease)) {
		return
	}
	a := c.attempt(last.N)
	a.Status, a.Class = policy.AttemptUnknown, policy.ClassUnknown
	a.Code, a.Detail = "lease_lost", "the call's outcome was not recorded in time"
	c.m.LeaseOwner = uuid.Nil
}

// askUntil is when the question about an attempt counts as lost; zero if none is under way.
func (c *change) askUntil(a models.Attempt) time.Time {
	if a.AskedAt == 0 || c.m.LeaseOwner == uuid.Nil {
		return time.Time{}
	}
	return fromMS(a.AskedAt).Add(c.e.o.Lease)
}

// end closes the attempt that the ladder leaves. Proof of delivery stays what it is.
func (c *change) end(last *models.Attempt, d policy.Decision) {
	why := d.Reason
	if why == policy.ReasonNoStepLeft { // that is why the message ends, not its last attempt
		why = policy.ReasonTimedOut
		if last.Status == policy.AttemptUnknown {
			why = policy.ReasonUnknownOutcome
		} else if last.Class != "" {
			why = reasonOf(*last)
		}
	}
	if last.Status.Open() {
		c.close(last, d.End, why)
		return
	}
	c.close(last, last.Status, why)
}

// close ends an attempt, the first time for its reason.
func (c *change) close(last *models.Attempt, status policy.AttemptStatus, why policy.Reason) {
	a := c.attempt(last.N)
	a.Status = status
	if a.EndedAt == 0 {
		a.EndedAt, a.Reason = ms(c.now), string(why)
	}
}

// skip writes down a step that was passed over.
func (c *change) skip(s policy.Skip) {
	for _, a := range c.as {
		if int(a.Step) == s.Step {
			return
		}
	}
	step := c.plan.Steps[s.Step]
	a := c.add(s.Step)
	a.Channel, a.Status, a.Reason, a.Detail = step.Channel, policy.AttemptSkipped, string(s.Reason), step.SkipDetail
	if s.Reason == policy.ReasonSkippedUnreachable {
		a.Detail = "it refused this number for good lately, " + c.unreachable[step.Channel]
	}
	a.EndedAt = ms(c.now)
}

// add appends an attempt row for step k.
func (c *change) add(k int) *models.Attempt {
	c.m.Attempts++
	c.as = append(c.as, models.Attempt{
		TenantID: c.m.TenantID, MessageID: c.m.ID, N: c.m.Attempts, Step: int64(k), CreatedAt: ms(c.now),
	})
	return c.attempt(c.m.Attempts)
}

// begin opens an attempt on the account that Decide chose.
func (c *change) begin(d policy.Decision) {
	acc := c.plan.Steps[d.Step].Accounts[d.Account]
	a := c.add(d.Step)
	a.Channel, a.Account, a.Segments = c.plan.Steps[d.Step].Channel, acc.Name, int64(acc.Segments)
	a.AccountID, _ = uuid.Parse(acc.ID)
	a.Detail = c.instead(d)
	c.m.Channel = a.Channel
	c.m.Status = c.m.Status.Raise(policy.Sending)
	c.claim(a)
}

// instead says why the account of a new attempt was not the first in order; "" if it was.
func (c *change) instead(d policy.Decision) string {
	for _, acc := range c.plan.Steps[d.Step].Accounts[:d.Account] {
		if why := c.passed[acc.ID]; why != "" {
			return InsteadOf{acc.Name, why}.String()
		}
	}
	return ""
}

// claim takes a place in the account's lane, so that the call follows the commit; without a free place the message
// waits in the database.
func (c *change) claim(a *models.Attempt) {
	ln := c.e.lane(c.conf, a.AccountID, c.m.Test)
	c.m.Reason = string(c.why)
	if ln == nil || !ln.acquire() {
		a.Status, a.Class = policy.AttemptPending, ""
		if c.m.QueueAccount != a.AccountID {
			c.m.QueueAccount, c.m.QueuedAt = a.AccountID, ms(c.now)
		}
		c.m.DueAt = c.m.ExpiresAt
		return
	}
	c.lane, c.call = ln, true
	a.Status, a.Class, a.RetryAt = policy.AttemptSending, "", 0
	a.CalledAt = ms(c.now)
	a.Calls++
	c.m.QueueAccount, c.m.QueuedAt, c.m.LeaseOwner = uuid.Nil, 0, c.e.replica
	c.m.DueAt = ms(c.now.Add(c.e.o.Lease))
}

// finish gives the message its final status, or raises it. A call under way is still waited for, until its lease is
// over: its answer is evidence, and may cost money.
func (c *change) finish(d policy.Decision) {
	c.m.Status = c.m.Status.Raise(d.Final)
	c.m.DueAt = 0
	if c.m.CompletedAt == 0 {
		c.m.CompletedAt, c.m.Reason = ms(c.now), string(d.Reason)
	}
	if ch, ok := c.reachedBy(); ok {
		c.m.Channel = ch
	}
	last := c.last()
	if last == nil {
		return
	}
	switch last.Status {
	case policy.AttemptPending:
		c.close(last, policy.AttemptCanceled, d.Reason)
	case policy.AttemptUnknown:
		c.close(last, policy.AttemptTimedOut, d.Reason)
	case policy.AttemptSending:
		c.m.DueAt = last.CalledAt + c.e.o.Lease.Milliseconds()
		return
	}
	c.m.LeaseOwner = uuid.Nil
}

// reachedBy answers the channel whose evidence is the strongest; the earliest step among equals.
func (c *change) reachedBy() (policy.Channel, bool) {
	var best policy.AttemptStatus
	var ch policy.Channel
	for _, a := range c.as {
		switch a.Status {
		case policy.AttemptDelivered, policy.AttemptRead:
			if best == "" || best.Raise(a.Status) != best {
				best, ch = a.Status, a.Channel
			}
		}
	}
	return ch, ch != ""
}

// book adds ledger lines until each attempt's lines sum to what its evidence says is owed.
func (c *change) book() {
	for i := range c.as {
		a := &c.as[i]
		acc, place := c.plan.AccountAt(int(a.Step), a.AccountID.String())
		if place < 0 {
			continue
		}
		due := owed(a, acc.Terms)
		if due == a.Cost {
			continue
		}
		reason := "charge"
		if a.Lines > 0 {
			reason = "correction"
		}
		c.dirty[a.N] = true
		a.Lines++
		c.charges = append(c.charges, &models.Charge{
			TenantID: c.m.TenantID, MessageID: c.m.ID, N: a.N, Line: a.Lines, At: ms(c.now), Channel: a.Channel,
			AccountID: a.AccountID, Units: int64(acc.Terms.Units), Amount: due - a.Cost, Currency: c.m.Currency, Reason: reason, Test: c.m.Test,
		})
		c.m.Cost += due - a.Cost
		a.Cost = due
	}
}

// changed reports whether anything is to be written.
func (c *change) changed() bool {
	if c.before.Message.Version == 0 {
		return true
	}
	a, b := c.m, c.before.Message
	return a.Status != b.Status || a.Reason != b.Reason || a.Channel != b.Channel || a.Attempts != b.Attempts || a.Cost != b.Cost ||
		a.Exposure != b.Exposure ||
		a.CompletedAt != b.CompletedAt || a.CanceledAt != b.CanceledAt || a.ConfirmedAt != b.ConfirmedAt || a.DueAt != b.DueAt ||
		a.QueueAccount != b.QueueAccount || a.LeaseOwner != b.LeaseOwner || a.Sequence != b.Sequence || c.attemptsChanged()
}

// attemptsChanged reports whether any attempt differs from what is stored.
func (c *change) attemptsChanged() bool {
	for n := range c.dirty {
		if c.differs(n) {
			return true
		}
	}
	return false
}

// drop gives back what the change took, when it is not committed.
func (c *change) drop() {
	if c.lane != nil {
		c.lane.release()
		c.lane = nil
	}
}

// state is the change as it stands once committed.
func (c *change) state() models.State { return models.State{Message: c.m, Attempts: c.as} }

// differs reports whether attempt n is not as it is stored. What does not differ must not be written: only a message
// that changed has its version checked, so the row could be newer by now.
func (c *change) differs(n int64) bool {
	return n > int64(len(c.before.Attempts)) || c.as[n-1] != c.before.Attempts[n-1]
}
