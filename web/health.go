package web

import (
	"context"

	"github.com/google/uuid"

	"cascade/models"
)

type healthStore interface {
	Accounts(ctx context.Context, tenant uuid.UUID) ([]models.Account, error)
}

// accountHealth gathers what is known of how accounts do.
type accountHealth struct {
	store healthStore
}

func (h *accountHealth) inTrouble(ctx context.Context, tenant uuid.UUID) ([]troubleView, error) {
	rows, err := h.store.Accounts(ctx, tenant)
	if err != nil {
		return nil, err
	}
	out := []troubleView{}
	for _, a := range rows {
		if a.State != models.AccountActive {
			out = append(out, troubleView{a.ID, a.Name, a.Channel, string(a.State), a.StateReason})
		}
	}
	return out, nil
}
