package models_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

func newDelivery(callback, message uuid.UUID, sequence, at int64) *models.Delivery {
	return &models.Delivery{
		TenantID: tenant, ID: uuid.Must(uuid.NewV7()), CallbackID: callback, MessageID: message, Sequence: sequence,
		Type: "message.delivered", Payload: []byte(`{"to":"đây"}`), State: models.DeliveryPending, NextAt: at, CreatedAt: 1,
	}
}

func TestDeliveriesKeepTheirMessagesOrder(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		callback, message := uuid.New(), uuid.New()
		first, second := newDelivery(callback, message, 1, 50), newDelivery(callback, message, 2, 10)
		other := newDelivery(uuid.New(), message, 2, 20) // another endpoint's: nobody holds it back
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			return tx.InsertDeliveries(ctx, []*models.Delivery{first, second, other})
		})
		next := func(want int64) {
			t.Helper()
			if got, err := s.NextDelivery(ctx); got != want || err != nil {
				t.Errorf("next delivery: got %d, %v, want %d", got, err, want)
			}
		}
		claim := func(now, lease int64) []models.Delivery {
			t.Helper()
			got, err := s.ClaimDeliveries(ctx, now, lease, 10)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		finish := func(d models.Delivery, state models.DeliveryState, at int64) error {
			d.State, d.NextAt, d.LastStatus, d.LastError, d.DoneAt = state, at, 200, "lỗi", 99
			return s.FinishDelivery(ctx, &d)
		}
		next(20)
		got := claim(30, 40)
		want := *other
		want.Tries, want.NextAt = 1, 40
		equal(t, got, []models.Delivery{want})
		equal(t, claim(39, 60), []models.Delivery(nil)) // leased
		if err := finish(got[0], models.DeliveryDelivered, 0); err != nil {
			t.Fatal(err)
		}
		if err := finish(got[0], models.DeliveryDelivered, 0); !errors.Is(err, models.ErrStale) {
			t.Errorf("finished twice: %v, want ErrStale", err)
		}

		next(50)
		held := claim(50, 60)
		again := claim(60, 70) // the lease ran out
		if len(held) != 1 || len(again) != 1 || again[0].Tries != 2 || again[0].ID != first.ID {
			t.Fatalf("claims %+v and %+v, want the first event twice", held, again)
		}
		if err := finish(held[0], models.DeliveryDelivered, 0); !errors.Is(err, models.ErrStale) {
			t.Errorf("finished after the lease: %v, want ErrStale", err)
		}
		if err := finish(again[0], models.DeliveryPending, 80); err != nil {
			t.Fatal(err)
		}
		next(80)
		again = claim(80, 90)
		if err := finish(again[0], models.DeliveryFailed, 0); err != nil {
			t.Fatal(err)
		}
		next(10)
		got = claim(80, 90)
		if len(got) != 1 || got[0].ID != second.ID {
			t.Errorf("after the first: %+v, want the second", got)
		}
	})
}

func TestDeliveriesAreClaimedOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var rows []*models.Delivery
		for i := range 40 {
			rows = append(rows, newDelivery(uuid.New(), uuid.New(), 1, int64(i+1)))
		}
		commit(t, s, func(ctx context.Context, tx *models.Tx) error { return tx.InsertDeliveries(ctx, rows) })
		var mu sync.Mutex
		claimed := map[uuid.UUID]int{}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					got, err := s.ClaimDeliveries(t.Context(), 100, 1000, 3)
					if err != nil {
						t.Error(err)
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, d := range got {
						claimed[d.ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for _, d := range rows {
			if claimed[d.ID] != 1 {
				t.Errorf("a delivery was claimed %d times", claimed[d.ID])
			}
		}
	})
}
