//go:build chaos

package chaostest

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"cascade/orchestrator/orchestratortest/faulttest"
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
	worst := time.Duration(0)
	for range rounds {
		l.AwaitMore(t, 100)
		ballast := filepath.Join(dir, "ballast")
		busy := l.Busy()
		faulttest.Until(t, "apps meet the full disk", func() bool {
			fill(t, ballast) // a checkpoint may make room
			return l.Busy() >= busy+50
		})
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		room := time.Now()
		faulttest.Until(t, "it sends again", func() bool { return !firstCall(r.Sim, room).IsZero() })
		worst = max(worst, firstCall(r.Sim, room).Sub(room))
		if worst > 10*time.Second {
			t.Fatalf("nothing was sent until %s after there was room again", worst)
		}
	}
	l.AwaitMore(t, 100)
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d times full: %d accepted, %d told to come back, sending again within %s", rounds, len(ids), l.Busy(), worst)
	faulttest.CalledOnce(t, r.Sim)
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
