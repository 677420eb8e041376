package models_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestReturnedDeliveriesComeBackUntried(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		d := newDelivery(uuid.New(), uuid.New(), 1, 10)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error { return tx.InsertDeliveries(ctx, []*models.Delivery{d}) })
		claim := func(now int64) []models.Delivery {
			t.Helper()
			got, err := s.ClaimDeliveries(ctx, now, now+100, 10)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		held := claim(10)
		if err := s.ReturnDeliveries(ctx, held, 20); err != nil {
			t.Fatal(err)
		}
		if early := claim(19); len(early) != 0 {
			t.Errorf("claimed %+v before its time", early)
		}
		if again := claim(20); len(again) != 1 || again[0].Tries != 1 {
			t.Fatalf("claimed %+v, want the delivery at its first try", again)
		}
		if err := s.ReturnDeliveries(ctx, []models.Delivery{{TenantID: tenant, ID: d.ID, Tries: 7}}, 30); err != nil {
			t.Fatal(err)
		}
		if free := claim(30); len(free) != 0 {
			t.Errorf("somebody else's claim was returned: %+v", free)
		}
	})
}
