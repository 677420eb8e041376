package simulator

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLogReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	b := start(t, Options{LogPath: path})
	b.register()
	b.zns("84912345678", "r1")
	b.next()
	b.zns("84900000003", "r2")
	b.infobip("/sms/3/messages", "84900000009", "m1", `{"text":"hi"}`)
	b.eventually("failure", func(c Call) bool { return c.FailedAt != nil })
	if err := b.sim.Close(); err != nil {
		t.Fatal(err)
	}
	want := b.sim.Calls()

	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"call":{"id":99`); err != nil { // a line cut off by a crash
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := ReadLog(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("replayed log (-want +got):\n%s", diff)
	}

	again := start(t, Options{LogPath: path})
	again.register()
	var a infobipAnswer
	again.infobip("/sms/3/messages", "84912345678", "m1", `{"text":"hi"}`).into(t, &a)
	if a.Messages[0].Status.ID != 23 {
		t.Errorf("after a restart a repeated messageId answered %+v", a)
	}
	if calls := again.sim.Calls(); len(calls) != 4 || calls[3].ID != 4 {
		t.Errorf("calls after a restart: %+v", calls)
	}
}

func TestLogRefusesForeignFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(path, []byte("not a log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{LogPath: path}); err == nil {
		t.Error("a foreign file was taken for a log")
	}
}

func TestOpenTakesUnknownAccounts(t *testing.T) {
	for _, open := range []bool{false, true} {
		b := start(t, Options{Open: open})
		var a zaloAnswer
		b.zns("84912345678", "r1").into(t, &a)
		b.gateway("84912345678", "hi", "r2")
		taken := 0
		for _, c := range b.sim.Calls() {
			if c.Taken() {
				taken++
			}
		}
		if want := map[bool]int{false: 0, true: 2}[open]; taken != want {
			t.Errorf("open %v: %d calls taken, want %d", open, taken, want)
		}
	}
}
