package models

import (
	"context"
	"encoding/base64"
	"errors"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ErrCursor says that a list's cursor is none that we gave out.
var ErrCursor = errors.New("cursor is not one that this API gave out; leave it out to start from the first page")

// cursorOf makes the opaque cursor that continues after id.
func cursorOf(id uuid.UUID) string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// parseCursor is the inverse of cursorOf; "" gives uuid.Nil.
func parseCursor(cursor string) (uuid.UUID, error) {
	if cursor == "" {
		return uuid.Nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return uuid.Nil, ErrCursor
	}
	id, err := uuid.FromBytes(raw)
	if err != nil {
		return uuid.Nil, ErrCursor
	}
	return id, nil
}

// newestFirst answers up to limit rows of q before cursor, by falling id, and the cursor of the next page: "" after
// the last. A cursor is only a position: whose rows are seen is for q to say.
func newestFirst[T any](ctx context.Context, q *gorm.DB, cursor string, limit int, id func(T) uuid.UUID) ([]T, string, error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if before != uuid.Nil {
		q = q.Where("id < ?", before)
	}
	var rows []T
	if err := q.WithContext(ctx).Order("id DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", err
	}
	if len(rows) <= limit {
		return rows, "", nil
	}
	rows = rows[:limit]
	return rows, cursorOf(id(rows[limit-1])), nil
}

// one answers the row that q finds, or ErrNotFound.
func one[T any](ctx context.Context, q *gorm.DB) (T, error) {
	var row T
	err := q.WithContext(ctx).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = ErrNotFound
	}
	return row, err
}

// all answers every row that q finds.
func all[T any](ctx context.Context, q *gorm.DB) ([]T, error) {
	var rows []T
	err := q.WithContext(ctx).Find(&rows).Error
	return rows, err
}

// changed judges a statement that has to meet exactly one row; missed is the error if it met none.
func changed(q *gorm.DB, missed error) error {
	if err := written(q); err != nil {
		return err
	}
	if q.RowsAffected == 0 {
		return missed
	}
	return nil
}

// written turns gorm's errors of a write into ours. A foreign key leads to a tenant, or to a row of the same tenant.
func written(q *gorm.DB) error {
	switch {
	case errors.Is(q.Error, gorm.ErrDuplicatedKey):
		return ErrDuplicate
	case errors.Is(q.Error, gorm.ErrForeignKeyViolated):
		return ErrNotFound
	default:
		return q.Error
	}
}

// filled keeps an empty document from being stored as NULL.
func filled(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
