package orchestrator

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// CapError is a message that its tenant's cap leaves no room for.
type CapError struct {
	Period string // "day" or "month"
	Cap    policy.Money
	// Left is how much room there is, and Worst what the message may come to cost.
	Left, Worst policy.Money
	RetryAfter  time.Duration // the period's end
}

// Error says what was asked and what is left.
func (e *CapError) Error() string {
	return fmt.Sprintf("the tenant's cap of %s a %s has %s left, and this message may come to cost %s", e.Cap, e.Period, e.Left, e.Worst)
}

// capPeriod is one of a tenant's caps at a moment.
type capPeriod struct {
	name       string // day or month
	key        string // as 2026-11-22 or 2026-11
	most       int64  // micros
	from, till time.Time
}

// caps lists the tenant's caps that hold for what was accepted at a time.
func (c *tenantConf) caps(at time.Time) []capPeriod {
	var all []capPeriod
	local := at.In(c.zone)
	year, month, day := local.Date()
	if c.tenant.CapDay > 0 {
		all = append(all, capPeriod{
			"day", local.Format("2006-01-02"), c.tenant.CapDay,
			time.Date(year, month, day, 0, 0, 0, 0, c.zone), time.Date(year, month, day+1, 0, 0, 0, 0, c.zone),
		})
	}
	if c.tenant.CapMonth > 0 {
		all = append(all, capPeriod{
			"month", local.Format("2006-01"), c.tenant.CapMonth,
			time.Date(year, month, 1, 0, 0, 0, 0, c.zone), time.Date(year, month+1, 1, 0, 0, 0, 0, c.zone),
		})
	}
	return all
}

// expose notes what the message may come to cost, where its tenant has a cap.
func (c *change) expose() {
	c.m.Exposure = 0
	if c.m.Test || c.conf.tenant.CapDay == 0 && c.conf.tenant.CapMonth == 0 {
		return
	}
	f := policy.Facts{Spent: c.m.Cost, Attempts: make([]policy.AttemptFacts, len(c.as))}
	if c.m.CompletedAt > 0 {
		f.Ended = c.m.Status
	}
	for i, a := range c.as {
		f.Attempts[i] = policy.AttemptFacts{Step: int(a.Step), Account: a.AccountID.String(), Status: a.Status, SentAt: fromMS(a.SentAt)}
	}
	c.m.Exposure = f.Exposure(c.plan)
}

// counted is what a message is counted for in its tenant's budgets.
func counted(m models.Message) int64 {
	if m.Exposure > 0 {
		return m.Exposure
	}
	return m.Cost
}

// budgetKey names a budget.
type budgetKey struct {
	tenant uuid.UUID
	period string
}

// spending keeps a commit's messages within their tenants' caps.
type spending struct {
	pieces  []*piece // of tenants with a cap
	budgets map[budgetKey]*models.Budget
	// added is what each budget grows by, in micros.
	added   map[budgetKey]*models.Budget
	crossed []string
}

func keyOf(m models.Message, c capPeriod) budgetKey {
	return budgetKey{m.TenantID, c.key}
}

// newSpending lists the pieces that count against a cap; nil if none does.
func (w *writing) newSpending() *spending {
	s := &spending{budgets: map[budgetKey]*models.Budget{}, added: map[budgetKey]*models.Budget{}}
	for _, p := range w.pieces {
		m := p.change.m
		if m.Test || len(p.change.conf.caps(fromMS(m.CreatedAt))) == 0 || p.refused != nil || p.lost != nil {
			continue
		}
		if p.fresh() || counted(m) != counted(p.change.before.Message) {
			s.pieces = append(s.pieces, p)
		}
	}
	if len(s.pieces) == 0 {
		return nil
	}
	return s
}

// recountAfter is when every replica has heard of a new cap: what those that had not accepted until then is counted once more.
const recountAfter = 2 * confLife

// admit takes the budgets, and refuses the new messages that they have no room for. The worst that a message may cost must fit:
// what it does not cost comes back when it ends.
func (s *spending) admit(ctx context.Context, tx *models.Tx, now time.Time) (refused []*piece, err error) {
	var wanted []*models.Budget
	asked := map[budgetKey]bool{}
	for _, p := range s.pieces {
		m := p.change.m
		for _, c := range p.change.conf.caps(fromMS(m.CreatedAt)) {
			if k := keyOf(m, c); !asked[k] {
				asked[k] = true
				wanted = append(wanted, models.NewBudget(m.TenantID, c.key, ms(c.from), ms(c.till), ms(now.Add(recountAfter))))
			}
		}
	}
	rows, err := tx.LockBudgets(ctx, wanted, ms(now))
	if err != nil {
		return nil, err
	}
	for _, b := range rows {
		s.budgets[budgetKey{b.TenantID, b.Period}] = b
	}
	for _, p := range s.pieces {
		if p.fresh() {
			if p.refused = s.room(p, now); p.refused != nil {
				refused = append(refused, p)
			}
		}
	}
	return refused, nil
}

// room takes what a new message may cost from its budgets, or says which of them has too little left.
func (s *spending) room(p *piece, now time.Time) error {
	m := p.change.m
	caps := p.change.conf.caps(fromMS(m.CreatedAt))
	for _, c := range caps {
		if used := s.budgets[keyOf(m, c)].Used; used+counted(m) > c.most {
			money := func(micros int64) policy.Money { return policy.Money{Micros: micros, Currency: m.Currency} }
			return &CapError{Period: c.name, Cap: money(c.most), Left: money(max(c.most-used, 0)), Worst: money(counted(m)), RetryAfter: c.till.Sub(now)}
		}
	}
	for _, c := range caps {
		b := s.budgets[keyOf(m, c)]
		s.note(p, c, b.Used, b.Used+counted(m))
		b.Used += counted(m)
	}
	return nil
}

// alarms are the shares of a cap at which it is told that it is used.
var alarms = []float64{0.5, 0.8, 1}

// note remembers to tell that a cap came near.
func (s *spending) note(p *piece, c capPeriod, before, after int64) {
	for _, share := range alarms {
		if at := share * float64(c.most); float64(before) < at && float64(after) >= at {
			s.crossed = append(s.crossed, fmt.Sprintf("%s: %.0f %% of the cap of %s", p.change.conf.tenant.Name, share*100, c.key))
		}
	}
}

// book adds to the budgets what the pieces that are stored changed.
func (s *spending) book(ctx context.Context, tx *models.Tx) error {
	var rows []*models.Budget
	for _, p := range s.pieces {
		if !p.stored() {
			continue
		}
		m, grown := p.change.m, counted(p.change.m)
		if !p.fresh() {
			grown -= counted(p.change.before.Message)
		}
		for _, c := range p.change.conf.caps(fromMS(m.CreatedAt)) {
			k := keyOf(m, c)
			if s.added[k] == nil {
				s.added[k] = &models.Budget{TenantID: m.TenantID, Period: c.key}
				rows = append(rows, s.added[k])
			}
			s.added[k].Used += grown
		}
	}
	return tx.AddToBudgets(ctx, rows)
}
