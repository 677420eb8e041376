package models_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// What waits is counted to ten thousand, however much it is.
func TestSystemCountsAreBounded(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		now := time.Now().UnixMilli()
		plant(t, s, fillSQL(s.Dialect(), uuid.NewString(), now-day, 10_001)[0])
		plant(t, s, "UPDATE messages SET due_at = created_at")
		got, err := s.System(t.Context())
		want(t, err, nil)
		most := models.Count{N: 10_000, Capped: true}
		if got.DueNow != most || got.Pending != most || got.Claimed != (models.Count{}) || got.OldestDueAt == 0 || got.OldestCallbackAt != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}
