package models_test

import (
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
)

// What waits is counted to ten thousand, however much it is.
func TestSystemCountsAreBounded(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		due := make([]*models.Message, 10_001)
		for i := range due {
			due[i] = newMessage()
			due[i].DueAt = time.Now().UnixMilli() - hour
		}
		want(t, s.InTx(t.Context(), func(tx *models.Tx) error { return tx.InsertMessages(t.Context(), due) }), nil)
		got, err := s.System(t.Context())
		want(t, err, nil)
		most := models.Count{N: 10_000, Capped: true}
		if got.DueNow != most || got.Pending != most || got.Claimed != (models.Count{}) || got.OldestDueAt == 0 || got.OldestCallbackAt != 0 {
			t.Errorf("counted %+v", got)
		}
	})
}
