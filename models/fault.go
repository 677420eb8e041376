package models

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// FaultPoint is a moment at which a database can fail.
type FaultPoint string

// The points of failure. An error before a commit means that nothing was written, one after it that everything was and
// the caller does not know.
const (
	BeforeRead   FaultPoint = "read"
	BeforeBegin  FaultPoint = "begin"
	BeforeCommit FaultPoint = "commit"
	AfterCommit  FaultPoint = "committed"
)

// Faulty answers a view of the same database that asks fault at every point and fails with its error: one replica's
// connection, for tests. Errors should be outages, as Unavailable has them. fault may run inside a transaction, so it
// must neither wait nor use the database, except at BeforeBegin of InTx, where it may wait. Close the Store itself, not its
// views.
func (s *Store) Faulty(fault func(context.Context, FaultPoint) error) *Store {
	view := &Store{
		hot: s.hot, hotRead: s.hotRead, dialect: s.dialect, url: s.url, keys: s.keys, now: s.now, log: s.log, prepared: s.prepared,
		connects: s.connects,
		fault:    fault,
	}
	view.counters.rows = make([]atomic.Uint64, len(hotStatements))
	view.write = faultyGorm(s.write, fault, BeforeBegin)
	view.read = faultyGorm(s.read, fault, BeforeRead)
	return view
}

// asked is what the fault of this view says to a point; nil where there is none.
func (s *Store) asked(ctx context.Context, at FaultPoint) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(ctx, at)
}

// faultyGorm is db on a pool that fails.
func faultyGorm(db *gorm.DB, fault func(context.Context, FaultPoint) error, before FaultPoint) *gorm.DB {
	view := db.Session(&gorm.Session{NewDB: true})
	view.ConnPool = &faultyPool{db.ConnPool, fault, before}
	view.Statement = &gorm.Statement{DB: view, ConnPool: view.ConnPool, Context: context.Background(), Clauses: map[string]clause.Clause{}}
	return view
}

// faultyPool fails around each statement: a statement of its own is a transaction.
type faultyPool struct {
	gorm.ConnPool
	fault  func(context.Context, FaultPoint) error
	before FaultPoint
}

func (p *faultyPool) after(ctx context.Context) error {
	if p.before == BeforeRead {
		return nil
	}
	return p.fault(ctx, AfterCommit)
}

// ExecContext runs a statement between two points.
func (p *faultyPool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := p.fault(ctx, p.before); err != nil {
		return nil, err
	}
	result, err := p.ConnPool.ExecContext(ctx, query, args...)
	if err == nil {
		err = p.after(ctx)
	}
	return result, err
}

// QueryContext runs a statement between two points.
func (p *faultyPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := p.fault(ctx, p.before); err != nil {
		return nil, err
	}
	rows, err := p.ConnPool.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	if err := p.after(ctx); err != nil {
		return nil, closing(rows, err)
	}
	return rows, nil
}

func closing(rows *sql.Rows, why error) error {
	if err := rows.Close(); err != nil {
		return fmt.Errorf("%w (and %w)", why, err)
	}
	return why
}

// BeginTx begins a transaction that fails around its commit.
func (p *faultyPool) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	if err := p.fault(ctx, p.before); err != nil {
		return nil, err
	}
	beginner, ok := p.ConnPool.(gorm.TxBeginner)
	if !ok {
		return nil, gorm.ErrInvalidTransaction
	}
	tx, err := beginner.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &faultyTx{tx, ctx, p.fault}, nil
}

// faultyTx is a transaction of gorm's.
type faultyTx struct {
	*sql.Tx
	ctx   context.Context //nolint:containedctx // Commit has none
	fault func(context.Context, FaultPoint) error
}

// Commit commits between two points.
func (t *faultyTx) Commit() error {
	if err := t.fault(t.ctx, BeforeCommit); err != nil {
		return err
	}
	if err := t.Tx.Commit(); err != nil {
		return err
	}
	return t.fault(t.ctx, AfterCommit)
}
