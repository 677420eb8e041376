package orchestrator

import (
	"context"
	"sync/atomic"
	"time"

	"cascade/models"
)

// duePage is how many due messages one transaction takes: it lasts milliseconds.
const duePage = 200

// never is a time that nothing is due after.
const never = int64(1) << 62

// planned is when the poller means to wake, in Unix milliseconds; a commit that makes something due earlier wakes it.
type planned struct{ at atomic.Int64 }

// dueAt wakes the poller if something becomes due before it means to look.
func (e *Engine) dueAt(ms int64) {
	if ms != 0 && ms < e.planned.at.Load() {
		e.poll.wake()
	}
}

// pollLoop takes up what is due: timers' ends, send_at, the end of quiet hours, retries, leases of dead replicas.
// The rows are the schedule; this loop only sleeps until the earliest of them.
func (e *Engine) pollLoop() {
	for e.room() {
		n, err := e.takeDue()
		if err != nil {
			e.log.Error("due messages", "err", err)
		}
		if n == duePage {
			continue
		}
		if !e.sleep(e.poll, e.untilNextDue(err != nil)) {
			return
		}
	}
}

// untilNextDue is how long the poller may sleep.
func (e *Engine) untilNextDue(failed bool) time.Duration {
	now := ms(e.now())
	e.planned.at.Store(never) // whatever commits from here on wakes us
	wait := pollEvery
	if !failed {
		ctx, cancel := e.recording()
		defer cancel()
		if due, err := e.o.Store.NextDue(ctx); err == nil && due > 0 {
			wait = min(wait, max(time.Duration(due-now)*time.Millisecond, time.Millisecond))
		}
	}
	e.planned.at.Store(now + wait.Milliseconds())
	return wait
}

// takeDue decides about one page of due messages, and reports how many there were.
func (e *Engine) takeDue() (int, error) {
	now := e.now()
	return e.take(func(ctx context.Context, tx *models.Tx) ([]models.Message, error) {
		rows, err := tx.LockDue(ctx, ms(now), duePage)
		for _, m := range rows {
			e.Counters.Timers.Add(1)
			e.Counters.LateNanos.Add(int64(now.Sub(fromMS(m.DueAt))))
		}
		return rows, err
	})
}

// take locks messages, decides about each and writes what follows, in one short transaction.
func (e *Engine) take(lock func(context.Context, *models.Tx) ([]models.Message, error)) (int, error) {
	ctx, cancel := e.recording()
	defer cancel()
	var w *writing
	n := 0
	err := e.o.Store.InTx(ctx, func(tx *models.Tx) error {
		if w != nil {
			w.drop() // a try before this one failed
		}
		w = &writing{e: e}
		rows, err := lock(ctx, tx)
		if err != nil || len(rows) == 0 {
			n = 0
			return err
		}
		n = len(rows)
		refs := make([]models.Ref, len(rows))
		for i, m := range rows {
			refs[i] = models.Ref{TenantID: m.TenantID, ID: m.ID}
		}
		attempts, err := tx.Attempts(ctx, refs)
		if err != nil {
			return err
		}
		now := e.now()
		for i, m := range rows {
			c, err := e.decided(ctx, models.State{Message: m, Attempts: attempts[refs[i]]}, now)
			if err != nil {
				return err
			}
			w.pieces = append(w.pieces, &piece{change: c})
		}
		return w.write(ctx)(tx)
	})
	if err != nil {
		if w != nil {
			w.drop()
		}
		return 0, err
	}
	w.committed()
	return n, nil
}

// decided is the change of a message that is looked at without a new fact. The error is the database's; a row that makes
// no sense is shelved.
func (e *Engine) decided(ctx context.Context, st models.State, now time.Time) (*change, error) {
	conf, err := e.dir.tenant(ctx, st.Message.TenantID)
	if err != nil && away(err) {
		return nil, err
	}
	var c *change
	if err == nil {
		c, err = e.newChange(conf, st, now)
	}
	if err == nil {
		err = c.decide()
	}
	if err == nil {
		return c, nil
	}
	e.log.Error("message cannot be decided", "message_id", st.Message.ID, "err", err)
	return e.shelve(conf, st, now), nil
}

// Times of the drain loop.
const (
	drainSoon = 10 * time.Millisecond // a lane waits for its rate
	drainIdle = time.Second           // backlogs that another replica left
)

// drainLoop gives waiting messages the free capacity of their accounts, most urgent first.
func (e *Engine) drainLoop() {
	wait := time.Duration(0)
	for e.sleep(e.drain, wait) {
		lanes := e.lanes.waiting()
		wait = drainSoon
		if len(lanes) == 0 {
			wait = drainIdle
			if err := e.findBacklogs(); err != nil {
				e.log.Error("backlogs", "err", err)
			}
			lanes = e.lanes.waiting()
		}
		for key, ln := range lanes {
			if err := e.drainLane(key, ln); err != nil {
				e.log.Error("backlog", "account", key.account, "err", err)
				wait = drainIdle
			}
		}
	}
}

// drainLane claims as much of a lane's backlog as it has room for. An account that cannot be used lets its backlog
// go down the ladder.
func (e *Engine) drainLane(key laneKey, ln *lane) error {
	room := ln.free()
	if ln.unusable(e.now()).Reason != "" {
		room = duePage
	}
	if room <= 0 {
		return nil
	}
	most := min(room, duePage)
	n, err := e.take(func(ctx context.Context, tx *models.Tx) ([]models.Message, error) {
		return tx.LockQueued(ctx, key.account, most)
	})
	if err == nil && n < most {
		ln.setBacklog(false)
	}
	return err
}

// findBacklogs marks the lanes of accounts for which messages wait.
func (e *Engine) findBacklogs() error {
	ctx, cancel := e.recording()
	defer cancel()
	ids, err := e.o.Store.QueuedAccounts(ctx)
	if err != nil {
		return err
	}
	for _, id := range ids {
		row, err := e.dir.accountByID(ctx, id)
		if err != nil {
			row = models.Account{ID: id} // gone: its lane lets the backlog go down the ladder
		}
		e.lanes.get(laneKey{account: id}, row.PerSecond, row.Concurrency).setBacklog(true)
	}
	return nil
}
