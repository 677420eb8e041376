package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// The bounds of one step of a roll: a step of few rows is followed by one of twice the hours.
const (
	rollHours = 48
	rollRows  = 5000
	// rollBatch is how many rows one statement writes.
	rollBatch = 500
)

// costHour is a row of cost_hours.
type costHour struct {
	TenantID                                                             uuid.UUID
	Hour                                                                 int64
	Channel, Account, Template, Category, PolicyName, Operator, Currency string
	Attempts, Billable, Units, Cost, Late                                int64
}

// messageHour is a row of message_hours.
type messageHour struct {
	TenantID                              uuid.UUID
	Hour                                  int64
	Template, Operator, Country, Category string
	Segments, Messages                    int64
}

// RollUp sums hours that are over, tenant by tenant, and again those that are marked, until there are none left or
// enough says so; what was done stays done. Several may run at once: where two roll hours of one tenant, the first
// to commit wins.
func (s *Store) RollUp(ctx context.Context, enough func() bool) error {
	now, err := s.Now(ctx)
	if err != nil {
		return err
	}
	ready := hourOf(now.UnixMilli() - rollAfter)
	var tenants []uuid.UUID
	err = s.read.WithContext(ctx).Raw(`SELECT t.id FROM tenants t LEFT JOIN rollup_state s ON s.tenant_id = t.id
		WHERE s.until_hour IS NULL OR s.until_hour <> ?
		OR EXISTS (SELECT 1 FROM rollup_marks k WHERE k.tenant_id = t.id AND k.hour < s.until_hour)
		ORDER BY coalesce(s.until_hour, 0), t.id`, ready).Scan(&tenants).Error
	for _, tenant := range tenants {
		if err != nil || enough() {
			break
		}
		if err = s.rollTenant(ctx, tenant, ready, enough); errors.Is(err, ErrStale) {
			err = nil // another replica is at it
		}
	}
	if err != nil {
		return fmt.Errorf("roll up: %w", err)
	}
	return nil
}

// rollTenant rolls a tenant's hours before ready, and then those that are marked. ErrStale: another was faster.
func (s *Store) rollTenant(ctx context.Context, tenant uuid.UUID, ready int64, enough func() bool) error {
	until, err := s.rolledUntil(ctx, tenant, ready)
	if err == nil && until > ready { // the clock was put back: hours that come again are rolled again
		until = ready
		err = s.write.WithContext(ctx).Exec("UPDATE rollup_state SET until_hour = ?, version = version + 1 WHERE tenant_id = ? AND until_hour > ?",
			ready, tenant, ready).Error
	}
	for hours := int64(1); err == nil && until < ready && !enough(); {
		end, rows := min(until+hours, ready), 0
		rows, err = s.roll(ctx, tenant, until, end)
		until = end
		if hours = min(2*hours, rollHours); rows > rollRows {
			hours = 1
		}
	}
	if err != nil {
		return err
	}
	var marked []int64
	err = s.read.WithContext(ctx).Table("rollup_marks").Distinct("hour").
		Where("tenant_id = ? AND hour < ?", tenant, until).Order("hour").Find(&marked).Error
	for _, hour := range marked {
		if err != nil || enough() {
			return err
		}
		_, err = s.roll(ctx, tenant, hour, hour+1)
	}
	return err
}

