package models

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// DeliveryQuery asks what became of a tenant's attempts and messages.
type DeliveryQuery struct {
	TenantID uuid.UUID
	// From and To bound when an attempt was made, and for the totals when a message was accepted, in Unix milliseconds: From
	// is in, To is not.
	From, To int64
	Policy   *string  // only this one's
	GroupBy  []string // one or two of DeliveryGroups
	Location *time.Location
}

// DeliveryRow is one line of a delivery report. Each attempt that a provider was called for is in one of Failed, TimedOut,
// Unknown, or is taken and open or done.
type DeliveryRow struct {
	Group    map[string]string // by the words of GroupBy; a step counts from 1
	Attempts int64             // those that called a provider
	Taken, Delivered, Read, Failed, TimedOut,
	Unknown, Skipped int64
	Reached             int64 // messages whose end this attempt proved
	ToDelivered, ToRead Quantiles
}

// DeliveryTotals are of the messages accepted in the span.
type DeliveryTotals struct {
	Messages, Reached, Fallback, Failed, Expired int64
	ToReach                                      Quantiles
}

// funnelColumns are the words that a report can be grouped by: where the rows have them, and where the sums of hours have.
var funnelColumns = map[string]struct{ raw, summed string }{
	"channel":  {"a.channel", "h.channel"},
	"step":     {"a.step", "h.step"},
	"account":  {"a.account", "h.account"},
	"template": {"m.template", "h.template"},
	"day":      {"a.created_at", "h.hour * " + strconv.FormatInt(hourMillis, 10)},
}

// DeliveryGroups lists the words of DeliveryQuery.GroupBy.
func DeliveryGroups() []string { return []string{"channel", "step", "account", "template", "day"} }

// ErrDeliveryGroup says that a delivery report cannot be grouped by this.
var ErrDeliveryGroup = errors.New("group_by takes one or two of " + strings.Join(DeliveryGroups(), ", "))

// Deliveries counts what became of the attempts made in the span, without tests: of hours that are over as they were when they
// were last summed, see SumDeliveries, of the rest from their rows. The rows are sorted by their groups. Time to delivered and to
// read runs from when the provider took the message, or was called where that is not known.
// ErrDeliveryGroup: q.GroupBy has an unknown word, one twice, or more than two.
func (r *Report) Deliveries(q DeliveryQuery) ([]DeliveryRow, error) {
	if len(q.GroupBy) < 1 || len(q.GroupBy) > 2 {
		return nil, ErrDeliveryGroup
	}
	offsets := offsetsOf(q.Location, max(q.From, 0), q.To)
	raw, summed := make([]string, len(q.GroupBy)), make([]string, len(q.GroupBy))
	split := func(int64) bool { return false }
	for i, word := range q.GroupBy {
		column, ok := funnelColumns[word]
		if !ok || slices.Contains(q.GroupBy[:i], word) {
			return nil, ErrDeliveryGroup
		}
		if raw[i], summed[i] = column.raw, column.summed; word == "day" {
			raw[i], summed[i] = daySQL(column.raw, offsets), daySQL(column.summed, offsets)
			split = daysMeet(offsets)
		}
	}
	c, err := r.deliveryCover(q, split)
	if err != nil {
		return nil, fmt.Errorf("delivery report: %w", err)
	}
	rows, err := r.funnel(q, c, numbered(raw), numbered(summed))
	if err == nil && len(c.raw) > 0 {
		err = r.readTimes(q, c, raw, rows)
	}
	if err != nil {
		return nil, fmt.Errorf("delivery report: %w", err)
	}
	out := make([]DeliveryRow, len(rows))
	for i, row := range rows {
		out[i] = row.DeliveryRow
		out[i].ToDelivered, out[i].ToRead = row.delivered.Quantiles(), row.read.Quantiles()
	}
	return out, nil
}

// takenSQL is when an attempt's provider took it, or was called where that is not known.
const takenSQL = "coalesce(a.sent_at, a.called_at, a.created_at)"

