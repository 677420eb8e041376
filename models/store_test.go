package models_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestMigrateIsRepeatable(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if s.Dialect() == models.Postgres {
					if err := s.Migrate(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := s.Migrate(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Current(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestCurrentNamesTheMend(t *testing.T) {
	s := openSQLite(t, filepath.Join(t.TempDir(), "new ø?#%.db"))
	if err := s.Current(t.Context()); err == nil || !strings.Contains(err.Error(), "cascade migrate") {
		t.Errorf("an empty database: %v", err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Current(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCurrentFailsWithoutADatabase(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Current(ctx); err == nil {
			t.Error("no error though nothing was asked")
		}
	})
}

func openSQLite(t *testing.T, path string) *models.Store {
	t.Helper()
	s, err := models.Open(t.Context(), models.Options{URL: "sqlite://" + path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where the URL says: %v", err)
	}
	return s
}

func TestOneProcessHasTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cascade.db")
	first := openSQLite(t, path)
	again := func() error {
		s, err := models.Open(t.Context(), models.Options{URL: "sqlite://" + path, Now: time.Now})
		if err == nil {
			s.Close()
		}
		return err
	}
	if err := again(); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("opened twice: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Errorf("after Close: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, url := range []string{"", "mysql://h/d", "sqlite://", "sqlite://:memory:", "postgres://%zz"} {
		if s, err := models.Open(t.Context(), models.Options{URL: url, Now: time.Now}); err == nil {
			s.Close()
			t.Errorf("%q was opened", url)
		}
	}
}

func TestSQLiteIsSafe(t *testing.T) {
	s := openSQLite(t, filepath.Join(t.TempDir(), "cascade.db"))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
	} {
		if got := list(t, s.Hot(), "PRAGMA "+pragma); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v, want %s", pragma, got, want)
		}
	}
	for _, old := range []string{"3.51.2", "3.40.1", "2.99.99"} {
		if !models.VersionLess(old, "3.51.3") {
			t.Errorf("SQLite %s is accepted", old)
		}
	}
	for _, good := range []string{"3.51.3", "3.51.10", "3.53.4", "4.0.0"} {
		if models.VersionLess(good, "3.51.3") {
			t.Errorf("SQLite %s is refused", good)
		}
	}
}

func TestNowIsTheDatabasesClock(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		got, err := s.Now(t.Context())
		if err != nil || time.Since(got).Abs() > time.Minute {
			t.Errorf("got %v, %v", got, err)
		}
	})
}
