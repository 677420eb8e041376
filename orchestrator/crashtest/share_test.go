package crashtest

import (
	"context"
	"database/sql"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver of sendingSince

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest/faulttest"
)

// busy is how much later than by its clock a machine with much else to do may get to something.
const busy = 20 * time.Second

// Two workers share a backlog that comes due at once; one dies in the middle of it.
func TestTwoWorkersShareDueMessages(t *testing.T) {
	if !hasPostgres(t) {
		return
	}
	messages, perSecond := 5000, 600.0
	if testing.Short() {
		messages, perSecond = 500, 150
	}
	b := newBench(t, models.Postgres, shape{perSecond: perSecond, timeout: "3s"})
	b.sim.SetRule("*7", simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Hang}) // a kill finds calls under way
	due := time.Now().Add(3*time.Second + time.Duration(messages)*2*time.Millisecond)
	ids := b.schedule(messages, due)
	one, two := b.start(workerConfig{}), b.start(workerConfig{})

	var a, c int64
	for deadline := due.Add(time.Minute); a+c < int64(messages)*4/10; {
		if time.Now().After(deadline) {
			t.Fatalf("the workers made %d and %d calls", a, c)
		}
		time.Sleep(20 * time.Millisecond)
		a, c = one.calls(), two.calls()
	}
	if min(a, c)*10 < a+c {
		t.Errorf("the workers made %d and %d calls: one of them starves", a, c)
	}
	one.kill()
	killed := time.Now()
	if b.sendingSince(killed) == 0 {
		t.Error("the kill met no call under way")
	}
	for b.sendingSince(killed) > 0 {
		if time.Since(killed) > lease+busy {
			t.Fatalf("%d calls of the dead worker are still taken for its own, %s after its lease", b.sendingSince(killed), time.Since(killed)-lease)
		}
		time.Sleep(20 * time.Millisecond)
	}
	moved := time.Since(killed)
	b.awaitFinal(two, ids)
	t.Logf("%d and %d calls when one was killed; its work moved within %s; all ended %s after they were due", a, c, moved, time.Since(due))
	two.terminate()
	faulttest.CalledOnce(t, b.sim)
	b.withStore(func(s *models.Store) {
		b.verify(s)
		b.truthful(s, ids)
	})
}

func hasPostgres(t *testing.T) bool {
	dialects := modelstest.Dialects(t)
	return dialects[len(dialects)-1] == models.Postgres
}

// schedule accepts messages that are all due at the same time.
func (b *bench) schedule(n int, due time.Time) []uuid.UUID {
	b.t.Helper()
	var ids []uuid.UUID
	b.withStore(func(s *models.Store) {
		engine, err := newEngine(s, channels.NewHTTPClient(nil), b.hookURL)
		b.must(err)
		b.must(engine.Start(b.t.Context()))
		for i := 0; i < n; {
			var batch []orchestrator.Submission
			for ; i < n && len(batch) < 1000; i++ {
				one := submission(faulttest.Number(int64(i)))
				one.SendAt = due
				batch = append(batch, one)
			}
			for _, out := range engine.AcceptBatch(b.t.Context(), orchestrator.Caller{TenantID: b.tenant}, batch) {
				b.must(out.Err)
				ids = append(ids, out.Accepted.Message.ID)
			}
		}
		ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
		defer cancel()
		b.must(engine.Stop(ctx))
	})
	if time.Now().After(due) {
		b.t.Fatal("the messages were due before all of them were accepted")
	}
	return ids
}

// sendingSince counts the calls begun before at whose end nobody has written down.
func (b *bench) sendingSince(at time.Time) (n int) {
	b.t.Helper()
	db, err := sql.Open("pgx", b.database)
	b.must(err)
	defer db.Close()
	b.must(db.QueryRowContext(b.t.Context(), "SELECT count(*) FROM attempts WHERE status = 'sending' AND called_at < $1", at.UnixMilli()).Scan(&n))
	return n
}

