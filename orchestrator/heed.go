package orchestrator

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// triedShare is how many of the messages to somebody whom a channel refused for good try it all the same: people do install
// the application one day.
const triedShare = 0.05

// heed looks up the people of new messages and of calls about to begin, in the transaction that stores them: whoever must not
// be contacted is not, and a channel that refused somebody for good is passed over.
func (w *writing) heed(ctx context.Context, tx *models.Tx) error {
	var people []models.Person
	for _, p := range w.pieces {
		if p.fresh() || p.change.call {
			people = append(people, p.person())
		}
	}
	if len(people) == 0 {
		return nil
	}
	found, err := tx.Contacts(ctx, people)
	if err != nil || len(found) == 0 {
		return err
	}
	for _, p := range w.pieces {
		known, is := found[p.person()]
		if !is || !p.fresh() && !p.change.call {
			continue
		}
		if err := w.heedOne(p, known); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) heedOne(p *piece, known models.Contact) error {
	var why error
	if known.Suppression != nil {
		why = suppressed(*known.Suppression, p.change.m.Category)
	}
	off, tried := p.change.off(known)
	switch {
	case why != nil && p.fresh():
		p.refused = why
	case why != nil:
		return w.remake(p, func(c *change) { c.suppressed = true })
	case p.change.begins(off):
		err := w.remake(p, func(c *change) { c.unreachable = off })
		if err != nil {
			return err
		}
	}
	if p.change.begins(tried) {
		p.change.last().Reason = string(policy.ReasonTriedAgain)
	}
	return nil
}

// off names the channels on which the message's person is not to be called, and those that refused them and are tried again by
// this message.
func (c *change) off(known models.Contact) (off, tried map[policy.Channel]string) {
	off, tried = map[policy.Channel]string{}, map[policy.Channel]string{}
	for _, u := range known.Unreachable {
		switch {
		case u.Until <= ms(c.now) || c.m.Test || c.conf.tenant.UnreachableFor == 0:
		case policy.Lot(draw(c.m.ID), string(u.Channel)) < triedShare:
			tried[u.Channel] = u.Code
		default:
			off[u.Channel] = u.Code
		}
	}
	return off, tried
}

// draw is the number by which a message draws lots: the random half of its id.
func draw(id uuid.UUID) uint64 { return binary.BigEndian.Uint64(id[8:]) }

// begins reports whether the change has an attempt on one of some channels that nobody was called for yet.
func (c *change) begins(on map[policy.Channel]string) bool {
	last := c.last()
	if last == nil || on[last.Channel] == "" {
		return false
	}
	return last.Calls == 0 || last.Calls == 1 && c.call
}

// remake settles a piece again, knowing more.
func (w *writing) remake(p *piece, know func(*change)) error {
	p.change.drop()
	old := p.change
	if p.fresh() {
		c := old.anew()
		know(c)
		c.settle()
		p.change, p.facts[0].fresh = c, c
		return p.facts[0].answer()
	}
	c, err := w.e.newChange(old.conf, old.before, old.now)
	if err != nil {
		return err
	}
	for _, f := range p.facts {
		f.add(c)
	}
	know(c)
	p.change = c
	return c.decide()
}

// answer renders what a fresh message's caller is told first, for those who repeat the call.
func (f *fact) answer() error {
	for i := range f.keys {
		if f.keys[i].Kind != models.DedupeIdempotency {
			continue
		}
		first, err := json.Marshal(f.fresh.firstAnswer())
		if err != nil {
			return err
		}
		f.keys[i].Response = first
	}
	return nil
}

// learned is what the pieces that are stored tell of people: who is not on a channel, and who is after all.
func (w *writing) learned() (refused, reached []*models.Unreachable) {
	type key struct {
		person  models.Person
		channel policy.Channel
	}
	seen := map[key]bool{}
	for _, p := range w.pieces {
		c := p.change
		keep := time.Duration(c.conf.tenant.UnreachableFor) * time.Millisecond
		if !p.stored() || c.m.Test || keep == 0 {
			continue
		}
		for n := range c.dirty {
			a := c.as[n-1]
			u := &models.Unreachable{
				TenantID: c.m.TenantID, Phone: c.m.To, Channel: a.Channel, Code: a.Code, Since: ms(c.now), Until: ms(c.now.Add(keep)),
			}
			switch k := (key{p.person(), a.Channel}); {
			case seen[k]:
			case a.Status == policy.AttemptFailed && policy.Lasting(a.Class, a.Code):
				seen[k], refused = true, append(refused, u)
			case (a.Status == policy.AttemptDelivered || a.Status == policy.AttemptRead) && a.Reason == string(policy.ReasonTriedAgain):
				seen[k], reached = true, append(reached, u)
			}
		}
	}
	return refused, reached
}
