package hostiletest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// Rows that nobody can decide about, in the timers' schedule and in an account's backlog, more of them than a page
// holds. They are looked at now and then, and their neighbours go on as if they were not there.
func TestRowsThatCannotBeDecided(t *testing.T) {
	spoils := map[string][]string{
		"plan is no JSON":         {`INSERT INTO plans (tenant_id, id, body) VALUES ('TENANT', 'BAD', '{"steps":[')`, `UPDATE messages SET plan_id = 'BAD' WHERE WHICH`},
		"plan has no steps":       {`INSERT INTO plans (tenant_id, id, body) VALUES ('TENANT', 'BAD', '{}')`, `UPDATE messages SET plan_id = 'BAD' WHERE WHICH`},
		"plan is gone":            {`UPDATE messages SET plan_id = 'BAD' WHERE WHICH`},
		"step is none":            {`UPDATE attempts SET step = 7 WHERE message_id IN (SELECT id FROM messages WHERE WHICH)`},
		"step is negative":        {`UPDATE attempts SET step = -1 WHERE message_id IN (SELECT id FROM messages WHERE WHICH)`},
		"account is no account":   {`UPDATE attempts SET account_id = 'BAD' WHERE message_id IN (SELECT id FROM messages WHERE WHICH)`},
		"attempt status is noise": {`UPDATE attempts SET status = 'zzz' WHERE message_id IN (SELECT id FROM messages WHERE WHICH)`},
		"attempts are gone":       {`DELETE FROM attempts WHERE message_id IN (SELECT id FROM messages WHERE WHICH)`},
		"content is no JSON":      {`UPDATE messages SET content = '{' WHERE WHICH`},
	}
	const bad = 210 // more than the poller takes at once
	for _, dialect := range modelstest.Dialects(t) {
		for name, statements := range spoils {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				address := modelstest.OpenURL(t, dialect)
				h := newHostile(t, modelstest.OpenAt(t, address), hostileTimes{}, nil)
				closed := make(chan struct{})
				h.scripted("slow", 0, func(ctx context.Context, _ channels.Outbound) (channels.Taken, error) {
					select {
					case <-closed:
					case <-ctx.Done():
					}
					return channels.Taken{}, &channels.Failure{Class: policy.ClassDown, Code: "unreachable", RetryAfter: time.Second}
				})
				h.scripted("well", 0, func(context.Context, channels.Outbound) (channels.Taken, error) { return channels.Taken{}, nil })
				h.policy("poisoned", "1h", "2h", "slow")
				h.policy("neighbour", "1h", "2h", "well")
				h.sendMany("poisoned", bad)
				h.spoil(address, statements)
				close(closed)

				began := time.Now()
				var ids []uuid.UUID
				for i := range 20 {
					sub := orchestrator.Submission{
						To: hostileNumber(1000 + i), Category: policy.Transaction, PolicyName: "neighbour", SendAt: time.Now().Add(200 * time.Millisecond),
						Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "Ma 4821"}},
					}
					acc, err := h.engine.Accept(t.Context(), h.caller, sub)
					h.must(err)
					ids = append(ids, acc.Message.ID)
				}
				for _, id := range ids {
					if v := h.await(id, func(v orchestrator.MessageView) bool { return v.Status.Final() }); v.Status != policy.Sent {
						t.Errorf("the neighbour ended %s", v.Status)
					}
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("twenty neighbours took %s", took)
				}
				before := h.engine.Counters.Timers.Load()
				time.Sleep(time.Second)
				if looks := h.engine.Counters.Timers.Load() - before; looks > 3*bad {
					t.Errorf("the bad rows were looked at %d times in a second", looks)
				}
			})
		}
	}
}

// spoil runs statements on the rows of policy "poisoned".
func (h *hostile) spoil(address string, statements []string) {
	h.t.Helper()
	driver, dsn := "pgx", address
	if h.store.Dialect() == models.SQLite {
		driver, dsn = "sqlite", "file:"+strings.TrimPrefix(address, "sqlite://")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	h.must(err)
	defer db.Close()
	fill := strings.NewReplacer("TENANT", h.tenant.ID.String(), "BAD", "00000000-0000-4000-8000-00000000bad0", "WHICH", "policy_name = 'poisoned'")
	for _, s := range statements {
		_, err := db.ExecContext(h.t.Context(), fill.Replace(s))
		h.must(err)
	}
}

// What cannot be decided still ends: at its ttl it expires, and says why.
func TestUndecidableRowEnds(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			address := modelstest.OpenURL(t, dialect)
			h := newHostile(t, modelstest.OpenAt(t, address), hostileTimes{}, nil)
			h.scripted("down", 0, func(context.Context, channels.Outbound) (channels.Taken, error) {
				return channels.Taken{}, &channels.Failure{Class: policy.ClassDown, Code: "unreachable", RetryAfter: 200 * time.Millisecond}
			})
			h.policy("poisoned", "1h", "2s", "down")
			id := h.send("poisoned", hostileNumber(1))
			h.spoil(address, []string{`INSERT INTO plans (tenant_id, id, body) VALUES ('TENANT', 'BAD', '{"steps":[')`, `UPDATE messages SET plan_id = 'BAD' WHERE WHICH`})
			var st *models.State
			for limit := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
				if st = h.state(id); st.Message.Status.Final() {
					break
				}
				if time.Now().After(limit) {
					t.Fatalf("the message is %s, %s", st.Message.Status, st.Message.Reason)
				}
			}
			if st.Message.Status != policy.Expired || st.Message.Reason != "undecidable" || st.Message.DueAt != 0 {
				t.Errorf("it ended %s, %s, due at %d", st.Message.Status, st.Message.Reason, st.Message.DueAt)
			}
			h.verify()
		})
	}
}

// A receipt for a message that cannot be decided is kept all the same, and the provider is told so.
func TestReceiptOfUndecidableRowIsKept(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			address := modelstest.OpenURL(t, dialect)
			gw := newLiar(t)
			h := newHostile(t, modelstest.OpenAt(t, address), hostileTimes{}, nil)
			h.gateway("gw", gw.URL)
			h.policy("poisoned", "1h", "2h", "gw")
			id := h.send("poisoned", hostileNumber(1))
			h.await(id, taken)
			h.restart(address, []string{`INSERT INTO plans (tenant_id, id, body) VALUES ('TENANT', 'BAD', '{"steps":[')`, `UPDATE messages SET plan_id = 'BAD' WHERE WHICH`})
			h.must(h.hook("gw", `{"id":"p-1","status":"delivered"}`))
			if n := h.receipts(address, models.ReceiptQuarantined); n != 1 {
				t.Errorf("%d receipts in quarantine, want 1", n)
			}
		})
	}
}

// restart spoils rows and makes the engine forget what it remembers of them.
func (h *hostile) restart(address string, statements []string) {
	h.t.Helper()
	h.spoil(address, append(statements, `UPDATE messages SET version = version + 1 WHERE WHICH`))
}

// receipts counts the receipts in a state.
func (h *hostile) receipts(address string, state models.ReceiptState) (n int) {
	h.t.Helper()
	driver, dsn := "pgx", address
	if h.store.Dialect() == models.SQLite {
		driver, dsn = "sqlite", "file:"+strings.TrimPrefix(address, "sqlite://")+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, dsn)
	h.must(err)
	defer db.Close()
	h.must(db.QueryRowContext(h.t.Context(), fmt.Sprintf("SELECT count(*) FROM receipts WHERE state = '%s'", state)).Scan(&n))
	return n
}
