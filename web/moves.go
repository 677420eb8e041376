package web

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type moveStore interface {
	Account(ctx context.Context, tenant, id uuid.UUID) (models.Account, error)
	Moves(ctx context.Context, tenant, account uuid.UUID, cursor string, limit int) ([]models.AccountMove, string, error)
}

// moves tell when messages were moved away from an account, and back.
type moves struct{ store moveStore }

type moveView struct {
	ID uuid.UUID         `json:"id"`
	At orchestrator.Time `json:"at"`
	// Share of its messages that the account gets from then on, 0 to 1.
	Share  float64       `json:"share"`
	Reason policy.Reason `json:"reason"` // empty: all is well
	Detail string        `json:"detail"`
	// DetailVI is empty for moves of older versions.
	DetailVI string `json:"detail_vi"`
}

func viewMove(m models.AccountMove) moveView {
	return moveView{ID: m.ID, At: orchestrator.Time(m.At), Share: m.Share, Reason: policy.Reason(m.Reason), Detail: m.Detail, DetailVI: m.DetailVI}
}

func (h *moves) list(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	p, err := pageOf(c.Request.URL.Query())
	if err != nil {
		fail(c, err)
		return
	}
	ctx, tenant := c.Request.Context(), tenantOf(c)
	if _, err := h.store.Account(ctx, tenant, id); err != nil {
		fail(c, err)
		return
	}
	rows, next, err := h.store.Moves(ctx, tenant, id, p.Cursor, p.Limit)
	answer(c, paged(rows, next, viewMove), err)
}
