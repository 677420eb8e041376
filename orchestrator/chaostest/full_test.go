//go:build chaos

package chaostest

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"cascade/orchestrator/orchestratortest/faulttest"
)

// room mounts a small tmpfs for a server's files, and gives its folder.
func (s *server) room(megabytes int) string {
	s.t.Helper()
	dir := filepath.Join(s.dir, "room")
	s.must(os.Mkdir(dir, 0o700))
	if err := syscall.Mount("cascade-chaos", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", megabytes)); err != nil {
		s.t.Fatalf("mount a tmpfs of %d MB: %v; run make chaos as root", megabytes, err)
	}
	s.t.Cleanup(func() {
		_ = s.run("pg_ctl", "-D", s.data(), "-m", "immediate", "-w", "stop")
		if err := syscall.Unmount(dir, 0); err != nil {
			s.t.Error("unmount:", err)
		}
	})
	inside := filepath.Join(dir, "files")
	s.must(os.Mkdir(inside, 0o700))
	if s.cred != nil {
		s.must(os.Chown(inside, int(s.cred.Uid), int(s.cred.Gid)))
	}
	return inside
}

// PostgreSQL's tables have no more room, again and again, under load; its log has. Nothing is accepted that is not
// stored, and no restart is needed.
func TestPostgresTablesFull(t *testing.T) {
	const times = 5
	pg := newServer(t)
	files := pg.room(64)
	pg.must(pg.run("psql", "-h", "127.0.0.1", "-p", itoa(pg.port), "-U", "postgres", "-c", "CREATE TABLESPACE small LOCATION '"+files+"'",
		"-c", "CREATE DATABASE small TABLESPACE small"))
	address := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/small?sslmode=disable", pg.port)
	started := one[time.Time](t, "pgx", address, "SELECT pg_postmaster_start_time()")
	r := newRig(t, address)
	l := startLoad(r, 300, true)
	ballast := filepath.Join(filepath.Dir(files), "ballast")
	worst, between := time.Duration(0), 0
	for range times {
		l.AwaitMore(t, 100)
		busy := l.Busy()
		faulttest.Until(t, "apps meet the full tables", func() bool {
			fill(t, ballast) // what was freed since
			return l.Busy() >= busy+50
		})
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		room := time.Now()
		faulttest.Until(t, "messages are sent and accepted again", func() bool {
			return !firstCall(r.Sim, room).IsZero() && l.AcceptedBetween(room, time.Now()) > 0
		})
		worst = max(worst, time.Since(room))
		between += l.Busy() - busy
	}
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d times full: %d accepted, %d told to come back, of which %d while it was full; sending again within %s", times, len(ids), l.Busy(), between, worst)
	if worst > 10*time.Second {
		t.Errorf("sending again took %s", worst)
	}
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	if rows := one[int](t, "pgx", address, "SELECT count(*) FROM messages"); rows != len(ids) {
		t.Errorf("%d messages are stored, and %d apps were told theirs", rows, len(ids))
	}
	if again := one[time.Time](t, "pgx", address, "SELECT pg_postmaster_start_time()"); !again.Equal(started) {
		t.Error("the server restarted: the test met something else than full tables")
	}
}

// The volume of PostgreSQL's log is full: the server stops by itself, and does not start before there is room. Whoever
// keeps it running starts it then. What was accepted is there.
func TestPostgresLogFull(t *testing.T) {
	pg := prepare(t)
	files := pg.room(48)
	pg.settings = []string{"max_wal_size=32MB", "min_wal_size=4MB", "wal_recycle=off"}
	pg.init("--wal-segsize=1", "--waldir="+filepath.Join(files, "wal"))
	pg.start()
	r := newRig(t, pg.address())
	l := startLoad(r, 300, true)
	l.AwaitMore(t, 100)
	ballast := filepath.Join(filepath.Dir(files), "ballast")
	faulttest.Until(t, "the server stops", func() bool {
		fill(t, ballast)
		return !pg.runs()
	})
	down, busy := time.Now(), l.Busy()
	faulttest.Until(t, "apps meet the stopped server", func() bool { return l.Busy() >= busy+50 })
	if n := l.AcceptedBetween(down, time.Now()); n > 0 {
		t.Errorf("%d messages were accepted without a database", n)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	pg.start()
	up := time.Now()
	faulttest.Until(t, "messages are sent and accepted again", func() bool {
		return !firstCall(r.Sim, up).IsZero() && l.AcceptedBetween(up, time.Now()) > 0
	})
	took := time.Since(up)
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d accepted, %d told to come back, sending again within %s", len(ids), l.Busy(), took)
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	if rows := one[int](t, "pgx", pg.address(), "SELECT count(*) FROM messages"); rows != len(ids) {
		t.Errorf("%d messages are stored, and %d apps were told theirs", rows, len(ids))
	}
}

// runs tells whether the server's first process is there.
func (s *server) runs() bool { return s.run("pg_ctl", "-D", s.data(), "status") == nil }
