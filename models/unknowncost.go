package models

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"cascade/policy"
)

// Unsettled is what attempts may cost of which nobody knows whether they were taken.
type Unsettled struct {
	Attempts int64
	Cost     map[string]int64 // micros by currency, should all of them be billed in full
}

// Unsettled counts the attempts made in a report's span whose outcome was never told. They are not in its sums: nothing is
// booked before it is known.
func (r *Report) Unsettled(q CostQuery) (u Unsettled, err error) {
	u.Cost = map[string]int64{}
	where, args := q.filtered(false)
	index := ""
	if r.s.dialect == SQLite {
		index = "INDEXED BY attempts_unknown_at "
	}
	var groups []unsettledGroup
	err = r.each(func(rows *sql.Rows) error {
		var g unsettledGroup
		err := rows.Scan(&g.step, &g.account, &g.plan, &g.currency, &g.attempts)
		groups = append(groups, g)
		u.Attempts += g.attempts
		return err
	}, `SELECT a.step, a.account_id, m.plan_id, m.currency, count(*) FROM attempts a `+index+`
			JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
		WHERE a.class = 'unknown' AND a.created_at >= ? AND a.created_at < ? AND a.tenant_id = ? AND a.calls > 0 AND NOT m.test
			AND a.status IN ('unknown', 'timed_out') AND a.sent_at IS NULL`+where+`
		GROUP BY a.step, a.account_id, m.plan_id, m.currency`, append([]any{q.From, q.To, q.TenantID}, args...)...)
	if err != nil {
		return u, fmt.Errorf("unsettled attempts: %w", err)
	}
	plans, err := r.plans(q.TenantID, groups)
	for _, g := range groups {
		if acc, i := plans[g.plan].AccountAt(g.step, g.account.String()); i >= 0 {
			u.Cost[g.currency] += acc.Terms.Full().Micros * g.attempts
		}
	}
	return u, err
}

// unsettledGroup is attempts that cost the same.
type unsettledGroup struct {
	step          int
	account, plan uuid.UUID
	currency      string
	attempts      int64
}

func (r *Report) plans(tenant uuid.UUID, groups []unsettledGroup) (map[uuid.UUID]policy.Plan, error) {
	out := map[uuid.UUID]policy.Plan{}
	for _, g := range groups {
		if _, known := out[g.plan]; known {
			continue
		}
		var body []byte
		if err := r.tx.Raw("SELECT body FROM plans WHERE tenant_id = ? AND id = ?", tenant, g.plan).Row().Scan(&body); err != nil {
			return nil, fmt.Errorf("plan of an unsettled attempt: %w", err)
		}
		var p policy.Plan
		_ = json.Unmarshal(body, &p) // a plan that is none knows no price
		out[g.plan] = p
	}
	return out, nil
}
