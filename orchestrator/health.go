package orchestrator

import (
	"fmt"
	"math/bits"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// Health of an account, as one replica measures it. Where a step has another account, messages are moved away from one that
// does badly, and come back slowly.
const (
	// healthSpan is how far back the measure looks, in slices of healthSlice.
	healthSpan  = 60 * time.Second
	healthSlice = 10 * time.Second
	// healthLeast is how many calls, or deliveries, say something; healthAgain how many do of an account that is coming back
	// and gets few.
	healthLeast, healthAgain = 20, 5
	// failingShare of the calls without an answer is too much.
	failingShare = 0.2
	// An account is slow when the middle delivery takes slowTimes what it used to, and slowLeast more.
	slowTimes = 3
	slowLeast = 2 * time.Second
	// leastShare of the messages still go to an account that does badly, to see whether it is well; every healthStep in which
	// it is, twice as many.
	leastShare = 0.05
	healthStep = 30 * time.Second
	// healthBlind is how long an account that gets too few messages to tell stays where it is.
	healthBlind = 5 * time.Minute
)

// lowQuality is the provider's word for an account that its recipients report and block, as channels.QualityReader has it.
const lowQuality = "LOW"

// health is what a lane remembers of its calls. The lane's mutex guards it.
type health struct {
	slices [healthSpan / healthSlice]slice
	begun  time.Time // of the newest slice
	judged time.Time
	usual  time.Duration
	move   move
}

// called notes how a call of the account ended.
func (l *lane) called(f *channels.Failure) {
	if f != nil && notMade(f) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.called(l.now(), f != nil && (f.Class == policy.ClassDown || f.Class == policy.ClassUnknown))
}

// delivered notes how long a message of the account took.
func (l *lane) delivered(took time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.health.delivered(l.now(), took)
}

// standing is the share of its messages that the account gets; news: that has just changed. It is judged once a second.
func (l *lane) standing() (m move, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if l.health.move.share > 0 && now.Sub(l.health.judged) < time.Second {
		return l.health.move, false
	}
	l.health.judged = now
	return l.health.judge(now)
}

// passed tells which of a plan's accounts a message uses only where a step has no other. Which messages still go to an account
// that does badly is their lot, so that one message is always decided alike.
func (c *tenantConf) passed(e *Engine, p policy.Plan, message uuid.UUID, test bool) map[string]policy.Reason {
	var out map[string]policy.Reason
	for _, step := range p.Steps {
		if len(step.Accounts) < 2 || step.Skip != "" {
			continue
		}
		for _, pa := range step.Accounts {
			id, err := uuid.Parse(pa.ID)
			ln := e.lane(c, id, test)
			if err != nil || ln == nil {
				continue
			}
			m, news := ln.standing()
			if news && !test {
				e.calls.Go(func() { e.moved(c.accounts[id], m) })
			}
			why := m.reason
			switch {
			case c.accounts[id].Quality == lowQuality && !test: // its provider disables it before long, if it goes on
				why = policy.ReasonAccountQuality
			case m.share == 1 || policy.Lot(draw(message), pa.ID) < m.share:
				continue
			}
			if out == nil {
				out = map[string]policy.Reason{}
			}
			out[pa.ID] = why
		}
	}
	return out
}

// moved writes down that an account gets another share of its messages.
func (e *Engine) moved(a *account, m move) {
	e.log.Warn("account moved", "account", a.Name, "share", m.share, "reason", m.reason, "detail", m.detail.en)
	ctx, cancel := e.recording()
	defer cancel()
	err := e.o.Store.InsertMove(ctx, models.AccountMove{
		TenantID: a.TenantID, AccountID: a.ID, ID: uuid.Must(uuid.NewV7()), At: ms(m.since), Share: m.share, Reason: string(m.reason),
		Detail: m.detail.en, DetailVI: m.detail.vi,
	})
	if err != nil {
		e.log.Error("account's move not recorded", "account", a.Name, "err", err)
	}
}

// measure has the accounts of a committed change measured by what it tells of deliveries. A message that was not delivered in
// the time it had took at least that time.
func (c *change) measure() {
	for n := range c.dirty {
		a, before := c.as[n-1], models.Attempt{}
		if n <= int64(len(c.before.Attempts)) {
			before = c.before.Attempts[n-1]
		}
		var took int64
		switch {
		case a.CalledAt == 0 || before.DeliveredAt > 0:
			continue
		case a.DeliveredAt > 0:
			took = a.DeliveredAt - a.CalledAt
		case a.Status == policy.AttemptTimedOut && before.Status != a.Status:
			took = a.EndedAt - a.CalledAt
		default:
			continue
		}
		if ln := c.e.lane(c.conf, a.AccountID, c.m.Test); ln != nil {
			ln.delivered(time.Duration(took) * time.Millisecond)
		}
	}
}

// slice is what happened in a healthSlice.
type slice struct {
	calls, silent int
	// took counts deliveries by how long they took: bucket b holds 2^(b-1) to 2^b milliseconds.
	took      [24]int
	delivered int
}

// move is the share of an account's messages that it gets, since when, and why.
type move struct {
	share  float64
	since  time.Time
	reason policy.Reason // "" when all is well
	detail said
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

// now answers the current slice, after forgetting those that are too old.
func (h *health) now(t time.Time) *slice {
	if h.begun.IsZero() || t.Sub(h.begun) >= healthSpan {
		h.slices, h.begun = [healthSpan / healthSlice]slice{}, t
	}
	for t.Sub(h.begun) >= healthSlice {
		copy(h.slices[1:], h.slices[:])
		h.slices[0], h.begun = slice{}, h.begun.Add(healthSlice)
	}
	return &h.slices[0]
}

// sum is all that the slices hold.
func (h *health) sum(t time.Time) slice {
	h.now(t)
	var all slice
	for _, s := range &h.slices {
		all.calls += s.calls
		all.silent += s.silent
		all.delivered += s.delivered
		for b := range s.took {
			all.took[b] += s.took[b]
		}
	}
	return all
}

// median is how long the middle delivery took, within a factor of the square root of two.
func (s slice) median() time.Duration {
	seen := 0
	for b, n := range s.took {
		if seen += n; 2*seen >= s.delivered && seen > 0 {
			return time.Duration(3<<b) * time.Millisecond / 4
		}
	}
	return 0
}

// called notes the end of a call: silent where nobody answered.
func (h *health) called(t time.Time, silent bool) {
	s := h.now(t)
	s.calls++
	if silent {
		s.silent++
	}
}

// delivered notes how long a message took from its call to its delivery, or that it was not in the time it had.
func (h *health) delivered(t time.Time, took time.Duration) {
	s := h.now(t)
	b := bits.Len64(uint64(max(took.Milliseconds(), 0)))
	s.took[min(b, len(s.took)-1)]++
	s.delivered++
}

// judge says what the account's share is now, and whether that is news.
func (h *health) judge(t time.Time) (move, bool) {
	if h.move.share == 0 {
		h.move = move{share: 1, since: t}
	}
	all := h.sum(t)
	enough := healthLeast
	if h.move.share < 1 {
		enough = healthAgain
	}
	reason, detail := all.trouble(enough, h.usual)
	switch {
	case reason != "" && h.move.share > leastShare:
		return h.to(t, move{leastShare, t, reason, detail})
	case reason != "":
		h.move.since = t // not yet
	case h.move.share == 1:
		h.learn(all)
	case t.Sub(h.move.since) >= healthStep && (all.shows(h.usual) || t.Sub(h.move.since) >= healthBlind):
		back := move{min(1, 2*h.move.share), t, h.move.reason, said{"does well again", "đã gửi tốt trở lại"}}
		if back.share == 1 {
			back.reason = ""
		}
		return h.to(t, back)
	}
	return h.move, false
}

// shows reports whether there is enough to say that an account is well.
func (s slice) shows(usual time.Duration) bool {
	return s.calls >= healthAgain && (usual == 0 || s.delivered >= healthAgain)
}

// to makes a move. What was measured before says nothing about what comes.
func (h *health) to(t time.Time, m move) (move, bool) {
	h.slices, h.begun, h.move = [healthSpan / healthSlice]slice{}, t, m
	return m, true
}

// learn lets what deliveries usually take follow what they take, slowly: it is asked about once a second.
func (h *health) learn(all slice) {
	if all.delivered < healthLeast {
		return
	}
	if h.usual == 0 {
		h.usual = all.median()
		return
	}
	h.usual += (all.median() - h.usual) / 600
}

// trouble says what is wrong with an account by what happened of late; "" if nothing is.
func (s slice) trouble(enough int, usual time.Duration) (policy.Reason, said) {
	if s.calls >= enough && float64(s.silent) >= failingShare*float64(s.calls) {
		return policy.ReasonAccountFailing, said{
			fmt.Sprintf("%d of the last %d calls had no answer", s.silent, s.calls),
			fmt.Sprintf("%d trong %d lệnh gọi gần nhất không được trả lời", s.silent, s.calls),
		}
	}
	if took := s.median(); usual > 0 && s.delivered >= enough && took > slowTimes*usual && took > usual+slowLeast {
		took, usual = took.Round(time.Millisecond), usual.Round(time.Millisecond)
		return policy.ReasonAccountSlow, said{
			fmt.Sprintf("the middle one of %d deliveries took %s, and %s is usual", s.delivered, took, usual),
			fmt.Sprintf("một nửa trong %d lần gửi lâu hơn %s; bình thường là %s", s.delivered, took, usual),
		}
	}
	return "", said{}
}
