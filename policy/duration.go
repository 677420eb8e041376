package policy

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time that reads and writes as text: "90s", "5m", "24h" (the syntax of time.ParseDuration).
type Duration time.Duration

// Std returns d for use with package time.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String returns the shortest text that parses back to d: "2m" rather than "2m0s", "90s" rather than "1m30s".
func (d Duration) String() string {
	text := d.Std().String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	text = strings.Replace(text, "h0m", "h", 1)
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if d == 0 || d.Std()%unit.size != 0 {
			continue
		}
		if single := strconv.FormatInt(int64(d.Std()/unit.size), 10) + unit.name; len(single) < len(text) {
			text = single
		}
	}
	return text
}

// MarshalText writes the shortest form.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads Go duration syntax. A number without a unit is an error.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New(`is not a duration: write a number and a unit, such as "90s", "5m" or "24h"`)
	}
	*d = Duration(parsed)
	return nil
}
