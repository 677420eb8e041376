package main

import (
	"context"
	"os"
	"time"

	"cascade/cmd/cascade/bench"
)

// benchCmd measures the service on this machine, beside what its database can do at all.
type benchCmd struct {
	DB         string        `name:"db" help:"sqlite for a temporary file, or a postgres:// address with the right to create databases." default:"sqlite" placeholder:"DATABASE"`
	Messages   int           `help:"End after so many messages; 0: by time only."`
	For        time.Duration `help:"End after this time." default:"15s"`
	Clients    int           `help:"Requests under way at once, at most." default:"256"`
	Rate       float64       `help:"Messages offered a second; 0: as fast as they are answered."`
	Receipts   float64       `help:"Share of messages that the first channel delivers; the others go to the second." default:"0.8"`
	AcceptOnly bool          `help:"Store messages that are to be sent later, and send none."`
	Ladder     bool          `help:"Send each message down three channels: ZNS and Viber are silent, SMS takes it."`
	Burst      float64       `help:"Hold back the receipts of ten seconds' worth of messages, then bring so many of them a second." placeholder:"R"`
	Pending    int           `help:"Store so many messages before the load that wait for their receipt for days." placeholder:"N"`
	Finished   int           `help:"Store so many messages before the load that were delivered in the last 30 days; times the cost report too." placeholder:"N"`
	Overdue    int           `help:"Store so many messages whose wait is over, start the service over them, and measure that alone." placeholder:"N"`
	Verify     bool          `help:"Check everything that is stored while the load runs, as cascade verify does."`
	Stale      bool          `help:"Leave what was stored before the load without VACUUM (ANALYZE)."`
	Replicas   int           `help:"Share the load among so many replicas, on Postgres." default:"1" placeholder:"N"`
	Tenants    int           `help:"Share the load among so many tenants." default:"1" placeholder:"N"`
	Accounts   int           `help:"Share the load among so many ZNS accounts of a tenant." default:"1" placeholder:"N"`
	Statements bool          `help:"List the ten statements that took the most time, on Postgres with pg_stat_statements."`
	Ceiling    bool          `help:"Run the same load against a bare pipeline too, and print the ratio."`
	Beside     []string      `help:"Run another program after it on the same server, and print the ratio to what it says of itself; may be repeated." placeholder:"NAME=COMMAND" sep:"none"`
	JSON       bool          `name:"json" help:"Print JSON."`
	CPUProfile string        `name:"cpuprofile" help:"Write the service's CPU profile." placeholder:"FILE"`
	MemProfile string        `name:"memprofile" help:"Write the service's allocations." placeholder:"FILE"`
	Child      bool          `hidden:"" help:"Be the load generator and the providers of a run."`
}

// Run measures and prints the figures.
func (c *benchCmd) Run(ctx context.Context, std *streams) error {
	if c.Child {
		return bench.Child(ctx, os.Stdin, std.out)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return bench.Run(ctx, bench.Options{
		Database: c.DB, Messages: c.Messages, For: c.For, Clients: c.Clients, Rate: c.Rate, Receipts: c.Receipts, AcceptOnly: c.AcceptOnly,
		Ladder: c.Ladder, Burst: c.Burst, Pending: c.Pending, Finished: c.Finished, Overdue: c.Overdue, Verify: c.Verify, Stale: c.Stale,
		Replicas: c.Replicas, Tenants: c.Tenants, ZNSAccounts: c.Accounts, Statements: c.Statements,
		Ceiling: c.Ceiling, Beside: c.Beside, JSON: c.JSON, CPUProfile: c.CPUProfile, MemProfile: c.MemProfile, Child: []string{self, "bench", "--child"},
		Progress: std.err,
	}, std.out)
}
