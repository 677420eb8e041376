package bench

import "strconv"

// The first phone numbers of the load, and of messages that are stored before it, each message with its own. Number 0 of
// those is the sample from which the others are made.
const (
	firstNumber   = 84901000000
	firstPending  = 84970000000
	firstFinished = 84320000000
)

// storedMost is how many numbers there are for each kind of stored messages.
const storedMost = 19_999_999

// phone is number n of those from first on, in digits.
func phone(first, n int64) string { return strconv.FormatInt(first+n, 10) }

// number is the inverse of phone for a number as messages have it, with a plus; false for one that is not of these.
func number(first int64, to string) (n int64, ok bool) {
	if to == "" {
		return 0, false
	}
	v, err := strconv.ParseInt(to[1:], 10, 64)
	return v - first, err == nil && v >= first && v-first <= storedMost
}

// bits is a set of small numbers, a bit each: what a million messages did must not show in the service's memory.
type bits struct {
	words []uint64
	n     int
}

// add reports whether i is new.
func (b *bits) add(i int64) bool {
	for int(i/64) >= len(b.words) {
		b.words = append(b.words, 0)
	}
	bit := uint64(1) << (i % 64)
	if b.words[i/64]&bit != 0 {
		return false
	}
	b.words[i/64] |= bit
	b.n++
	return true
}
