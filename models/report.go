package models

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/policy"
)

// CostQuery asks what a tenant's attempts cost.
type CostQuery struct {
	TenantID uuid.UUID
	// From and To bound when an attempt was made, in Unix milliseconds: From is in, To is not.
	From, To int64
	GroupBy  []string // of CostGroups
	Location *time.Location
}

// CostRow is one line of a cost report.
type CostRow struct {
	Group    map[string]string // by the words of GroupBy; a day is 2006-01-02
	Attempts int64             // those that called a provider
	Billable int64             // those of them that cost anything
	Units    int64             // of the billable ones: segments of an SMS, one for another message
	Cost     int64             // micros
	Currency string
}

// costColumns are the words that a report can be grouped by. The day is worked out in costDay.
var costColumns = map[string]string{
	"channel":  "a.channel",
	"account":  "a.account",
	"template": "m.template",
	"category": "m.category",
	"policy":   "m.policy_name",
	"operator": "m.operator",
	"day":      "",
}

// CostGroups lists the words of CostQuery.GroupBy.
func CostGroups() []string {
	return []string{"channel", "account", "day", "template", "category", "policy", "operator"}
}

// ErrGroup says that a report cannot be grouped by this.
var ErrGroup = errors.New("group_by takes " + strings.Join(CostGroups(), ", ") + ", each once")

// attemptCost is what an attempt costs: the sum of its lines in the ledger, corrections included, whenever they came. A
// statement that names it more than once has it materialized first, or the ledger is read again for each time.
const attemptCost = `coalesce((SELECT sum(c.amount) FROM charges c
	WHERE c.tenant_id = a.tenant_id AND c.message_id = a.message_id AND c.n = a.n), 0)`

// costScope is which attempts a report counts: those made in a span of time that called a provider, without tests.
const costScope = `a.tenant_id = ? AND a.created_at >= ? AND a.created_at < ? AND a.calls > 0 AND NOT m.test`

// CostRows sums the ledger by attempt, booked to when the attempt was made. The rows are sorted by their groups.
// ErrGroup: q.GroupBy has an unknown word, or one twice.
func (s *Store) CostRows(ctx context.Context, q CostQuery) ([]CostRow, error) {
	columns, err := costSelect(q)
	if err != nil {
		return nil, err
	}
	ordinals := make([]string, len(columns))
	for i := range columns {
		ordinals[i] = strconv.Itoa(i + 1)
	}
	statement := `WITH x AS MATERIALIZED (SELECT ` + strings.Join(columns, ", ") + `, a.channel AS channel, a.segments AS segments, ` + attemptCost + ` AS cost
			FROM attempts a JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
			WHERE ` + costScope + `)
		SELECT ` + strings.Join(columnNames(len(columns)), ", ") + `,
			count(*),
			cast(sum(CASE WHEN cost > 0 THEN 1 ELSE 0 END) AS bigint),
			cast(sum(CASE WHEN cost <= 0 THEN 0 WHEN channel = 'sms' THEN segments ELSE 1 END) AS bigint),
			cast(sum(cost) AS bigint)
		FROM x GROUP BY ` + strings.Join(ordinals, ", ") + ` ORDER BY ` + strings.Join(ordinals, ", ")
	rows, err := s.read.WithContext(ctx).Raw(statement, q.TenantID, q.From, q.To).Rows()
	if err != nil {
		return nil, fmt.Errorf("cost report: %w", err)
	}
	defer rows.Close()
	var out []CostRow
	for rows.Next() {
		row := CostRow{Group: make(map[string]string, len(q.GroupBy))}
		values := make([]string, len(q.GroupBy))
		into := make([]any, 0, len(columns)+4)
		for i := range values {
			into = append(into, &values[i])
		}
		into = append(into, &row.Currency, &row.Attempts, &row.Billable, &row.Units, &row.Cost)
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("cost report: %w", err)
		}
		for i, word := range q.GroupBy {
			row.Group[word] = groupText(word, values[i])
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

// PaidTwiceLate is what was spent on attempts, by currency in micros, although an earlier channel that was paid too
// had the message delivered after all: the price of not having waited.
func (s *Store) PaidTwiceLate(ctx context.Context, tenant uuid.UUID, from, to int64) (map[string]int64, error) {
	var rows []struct {
		Currency string
		Cost     int64
	}
	err := s.read.WithContext(ctx).Raw(`WITH x AS MATERIALIZED (SELECT m.currency AS currency, `+attemptCost+` AS cost
			FROM attempts a JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
			WHERE `+costScope+` AND EXISTS (SELECT 1 FROM attempts e
				WHERE e.tenant_id = a.tenant_id AND e.message_id = a.message_id AND e.n < a.n
				AND (e.delivered_at > 0 OR e.read_at > 0) AND e.cost > 0))
		SELECT currency, cast(sum(cost) AS bigint) AS cost FROM x WHERE cost > 0 GROUP BY currency`, tenant, from, to).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("cost report: %w", err)
	}
	out := make(map[string]int64, len(rows))
	for _, r := range rows {
		out[r.Currency] = r.Cost
	}
	return out, nil
}

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
	// Plan is the messages' own: of the SMS it knows the segments, where it has a step for one.
	Plan []byte
	// Content is the messages' own where the plan knows no segments; empty otherwise.
	Content   []byte
	CreatedAt int64 // the earliest
	Messages  int64
}

