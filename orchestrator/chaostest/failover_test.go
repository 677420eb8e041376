//go:build chaos

package chaostest

import (
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/orchestrator/orchestratortest"
	"cascade/orchestrator/orchestratortest/faulttest"
)

var rounds = flag.Int("chaostest.rounds", 3, "how often a standby is promoted")

// pair is a primary and its standby, which change places. The relay between them can be cut.
type pair struct {
	t                *testing.T
	primary, standby *server
	link             *relay
	both             string // the address of whichever of them takes writes
	unheard          []span // when commits were answered that the standby never heard of
}

type span struct{ from, to time.Time }

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, primary: newServer(t), standby: prepare(t), link: newRelay(t)}
	p.both = fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write",
		p.primary.port, p.standby.port)
	return p
}

// follow makes the standby a fresh copy of the primary, which streams. Where it is synchronous, no commit is answered
// from then on that the standby does not have.
func (p *pair) follow(synchronous bool) {
	p.t.Helper()
	if err := os.RemoveAll(p.standby.data()); err != nil {
		p.t.Fatal(err)
	}
	p.link.lead(p.primary.port)
	p.standby.must(p.standby.run("pg_basebackup", "-h", "127.0.0.1", "-p", itoa(p.link.port), "-U", "postgres", "-D", p.standby.data(),
		"-R", "-X", "stream", "-c", "fast", "--no-sync"))
	p.standby.start()
	want := "streaming async"
	if synchronous {
		want = "streaming sync"
		p.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
		p.ask("SELECT pg_reload_conf()")
	}
	faulttest.Until(p.t, "the standby is "+want, func() bool {
		return one[string](p.t, "pgx", p.primary.address(), "SELECT coalesce(max(state || ' ' || sync_state), '') FROM pg_stat_replication") == want
	})
}

func (p *pair) ask(statement string) {
	p.t.Helper()
	db, err := sql.Open("pgx", p.primary.address())
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(p.t.Context(), statement); err != nil {
		p.t.Fatal(err)
	}
}

// promote has the standby take writes; the two change places.
func (p *pair) promote() {
	p.t.Helper()
	p.standby.must(p.standby.run("pg_ctl", "-D", p.standby.data(), "-w", "-t", "60", "promote"))
	p.primary, p.standby = p.standby, p.primary
}

// fail lets the primary die and the standby take over, round after round, under load; lag is how many messages are
// accepted that the standby never hears of.
func (p *pair) fail(r *orchestratortest.Rig, l *faulttest.Load, synchronous bool, lag int) (worst time.Duration) {
	p.t.Helper()
	for round := range *rounds {
		p.follow(synchronous)
		l.AwaitMore(p.t, 50+rand.IntN(50))
		lost := span{from: time.Now()}
		if lag > 0 {
			p.link.sever()
			l.AwaitMore(p.t, lag)
		}
		p.primary.crash()
		down := time.Now()
		lost.to = down
		p.unheard = append(p.unheard, lost)
		busy := l.Busy()
		faulttest.Until(p.t, "an app meets the dead primary", func() bool { return l.Busy() > busy })
		if n := l.AcceptedBetween(down.Add(20*time.Millisecond), time.Now()); n > 0 {
			p.t.Errorf("round %d: %d messages were accepted without a primary", round, n)
		}
		p.promote()
		up := time.Now()
		faulttest.Until(p.t, "messages are sent and accepted again", func() bool {
			return !firstCall(r.Sim, up).IsZero() && l.AcceptedBetween(up, time.Now()) > 0
		})
		worst = max(worst, time.Since(up))
	}
	if worst > 10*time.Second {
		p.t.Errorf("sending again took %s after a promotion; want at most 10 s", worst)
	}
	return worst
}

