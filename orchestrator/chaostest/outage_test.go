//go:build chaos

package chaostest

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"
	"time"

	"cascade/orchestrator/orchestratortest/faulttest"
)

// The database is stopped at once and started again, under load, again and again. What was accepted is there and ends;
// nothing is accepted meanwhile; messages go out again soon after.
func TestPostgresStopsAndStarts(t *testing.T) {
	const rounds = 15
	pg := newServer(t)
	r := newRig(t, pg.address())
	l := startLoad(r, 200, false)
	worst := time.Duration(0)
	for round := range rounds {
		time.Sleep(300*time.Millisecond + rand.N(300*time.Millisecond))
		pg.crash()
		down := time.Now()
		busy := l.Busy()
		time.Sleep(200*time.Millisecond + rand.N(400*time.Millisecond))
		if n := l.AcceptedBetween(down.Add(20*time.Millisecond), time.Now()); n > 0 {
			t.Errorf("round %d: %d messages were accepted without a database", round, n)
		}
		if l.Busy() == busy {
			t.Errorf("round %d: no app was told to come back while the database was away", round)
		}
		pg.start()
		up := time.Now()
		for firstCall(r.Sim, up).IsZero() {
			if time.Since(up) > 10*time.Second {
				t.Fatalf("round %d: nothing was sent within 10 s of the database's return", round)
			}
			time.Sleep(5 * time.Millisecond)
		}
		worst = max(worst, firstCall(r.Sim, up).Sub(up))
	}
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d stops: %d accepted, %d told to come back, sending again within %s", rounds, len(ids), l.Busy(), worst)
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
}

// Every connection of the engine's is ended by the server, hundreds of times, under load.
func TestPostgresTerminatesBackends(t *testing.T) {
	const storms = 300
	pg := newServer(t)
	r := newRig(t, pg.address())
	l := startLoad(r, 200, true)
	db, err := sql.Open("pgx", pg.address())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ended := 0
	for range storms {
		time.Sleep(rand.N(40 * time.Millisecond))
		var n int
		if err := db.QueryRowContext(context.Background(),
			`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'cascade' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		ended += n
	}
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d storms ended %d connections: %d accepted, %d told to come back", storms, ended, len(ids), l.Busy())
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	if twice := one[int](t, "pgx", pg.address(), `SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY to_phone HAVING count(*) > 1) x`); twice != 0 {
		t.Errorf("%d numbers have two messages under one idempotency key", twice)
	}
}
