package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is what a run measured. Times are in milliseconds, CPU in microseconds.
type Report struct {
	Database   string  `json:"database"`
	Accepted   int     `json:"accepted"`
	Refused    int     `json:"refused"`
	Ended      int     `json:"ended"`
	Calls      int     `json:"provider_calls"`
	Twice      int     `json:"sent_twice_on_a_channel"`
	Overlap    int64   `json:"receipts_after_the_next_step"`
	Seconds    float64 `json:"feed_seconds"`
	Drain      float64 `json:"drain_seconds"` // from the feed's end until the last message had ended
	PerSecond  float64 `json:"messages_per_second"`
	Limit      float64 `json:"limit_per_second"` // bare batched inserts of the same rows
	Ratio      float64 `json:"ratio_to_limit"`
	CPU        float64 `json:"cpu_us_per_message"`
	ServiceCPU float64 `json:"service_cpu_us_per_message"`
	// DatabaseCPU is 0 where the database runs in the service, or on another machine.
	DatabaseCPU  float64 `json:"database_cpu_us_per_message"`
	Statements   float64 `json:"statements_per_message"`
	Transactions float64 `json:"transactions_per_message"`
	Written      float64 `json:"written_bytes_per_message"` // WAL; on SQLite WAL and checkpoints
	// Ceiling is nil unless it was asked for.
	Ceiling    *Ceiling  `json:"ceiling,omitempty"`
	Accept     Quantiles `json:"accept_ms"`
	FirstCall  Quantiles `json:"first_call_ms"`
	TimersLate Quantiles `json:"timers_late_ms"`
}

// Ceiling is what the bare pipeline took under the same load, and how the service compares.
type Ceiling struct {
	PerSecond    float64   `json:"messages_per_second"`
	CPU          float64   `json:"cpu_us_per_message"`
	Written      float64   `json:"written_bytes_per_message"`
	Accept       Quantiles `json:"accept_ms"`
	RateRatio    float64   `json:"rate_ratio"`
	CPURatio     float64   `json:"cpu_ratio"`
	WrittenRatio float64   `json:"written_ratio"`
}

// Quantiles of a number of values.
type Quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func quantiles(v []float64) Quantiles {
	if len(v) == 0 {
		return Quantiles{}
	}
	slices.Sort(v)
	at := func(q float64) float64 { return round(v[int(q*float64(len(v)-1))]) }
	return Quantiles{N: len(v), P50: at(0.5), P99: at(0.99), Max: at(1)}
}

// round keeps three significant digits, or whole numbers.
func round(v float64) float64 {
	if v == 0 || math.Abs(v) >= 100 {
		return math.Round(v)
	}
	unit := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*unit) / unit
}

func (r *run) per(v float64) float64 { return round(v / float64(max(r.ended, 1))) }

func (r *run) micros(d time.Duration) float64 { return r.per(float64(d.Microseconds())) }

func report(s *service, m *run) *Report {
	used := m.used
	s.watched.mu.Lock()
	defer s.watched.mu.Unlock()
	return &Report{
		Accepted: m.fed.Accepted, Refused: m.fed.Refused, Ended: m.ended, Calls: m.seen.Calls, Twice: m.seen.Twice,
		Overlap: s.engine.Counters.Overlap.Load(), Seconds: round(m.fed.Seconds), Drain: round(m.drained.Round(time.Millisecond).Seconds()),
		PerSecond: round(m.perSecond),
		CPU:       m.micros(used.service + used.database), ServiceCPU: m.micros(used.service), DatabaseCPU: m.micros(used.database),
		Statements: m.per(float64(used.statements)), Transactions: m.per(float64(used.transactions)), Written: m.per(float64(used.written)),
		Accept: m.seen.Accept, FirstCall: m.seen.FirstCall, TimersLate: quantiles(s.watched.late),
	}
}

// ceiling sets the service beside the bare pipeline.
func (r *Report) ceiling(m *run) {
	c := &Ceiling{
		PerSecond: round(m.perSecond), CPU: m.micros(m.used.service + m.used.database), Written: m.per(float64(m.used.written)), Accept: m.seen.Accept,
	}
	c.RateRatio, c.CPURatio, c.WrittenRatio = round(r.PerSecond/c.PerSecond), round(r.CPU/c.CPU), round(r.Written/c.Written)
	r.Ceiling = c
}

// limit sets the rate beside the machine's.
func (r *Report) limit(perSecond float64) {
	r.Limit, r.Ratio = round(perSecond), round(r.PerSecond/perSecond)
}

func (r *Report) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	line("database", "%s", r.Database)
	line("messages", "%d accepted, %d refused, %d through, in %g s of feed and %g s after it", r.Accepted, r.Refused, r.Ended, r.Seconds, r.Drain)
	line("rate", "%g messages/s", r.PerSecond)
	line("this machine's limit", "%g messages/s written bare in batches; ratio %g", r.Limit, r.Ratio)
	line("CPU per message", "%g µs: service %g, database %g", r.CPU, r.ServiceCPU, r.DatabaseCPU)
	line("database per message", "%g statements, %g transactions, %g bytes written", r.Statements, r.Transactions, r.Written)
	if c := r.Ceiling; c != nil {
		line("bare pipeline", "%g messages/s, %g µs, %g bytes written, accept p50 %g ms, p99 %g ms", c.PerSecond, c.CPU, c.Written, c.Accept.P50, c.Accept.P99)
		line("ratio to it", "rate %g, CPU %g, bytes %g", c.RateRatio, c.CPURatio, c.WrittenRatio)
	}
	latency := func(name string, q Quantiles) {
		if q.N > 0 {
			line(name, "p50 %g ms, p99 %g ms, max %g ms", q.P50, q.P99, q.Max)
		}
	}
	latency("accept", r.Accept)
	latency("accept to provider", r.FirstCall)
	latency("timers late", r.TimersLate)
	line("provider calls", "%d; twice on one channel %d; receipts after the next step %d", r.Calls, r.Twice, r.Overlap)
	return t.Flush()
}
