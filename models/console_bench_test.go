package models_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

var consoleMessages = flag.Int("console.messages", 20_000, "among how many messages BenchmarkConsole reads")

// BenchmarkConsole times what the console's pages read: searches of each kind, a message's trace, overviews and reports, among
// -console.messages messages of 30 days. Searches and traces are at places of their own all over them.
//
//	.ci/with-postgres go test ./models -run '^$' -bench Console -benchtime 1s -timeout 2h -console.messages 1000000
func BenchmarkConsole(b *testing.B) {
	for _, dialect := range modelstest.Dialects(b) {
		b.Run(dialect, func(b *testing.B) {
			f := fillConsole(b, modelstest.Open(b, dialect), *consoleMessages)
			b.Run("search", f.searches)
			b.Run("trace", func(b *testing.B) { f.measure(b, f.trace) })
			b.Run("overview", f.overviews)
			b.Run("costs", f.costs)
			b.Run("delivery", f.deliveries)
		})
	}
}

// measure tells the median and the 95th percentile of read, which gets a place of its own each time.
func (f filled) measure(b *testing.B, read func(ctx context.Context, i int) error) {
	var took []time.Duration
	for n := 0; b.Loop(); n++ {
		began := time.Now()
		if err := read(b.Context(), n*7_654_321%f.count); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

func (f filled) searches(b *testing.B) {
	type filter = models.MessageFilter
	always := func(m filter) func(int) filter { return func(int) filter { return m } }
	for _, kind := range []struct {
		name string
		of   func(i int) filter
	}{
		{"newest", always(filter{})},
		{"to", func(i int) filter { return filter{To: f.phone(i)} }},
		{"last4", func(i int) filter { return filter{Last4: f.phone(i)[8:]} }},
		{"id", func(i int) filter { return filter{IDFrom: f.id(i), IDTo: f.id(i)} }},
		{"id_prefix", func(i int) filter {
			first, last := f.id(i), f.id(i)
			for k := 4; k < 16; k++ {
				first[k], last[k] = 0, 0xff
			}
			return filter{IDFrom: first, IDTo: last}
		}},
		{"transaction_id", func(i int) filter { return filter{TransactionID: fmt.Sprint("T-", i/10*10)} }},
		{"metadata", func(i int) filter { return filter{MetadataKey: "order", Metadata: fmt.Sprint("A-", i/4*4)} }},
		{"metadata_common", always(filter{MetadataKey: "shop", Metadata: "1"})},
		{"metadata_none", always(filter{MetadataKey: "shop", Metadata: "2"})},
		{"window_hour", func(i int) filter { return filter{CreatedAfter: f.at(i), CreatedBefore: f.at(i) + hour} }},
		{"since_failed", func(i int) filter { return filter{CreatedAfter: f.at(i), Status: policy.Failed} }},
		{"status_failed", always(filter{Status: policy.Failed})},
		{"status_none", always(filter{Status: policy.Canceled})},
		{"template", func(i int) filter { return filter{Template: fmt.Sprint("order_", i%20)} }},
		{"reason_none", always(filter{Reason: "suppressed"})},
		{"open", always(filter{Open: true})},
		{"unknown", always(filter{Unknown: true})},
		{"account", always(filter{Account: "sms-main"})},
		{"account_none", always(filter{Account: "nobody"})},
	} {
		b.Run(kind.name, func(b *testing.B) {
			rows, parts, n := 0, 0, 0
			f.measure(b, func(ctx context.Context, i int) error {
				found, next, err := f.s.Messages(ctx, tenant, kind.of(i), "", 50)
				n++
				rows += len(found)
				if next != "" && len(found) < 50 {
					parts++
				}
				return err
			})
			b.ReportMetric(float64(rows)/float64(n), "rows")
			b.ReportMetric(float64(parts)/float64(n), "unfinished")
		})
	}
}

// trace reads what a message's page shows.
func (f filled) trace(ctx context.Context, i int) error {
	ref := models.Ref{TenantID: tenant, ID: f.id(i)}
	if _, err := f.s.Snapshot(ctx, []models.Ref{ref}); err != nil {
		return err
	}
	if _, err := f.s.Receipts(ctx, tenant, ref.ID); err != nil {
		return err
	}
	if _, err := f.s.Charges(ctx, tenant, ref.ID); err != nil {
		return err
	}
	if _, err := f.s.ProviderCalls(ctx, tenant, ref.ID); err != nil {
		return err
	}
	_, err := f.s.MessageDeliveries(ctx, tenant, ref.ID)
	return err
}

func (f filled) overviews(b *testing.B) {
	for _, span := range []struct {
		name  string
		long  int64
		parts int
	}{{"24h", day, 48}, {"30d", 30 * day, 30}} {
		b.Run(span.name, func(b *testing.B) {
			f.measure(b, func(ctx context.Context, _ int) error {
				now := time.Now().UnixMilli()
				_, err := f.s.Overview(ctx, tenant, false, now-span.long, now, span.parts)
				return err
			})
		})
	}
}

func (f filled) costs(b *testing.B) {
	for _, groups := range [][]string{{"channel", "day"}, {"template"}} {
		b.Run("30d_by_"+groups[0], func(b *testing.B) {
			f.measure(b, func(ctx context.Context, _ int) error {
				now := time.Now().UnixMilli()
				_, err := f.s.CostRows(ctx, models.CostQuery{TenantID: tenant, From: now - 30*day, To: now, GroupBy: groups, Location: time.UTC})
				return err
			})
		})
	}
}

func (f filled) deliveries(b *testing.B) {
	for _, span := range []struct {
		name   string
		long   int64
		groups []string
	}{
		{"24h_by_step_and_channel", day, []string{"step", "channel"}},
		{"7d_by_step_and_channel", 7 * day, []string{"step", "channel"}},
		{"30d_by_step_and_channel", 30 * day, []string{"step", "channel"}},
		{"30d_by_template", 30 * day, []string{"template"}},
	} {
		b.Run(span.name, func(b *testing.B) {
			f.measure(b, func(ctx context.Context, _ int) error {
				return f.s.Report(ctx, func(r *models.Report) error {
					now := time.Now().UnixMilli()
					q := models.DeliveryQuery{TenantID: tenant, From: now - span.long, To: now, GroupBy: span.groups, Location: time.UTC}
					if _, err := r.Deliveries(q); err != nil {
						return err
					}
					_, err := r.DeliveryTotals(q)
					return err
				})
			})
		})
	}
}
