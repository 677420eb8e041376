package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// What is behind a pooler in transaction mode, such as PgBouncer: a session lasts one transaction. So settings are made
// in the words that begin it, which takes no round trip of its own; statements have no name; and what the hot statements
// read outside a transaction gets a short one. Single statements of gorm's need no plan; only their callers bound them.

// endTimeout bounds the end of a short transaction, which may come after its caller has gone.
const endTimeout = 5 * time.Second

// poolerBetween connects once and tells whether a pooler answers: it refuses settings at the start of a session, or
// hands out sessions of servers that are not the one it showed. Errors: nothing can be reached.
func poolerBetween(ctx context.Context, config *pgx.ConnConfig) (bool, error) {
	conn, err := pgx.ConnectConfig(ctx, config.Copy())
	if refusesSettings(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx) // a look: nothing to lose
	var server uint32
	if err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&server); err != nil {
		return false, err
	}
	return server != conn.PgConn().PID(), nil
}

// refusesSettings knows PgBouncer's answer to a parameter that it does not track.
func refusesSettings(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.Code == "08P01" && strings.Contains(e.Message, "unsupported startup parameter")
}

// poolerConnector makes the connections of a pool behind a pooler.
type poolerConnector struct {
	driver.Connector
	settings string // statements that set what a transaction needs
	reads    bool   // what reads outside a transaction needs the settings too
}

func newPoolerConnector(config *pgx.ConnConfig, settings map[string]string, reads bool) *poolerConnector {
	if config.DefaultQueryExecMode == pgx.QueryExecModeCacheStatement {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	var set []string
	for name, value := range settings {
		set = append(set, "; set local "+name+" = '"+value+"'")
	}
	slices.Sort(set)
	return &poolerConnector{stdlib.GetConnector(*config), strings.Join(set, ""), reads}
}

// Connect opens a connection.
func (p *poolerConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := conn.(*stdlib.Conn)
	if !ok {
		return nil, fmt.Errorf("the driver's connection is a %T", conn)
	}
	return &poolerConn{Conn: c, pool: p}, nil
}

// Driver tells the Store that the pool is behind a pooler.
func (p *poolerConnector) Driver() driver.Driver { return poolerDriver{p.Connector.Driver()} }

type poolerDriver struct{ driver.Driver }

// poolerConn is a connection whose server may be another one in each transaction.
type poolerConn struct {
	*stdlib.Conn
	pool  *poolerConnector
	guard *guard
}

// BeginTx begins a transaction with the settings of its pool.
func (c *poolerConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if c.Conn.Conn().IsClosed() {
		return nil, driver.ErrBadConn
	}
	begin := "begin"
	switch level := sql.IsolationLevel(o.Isolation); level {
	case sql.LevelDefault:
	case sql.LevelReadCommitted, sql.LevelRepeatableRead, sql.LevelSerializable:
		begin += " isolation level " + strings.ToLower(level.String())
	default:
		return nil, fmt.Errorf("unsupported isolation: %s", level)
	}
	if o.ReadOnly {
		begin += " read only"
	}
	tx, err := c.Conn.Conn().BeginTx(ctx, pgx.TxOptions{BeginQuery: begin + c.pool.settings})
	if err != nil {
		if pgconn.SafeToRetry(err) {
			return nil, driver.ErrBadConn
		}
		return nil, err
	}
	return poolerTx{ctx, tx}, nil
}

// poolerTx is a transaction of pgx's.
type poolerTx struct {
	ctx context.Context //nolint:containedctx // Commit and Rollback have none
	tx  pgx.Tx
}

// Commit commits.
func (t poolerTx) Commit() error { return t.tx.Commit(t.ctx) }

// Rollback undoes.
func (t poolerTx) Rollback() error { return t.tx.Rollback(t.ctx) }

// QueryContext reads, in a transaction that is there or in one of its own.
func (c *poolerConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	switch {
	case strings.Contains(query, sessionLock):
		return c.lock(ctx, query, args)
	case strings.Contains(query, sessionUnlock):
		return c.unlock(ctx)
	case !c.pool.reads || c.Conn.Conn().PgConn().TxStatus() != 'I':
		return c.Conn.QueryContext(ctx, query, args)
	}
	tx, err := c.BeginTx(ctx, driver.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	rows, err := c.Conn.QueryContext(ctx, query, args)
	if err != nil {
		return nil, errors.Join(err, end(ctx, tx))
	}
	known, ok := rows.(*stdlib.Rows)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's rows are %T", rows), rows.Close(), end(ctx, tx))
	}
	return &poolerRows{known, func() error { return end(ctx, tx) }}, nil
}

// poolerRows end their transaction.
type poolerRows struct {
	*stdlib.Rows
	end func() error
}

// Close ends the reading and its transaction.
func (r *poolerRows) Close() error { return errors.Join(r.Rows.Close(), r.end()) }

// end ends a transaction that wrote nothing.
func end(ctx context.Context, tx driver.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if t, ok := tx.(poolerTx); ok {
		return t.tx.Rollback(ctx)
	}
	return tx.Rollback()
}

// The lock of migrations belongs to a session, of which there is none here. A transaction of its own holds the same lock
// in its place, on a connection beside the one that migrates.
const (
	sessionLock   = "pg_try_advisory_lock("
	sessionUnlock = "pg_advisory_unlock("
)

// guard is a transaction that holds a lock.
type guard struct {
	conn *poolerConn
	tx   driver.Tx
}

// lock tries to take a lock, and answers as the session's lock would.
func (c *poolerConn) lock(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if c.guard == nil {
		g, err := c.pool.guard(ctx)
		if err != nil {
			return nil, err
		}
		c.guard = g
	}
	return c.guard.conn.Conn.QueryContext(ctx, strings.Replace(query, sessionLock, "pg_try_advisory_xact_lock(", 1), args)
}

func (p *poolerConnector) guard(ctx context.Context) (*guard, error) {
	own := &poolerConnector{p.Connector, "; set local idle_in_transaction_session_timeout = 0", false}
	conn, err := own.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, _ := conn.(*poolerConn)
	tx, err := c.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &guard{c, tx}, nil
}

// unlock lets go of the lock, and answers as the session's unlock would.
func (c *poolerConn) unlock(ctx context.Context) (driver.Rows, error) {
	if err := c.release(ctx); err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, "SELECT true", nil)
}

func (c *poolerConn) release(ctx context.Context) error {
	g := c.guard
	c.guard = nil
	if g == nil {
		return nil
	}
	return errors.Join(end(ctx, g.tx), g.conn.Close())
}

// Close ends the connection, and its lock.
func (c *poolerConn) Close() error {
	return errors.Join(c.release(context.Background()), c.Conn.Close())
}
