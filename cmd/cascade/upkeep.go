package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"cascade/orchestrator"
)

// jobTimeout bounds one run of a job: what it leaves, the next run finds.
const jobTimeout = 10 * time.Minute

// scheduled puts jobs on a clock in UTC; ctx ends what is running. A job that still runs when it is due again is left
// out once; one that panics is logged and runs again. In this order: with Recover outermost, a job that panicked once
// would never run again.
func scheduled(ctx context.Context, jobs []orchestrator.Job, log *slog.Logger) (*cron.Cron, error) {
	l := cronLog{log}
	c := cron.New(cron.WithLocation(time.UTC), cron.WithLogger(l), cron.WithChain(cron.SkipIfStillRunning(l), cron.Recover(l)))
	for _, j := range jobs {
		if _, err := c.AddFunc(j.Schedule, func() { work(ctx, j, log) }); err != nil {
			return nil, fmt.Errorf("upkeep %s: %w", j.Name, err)
		}
	}
	return c, nil
}

func work(ctx context.Context, j orchestrator.Job, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(ctx, jobTimeout)
	defer cancel()
	start := time.Now()
	if err := j.Run(ctx); err != nil && ctx.Err() == nil {
		log.Error("upkeep", "job", j.Name, "err", err)
		return
	}
	log.Debug("upkeep", "job", j.Name, "took", time.Since(start))
}

// sumFor bounds one run over the slots of overviews, or the hours of delivery reports: a first one over weeks of messages goes on
// in the next.
const sumFor = 20 * time.Second

// jobs are all of the upkeep: the engine's, and what the console shows.
func (s *service) jobs() []orchestrator.Job {
	jobs := s.engine.Upkeep()
	for name, sum := range map[string]func(context.Context, func() bool) error{"overview": s.store.SumSlots, "delivery_hours": s.store.SumDeliveries} {
		jobs = append(jobs, orchestrator.Job{Name: name, Schedule: "@every 1m", Run: func(ctx context.Context) error {
			end := time.Now().Add(sumFor)
			return sum(ctx, func() bool { return time.Now().After(end) })
		}})
	}
	return jobs
}

// cronLog is the scheduler's log in ours.
type cronLog struct{ log *slog.Logger }

// Info implements cron.Logger: the scheduler's chatter is for debugging.
func (l cronLog) Info(msg string, kv ...any) { l.log.Debug("upkeep "+msg, kv...) }

// Error implements cron.Logger.
func (l cronLog) Error(err error, msg string, kv ...any) {
	l.log.Error("upkeep "+msg, append(kv, "err", err)...)
}
