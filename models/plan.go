package models

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"sync"

	"github.com/google/uuid"
)

// plan is a resolved ladder, stored once a tenant however many messages were accepted under it.
type plan struct {
	TenantID, ID uuid.UUID
	Body         []byte
}

func (p *plan) ref() Ref { return Ref{p.TenantID, p.ID} }

// planID names a plan by what it says.
func planID(body []byte) uuid.UUID {
	sum := sha256.Sum256(body)
	return uuid.UUID(sum[:16])
}

// plansKept bounds plans: inline policies can make as many as there are messages.
const plansKept = 4096

// plans remembers plans that are stored. Their bodies are shared and must not be changed.
type plans struct {
	mu   sync.RWMutex
	body map[Ref][]byte
}

func (c *plans) get(ref Ref) ([]byte, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	body, ok := c.body[ref]
	return body, ok
}

func (c *plans) add(p *plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.body == nil || len(c.body) >= plansKept {
		c.body = map[Ref][]byte{}
	}
	c.body[p.ref()] = p.Body
}

// insertPlans stores the plans of new messages that are not known to be stored.
func (t *Tx) insertPlans(ctx context.Context, rows []*Message) error {
	var fresh []*plan
	seen := map[Ref]bool{}
	for _, m := range rows {
		p := &plan{m.TenantID, planID(m.Plan), m.Plan}
		m.PlanID = p.ID
		if _, known := t.q.s.plans.get(p.ref()); known || seen[p.ref()] {
			continue
		}
		seen[p.ref()] = true
		fresh = append(fresh, p)
	}
	t.plans = append(t.plans, fresh...)
	return insertPlans.run(ctx, t.q, fresh, nil)
}

// readPlans gives messages that were read their plans.
func (q querier) readPlans(ctx context.Context, rows []Message) error {
	var missing []Ref
	for i, m := range rows {
		body, known := q.s.plans.get(Ref{m.TenantID, m.PlanID})
		rows[i].Plan = body
		if !known {
			missing = append(missing, Ref{m.TenantID, m.PlanID})
		}
	}
	if len(missing) == 0 {
		return nil
	}
	wanted := make([]*plan, 0, len(missing))
	for _, ref := range unique(missing) {
		wanted = append(wanted, &plan{TenantID: ref.TenantID, ID: ref.ID})
	}
	found := map[Ref][]byte{}
	err := loadPlans.run(ctx, q, wanted, func(r *sql.Rows) error {
		var p plan
		if err := scanInto(r, planColumns, &p); err != nil {
			return err
		}
		found[p.ref()] = p.Body
		q.s.plans.add(&p)
		return nil
	})
	if err != nil {
		return fmt.Errorf("load plans: %w", err)
	}
	for i, m := range rows {
		if m.Plan == nil {
			rows[i].Plan = found[Ref{m.TenantID, m.PlanID}]
		}
	}
	return nil
}
