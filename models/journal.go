package models

import (
	"bytes"
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ProviderCall is an HTTP call to a provider as people may see it: masked and cut. Nothing is decided by it.
type ProviderCall struct {
	TenantID, ID    uuid.UUID
	MessageID       uuid.UUID
	N               int64 // the attempt
	AccountID       uuid.UUID
	At              int64
	TookMS          int64  `gorm:"column:took_ms"`
	Kind            string // send, query
	Method          string
	URL             string `gorm:"column:url"`
	Request, Answer string // bodies
	Status          int64  // 0: no answer
	Error           string
}

// RequestEntry is a request that a tenant's key made, without what it held.
type RequestEntry struct {
	TenantID, ID uuid.UUID // the id is the answer's X-Request-Id
	At           int64
	Method       string
	Route        string // as in the list of routes, such as /v1/messages/:id
	Status       int64
	Code         string // of the problem; "" if it went well
	Actor        string // the key's first characters
	TookMS       int64  `gorm:"column:took_ms"`
	Detail       string // the fields at fault
}

// TableName says that this is a log.
func (RequestEntry) TableName() string { return "request_log" }

// InsertJournal keeps calls and requests.
func (s *Store) InsertJournal(ctx context.Context, calls []ProviderCall, requests []RequestEntry) error {
	const some = 100
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if len(calls) > 0 {
			if err := tx.CreateInBatches(calls, some).Error; err != nil {
				return err
			}
		}
		if len(requests) > 0 {
			return tx.CreateInBatches(requests, some).Error
		}
		return nil
	})
}

// callsMost bounds how many calls of one message are shown.
const callsMost = 200

// ProviderCalls lists the calls of a message that were kept, in their order.
func (s *Store) ProviderCalls(ctx context.Context, tenant, message uuid.UUID) ([]ProviderCall, error) {
	return all[ProviderCall](ctx, s.read.Where("message_id = ? AND tenant_id = ?", message, tenant).Order("at, id").Limit(callsMost))
}

// RequestFilter narrows a list of requests. A zero field does not narrow.
type RequestFilter struct {
	ID                   uuid.UUID
	StatusFrom, StatusTo int64 // both in
	Route                string
}

// Requests lists a tenant's requests, newest first, and the next page's cursor. A search that finds little ends after a while with
// less than limit, and the cursor from which to look further.
func (s *Store) Requests(ctx context.Context, tenant uuid.UUID, f RequestFilter, cursor string, limit int) ([]RequestEntry, string, error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	var where []term
	if f.ID != uuid.Nil {
		where = append(where, term{"id = ?", []any{f.ID}})
		if past := follower(f.ID); before == uuid.Nil || bytes.Compare(past[:], before[:]) < 0 {
			before = past
		}
	}
	if f.StatusTo > 0 {
		where = append(where, term{"status BETWEEN ? AND ?", []any{f.StatusFrom, f.StatusTo}})
	}
	if f.Route != "" {
		where = append(where, term{"route = ?", []any{f.Route}})
	}
	while, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	l := look[RequestEntry]{db: s.read, tenant: tenant, from: f.ID, where: where}
	rows, next, err := l.through(ctx, while, before, limit)
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	if err != nil || next == uuid.Nil {
		return rows, "", err
	}
	return rows, cursorOf(next), nil
}

// PruneJournal forgets calls and requests before a time, and tells how many.
func (s *Store) PruneJournal(ctx context.Context, before int64) (int64, error) {
	calls, err := s.prune(ctx, `DELETE FROM provider_calls WHERE (tenant_id, id) IN (
		SELECT tenant_id, id FROM provider_calls WHERE at < ? LIMIT ?)`, before, pruneBatch)
	if err != nil {
		return calls, err
	}
	requests, err := s.prune(ctx, `DELETE FROM request_log WHERE (tenant_id, id) IN (
		SELECT tenant_id, id FROM request_log WHERE at < ? LIMIT ?)`, before, pruneBatch)
	return calls + requests, err
}
