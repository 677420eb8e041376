package models

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
)

// timeouts bound what a stuck statement or a lost client can hold up, in milliseconds.
var timeouts = map[string]string{
	"statement_timeout":                   "30000",
	"lock_timeout":                        "5000",
	"idle_in_transaction_session_timeout": "15000",
}

// hotPlanner holds the plans of the batched statements to index walks. Without statistics, or with those of a quieter
// hour, Postgres would hash whole tables or read every due row at each poll.
var hotPlanner = map[string]string{
	"enable_hashjoin":   "off",
	"enable_mergejoin":  "off",
	"enable_bitmapscan": "off",
	"enable_seqscan":    "off",
	// One plan a statement, whatever its rows: planning anew for each batch size costs more than it finds.
	"plan_cache_mode": "force_generic_plan",
	"jit":             "off",
}

// openPostgres opens one pool for gorm and one for the batched statements.
func (s *Store) openPostgres(ctx context.Context, conns int) error {
	pool, err := s.pool(conns, timeouts)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, pool)
	if s.hot, err = s.pool(conns, timeouts, hotPlanner); err != nil {
		return err
	}
	s.closers = append(s.closers, s.hot)
	s.hotRead = s.hot
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	s.write, err = s.gorm(postgres.New(postgres.Config{Conn: pool}))
	s.read = s.write
	return err
}

// pool opens a pool whose connections start with params. Closing it is the caller's.
func (s *Store) pool(conns int, params ...map[string]string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(s.url)
	if err != nil {
		return nil, fmt.Errorf("database URL: %w", err)
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "cascade"
	}
	for _, p := range params {
		maps.Copy(config.RuntimeParams, p)
	}
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}
