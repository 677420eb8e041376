package orchestrator

import (
	"context"
	"errors"
	"runtime"
	"time"

	"cascade/models"
)

// committer is one group commit: what arrives while one commit is under way goes into the next. A message's facts all
// go to the same committer, so that two of them never wait for each other's rows.
type committer struct{ receipts, results, accepts chan *fact }

// errStopped: the engine has ended.
var errStopped = errors.New("the service is stopping")

// queueMost is how many facts of a kind wait for a committer. More callers than that are told to come back.
const queueMost = 4096

// newCommitters makes as many as the database can use: one writer is all SQLite has, and on Postgres one keeps two cores
// busy.
func newCommitters(s *models.Store) []*committer {
	n := 1
	if s.Dialect() == models.Postgres {
		n = min(max(runtime.GOMAXPROCS(0)/2, 1), 4)
	}
	all := make([]*committer, n)
	for i := range all {
		all[i] = &committer{make(chan *fact, queueMost), make(chan *fact, queueMost), make(chan *fact, queueMost)}
	}
	return all
}

// committer answers who commits the facts of a message.
func (e *Engine) committer(ref models.Ref) *committer {
	return e.committers[int(ref.ID[14])%len(e.committers)] // a byte that is random in a UUIDv7
}

// commitLoop commits until the engine ends. Receipts go first, always; then results of calls, then new messages: a
// flood must not make receipts late, for a late receipt is a second message.
func (e *Engine) commitLoop(q *committer) {
	for {
		var batch []*fact
		select {
		case f := <-q.receipts:
			batch = append(batch, f)
		default:
			select {
			case f := <-q.receipts:
				batch = append(batch, f)
			case f := <-q.results:
				batch = append(batch, f)
			case f := <-q.accepts:
				batch = append(batch, f)
			case <-e.life.Done():
				e.commitRest(q)
				return
			}
		}
		e.commit(q.fill(batch))
	}
}

// commitRest writes down what the last calls brought, at the end.
func (e *Engine) commitRest(q *committer) {
	for {
		batch := q.fill(nil)
		if len(batch) == 0 {
			return
		}
		e.commit(batch)
	}
}

// fill adds to a batch what waits, up to its most.
func (q *committer) fill(batch []*fact) []*fact {
	for _, c := range []chan *fact{q.receipts, q.results, q.accepts} {
		for waits := true; waits && len(batch) < batchMost; {
			select {
			case f := <-c:
				batch = append(batch, f)
			default:
				waits = false
			}
		}
	}
	return batch
}

// await waits for what becomes of a fact, as long as its bringer does and a commit may take. It may be stored after that:
// what comes again under its key finds it. One that came too late for the last commit is answered when the engine is gone.
func (e *Engine) await(ctx context.Context, f *fact) result {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	select {
	case r := <-f.done:
		return r
	case <-ctx.Done():
		return result{err: &BusyError{RetryAfter: time.Second, Cause: ctx.Err()}}
	case <-e.gone:
	}
	select {
	case r := <-f.done:
		return r
	default:
		return result{err: &BusyError{RetryAfter: time.Second, Cause: errStopped}}
	}
}

// again puts a fact back in the queue.
func (e *Engine) again(f *fact) {
	select {
	case e.committer(f.ref).results <- f:
	case <-e.life.Done():
		f.end(result{err: context.Canceled})
	}
}
