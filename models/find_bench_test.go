package models_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

var findMessages = flag.Int("find.messages", 20_000, "among how many messages BenchmarkFind searches")

// findSpan is the time in which the messages of BenchmarkFind came.
const findSpan = 30 * 24 * time.Hour

// The messages of BenchmarkFind, evenly over findSpan before now: a quarter has metadata of its own and all of some a common
// entry, a tenth has a transaction, one in a thousand failed and one in ten thousand has an unknown outcome.
var findFill = map[string][]string{
	models.SQLite: {
		`INSERT INTO messages (tenant_id, id, to_phone, country, operator, category, template, transaction_id, policy_name, policy_version,
			content, metadata, currency, created_at, expires_at, completed_at, status, reason, channel, attempts, cost, due_at, version)
		WITH RECURSIVE n(i) AS (SELECT @first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @last),
		m AS (SELECT i, @from + i * @step AS at, 84900000000 + (i * 7919) % 99999989 AS phone FROM n)
		SELECT '@tenant', substr(printf('%012x', at), 1, 8) || '-' || substr(printf('%012x', at), 9) || printf('-7000-8000-%012x', i * 256),
			'+' || phone, 'VN', CASE i % 3 WHEN 0 THEN 'viettel' WHEN 1 THEN 'vina' ELSE 'mobi' END, 'transaction', 'order_' || (i % 20),
			CASE WHEN i % 10 = 0 THEN 'T-' || i ELSE '' END, 'default', 1, '{"sms":{"text":"` + findText + `"}}',
			CASE WHEN i % 4 = 0 THEN '{"order":"A-' || i || '","shop":"1"}' ELSE '{}' END, 'VND', at, at + 86400000,
			CASE WHEN i % 500 = 1 THEN NULL ELSE at + 1000 END,
			CASE WHEN i % 500 = 1 THEN 'sending' WHEN i % 1000 = 2 THEN 'failed' ELSE 'delivered' END, CASE WHEN i % 1000 = 2 THEN 'no_step_left' ELSE 'until_reached' END,
			CASE WHEN i % 5 = 0 THEN 'sms' ELSE 'zns' END, 1, 300, CASE WHEN i % 500 = 1 THEN at + 3600000 ELSE 0 END, 1
		FROM m`,
		`INSERT INTO attempts (tenant_id, message_id, n, account_id, account, channel, status, class, created_at, calls, called_at, sent_at)
		SELECT tenant_id, id, 1, id, CASE channel WHEN 'sms' THEN 'sms-main' ELSE 'oa-main' END, channel,
			CASE WHEN created_at / @step % 10000 = 3 THEN 'timed_out' ELSE 'delivered' END,
			CASE WHEN created_at / @step % 10000 = 3 THEN 'unknown' ELSE '' END, created_at, 1, created_at,
			CASE WHEN created_at / @step % 10000 = 3 THEN NULL ELSE created_at + 100 END FROM messages
		WHERE created_at >= @begin AND created_at < @end`,
	},
	models.Postgres: {
		`INSERT INTO messages (tenant_id, id, to_phone, country, operator, category, template, transaction_id, policy_name, policy_version,
			content, metadata, currency, created_at, expires_at, completed_at, status, reason, channel, attempts, cost, due_at, version)
		SELECT '@tenant'::uuid, (lpad(to_hex(at), 12, '0') || '70008000' || lpad(to_hex(i * 256), 12, '0'))::uuid,
			'+' || (84900000000 + (i * 7919) % 99999989), 'VN', CASE i % 3 WHEN 0 THEN 'viettel' WHEN 1 THEN 'vina' ELSE 'mobi' END, 'transaction', 'order_' || (i % 20),
			CASE WHEN i % 10 = 0 THEN 'T-' || i ELSE '' END, 'default', 1, '{"sms":{"text":"` + findText + `"}}',
			CASE WHEN i % 4 = 0 THEN '{"order":"A-' || i || '","shop":"1"}' ELSE '{}' END, 'VND', at, at + 86400000,
			CASE WHEN i % 500 = 1 THEN NULL ELSE at + 1000 END,
			CASE WHEN i % 500 = 1 THEN 'sending' WHEN i % 1000 = 2 THEN 'failed' ELSE 'delivered' END, CASE WHEN i % 1000 = 2 THEN 'no_step_left' ELSE 'until_reached' END,
			CASE WHEN i % 5 = 0 THEN 'sms' ELSE 'zns' END, 1, 300, CASE WHEN i % 500 = 1 THEN at + 3600000 ELSE 0 END, 1
		FROM (SELECT i, @from::bigint + i * @step::bigint AS at FROM generate_series(@first::bigint, @last::bigint - 1) AS i) m`,
		`INSERT INTO attempts (tenant_id, message_id, n, account_id, account, channel, status, class, created_at, calls, called_at, sent_at)
		SELECT tenant_id, id, 1, id, CASE channel WHEN 'sms' THEN 'sms-main' ELSE 'oa-main' END, channel,
			CASE WHEN created_at / @step::bigint % 10000 = 3 THEN 'timed_out' ELSE 'delivered' END,
			CASE WHEN created_at / @step::bigint % 10000 = 3 THEN 'unknown' ELSE '' END, created_at, 1, created_at,
			CASE WHEN created_at / @step::bigint % 10000 = 3 THEN NULL ELSE created_at + 100 END FROM messages
		WHERE created_at >= @begin AND created_at < @end`,
	},
}

