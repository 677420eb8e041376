package models

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	modernc "modernc.org/sqlite"
)

// txTries is how often InTx runs a transaction that lost against another.
const txTries = 5

// Tx is a transaction of hot statements. Do no other IO while it is open.
type Tx struct {
	q     querier
	plans []*plan // stored here first; known once it is committed
}

// InTx commits what fn does, or nothing of it. A transaction that lost against another (serialization failure,
// deadlock, a busy file) runs again a few times, so fn must not keep anything from an earlier run.
func (s *Store) InTx(ctx context.Context, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		err := s.inTx(ctx, fn)
		if err == nil || try == txTries || !retryable(err) {
			return err
		}
		s.counters.retries.Add(1)
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Duration(try)*5*time.Millisecond + rand.N(5*time.Millisecond)):
		}
	}
}

func (s *Store) inTx(ctx context.Context, fn func(*Tx) error) error {
	s.counters.transactions.Add(1)
	if err := s.asked(ctx, BeforeBegin); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx, err := s.begin(ctx, s.hot, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after a commit; covers errors and panics of fn
	t := &Tx{q: querier{s, s.hot, tx}}
	if err := fn(t); err != nil {
		return err
	}
	if err := s.asked(ctx, BeforeCommit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", translate(err))
	}
	if err := s.asked(ctx, AfterCommit); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, p := range t.plans {
		s.plans.add(p)
	}
	return nil
}

// begin opens a transaction on db. What earlier ones met is compiled first: there is no other moment for it.
func (s *Store) begin(ctx context.Context, db *sql.DB, o *sql.TxOptions) (*sql.Tx, error) {
	if p := s.prepared[db]; p != nil {
		if err := p.prepareWanted(ctx, db); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	tx, err := db.BeginTx(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return tx, nil
}

// reader runs statements outside a transaction.
func (s *Store) reader() querier { return querier{s, s.hotRead, nil} }

// translate names the errors that callers tell apart.
func translate(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23505" {
		return fmt.Errorf("%w (%s)", ErrDuplicate, e.ConstraintName)
	}
	if e, ok := errors.AsType[*modernc.Error](err); ok && (e.Code() == 1555 || e.Code() == 2067) {
		return fmt.Errorf("%w: %w", ErrDuplicate, err)
	}
	return err
}

// retryable tells whether the same transaction may well succeed if it is run again.
func retryable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01" // serialization_failure, deadlock_detected
	}
	if e, ok := errors.AsType[*modernc.Error](err); ok {
		return e.Code()&0xff == 5 // SQLITE_BUSY and its extended codes
	}
	return false
}
