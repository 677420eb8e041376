package models_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

const day = 24 * hour

// An overview is the same whether its slots were summed or not, and follows what changes in them.
func TestOverviewsAreTheSameSummedAndRaw(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.places = []int64{w.now - 23*hour, w.now - 5*hour, w.now - hour/2, w.now - 2000}
		w.insert(150, false)
		w.become()
		w.overview("raw")
		w.sumSlots()
		w.overview("summed")
		w.change(100)
		w.become()
		plant(t, s, "UPDATE overview_slots SET next_at = 1 WHERE next_at > 0")
		w.sumSlots()
		w.overview("summed again")
		w.insert(40, false)
		plant(t, s, "DELETE FROM settings WHERE key = 'overview_until'")
		w.overview("not summed any more")
		w.sumSlots()
		w.overview("summed anew")

		plant(t, s, `UPDATE overview_slots SET body = '{"a":1000000}' WHERE NOT test`)
		if got := w.read(false, w.now-day, 48); got[0].Accepted+got[1].Accepted+got[2].Accepted+got[3].Accepted < 1_000_000 {
			t.Errorf("the slots that were summed are not read: %+v", got[:4])
		}
		plant(t, s, "UPDATE overview_slots SET slot = slot - 20000")
		w.sumSlots()
		if n := list(t, s.Hot(), "SELECT cast(count(*) AS text) FROM overview_slots WHERE slot < "+strconv.FormatInt((w.now-31*day)/models.SlotMillis, 10)); n[0] != "0" {
			t.Errorf("%s old slots are kept", n[0])
		}
	})
}

// become gives every message another status, and every attempt a step of its own.
func (w *books) become() {
	w.t.Helper()
	plant(w.t, w.s, "UPDATE attempts SET step = n - 1")
	for _, st := range w.states {
		m := &st.Message
		m.Status = pick(w, policy.Delivered, policy.Read, policy.Sent, policy.Failed, policy.Expired, policy.Canceled, policy.Scheduled, policy.Sending)
		m.Attempts = int64(len(st.Attempts))
		m.Version++
		for i := range st.Attempts {
			st.Attempts[i].Step = int64(i)
		}
	}
	w.commit(func(ctx context.Context, tx *models.Tx) error {
		rows := make([]*models.Message, len(w.states))
		for i, st := range w.states {
			rows[i] = new(st.Message)
		}
		_, err := tx.UpdateMessages(ctx, rows)
		return err
	})
}

