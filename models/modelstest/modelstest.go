// Package modelstest gives tests a database of their own, on every engine that is at hand.
package modelstest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the administration connection

	"cascade/models"
)

// ServerVariable names the environment variable with the URL of a Postgres server where databases may be made.
const ServerVariable = "CASCADE_TEST_POSTGRES"

// Each runs fn on SQLite and, where CASCADE_TEST_POSTGRES names a server, on Postgres.
func Each(t *testing.T, fn func(t *testing.T, s *models.Store)) {
	t.Helper()
	for _, dialect := range Dialects(t) {
		t.Run(dialect, func(t *testing.T) { fn(t, Open(t, dialect)) })
	}
}

// Dialects lists the engines at hand.
func Dialects(t testing.TB) []string {
	t.Helper()
	if os.Getenv(ServerVariable) == "" {
		t.Logf("%s is not set: SQLite only", ServerVariable)
		return []string{models.SQLite}
	}
	return []string{models.SQLite, models.Postgres}
}

// Open gives an empty, migrated database of its own, which goes with the test.
func Open(t testing.TB, dialect string) *models.Store {
	t.Helper()
	return OpenAt(t, OpenURL(t, dialect))
}

// OpenAt opens what OpenURL made until the test ends.
func OpenAt(t testing.TB, address string) *models.Store {
	t.Helper()
	s := open(t, address)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return s
}

// OpenURL makes a migrated database for the test and gives its URL. It goes with the test.
func OpenURL(t testing.TB, dialect string) string {
	t.Helper()
	if dialect == models.SQLite {
		path := filepath.Join(t.TempDir(), "cascade.db")
		if err := os.WriteFile(path, sqliteTemplate(t), 0o600); err != nil {
			t.Fatal(err)
		}
		return "sqlite://" + path
	}
	server, template := os.Getenv(ServerVariable), postgresTemplate(t)
	name := uniqueName("cascade_test")
	cloning.Lock() // Postgres copies a template for one at a time
	administer(t, server, "CREATE DATABASE "+name+" TEMPLATE "+template)
	cloning.Unlock()
	t.Cleanup(func() { administer(t, server, "DROP DATABASE "+name+" WITH (FORCE)") })
	return withDatabase(t, server, name)
}

var cloning sync.Mutex

func open(t testing.TB, address string) *models.Store {
	t.Helper()
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := models.Open(t.Context(), models.Options{URL: address, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var migratedFile struct {
	once  sync.Once
	bytes []byte
	err   error
}

// sqliteTemplate migrates one file a process, of which every test gets a copy.
func sqliteTemplate(t testing.TB) []byte {
	t.Helper()
	migratedFile.once.Do(func() {
		path := filepath.Join(t.TempDir(), "template.db")
		s := open(t, "sqlite://"+path)
		migratedFile.err = errors.Join(s.Migrate(t.Context()), s.Close())
		if migratedFile.err == nil {
			migratedFile.bytes, migratedFile.err = os.ReadFile(path)
		}
	})
	if migratedFile.err != nil || len(migratedFile.bytes) == 0 {
		t.Fatalf("make the template file: %v", migratedFile.err)
	}
	return migratedFile.bytes
}

var template struct {
	once sync.Once
	name string
	err  error
}

// postgresTemplate migrates one database a process, of which every test gets a copy. It stays behind: the server is
// one that goes with the test run.
func postgresTemplate(t testing.TB) string {
	t.Helper()
	template.once.Do(func() {
		server := os.Getenv(ServerVariable)
		name := uniqueName("cascade_template")
		if template.err = execute(server, "CREATE DATABASE "+name); template.err != nil {
			return
		}
		s := open(t, withDatabase(t, server, name))
		template.err = s.Migrate(t.Context())
		s.Close()
		template.name = name
	})
	if template.err != nil || template.name == "" {
		t.Fatalf("make the template database: %v", template.err)
	}
	return template.name
}

func uniqueName(prefix string) string {
	return fmt.Sprintf("%s_%s", prefix, strings.ReplaceAll(uuid.NewString(), "-", ""))
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s is not a URL", ServerVariable)
	}
	u.Path = "/" + name
	return u.String()
}

func administer(t testing.TB, server, statement string) {
	t.Helper()
	if err := execute(server, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// execute runs one statement. It has a context of its own, because a test's ends before its cleanup.
func execute(server, statement string) error {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = db.ExecContext(ctx, statement)
	return err
}
