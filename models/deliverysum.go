package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// An hour's deliveries are summed when it is over for slotRest, and again when a tenth of the time since has gone by, but not every
// moment, for slotKept and as long as a message of it is open. What comes later is in no sum.
const (
	deliveryAgain = int64(time.Minute / time.Millisecond)
	deliveryPart  = 10
)

// deliverySummed is the setting that says which hours are summed: the first, and the one after the last.
const deliverySummed = "delivery_hours"

// deliveryHour is a row of delivery_hours.
type deliveryHour struct {
	TenantID             uuid.UUID
	Hour                 int64
	Channel, Account     string
	Step                 int64
	PolicyName, Template string
	Attempts, Taken, Delivered, WasRead, Failed, TimedOut,
	Unknown, Skipped, Reached int64
	ToDelivered, ToRead string
}

// deliveryEnd is a row of delivery_ends.
type deliveryEnd struct {
	TenantID                                     uuid.UUID
	Hour                                         int64
	PolicyName                                   string
	NextAt                                       int64
	Messages, Reached, Fallback, Failed, Expired int64
	ToReach                                      string
}

// summedHours are those that have sums of deliveries: first is in, end is not.
type summedHours struct{ first, end int64 }

func deliverySums(db *gorm.DB) (h summedHours, err error) {
	var values []string
	err = db.Raw("SELECT value FROM settings WHERE key = ?", deliverySummed).Scan(&values).Error
	if err != nil || len(values) == 0 {
		return h, err
	}
	_, err = fmt.Sscan(values[0], &h.first, &h.end)
	return h, err
}

// deliveryCover is how a span is read: split hours, and those that are not summed, from the rows.
func (r *Report) deliveryCover(q DeliveryQuery, split func(hour int64) bool) (c cover, err error) {
	known, err := deliverySums(r.tx)
	if err != nil {
		return c, err
	}
	end := min(known.end, hourOf(r.now-slotRest)) // a clock that was put back makes hours come again
	before := min(max(q.From, known.first*hourMillis), q.To)
	c = newCover(before, q.To, end, split)
	if q.From < before {
		c.raw = append([]stretch{{q.From, before}}, c.raw...)
	}
	return c, nil
}

// joined strings the texts of a group together.
func (s *Store) joined(column string) string {
	if s.dialect == SQLite {
		return "group_concat(" + column + ", ' ')"
	}
	return "string_agg(" + column + ", ' ')"
}

// SumDeliveries sums what became of the attempts and the messages of hours that are over, of every tenant, and again of those in
// which something may have changed, until enough says so. Several may run at once: where two sum an hour, one of them wins.
func (s *Store) SumDeliveries(ctx context.Context, enough func() bool) error {
	clock, err := s.Now(ctx)
	if err != nil {
		return err
	}
	now := clock.UnixMilli()
	known, err := deliverySums(s.read.WithContext(ctx))
	if err != nil {
		return err
	}
	ready := hourOf(now - slotRest)
	if known.end < hourOf(now-slotsBack) { // nothing was summed, or not for long
		slot, err := s.firstSlot(ctx, now)
		if err != nil {
			return err
		}
		known.first = hourOf(slot * SlotMillis)
		known.end = known.first
	}
	for known.end = min(known.end, ready); known.end < ready && !enough(); {
		if err := s.sumDeliveries(ctx, known.end, now); err != nil {
			return err
		}
		known.end++
		if err := s.PutSetting(ctx, deliverySummed, fmt.Sprint(known.first, known.end)); err != nil {
			return err
		}
	}
	var due []int64
	err = s.read.WithContext(ctx).Raw("SELECT DISTINCT hour FROM delivery_ends WHERE next_at > 0 AND next_at <= ? ORDER BY hour DESC", now).Scan(&due).Error
	for _, hour := range due {
		if err != nil || enough() {
			break
		}
		err = s.sumDeliveries(ctx, hour, now)
	}
	return err
}

// sumDeliveries sums an hour as of one instant and puts that in the place of what was known of it.
func (s *Store) sumDeliveries(ctx context.Context, hour, now int64) error {
	sum := deliverySum{hour: hour, now: now, hours: map[deliveryOf]*deliverySlice{}, ends: map[endOf]*endSlice{}}
	if err := s.Report(ctx, sum.read); err != nil {
		return fmt.Errorf("sum deliveries: %w", err)
	}
	err := s.write.WithContext(ctx).Transaction(sum.write)
	if errors.Is(err, gorm.ErrDuplicatedKey) { // another replica was at it
		return nil
	}
	return err
}

// deliveryOf and endOf name a row of an hour.
type deliveryOf struct {
	tenant           uuid.UUID
	channel, account string
	step             int64
	policy, template string
}

type endOf struct {
	tenant uuid.UUID
	policy string
}

type deliverySlice struct {
	DeliveryRow
	delivered, read Histogram
}

type endSlice struct {
	DeliveryTotals
	open  int64
	times Histogram
}

