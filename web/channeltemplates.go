package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type providerTemplateEngine interface {
	SyncTemplates(ctx context.Context, tenant, id uuid.UUID) ([]models.ProviderTemplate, error)
}

type providerTemplateStore interface {
	Account(ctx context.Context, tenant, id uuid.UUID) (models.Account, error)
	ProviderTemplates(ctx context.Context, tenant, account uuid.UUID) ([]models.ProviderTemplate, error)
}

// channelTemplates are the templates that providers keep, not the tenant's own.
type channelTemplates struct {
	engine providerTemplateEngine
	store  providerTemplateStore
}

type channelTemplateView struct {
	TemplateID string            `json:"template_id"`
	Name       string            `json:"name"`
	Status     string            `json:"status"`
	Quality    string            `json:"quality"`
	Price      string            `json:"price,omitempty"` // in the provider's currency
	Params     json.RawMessage   `json:"params"`
	Reason     string            `json:"reason,omitempty"`
	SyncedAt   orchestrator.Time `json:"synced_at"`
}

func viewChannelTemplate(t models.ProviderTemplate) channelTemplateView {
	v := channelTemplateView{
		TemplateID: t.TemplateID, Name: t.Name, Status: t.Status, Quality: t.Quality, Params: t.Params, Reason: t.Reason,
		SyncedAt: orchestrator.Time(t.SyncedAt),
	}
	if t.Price > 0 {
		v.Price = policy.Money{Micros: t.Price}.Amount()
	}
	return v
}

// list shows the templates as they were seen last.
func (h *channelTemplates) list(c *gin.Context) {
	h.page(c, h.store.ProviderTemplates)
}

// sync reads the templates at the provider first.
func (h *channelTemplates) sync(c *gin.Context) {
	h.page(c, h.engine.SyncTemplates)
}

func (h *channelTemplates) page(c *gin.Context, read func(context.Context, uuid.UUID, uuid.UUID) ([]models.ProviderTemplate, error)) {
	ctx, tenant := c.Request.Context(), tenantOf(c)
	id, err := pathID(c.Param("id"))
	if err == nil {
		_, err = h.store.Account(ctx, tenant, id)
	}
	if err == nil {
		_, err = pageOf(c.Request.URL.Query()) // before a provider is asked for nothing
	}
	if err != nil {
		fail(c, err)
		return
	}
	rows, err := read(ctx, tenant, id)
	answerPage(c, rows, syncProblem(err), "channel_templates", func(t models.ProviderTemplate) string { return t.TemplateID }, viewChannelTemplate)
}

// syncProblem tells why a provider's templates could not be had.
func syncProblem(err error) error {
	if errors.Is(err, orchestrator.ErrNoTemplates) {
		return conflict("templates_not_listed", "This account's adapter has no templates to list, or its settings make no working one: POST /v1/channels/{id}/check tells.")
	}
	f, failed := errors.AsType[*channels.Failure](err)
	if !failed || models.Unavailable(err) { // an account's token is in the database too
		return err
	}
	detail := fmt.Sprintf("The provider did not tell its templates (%s: %s); those known before stay. %s", f.Code, f.Detail, f.Advice)
	return newProblem(http.StatusBadGateway, "provider_failed", "%s", strings.TrimSpace(detail))
}
