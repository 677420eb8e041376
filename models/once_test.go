package models_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// A timer belongs to whoever looks at its time or later, and to nobody a millisecond before.
func TestNothingIsDueEarly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		m.DueAt = 2000
		insert(t, s, m)
		for now, want := range map[int64]int{0: 0, 1000: 0, 1999: 0, 2000: 1, 2001: 1, 9000: 1} {
			commit(t, s, func(ctx context.Context, tx *models.Tx) error {
				got, err := tx.LockDue(ctx, now, 10)
				if len(got) != want {
					t.Errorf("at %d: %d messages are due, want %d", now, len(got), want)
				}
				return err
			})
		}
	})
}

// A receipt that two replicas match at once belongs to the attempt that the first of them found.
func TestReceiptIsMatchedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		insert(t, s, m)
		r := models.Receipt{TenantID: tenant, AccountID: account, EventKey: "a", ReceivedAt: 1, At: 1, ProviderID: "p", State: models.ReceiptParked, Raw: []byte("{}")}
		match := func(n int64) {
			matched := r
			matched.State, matched.MessageID, matched.N = models.ReceiptApplied, m.ID, n
			commit(t, s, func(ctx context.Context, tx *models.Tx) error {
				return tx.MatchReceipts(ctx, []*models.Receipt{&matched})
			})
		}
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			_, err := tx.InsertReceipts(ctx, []*models.Receipt{&r})
			return err
		})
		match(1)
		match(2)
		got, err := s.Receipts(t.Context(), tenant, m.ID)
		if err != nil || len(got) != 1 || got[0].N != 1 {
			t.Errorf("the receipt is %+v, %v, want that of attempt 1", got, err)
		}
	})
}

// A delivery is its tenant's: another one's replay finds nothing and moves nothing.
func TestDeliveryIsItsTenants(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		d := newDelivery(uuid.New(), uuid.New(), 1, 5000)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error { return tx.InsertDeliveries(ctx, []*models.Delivery{d}) })
		if err := s.ReplayDelivery(t.Context(), uuid.New(), d.CallbackID, d.ID, 10); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("another tenant's replay: %v, want ErrNotFound", err)
		}
		if next, err := s.NextDelivery(t.Context()); next != 5000 || err != nil {
			t.Errorf("the delivery is due at %d, %v", next, err)
		}
		if err := s.ReplayDelivery(t.Context(), d.TenantID, d.CallbackID, d.ID, 10); err != nil {
			t.Error(err)
		}
	})
}
