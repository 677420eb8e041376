package models

import (
	"maps"
	"slices"
	"time"
)

// SlotMillis is how long a slot of an overview is.
const SlotMillis = int64(150 * time.Second / time.Millisecond)

// Slot is what became of the messages that a tenant had accepted in a time.
type Slot struct {
	At        int64 `json:"-"` // Unix milliseconds, its beginning
	Accepted  int64 `json:"a"`
	Reached   int64 `json:"r,omitempty"`
	Failed    int64 `json:"f,omitempty"` // or expired
	Open      int64 `json:"o,omitempty"`
	Scheduled int64 `json:"s,omitempty"` // of those that are open
	Unknown   int64 `json:"u,omitempty"` // attempts whose outcome nobody knows yet
	Fallback  int64 `json:"b,omitempty"` // of those reached, by a later step than the first
	// Took counts those reached by how long it took, see tookStep.
	Took     map[int]int64           `json:"t,omitempty"`
	Channels map[string]*SlotChannel `json:"c,omitempty"`
}

// SlotChannel is what a channel did for the messages of a Slot.
type SlotChannel struct {
	Sent    int64 `json:"s"` // attempts that called a provider
	Reached int64 `json:"r,omitempty"`
	Cost    int64 `json:"m,omitempty"` // micros
}

// Add adds what became of other messages. Its Maps stay its own.
func (s *Slot) Add(other Slot) {
	s.Accepted += other.Accepted
	s.Reached += other.Reached
	s.Failed += other.Failed
	s.Open += other.Open
	s.Scheduled += other.Scheduled
	s.Unknown += other.Unknown
	s.Fallback += other.Fallback
	for edge, n := range other.Took {
		if s.Took == nil {
			s.Took = map[int]int64{}
		}
		s.Took[edge] += n
	}
	for name, ch := range other.Channels {
		to := s.channel(name)
		to.Sent += ch.Sent
		to.Reached += ch.Reached
		to.Cost += ch.Cost
	}
}

func (s *Slot) channel(name string) *SlotChannel {
	if s.Channels == nil {
		s.Channels = map[string]*SlotChannel{}
	}
	if s.Channels[name] == nil {
		s.Channels[name] = &SlotChannel{}
	}
	return s.Channels[name]
}

// tookStep is the width in milliseconds of a place among Slot.Took below a second; in each further decade it is ten times that.
// A place is numbered 100 * decade + time / width.
const (
	tookStep    = 20
	tookDecades = 7
)

// tookSpan is the times of a place, in milliseconds.
func tookSpan(place int) (least, width int64) {
	width = tookStep
	for range place / 100 {
		width *= 10
	}
	return int64(place%100) * width, width
}

// Quantile is how long a share of those reached took at most, in milliseconds, within a tenth or so; 0 if none was.
func (s *Slot) Quantile(share float64) int64 {
	rank := share * float64(s.Reached)
	for _, place := range slices.Sorted(maps.Keys(s.Took)) {
		n := float64(s.Took[place])
		if rank <= n {
			least, width := tookSpan(place)
			return least + int64(float64(width)*rank/n)
		}
		rank -= n
	}
	return 0
}

// count adds n messages of a status.
func (s *Slot) count(status string, took int, n int64) {
	s.Accepted += n
	switch status {
	case "sent", "delivered", "read":
		s.Reached += n
		if s.Took == nil {
			s.Took = map[int]int64{}
		}
		s.Took[took] += n
	case "failed", "expired":
		s.Failed += n
	case "canceled":
	case "scheduled":
		s.Scheduled += n
		s.Open += n
	default:
		s.Open += n
	}
}
