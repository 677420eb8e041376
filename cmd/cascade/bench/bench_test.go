package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"cascade/cmd/cascade/bench"
	"cascade/models"
	"cascade/models/modelstest"
)

// childVariable has the test's own program play the child.
const childVariable = "CASCADE_BENCH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Exit(m.Run())
	}
	if err := bench.Child(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func TestRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(childVariable, "1")
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		database := s.Dialect()
		if database == models.Postgres {
			database = os.Getenv(modelstest.ServerVariable)
		}
		var out bytes.Buffer
		o := bench.Options{Database: database, Messages: 100, Clients: 8, Receipts: 0.8, Ceiling: true, JSON: true, Child: []string{self}}
		if err := bench.Run(t.Context(), o, &out); err != nil {
			t.Fatal(err)
		}
		var r bench.Report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if r.Accepted != 100 || r.Ended != 100 || r.Calls != 120 || r.Twice != 0 || r.TimersLate.N != 20 {
			t.Errorf("of 100 messages, 20 of them by two channels: %s", &out)
		}
		if r.CPU <= 0 || r.Limit <= 0 || r.PerSecond <= 0 || r.Statements <= 0 || r.Accept.P50 <= 0 {
			t.Errorf("a figure is missing: %s", &out)
		}
		if r.Ceiling == nil || r.Ceiling.PerSecond <= 0 || r.Ceiling.CPU <= 0 || r.Ceiling.RateRatio <= 0 || r.Ceiling.CPURatio <= 0 {
			t.Errorf("the bare pipeline has no figures: %s", &out)
		}
	})
}
