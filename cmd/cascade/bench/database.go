package bench

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the drivers of package models

	"cascade/models"
)

// database is the run's own database.
type database struct {
	store *models.Store   // the first of stores
	all   []*models.Store // one a replica
	keys  *models.Keyring
	url   string
	drop  func() error
}

// openDatabase makes the run's database and opens it.
func openDatabase(ctx context.Context, where, dir string) (*database, error) {
	db := &database{url: "sqlite://" + filepath.Join(dir, "bench.db"), drop: func() error { return nil }}
	switch {
	case where == "" || where == models.SQLite:
	case strings.HasPrefix(where, "postgres://"), strings.HasPrefix(where, "postgresql://"):
		if err := db.create(ctx, where); err != nil {
			return nil, err
		}
	default:
		return nil, errors.New("--db must be sqlite, or begin with postgres://")
	}
	var secret [32]byte
	rand.Read(secret[:]) // never fails, see crypto/rand
	var err error
	if db.keys, err = models.NewKeyring(secret[:]); err != nil {
		return nil, errors.Join(err, db.drop())
	}
	if db.store, err = db.open(ctx); err == nil {
		err = db.store.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.close())
	}
	return db, nil
}

// open opens the database once more, as another replica would.
func (db *database) open(ctx context.Context) (*models.Store, error) {
	s, err := models.Open(ctx, models.Options{URL: db.url, Keys: db.keys, Now: time.Now})
	if err == nil {
		db.all = append(db.all, s)
	}
	return s, err
}

// connect opens the database for the bench itself, without the service's timeouts and plans.
func (db *database) connect() (conn *sql.DB, driver string, err error) {
	driver, address := "pgx", db.url
	if db.store.Dialect() == models.SQLite {
		driver = "sqlite"
		address = strings.Replace(db.url, "sqlite://", "file:", 1) + "?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_txlock=immediate"
	}
	conn, err = sql.Open(driver, address)
	return conn, driver, err
}

// create makes a database on a Postgres server.
func (db *database) create(ctx context.Context, server string) error {
	u, err := url.Parse(server)
	if err != nil {
		return errors.New("--db is no address; write it like postgres://user@host/database")
	}
	name := "cascade_bench_" + strings.ToLower(rand.Text()[:10])
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return errors.Join(fmt.Errorf("create a database for the run: %w", err), admin.Close())
	}
	u.Path = "/" + name
	db.url = u.String()
	db.drop = func() error {
		_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close())
	}
	return nil
}

func (db *database) close() error {
	var errs []error
	for _, s := range db.all {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, db.drop())...)
}

// usage is what was used up to an instant.
type usage struct {
	service, database time.Duration // CPU; database is 0 where it runs in the service, or on another machine
	// written is WAL on Postgres; on SQLite what the process wrote to storage: WAL and checkpoints.
	written                  int64
	statements, transactions uint64
}

func (u usage) minus(v usage) usage {
	return usage{u.service - v.service, u.database - v.database, u.written - v.written, u.statements - v.statements, u.transactions - v.transactions}
}

func (db *database) usage(ctx context.Context) (usage, error) {
	u := usage{service: ownCPU()}
	for _, s := range db.all {
		stats := s.Stats()
		u.statements, u.transactions = u.statements+stats.Statements, u.transactions+stats.Transactions
	}
	if db.store.Dialect() == models.SQLite {
		u.written = ownWrites()
		return u, nil
	}
	conn, err := sql.Open("pgx", db.url)
	if err != nil {
		return u, err
	}
	defer conn.Close()
	var pid int
	err = conn.QueryRowContext(ctx, "SELECT pg_backend_pid(), (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").Scan(&pid, &u.written)
	if err != nil {
		return u, fmt.Errorf("read the server's use: %w", err)
	}
	u.database = serverCPU(pid)
	return u, nil
}

// ownCPU is this process's CPU time.
func ownCPU() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// ownWrites is what this process had the kernel write to storage, in bytes; see proc_pid_io(5).
func ownWrites() int64 {
	raw, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if n, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			v, _ := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			return v
		}
	}
	return 0
}

// clockTick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// process is a line of /proc/PID/stat; see proc_pid_stat(5).
type process struct {
	name          string
	parent        int
	own, children time.Duration // children: those that have ended
}

func readProcess(pid int) (p process, ok bool) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	head, rest, ok := strings.Cut(string(raw), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 15 {
		return p, false
	}
	_, p.name, _ = strings.Cut(head, "(")
	n := func(i int) int { v, _ := strconv.Atoi(fields[i]); return v }
	p.parent = n(1)
	p.own, p.children = time.Duration(n(11)+n(12))*clockTick, time.Duration(n(13)+n(14))*clockTick
	return p, true
}

// serverCPU is the CPU time of the whole Postgres server that backend belongs to; 0 if it is on another machine.
func serverCPU(backend int) time.Duration {
	b, ok := readProcess(backend)
	if !ok || !strings.HasPrefix(b.name, "postgres") {
		return 0
	}
	server, _ := readProcess(b.parent)
	total := server.own + server.children
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok && p.parent == b.parent {
			total += p.own
		}
	}
	return total
}