// A primary dies and its synchronous standby is promoted, under load. All that was accepted is there and ends once; no
// attempt is called twice.
func TestSynchronousStandbyPromoted(t *testing.T) {
	p := newPair(t)
	r := newRig(t, p.both)
	r.Sim.SetRule("*3", simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
	l := startLoad(r, 150, true)
	worst := p.fail(r, l, true, 0)
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d promotions: %d accepted, %d told to come back, sending again within %s", *rounds, len(ids), l.Busy(), worst)
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	p.noDoubles(len(ids))
}

func (p *pair) noDoubles(accepted int) {
	p.t.Helper()
	address := p.primary.address()
	if twice := one[int](p.t, "pgx", address, `SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY to_phone HAVING count(*) > 1) x`); twice != 0 {
		p.t.Errorf("%d numbers have two messages under one idempotency key", twice)
	}
	if rows := one[int](p.t, "pgx", address, `SELECT count(*) FROM messages`); rows != accepted {
		p.t.Errorf("%d messages are stored, and %d apps were told theirs", rows, accepted)
	}
}

// A primary dies whose standby lags. What the standby has not heard of is lost, answered or not: nobody can promise more.
// What is stored is consistent all the same, and ends. An attempt is called again only where its claim was lost.
func TestAsynchronousStandbyPromoted(t *testing.T) {
	p := newPair(t)
	r := newRig(t, p.both)
	r.Sim.SetRule("*3", simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
	l := startLoad(r, 150, true)
	worst := p.fail(r, l, false, 30)
	ids := l.End(t)
	stored, lost := p.split(ids)
	settle(t, r, stored)
	t.Logf("%d promotions: %d accepted, of which %d are lost, %d told to come back, sending again within %s",
		*rounds, len(ids), lost, l.Busy(), worst)
	if lost == 0 {
		t.Error("nothing was lost: the standby did not lag, and the test met nothing")
	}
	again := p.calledAgain(r.Sim)
	t.Logf("%d attempts were called again, whose claims were lost", again)
	r.Verify()
	p.noDoubles(len(stored))
}

// split tells what is stored of what was accepted.
func (p *pair) split(ids []uuid.UUID) (stored []uuid.UUID, lost int) {
	p.t.Helper()
	db, err := sql.Open("pgx", p.primary.address())
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(p.t.Context(), "SELECT id FROM messages")
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	there := map[uuid.UUID]bool{}
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			p.t.Fatal(err)
		}
		there[id] = true
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	for _, id := range ids {
		if there[id] {
			stored = append(stored, id)
		} else {
			lost++
		}
	}
	return stored, lost
}

// calledAgain counts the attempts that were called a second time, since the standby never heard of their claim. Any
// other second call fails the test.
func (p *pair) calledAgain(sim *simulator.Simulator) (n int) {
	p.t.Helper()
	before := map[string]simulator.Call{}
	for _, c := range sim.Calls() {
		old, again := before[c.Reference]
		before[c.Reference] = c
		if !again {
			continue
		}
		n++
		if !slices.ContainsFunc(p.unheard, func(s span) bool { return !old.At.Before(s.from) && !c.At.Before(s.to) }) {
			p.t.Errorf("attempt %s was called on %s at %s and at %s though the standby knew its claim: it missed %v",
				c.Reference, c.Channel, old.At, c.At, p.unheard)
		}
	}
	return n
}

// The primary vanishes without a word: nothing it is sent is answered, and nothing says that it is gone. The service
// finds the promoted standby all the same.
func TestPrimaryVanishes(t *testing.T) {
	p := newPair(t)
	road := newRelay(t)
	var gone atomic.Bool
	forever := make(chan struct{})
	t.Cleanup(func() { close(forever) })
	road.before = func([]byte) {
		if gone.Load() {
			<-forever
		}
	}
	road.lead(p.primary.port)
	p.follow(true)
	both := fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write", road.port, p.standby.port)
	r := newRig(t, both)
	l := startLoad(r, 150, true)
	l.AwaitMore(t, 100)
	gone.Store(true)
	vanished := time.Now()
	p.promote()
	up := time.Now()
	faulttest.Until(t, "messages are sent and accepted again", func() bool {
		return !firstCall(r.Sim, up).IsZero() && l.AcceptedBetween(up, time.Now()) > 0
	})
	took := time.Since(vanished)
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d accepted, %d told to come back, sending again within %s", len(ids), l.Busy(), took)
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	p.noDoubles(len(ids))
}
