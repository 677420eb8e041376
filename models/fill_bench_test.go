package models_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// fillSpan is the time in which the messages of a benchmark came.
const fillSpan = 30 * 24 * time.Hour

// filled is a database full of messages, evenly over fillSpan before now: a quarter has metadata of its own and all of some a
// common entry, a tenth has a transaction, a fifth went to a second channel, one in 500 is open, one in a thousand failed and one
// in ten thousand has an unknown outcome.
type filled struct {
	s          *models.Store
	count      int
	from, step int64 // when the first came, and how long after it the next
}

// at is when a message came.
func (f filled) at(i int) int64 { return f.from + int64(i)*f.step }

func (f filled) phone(i int) string { return fmt.Sprint("+", 84900000000+int64(i)*7919%99999989) }

func (f filled) id(i int) uuid.UUID { return idAt(f.at(i), i) }

func idAt(ms int64, i int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("%012x70008000%012x", ms, i*256))
}

const (
	fillColumns = `INSERT INTO messages (tenant_id, id, to_phone, country, operator, category, template, transaction_id, policy_name, policy_version,
		content, metadata, currency, created_at, expires_at, completed_at, status, reason, channel, attempts, cost, due_at, version) `
	fillValues = `'+' || (84900000000 + (i * 7919) % 99999989), 'VN', CASE i % 3 WHEN 0 THEN 'viettel' WHEN 1 THEN 'vina' ELSE 'mobi' END, 'transaction', 'order_' || (i % 20),
		CASE WHEN i % 10 = 0 THEN 'T-' || i ELSE '' END, 'default', 1,
		'{"sms":{"text":"Don hang cua quy khach da duoc gui di va se den trong ngay mai, vui long giu dien thoai. Cam on quy khach."}}',
		CASE WHEN i % 4 = 0 THEN '{"order":"A-' || i || '","shop":"1"}' ELSE '{}' END, 'VND', at, at + 86400000,
		CASE WHEN i % 500 = 1 THEN NULL WHEN i % 5 = 0 THEN at + 40000 ELSE at + 500 + (i * 7919) % 20000 END,
		CASE WHEN i % 500 = 1 THEN 'sending' WHEN i % 1000 = 2 THEN 'failed' ELSE 'delivered' END, CASE WHEN i % 1000 = 2 THEN 'no_step_left' ELSE 'until_reached' END,
		CASE WHEN i % 5 = 0 THEN 'sms' ELSE 'zns' END, CASE WHEN i % 5 = 0 THEN 2 ELSE 1 END, 300000000, CASE WHEN i % 500 = 1 THEN at + 3600000 ELSE 0 END, 1 `
)

// fillInserts inserts the messages from @first to @last, of each engine, and their attempts.
var fillInserts = map[string][]string{
	models.SQLite: {
		fillColumns + `WITH RECURSIVE n(i) AS (SELECT @first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < @last),
		m AS (SELECT i, @from + i * @step AS at FROM n)
		SELECT '@tenant', substr(printf('%012x', at), 1, 8) || '-' || substr(printf('%012x', at), 9) || printf('-7000-8000-%012x', i * 256), ` + fillValues + `FROM m`,
		fillAttempts,
	},
	models.Postgres: {
		fillColumns + `SELECT '@tenant'::uuid, (lpad(to_hex(at), 12, '0') || '70008000' || lpad(to_hex(i * 256), 12, '0'))::uuid, ` + fillValues + `
		FROM (SELECT i, @from::bigint + i * @step::bigint AS at FROM generate_series(@first::bigint, @last::bigint - 1) AS i) m`,
		fillAttempts,
	},
}

const fillAttempts = `INSERT INTO attempts (tenant_id, message_id, n, step, account_id, account, channel, status, class, created_at, calls, called_at, sent_at,
		delivered_at, read_at, cost)
	SELECT tenant_id, id, 1, 0, id, 'oa-main', 'zns',
		CASE WHEN completed_at IS NULL THEN 'sent' WHEN status = 'failed' THEN 'failed' WHEN k % 5 = 0 OR k % 10000 = 3 THEN 'timed_out' ELSE 'delivered' END,
		CASE WHEN k % 10000 = 3 THEN 'unknown' ELSE '' END, created_at, 1, created_at,
		CASE WHEN k % 10000 = 3 THEN NULL ELSE created_at + 100 END,
		CASE WHEN completed_at IS NULL OR status = 'failed' OR k % 5 = 0 OR k % 10000 = 3 THEN NULL ELSE completed_at END,
		CASE WHEN completed_at IS NULL OR status = 'failed' OR k % 5 = 0 OR k % 3 > 0 THEN NULL ELSE completed_at + 60000 + k % 900000 END, 300000000
	FROM (SELECT m.*, (created_at - @from) / @step AS k FROM messages m WHERE created_at >= @begin AND created_at < @end) x
	UNION ALL
	SELECT tenant_id, id, 2, 1, id, 'sms-main', 'sms', 'delivered', '', created_at + 30000, 1, created_at + 30000, created_at + 30200, completed_at, NULL, 700000000
	FROM messages WHERE created_at >= @begin AND created_at < @end AND (created_at - @from) / @step % 5 = 0`

// fillConsole makes messages a part at a time, for a statement has a time limit, and then what upkeep makes of them.
func fillConsole(b *testing.B, s *models.Store, count int) filled {
	b.Helper()
	began := time.Now()
	row := models.Tenant{ID: tenant, Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: 5}
	key, _ := models.NewAPIKey(tenant, models.ModeLive, []string{"messages:write"}, 5)
	if err := s.CreateTenant(b.Context(), row, key); err != nil {
		b.Fatal(err)
	}
	f := filled{s: s, count: count, step: max(fillSpan.Milliseconds()/int64(count), 1)}
	f.from = began.UnixMilli() - int64(count)*f.step
	const part = 50_000
	for first := 0; first < count; first += part {
		last := min(first+part, count)
		values := strings.NewReplacer("@tenant", tenant.String(), "@from", fmt.Sprint(f.from), "@step", fmt.Sprint(f.step),
			"@first", fmt.Sprint(first), "@last", fmt.Sprint(last), "@begin", fmt.Sprint(f.at(first)), "@end", fmt.Sprint(f.at(last)))
		for _, text := range fillInserts[s.Dialect()] {
			if _, err := s.Hot().ExecContext(b.Context(), values.Replace(text)); err != nil {
				b.Fatal(err)
			}
		}
	}
	f.settle(b)
	b.Logf("%d messages filled in %s", count, time.Since(began).Round(time.Second))
	began = time.Now()
	var jobs sync.WaitGroup
	for _, job := range []func(context.Context, func() bool) error{s.RollUp, s.SumSlots, s.SumDeliveries} {
		jobs.Go(func() {
			if err := job(b.Context(), func() bool { return false }); err != nil {
				b.Error(err)
			}
		})
	}
	jobs.Wait()
	b.Logf("summed in %s", time.Since(began).Round(time.Second))
	f.settle(b)
	return f
}

// settle leaves a database on Postgres as autovacuum does on a running system.
func (f filled) settle(b *testing.B) {
	b.Helper()
	if f.s.Dialect() != models.Postgres {
		return
	}
	conn, err := f.s.Hot().Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	patient(b, conn, "SET statement_timeout = 0")
	patient(b, conn, "VACUUM ANALYZE")
	patient(b, conn, "CHECKPOINT")
	patient(b, conn, "RESET statement_timeout")
}

func patient(b *testing.B, conn *sql.Conn, statement string) {
	b.Helper()
	if _, err := conn.ExecContext(b.Context(), statement); err != nil {
		b.Fatal(err)
	}
}
