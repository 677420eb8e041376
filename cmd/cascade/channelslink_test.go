package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// linkService is the part of the API that the link command uses; the account is linked once it was asked for often enough.
func linkService(t *testing.T, linkedAfter int64, expires time.Time) string {
	t.Helper()
	var asked atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/channels", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"data":[{"id":"7","name":"oa-main"}],"next_cursor":null}`))
	})
	mux.HandleFunc("GET /v1/channels/7", func(w http.ResponseWriter, _ *http.Request) {
		answer := `{"state":"needs_reauth","linked_at":null}`
		if asked.Add(1) > linkedAfter {
			answer = `{"state":"active","linked_at":"2026-01-01T00:00:00.000Z"}`
		}
		_, _ = w.Write([]byte(answer))
	})
	mux.HandleFunc("POST /v1/channels/7/authorize", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"url":"https://provider.example/consent?state=x","expires_at":"` + expires.Format(time.RFC3339) + `"}`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestChannelsLink(t *testing.T) {
	soon := time.Now().Add(time.Minute)
	for name, tt := range map[string]struct {
		args    []string
		after   int64
		expires time.Time
		exit    int
		said    string
	}{
		"linked":          {[]string{"oa-main"}, 1, soon, exitOK, "oa-main is linked; its state is active"},
		"not waited for":  {[]string{"oa-main", "--no-wait"}, 99, soon, exitOK, ""},
		"nobody agreed":   {[]string{"oa-main"}, 99, time.Now().Add(-time.Minute), exitFailure, "nobody agreed in time"},
		"no such account": {[]string{"oa-spare"}, 99, soon, exitMissing, "there is no account"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, complaint bytes.Buffer
			args := append([]string{"channels", "link", "--url", linkService(t, tt.after, tt.expires), "--api-key", "k"}, tt.args...)
			exit := run(t.Context(), args, &streams{&out, &complaint})
			if exit != tt.exit || !strings.Contains(complaint.String(), tt.said) {
				t.Errorf("exit %d, want %d: %s%s", exit, tt.exit, &out, &complaint)
			}
			if exit != exitMissing && out.String() != "https://provider.example/consent?state=x\n" {
				t.Errorf("printed %q", &out)
			}
		})
	}
}

// Whoever stops waiting is told that nothing is lost.
func TestChannelsLinkStopsWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out bytes.Buffer
	complaint := &afterLink{stop: cancel}
	exit := run(ctx, []string{"channels", "link", "oa-main", "--url", linkService(t, 99, time.Now().Add(time.Minute)), "--api-key", "k"}, &streams{&out, complaint})
	if exit != exitOK || !strings.Contains(complaint.String(), "the link stays good") {
		t.Errorf("exit %d: %s", exit, complaint)
	}
}

// afterLink stops the command as soon as it has said that it waits.
type afterLink struct {
	bytes.Buffer
	stop context.CancelFunc
}

func (a *afterLink) Write(p []byte) (int, error) {
	defer a.stop()
	return a.Buffer.Write(p)
}
