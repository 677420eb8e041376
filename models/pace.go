package models

import (
	"context"
	"time"
)

// Pace keeps a long job from getting into others' way. The zero Pace never pauses.
type Pace struct {
	Now func() time.Time
	// Share is how much of the time the job may work, 0 to 1, as it is asked before each pause.
	Share func() float64
}

func (p Pace) begin() time.Time {
	if p.Now == nil {
		return time.Time{}
	}
	return p.Now()
}

// rest pauses after a piece of work.
func (p Pace) rest(ctx context.Context, began time.Time) error {
	if p.Now == nil || p.Share == nil {
		return ctx.Err()
	}
	share := min(max(p.Share(), 0.01), 1)
	pause := time.Duration(float64(p.Now().Sub(began)) * (1/share - 1))
	if pause <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
