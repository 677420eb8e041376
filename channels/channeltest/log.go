package channeltest

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"cascade/channels"
)

// Logger keeps what is logged until the test ends, each line as text and as JSON, and fails the test for every secret
// that shows in it.
func Logger(t testing.TB, secrets ...string) *slog.Logger {
	t.Helper()
	l := &lines{}
	t.Cleanup(func() { secretive(t, "the log", l.String(), secrets) })
	everything := &slog.HandlerOptions{Level: slog.LevelDebug}
	return slog.New(slog.NewMultiHandler(slog.NewTextHandler(l, everything), slog.NewJSONHandler(l, everything)))
}

// watchLog lets Logger stand in for the service's log, slog's default and package log, until the test ends.
func watchLog(t *testing.T, secrets []string) {
	t.Helper()
	before, writer, flags := slog.Default(), log.Writer(), log.Flags()
	slog.SetDefault(Logger(t, secrets...))
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
}

// Discreet wants no secret in anything of f that a log or a person may get to see.
func Discreet(t testing.TB, f *channels.Failure, secrets ...string) {
	t.Helper()
	shown := fmt.Sprintf("%v %+v %#v %s", f, *f, *f, f.Error())
	for err := f.Err; err != nil; err = errors.Unwrap(err) {
		shown += fmt.Sprintf(" %v %+v", err, err)
	}
	secretive(t, "the error", shown, secrets)
}

func secretive(t testing.TB, what, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%q shows in %s: %s", secret, what, text)
		}
	}
}

// lines is a buffer that many may write to.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the buffer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
