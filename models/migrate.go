package models

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate brings the schema up to this binary's version, forward only. On Postgres it runs under a session lock, so
// replicas that start together wait for one another; a pooler in transaction mode may stand between.
func (s *Store) Migrate(ctx context.Context) error {
	db := s.hot
	var options []goose.ProviderOption
	if s.dialect == Postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
		// A pool of its own, without timeouts: building an index may take long. The lock holds one of its connections.
		if db, err = s.pool(2); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	p, err := s.provider(db, options...)
	if err == nil {
		_, err = p.Up(ctx)
	}
	if s.dialect == Postgres {
		_ = db.Close()
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// Current is nil if the database answers and its schema is this binary's, or newer.
func (s *Store) Current(ctx context.Context) error {
	p, err := s.provider(s.hot)
	if err != nil {
		return err
	}
	current, target, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case current < target:
		return fmt.Errorf("the schema is at version %d, this binary needs %d: run `cascade migrate`", current, target)
	}
	return nil
}

func (s *Store) provider(db *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect)
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectSQLite3
	if s.dialect == Postgres {
		dialect = goose.DialectPostgres
	}
	return goose.NewProvider(dialect, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
}
