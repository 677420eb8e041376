package bench

import (
	"context"
	"fmt"
	"strings"
)

// Statement is one of those that took the most of the server's time.
type Statement struct {
	Query string  `json:"query"`
	Calls int64   `json:"calls"`
	Total float64 `json:"total_ms"`
	// Micros is its time per message.
	Micros float64 `json:"us_per_message"`
}

// The statements of a run.
const (
	statementsMost = 10
	topStatements  = `SELECT query, calls, total_exec_time FROM pg_stat_statements
		WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY total_exec_time DESC LIMIT $1`
)

// watchStatements makes pg_stat_statements readable in the run's database. It says what is missing if the server lacks it.
func (db *database) watchStatements(ctx context.Context) error {
	conn, _, err := db.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"); err != nil {
		return fmt.Errorf("--statements needs the extension pg_stat_statements (Debian: postgresql-contrib) and the right to create it: %w", err)
	}
	if _, err := conn.ExecContext(ctx, "SELECT 1 FROM pg_stat_statements LIMIT 1"); err != nil {
		return fmt.Errorf("--statements needs pg_stat_statements in the server's shared_preload_libraries, and a restart after it is added: %w", err)
	}
	return nil
}

// resetStatements forgets what was counted so far.
func (db *database) resetStatements(ctx context.Context) error {
	conn, _, err := db.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_stat_statements_reset()"); err != nil {
		return fmt.Errorf("--statements needs the right to call pg_stat_statements_reset(): %w", err)
	}
	return nil
}

// statements lists what took the most time since the reset.
func (db *database) statements(ctx context.Context) (top []Statement, err error) {
	conn, _, err := db.connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	rows, err := conn.QueryContext(ctx, topStatements, statementsMost)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Statement
		if err := rows.Scan(&s.Query, &s.Calls, &s.Total); err != nil {
			return nil, err
		}
		s.Query, s.Total = strings.Join(strings.Fields(s.Query), " "), round(s.Total)
		top = append(top, s)
	}
	return top, rows.Err()
}
