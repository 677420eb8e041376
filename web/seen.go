package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// seenEvery is how often it is written down when providers called.
const seenEvery = 10 * time.Second

type seenStore interface {
	NoteSeen(ctx context.Context, a models.AccountSeen) error
}

// seen remembers when providers called, on this replica, and how often somebody else did in their name.
type seen struct {
	store seenStore
	now   func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	last   map[uuid.UUID]models.AccountSeen
	dirty  map[uuid.UUID]bool
	forged map[uuid.UUID]int64
	timer  bool // runs
}

func newSeen(store seenStore, now func() time.Time, log *slog.Logger) *seen {
	return &seen{
		store: store, now: now, log: log,
		last: map[uuid.UUID]models.AccountSeen{}, dirty: map[uuid.UUID]bool{}, forged: map[uuid.UUID]int64{},
	}
}

// called notes a genuine callback of an account with so many receipts.
func (s *seen) called(account uuid.UUID, receipts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.last[account]
	a.AccountID, a.WebhookAt = account, s.now().UnixMilli()
	if receipts > 0 {
		a.ReceiptAt = a.WebhookAt
	}
	s.last[account], s.dirty[account] = a, true
	if !s.timer {
		s.timer = true
		time.AfterFunc(seenEvery, s.write)
	}
}

// forgery notes a callback of an account that exists, by somebody else.
func (s *seen) forgery(account uuid.UUID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forged[account]++
}

// of answers what this replica knows of an account.
func (s *seen) of(account uuid.UUID) (last models.AccountSeen, forged int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[account], s.forged[account]
}

// write writes down what is new. What fails is lost until the next callback: nothing hangs on it.
func (s *seen) write() {
	s.mu.Lock()
	rows := make([]models.AccountSeen, 0, len(s.dirty))
	for account := range s.dirty {
		rows = append(rows, s.last[account])
	}
	clear(s.dirty)
	s.timer = false
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), seenEvery)
	defer cancel()
	for _, row := range rows {
		if err := s.store.NoteSeen(ctx, row); err != nil {
			s.log.Debug("when a provider called was not noted", slog.Any("error", err))
			return
		}
	}
}
