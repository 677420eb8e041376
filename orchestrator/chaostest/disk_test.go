//go:build chaos

package chaostest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// The disk under SQLite fills up under load and gets room again. What was accepted is there; while it is full nothing
// is; and no restart is needed. It needs the right to mount a small tmpfs, as root has.
func TestSQLiteDiskFull(t *testing.T) {
	const rounds = 10
	dir := t.TempDir()
	if err := syscall.Mount("cascade-chaos", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Fatalf("mount a tmpfs of 48 MB: %v; run make chaos as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error("unmount:", err)
		}
	})
	file := filepath.Join(dir, "cascade.db")
	r := newRig(t, "sqlite://"+file)
	l := startLoad(r, 300, true)
	time.Sleep(500 * time.Millisecond)
	worst := time.Duration(0)
	for round := range rounds {
		ballast := filepath.Join(dir, "ballast")
		fill(t, ballast)
		full := l.busyNow()
		for limit := time.Now().Add(20 * time.Second); l.busyNow() < full+20; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(limit) {
				t.Fatalf("round %d: no app met the full disk within 20 s", round)
			}
			if time.Since(limit) > -15*time.Second {
				fill(t, ballast) // a checkpoint made room
			}
		}
		time.Sleep(300 * time.Millisecond)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		room := time.Now()
		for firstCall(r.Sim, room).IsZero() {
			if time.Since(room) > 10*time.Second {
				t.Fatalf("round %d: nothing was sent within 10 s of there being room again", round)
			}
			time.Sleep(5 * time.Millisecond)
		}
		worst = max(worst, firstCall(r.Sim, room).Sub(room))
		time.Sleep(300 * time.Millisecond)
	}
	ids := l.end(t)
	settle(t, r, ids)
	t.Logf("%d times full: %d accepted, %d told to come back, sending again within %s", rounds, len(ids), l.busy, worst)
	calledOnce(t, r.Sim)
	r.Verify()
	if said := one[string](t, "sqlite", "file:"+file, "PRAGMA integrity_check"); said != "ok" {
		t.Errorf("the file's integrity: %s", said)
	}
	if rows := one[int](t, "sqlite", "file:"+file, "SELECT count(*) FROM messages"); rows != len(ids) {
		t.Errorf("%d messages are stored, and %d apps were told theirs", rows, len(ids))
	}
}

// fill writes to a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 4<<10)
	for {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
