package models

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// connectTimeout is how long one of several hosts may take to answer, where the URL has no connect_timeout: a primary
// that stands still must not keep its standby from being tried.
const connectTimeout = 3 * time.Second

// openPostgres opens one pool for gorm and one for the batched statements.
func (s *Store) openPostgres(ctx context.Context, conns int) error {
	config, err := s.config(timeouts, hotPlanner)
	if err != nil {
		return err
	}
	open := s.directPool
	switch between, err := poolerBetween(ctx, config); {
	case err != nil:
		return fmt.Errorf("connect to Postgres: %w", err)
	case between:
		open = s.poolerPool
	}
	pool, err := open(conns, timeouts)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, pool)
	if err := pool.PingContext(ctx); err != nil { // a pooler may refuse what the URL sets
		return fmt.Errorf("connect to Postgres: %w", err)
	}
	if s.hot, err = open(conns, timeouts, hotPlanner); err != nil {
		return err
	}
	s.closers = append(s.closers, s.hot)
	s.hotRead = s.hot
	s.write, err = s.gorm(postgres.New(postgres.Config{Conn: pool}))
	s.read = s.write
	return err
}

// pool opens one more pool, on the same road as the first ones. Closing it is the caller's.
func (s *Store) pool(conns int, params ...map[string]string) (*sql.DB, error) {
	if _, between := s.hot.Driver().(poolerDriver); between {
		return s.poolerPool(conns, params...)
	}
	return s.directPool(conns, params...)
}

// directPool opens a pool whose sessions start with params.
func (s *Store) directPool(conns int, params ...map[string]string) (*sql.DB, error) {
	config, err := s.config(params...)
	if err != nil {
		return nil, err
	}
	count := func(context.Context, *pgx.Conn) error {
		s.connects.Add(1)
		return nil
	}
	return sized(stdlib.OpenDB(*config, stdlib.OptionAfterConnect(count)), conns), nil
}

// poolerPool opens a pool whose transactions start with params.
func (s *Store) poolerPool(conns int, params ...map[string]string) (*sql.DB, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, p := range params {
		maps.Copy(settings, p)
	}
	_, planned := settings["plan_cache_mode"]
	return sized(sql.OpenDB(newPoolerConnector(config, settings, planned)), conns), nil
}

func sized(db *sql.DB, conns int) *sql.DB {
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db
}

// config reads the URL, which may name several hosts, and adds params to what a session starts with.
func (s *Store) config(params ...map[string]string) (*pgx.ConnConfig, error) {
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
	elsewhere := func(f *pgconn.FallbackConfig) bool { return f.Host != config.Host || f.Port != config.Port }
	if config.ConnectTimeout == 0 && slices.ContainsFunc(config.Fallbacks, elsewhere) {
		config.ConnectTimeout = connectTimeout
	}
	return config, nil
}
