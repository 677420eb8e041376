//go:build chaos

// Package chaostest breaks what the engine stands on, for real: it stops the database, cuts its connections, fills its
// disk and freezes processes. The provider simulator stays, and its log is the judge. Run it with make chaos.
package chaostest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the looks into the database

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/orchestrator/orchestratortest/faulttest"
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

// startLoad has apps send that keep their idempotency key over retries; they retry if they insist.
func startLoad(r *orchestratortest.Rig, rate int, insist bool) *faulttest.Load {
	return faulttest.Apps{
		Apps: 16, Rate: rate, Insist: insist,
		Send: func(i int64) (uuid.UUID, error) {
			sub := r.Submission(faulttest.Number(i))
			sub.IdempotencyKey, sub.RequestHash = fmt.Sprint("key-", i), fmt.Sprint("hash-", i)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			acc, err := r.Engine.Accept(ctx, r.Caller, sub)
			return acc.Message.ID, err
		},
		Busy: func(err error) bool {
			_, busy := errors.AsType[*orchestrator.BusyError](err)
			return busy
		},
	}.Start()
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
