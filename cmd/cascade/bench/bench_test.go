package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"cascade/cmd/cascade/bench"
	"cascade/models"
	"cascade/models/modelstest"
)

// childVariable has the test's own program play the child, which inherits it.
const childVariable = "CASCADE_BENCH_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) == "" {
		os.Setenv(childVariable, "1")
		os.Exit(m.Run())
	}
	if err := bench.Child(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// measure runs the bench on a dialect and answers its report, and the report as text.
func measure(t *testing.T, dialect string, o bench.Options) (r bench.Report, text string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Database, o.Clients, o.JSON, o.Child = dialect, 8, true, []string{self}
	if dialect == models.Postgres {
		o.Database = os.Getenv(modelstest.ServerVariable)
	}
	var out bytes.Buffer
	if err := bench.Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	return r, out.String()
}

// each runs fn on every engine at hand, side by side: these tests look at counts, not at times.
func each(t *testing.T, fn func(t *testing.T, dialect string)) {
	t.Helper()
	t.Parallel()
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			fn(t, dialect)
		})
	}
}

func TestRun(t *testing.T) {
	each(t, func(t *testing.T, dialect string) {
		r, text := measure(t, dialect, bench.Options{Messages: 100, Receipts: 0.8, Ceiling: true, Beside: []string{
			"other=echo '100 messages in 6.2 s = 10 msg/s end to end'; echo '  3.5 statements, WAL 6495 B, CPU server 844 us, client 506 us'",
		}})
		if r.Accepted != 100 || r.Ended != 100 || r.Calls != 120 || r.Twice != 0 || r.TimersLate.N != 20 {
			t.Errorf("of 100 messages, 20 of them by two channels: %s", text)
		}
		if r.CPU <= 0 || r.Limit <= 0 || r.PerSecond <= 0 || r.Statements <= 0 || r.Accept.P50 <= 0 {
			t.Errorf("a figure is missing: %s", text)
		}
		if r.Ceiling == nil || r.Ceiling.PerSecond <= 0 || r.Ceiling.CPU <= 0 || r.Ceiling.Ratio.Rate <= 0 || r.Ceiling.Ratio.CPU <= 0 ||
			r.Ceiling.Statements <= 0 || r.Ceiling.TimersLate.N != 20 {
			t.Errorf("the bare pipeline has no figures: %s", text)
		}
		peer := bench.Peer{Name: "other", PerSecond: 10, CPU: 1350, Statements: 3.5, Written: 6495}
		if len(r.Peers) != 1 || r.Peers[0].Ratio.Rate <= 0 || r.Peers[0].Ratio.CPU <= 0 {
			t.Fatalf("the program beside it has no ratio: %s", text)
		}
		if peer.Ratio = r.Peers[0].Ratio; r.Peers[0] != peer {
			t.Errorf("its words were read as %+v, want %+v", r.Peers[0], peer)
		}
		for _, word := range []string{"stored", "memory", "cost_report", "overdue", "burst", "fleet", "top_statements"} {
			if strings.Contains(text, `"`+word) {
				t.Errorf("%s was not asked for: %s", word, text)
			}
		}
	})
}

// TestStoredBefore covers all that can go with the usual load: stored messages, tenants, accounts and, on Postgres,
// replicas and statements.
func TestStoredBefore(t *testing.T) {
	each(t, func(t *testing.T, dialect string) {
		o := bench.Options{Messages: 200, Receipts: 0.8, Pending: 300, Finished: 1200, Tenants: 3, ZNSAccounts: 2, Verify: true}
		if dialect == models.Postgres {
			o.Replicas, o.Statements = 2, true
		}
		r, text := measure(t, dialect, o)
		if r.Accepted != 200 || r.Ended != 200 || r.Calls != 240 || r.Twice != 0 || r.TimersLate.N != 40 {
			t.Errorf("of 200 messages, 40 of them by two channels, and what was stored before untouched: %s", text)
		}
		if len(r.Stored) != 2 || r.Stored[0].N != 1200 || r.Stored[1].N != 300 || r.Stored[0].PerMillion <= 0 || r.Stored[1].PerMillion <= 0 {
			t.Errorf("what was stored: %s", text)
		}
		if r.Memory == nil || r.Memory.Before <= 0 || r.Memory.Filled <= 0 || r.Memory.End <= 0 || r.Memory.Peak < r.Memory.End {
			t.Errorf("memory: %s", text)
		}
		if v := r.Verified; v == nil || v.Messages != 1500 || v.Seconds <= 0 || v.Violations != 0 {
			t.Errorf("the check beside the load: %s", text)
		}
		if r.CostReport <= 0 {
			t.Errorf("the cost report was not timed: %s", text)
		}
		if r.Fleet == nil || r.Fleet.Tenants != 3 || r.Fleet.ZNSAccounts != 2 || r.Fleet.Timers < 40 {
			t.Errorf("the load was not shared: %s", text)
		}
		if dialect == models.Postgres && (r.Fleet.Replicas != 2 || len(r.Top) != 10 || r.Top[0].Calls <= 0 || r.Top[0].Micros <= 0) {
			t.Errorf("replicas and statements: %s", text)
		}
	})
}

