package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cascade/models"
)

// The bare poll's measurement: it works on a copy of the messages, so that the service finds its own untouched.
const (
	pollRows = 200_000 // at most: a poll does not get slower with what waits behind it
	pollTime = 20 * time.Second
	pollDue  = "SELECT tenant_id, id FROM limit_messages WHERE due_at > 0 AND due_at <= $1 ORDER BY due_at LIMIT $2"
)

// poll measures how many rows a second a bare poll claims that are due.
func (db *database) poll(ctx context.Context) (perSecond float64, err error) {
	conn, driver, err := db.connect()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := copyTable(ctx, conn, driver, "messages", "limit_messages"); err != nil {
		return 0, fmt.Errorf("copy table messages: %w", err)
	}
	now := time.Now().UnixMilli()
	_, err = conn.ExecContext(ctx, "INSERT INTO limit_messages SELECT * FROM messages WHERE due_at > 0 AND due_at <= $1 LIMIT $2", now, pollRows)
	if err == nil && driver == "pgx" {
		_, err = conn.ExecContext(ctx, "VACUUM (ANALYZE) limit_messages")
	}
	if err == nil {
		perSecond, err = db.pollAll(ctx, now)
	}
	_, err2 := conn.ExecContext(ctx, "DROP TABLE limit_messages")
	return perSecond, errors.Join(err, err2)
}

// pollAll claims page after page on one connection, as one replica does.
func (db *database) pollAll(ctx context.Context, now int64) (perSecond float64, err error) {
	conn, _, err := db.connect()
	if db.store.Dialect() == models.Postgres {
		conn, err = sql.Open("pgx", indexed(db.url))
	}
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	conn.SetMaxOpenConns(1)
	claim := claimSQLite
	if db.store.Dialect() == models.Postgres {
		claim = claimPostgres
	}
	rows := 0
	began := time.Now()
	for time.Since(began) < pollTime {
		n, err := claimPage(ctx, conn, now, db.store.Dialect(), claim)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
		rows += n
	}
	return float64(rows) / time.Since(began).Seconds(), nil
}

// claimer moves rows out of the way of the next poll.
type claimer func(ctx context.Context, tx *sql.Tx, tenants, ids []string, due int64) error

// claimPage is one poll: the rows that are due the longest, locked and moved a day on, in one transaction.
func claimPage(ctx context.Context, conn *sql.DB, now int64, dialect string, claim claimer) (int, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // nothing after a commit
	text := pollDue
	if dialect == models.Postgres {
		text += " FOR UPDATE SKIP LOCKED"
	}
	tenants, ids, err := readPage(ctx, tx, text, now)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if err := claim(ctx, tx, tenants, ids, now+24*time.Hour.Milliseconds()); err != nil {
		return 0, err
	}
	return len(ids), tx.Commit()
}

func readPage(ctx context.Context, tx *sql.Tx, text string, now int64) (tenants, ids []string, err error) {
	rows, err := tx.QueryContext(ctx, text, now, limitBatch)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var tenant, id string
		if err := rows.Scan(&tenant, &id); err != nil {
			return nil, nil, err
		}
		tenants, ids = append(tenants, tenant), append(ids, id)
	}
	return tenants, ids, rows.Err()
}

func claimPostgres(ctx context.Context, tx *sql.Tx, tenants, ids []string, due int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE limit_messages SET due_at = $3 FROM unnest($1::uuid[], $2::uuid[]) AS r(tenant_id, id) "+
		"WHERE limit_messages.tenant_id = r.tenant_id AND limit_messages.id = r.id", tenants, ids, due)
	return err
}

func claimSQLite(ctx context.Context, tx *sql.Tx, tenants, ids []string, due int64) error {
	update, err := tx.PrepareContext(ctx, "UPDATE limit_messages SET due_at = $3 WHERE tenant_id = $1 AND id = $2")
	if err != nil {
		return err
	}
	defer update.Close()
	for i, id := range ids {
		if _, err := update.ExecContext(ctx, tenants[i], id, due); err != nil {
			return err
		}
	}
	return nil
}
