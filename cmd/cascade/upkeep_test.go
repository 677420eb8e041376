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

func TestJobBook(t *testing.T) {
	var book jobBook
	jobs := book.watch([]orchestrator.Job{
		{Name: "well", Schedule: "@every 1h", Run: func(context.Context) error { return nil }},
		{Name: "fails", Schedule: "@every 1h", Run: func(context.Context) error { return errors.New("disk full") }},
		{Name: "panics", Schedule: "@every 1h", Run: func(context.Context) error { panic("lost") }},
		{Name: "waits", Schedule: "@every 1h", Run: func(context.Context) error { return nil }},
	})
	c, err := scheduled(t.Context(), jobs, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range c.Entries()[:3] {
		entry.WrappedJob.Run()
	}
	for i, want := range []struct {
		name, failure string
		ran           bool
	}{{"well", "", true}, {"fails", "disk full", true}, {"panics", "it panicked; the log has it", true}, {"waits", "", false}} {
		got := book.read(c)[i]
		if got.Name != want.name || got.LastError != want.failure || got.Running || got.LastRunAt.IsZero() == want.ran {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
	c.Start()
	if next := book.read(c)[3].NextAt; next.IsZero() {
		t.Error("the next run is not told")
	}
	<-c.Stop().Done()
}

func TestUpkeepNamesABadSchedule(t *testing.T) {
	_, err := scheduled(t.Context(), []orchestrator.Job{{Name: "prune", Schedule: "often"}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "prune") {
		t.Errorf("got %v, want an error naming the job", err)
	}
}
