package models

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"sync"
)

// statements are what one SQLite handle has compiled. The writer has one connection, which a transaction holds, so a
// statement first met inside one is compiled before the next.
type statements struct {
	mu     sync.Mutex
	known  map[string]*sql.Stmt
	wanted map[string]bool
}

func newStatements() *statements {
	return &statements{known: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

func (p *statements) get(text string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[text]
}

func (p *statements) want(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted[text] = true
}

// prepare compiles text on db, once.
func (p *statements) prepare(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	if stmt := p.get(text); stmt != nil {
		return stmt, nil
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.known[text]; first != nil { // somebody was faster
		stmt.Close()
		return first, nil
	}
	p.known[text] = stmt
	return stmt, nil
}

// prepareWanted compiles what earlier transactions met.
func (p *statements) prepareWanted(ctx context.Context, db *sql.DB) error {
	p.mu.Lock()
	wanted := slices.Collect(maps.Keys(p.wanted))
	clear(p.wanted)
	p.mu.Unlock()
	for _, text := range wanted {
		if _, err := p.prepare(ctx, db, text); err != nil {
			return err
		}
	}
	return nil
}

// preparedKept bounds what preparedPool keeps: lists with many filters have a text each.
const preparedKept = 512

// preparedPool is an SQLite handle for gorm's reads. It compiles a text once, which costs SQLite more than most reads do.
type preparedPool struct {
	*sql.DB
	known *statements
}

// QueryContext runs a read.
func (p preparedPool) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := p.compiled(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return p.DB.QueryContext(ctx, text, args...)
	default:
		return stmt.QueryContext(ctx, args...)
	}
}

// QueryRowContext runs a read of one row.
func (p preparedPool) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	stmt, err := p.compiled(ctx, text)
	if stmt == nil || err != nil {
		return p.DB.QueryRowContext(ctx, text, args...) // says what is wrong
	}
	return stmt.QueryRowContext(ctx, args...)
}

// compiled is nil for a new text when there are enough.
func (p preparedPool) compiled(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := p.known.get(text); stmt != nil || p.known.full() {
		return stmt, nil
	}
	return p.known.prepare(ctx, p.DB, text)
}

func (p *statements) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.known) >= preparedKept
}
