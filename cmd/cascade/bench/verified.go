package bench

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"cascade/models"
)

// Verified is how the stored data was checked while the load ran.
type Verified struct {
	Messages   int     `json:"messages"` // that were stored when it began
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"messages_per_second"`
	Violations int     `json:"violations"`
}

// besideLoad is the share of the time that the check works for while the load runs; afterwards it does not pause.
const besideLoad = 0.25

// verifying is a check of everything that is stored, under way.
type verifying struct {
	figures Verified
	alone   atomic.Bool
	done    chan error
}

// startVerify begins to check what is stored, of which stored messages are known.
func (db *database) startVerify(ctx context.Context, stored int) *verifying {
	v := &verifying{figures: Verified{Messages: stored}, done: make(chan error, 1)}
	go func() {
		began := time.Now()
		share := func() float64 {
			if v.alone.Load() {
				return 1
			}
			return besideLoad
		}
		pace := models.Pace{Now: time.Now, Share: share}
		err := db.store.VerifyBeside(ctx, pace, func(models.Violation) error { v.figures.Violations++; return nil })
		v.figures.Seconds = round(time.Since(began).Seconds())
		v.figures.PerSecond = ratio(float64(stored), v.figures.Seconds)
		v.done <- err
	}()
	return v
}

// end waits for the end of the check.
func (v *verifying) end() (*Verified, error) {
	v.alone.Store(true)
	if err := <-v.done; err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return &v.figures, nil
}
