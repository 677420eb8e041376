package policy

import (
	"fmt"
	"sync"
	"time"
)

// QuietHours is the time of day in which no step of the named categories may start. From and To are wall-clock times
// ("22:00") in Timezone; To itself is no longer quiet, a span may cross midnight, and From equal to To is never quiet.
// No categories means all of them.
type QuietHours struct {
	From       string     `json:"from"`
	To         string     `json:"to"`
	Timezone   string     `json:"timezone"`
	Categories []Category `json:"categories,omitempty"`
}

const minutesPerDay = 24 * 60

// Validate lists what has to be mended before q can be used.
func (q QuietHours) Validate() []FieldError {
	var errs []FieldError
	if _, err := minuteOfDay(q.From); err != nil {
		errs = append(errs, FieldError{"from", err.Error()})
	}
	if _, err := minuteOfDay(q.To); err != nil {
		errs = append(errs, FieldError{"to", err.Error()})
	}
	if _, err := loadZone(q.Timezone); err != nil {
		errs = append(errs, FieldError{"timezone", err.Error()})
	}
	for i, category := range q.Categories {
		if !category.Valid() {
			errs = append(errs, FieldError{fmt.Sprintf("categories[%d]", i), "must be otp, transaction, care or promotion"})
		}
	}
	return errs
}

// OpensAt tells whether a step of category c must not start at t, and if so the first instant, in UTC, at which it may.
// The wall clock rules: where daylight saving skips To, the span ends with the skip; where it repeats an hour, that hour
// is as quiet the second time as the first. Quiet hours that Validate refuses are never quiet.
func (q QuietHours) OpensAt(c Category, t time.Time) (open time.Time, quiet bool) {
	if !q.covers(c) {
		return time.Time{}, false
	}
	span, err := q.span()
	if err != nil || !span.quietAt(t) {
		return time.Time{}, false
	}
	return span.opensAfter(t).UTC(), true
}

func (q QuietHours) covers(c Category) bool {
	for _, category := range q.Categories {
		if category == c {
			return true
		}
	}
	return len(q.Categories) == 0
}

// quietSpan is QuietHours with its texts read: minutes since local midnight.
type quietSpan struct {
	from, to int
	zone     *time.Location
}

func (q QuietHours) span() (quietSpan, error) {
	from, err := minuteOfDay(q.From)
	if err != nil {
		return quietSpan{}, err
	}
	to, err := minuteOfDay(q.To)
	if err != nil {
		return quietSpan{}, err
	}
	zone, err := loadZone(q.Timezone)
	return quietSpan{from, to, zone}, err
}

func (s quietSpan) quietAt(t time.Time) bool {
	local := t.In(s.zone)
	minute := local.Hour()*60 + local.Minute()
	if s.from <= s.to {
		return s.from <= minute && minute < s.to
	}
	return minute >= s.from || minute < s.to
}

// opensAfter walks from one change of the zone's offset to the next; between two of them the clock runs evenly.
func (s quietSpan) opensAfter(t time.Time) time.Time {
	for {
		local := t.In(s.zone)
		wait := (s.to - local.Hour()*60 - local.Minute() + minutesPerDay) % minutesPerDay
		sinceMinute := time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
		open := local.Add(time.Duration(wait)*time.Minute - sinceMinute)
		_, change := local.ZoneBounds()
		if change.IsZero() || open.Before(change) {
			return open
		}
		if !s.quietAt(change) {
			return change
		}
		t = change
	}
}

func minuteOfDay(text string) (int, error) {
	clock, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf(`must be a time of day from "00:00" to "23:59", such as "22:00"`)
	}
	return clock.Hour()*60 + clock.Minute(), nil
}

// zones keeps what loadZone found: reading a zone costs more than every other part of a quiet-hours check.
var zones sync.Map

func loadZone(name string) (*time.Location, error) {
	if cached, ok := zones.Load(name); ok {
		if zone, ok := cached.(*time.Location); ok {
			return zone, nil
		}
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf(`must be an IANA time zone, such as "Asia/Ho_Chi_Minh"`)
	}
	zones.Store(name, zone)
	return zone, nil
}