func TestOverdue(t *testing.T) {
	each(t, func(t *testing.T, dialect string) {
		r, text := measure(t, dialect, bench.Options{Overdue: 400})
		if r.Ended != 400 || r.Calls != 400 || r.Twice != 0 || r.Overdue == nil || r.Overdue.N != 400 || r.Overdue.Queries < 400 {
			t.Errorf("400 were asked about, and went to the second channel: %s", text)
		}
		if o := r.Overdue; o == nil || o.Claimed <= 0 || o.Ended <= 0 || o.Ended > o.Claimed || o.Poll <= 0 || o.Ratio <= 0 {
			t.Errorf("a figure is missing: %s", text)
		}
		if r.Memory == nil || r.Memory.Peak <= 0 {
			t.Errorf("memory: %s", text)
		}
	})
}

func TestBurst(t *testing.T) {
	each(t, func(t *testing.T, dialect string) {
		r, text := measure(t, dialect, bench.Options{Burst: 300, BurstFor: time.Second})
		if r.Accepted != 300 || r.Ended != 300 || r.Calls != 300 {
			t.Errorf("300 messages, each by one channel: %s", text)
		}
		if b := r.Burst; b == nil || b.Posted != 300 || b.Acked != 300 || b.Delivered != 300 || b.Lost != 0 || b.Overtaken != 0 || b.Answer.N != 300 {
			t.Errorf("300 receipts, all answered and none lost: %s", text)
		}
	})
}

func TestLadder(t *testing.T) {
	each(t, func(t *testing.T, dialect string) {
		r, text := measure(t, dialect, bench.Options{Messages: 200, Ladder: true, Receipts: 0.8})
		if r.Accepted != 200 || r.Ended != 200 || r.Calls != 600 || r.Twice != 0 || r.CPU <= 0 {
			t.Errorf("200 messages, each by three channels: %s", text)
		}
	})
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		o    bench.Options
		want string
	}{
		"no bound":               {bench.Options{Clients: 1}, "--messages or --for"},
		"no clients":             {bench.Options{Messages: 1}, "--clients"},
		"share above 1":          {bench.Options{Messages: 1, Clients: 1, Receipts: 2}, "--receipts"},
		"two scenarios":          {bench.Options{Messages: 1, Clients: 1, Ladder: true, Burst: 1}, "exclude"},
		"backlog over others":    {bench.Options{Clients: 1, Overdue: 1, Pending: 1}, "--overdue"},
		"ceiling of a ladder":    {bench.Options{Messages: 1, Clients: 1, Ladder: true, Ceiling: true}, "--ceiling"},
		"replicas on SQLite":     {bench.Options{Messages: 1, Clients: 1, Replicas: 2}, "--replicas needs Postgres"},
		"statements on SQLite":   {bench.Options{Messages: 1, Clients: 1, Statements: true}, "--statements needs Postgres"},
		"more than have numbers": {bench.Options{Messages: 1, Clients: 1, Pending: 1e9}, "--pending"},
		"no database":            {bench.Options{Messages: 1, Clients: 1, Database: "mysql://"}, "--db"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := bench.Run(t.Context(), test.o, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Run: %v; want it to name %s", err, test.want)
			}
		})
	}
}