// funnelRow is a DeliveryRow that is being counted.
type funnelRow struct {
	DeliveryRow
	key             []string
	delivered, read Histogram
}

// rawFunnel counts the attempts made in the stretches by numbered columns and by the bucket of their delivery. One bucket a group
// at a time keeps the database's table of groups small: with both it would have nearly as many as there are attempts.
func (s *Store) rawFunnel(columns []string, raw []stretch, where string) string {
	by := columnNames(len(columns))
	return "SELECT " + by + `, to_delivered, count(*), cast(sum(called) AS bigint), cast(sum(taken) AS bigint), cast(sum(delivered) AS bigint),
			cast(sum(was_read) AS bigint), cast(sum(failed) AS bigint), cast(sum(timed_out) AS bigint), cast(sum(unknown) AS bigint),
			cast(sum(skipped) AS bigint), cast(sum(reached) AS bigint), '' AS delivered_times, '' AS read_times
		FROM (SELECT ` + strings.Join(columns, ", ") + `, ` + bucketSQL(takenSQL, "a.delivered_at") + ` AS to_delivered,
			CASE WHEN a.calls > 0 THEN 1 ELSE 0 END AS called,
			CASE WHEN a.sent_at > 0 OR a.delivered_at > 0 OR a.read_at > 0 THEN 1 ELSE 0 END AS taken,
			CASE WHEN a.delivered_at > 0 OR a.read_at > 0 THEN 1 ELSE 0 END AS delivered,
			CASE WHEN a.read_at > 0 THEN 1 ELSE 0 END AS was_read,
			CASE WHEN a.status = 'failed' THEN 1 ELSE 0 END AS failed,
			CASE WHEN a.status = 'timed_out' AND NOT ` + unknownSQL + ` THEN 1 ELSE 0 END AS timed_out,
			CASE WHEN ` + unknownSQL + ` THEN 1 ELSE 0 END AS unknown,
			CASE WHEN a.status = 'skipped' THEN 1 ELSE 0 END AS skipped,
			CASE WHEN a.status = m.status AND a.status IN ('sent', 'delivered', 'read') AND (a.n = 1 OR NOT EXISTS (SELECT 1 FROM attempts e
				WHERE e.tenant_id = a.tenant_id AND e.message_id = a.message_id AND e.n < a.n AND e.status = a.status)) THEN 1 ELSE 0 END AS reached
		` + s.rowsIn("attempts", "a", raw, joinMessages, "NOT m.test AND (a.calls > 0 OR a.status = 'skipped') AND "+where) + `) x
		GROUP BY ` + by + `, to_delivered`
}

// rawReadTimes counts the attempts that were read by numbered columns and by how long that took.
func (s *Store) rawReadTimes(columns []string, raw []stretch, where string) string {
	by := columnNames(len(columns))
	return "SELECT " + by + ", to_read, count(*) FROM (SELECT " + strings.Join(columns, ", ") + ", " + bucketSQL(takenSQL, "a.read_at") + " AS to_read " +
		s.rowsIn("attempts", "a", raw, joinMessages, "NOT m.test AND a.calls > 0 AND a.read_at > 0 AND "+where) + ") x GROUP BY " + by + ", to_read"
}

const joinMessages = "JOIN messages m ON m.tenant_id = a.tenant_id AND m.id = a.message_id"

