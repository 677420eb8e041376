package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

type routeStore interface {
	Routes(ctx context.Context, tenant uuid.UUID) ([]byte, error)
	PutRoutes(ctx context.Context, tenant uuid.UUID, body []byte, now int64) error
	Policies(ctx context.Context, tenant uuid.UUID) ([]models.PolicyVersion, error)
}

// routes say which policy a message gets that names none.
type routes struct {
	engine reloader
	store  routeStore
	now    func() time.Time
}

func (h *routes) get(c *gin.Context) {
	raw, err := h.store.Routes(c.Request.Context(), tenantOf(c))
	answerDocument(c, raw, err, policy.Routes{Rules: []policy.Rule{}})
}

func (h *routes) put(c *gin.Context) {
	var body policy.Routes
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	ctx, tenant := c.Request.Context(), tenantOf(c)
	rows, err := h.store.Policies(ctx, tenant)
	if err != nil {
		fail(c, err)
		return
	}
	names := make(map[string]bool, len(rows))
	for _, row := range rows {
		names[row.Name] = true
	}
	if errs := body.Validate(func(name string) bool { return names[name] }); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	body.Rules = emptyIfNil(body.Rules)
	putDocument(c, h.engine, body, func(raw []byte) error { return h.store.PutRoutes(ctx, tenant, raw, h.now().UnixMilli()) })
}

type priceStore interface {
	Prices(ctx context.Context, tenant uuid.UUID) ([]byte, error)
	PutPrices(ctx context.Context, tenant uuid.UUID, body []byte, now int64) error
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
}

// prices are the tenant's price book.
type prices struct {
	engine reloader
	store  priceStore
	now    func() time.Time
}

func (h *prices) get(c *gin.Context) {
	raw, err := h.store.Prices(c.Request.Context(), tenantOf(c))
	answerDocument(c, raw, err, policy.PriceBook{Prices: []policy.Price{}})
}

func (h *prices) put(c *gin.Context) {
	var body policy.PriceBook
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	ctx := c.Request.Context()
	tenant, err := h.store.Tenant(ctx, tenantOf(c))
	if err != nil {
		fail(c, err)
		return
	}
	errs := body.Validate()
	for i, price := range body.Prices {
		if len(errs) == 0 && price.Price.Currency != tenant.Currency {
			errs = append(errs, policy.FieldError{
				Field: fmt.Sprintf("prices[%d].price.currency", i), Message: "must be the tenant's currency, " + tenant.Currency,
			})
		}
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	body.Prices = emptyIfNil(body.Prices)
	putDocument(c, h.engine, body, func(raw []byte) error { return h.store.PutPrices(ctx, tenant.ID, raw, h.now().UnixMilli()) })
}

// answerDocument shows a stored document, or what stands for one that was never put.
func answerDocument(c *gin.Context, raw []byte, err error, none any) {
	if errors.Is(err, models.ErrNotFound) || err == nil && len(raw) == 0 {
		answer(c, none, nil)
		return
	}
	answer(c, json.RawMessage(raw), err)
}

func putDocument(c *gin.Context, engine reloader, body any, put func([]byte) error) {
	raw, err := json.Marshal(body)
	if err == nil {
		err = put(raw)
	}
	if err == nil {
		engine.Reload()
	}
	answer(c, json.RawMessage(raw), err)
}
