package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// CostQuery asks what a tenant's attempts cost.
type CostQuery struct {
	TenantID uuid.UUID
	// From and To bound when an attempt was made, in Unix milliseconds: From is in, To is not.
	From, To int64
	GroupBy  []string // of CostGroups
	// Where keeps to the attempts that have these values, by words of CostFilters.
	Where    map[string]string
	Location *time.Location
}

// CostRow is one line of a cost report.
type CostRow struct {
	Group    map[string]string // by the words of GroupBy; a day is 2006-01-02, a month 2006-01
	Attempts int64             // those that called a provider
	Billable int64             // those of them that cost anything
	Units    int64             // of the billable ones: segments of an SMS, one for another message
	Cost     int64             // micros
	Currency string
}

// costColumns are the words that a report can be grouped by: where an attempt's rows have them, and where the rollup
// has. The day is worked out in daySQL, the month in monthsOf.
var costColumns = map[string]struct{ raw, rolled string }{
	"channel":  {"a.channel", "h.channel"},
	"account":  {"a.account", "h.account"},
	"template": {"m.template", "h.template"},
	"category": {"m.category", "h.category"},
	"policy":   {"m.policy_name", "h.policy_name"},
	"operator": {"m.operator", "h.operator"},
	"day":      {"a.created_at", "h.hour * " + strconv.FormatInt(hourMillis, 10)},
	"month":    {"a.created_at", "h.hour * " + strconv.FormatInt(hourMillis, 10)},
}

// CostGroups lists the words of CostQuery.GroupBy.
func CostGroups() []string {
	return []string{"channel", "account", "day", "month", "template", "category", "policy", "operator"}
}

// CostFilters lists the words of CostQuery.Where.
func CostFilters() []string {
	return []string{"channel", "account", "template", "category", "policy", "operator"}
}

// filtered is a condition for the rows that q.Where keeps, of attempts or of the rollup, and its arguments.
func (q CostQuery) filtered(rolled bool) (where string, args []any) {
	for _, word := range CostFilters() {
		value, is := q.Where[word]
		if !is {
			continue
		}
		column := costColumns[word].raw
		if rolled {
			column = costColumns[word].rolled
		}
		where, args = where+" AND "+column+" = ?", append(args, value)
	}
	return where, args
}

// ErrGroup says that a report cannot be grouped by this.
var ErrGroup = errors.New("group_by takes " + strings.Join(CostGroups(), ", ") + ", each once")

// Report reads what was sent and paid as of one instant. Hours that were rolled and have not changed since come from
// the rollup, the rest from the rows: the sums are the same, see RollUp.
type Report struct {
	s     *Store
	tx    *gorm.DB
	now   int64
	ready int64 // hours before this may have been rolled by now
}

// Report opens a report for as long as read runs.
func (s *Store) Report(ctx context.Context, read func(*Report) error) error {
	return s.read.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		now, err := s.planReport(tx)
		if err != nil {
			return fmt.Errorf("open a report: %w", err)
		}
		return read(&Report{s, tx, now, hourOf(now - rollAfter)})
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
}

// planReport sets Postgres's planner for a report and reads the clock. Compiling costs more than these statements do, and
// a plan for any span fits none; what they sort stays in memory.
func (s *Store) planReport(tx *gorm.DB) (now int64, err error) {
	if s.dialect == SQLite {
		return s.now().UnixMilli(), nil
	}
	err = tx.Raw(`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM (SELECT set_config('jit', 'off', true),
		set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '32MB', true)) x`).Row().Scan(&now)
	return now, err
}