// deliverySum is an hour that is being summed.
type deliverySum struct {
	hour, now int64
	hours     map[deliveryOf]*deliverySlice
	ends      map[endOf]*endSlice
}

// at is the row of a key. Every hour that has attempts has an end, which says when to sum it again.
func (d *deliverySum) at(key deliveryOf) *deliverySlice {
	if d.hours[key] == nil {
		d.hours[key] = &deliverySlice{delivered: Histogram{}, read: Histogram{}}
		d.end(endOf{key.tenant, key.policy})
	}
	return d.hours[key]
}

func (d *deliverySum) end(key endOf) *endSlice {
	if d.ends[key] == nil {
		d.ends[key] = &endSlice{times: Histogram{}}
	}
	return d.ends[key]
}

func (d *deliverySum) read(r *Report) error {
	span := []stretch{{d.hour * hourMillis, (d.hour + 1) * hourMillis}}
	columns := numbered([]string{"a.tenant_id", "a.channel", "a.account", "a.step", "m.policy_name", "m.template"})
	if err := r.each(d.readHours, r.s.rawFunnel(columns, span, "true")); err != nil {
		return err
	}
	if err := r.each(d.readTimes, r.s.rawReadTimes(columns, span, "true")); err != nil {
		return err
	}
	return r.each(d.readEnds, r.s.rawTotals(numbered([]string{"m.tenant_id", "m.policy_name"}), span, "true"))
}

func (d *deliverySum) readHours(found *sql.Rows) error {
	var k deliveryOf
	var n, bucket int64
	var part DeliveryRow
	var none string
	if err := found.Scan(&k.tenant, &k.channel, &k.account, &k.step, &k.policy, &k.template, &bucket, &n, &part.Attempts, &part.Taken,
		&part.Delivered, &part.Read, &part.Failed, &part.TimedOut, &part.Unknown, &part.Skipped, &part.Reached, &none, &none); err != nil {
		return err
	}
	row := d.at(k)
	row.add(part)
	row.delivered.add(bucket, n)
	return nil
}

func (d *deliverySum) readTimes(found *sql.Rows) error {
	var k deliveryOf
	var n, bucket int64
	if err := found.Scan(&k.tenant, &k.channel, &k.account, &k.step, &k.policy, &k.template, &bucket, &n); err != nil {
		return err
	}
	d.at(k).read.add(bucket, n)
	return nil
}

func (d *deliverySum) readEnds(found *sql.Rows) error {
	var k endOf
	var bucket, open int64
	var part DeliveryTotals
	var none string
	if err := found.Scan(&k.tenant, &k.policy, &bucket, &part.Messages, &part.Reached, &part.Fallback, &part.Failed, &part.Expired, &open, &none); err != nil {
		return err
	}
	row := d.end(k)
	row.add(part)
	row.open += open
	row.times.add(bucket, part.Messages)
	return nil
}

// next is when the hour is summed again; 0: it has come to rest.
func (d *deliverySum) next(open bool) int64 {
	age := d.now - (d.hour+1)*hourMillis
	if age > slotKept && !open {
		return 0
	}
	return d.now + max(deliveryAgain, age/deliveryPart)
}

func (d *deliverySum) write(tx *gorm.DB) error {
	hours := make([]deliveryHour, 0, len(d.hours))
	for k, v := range d.hours {
		hours = append(hours, deliveryHour{
			TenantID: k.tenant, Hour: d.hour, Channel: k.channel, Account: k.account, Step: k.step, PolicyName: k.policy, Template: k.template,
			Attempts: v.Attempts, Taken: v.Taken, Delivered: v.Delivered, WasRead: v.Read, Failed: v.Failed, TimedOut: v.TimedOut,
			Unknown: v.Unknown, Skipped: v.Skipped, Reached: v.Reached, ToDelivered: v.delivered.text(), ToRead: v.read.text(),
		})
	}
	slices.SortFunc(hours, func(a, b deliveryHour) int { return strings.Compare(a.TenantID.String(), b.TenantID.String()) })
	ends := make([]deliveryEnd, 0, len(d.ends))
	for k, v := range d.ends {
		ends = append(ends, deliveryEnd{
			TenantID: k.tenant, Hour: d.hour, PolicyName: k.policy, NextAt: d.next(v.open > 0), Messages: v.Messages, Reached: v.Reached,
			Fallback: v.Fallback, Failed: v.Failed, Expired: v.Expired, ToReach: v.times.text(),
		})
	}
	if err := writeHour(tx, d.hour, "delivery_ends", ends); err != nil { // whoever is second waits here, for all of it
		return err
	}
	return writeHour(tx, d.hour, "delivery_hours", hours)
}

func writeHour[R any](tx *gorm.DB, hour int64, table string, rows []R) error {
	err := tx.Exec("DELETE FROM "+table+" WHERE hour = ?", hour).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	return tx.Table(table).CreateInBatches(rows, rollBatch).Error
}
