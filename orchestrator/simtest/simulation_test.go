// Package simtest runs whole engines against the provider simulator in virtual time, while a seed decides what goes
// wrong: two or three replicas on one database, the real adapters, no socket. A judge compares what is stored with what
// the providers saw. To play one seed again:
//
//	go test ./orchestrator/simtest -run TestSimulation -simtest.seed 42 -v
package simtest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cascade/models"
)

var (
	seeds  = flag.Int("simtest.seeds", 0, "how many seeds to play; 0: as many as fit a test run")
	first  = flag.Uint64("simtest.first", 1, "the first seed")
	single = flag.Uint64("simtest.seed", 0, "play this seed alone; 0: all")
	trace  = flag.Bool("simtest.trace", false, "log what the engines log, and the story of the run")
	again  = flag.Uint64("simtest.again", 20, "play every so manieth seed twice, to see whether it ends the same way")
	strict = flag.Bool("simtest.strict", false, "fail if a rare state was not reached")
)

// found are seeds that each found a fault once; they are played first. A change of what newScenario draws makes other runs of
// them. Those of crowds found theirs when every seed had many messages, and keep them.
var (
	found = slices.Concat(crowds, []uint64{
		40032021, // the twin of a message that a cap refused in the same commit was answered "not found"
		40037045, // the bed's: a replica that was deployed and crashed in one instant was replaced twice
		40084490, // a call that had not been made, told twice after a lost answer, let one be repeated whose end nobody knew
		50008117, // the judge's: a claim whose commit's answer was lost was dated by the commit that first showed it
		50071597, // the bed's: a receipt that came while the run was closed left the app nobody who could tell it
		50117504, // the bed's, again: of a receipt whose answer was cut by the closing nobody was to know
	})
	crowds = []uint64{
		14,     // a receipt that named an attempt newer than the state in memory was put aside as somebody else's
		87,     // callbacks beyond an endpoint's places waited out their lease, 25 s
		153,    // a call's result was dropped at an orderly stop if its message had changed meanwhile
		901106, // an orderly stop did not wait for the call of a claim that was still being committed
	}
)

// budget is how long the seeds of a test run that names no number may take.
const budget = 30 * time.Second

// stillness is how long one seed may take. It needs a second or two.
const stillness = 3 * time.Minute

// TestSimulation plays seeds until they, or the time, run out.
func TestSimulation(t *testing.T) {
	database := migrated(t)
	if *single != 0 {
		play(t, *single, database)
		return
	}
	most, until := uint64(*seeds), time.Now().Add(24*365*time.Hour)
	if most == 0 {
		most, until = 2000, time.Now().Add(budget)
		if testing.Short() {
			most = 20
		}
	}
	for _, seed := range found {
		play(t, seed, database)
	}
	var next, played, twice, same atomic.Uint64
	began := time.Now()
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) + 1 { // one waits for the disk now and then
		wg.Go(func() {
			for n := next.Add(1); n <= most && time.Now().Before(until) && !t.Failed(); n = next.Add(1) {
				seed := *first + n - 1
				digest := play(t, seed, database)
				if done := played.Add(1); done%5000 == 0 {
					t.Logf("%d seeds so far", done)
				}
				if n%*again != 0 {
					continue
				}
				twice.Add(1)
				if play(t, seed, database) == digest {
					same.Add(1)
				}
			}
		})
	}
	wg.Wait()
	spent := time.Since(began)
	t.Logf("%d seeds in %v, %.1f a second; of %d played twice %d ended alike", played.Load(), spent.Round(time.Millisecond),
		float64(played.Load()+twice.Load())/spent.Seconds(), twice.Load(), same.Load())
	reached.report(t)
}

// play runs one seed and fails the test with what it broke.
func play(t *testing.T, seed uint64, database []byte) (digest string) {
	var broken []string
	// Where virtual time stands still, somebody spins or waits for a lock whose holder sleeps.
	stuck := time.AfterFunc(stillness, func() { panic(fmt.Sprintf("seed %d does not end", seed)) })
	defer stuck.Stop()
	synctest.Test(t, func(t *testing.T) {
		digest, broken = run(t, newScenario(seed), database)
	})
	for _, b := range broken {
		t.Errorf("seed %d, %s", seed, b)
	}
	if len(broken) > 0 {
		t.Logf("play it again: go test ./orchestrator/simtest -run TestSimulation -simtest.seed %d -v", seed)
	}
	return digest
}

// migrated is an empty database with its schema, for every run to copy.
func migrated(t *testing.T) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "empty.db")
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s, err := models.Open(context.Background(), models.Options{URL: "sqlite://" + file, Keys: keys, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// reached counts the rare states that all runs came to.
var reached = &markers{count: map[string]int{}}

type markers struct {
	mu    sync.Mutex
	count map[string]int
}

func (m *markers) mark(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.count[name]++
}

// rare are the states without which a run proves little.
var rare = []string{
	"accept_commit_unknown", "accept_replayed", "account_paused_hold", "ask_says_delivered", "asked", "callback_repeated", "called_again", "cancel_lost_race",
	"cancel_too_late", "cancel_won", "canceled_before_call", "clock_stepped", "commit_unknown", "confirmed", "crash_after_call", "crash_after_call_token", "crash_after_hook",
	"crash_before_call", "crash_before_call_token", "crash_begin", "crash_commit", "crash_committed", "crash_read", "database_away",
	"deployed", "final_status_raised", "forged_refused", "hook_answer_lost", "hook_refused", "late_delivery_after_fallback",
	"late_read_after_fallback", "lease_lost", "lease_lost_mid_call", "message_expired", "message_failed", "message_only_sent", "needs_reauth",
	"cap_refused", "overlap", "probed", "queued_for_capacity", "receipt_before_answer", "receipt_parked", "receipt_repeated", "refused_at_the_door", "replica_frozen",
	"skipped_not_reachable", "stale_retry", "token_refreshed", "tried_again", "unknown_to_delivered", "unknown_to_sent",
}

// report prints how often each state was reached.
func (m *markers) report(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(m.count)) {
		t.Logf("%8d %s", m.count[name], name)
	}
	for _, name := range rare {
		if m.count[name] > 0 {
			continue
		}
		if *strict {
			t.Errorf("no run reached %s", name)
			continue
		}
		t.Logf("%8d %s", 0, name)
	}
}
