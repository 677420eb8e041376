package models_test

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"cascade/models"
	"cascade/models/modelstest"
)

// A delivery report is the same whether its hours were summed or not, once they were summed since the last change.
func TestDeliveriesAreTheSameSummedAndRaw(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		w.places = []int64{w.now - 33*day, w.now - 8*day, w.now - 26*hour, w.now - 5*hour, w.now - hour/2, w.now - 2000}
		other := newBooks(t, s)
		other.places = w.places
		for _, b := range []*books{w, other} {
			b.insert(150, false)
			b.become()
		}
		w.vary()
		before := w.deliveries()
		w.sumDeliveries(1)
		w.sameDeliveries("half summed", before)
		w.sumDeliveries(1000)
		w.sameDeliveries("summed", before)

		w.change(100)
		w.become()
		w.vary()
		w.places = []int64{w.now - 2000}
		w.insert(20, false)
		w.sameDeliveries("summed again", w.unsummed(func() { w.sumDeliveries(1000) }))

		plant(t, s, "UPDATE settings SET value = value || '0' WHERE key = 'delivery_hours'")
		w.insert(20, false)
		w.sameDeliveries("by a clock that was ahead", w.unsummed(func() { w.sumDeliveries(1000) }))

		plant(t, s, "UPDATE delivery_hours SET attempts = attempts + 1000000")
		plant(t, s, "UPDATE delivery_ends SET messages = messages + 1000000")
		got := w.deliveries()
		if got.rows[0][0].Attempts < 1_000_000 || got.totals[0].Messages < 1_000_000 {
			t.Errorf("the sums are not read: %+v, %+v", got.rows[0], got.totals[0])
		}
	})
}

// An hour of which nothing can change any more is not summed again, one with an open message is.
func TestSummedDeliveriesComeToRest(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		w := newBooks(t, s)
		for _, at := range []int64{w.now - 9*day, w.now - 8*day, w.now - 2*day} {
			w.places = []int64{at}
			w.insert(3, false)
		}
		plant(t, s, "UPDATE messages SET test = false, status = 'delivered', created_at = created_at / 3600000 * 3600000")
		plant(t, s, "UPDATE messages SET status = 'sending' WHERE id = (SELECT id FROM messages ORDER BY created_at LIMIT 1)")
		w.sumDeliveries(1000)
		for _, tt := range []struct{ since, until, open string }{
			{"0", "min(created_at) + 1", "1"},
			{"min(created_at) + 1", "max(created_at) - 86400000", "0"},
			{"max(created_at)", "max(created_at) + 1", "1"},
		} {
			got := list(t, s.Hot(), `SELECT CASE WHEN max(next_at) > 0 THEN '1' ELSE '0' END FROM delivery_ends, (SELECT `+tt.since+` AS since, `+tt.until+` AS until FROM messages) x
				WHERE hour * 3600000 >= since AND hour * 3600000 < until`)
			if got[0] != tt.open {
				t.Errorf("hours from %s to %s: summed again %s, want %s", tt.since, tt.until, got[0], tt.open)
			}
		}
	})
}

// vary gives attempts every kind of end.
func (w *books) vary() {
	w.t.Helper()
	plant(w.t, w.s, `UPDATE attempts SET sent_at = CASE WHEN created_at % 2 = 0 THEN created_at + 50 END,
		read_at = CASE WHEN created_at % 5 = 0 THEN created_at + created_at % 90000 END,
		delivered_at = CASE WHEN created_at % 3 > 0 THEN created_at + created_at % 7000000 END,
		class = CASE WHEN created_at % 4 = 0 THEN 'unknown' ELSE '' END,
		status = CASE created_at / 7 % 6 WHEN 0 THEN 'failed' WHEN 1 THEN 'delivered' WHEN 2 THEN 'read' WHEN 3 THEN 'sent' WHEN 4 THEN 'skipped' ELSE 'timed_out' END`)
}

// sumDeliveries takes so many steps.
func (w *books) sumDeliveries(steps int) {
	w.t.Helper()
	plant(w.t, w.s, "UPDATE delivery_ends SET next_at = 1")
	if err := w.s.SumDeliveries(w.t.Context(), func() bool { steps--; return steps < 0 }); err != nil {
		w.t.Fatal(err)
	}
}

// unsummed are the reports from the rows; then runs after them.
func (w *books) unsummed(then func()) deliveryReports {
	w.t.Helper()
	plant(w.t, w.s, "UPDATE settings SET key = 'away' WHERE key = 'delivery_hours'")
	raw := w.deliveries()
	plant(w.t, w.s, "UPDATE settings SET key = 'delivery_hours' WHERE key = 'away'")
	then()
	return raw
}

// deliveryReports are many reports of one instant.
type deliveryReports struct {
	rows   [][]models.DeliveryRow
	totals []models.DeliveryTotals
}

func (w *books) deliveries() (all deliveryReports) {
	w.t.Helper()
	only := "a"
	spans := [][2]int64{
		{w.now - 35*day, w.now + hour}, {w.now - 9*day - hour/3, w.now - 4*hour + 5}, {w.now - 28*hour, w.now - 3*hour}, {w.now - hour, w.now}, {w.now, w.now},
	}
	err := w.s.Report(w.t.Context(), func(r *models.Report) error {
		for _, span := range spans {
			for _, name := range zones {
				zone, err := time.LoadLocation(name)
				if err != nil {
					return err
				}
				for _, q := range []models.DeliveryQuery{
					{GroupBy: []string{"step", "channel"}},
					{GroupBy: []string{"day", "template"}, Policy: &only},
					{GroupBy: []string{"account", "day"}},
				} {
					q.TenantID, q.From, q.To, q.Location = w.tenant, span[0], span[1], zone
					rows, err := r.Deliveries(q)
					if err != nil {
						return err
					}
					totals, err := r.DeliveryTotals(q)
					if err != nil {
						return err
					}
					all.rows, all.totals = append(all.rows, rows), append(all.totals, totals)
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *books) sameDeliveries(when string, raw deliveryReports) {
	w.t.Helper()
	got := w.deliveries()
	if diff := gocmp.Diff(raw.rows, got.rows); diff != "" {
		w.t.Errorf("%s (-rows +sums):\n%s", when, diff)
	}
	if diff := gocmp.Diff(raw.totals, got.totals); diff != "" {
		w.t.Errorf("%s, totals (-rows +sums):\n%s", when, diff)
	}
}
