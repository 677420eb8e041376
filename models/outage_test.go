package models_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestUnavailable(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		err  error
		want bool
	}{
		"none":               {nil, false},
		"not found":          {models.ErrNotFound, false},
		"duplicate":          {models.ErrDuplicate, false},
		"anything":           {errors.New("anything"), false},
		"context canceled":   {fmt.Errorf("load: %w", ended.Err()), false},
		"bad connection":     {driver.ErrBadConn, true},
		"connection done":    {fmt.Errorf("commit: %w", sql.ErrConnDone), true},
		"cut off":            {fmt.Errorf("load: %w", io.ErrUnexpectedEOF), true},
		"refused":            {refused(t), true},
		"admin shutdown":     {&pgconn.PgError{Code: "57P01"}, true},
		"crash shutdown":     {&pgconn.PgError{Code: "57P02"}, true},
		"starting up":        {&pgconn.PgError{Code: "57P03"}, true},
		"connection failure": {&pgconn.PgError{Code: "08006"}, true},
		"connections used":   {&pgconn.PgError{Code: "53300"}, true},
		"disk full":          {&pgconn.PgError{Code: "53100"}, true},
		"a standby":          {&pgconn.PgError{Code: "25006"}, true},
		"unique violation":   {&pgconn.PgError{Code: "23505"}, false},
		"syntax error":       {&pgconn.PgError{Code: "42601"}, false},
		"SQLite: no folder":  {sqliteError(t, filepath.Join(t.TempDir(), "none", "x.db"), "SELECT 1 FROM sqlite_schema"), true},
		"SQLite: read only":  {sqliteError(t, "x.db?mode=memory&_pragma=query_only(1)", "CREATE TABLE t (a)"), true},
		"SQLite: no table":   {sqliteError(t, "x.db?mode=memory", "SELECT * FROM nothing"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := models.Unavailable(tt.err); got != tt.want {
				t.Errorf("%v: got %v, want %v", tt.err, got, tt.want)
			}
		})
	}
}

// refused is how Postgres fails where nobody listens.
func refused(t *testing.T) error {
	t.Helper()
	_, err := models.Open(t.Context(), models.Options{URL: "postgres://nobody@127.0.0.1:1/none?sslmode=disable"})
	if err == nil {
		t.Fatal("a Postgres listens on port 1")
	}
	return err
}

func sqliteError(t *testing.T, file, statement string) error {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err = db.ExecContext(t.Context(), statement); err == nil {
		t.Fatalf("%s succeeds", statement)
	}
	return err
}

// A closed Store says so on every road into it.
func TestUnavailableClosed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		_, listed := s.Tenant(t.Context(), uuid.New())
		_, loaded := s.LoadStates(t.Context(), []models.Ref{{}})
		_, found := s.FindKey(t.Context(), uuid.New(), models.DedupeIdempotency, "k")
		written := s.InTx(t.Context(), func(*models.Tx) error { return nil })
		for road, err := range map[string]error{
			"gorm": listed, "hot read": loaded, "look-up": found, "transaction": written, "schema": s.Current(t.Context()),
		} {
			if !models.Unavailable(err) {
				t.Errorf("%s: %v is not called unavailable", road, err)
			}
		}
	})
}
