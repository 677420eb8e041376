package models

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	modernc "modernc.org/sqlite"
)

// Unavailable tells whether err, of any method of a Store, says that the database cannot serve now: it cannot be
// reached, is going down, is full, or too busy. The same call may succeed later. A write may have happened all the
// same, if the connection was lost on the way back. A caller's own context that ended is no such error.
func Unavailable(err error) bool {
	if err == nil {
		return false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return postgresAway(e.Code)
	}
	if e, ok := errors.AsType[*modernc.Error](err); ok {
		return sqliteAway(e.Code())
	}
	return lost(err)
}

// postgresAway judges an SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html).
func postgresAway(code string) bool {
	switch code {
	case "25006", // read_only_sql_transaction: a standby, until the failover is through
		"40001", "40P01", // serialization_failure, deadlock_detected: again and again, since InTx repeats them
		"55P03", "57014": // lock_not_available, query_canceled: our own time limits
		return true
	}
	// Connection exceptions, too few resources (disk, memory, connections), shutting down or starting, and what the
	// system below cannot do.
	for _, class := range []string{"08", "53", "57P", "58"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// sqliteAway judges a result code, which may be an extended one (sqlite.org/rescode.html).
func sqliteAway(code int) bool {
	switch code & 0xff {
	case 5, 6, // SQLITE_BUSY, _LOCKED
		7, 8, // SQLITE_NOMEM, _READONLY
		10, 13, 14, 15: // SQLITE_IOERR, _FULL, _CANTOPEN, _PROTOCOL
		return true
	}
	return false
}

// lost finds connections that broke. database/sql has no name for a closed pool; pgx calls an error safe to retry
// when its connection was gone before anything was sent.
func lost(err error) bool {
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, known := range []error{driver.ErrBadConn, sql.ErrConnDone, net.ErrClosed, io.ErrUnexpectedEOF, io.EOF} {
		if errors.Is(err, known) {
			return true
		}
	}
	return pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "sql: database is closed")
}