const findText = "Don hang cua quy khach da duoc gui di va se den trong ngay mai, vui long giu dien thoai. Cam on quy khach."

// BenchmarkFind times searches among -find.messages messages, each kind at places of its own all over the span.
//
//	go test ./models -run '^$' -bench Find -benchtime 60x -find.messages 1000000
func BenchmarkFind(b *testing.B) {
	for _, dialect := range modelstest.Dialects(b) {
		b.Run(dialect, func(b *testing.B) {
			s := modelstest.Open(b, dialect)
			count := *findMessages
			step := max(findSpan.Milliseconds()/int64(count), 1)
			from := time.Now().UnixMilli() - int64(count)*step
			fillFound(b, s, count, from, step)
			at := func(i int) int64 { return from + int64(i)*step }
			kinds := []struct {
				name string
				of   func(i int) models.MessageFilter
			}{
				{"newest", func(int) models.MessageFilter { return models.MessageFilter{} }},
				{"to", func(i int) models.MessageFilter { return models.MessageFilter{To: phoneAt(i)} }},
				{"last4", func(i int) models.MessageFilter { return models.MessageFilter{Last4: phoneAt(i)[8:]} }},
				{"id", func(i int) models.MessageFilter {
					id := idAt(at(i), i)
					return models.MessageFilter{IDFrom: id, IDTo: id}
				}},
				{"id_prefix", func(i int) models.MessageFilter {
					first, last := idAt(at(i), 0), idAt(at(i), 0)
					for k := 4; k < 16; k++ {
						first[k], last[k] = 0, 0xff
					}
					return models.MessageFilter{IDFrom: first, IDTo: last}
				}},
				{"transaction_id", func(i int) models.MessageFilter {
					return models.MessageFilter{TransactionID: fmt.Sprint("T-", i/10*10)}
				}},
				{"metadata", func(i int) models.MessageFilter {
					return models.MessageFilter{MetadataKey: "order", Metadata: fmt.Sprint("A-", i/4*4)}
				}},
				{"metadata_common", func(int) models.MessageFilter { return models.MessageFilter{MetadataKey: "shop", Metadata: "1"} }},
				{"metadata_none", func(int) models.MessageFilter { return models.MessageFilter{MetadataKey: "shop", Metadata: "2"} }},
				{"window_hour", func(i int) models.MessageFilter {
					return models.MessageFilter{CreatedAfter: at(i), CreatedBefore: at(i) + 3600_000}
				}},
				{"since", func(i int) models.MessageFilter {
					return models.MessageFilter{CreatedAfter: at(i), Status: policy.Failed}
				}},
				{"status_failed", func(int) models.MessageFilter { return models.MessageFilter{Status: policy.Failed} }},
				{"status_none", func(int) models.MessageFilter { return models.MessageFilter{Status: policy.Canceled} }},
				{"template", func(i int) models.MessageFilter { return models.MessageFilter{Template: fmt.Sprint("order_", i%20)} }},
				{"reason_none", func(int) models.MessageFilter { return models.MessageFilter{Reason: "suppressed"} }},
				{"open", func(int) models.MessageFilter { return models.MessageFilter{Open: true} }},
				{"unknown", func(int) models.MessageFilter { return models.MessageFilter{Unknown: true} }},
				{"account", func(int) models.MessageFilter { return models.MessageFilter{Account: "sms-main"} }},
				{"account_none", func(int) models.MessageFilter { return models.MessageFilter{Account: "nobody"} }},
			}
			for _, kind := range kinds {
				b.Run(kind.name, func(b *testing.B) {
					var took []time.Duration
					rows, pages := 0, 0
					for n := 0; b.Loop(); n++ {
						f := kind.of(n * 7_654_321 % count)
						began := time.Now()
						found, next, err := s.Messages(b.Context(), tenant, f, "", 50)
						if err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(began))
						rows += len(found)
						if next != "" && len(found) < 50 {
							pages++
						}
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
					b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
					b.ReportMetric(float64(rows)/float64(len(took)), "rows")
					b.ReportMetric(float64(pages)/float64(len(took)), "unfinished")
				})
			}
		})
	}
}

// fillFound adds the messages a part at a time: a statement has a time limit.
func fillFound(b *testing.B, s *models.Store, count int, from, step int64) {
	b.Helper()
	const part = 50_000
	for first := 0; first < count; first += part {
		values := strings.NewReplacer("@tenant", tenant.String(), "@from", fmt.Sprint(from), "@step", fmt.Sprint(step),
			"@first", fmt.Sprint(first), "@last", fmt.Sprint(min(first+part, count)),
			"@begin", fmt.Sprint(from+int64(first)*step), "@end", fmt.Sprint(from+int64(first+part)*step))
		for _, text := range findFill[s.Dialect()] {
			if _, err := s.Hot().ExecContext(b.Context(), values.Replace(text)); err != nil {
				b.Fatal(err)
			}
		}
	}
	if s.Dialect() == models.Postgres { // as autovacuum does on a running system
		for _, table := range []string{"messages", "attempts"} {
			if _, err := s.Hot().ExecContext(b.Context(), "VACUUM ANALYZE "+table); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func phoneAt(i int) string { return fmt.Sprint("+", 84900000000+int64(i)*7919%99999989) }

func idAt(ms int64, i int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%012x70008000%012x", ms, i*256))
}
