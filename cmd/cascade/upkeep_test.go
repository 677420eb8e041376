package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"cascade/orchestrator"
)

func TestUpkeepSurvivesItsJobs(t *testing.T) {
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	runs := 0
	c, err := scheduled(t.Context(), []orchestrator.Job{
		{Name: "panics", Schedule: "@every 1h", Run: func(context.Context) error { runs++; panic("lost") }},
		{Name: "fails", Schedule: "0 0 * * *", Run: func(context.Context) error { return errors.New("disk full") }},
	}, log)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for _, entry := range c.Entries() {
			entry.WrappedJob.Run()
		}
	}
	if runs != 2 {
		t.Errorf("after a panic the job ran %d times, want 2", runs)
	}
	if got := text.String(); !strings.Contains(got, "lost") || !strings.Contains(got, "job=fails err=\"disk full\"") {
		t.Errorf("the log lacks a failure:\n%s", got)
	}
}

func TestUpkeepNamesABadSchedule(t *testing.T) {
	_, err := scheduled(t.Context(), []orchestrator.Job{{Name: "prune", Schedule: "often"}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "prune") {
		t.Errorf("got %v, want an error naming the job", err)
	}
}