// Fifty sends meet an expired token on two workers at once: its refresh token is spent once.
func TestOneRefreshForAll(t *testing.T) {
	if !hasPostgres(t) {
		return
	}
	b := newBench(t, models.Postgres, shape{timeout: "5s"})
	workers := []*process{b.start(workerConfig{}), b.start(workerConfig{})}
	b.sim.ExpireTokens()
	ids := b.sendAll(50, workers...)
	b.awaitFinal(workers[0], ids)
	if got := b.sim.Refreshes(); got != 1 || b.renewals.Load() != 1 {
		t.Errorf("%d refreshes by %d calls, want one", got, b.renewals.Load())
	}
	if calls := b.taken("zns"); calls != len(ids) {
		t.Errorf("%d of %d messages went by ZNS", calls, len(ids))
	}
	faulttest.CalledOnce(t, b.sim)
	b.withStore(func(s *models.Store) {
		b.verify(s)
		b.truthful(s, ids)
	})
}

// sendAll sends n messages at once, spread over the workers.
func (b *bench) sendAll(n int, workers ...*process) []uuid.UUID {
	b.t.Helper()
	type sent struct {
		id  uuid.UUID
		err error
	}
	results := make(chan sent)
	for i := range n {
		go func() {
			id, err := workers[i%len(workers)].send(faulttest.Number(int64(i * 10)))
			results <- sent{id, err}
		}()
	}
	var ids []uuid.UUID
	for range n {
		if r := <-results; r.err == nil {
			ids = append(ids, r.id)
		}
	}
	return ids
}

// taken counts the messages that a channel's provider took.
func (b *bench) taken(channel string) (n int) {
	for _, c := range b.sim.Calls() {
		if c.Channel == channel && c.Taken() {
			n++
		}
	}
	return n
}

// A worker dies between a refresh's answer and its commit: the refresh token is spent and its successor lost. The
// account waits for a person, its traffic takes the next channel, and nothing tries the dead token again.
func TestKilledWhileRefreshing(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			b := newBench(t, dialect, shape{timeout: "5s"})
			b.sim.ExpireTokens()
			p := b.start(workerConfig{DieRenewing: true})
			ids := b.sendAll(50, p)
			select {
			case <-p.Ended():
			case <-time.After(busy):
				t.Fatal("the worker never renewed its token")
			}
			p.gone()
			began := time.Now()
			p = b.start(workerConfig{})
			ids = append(ids, b.sendAll(50, p)...)
			b.awaitState(p, "oa", models.AccountNeedsReauth)
			known := time.Since(began)
			b.awaitFinal(p, ids)
			t.Logf("the loss was known within %s; %d messages ended within %s", known, len(ids), time.Since(began))

			before := b.taken("viber")
			more := b.sendAll(20, p)
			b.awaitFinal(p, more)
			if moved := b.taken("viber") - before; moved != len(more) {
				t.Errorf("%d of %d later messages went by Viber", moved, len(more))
			}
			if got := b.renewals.Load(); got != 1 {
				t.Errorf("%d calls for a new token, want the one whose answer was lost", got)
			}
			p.terminate()
			faulttest.CalledOnce(t, b.sim)
			b.withStore(func(s *models.Store) {
				b.verify(s)
				b.truthful(s, ids)
			})
		})
	}
}

// awaitState waits until an account is in a state.
func (b *bench) awaitState(p *process, account string, want models.AccountState) {
	b.t.Helper()
	for deadline := time.Now().Add(lease + busy); ; time.Sleep(50 * time.Millisecond) {
		var states map[string]models.AccountState
		b.must(p.Ask(b.t.Context(), http.MethodGet, "/accounts", nil, &states))
		switch {
		case states[account] == want:
			return
		case time.Now().After(deadline):
			b.t.Fatalf("the account is %s, want %s", states[account], want)
		}
	}
}