func (w *books) sumSlots() {
	w.t.Helper()
	if err := w.s.SumSlots(w.t.Context(), func() bool { return false }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *books) read(test bool, from int64, parts int) []models.Slot {
	w.t.Helper()
	got, err := w.s.Overview(w.t.Context(), w.tenant, test, from, w.now+models.SlotMillis, parts)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// overview compares an overview with the messages, over two spans, of live and of test messages.
func (w *books) overview(when string) {
	w.t.Helper()
	for _, test := range []bool{false, true} {
		for _, from := range []int64{w.now - 6*hour, w.now - day - hour} {
			first := from / models.SlotMillis * models.SlotMillis
			var got, want models.Slot
			for _, part := range w.read(test, from, 24) {
				got.Add(part)
			}
			for _, st := range w.states {
				if st.Message.Test == test && st.Message.CreatedAt >= first {
					want.Add(slotOf(st))
				}
			}
			got.Took, want.Took = nil, nil
			if diff := gocmp.Diff(want, got); diff != "" {
				w.t.Errorf("%s, test %v (-messages +overview):\n%s", when, test, diff)
			}
		}
	}
}

// slotOf is one message as an overview counts it.
func slotOf(st *models.State) models.Slot {
	m, slot := st.Message, models.Slot{Accepted: 1}
	switch {
	case m.Status.Reached():
		slot.Reached = 1
	case m.Status == policy.Failed || m.Status == policy.Expired:
		slot.Failed = 1
	case m.Status == policy.Canceled:
	default:
		slot.Open = 1
		if m.Status == policy.Scheduled {
			slot.Scheduled = 1
		}
	}
	for _, a := range st.Attempts {
		var ch models.SlotChannel
		if a.Calls > 0 {
			ch.Sent = 1
		}
		if a.DeliveredAt > 0 || a.ReadAt > 0 || m.Status == policy.Sent && a.Status == policy.AttemptSent {
			ch.Reached = 1
		}
		ch.Cost = a.Cost
		if a.Status == policy.AttemptUnknown {
			slot.Unknown++
		}
		if a.N == m.Attempts && a.Step > 0 && m.Status.Reached() {
			slot.Fallback = 1
		}
		if ch != (models.SlotChannel{}) {
			slot.Add(models.Slot{Channels: map[string]*models.SlotChannel{string(a.Channel): &ch}})
		}
	}
	return slot
}

func TestQuantile(t *testing.T) {
	for name, tt := range map[string]struct {
		slot     models.Slot
		p50, p95 int64
	}{
		"nobody":      {models.Slot{}, 0, 0},
		"one moment":  {models.Slot{Reached: 10, Took: map[int]int64{0: 10}}, 10, 19},
		"two decades": {models.Slot{Reached: 100, Took: map[int]int64{10: 50, 110: 50}}, 220, 2180},
		"a straggler": {models.Slot{Reached: 100, Took: map[int]int64{25: 94, 320: 6}}, 510, 403_333},
	} {
		if p50, p95 := tt.slot.Quantile(0.5), tt.slot.Quantile(0.95); p50 != tt.p50 || p95 != tt.p95 {
			t.Errorf("%s: %d and %d, want %d and %d", name, p50, p95, tt.p50, tt.p95)
		}
	}
}

// BenchmarkOverview reads the overview of a day with CASCADE_BENCH_MESSAGES messages (10,000 unless told), each with an attempt.
func BenchmarkOverview(b *testing.B) {
	n := 10_000
	if text := os.Getenv("CASCADE_BENCH_MESSAGES"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	for _, dialect := range modelstest.Dialects(b) {
		b.Run(dialect, func(b *testing.B) {
			s := modelstest.Open(b, dialect)
			tenant := uuid.New()
			now := time.Now().UnixMilli()
			for _, statement := range fillSQL(dialect, tenant.String(), now-day, n) {
				if _, err := s.Hot().ExecContext(b.Context(), statement); err != nil {
					b.Fatal(err)
				}
			}
			began := time.Now()
			if err := s.SumSlots(b.Context(), func() bool { return false }); err != nil {
				b.Fatal(err)
			}
			b.Logf("%d messages summed in %s", n, time.Since(began))
			for b.Loop() {
				parts, err := s.Overview(b.Context(), tenant, false, now-day, now, 48)
				if err != nil {
					b.Fatal(err)
				}
				var all models.Slot
				for _, part := range parts {
					all.Add(part)
				}
				if all.Accepted < int64(n-n/100) {
					b.Fatalf("%d of %d messages", all.Accepted, n)
				}
			}
		})
	}
}

// fillSQL inserts messages that are spread over a day, three of four reached, and an attempt of each.
func fillSQL(dialect, tenant string, from int64, n int) []string {
	numbers := fmt.Sprintf("(SELECT i FROM generate_series(0::bigint, %d) AS g(i)) x", n-1)
	id := "(lpad(to_hex(%[2]d + i * %[3]d / %[4]d), 12, '0') || '7000' || lpad(to_hex(i), 16, '0'))::uuid"
	if dialect == models.SQLite {
		numbers = fmt.Sprintf("(WITH RECURSIVE g(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM g WHERE i < %d) SELECT i FROM g) x", n-1)
		id = "printf('%%012x', %[2]d + i * %[3]d / %[4]d)"
		id = "substr(" + id + ", 1, 8) || '-' || substr(" + id + ", 9) || '-7000-8000-' || printf('%%012x', i)"
	}
	id = fmt.Sprintf("%[1]s"+id, "", from, day, n)
	at := fmt.Sprintf("%d + i * %d / %d", from, day, n)
	settle := "ANALYZE"
	if dialect == models.Postgres { // as upkeep leaves a database that has lived for a while
		settle = "VACUUM (ANALYZE)"
	}
	return []string{
		fmt.Sprintf(`INSERT INTO messages (tenant_id, id, created_at, status, completed_at, attempts, currency, channel, content)
			SELECT '%s', %s, %s, CASE i %% 4 WHEN 0 THEN 'failed' ELSE 'delivered' END, %s + i %% 9000, 1, 'VND', 'zns', '%0200d' FROM %s`, tenant, id, at, at, 7, numbers),
		fmt.Sprintf(`INSERT INTO attempts (tenant_id, message_id, n, created_at, channel, account, status, calls, delivered_at, cost)
			SELECT '%s', %s, 1, %s, 'zns', 'oa', 'delivered', 1, %s, 200000000 FROM %s`, tenant, id, at, at, numbers),
		settle,
	}
}
