package models

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// bucketSQL rounds a time in milliseconds down to a bucket's first: exact under 100 ms, then in steps of 5 of the third digit,
// so that no bucket is wider than 5 % of what is in it. It is -1 where there is no time.
func bucketSQL(from, to string) string {
	x := "(" + to + " - " + from + ")"
	var b strings.Builder
	fmt.Fprintf(&b, "CASE WHEN coalesce(%s, 0) <= 0 THEN -1 WHEN %s < 0 THEN 0 WHEN %s < 100 THEN %s", to, x, x, x)
	for size, top := int64(5), int64(1000); top <= 1e10; size, top = size*10, top*10 {
		fmt.Fprintf(&b, " WHEN %s < %d THEN %s / %d * %d", x, top, x, size, size)
	}
	fmt.Fprintf(&b, " WHEN true THEN %d END", int64(1e10))
	return b.String()
}

// bucketMiddle is the time in the middle of the bucket that begins at first.
func bucketMiddle(first int64) int64 {
	size := int64(5)
	for top := int64(1000); first >= top; top *= 10 {
		size *= 10
	}
	if first < 100 {
		return first
	}
	return first + size/2
}

// Histogram counts times by their bucket.
type Histogram map[int64]int64

// add counts n times of a bucket; of -1, where there was no time, none.
func (h Histogram) add(bucket, n int64) {
	if bucket >= 0 {
		h[bucket] += n
	}
}

// text writes a histogram down, shortest time first: "60:2 105:1".
func (h Histogram) text() string {
	var b []byte
	for _, first := range slices.Sorted(maps.Keys(h)) {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(b, first, 10)
		b = append(b, ':')
		b = strconv.AppendInt(b, h[first], 10)
	}
	return string(b)
}

// addText adds what text wrote, be it of several.
func (h Histogram) addText(text string) error {
	for part := range strings.FieldsSeq(text) {
		first, count, _ := strings.Cut(part, ":")
		bucket, err := strconv.ParseInt(first, 10, 64)
		n, err2 := strconv.ParseInt(count, 10, 64)
		if err := cmp.Or(err, err2); err != nil {
			return fmt.Errorf("stored times: %w", err)
		}
		h[bucket] += n
	}
	return nil
}

// Quantiles are of times in milliseconds, within half a bucket; N is how many times they are of.
type Quantiles struct{ N, P50, P95, P99 int64 }

// Quantiles reads the nearest ranks.
func (h Histogram) Quantiles() Quantiles {
	q := Quantiles{}
	for _, n := range h {
		q.N += n
	}
	at := func(part int64) int64 { return (q.N*part + 99) / 100 }
	seen := int64(0)
	for _, first := range slices.Sorted(maps.Keys(h)) {
		before := seen
		seen += h[first]
		for part, into := range map[int64]*int64{50: &q.P50, 95: &q.P95, 99: &q.P99} {
			if rank := at(part); before < rank && rank <= seen {
				*into = bucketMiddle(first)
			}
		}
	}
	return q
}
