package models_test

import (
	"errors"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// BenchmarkLife writes what one message costs the database: its rows, the provider's answer, and the final receipt, in
// batches as the engine makes them. One op is one message.
func BenchmarkLife(b *testing.B) {
	for _, dialect := range modelstest.Dialects(b) {
		b.Run(dialect, func(b *testing.B) {
			s := modelstest.Open(b, dialect)
			const size = 256
			for done := 0; done < b.N; done += size {
				if err := live(b, s, min(size, b.N-done)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func live(b *testing.B, s *models.Store, n int) error {
	ctx := b.Context()
	messages, attempts, charges := make([]*models.Message, n), make([]*models.Attempt, n), make([]*models.Charge, n)
	for i := range n {
		messages[i] = newMessage()
		attempts[i] = newAttempt(messages[i], 1)
		charges[i] = &models.Charge{TenantID: tenant, MessageID: messages[i].ID, N: 1, Line: 1, Amount: 300, Currency: "VND"}
	}
	err := s.InTx(ctx, func(tx *models.Tx) error {
		return errors.Join(tx.InsertMessages(ctx, messages), tx.InsertAttempts(ctx, attempts))
	})
	for _, status := range []policy.AttemptStatus{policy.AttemptSent, policy.AttemptDelivered} {
		for i := range n {
			attempts[i].Status = status
			messages[i].Version++
			messages[i].DueAt += 1000
		}
		err = errors.Join(err, s.InTx(ctx, func(tx *models.Tx) error {
			_, err := tx.UpdateMessages(ctx, messages)
			return errors.Join(err, tx.UpdateAttempts(ctx, attempts))
		}))
	}
	return errors.Join(err, s.InTx(ctx, func(tx *models.Tx) error { return tx.InsertCharges(ctx, charges) }))
}
