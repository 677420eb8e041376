package models

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// months are the months of a zone within a span: every time before starts[0] is in month first, counted from year 0, those
// before starts[1] in the next one, and so on.
type months struct {
	first  int64
	starts []int64 // Unix milliseconds, rising
}

func monthsOf(zone *time.Location, from, to int64) months {
	if zone == nil {
		zone = time.UTC
	}
	begin := time.UnixMilli(max(from, 0)).In(zone)
	m := months{first: monthNumber(begin)}
	for n := 1; ; n++ {
		start := time.Date(begin.Year(), begin.Month()+time.Month(n), 1, 0, 0, 0, 0, zone).UnixMilli()
		if start >= to {
			return m
		}
		m.starts = append(m.starts, start)
	}
}

func monthNumber(t time.Time) int64 { return int64(t.Year())*12 + int64(t.Month()) - 1 }

// sql numbers the month of a time.
func (m months) sql(at string) string {
	var b strings.Builder
	b.WriteString("CASE")
	for i, start := range m.starts {
		fmt.Fprintf(&b, " WHEN %s < %d THEN %d", at, start, m.first+int64(i))
	}
	fmt.Fprintf(&b, " WHEN true THEN %d END", m.first+int64(len(m.starts)))
	return b.String()
}

// meet tells of an hour whether a month begins within it.
func (m months) meet(hour int64) bool {
	for _, start := range m.starts {
		if hourOf(start) == hour && start%hourMillis != 0 {
			return true
		}
	}
	return false
}

// monthText writes a month's number for people.
func monthText(value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return value
	}
	return fmt.Sprintf("%04d-%02d", n/12, n%12+1)
}
