package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// printer writes a report's lines, each a name and what is said of it.
type printer struct{ w io.Writer }

func (p printer) line(name, format string, args ...any) {
	fmt.Fprintf(p.w, name+"\t"+format+"\n", args...)
}

func (p printer) latency(name string, q Quantiles) {
	if q.N > 0 {
		p.line(name, "p50 %g ms, p99 %g ms, max %g ms", q.P50, q.P99, q.Max)
	}
}

func (r *Report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	p := printer{t}
	p.line("database", "%s", r.Database)
	r.printStored(p)
	r.printLoad(p)
	if m := r.Memory; m != nil {
		p.line("resident memory", "%g MB before storing, %g after it, %g at the end, %g at most since it was stored", m.Before, m.Filled, m.End, m.Peak)
	}
	if r.CostReport > 0 {
		p.line("cost report", "%g ms for 30 days by channel and day, median of %d", r.CostReport, reportTries)
	}
	if v := r.Verified; v != nil {
		p.line("verified beside the load", "%d messages in %g s, %g a second: %d violations", v.Messages, v.Seconds, v.PerSecond, v.Violations)
	}
	r.printScenario(p)
	for i, s := range r.Top {
		name := ""
		if i == 0 {
			name = "statements by time"
		}
		p.line(name, "%g µs a message, %d calls: %.110s", s.Micros, s.Calls, s.Query)
	}
	return t.Flush()
}

func (r *Report) printStored(p printer) {
	for _, s := range r.Stored {
		tables := make([]string, 0, len(s.Tables))
		for _, name := range slices.Sorted(maps.Keys(s.Tables)) {
			tables = append(tables, fmt.Sprintf("%s %g", name, s.Tables[name]))
		}
		split := ""
		if len(tables) > 0 {
			split = ": " + strings.Join(tables, ", ")
		}
		p.line("stored before, "+s.Kind, "%d in %g s; %g MB of disk a million%s", s.N, s.Seconds, s.PerMillion, split)
	}
}

// printLoad tells of the load, or of a backlog's CPU.
func (r *Report) printLoad(p printer) {
	if r.Overdue == nil {
		p.line("messages", "%d accepted, %d refused, %d through, in %g s of feed and %g s after it", r.Accepted, r.Refused, r.Ended, r.Seconds, r.Drain)
		p.line("rate", "%g messages/s", r.PerSecond)
		if r.Limit > 0 {
			p.line("this machine's limit", "%g messages/s written bare in batches; ratio %g", r.Limit, r.Ratio)
		}
	}
	p.line("CPU per message", "%g µs: service %g, database %g", r.CPU, r.ServiceCPU, r.DatabaseCPU)
	p.line("database per message", "%g statements, %g transactions, %g bytes written", r.Statements, r.Transactions, r.Written)
	if c := r.Ceiling; c != nil {
		p.line("bare pipeline", "%g messages/s, %g µs, %g statements, %g bytes written, accept p50 %g ms, p99 %g ms, timers late p99 %g ms",
			c.PerSecond, c.CPU, c.Statements, c.Written, c.Accept.P50, c.Accept.P99, c.TimersLate.P99)
		p.line("ratio to it", "rate %g, CPU %g, statements %g, bytes %g, accept p50 %g, p99 %g, timers late p99 %g",
			c.Ratio.Rate, c.Ratio.CPU, c.Ratio.Statements, c.Ratio.Written, c.Ratio.AcceptP50, c.Ratio.AcceptP99, c.Ratio.TimersLateP99)
	}
	for _, peer := range r.Peers {
		p.line("beside "+peer.Name, "%g messages/s, %g µs, %g statements, %g bytes written; ratio to it: rate %g, CPU %g, statements %g, bytes %g",
			peer.PerSecond, peer.CPU, peer.Statements, peer.Written, peer.Ratio.Rate, peer.Ratio.CPU, peer.Ratio.Statements, peer.Ratio.Written)
	}
	p.latency("accept", r.Accept)
	p.latency("accept to provider", r.FirstCall)
	p.latency("timers late", r.TimersLate)
	p.line("provider calls", "%d; twice on one channel %d; receipts after the next step %d", r.Calls, r.Twice, r.Overlap)
}

func (r *Report) printScenario(p printer) {
	if o := r.Overdue; o != nil {
		p.line("overdue", "%d; claimed %g a second, ended %g a second, %d asked about first", o.N, o.Claimed, o.Ended, o.Queries)
		p.line("bare ordered poll", "%g rows claimed a second; ratio %g", o.Poll, o.Ratio)
	}
	if b := r.Burst; b != nil {
		p.line("burst", "%d receipts at %g a second, %d answered 2xx; %d delivered, %d lost, %d sent on after the receipt",
			b.Posted, b.PerSecond, b.Acked, b.Delivered, b.Lost, b.Overtaken)
		p.latency("webhook answered", b.Answer)
	}
	if f := r.Fleet; f != nil {
		p.line("shared by", "%d replicas, %d tenants, %d ZNS accounts each", f.Replicas, f.Tenants, f.ZNSAccounts)
		p.line("stale changes", "%d, %g a message; %d rows taken as due; %d transactions begun again", f.Stale, f.Wasted, f.Timers, f.Retries)
	}
}
