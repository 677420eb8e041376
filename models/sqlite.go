package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	modernc "modernc.org/sqlite"
)

// minSQLite is the first version without the WAL-reset race, which can corrupt a file (sqlite.org/wal.html).
const minSQLite = "3.51.3"

// openSQLite opens the file at path twice: one connection that writes, and a pool that reads beside it.
func (s *Store) openSQLite(ctx context.Context, path string, readers int) error {
	switch {
	case path == "" || strings.HasPrefix(path, ":memory:"):
		return errors.New("database URL must name a file: sqlite://PATH")
	case s.now == nil:
		return errors.New("models: Options.Now is required on SQLite")
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, lock)

	// An accepted message has to survive a power cut: synchronous FULL. Group commit pays for it.
	writer, err := sql.Open("sqlite", sqliteDSN(path, "synchronous(FULL)", "cache_size(-32000)", "wal_autocheckpoint(8000)")+"&_txlock=immediate")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, writer)
	writer.SetMaxOpenConns(1)
	writer.SetMaxIdleConns(1)
	if err := checkSQLite(ctx, writer); err != nil {
		return err
	}
	reader, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)"))
	if err != nil {
		return err
	}
	s.closers = append(s.closers, reader)
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)

	s.hot, s.hotRead = writer, reader
	s.prepared = map[*sql.DB]*statements{writer: newStatements(), reader: newStatements()}
	if s.write, err = s.gorm(sqliteDialector{sqlite.New(sqlite.Config{DriverName: "sqlite", Conn: writer})}); err != nil {
		return err
	}
	pool := preparedPool{reader, s.prepared[reader]}
	s.read, err = s.gorm(sqliteDialector{sqlite.New(sqlite.Config{DriverName: "sqlite", Conn: pool})})
	return err
}

// sqliteDSN puts the pragmas where every connection of a pool gets them.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{"journal_mode(WAL)", "busy_timeout(5000)", "foreign_keys(1)"}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// checkSQLite refuses a library that could lose data.
func checkSQLite(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version); err != nil {
		return fmt.Errorf("open the SQLite file: %w", err)
	}
	if versionLess(version, minSQLite) {
		return fmt.Errorf("SQLite %s can corrupt its file; %s or later is needed", version, minSQLite)
	}
	return nil
}

// versionLess compares dotted numbers of three parts.
func versionLess(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i])
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return len(as) < len(bs)
}

// lockFile makes this process the only one that opens the database beside it. The lock ends with the process.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another process has the database open (%s): %w", path, err)
	}
	return f, nil
}

// sqliteDialector is gorm's, which knows the errors of the cgo driver only.
type sqliteDialector struct{ gorm.Dialector }

// Translate maps the driver's extended codes to gorm's errors (sqlite.org/rescode.html).
func (d sqliteDialector) Translate(err error) error {
	e, ok := errors.AsType[*modernc.Error](err)
	if !ok {
		return err
	}
	switch e.Code() {
	case 1555, 2067: // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE
		return gorm.ErrDuplicatedKey
	case 787: // SQLITE_CONSTRAINT_FOREIGNKEY
		return gorm.ErrForeignKeyViolated
	}
	return err
}

// SavePoint and RollbackTo keep nested transactions working: embedding the interface hides them.
func (d sqliteDialector) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + name).Error
}

// RollbackTo undoes what happened since SavePoint.
func (d sqliteDialector) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + name).Error
}
