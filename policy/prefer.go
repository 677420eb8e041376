package policy

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
)

// Prefer is how a step chooses among its accounts.
type Prefer string

// The ways to choose.
const (
	PreferListed   Prefer = "listed"   // in the order written; the default
	PreferWeighted Prefer = "weighted" // drawn for each message, by the step's weights
	PreferCheapest Prefer = "cheapest" // by price, then in the order written
)

// maxWeight bounds a weight: shares finer than a thousandth mean nothing.
const maxWeight = 1000

// validatePrefer checks how the step chooses among its accounts.
func (s Step) validatePrefer() []FieldError {
	var errs []FieldError
	switch s.Prefer {
	case "", PreferListed, PreferWeighted, PreferCheapest:
	default:
		errs = append(errs, FieldError{"prefer", "must be listed, weighted or cheapest"})
	}
	if len(s.Weights) > 0 && s.Prefer != PreferWeighted {
		errs = append(errs, FieldError{"weights", `needs prefer to be "weighted": say so, or drop the weights`})
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(s.Weights)) {
		w := s.Weights[name]
		if w < 0 || w > maxWeight {
			errs = append(errs, FieldError{"weights." + name, fmt.Sprintf("must be between 0 and %d", maxWeight)})
		}
		if len(s.Accounts) > 0 && !slices.Contains(s.Accounts, name) {
			errs = append(errs, FieldError{"weights." + name, "is none of the step's accounts: add it there or drop its weight"})
		}
		total += max(w, 0)
	}
	if s.Prefer == PreferWeighted && len(s.Accounts) > 0 && len(s.Weights) == len(s.Accounts) && total == 0 {
		errs = append(errs, FieldError{"weights", "are all 0: give one account at least a weight above 0"})
	}
	return errs
}

// weight is an account's share of a weighted step: 1 where none is given. One of weight 0 is used when the others cannot be.
func (s Step) weight(account string) float64 {
	if w, given := s.Weights[account]; given {
		return float64(w)
	}
	return 1
}

// Arrange puts a step's accounts, given in the order written, in the order in which a message tries them. draw is the message's
// own number: the same one draws the same order.
func (s Step) Arrange(accounts []PlanAccount, draw uint64) {
	switch s.Prefer {
	case PreferCheapest:
		slices.SortStableFunc(accounts, func(a, b PlanAccount) int { return cmp.Compare(a.Terms.Full().Micros, b.Terms.Full().Micros) })
	case PreferWeighted:
		// Efraimidis and Spirakis 2006: sorting by -ln(u)/w draws without replacement, in proportion to the weights.
		lot := func(a PlanAccount) float64 { return -math.Log(Lot(draw, a.ID)) / s.weight(a.Name) }
		slices.SortStableFunc(accounts, func(a, b PlanAccount) int { return cmp.Compare(lot(a), lot(b)) })
	}
}

// Lot is a number above 0 and below 1 that a message draws for something named, always the same one.
func Lot(draw uint64, name string) float64 {
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, draw))
	h.Write([]byte(name))
	x := h.Sum64()
	x ^= x >> 33 // FNV's high bits hang together for names that differ in their end: murmur3's finalizer
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return (float64(x>>11) + 0.5) / (1 << 53)
}
