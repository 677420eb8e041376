package models

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"
)

// Times of slots. A slot is summed when it is over for slotRest, which covers commits under way and clocks that differ; and again
// at least slotAgain later, as long as messages are open in it, or for slotKept while late receipts may come.
const (
	slotRest  = int64(2 * time.Minute / time.Millisecond)
	slotAgain = int64(30 * time.Second / time.Millisecond)
	slotKept  = int64(7 * 24 * time.Hour / time.Millisecond)
	// slotsBack is how far an overview reaches back, with a day to spare.
	slotsBack = int64(31 * 24 * time.Hour / time.Millisecond)
	// slotStep is how many slots one statement sums at most.
	slotStep = 24
)

// overviewUntil is the setting that says before which slot every one is summed.
const overviewUntil = "overview_until"

// slotKey names a slot.
type slotKey struct {
	tenant uuid.UUID
	test   bool
	slot   int64
}

// Overview tells what became of the messages that a tenant had accepted from one time to another, in Unix milliseconds: a slot
// for each of spans, equal parts of it. Slots that are summed are read as they were then, the rest from the messages.
// All times are told in whole slots.
func (s *Store) Overview(ctx context.Context, tenant uuid.UUID, test bool, from, to int64, spans int) ([]Slot, error) {
	first, end := from/SlotMillis, (to+SlotMillis-1)/SlotMillis
	out := make([]Slot, spans)
	width := max((end-first)/int64(spans), 1)
	for i := range out {
		out[i].At = (first + int64(i)*width) * SlotMillis
	}
	place := func(slot int64) *Slot { return &out[min((slot-first)/width, int64(spans)-1)] }
	until, err := s.slotsUntil(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Report(ctx, func(r *Report) error {
		summed := min(max(until, first), end)
		err := r.each(func(rows *sql.Rows) error {
			var slot int64
			var body []byte
			var read Slot
			if err := rows.Scan(&slot, &body); err != nil {
				return err
			}
			if err := json.Unmarshal(body, &read); err != nil {
				return fmt.Errorf("stored slot %d: %w", slot, err)
			}
			place(slot).Add(read)
			return nil
		}, "SELECT slot, body FROM overview_slots WHERE tenant_id = ? AND test = ? AND slot >= ? AND slot < ?", tenant, test, first, summed)
		if err != nil || summed == end {
			return err
		}
		fresh, err := r.slots([]stretch{{summed * SlotMillis, end * SlotMillis}}, "m.tenant_id = ? AND m.test = ?", tenant, test)
		for key, slot := range fresh {
			place(key.slot).Add(*slot)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	return out, nil
}

// slotsUntil is before which slot every one is summed; 0: none is.
func (s *Store) slotsUntil(ctx context.Context) (int64, error) {
	text, err := s.Setting(ctx, overviewUntil)
	if errors.Is(err, ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// SumSlots sums the slots that are over, of every tenant, and again those in which something may have changed, until enough says
// so. Several may run at once: each writes what it read, and a slot that was read too early is read again.
func (s *Store) SumSlots(ctx context.Context, enough func() bool) error {
	clock, err := s.Now(ctx)
	if err != nil {
		return err
	}
	now := clock.UnixMilli()
	until, err := s.slotsUntil(ctx)
	if err != nil {
		return err
	}
	ready := (now - slotRest) / SlotMillis
	if until > ready || until < (now-slotsBack)/SlotMillis { // the clock was put back, or nothing was summed for long
		if until, err = s.firstSlot(ctx, now); err != nil {
			return err
		}
	}
	for until < ready && !enough() {
		end := min(until+slotStep, ready)
		if err := s.sumSlots(ctx, []stretch{{until * SlotMillis, end * SlotMillis}}, now); err != nil {
			return err
		}
		if err := s.PutSetting(ctx, overviewUntil, strconv.FormatInt(end, 10)); err != nil {
			return err
		}
		until = end
	}
	var due []int64
	err = s.read.WithContext(ctx).Raw("SELECT DISTINCT slot FROM overview_slots WHERE next_at > 0 AND next_at <= ? ORDER BY slot DESC", now).Scan(&due).Error
	if err != nil {
		return err
	}
	for slots := range slices.Chunk(due, slotStep) {
		if enough() {
			return nil
		}
		raw := make([]stretch, len(slots))
		for i, slot := range slots {
			raw[i] = stretch{slot * SlotMillis, (slot + 1) * SlotMillis}
		}
		if err := s.sumSlots(ctx, raw, now); err != nil {
			return err
		}
	}
	_, err = s.prune(ctx, "DELETE FROM overview_slots WHERE (tenant_id, test, slot) IN (SELECT tenant_id, test, slot FROM overview_slots WHERE slot < ? LIMIT ?)",
		(now-slotsBack)/SlotMillis, pruneBatch)
	return err
}

// firstSlot is the slot that summing begins with: that of the first message that an overview can still show.
func (s *Store) firstSlot(ctx context.Context, now int64) (int64, error) {
	var at []int64
	err := s.read.WithContext(ctx).Raw("SELECT created_at FROM messages WHERE created_at >= ? ORDER BY created_at LIMIT 1", now-slotsBack).Scan(&at).Error
	if err != nil || len(at) == 0 {
		return (now - slotRest) / SlotMillis, err
	}
	return min(at[0], now-slotRest) / SlotMillis, nil
}

// sumSlots sums whole slots and stores them.
func (s *Store) sumSlots(ctx context.Context, raw []stretch, now int64) error {
	var sums map[slotKey]*Slot
	err := s.Report(ctx, func(r *Report) (err error) {
		sums, err = r.slots(raw, "true")
		return err
	})
	if err != nil || len(sums) == 0 {
		return err
	}
	type overviewSlot struct {
		TenantID     uuid.UUID
		Test         bool
		Slot, NextAt int64
		Body         string
	}
	rows := make([]overviewSlot, 0, len(sums))
	for key, sum := range sums {
		body, err := json.Marshal(sum)
		if err != nil {
			return err
		}
		rows = append(rows, overviewSlot{key.tenant, key.test, key.slot, nextSum(key.slot, sum.Open > 0, now), string(body)})
	}
	slices.SortFunc(rows, func(a, b overviewSlot) int { // replicas take the rows in one order
		if n := strings.Compare(a.TenantID.String(), b.TenantID.String()); n != 0 {
			return n
		}
		return int(a.Slot - b.Slot)
	})
	return s.write.WithContext(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "tenant_id"}, {Name: "test"}, {Name: "slot"}},
		DoUpdates: clause.AssignmentColumns([]string{"next_at", "body"}),
	}).CreateInBatches(rows, rollBatch).Error
}

// nextSum is when a slot is summed again: the older it is, the less there is to come.
func nextSum(slot int64, open bool, now int64) int64 {
	age := now - slot*SlotMillis
	switch {
	case open:
		return now + max(slotAgain, age/20)
	case age > slotKept:
		return 0
	default:
		return now + max(slotAgain, age)
	}
}

// slots sums the messages accepted in the stretches, and what was tried for them.
func (r *Report) slots(raw []stretch, where string, args ...any) (map[slotKey]*Slot, error) {
	sums := map[slotKey]*Slot{}
	at := func(key slotKey) *Slot {
		if sums[key] == nil {
			sums[key] = &Slot{At: key.slot * SlotMillis}
		}
		return sums[key]
	}
	err := r.each(func(rows *sql.Rows) error {
		var key slotKey
		var status string
		var took, n int64
		if err := rows.Scan(&key.tenant, &key.test, &key.slot, &status, &took, &n); err != nil {
			return err
		}
		at(key).count(status, int(took), n)
		return nil
	}, fmt.Sprintf("SELECT m.tenant_id, m.test, m.created_at / %d, m.status, %s, count(*) ", SlotMillis, tookSQL)+
		r.s.rowsIn("messages", "m", raw, "", where)+" GROUP BY 1, 2, 3, 4, 5", args...)
	if err != nil {
		return nil, err
	}
	err = r.each(func(tried *sql.Rows) error {
		var key slotKey
		var name string
		var ch SlotChannel
		var unknown, fallback int64
		if err := tried.Scan(&key.tenant, &key.test, &key.slot, &name, &ch.Sent, &ch.Reached, &ch.Cost, &unknown, &fallback); err != nil {
			return err
		}
		slot := at(key)
		slot.Unknown += unknown
		slot.Fallback += fallback
		if ch != (SlotChannel{}) {
			*slot.channel(name) = ch
		}
		return nil
	}, fmt.Sprintf("SELECT m.tenant_id, m.test, m.created_at / %d, a.channel, ", SlotMillis)+attemptSums+
		r.s.rowsIn("messages", "m", raw, "JOIN attempts a ON a.tenant_id = m.tenant_id AND a.message_id = m.id", where)+" GROUP BY 1, 2, 3, 4", args...)
	return sums, err
}

// What an attempt counts as. A message that was reached counts as fallback if its last attempt is of a later step.
const attemptSums = `cast(sum(CASE WHEN a.calls > 0 THEN 1 ELSE 0 END) AS bigint),
	cast(sum(CASE WHEN a.delivered_at > 0 OR a.read_at > 0 OR (m.status = 'sent' AND a.status = 'sent') THEN 1 ELSE 0 END) AS bigint),
	cast(sum(coalesce(a.cost, 0)) AS bigint),
	cast(sum(CASE WHEN a.status = 'unknown' THEN 1 ELSE 0 END) AS bigint),
	cast(sum(CASE WHEN a.n = m.attempts AND a.step > 0 AND m.status IN ('sent', 'delivered', 'read') THEN 1 ELSE 0 END) AS bigint) `

// tookSQL is the place among Slot.Took of a message that was reached, counted from when it was to be sent; -1 for another.
var tookSQL = func() string {
	var b strings.Builder
	b.WriteString("CASE WHEN m.status NOT IN ('sent', 'delivered', 'read') THEN -1")
	const took = "(coalesce(m.completed_at, 0) - CASE WHEN m.send_at > m.created_at THEN m.send_at ELSE m.created_at END)"
	b.WriteString(" WHEN " + took + " <= 0 THEN 0")
	width := int64(tookStep)
	for decade := range tookDecades {
		fmt.Fprintf(&b, " WHEN %s < %d THEN %d + %s / %d", took, 50*width, 100*decade, took, width)
		width *= 10
	}
	fmt.Fprintf(&b, " ELSE %d END", 100*tookDecades)
	return b.String()
}()
