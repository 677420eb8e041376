package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"cascade/models"
)

// The storing of messages before a load.
const (
	storedBatch   = 1000
	storedWriters = 2 // on Postgres; SQLite has one
	storedTell    = 100_000
)

// stock is a kind of messages that are stored before a load.
type stock struct {
	name   string
	first  int64 // phone number of the sample
	n      int
	wanted func(models.State) bool
	// span is how long before now the first was accepted, until the last; the others are spread evenly.
	from, to time.Duration
}

// Messages that wait are due evenly over a day, two days from now at the earliest; overdue ones have been for an hour at
// most.
func pendingStock(n int) stock {
	return stock{"pending", firstPending, n, waits, 24 * time.Hour, 0}
}

func overdueStock(n int) stock {
	return stock{"overdue", firstPending, n, waits, waitLong + time.Hour, waitLong + time.Second}
}

func finishedStock(n int) stock {
	return stock{"finished", firstFinished, n, arrived, 30 * 24 * time.Hour, 0}
}

// fill stores what is wanted before the load, and takes down what it came to on disk and in memory.
func (s *service) fill(ctx context.Context) error {
	if s.o.Pending+s.o.Finished == 0 {
		return nil
	}
	s.figures.memory = newMemory()
	for _, k := range []stock{finishedStock(s.o.Finished), pendingStock(s.o.Pending)} {
		if k.n == 0 {
			continue
		}
		pattern, err := s.takeSample(ctx, k.first, k.wanted)
		if err != nil {
			return err
		}
		if err := s.store(ctx, k, pattern); err != nil {
			return err
		}
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	s.figures.memory.filled()
	return nil
}

// settle leaves the database as one that has lived for a while, unless it is to be stale.
func (s *service) settle(ctx context.Context) error {
	if s.o.Stale || s.db.store.Dialect() != models.Postgres {
		return nil
	}
	conn, _, err := s.db.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "VACUUM (ANALYZE)"); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// store writes the messages of k as copies of a sample.
func (s *service) store(ctx context.Context, k stock, pattern *sample) error {
	before, err := s.db.disk(ctx)
	if err != nil {
		return err
	}
	began := time.Now()
	w := writer{store: s.db.store, stock: k, sample: pattern, began: began, progress: s.o.Progress}
	if err := w.run(ctx); err != nil {
		return fmt.Errorf("store %s messages: %w", k.name, err)
	}
	took := time.Since(began)
	after, err := s.db.disk(ctx)
	if err != nil {
		return err
	}
	s.figures.stored = append(s.figures.stored, newStored(k, took, before, after))
	return nil
}

// writer stores a stock through the store's own statements.
type writer struct {
	stock
	store    *models.Store
	sample   *sample
	began    time.Time
	progress io.Writer
	next     atomic.Int64 // how many messages are taken by a writer
	done     atomic.Int64
}

func (w *writer) run(ctx context.Context) error {
	writers := storedWriters
	if w.store.Dialect() == models.SQLite {
		writers = 1
	}
	errs := make([]error, writers)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for errs[i] == nil {
				from := w.next.Add(storedBatch) - storedBatch
				to := min(from+storedBatch, int64(w.n))
				if from >= to {
					return
				}
				errs[i] = w.write(ctx, from, to)
				w.tell(to - from)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (w *writer) tell(n int64) {
	done := w.done.Add(n)
	if done/storedTell != (done-n)/storedTell {
		fmt.Fprintf(w.progress, "%d of %d %s messages stored in %s\n", done, w.n, w.name, time.Since(w.began).Round(time.Second))
	}
}

// at is when message i of the stock was accepted.
func (w *writer) at(i int64) int64 {
	ago := w.from - time.Duration(float64(w.from-w.to)*float64(i)/float64(w.n))
	return w.began.Add(-ago).UnixMilli()
}

// write stores the messages from one place on to another, which is not among them.
func (w *writer) write(ctx context.Context, from, to int64) error {
	copies := make([]copied, 0, to-from)
	for i := from; i < to; i++ {
		copies = append(copies, w.sample.copy(w.first, i+1, w.at(i)))
	}
	var keys []models.DedupeKey
	var messages []*models.Message
	var attempts []*models.Attempt
	var receipts []*models.Receipt
	var charges []*models.Charge
	for i := range copies {
		c := &copies[i]
		keys, messages = append(keys, c.key), append(messages, &c.message)
		attempts, receipts, charges = addresses(attempts, c.attempts), addresses(receipts, c.receipts), addresses(charges, c.charges)
	}
	return w.store.InTx(ctx, func(tx *models.Tx) error {
		_, err := tx.InsertKeys(ctx, keys)
		if err == nil {
			err = tx.InsertMessages(ctx, messages)
		}
		if err == nil {
			err = tx.InsertAttempts(ctx, attempts)
		}
		if err == nil {
			_, err = tx.InsertReceipts(ctx, receipts)
		}
		if err == nil {
			err = tx.InsertCharges(ctx, charges)
		}
		return err
	})
}

// addresses adds those of rows to all.
func addresses[R any](all []*R, rows []R) []*R {
	for i := range rows {
		all = append(all, &rows[i])
	}
	return all
}