// funnel counts the attempts by group and by the bucket of their delivery, those of sums with when they were read.
func (r *Report) funnel(q DeliveryQuery, c cover, raw, summed []string) (rows []*funnelRow, err error) {
	var parts []string
	var args []any
	if hours := c.rolled(); hours != "" {
		where, values := q.where("h.tenant_id", "h.policy_name")
		parts = append(parts, "SELECT "+strings.Join(summed, ", ")+`, -1, 0, cast(sum(h.attempts) AS bigint), cast(sum(h.taken) AS bigint),
				cast(sum(h.delivered) AS bigint), cast(sum(h.was_read) AS bigint), cast(sum(h.failed) AS bigint), cast(sum(h.timed_out) AS bigint),
				cast(sum(h.unknown) AS bigint), cast(sum(h.skipped) AS bigint), cast(sum(h.reached) AS bigint),
				`+r.s.joined("h.to_delivered")+", "+r.s.joined("h.to_read")+`
			FROM delivery_hours h WHERE `+where+" AND "+hours+" GROUP BY "+ordinals(len(summed)))
		args = append(args, values...)
	}
	if len(c.raw) > 0 {
		where, values := q.where("a.tenant_id", "m.policy_name")
		parts = append(parts, r.s.rawFunnel(raw, c.raw, where))
		args = append(args, values...)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	err = r.each(func(found *sql.Rows) error {
		var n, bucket int64
		var part DeliveryRow
		var delivered, read string
		key, err := scanGroup(found, len(raw), &bucket, &n, &part.Attempts, &part.Taken, &part.Delivered, &part.Read, &part.Failed, &part.TimedOut,
			&part.Unknown, &part.Skipped, &part.Reached, &delivered, &read)
		if err != nil {
			return err
		}
		if len(rows) == 0 || !slices.Equal(rows[len(rows)-1].key, key) {
			rows = append(rows, &funnelRow{DeliveryRow{Group: deliveryGroup(q.GroupBy, key)}, key, Histogram{}, Histogram{}})
		}
		row := rows[len(rows)-1]
		row.add(part)
		row.delivered.add(bucket, n)
		return errors.Join(row.delivered.addText(delivered), row.read.addText(read))
	}, strings.Join(parts, " UNION ALL ")+" ORDER BY "+ordinals(len(raw)), args...)
	return rows, err
}

// readTimes adds to groups how long it took until attempts were read, of those that are not in sums.
func (r *Report) readTimes(q DeliveryQuery, c cover, columns []string, rows []*funnelRow) error {
	byKey := make(map[string]*funnelRow, len(rows))
	for _, row := range rows {
		byKey[strings.Join(row.key, "\x00")] = row
	}
	where, args := q.where("a.tenant_id", "m.policy_name")
	return r.each(func(found *sql.Rows) error {
		var n, bucket int64
		key, err := scanGroup(found, len(columns), &bucket, &n)
		if row := byKey[strings.Join(key, "\x00")]; err == nil && row != nil {
			row.read.add(bucket, n)
		}
		return err
	}, r.s.rawReadTimes(columns, c.raw, where), args...)
}

// scanGroup reads a row: its group's columns, then the numbers.
func scanGroup(found *sql.Rows, columns int, numbers ...any) ([]string, error) {
	key := make([]string, columns)
	into := make([]any, 0, columns+len(numbers))
	for i := range key {
		into = append(into, &key[i])
	}
	return key, found.Scan(append(into, numbers...)...)
}

// unknownSQL tells of an attempt whether its outcome was never told.
const unknownSQL = `(a.class = 'unknown' AND a.status IN ('unknown', 'timed_out') AND a.sent_at IS NULL)`

// where is a condition for the rows that a query is about, and its arguments.
func (q DeliveryQuery) where(tenant, name string) (string, []any) {
	if q.Policy == nil {
		return tenant + " = ?", []any{q.TenantID}
	}
	return tenant + " = ? AND " + name + " = ?", []any{q.TenantID, *q.Policy}
}

func (r *DeliveryRow) add(o DeliveryRow) {
	r.Attempts += o.Attempts
	r.Taken += o.Taken
	r.Delivered += o.Delivered
	r.Read += o.Read
	r.Failed += o.Failed
	r.TimedOut += o.TimedOut
	r.Unknown += o.Unknown
	r.Skipped += o.Skipped
	r.Reached += o.Reached
}

func (t *DeliveryTotals) add(o DeliveryTotals) {
	t.Messages += o.Messages
	t.Reached += o.Reached
	t.Fallback += o.Fallback
	t.Failed += o.Failed
	t.Expired += o.Expired
}

func deliveryGroup(groupBy, values []string) map[string]string {
	group := make(map[string]string, len(groupBy))
	for i, word := range groupBy {
		group[word] = groupText(word, values[i])
		if k, err := strconv.Atoi(values[i]); word == "step" && err == nil {
			group[word] = strconv.Itoa(k + 1)
		}
	}
	return group
}

// rawTotals counts the messages accepted in the stretches by numbered columns and by how long it took until they were reached.
func (s *Store) rawTotals(columns []string, raw []stretch, where string) string {
	by := strings.TrimPrefix(columnNames(len(columns))+", to_reach", ", ")
	return "SELECT " + by + `, count(*), cast(sum(reached) AS bigint), cast(sum(fallback) AS bigint), cast(sum(failed) AS bigint),
			cast(sum(expired) AS bigint), cast(sum(is_open) AS bigint), '' AS times
		FROM (SELECT ` + strings.Join(append(slices.Clone(columns), ""), ", ") + `CASE WHEN m.status IN ('sent', 'delivered', 'read') THEN 1 ELSE 0 END AS reached,
			CASE WHEN m.status = 'failed' THEN 1 ELSE 0 END AS failed, CASE WHEN m.status = 'expired' THEN 1 ELSE 0 END AS expired,
			CASE WHEN m.status IN ('accepted', 'scheduled', 'sending') THEN 1 ELSE 0 END AS is_open,
			CASE WHEN m.attempts > 1 AND (SELECT count(DISTINCT e.step) FROM attempts e
				WHERE e.tenant_id = m.tenant_id AND e.message_id = m.id AND e.calls > 0) > 1 THEN 1 ELSE 0 END AS fallback,
			CASE WHEN m.status IN ('sent', 'delivered', 'read') THEN ` + bucketSQL("coalesce(m.send_at, m.created_at)", "m.completed_at") + ` ELSE -1 END AS to_reach
		` + s.rowsIn("messages", "m", raw, "", "NOT m.test AND "+where) + `) x
		GROUP BY ` + by
}

// DeliveryTotals counts the messages accepted in the span, without tests, as Deliveries does attempts. Fallback are those for which
// a second step called a provider. Time to reach runs from when a message was accepted, or was to be sent, to its end.
func (r *Report) DeliveryTotals(q DeliveryQuery) (t DeliveryTotals, err error) {
	c, err := r.deliveryCover(q, func(int64) bool { return false })
	if err != nil {
		return t, fmt.Errorf("delivery totals: %w", err)
	}
	var parts []string
	var args []any
	if hours := c.rolled(); hours != "" {
		where, values := q.where("h.tenant_id", "h.policy_name")
		parts = append(parts, `SELECT -1, cast(coalesce(sum(h.messages), 0) AS bigint), cast(coalesce(sum(h.reached), 0) AS bigint),
			cast(coalesce(sum(h.fallback), 0) AS bigint), cast(coalesce(sum(h.failed), 0) AS bigint), cast(coalesce(sum(h.expired), 0) AS bigint),
			0, coalesce(`+r.s.joined("h.to_reach")+`, '') FROM delivery_ends h WHERE `+where+" AND "+hours)
		args = append(args, values...)
	}
	if len(c.raw) > 0 {
		where, values := q.where("m.tenant_id", "m.policy_name")
		parts = append(parts, r.s.rawTotals(nil, c.raw, where))
		args = append(args, values...)
	}
	if len(parts) == 0 {
		return t, nil
	}
	times := Histogram{}
	err = r.each(func(found *sql.Rows) error {
		var bucket, open int64
		var text string
		var part DeliveryTotals
		if err := found.Scan(&bucket, &part.Messages, &part.Reached, &part.Fallback, &part.Failed, &part.Expired, &open, &text); err != nil {
			return err
		}
		t.add(part)
		times.add(bucket, part.Messages)
		return times.addText(text)
	}, strings.Join(parts, " UNION ALL "), args...)
	if err != nil {
		return t, fmt.Errorf("delivery totals: %w", err)
	}
	t.ToReach = times.Quantiles()
	return t, nil
}
