package models

import (
	"database/sql"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"cascade/policy"
)

// PriceQuery asks for the messages that a tenant had accepted, as a price book tells them apart.
type PriceQuery struct {
	TenantID uuid.UUID
	// From and To bound when a message was accepted, in Unix milliseconds: From is in, To is not.
	From, To int64
	// Cuts are the times, rising, at which prices change: no group spans one.
	Cuts []int64
}

// PriceGroup is messages that cost the same by any price book.
type PriceGroup struct {
	Template, Operator, Country string
	Category                    policy.Category
	// Segments are those of the messages' SMS text, at least 1: what their plan's SMS step says, else those of the text
	// among their contents, else 1.
	Segments int64
	// At is a time in Unix milliseconds at which the prices of them all held.
	At       int64
	Messages int64
}

// EachPriceGroup counts messages by what their price depends on, without tests, and hands each group to the caller, in
// no order. A group may come in parts. The first error of each ends it.
func (r *Report) EachPriceGroup(q PriceQuery, each func(PriceGroup) error) error {
	known, err := r.rolled(q.TenantID, "message_hours")
	if err != nil {
		return fmt.Errorf("price groups: %w", err)
	}
	c := newCover(max(q.From, known.from), q.To, known.until, func(hour int64) bool {
		i, _ := slices.BinarySearch(q.Cuts, hour*hourMillis+1) // a price may change as the hour begins
		return known.marked[hour] || i < len(q.Cuts) && q.Cuts[i] < (hour+1)*hourMillis
	})
	if hours := c.rolled(); hours != "" {
		at := fmt.Sprintf("h.hour * %d", hourMillis)
		err := r.eachGroup(each, `SELECT h.template, h.operator, h.country, h.category, h.segments, '', '', `+priceSlice(at, q.Cuts)+`,
				min(`+at+`), cast(sum(h.messages) AS bigint)
			FROM message_hours h WHERE h.tenant_id = ? AND `+hours+` GROUP BY 1, 2, 3, 4, 5, 8`, q.TenantID)
		if err != nil {
			return err
		}
	}
	if len(c.raw) == 0 {
		return nil
	}
	statement, args := r.s.rawGroups(q.TenantID, priceSlice("m.created_at", q.Cuts), c.raw)
	return r.eachGroup(each, statement, args...)
}

// rawGroups counts the messages accepted in the stretches, by a slice of time and all else that their price depends on.
// What they say is read only where their plan knows no segments.
func (s *Store) rawGroups(tenant uuid.UUID, slice string, raw []stretch) (statement string, args []any) {
	from := s.rowsIn("messages", "m", raw, "", "m.tenant_id = ? AND NOT m.test")
	// A key of that name is in a plan only with the segments of an SMS; within a JSON string its quotes are escaped.
	return `WITH planned AS MATERIALIZED (SELECT p.id AS id FROM plans p
			WHERE p.tenant_id = ? AND p.body LIKE '%"segments":%' AND p.id IN (SELECT m.plan_id ` + from + `)),
		x AS (SELECT m.template AS template, m.operator AS operator, m.country AS country, m.category AS category, m.plan_id AS plan,
			CASE WHEN m.plan_id IN (SELECT id FROM planned) THEN '' ELSE m.content END AS content, ` + slice + ` AS slice,
			min(m.created_at) AS at, count(*) AS messages ` + from + ` GROUP BY 1, 2, 3, 4, 5, 6, 7)
		SELECT x.template, x.operator, x.country, x.category, 0, CASE WHEN x.content = '' THEN coalesce(p.body, '') ELSE '' END,
			x.content, x.slice, x.at, x.messages
		FROM x LEFT JOIN plans p ON p.tenant_id = ? AND p.id = x.plan`, []any{tenant, tenant, tenant, tenant}
}

// eachGroup runs a statement that selects groups: all of one but its segments, these or what tells them, its slice, a
// time and a count.
func (r *Report) eachGroup(each func(PriceGroup) error, statement string, args ...any) error {
	return r.eachSlice(func(g PriceGroup, _ int64) error { return each(g) }, statement, args...)
}

func (r *Report) eachSlice(each func(g PriceGroup, slice int64) error, statement string, args ...any) error {
	err := r.each(func(rows *sql.Rows) error {
		var g PriceGroup
		var slice int64
		var plan, content []byte
		if err := rows.Scan(&g.Template, &g.Operator, &g.Country, &g.Category, &g.Segments, &plan, &content, &slice, &g.At, &g.Messages); err != nil {
			return err
		}
		if g.Segments == 0 {
			g.Segments = smsSegments(plan, content)
		}
		return each(g, slice)
	}, statement, args...)
	if err != nil {
		return fmt.Errorf("price groups: %w", err)
	}
	return nil
}

// priceSlice numbers the times between cuts, from 0.
func priceSlice(at string, cuts []int64) string {
	slice := "CASE"
	for i, cut := range cuts {
		slice += fmt.Sprintf(" WHEN %s < %d THEN %d", at, cut, i)
	}
	return slice + fmt.Sprintf(" WHEN true THEN %d END", len(cuts))
}