// each runs a statement and has read scan every row of its answer.
func (r *Report) each(read func(*sql.Rows) error, statement string, args ...any) error {
	rows, err := r.tx.Raw(statement, args...).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Costs sums the ledger by attempt, booked to when the attempt was made. The rows are sorted by their groups. late is
// what was spent on attempts, by currency in micros, although an earlier channel that was paid too had the message
// delivered after all: the price of not having waited.
// ErrGroup: q.GroupBy has an unknown word, or one twice.
func (r *Report) Costs(q CostQuery) (rows []CostRow, late map[string]int64, err error) {
	for i, word := range q.GroupBy {
		if _, ok := costColumns[word]; !ok || slices.Contains(q.GroupBy[:i], word) {
			return nil, nil, ErrGroup
		}
	}
	late = map[string]int64{}
	statement, args, err := r.costSQL(q)
	if err != nil || statement == "" {
		return nil, late, err
	}
	err = r.each(func(found *sql.Rows) error {
		row, more, err := scanCost(found, q.GroupBy)
		if err != nil {
			return err
		}
		rows = append(rows, row)
		if more > 0 {
			late[row.Currency] += more
		}
		return nil
	}, statement, args...)
	if err != nil {
		return nil, nil, fmt.Errorf("cost report: %w", err)
	}
	return rows, late, nil
}

// costSQL is the report's statement, "" where the span is empty. Sums of the rollup and single attempts are added up
// in one, since only the database knows its order of texts.
func (r *Report) costSQL(q CostQuery) (statement string, args []any, err error) {
	known, err := r.rolled(q.TenantID, "cost_hours")
	if err != nil {
		return "", nil, err
	}
	from := max(q.From, known.from)
	offsets := offsetsOf(q.Location, from, q.To)
	never := func(int64) bool { return false }
	day, month := never, never
	if slices.Contains(q.GroupBy, "day") {
		day = daysMeet(offsets)
	}
	const ahead = 31 * dayMillis // no attempt was made later than that
	months := monthsOf(q.Location, from, min(q.To, r.now+ahead))
	if slices.Contains(q.GroupBy, "month") {
		month = months.meet
	}
	c := newCover(from, q.To, known.until, func(hour int64) bool { return known.marked[hour] || day(hour) || month(hour) })
	raw, rolled := costSelect(q, offsets, months)
	var parts []string
	if hours := c.rolled(); hours != "" {
		where, values := q.filtered(true)
		parts = append(parts, "SELECT "+strings.Join(rolled, ", ")+", h.attempts AS attempts, h.billable AS billable, "+
			"h.units AS units, h.cost AS cost, h.late AS late FROM cost_hours h WHERE h.tenant_id = ? AND "+hours+where)
		args = append(append(args, q.TenantID), values...)
	}
	if len(c.raw) > 0 {
		where, values := q.filtered(false)
		parts = append(parts, r.s.rawCosts(raw, c.raw, where))
		args = append(append(args, q.TenantID), values...)
	}
	if len(parts) == 0 {
		return "", nil, nil
	}
	by := ordinals(len(raw))
	return "SELECT " + columnNames(len(raw)) + ", " + costSums + " FROM (" + strings.Join(parts, " UNION ALL ") + ") x " +
		"GROUP BY " + by + " ORDER BY " + by, args, nil
}

// costSums adds up single attempts, or sums of them.
const costSums = `cast(sum(attempts) AS bigint), cast(sum(billable) AS bigint), cast(sum(units) AS bigint),
	cast(sum(cost) AS bigint), cast(sum(late) AS bigint)`

// rawCosts selects what reports count of each attempt made in one of the stretches that called a provider, without
// tests, behind columns. An attempt's cost is the sum of its ledger lines, corrections included, whenever they came.
// It takes the tenant and what where takes. What can change of it later is in counts.
func (s *Store) rawCosts(columns []string, raw []stretch, where string) string {
	return `SELECT ` + columnNames(len(columns)) + `, 1 AS attempts, CASE WHEN cost > 0 THEN 1 ELSE 0 END AS billable,
			CASE WHEN cost <= 0 THEN 0 WHEN channel = 'sms' THEN segments ELSE 1 END AS units, cost AS cost, late AS late
		FROM (SELECT ` + strings.Join(columns, ", ") + `, a.channel AS channel, a.segments AS segments, coalesce(a.cost, 0) AS cost,
			CASE WHEN a.n > 1 AND a.cost > 0 AND EXISTS (SELECT 1 FROM attempts e
				WHERE e.tenant_id = a.tenant_id AND e.message_id = a.message_id AND e.n < a.n
				AND (e.delivered_at > 0 OR e.read_at > 0) AND e.cost > 0) THEN a.cost ELSE 0 END AS late ` +
		s.rowsIn("attempts", "a", raw, "JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id",
			"a.tenant_id = ? AND a.calls > 0 AND NOT m.test"+where) + `) a`
}

// rollup is what a report may take from the rollup.
type rollup struct {
	from   int64 // Unix milliseconds; a tenant has no rows from before
	until  int64 // hours before this are rolled
	marked map[int64]bool
}

// rolled reads how far a tenant's hours are rolled. Of cost_hours every mark counts; messages are marked apart.
func (r *Report) rolled(tenant uuid.UUID, table string) (known rollup, err error) {
	known = rollup{marked: map[int64]bool{}}
	var state []struct{ UntilHour, FirstHour int64 }
	err = r.tx.Raw(`SELECT until_hour, least_hour AS first_hour FROM (SELECT s.until_hour AS until_hour, coalesce(
			(SELECT min(h.hour) FROM `+table+` h WHERE h.tenant_id = s.tenant_id), s.until_hour) AS least_hour
		FROM rollup_state s WHERE s.tenant_id = ?) x`, tenant).Scan(&state).Error
	if err != nil || len(state) == 0 {
		return known, err
	}
	known.until = min(state[0].UntilHour, r.ready) // a clock that was put back makes hours come again
	marks := r.tx.Table("rollup_marks").Distinct("hour").Where("tenant_id = ? AND hour < ?", tenant, known.until)
	if table == "message_hours" {
		marks = marks.Where("messages")
	}
	var hours []int64
	if err := marks.Find(&hours).Error; err != nil {
		return known, err
	}
	first := min(state[0].FirstHour, known.until)
	for _, hour := range hours {
		known.marked[hour], first = true, min(first, hour)
	}
	known.from = first * hourMillis
	return known, nil
}

func scanCost(found *sql.Rows, groupBy []string) (row CostRow, late int64, err error) {
	values := make([]string, len(groupBy))
	into := make([]any, 0, len(groupBy)+6)
	for i := range values {
		into = append(into, &values[i])
	}
	into = append(into, &row.Currency, &row.Attempts, &row.Billable, &row.Units, &row.Cost, &late)
	if err := found.Scan(into...); err != nil {
		return row, 0, err
	}
	row.Group = make(map[string]string, len(groupBy))
	for i, word := range groupBy {
		row.Group[word] = groupText(word, values[i])
	}
	return row, late, nil
}

// costSelect is what the report's rows are grouped by, as g1, g2 and so on, of attempts and of the rollup; the last is
// the currency, since amounts of two currencies have no sum.
func costSelect(q CostQuery, offsets []offset, months months) (raw, rolled []string) {
	for _, word := range q.GroupBy {
		c := costColumns[word]
		switch word {
		case "day":
			c.raw, c.rolled = daySQL(c.raw, offsets), daySQL(c.rolled, offsets)
		case "month":
			c.raw, c.rolled = months.sql(c.raw), months.sql(c.rolled)
		}
		raw, rolled = append(raw, c.raw), append(rolled, c.rolled)
	}
	return numbered(append(raw, "m.currency")), numbered(append(rolled, "h.currency"))
}

// numbered names columns g1, g2 and so on.
func numbered(columns []string) []string {
	for i, column := range columns {
		columns[i] = column + " AS g" + strconv.Itoa(i+1)
	}
	return columns
}

// columnNames lists the names of n numbered columns.
func columnNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "g" + strconv.Itoa(i+1)
	}
	return strings.Join(names, ", ")
}

// ordinals lists the first n columns by their place.
func ordinals(n int) string {
	places := make([]string, n)
	for i := range places {
		places[i] = strconv.Itoa(i + 1)
	}
	return strings.Join(places, ", ")
}

// groupText writes a group's value for people: the day is counted from 1970.
func groupText(word, value string) string {
	switch word {
	case "day":
	case "month":
		return monthText(value)
	default:
		return value
	}
	days, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return value
	}
	return time.UnixMilli(days * dayMillis).UTC().Format(time.DateOnly)
}
