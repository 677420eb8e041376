package httpgw

import (
	"strconv"
	"strings"
	"time"
)

// compileTime answers the reader of a gateway's times; what it cannot read is the zero time.
func compileTime(s *fieldSettings, path string) (func(string) time.Time, error) {
	if s == nil {
		return func(string) time.Time { return time.Time{} }, nil
	}
	zone, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, bad(path+".zone", "%q is not a time zone; write one such as Asia/Ho_Chi_Minh", s.Zone)
	}
	switch s.Format {
	case "", "rfc3339":
		return layout(time.RFC3339, zone), nil
	case "unix":
		return func(v string) time.Time { return epoch(v, func(n int64) time.Time { return time.Unix(n, 0) }) }, nil
	case "unix_ms":
		return func(v string) time.Time { return epoch(v, time.UnixMilli) }, nil
	}
	// A layout shows the reference time, whose year is 2006 or 06 and whose minute is 4.
	if !strings.Contains(s.Format, "06") || !strings.Contains(s.Format, "4") {
		return nil, bad(path+".format", "must be rfc3339, unix, unix_ms or a Go layout such as 2006-01-02 15:04:05")
	}
	return layout(s.Format, zone), nil
}

func layout(form string, zone *time.Location) func(string) time.Time {
	return func(v string) time.Time {
		t, err := time.ParseInLocation(form, v, zone)
		if err != nil {
			return time.Time{}
		}
		return t.UTC()
	}
}

// latest keeps a nonsense number from becoming a year that no database holds.
const latest = 1 << 43 // ms, the year 2248

func epoch(v string, of func(int64) time.Time) time.Time {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 || n > latest {
		return time.Time{}
	}
	t := of(n).UTC()
	if t.UnixMilli() > latest {
		return time.Time{}
	}
	return t
}
