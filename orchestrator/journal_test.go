package orchestrator

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
)

// keeper is a database that holds what it is given, or none at all.
type keeper struct {
	calls    []models.ProviderCall
	requests []models.RequestEntry
	err      error
}

func (k *keeper) InsertJournal(_ context.Context, calls []models.ProviderCall, requests []models.RequestEntry) error {
	if k.err == nil {
		k.calls, k.requests = append(k.calls, calls...), append(k.requests, requests...)
	}
	return k.err
}

// flushed writes what waits, as at a stop.
func flushed(j *Journal) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	j.Run(ctx)
}

// Nobody writes, and whoever has something to tell goes on all the same.
func TestAFullJournalDropsAndCounts(t *testing.T) {
	clock := time.Unix(1_700_000_000, 0)
	store := &keeper{}
	j := newJournal(store, func() time.Time { return clock }, slog.New(slog.DiscardHandler))
	const second = 10
	for range second {
		clock = clock.Add(time.Second)
		for range 3 * journalPerSecond {
			j.Request(models.RequestEntry{})
		}
	}
	const told = second * 3 * journalPerSecond
	if got, want := j.Lost(), int64(told-journalQueue); got != want {
		t.Errorf("dropped %d of %d with room for %d, want %d", got, told, journalQueue, want)
	}
	flushed(j)
	if len(store.requests) != journalQueue {
		t.Errorf("kept %d, want %d", len(store.requests), journalQueue)
	}
	if j.Request(models.RequestEntry{}); j.Lost() != told-journalQueue+1 {
		t.Error("a second that is used up takes another entry")
	}
}

func TestAJournalThatCannotBeWrittenDropsAndCounts(t *testing.T) {
	j := newJournal(&keeper{err: errors.New("away")}, time.Now, slog.New(slog.DiscardHandler))
	for range 3 {
		j.Request(models.RequestEntry{})
	}
	if flushed(j); j.Lost() != 3 {
		t.Errorf("dropped %d, want 3", j.Lost())
	}
	var none *Journal
	if none.Request(models.RequestEntry{}); none.Lost() != 0 {
		t.Error("no journal has lost something")
	}
}

func TestCallsAreMasked(t *testing.T) {
	secrets := []string{"planted-secret"}
	c := call{
		x: channels.Exchange{
			URL: "https://gw.example/send?key=planted-secret&to=%2B84912345678", Request: []byte(`{"text":"Ma 482913"}`),
			Answer: []byte("planted-secret\xff\x00 +84912345678"), Failure: &channels.Failure{Code: "refused", Detail: "for planted-secret"},
		},
		secrets: func() ([]string, error) { return secrets, nil },
	}
	got := c.masked()
	want := models.ProviderCall{
		URL: "https://gw.example/send?key=•••&to=%2B84•••••678", Request: `{"text":"Ma •••"}`, Answer: "•••� +84•••••678", Error: "refused: for •••",
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	c.secrets = func() ([]string, error) { return nil, errors.New("sealed under another key") }
	if got := c.masked(); got.Request != "" || got.Answer != "" || got.URL != "" || got.Error == "" {
		t.Errorf("without the account's secrets a call is kept as %+v", got)
	}
	cut := make([]byte, channels.RecordedMost)
	copy(cut, `"token":"`)
	for i := len(`"token":"`); i < len(cut); i++ {
		cut[i] = 'x'
	}
	if got := concealBody(cut, nil); got != "" {
		t.Errorf("a body that may end within a secret is kept as %q", got)
	}
}

func TestTextsIn(t *testing.T) {
	found := textsIn(map[string]any{
		"a": "long enough", "b": "abc", "c": []any{"listed one", 5.0}, "d": `{"inner":"within a text"}`,
	}, nil)
	want := map[string]bool{"long enough": true, "listed one": true, `{"inner":"within a text"}`: true, "within a text": true}
	for _, text := range found {
		if !want[text] {
			t.Errorf("%q is no secret", text)
		}
		delete(want, text)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
