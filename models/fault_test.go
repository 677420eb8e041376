package models_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestFaultyViewsFailAroundTheirCommits(t *testing.T) {
	tests := map[models.FaultPoint]struct{ fails, stored bool }{
		"":                  {false, true},
		models.BeforeRead:   {false, true},
		models.BeforeBegin:  {true, false},
		models.BeforeCommit: {true, false},
		models.AfterCommit:  {true, true},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for at, tt := range tests {
			view := s.Faulty(func(_ context.Context, point models.FaultPoint) error {
				if point == at {
					return io.ErrUnexpectedEOF
				}
				return nil
			})
			check := func(road string, err error, stored bool) {
				t.Helper()
				if (err != nil) != tt.fails || err != nil && !models.Unavailable(err) || stored != tt.stored {
					t.Errorf("%s, failing at %q: %v, stored %t", road, at, err, stored)
				}
			}
			d := newDelivery(uuid.New(), uuid.New(), 1, 10)
			err := view.InTx(t.Context(), func(tx *models.Tx) error { return tx.InsertDeliveries(t.Context(), []*models.Delivery{d}) })
			got, _ := s.ClaimDeliveries(t.Context(), 10, 1000, 10)
			check("batched", err, len(got) == 1)

			owner := models.Tenant{ID: uuid.New(), Name: "view-" + uuid.NewString(), DefaultRegion: "VN", Timezone: "UTC", Currency: "VND"}
			key, _ := models.NewAPIKey(owner.ID, "live", nil, 1)
			err = view.CreateTenant(t.Context(), owner, key)
			_, missing := s.Tenant(t.Context(), owner.ID)
			check("gorm's", err, missing == nil)

			if _, err := view.Tenant(t.Context(), owner.ID); at == models.BeforeRead && (err == nil || errors.Is(err, models.ErrNotFound)) {
				t.Errorf("a read that fails answers %v", err)
			}
		}
	})
}
