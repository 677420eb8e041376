package bench

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Overdue is how a service took up messages whose wait had ended while it was down.
type Overdue struct {
	N int `json:"n"`
	// Claimed is how many were decided about a second, by committed changes, from the start to the last of them; Ended is
	// the same for their ends on the second channel.
	Claimed float64 `json:"claimed_per_second"`
	Ended   float64 `json:"ended_per_second"`
	// Queries is how many the provider was asked about before it.
	Queries int `json:"status_queries"`
	// Poll is a bare ordered poll of the same rows with a batched update of what it found, on one connection.
	Poll  float64 `json:"bare_poll_rows_per_second"`
	Ratio float64 `json:"ratio_to_bare_poll"`
}

// measureBacklog stores messages that are overdue, starts the service over them, and measures until the last has ended.
func measureBacklog(ctx context.Context, o Options, db *database) (_ *Report, err error) {
	c, err := startChild(ctx, o.Child)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	s, err := startService(ctx, o, db, c.simulator)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := c.setUp(o, s); err != nil {
		return nil, err
	}
	poll, err := s.fillOverdue(ctx)
	if err != nil {
		return nil, fmt.Errorf("the backlog: %w", err)
	}
	profiled, err := profile(o)
	if err != nil {
		return nil, err
	}
	before, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	if err := s.drainBacklog(ctx); err != nil {
		return nil, err
	}
	after, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(profiled(), s.conclude(ctx)); err != nil {
		return nil, err
	}
	m := &run{used: after.minus(before), ended: o.Overdue, drained: s.watched.lastEnd.Sub(began)}
	if m.seen, err = c.finish(); err != nil {
		return nil, err
	}
	r := report(s, m)
	r.Overdue = s.overdue(began, poll, m.seen.Queries)
	return r, nil
}

// fillOverdue stops the service, stores the backlog meanwhile, and measures the bare poll over it.
func (s *service) fillOverdue(ctx context.Context) (poll float64, err error) {
	s.figures.memory = newMemory()
	k := overdueStock(s.o.Overdue)
	pattern, err := s.takeSample(ctx, k.first, k.wanted)
	if err != nil {
		return 0, err
	}
	if err := s.stop(); err != nil {
		return 0, err
	}
	if err := s.store(ctx, k, pattern); err != nil {
		return 0, err
	}
	if err := s.settle(ctx); err != nil {
		return 0, err
	}
	if poll, err = s.db.poll(ctx); err != nil {
		return 0, err
	}
	if s.o.Statements {
		if err := s.db.resetStatements(ctx); err != nil {
			return 0, err
		}
	}
	s.figures.memory.filled()
	return poll, nil
}

// drainBacklog waits for the end of every message; a slow machine gets a millisecond for each on top.
func (s *service) drainBacklog(ctx context.Context) error {
	most := drainTimeout + time.Duration(s.o.Overdue)*time.Millisecond
	return until(ctx, most, func() int { return s.watched.count(&s.watched.ended) }, s.o.Overdue)
}

func (s *service) overdue(began time.Time, poll float64, queries int) *Overdue {
	w := s.watched
	w.mu.Lock()
	defer w.mu.Unlock()
	n := float64(s.o.Overdue)
	o := &Overdue{
		N: s.o.Overdue, Queries: queries, Poll: round(poll),
		Claimed: round(n / w.lastClaim.Sub(began).Seconds()), Ended: round(n / w.lastEnd.Sub(began).Seconds()),
	}
	o.Ratio = round(o.Claimed / poll)
	return o
}
