package bench

import (
	"math"
	"slices"
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
	Ceiling *Ceiling `json:"ceiling,omitempty"`
	// Peers are the programs beside which the service was measured.
	Peers      []Peer    `json:"peers,omitempty"`
	Accept     Quantiles `json:"accept_ms"`
	FirstCall  Quantiles `json:"first_call_ms"`
	TimersLate Quantiles `json:"timers_late_ms"`

	// What follows is there where it was asked for.
	Stored     []Stored    `json:"stored,omitempty"`
	Memory     *Memory     `json:"memory_mb,omitempty"`
	CostReport float64     `json:"cost_report_ms,omitempty"` // 30 days by channel and day, median of 5
	Verified   *Verified   `json:"verified,omitempty"`
	Overdue    *Overdue    `json:"overdue,omitempty"`
	Burst      *Burst      `json:"burst,omitempty"`
	Fleet      *Fleet      `json:"fleet,omitempty"`
	Top        []Statement `json:"top_statements,omitempty"`
}

// Burst is how receipts were answered that came all at once.
type Burst struct {
	PerSecond float64   `json:"per_second"` // as they came
	Posted    int       `json:"posted"`
	Acked     int       `json:"answered_2xx"`
	Answer    Quantiles `json:"answer_ms"`
	Delivered int       `json:"delivered"`
	Lost      int       `json:"lost"` // answered 2xx, and not delivered at the end
	// Overtaken were sent on a second channel though their receipt had been answered.
	Overtaken int `json:"sent_on_after_the_receipt"`
}

// Fleet is by how many the load was shared, and what replicas took from one another.
type Fleet struct {
	Replicas    int `json:"replicas"`
	Tenants     int `json:"tenants"`
	ZNSAccounts int `json:"zns_accounts_per_tenant"`
	// Timers are rows that the pollers took as due; Stale are changes that found their row changed by somebody else, be it
	// another replica or a receipt, and were decided again. Rows that another replica had locked are passed over unseen.
	Timers int64   `json:"timers"`
	Stale  int64   `json:"stale_changes"`
	Wasted float64 `json:"stale_per_message"`
	// Retries are transactions that lost against another and were run again.
	Retries uint64 `json:"transactions_retried"`
}

// Ceiling is what the bare pipeline took under the same load, and how the service compares.
type Ceiling struct {
	PerSecond  float64   `json:"messages_per_second"`
	CPU        float64   `json:"cpu_us_per_message"`
	Statements float64   `json:"statements_per_message"`
	Written    float64   `json:"written_bytes_per_message"`
	Accept     Quantiles `json:"accept_ms"`
	TimersLate Quantiles `json:"timers_late_ms"`
	Ratio      Ratio     `json:"ratio"`
}

// Ratio is the service's figure divided by another's in the same run; 0 where one of them has none.
type Ratio struct {
	Rate          float64 `json:"rate"`
	CPU           float64 `json:"cpu"`
	Statements    float64 `json:"statements"`
	Written       float64 `json:"written_bytes"`
	AcceptP50     float64 `json:"accept_p50"`
	AcceptP99     float64 `json:"accept_p99"`
	TimersLateP99 float64 `json:"timers_late_p99"`
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
	used, f := m.used, &s.figures
	s.watched.mu.Lock()
	defer s.watched.mu.Unlock()
	r := &Report{
		Accepted: m.fed.Accepted, Refused: m.fed.Refused, Ended: m.ended, Calls: m.seen.Calls, Twice: m.seen.Twice,
		Overlap: f.overlap, Seconds: round(m.fed.Seconds), Drain: round(m.drained.Round(time.Millisecond).Seconds()),
		PerSecond: round(m.perSecond),
		CPU:       m.micros(used.service + used.database), ServiceCPU: m.micros(used.service), DatabaseCPU: m.micros(used.database),
		Statements: m.per(float64(used.statements)), Transactions: m.per(float64(used.transactions)), Written: m.per(float64(used.written)),
		Accept: m.seen.Accept, FirstCall: m.seen.FirstCall, TimersLate: quantiles(s.watched.late),
		Stored: f.stored, Memory: f.memory, CostReport: f.costReport, Verified: f.verified, Top: f.statements,
	}
	for i, st := range r.Top {
		r.Top[i].Micros = m.per(st.Total * 1000)
	}
	if s.o.Replicas > 1 || s.o.Tenants > 1 || s.o.ZNSAccounts > 1 {
		r.Fleet = &Fleet{
			Replicas: s.o.Replicas, Tenants: s.o.Tenants, ZNSAccounts: s.o.ZNSAccounts,
			Timers: f.timers, Stale: f.stale, Wasted: m.per(float64(f.stale)), Retries: f.retries,
		}
	}
	if v := m.volleyed; v.Posted > 0 {
		delivered := s.watched.reached.n
		r.Burst = &Burst{
			PerSecond: round(float64(v.Posted) / v.Seconds), Posted: v.Posted, Acked: v.Acked, Answer: v.Answer,
			Delivered: delivered, Lost: max(v.Acked-delivered, 0), Overtaken: m.seen.Overtaken,
		}
	}
	return r
}

// ceiling sets the service beside the bare pipeline.
func (r *Report) ceiling(m *run, bare *ceiling) {
	bare.mu.Lock()
	defer bare.mu.Unlock()
	c := &Ceiling{
		PerSecond: round(m.perSecond), CPU: m.micros(m.used.service + m.used.database), Statements: m.per(float64(bare.statements.Load())),
		Written: m.per(float64(m.used.written)), Accept: m.seen.Accept, TimersLate: quantiles(bare.late),
	}
	c.Ratio = Ratio{
		Rate: ratio(r.PerSecond, c.PerSecond), CPU: ratio(r.CPU, c.CPU), Statements: ratio(r.Statements, c.Statements), Written: ratio(r.Written, c.Written),
		AcceptP50: ratio(r.Accept.P50, c.Accept.P50), AcceptP99: ratio(r.Accept.P99, c.Accept.P99), TimersLateP99: ratio(r.TimersLate.P99, c.TimersLate.P99),
	}
	r.Ceiling = c
}

func ratio(ours, theirs float64) float64 {
	if theirs == 0 {
		return 0
	}
	return round(ours / theirs)
}

// limit sets the rate beside the machine's.
func (r *Report) limit(perSecond float64) {
	r.Limit, r.Ratio = round(perSecond), round(r.PerSecond/perSecond)
}
