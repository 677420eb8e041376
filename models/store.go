// Package models keeps everything that must outlive a crash. It is the only package that speaks SQL: gorm for
// configuration and queries, batched statements for the rows of every message (see batch.go).
package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

// The dialects a Store speaks.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrNotFound: there is no such row for this tenant.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate: a row with this key exists already.
	ErrDuplicate = errors.New("exists already")
	// ErrStale: the row changed since it was read; read it again and decide again.
	ErrStale = errors.New("changed meanwhile")
)

// Options says which database to open, and with what.
type Options struct {
	// URL is sqlite://PATH or a postgres:// connection string.
	URL string
	// Keys seals secrets in configuration rows. Nil is enough to migrate.
	Keys *Keyring
	// Now is the clock of rows that gorm dates and, on SQLite, of Store.Now: there the process and its database share
	// a machine. Required on SQLite.
	Now func() time.Time
	// Log takes slow and failed statements, without their parameters. Nil discards them.
	Log *slog.Logger
	// MaxConns bounds each of the connection pools; 0 means 8.
	MaxConns int
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	write, read *gorm.DB
	// hot carries the batched statements: on Postgres a pool with its own planner settings, on SQLite the writer.
	// hotRead is where they read outside a transaction.
	hot, hotRead *sql.DB
	dialect      string
	url          string
	keys         *Keyring
	now          func() time.Time
	log          *slog.Logger
	prepared     map[*sql.DB]*statements // SQLite only
	plans        plans
	counters     counters
	connects     *atomic.Int64
	closers      []io.Closer
	fault        func(context.Context, FaultPoint) error // see Faulty; nil but in tests
}

// Open connects to the database of o.URL. It changes no schema; see Migrate.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxConns <= 0 {
		o.MaxConns = 8
	}
	s := &Store{url: o.URL, keys: o.Keys, now: o.Now, log: o.Log, connects: new(atomic.Int64)}
	s.counters.rows = make([]atomic.Uint64, len(hotStatements))
	var err error
	switch {
	case strings.HasPrefix(o.URL, "sqlite://"):
		s.dialect = SQLite
		err = s.openSQLite(ctx, strings.TrimPrefix(o.URL, "sqlite://"), o.MaxConns)
	case strings.HasPrefix(o.URL, "postgres://"), strings.HasPrefix(o.URL, "postgresql://"):
		s.dialect = Postgres
		err = s.openPostgres(ctx, o.MaxConns)
	default:
		err = errors.New("database URL must begin with sqlite:// or postgres://")
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends every connection, and lets go of an SQLite file.
func (s *Store) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i].Close())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// Dialect is SQLite or Postgres.
func (s *Store) Dialect() string { return s.dialect }

// Connects counts the connections to Postgres opened so far. After a new one, what a process remembers of earlier commits
// may be of a server that is no more, and that took its last ones with it.
func (s *Store) Connects() int64 { return s.connects.Load() }

// Now is the database's clock, which decides what is due: replicas' own clocks may differ.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if s.dialect == SQLite {
		return s.now(), nil
	}
	var micros int64
	err := s.hot.QueryRowContext(ctx, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").Scan(&micros)
	if err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return time.UnixMicro(micros), nil
}

// gorm wraps a pool for configuration and queries.
func (s *Store) gorm(d gorm.Dialector) (*gorm.DB, error) {
	config := &gorm.Config{
		SkipDefaultTransaction: true,
		TranslateError:         true,
		NamingStrategy:         namer{schema.NamingStrategy{}},
		Logger: logger.NewSlogLogger(s.log, logger.Config{
			SlowThreshold:             time.Second,
			LogLevel:                  logger.Warn,
			IgnoreRecordNotFoundError: true,
			ParameterizedQueries:      true,
		}),
	}
	if s.now != nil {
		config.NowFunc = func() time.Time { return s.now().UTC() }
	}
	return gorm.Open(d, config)
}

// namer names columns as gorm does, but for those that would be SQL keywords.
type namer struct{ schema.NamingStrategy }

func (n namer) ColumnName(table, field string) string {
	if table == "messages" && field == "To" {
		return "to_phone"
	}
	return n.NamingStrategy.ColumnName(table, field)
}

// TableName overrides gorm's plural.
func (Delivery) TableName() string { return "callback_deliveries" }
