package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"cascade/orchestrator"
	"cascade/web"
)

// jobBook remembers how the jobs of this replica's upkeep went.
type jobBook struct {
	mu     sync.Mutex
	states []web.JobState
}

// watch answers the jobs, each of which writes in the book when it runs.
func (b *jobBook) watch(jobs []orchestrator.Job) []orchestrator.Job {
	watched := make([]orchestrator.Job, len(jobs))
	b.states = make([]web.JobState, len(jobs))
	for i, j := range jobs {
		b.states[i] = web.JobState{Name: j.Name, Schedule: j.Schedule}
		watched[i] = orchestrator.Job{Name: j.Name, Schedule: j.Schedule, Run: func(ctx context.Context) (err error) {
			b.set(i, func(s *web.JobState) { s.Running, s.LastRunAt = true, time.Now() })
			failure := "it panicked; the log has it" // unless it comes to its end
			defer func() { b.set(i, func(s *web.JobState) { s.Running, s.LastError = false, failure }) }()
			if err = j.Run(ctx); err != nil {
				failure = fmt.Sprint(err)
			} else {
				failure = ""
			}
			return err
		}}
	}
	return watched
}

func (b *jobBook) set(i int, change func(*web.JobState)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.states[i])
}

// read answers the jobs as they are; c runs them, in the order in which they were watched.
func (b *jobBook) read(c *cron.Cron) []web.JobState {
	b.mu.Lock()
	states := append([]web.JobState(nil), b.states...)
	b.mu.Unlock()
	for _, entry := range c.Entries() {
		if i := int(entry.ID) - 1; i < len(states) { // ids count from 1
			states[i].NextAt = entry.Next
		}
	}
	return states
}
