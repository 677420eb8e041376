package bench

import (
	"context"
	"fmt"
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

// verifying is a check of everything that is stored, under way.
type verifying struct {
	figures Verified
	done    chan error
}

// startVerify begins to check what is stored, of which stored messages are known.
func (db *database) startVerify(ctx context.Context, stored int) *verifying {
	v := &verifying{figures: Verified{Messages: stored}, done: make(chan error, 1)}
	go func() {
		began := time.Now()
		err := db.store.Verify(ctx, func(models.Violation) error { v.figures.Violations++; return nil })
		v.figures.Seconds = round(time.Since(began).Seconds())
		v.figures.PerSecond = ratio(float64(stored), v.figures.Seconds)
		v.done <- err
	}()
	return v
}

// end waits for the end of the check.
func (v *verifying) end() (*Verified, error) {
	if err := <-v.done; err != nil {
		return nil, fmt.Errorf("verify: %w", err)
	}
	return &v.figures, nil
}
