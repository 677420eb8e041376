package longtest

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the transaction that is held open

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// postgresAt answers the address of a database on Postgres; "" where none is at hand.
func postgresAt(t *testing.T) string {
	t.Helper()
	dialects := modelstest.Dialects(t)
	if dialects[len(dialects)-1] != models.Postgres {
		return ""
	}
	return modelstest.OpenURL(t, models.Postgres)
}

// at gives each node a connection of its own.
func at(t *testing.T, address string) func(int) *models.Store {
	t.Helper()
	return func(int) *models.Store { return modelstest.OpenAt(t, address) }
}

// Two nodes on one Postgres share what comes due at once, 64 calls at a time each. No attempt is called twice, and
// neither node starves.
func TestTwoNodesShareWhatIsDueAtOnce(t *testing.T) {
	t.Parallel()
	rounds, messages := size(1, 20), size(2_000/detector, 20_000)
	for round := range rounds {
		t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
			address := postgresAt(t)
			if address == "" {
				return
			}
			w := newWorld(t, setup{clocks: make([]time.Duration, 2), open: at(t, address)})
			c := w.newCustomer()
			c.addInfobip(policy.SMS, pace{concurrency: 64})
			c.policy("default", `{"steps":[{"channel":"sms","until":"sent","timeout":"1m"}],"ttl":"30m"}`)
			w.sim.SetRule("*", simulator.Rule{AnswerAfter: 10 * time.Millisecond, Deliver: new(time.Duration(-1))})
			due := time.Now().Add(2*time.Second + time.Duration(messages)*time.Millisecond)
			subs := make([]orchestrator.Submission, messages)
			for i := range subs {
				subs[i] = submission(phone(i), "default")
				subs[i].SendAt = due
			}
			ids := c.sendAll(subs)
			if time.Now().After(due) {
				t.Fatal("the messages were due before all of them were accepted")
			}
			time.Sleep(time.Until(due))
			for _, st := range c.await(ids, 5*time.Minute, 100*time.Millisecond) {
				if st.Message.Status != policy.Sent || len(st.Attempts) != 1 || st.Attempts[0].Calls != 1 {
					t.Errorf("%s ended %s, %s: %+v", st.Message.To, st.Message.Status, st.Message.Reason, st.Attempts)
				}
			}
			took := time.Since(due)
			var of []int64
			var all int64
			for _, n := range w.nodes {
				of = append(of, n.engine.Counters.Calls.Load())
				all += of[len(of)-1]
			}
			calls := w.sim.Calls()
			t.Logf("%d messages ended %s after they were due; calls by node %v", messages, took.Round(time.Millisecond), of)
			if len(calls) != messages || all != int64(messages) {
				t.Errorf("the provider's log has %d calls, the nodes count %d, for %d messages", len(calls), all, messages)
			}
			if slices.Min(of)*10 < all {
				t.Errorf("calls by node %v: one of them starves", of)
			}
			w.verify()
		})
	}
}

// Somebody holds a REPEATABLE READ transaction open, so that Postgres can clean nothing up, while messages come due all
// the time. Everything ends; how much later messages are claimed is printed.
func TestClaimsBesideAnOldSnapshot(t *testing.T) {
	t.Parallel()
	seconds := size(4, 60)
	perSecond := size(100/detector, 300)
	address := postgresAt(t)
	if address == "" {
		return
	}
	var late [2][]time.Duration
	for i, held := range []bool{false, true} {
		if i == 1 {
			address = modelstest.OpenURL(t, models.Postgres)
		}
		late[i] = claimsRun(t, address, seconds, perSecond, held)
		seconds = size(8, 60)
	}
	t.Logf("claimed after due, p99: %s, beside an old snapshot %s, %.1f times; at most %s and %s", p99(late[0]), p99(late[1]),
		float64(p99(late[1]))/float64(max(p99(late[0]), 1)), slices.Max(late[0]), slices.Max(late[1]))
}

// claimsRun answers how long after it was due each message's call came.
func claimsRun(t *testing.T, address string, seconds, perSecond int, held bool) (late []time.Duration) {
	w := newWorld(t, setup{open: at(t, address)})
	c := w.newCustomer()
	c.addInfobip(policy.Viber, pace{})
	c.addInfobip(policy.SMS, pace{})
	c.policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"1s"},{"channel":"sms","until":"delivered","timeout":"1m"}],"ttl":"10m"}`)
	w.sim.SetRule("*", simulator.Rule{Channel: simulator.Viber, Deliver: new(time.Duration(-1)), DropWebhooks: true})
	w.sim.SetRule("*", simulator.Rule{Channel: simulator.SMS, Deliver: new(200 * time.Millisecond)})
	warm := c.send(submission(phone(9_999_999), "default"))
	c.await([]uuid.UUID{warm}, time.Minute, 50*time.Millisecond)
	release := func() {}
	if held {
		release = holdSnapshot(t, address)
	}
	var ids []uuid.UUID
	var mu sync.Mutex
	var senders sync.WaitGroup
	began := time.Now()
	for i := range seconds * perSecond {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
		senders.Go(func() {
			sub := submission(phone(i), "default")
			sub.SendAt = time.Now().Add(500 * time.Millisecond)
			acc, err := w.engine().Accept(t.Context(), c.caller, sub)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids = append(ids, acc.Message.ID)
		})
	}
	senders.Wait()
	ended := c.await(ids, 2*time.Minute, 200*time.Millisecond)
	release()
	calls := w.callsOf()
	for _, st := range ended {
		first, second := calls[reference(st.Message.ID, 1)], calls[reference(st.Message.ID, 2)]
		if st.Message.Status != policy.Delivered || len(first) != 1 || len(second) != 1 {
			t.Errorf("%s ended %s, %s, after %d and %d calls: %+v", st.Message.To, st.Message.Status, st.Message.Reason, len(first), len(second), st.Attempts)
			continue
		}
		late = append(late, first[0].At.Sub(time.UnixMilli(st.Message.SendAt)))
	}
	w.verify()
	return late
}

// holdSnapshot holds a transaction with a snapshot open until release is called.
func holdSnapshot(t *testing.T, address string) (release func()) {
	t.Helper()
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() (n int) {
		if err := tx.QueryRow("SELECT count(*) FROM messages").Scan(&n); err != nil {
			t.Error("the old snapshot:", err)
		}
		return n
	}
	before := seen()
	return func() {
		if after := seen(); after != before {
			t.Errorf("the snapshot was not held: it had %d messages, and has %d", before, after)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
