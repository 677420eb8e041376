package models

import (
	"context"
	"fmt"
)

// countMost bounds what System counts of anything.
const countMost = 10_000

// Count is how many rows there are; Capped: at least so many.
type Count struct {
	N      int64 `json:"count"`
	Capped bool  `json:"capped"`
}

// System is what an operator wants to know of the database. Times are Unix milliseconds, 0 for none.
type System struct {
	Version                                       string
	Size                                          int64 // bytes
	DueNow, Pending, Claimed, Callbacks, Receipts Count
	OldestDueAt, OldestCallbackAt                 int64
}

// System reads how much waits, at most countMost of each, by indexes that hold nothing else.
func (s *Store) System(ctx context.Context) (v System, err error) {
	now, err := s.Now(ctx)
	if err != nil {
		return v, err
	}
	db := s.read.WithContext(ctx)
	version, size := "SELECT current_setting('server_version')", "SELECT pg_database_size(current_database())"
	if s.dialect == SQLite {
		version, size = "SELECT sqlite_version()", "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
	}
	if err := db.Raw(version).Row().Scan(&v.Version); err != nil {
		return v, fmt.Errorf("system: %w", err)
	}
	if err := db.Raw(size).Row().Scan(&v.Size); err != nil {
		return v, fmt.Errorf("system: %w", err)
	}
	at := now.UnixMilli()
	for _, q := range []struct {
		into *Count
		from string
		args []any
	}{
		{&v.DueNow, "messages WHERE due_at > 0 AND due_at <= ?", []any{at}},
		{&v.Pending, "messages WHERE due_at > 0", nil},
		// A lease's end is what a claimed message is due at: nothing that is due later is claimed.
		{
			&v.Claimed, "(SELECT lease_owner FROM messages WHERE due_at > ? AND due_at <= ? ORDER BY due_at LIMIT 10001) m WHERE lease_owner IS NOT NULL",
			[]any{at, at + claimedWithin},
		},
		{&v.Callbacks, "callback_deliveries WHERE state = 'pending'", nil},
		{&v.Receipts, "receipts WHERE state = 'parked'", nil},
	} {
		statement := fmt.Sprintf("SELECT count(*) FROM (SELECT 1 FROM %s LIMIT %d) x", q.from, countMost+1)
		if err := db.Raw(statement, q.args...).Row().Scan(&q.into.N); err != nil {
			return v, fmt.Errorf("system: %w", err)
		}
		if q.into.N > countMost {
			*q.into = Count{countMost, true}
		}
	}
	var due, callback []int64
	err = db.Raw("SELECT due_at FROM messages WHERE due_at > 0 ORDER BY due_at LIMIT 1").Scan(&due).Error
	if err == nil {
		err = db.Raw("SELECT next_at FROM callback_deliveries WHERE state = 'pending' ORDER BY next_at LIMIT 1").Scan(&callback).Error
	}
	for _, at := range due {
		v.OldestDueAt = at
	}
	for _, at := range callback {
		v.OldestCallbackAt = at
	}
	return v, err
}

// claimedWithin is longer than any lease, in milliseconds.
const claimedWithin = 60_000