// rolledUntil reads how far a tenant's hours are rolled. The first time they begin with the tenant's first row.
func (s *Store) rolledUntil(ctx context.Context, tenant uuid.UUID, ready int64) (int64, error) {
	var until []int64
	db := s.read.WithContext(ctx)
	if err := db.Table("rollup_state").Select("until_hour").Where("tenant_id = ?", tenant).Find(&until).Error; err != nil || len(until) > 0 {
		return slices.Max(append(until, 0)), err
	}
	first := ready
	err := s.Report(ctx, func(r *Report) error {
		if s.dialect == Postgres { // all the rows of a tenant are read, once
			if err := r.tx.Exec("SET LOCAL statement_timeout = 0").Error; err != nil {
				return err
			}
		}
		for _, table := range []string{"messages", "attempts"} {
			var at []int64
			if err := r.tx.Raw("SELECT min(+created_at) FROM "+table+" WHERE tenant_id = ? HAVING count(*) > 0", tenant).Scan(&at).Error; err != nil {
				return err
			}
			for _, at := range at {
				first = min(first, hourOf(at))
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	q := s.write.WithContext(ctx).Exec("INSERT INTO rollup_state (tenant_id, until_hour, version) VALUES (?, ?, 1) ON CONFLICT DO NOTHING", tenant, first)
	if q.Error == nil && q.RowsAffected == 0 {
		return 0, ErrStale
	}
	return first, q.Error
}

// roll sums the hours from first to end, which is not among them, and answers how many rows that were. All is read as
// of one instant. A change that was not seen then has left a mark that was not either: such a mark stays.
func (s *Store) roll(ctx context.Context, tenant uuid.UUID, first, end int64) (rows int, err error) {
	r, err := s.readRoll(ctx, tenant, first, end)
	if err != nil {
		return 0, err
	}
	return r.rows, s.write.WithContext(ctx).Transaction(r.write)
}

func (s *Store) readRoll(ctx context.Context, tenant uuid.UUID, first, end int64) (*rolling, error) {
	r := &rolling{tenant: tenant, first: first, end: end}
	return r, s.Report(ctx, r.read)
}

// rolling is hours that are being rolled.
type rolling struct {
	tenant     uuid.UUID
	first, end int64
	version    int64
	marks      []Mark
	costs      []costHour
	messages   []messageHour
	recount    bool // of messages: their contents may be gone later, so they are counted once, and again only if one came
	rows       int
}

func (r *rolling) read(report *Report) error {
	var until int64
	if err := report.tx.Raw("SELECT version, until_hour FROM rollup_state WHERE tenant_id = ?", r.tenant).Row().Scan(&r.version, &until); err != nil {
		return err
	}
	err := report.tx.Table("rollup_marks").Where("tenant_id = ? AND hour >= ? AND hour < ?", r.tenant, r.first, r.end).Find(&r.marks).Error
	if err != nil {
		return err
	}
	r.recount = r.end > until || slices.ContainsFunc(r.marks, func(m Mark) bool { return m.Messages })
	if err := r.readCosts(report); err != nil || !r.recount {
		return err
	}
	return r.readMessages(report)
}

func (r *rolling) span() []stretch { return []stretch{{r.first * hourMillis, r.end * hourMillis}} }

func (r *rolling) readCosts(report *Report) error {
	columns := numbered([]string{
		fmt.Sprintf("a.created_at / %d", hourMillis), "a.channel", "a.account", "m.template", "m.category", "m.policy_name", "m.operator", "m.currency",
	})
	return report.each(func(found *sql.Rows) error {
		h := costHour{TenantID: r.tenant}
		err := found.Scan(&h.Hour, &h.Channel, &h.Account, &h.Template, &h.Category, &h.PolicyName, &h.Operator, &h.Currency,
			&h.Attempts, &h.Billable, &h.Units, &h.Cost, &h.Late)
		r.costs = append(r.costs, h)
		r.rows += int(h.Attempts)
		return err
	}, "SELECT "+columnNames(len(columns))+", "+costSums+" FROM ("+report.s.rawCosts(columns, r.span(), "")+") x "+
		"GROUP BY 1, 2, 3, 4, 5, 6, 7, 8", r.tenant)
}

func (r *rolling) readMessages(report *Report) error {
	statement, args := report.s.rawGroups(r.tenant, fmt.Sprintf("m.created_at / %d", hourMillis), r.span())
	sums := map[messageHour]int64{}
	err := report.eachSlice(func(g PriceGroup, hour int64) error {
		sums[messageHour{
			TenantID: r.tenant, Hour: hour, Template: g.Template, Operator: g.Operator, Country: g.Country, Category: string(g.Category), Segments: g.Segments,
		}] += g.Messages
		r.rows += int(g.Messages)
		return nil
	}, statement, args...)
	for h, n := range sums {
		h.Messages = n
		r.messages = append(r.messages, h)
	}
	return err
}

// write replaces what is known of the hours, unless somebody else has written of the tenant since they were read.
func (r *rolling) write(tx *gorm.DB) error {
	state := tx.Exec(`UPDATE rollup_state SET version = version + 1, until_hour = CASE WHEN until_hour < ? THEN ? ELSE until_hour END
		WHERE tenant_id = ? AND version = ?`, r.end, r.end, r.tenant, r.version)
	if state.Error != nil {
		return state.Error
	}
	if state.RowsAffected == 0 {
		return ErrStale
	}
	if err := replaceHours(tx, r, "cost_hours", r.costs); err != nil {
		return err
	}
	if r.recount {
		if err := replaceHours(tx, r, "message_hours", r.messages); err != nil {
			return err
		}
	}
	for marks := range slices.Chunk(r.marks, rollBatch) {
		ids := make([]uuid.UUID, len(marks))
		for i, m := range marks {
			ids[i] = m.Mark
		}
		err := tx.Exec("DELETE FROM rollup_marks WHERE tenant_id = ? AND hour >= ? AND hour < ? AND mark IN ?", r.tenant, r.first, r.end, ids).Error
		if err != nil {
			return err
		}
	}
	return nil
}

func replaceHours[R any](tx *gorm.DB, r *rolling, table string, rows []R) error {
	err := tx.Exec("DELETE FROM "+table+" WHERE tenant_id = ? AND hour >= ? AND hour < ?", r.tenant, r.first, r.end).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	return tx.Table(table).CreateInBatches(rows, rollBatch).Error
}
