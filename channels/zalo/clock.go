package zalo

import (
	"time"

	"cascade/channels"
)

// vietnam is the zone of Zalo's quotas and quiet hours (§6.5); it has had no daylight saving since 1975.
var vietnam = time.FixedZone("Asia/Ho_Chi_Minh", 7*60*60)

// untilHour is how long it is from now to the next time the clock in Vietnam shows hour.
func untilHour(now time.Time, hour int) time.Duration {
	local := now.In(vietnam)
	at := time.Date(local.Year(), local.Month(), local.Day(), hour, 0, 0, 0, vietnam)
	if !at.After(now) {
		at = at.AddDate(0, 0, 1)
	}
	return at.Sub(now)
}

// untilMonth is how long it is from now to the first midnight of the next month in Vietnam.
func untilMonth(now time.Time) time.Duration {
	local := now.In(vietnam)
	return time.Date(local.Year(), local.Month()+1, 1, 0, 0, 0, 0, vietnam).Sub(now)
}

// millis reads an epoch time in milliseconds; zero if it is none of this century's.
func millis(t channels.Text) time.Time {
	n, ok := t.Int64()
	if !ok || n < 1e12 || n > 4e12 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
