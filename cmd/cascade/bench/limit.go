package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// The limit's measurement: messages with an attempt each, as many at once as the service commits at most, for a short
// while.
const (
	limitTime    = 2 * time.Second
	limitBatch   = 500
	limitWriters = 4 // on Postgres; SQLite has one
)

// The rows of the limit have the sizes of the load's. Their tables are copies of the real ones, indexes included.
const (
	limitPlan    = "0198c5a0-0000-8000-8000-000000000000"
	limitContent = `{"sms":{"text":"Don A-1029 da gui"},"zns":{"template_id":"412345","template_data":{"order":"A-1029"}}}`
	messageHead  = "INSERT INTO limit_messages (tenant_id, id, to_phone, country, category, policy_name, policy_version, plan_id, content, metadata, currency, created_at, expires_at, status, channel, attempts, due_at, version) "
	attemptHead  = "INSERT INTO limit_attempts (tenant_id, message_id, n, channel, created_at, account_id, account, status, calls, called_at) "
	messageRest  = "'VN', 'transaction', 'default', 1, '" + limitPlan + "', '" + limitContent + "', '{}', 'VND', 1800000000000, 1800000600000, 'sending', 'zns', 1, 1800000022000, 1"
	attemptRest  = "1, 'zns', 1800000000000, '0198c5a0-0000-7000-8000-000000000000', 'zns', 'sending', 1, 1800000000000"
)

// limit measures how many messages a second the bare database takes.
func (db *database) limit(ctx context.Context) (perSecond float64, err error) {
	conn, driver, err := db.connect()
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	writers := limitWriters
	if driver == "sqlite" {
		writers = 1
	}
	conn.SetMaxOpenConns(writers)
	for table, copied := range map[string]string{"messages": "limit_messages", "attempts": "limit_attempts"} {
		if err := copyTable(ctx, conn, driver, table, copied); err != nil {
			return 0, fmt.Errorf("copy table %s: %w", table, err)
		}
	}
	write := postgresBatch
	if driver == "sqlite" {
		write = sqliteBatch
	}
	var rows atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, writers)
	began := time.Now()
	for i := range writers {
		wg.Go(func() {
			for time.Since(began) < limitTime && errs[i] == nil {
				errs[i] = write(ctx, conn)
				rows.Add(limitBatch)
			}
		})
	}
	wg.Wait()
	perSecond = float64(rows.Load()) / time.Since(began).Seconds()
	_, err = conn.ExecContext(ctx, "DROP TABLE limit_messages")
	_, err2 := conn.ExecContext(ctx, "DROP TABLE limit_attempts")
	return perSecond, errors.Join(append(errs, err, err2)...)
}

// copyTable makes an empty table of the same shape.
func copyTable(ctx context.Context, conn *sql.DB, driver, table, copied string) error {
	if driver == "pgx" {
		_, err := conn.ExecContext(ctx, "CREATE TABLE "+copied+" (LIKE "+table+" INCLUDING ALL)")
		return err
	}
	rows, err := conn.QueryContext(ctx, "SELECT sql FROM sqlite_master WHERE tbl_name = $1 AND type IN ('table', 'index') AND sql IS NOT NULL ORDER BY type DESC", table)
	if err != nil {
		return err
	}
	defer rows.Close()
	var statements []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		// An index's name is anything before the table's.
		text = strings.Replace(text, " INDEX ", " INDEX limit_", 1)
		text = strings.Replace(text, " ON "+table, " ON "+copied, 1)
		statements = append(statements, strings.Replace(text, " TABLE "+table, " TABLE "+copied, 1))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, text := range statements {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

var limitTenant = uuid.NewString()

// postgresBatch writes one batch with one statement, which is its own transaction.
func postgresBatch(ctx context.Context, conn *sql.DB) error {
	ids, phones := make([]string, limitBatch), make([]string, limitBatch)
	for i := range ids {
		ids[i], phones[i] = models.NewMessageID().String(), "+84901234567"
	}
	_, err := conn.ExecContext(ctx,
		"WITH r AS (SELECT * FROM unnest($2::uuid[], $3::text[]) AS r(id, phone)), m AS ("+
			messageHead+"SELECT $1::uuid, id, phone, "+messageRest+" FROM r) "+
			attemptHead+"SELECT $1::uuid, id, "+attemptRest+" FROM r", limitTenant, ids, phones)
	return err
}

// sqliteBatch writes one batch with one commit.
func sqliteBatch(ctx context.Context, conn *sql.DB) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after a commit
	message, err := tx.PrepareContext(ctx, messageHead+"VALUES ($1, $2, $3, "+messageRest+")")
	if err != nil {
		return err
	}
	defer message.Close()
	attempt, err := tx.PrepareContext(ctx, attemptHead+"VALUES ($1, $2, "+attemptRest+")")
	if err != nil {
		return err
	}
	defer attempt.Close()
	for range limitBatch {
		id := models.NewMessageID().String()
		if _, err := message.ExecContext(ctx, limitTenant, id, "+84901234567"); err != nil {
			return err
		}
		if _, err := attempt.ExecContext(ctx, limitTenant, id); err != nil {
			return err
		}
	}
	return tx.Commit()
}
