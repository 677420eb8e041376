package models_test

import (
	"context"
	"strconv"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

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
