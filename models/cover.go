package models

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

const hourMillis = int64(time.Hour / time.Millisecond)

// hourOf is the hour that a time in Unix milliseconds lies in, counted from 1970.
func hourOf(at int64) int64 {
	hour := at / hourMillis
	if at%hourMillis < 0 {
		hour--
	}
	return hour
}

// coverMost bounds the stretches of raw rows that one statement names.
const coverMost = 400

// stretch is a time in Unix milliseconds: from is in, to is not.
type stretch struct{ from, to int64 }

// cover is how a span of time is read: whole hours that were rolled, and the rows themselves for the rest.
type cover struct {
	first, end int64   // hours; first is in, end is not
	except     []int64 // those among them that are read from the rows, rising
	raw        []stretch
}

// newCover reads from the rollup the hours of a span that lie before until and that raw does not claim. It asks raw
// for each of them, in order.
func newCover(from, to, until int64, raw func(hour int64) bool) cover {
	if from >= to {
		return cover{}
	}
	c := cover{first: hourOf(from + hourMillis - 1), end: min(hourOf(to), until)}
	if c.first >= c.end {
		return cover{raw: []stretch{{from, to}}}
	}
	c.read(from, c.first*hourMillis)
	for hour := c.first; hour < c.end; hour++ {
		if raw(hour) {
			c.except = append(c.except, hour)
			c.read(hour*hourMillis, (hour+1)*hourMillis)
		}
	}
	c.read(c.end*hourMillis, to)
	if len(c.raw) > coverMost {
		return cover{raw: []stretch{{from, to}}}
	}
	return c
}

// read adds a stretch of rows, to the last one where they meet.
func (c *cover) read(from, to int64) {
	switch last := len(c.raw) - 1; {
	case from >= to:
	case last >= 0 && c.raw[last].to == from:
		c.raw[last].to = to
	default:
		c.raw = append(c.raw, stretch{from, to})
	}
}

// rolled is a condition for the hours of a rollup h, "" if it has none of them.
func (c *cover) rolled() string {
	if c.end-c.first <= int64(len(c.except)) {
		return ""
	}
	condition := fmt.Sprintf("h.hour >= %d AND h.hour < %d", c.first, c.end)
	if len(c.except) > 0 {
		condition += " AND h.hour NOT IN (" + numbers(c.except) + ")"
	}
	return condition
}

// numbers writes a list for SQL.
func numbers(list []int64) string {
	var b strings.Builder
	for i, n := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	return b.String()
}

// rowsIn is a FROM clause of the rows of table, as alias, that were made in one of the stretches, with the joins and
// the condition given. The numbers stand in the text, so that the planner knows how few rows there are. SQLite has no
// statistics: it is told which index to take.
func (s *Store) rowsIn(table, alias string, raw []stretch, joins, where string) string {
	spans := make([]string, len(raw))
	if s.dialect == SQLite {
		for i, span := range raw {
			spans[i] = fmt.Sprintf("(%d, %d)", span.from, span.to)
		}
		return fmt.Sprintf("FROM (VALUES %s) AS span CROSS JOIN %s %s INDEXED BY %s_created %s "+
			"WHERE %s.created_at >= span.column1 AND %s.created_at < span.column2 AND %s",
			strings.Join(spans, ", "), table, alias, table, joins, alias, alias, where)
	}
	for i, span := range raw {
		spans[i] = fmt.Sprintf("%s.created_at >= %d AND %s.created_at < %d", alias, span.from, alias, span.to)
	}
	return fmt.Sprintf("FROM %s %s %s WHERE (%s) AND %s", table, alias, joins, strings.Join(spans, " OR "), where)
}

// offset is how far a zone is ahead of UTC, in milliseconds, before a time.
type offset struct{ before, ahead int64 }

// offsetsOf lists a zone's offsets within a span: one for Ho Chi Minh City, a few for a year of Berlin. The last
// holds from there on.
func offsetsOf(zone *time.Location, from, to int64) (all []offset) {
	if zone == nil {
		zone = time.UTC
	}
	at := time.UnixMilli(from).In(zone)
	for {
		_, seconds := at.Zone()
		_, end := at.ZoneBounds()
		if end.IsZero() || end.UnixMilli() >= to {
			return append(all, offset{ahead: int64(seconds) * 1000})
		}
		all = append(all, offset{end.UnixMilli(), int64(seconds) * 1000})
		at = end
	}
}

const dayMillis = int64(24 * time.Hour / time.Millisecond)

// daySQL counts the days from 1970 to a time, by a zone's offsets: the database knows no zones on SQLite.
func daySQL(at string, offsets []offset) string {
	var b strings.Builder
	last := len(offsets) - 1
	fmt.Fprintf(&b, "(%s + CASE", at)
	for _, o := range offsets[:last] {
		fmt.Fprintf(&b, " WHEN %s < %d THEN %d", at, o.before, o.ahead)
	}
	fmt.Fprintf(&b, " WHEN true THEN %d END) / %d", offsets[last].ahead, dayMillis)
	return b.String()
}

// daysMeet tells of an hour whether more than one local day, or more than one offset, is in it.
func daysMeet(offsets []offset) func(hour int64) bool {
	last := len(offsets) - 1
	return func(hour int64) bool {
		from, end := hour*hourMillis, (hour+1)*hourMillis
		i, _ := slices.BinarySearchFunc(offsets[:last], from, func(o offset, at int64) int {
			if o.before <= at {
				return -1
			}
			return 1
		})
		if i < last && offsets[i].before < end {
			return true
		}
		return (from+offsets[i].ahead)/dayMillis != (end-1+offsets[i].ahead)/dayMillis
	}
}