// EachPriceGroup counts messages by what their price depends on, without tests, and hands each group to the caller, in
// no order. The first error of each ends it.
func (s *Store) EachPriceGroup(ctx context.Context, q PriceQuery, each func(PriceGroup) error) error {
	slice := "CASE"
	for i, cut := range q.Cuts {
		slice += fmt.Sprintf(" WHEN m.created_at < %d THEN %d", cut, i)
	}
	slice += fmt.Sprintf(" WHEN true THEN %d END", len(q.Cuts))
	// A key of that name is in a plan only with the segments of an SMS; within a JSON string its quotes are escaped.
	rows, err := s.read.WithContext(ctx).Raw(`SELECT m.template, m.operator, m.country, m.category,
			CASE WHEN p.body LIKE '%"segments":%' THEN '' ELSE m.content END, `+slice+`,
			coalesce(p.body, ''), min(m.created_at), count(*)
		FROM messages m LEFT JOIN plans p ON p.tenant_id = m.tenant_id AND p.id = m.plan_id
		WHERE m.tenant_id = ? AND m.created_at >= ? AND m.created_at < ? AND NOT m.test
		GROUP BY 1, 2, 3, 4, 5, 6, p.tenant_id, p.id`, q.TenantID, q.From, q.To).Rows()
	if err != nil {
		return fmt.Errorf("price groups: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var g PriceGroup
		var slice int64
		if err := rows.Scan(&g.Template, &g.Operator, &g.Country, &g.Category, &g.Content, &slice, &g.Plan, &g.CreatedAt, &g.Messages); err != nil {
			return fmt.Errorf("price groups: %w", err)
		}
		if err := each(g); err != nil {
			return err
		}
	}
	return rows.Err()
}

// costSelect is what the report's rows are grouped by, as g1, g2 and so on; the last is the currency, since amounts
// of two currencies have no sum.
func costSelect(q CostQuery) ([]string, error) {
	var columns []string
	add := func(expr string) { columns = append(columns, expr+" AS g"+strconv.Itoa(len(columns)+1)) }
	for i, word := range q.GroupBy {
		expr, ok := costColumns[word]
		if !ok || slices.Contains(q.GroupBy[:i], word) {
			return nil, ErrGroup
		}
		if word == "day" {
			expr = costDay(q)
		}
		add(expr)
	}
	add("m.currency")
	return columns, nil
}

func columnNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "g" + strconv.Itoa(i+1)
	}
	return names
}

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// costDay counts an attempt's days since 1970 in the report's zone. The database knows no zones on SQLite, so the
// zone's offset is spelled out for each stretch between its changes: one for Ho Chi Minh City, a few for a year of
// Berlin.
func costDay(q CostQuery) string {
	zone := q.Location
	if zone == nil {
		zone = time.UTC
	}
	var b strings.Builder
	b.WriteString("(a.created_at + CASE")
	at := time.UnixMilli(q.From).In(zone)
	for {
		_, seconds := at.Zone()
		_, end := at.ZoneBounds()
		if end.IsZero() || end.UnixMilli() >= q.To {
			fmt.Fprintf(&b, " WHEN true THEN %d END) / %d", int64(seconds)*1000, dayMillis)
			return b.String()
		}
		fmt.Fprintf(&b, " WHEN a.created_at < %d THEN %d", end.UnixMilli(), int64(seconds)*1000)
		at = end
	}
}

// groupText writes a group's value for people: the day is counted from 1970.
func groupText(word, value string) string {
	if word != "day" {
		return value
	}
	days, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return value
	}
	return time.UnixMilli(days * dayMillis).UTC().Format(time.DateOnly)
}
