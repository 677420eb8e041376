//go:build chaos

// Package chaostest breaks what the engine stands on, for real: it stops the database, cuts its connections, fills its
// disk and freezes processes. The provider simulator stays, and its log is the judge. Run it with make chaos.
package chaostest

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the looks into the database

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// lease is the engine's here, short so that what a fault left hanging moves soon.
const lease = 3 * time.Second

// openStore opens a database, migrated.
func openStore(ctx context.Context, address string) (*models.Store, error) {
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return nil, err
	}
	s, err := models.Open(ctx, models.Options{URL: address, Keys: keys, Now: time.Now})
	if err != nil {
		return nil, err
	}
	return s, errors.Join(s.Migrate(ctx))
}

// newRig runs an engine on the database at address.
func newRig(t *testing.T, address string) *orchestratortest.Rig {
	t.Helper()
	s, err := openStore(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the file or the server may be gone by then
	r := orchestratortest.New(t, s, orchestratortest.Config{Lease: lease})
	r.Policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"1s"},
		{"channel":"viber","until":"delivered","timeout":"1s"},{"channel":"sms","until":"delivered","timeout":"2s"}],"ttl":"10m"}`)
	return r
}

// number makes the i-th phone number.
func number(i int64) string { return fmt.Sprintf("+8491%07d", i) }

// load is a number of apps that send without a break, each number once, until the answer is yes where it insists.
type load struct {
	r *orchestratortest.Rig
	// insist: what was refused is sent again under its key until it is accepted.
	insist bool

	mu       sync.Mutex
	accepted []uuid.UUID
	at       []time.Time // when accepted
	busy     int         // told to come back
	wrong    []error     // any other answer
	i        atomic.Int64
	stop     chan struct{}
	wg       sync.WaitGroup
}

func startLoad(r *orchestratortest.Rig, rate int, insist bool) *load {
	const apps = 16
	l := &load{r: r, insist: insist, stop: make(chan struct{})}
	for range apps {
		l.wg.Go(func() {
			tick := time.NewTicker(apps * time.Second / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-l.stop:
					return
				case <-tick.C:
					l.send(l.i.Add(1))
				}
			}
		})
	}
	return l
}

// send has a message accepted, as an app does that keeps its idempotency key over retries.
func (l *load) send(i int64) {
	sub := l.r.Submission(number(i))
	sub.IdempotencyKey, sub.RequestHash = fmt.Sprint("key-", i), fmt.Sprint("hash-", i)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		acc, err := l.r.Engine.Accept(ctx, l.r.Caller, sub)
		cancel()
		_, busy := errors.AsType[*orchestrator.BusyError](err)
		l.mu.Lock()
		switch {
		case err == nil:
			l.accepted, l.at = append(l.accepted, acc.Message.ID), append(l.at, time.Now())
		case busy:
			l.busy++
		default:
			l.wrong = append(l.wrong, err)
		}
		l.mu.Unlock()
		if !busy || !l.insist {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// acceptedBetween counts what was accepted from a to b.
func (l *load) acceptedBetween(a, b time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.at {
		if !t.Before(a) && t.Before(b) {
			n++
		}
	}
	return n
}

// end stops the load and answers the ids of all that was accepted.
func (l *load) end(t *testing.T) []uuid.UUID {
	t.Helper()
	close(l.stop)
	l.wg.Wait()
	for i, err := range l.wrong {
		if i < 5 {
			t.Errorf("an app was answered %v", err)
		}
	}
	return l.accepted
}

// settle waits until every message has its final status, and fails the test for one that is not there.
func settle(t *testing.T, r *orchestratortest.Rig, ids []uuid.UUID) {
	t.Helper()
	ended := map[policy.MessageStatus]int{}
	for limit := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) { // reads may still meet dead connections
		if _, err := r.Engine.Message(t.Context(), r.Tenant.ID, ids[0]); err == nil || time.Now().After(limit) {
			break
		}
	}
	for _, id := range ids {
		v := r.Await(id, orchestratortest.Final)
		ended[v.Status]++
	}
	t.Log("messages ended", ended)
}

// calledOnce checks the provider's log: an attempt is called again only if its calls before were surely not taken.
func calledOnce(t *testing.T, sim *simulator.Simulator) {
	t.Helper()
	before := map[string]simulator.Call{}
	for _, c := range sim.Calls() {
		old, again := before[c.Reference]
		if again && (old.Taken() || old.Outcome != simulator.OutcomeRefused && old.Outcome != simulator.OutcomeCutNotTaken) {
			t.Errorf("attempt %s was called again on %s after %s", c.Reference, c.Channel, old.Outcome)
		}
		before[c.Reference] = c
	}
}

// firstCall is when the provider was first called after a time; zero if not.
func firstCall(sim *simulator.Simulator, after time.Time) (first time.Time) {
	for _, c := range sim.Calls() {
		if c.At.After(after) && (first.IsZero() || c.At.Before(first)) {
			first = c.At
		}
	}
	return first
}

// one asks the database one thing.
func one[T any](t *testing.T, driver, dsn, query string) (v T) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

func reference(id uuid.UUID, n int64) string {
	a := models.AttemptID(id, n)
	return hex.EncodeToString(a[:])
}

// count is how many messages have been accepted.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// awaitMore waits until n more messages have been accepted.
func (l *load) awaitMore(t *testing.T, n int) {
	t.Helper()
	want := l.count() + n
	until(t, fmt.Sprintf("%d more messages are accepted", n), func() bool { return l.count() >= want })
}
