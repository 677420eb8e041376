package web

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type accountEngine interface {
	CreateAccount(ctx context.Context, tenant uuid.UUID, in orchestrator.AccountInput) (models.Account, error)
	UpdateAccount(ctx context.Context, tenant, id uuid.UUID, p orchestrator.AccountPatch) (models.Account, error)
	DeleteAccount(ctx context.Context, tenant, id uuid.UUID) error
	healthEngine
	CheckAccount(ctx context.Context, tenant, id uuid.UUID) ([]channels.Finding, error)
	reloader
}

type accountStore interface {
	Account(ctx context.Context, tenant, id uuid.UUID) (models.Account, error)
	Accounts(ctx context.Context, tenant uuid.UUID) ([]models.Account, error)
}

type accounts struct {
	engine    accountEngine
	store     accountStore
	health    *accountHealth
	publicURL string
}

// accountView is an account without its secrets, which go in and never come out.
type accountView struct {
	ID            uuid.UUID           `json:"id"`
	Name          string              `json:"name"`
	Channel       policy.Channel      `json:"channel"`
	Adapter       string              `json:"adapter"`
	Settings      json.RawMessage     `json:"settings"`
	Rate          rateBody            `json:"rate"`
	Receipts      []string            `json:"receipts"`
	State         models.AccountState `json:"state"`
	StateReason   string              `json:"state_reason,omitempty"`
	StateReasonVI string              `json:"state_reason_vi,omitempty"`
	PausedUntil   *orchestrator.Time  `json:"paused_until"`
	Quality       string              `json:"quality,omitempty"`
	Quota         *quotaView          `json:"quota"`
	LinkedAt      *orchestrator.Time  `json:"linked_at"`
	WebhookURL    string              `json:"webhook_url"`
	CreatedAt     orchestrator.Time   `json:"created_at"`
	UpdatedAt     orchestrator.Time   `json:"updated_at"`
	Health        *healthView         `json:"health,omitempty"` // in answers to GET
}

type rateBody struct {
	PerSecond   float64 `json:"per_second"`
	Concurrency int64   `json:"concurrency"`
}

// quotaView is what was left of the account's quota when its provider last told.
type quotaView struct {
	Left     int64              `json:"left"`
	Total    int64              `json:"total"`
	ResetsAt *orchestrator.Time `json:"resets_at"`
	At       orchestrator.Time  `json:"at"`
}

// quotaOf is nil for a quota that is not known.
func quotaOf(a models.Account) *quotaView {
	if a.QuotaTotal < 1 {
		return nil
	}
	return &quotaView{a.QuotaLeft, a.QuotaTotal, timeOrNull(a.QuotaResetsAt), orchestrator.Time(a.QuotaAt)}
}

func (h *accounts) view(a models.Account) accountView {
	settings := json.RawMessage(a.Settings)
	if len(settings) == 0 {
		settings = json.RawMessage("{}")
	}
	return accountView{
		ID: a.ID, Name: a.Name, Channel: a.Channel, Adapter: a.Adapter, Settings: settings,
		Rate: rateBody{a.PerSecond, a.Concurrency}, Receipts: emptyIfNil([]string(a.Receipts)),
		State: a.State, StateReason: a.StateReason, StateReasonVI: orchestrator.StateReasonVI(a.StateReason), PausedUntil: timeOrNull(a.PausedUntil),
		Quality: a.Quality, Quota: quotaOf(a), LinkedAt: timeOrNull(a.LinkedAt),
		WebhookURL: h.publicURL + "/hooks/" + a.Adapter + "/" + a.ID.String(),
		CreatedAt:  orchestrator.Time(a.CreatedAt), UpdatedAt: orchestrator.Time(a.UpdatedAt),
	}
}

type accountBody struct {
	Name     string                     `json:"name"`
	Channel  policy.Channel             `json:"channel"`
	Adapter  string                     `json:"adapter"`
	Settings map[string]json.RawMessage `json:"settings"`
	Rate     *rateBody                  `json:"rate"`
	Receipts []string                   `json:"receipts"`
}

func (h *accounts) create(c *gin.Context) {
	var body accountBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	in := orchestrator.AccountInput{Name: body.Name, Channel: body.Channel, Adapter: body.Adapter, Settings: body.Settings, Receipts: body.Receipts}
	if body.Rate != nil {
		in.PerSecond, in.Concurrency = body.Rate.PerSecond, body.Rate.Concurrency
	}
	account, err := h.engine.CreateAccount(c.Request.Context(), tenantOf(c), in)
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusCreated, h.view(account))
}

type accountPatchBody struct {
	Name     *string                    `json:"name"`
	Settings map[string]json.RawMessage `json:"settings"`
	Rate     *ratePatch                 `json:"rate"`
	Receipts *[]string                  `json:"receipts"`
	Disabled *bool                      `json:"disabled"`
}

type ratePatch struct {
	PerSecond   *float64 `json:"per_second"`
	Concurrency *int64   `json:"concurrency"`
}

// patch changes what is given. Settings are merged by name; null removes one.
func (h *accounts) patch(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	var body accountPatchBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	p := orchestrator.AccountPatch{Name: body.Name, Settings: body.Settings, Receipts: body.Receipts, Disabled: body.Disabled}
	if body.Rate != nil {
		p.PerSecond, p.Concurrency = body.Rate.PerSecond, body.Rate.Concurrency
	}
	account, err := h.engine.UpdateAccount(c.Request.Context(), tenantOf(c), id, p)
	answer(c, h.view(account), err)
}

func (h *accounts) get(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	tenant := tenantOf(c)
	live(c, everyList, func(ctx context.Context) (any, error) {
		account, err := h.store.Account(ctx, tenant, id)
		if err != nil {
			return nil, err
		}
		health, err := h.health.of(ctx, tenant, []models.Account{account})
		view := h.view(account)
		view.Health = health[id]
		return view, err
	})
}

func (h *accounts) list(c *gin.Context) {
	p, err := pageOf(c.Request.URL.Query())
	if err != nil {
		fail(c, err)
		return
	}
	tenant := tenantOf(c)
	live(c, everyList, func(ctx context.Context) (any, error) {
		rows, err := h.store.Accounts(ctx, tenant)
		if err != nil {
			return nil, err
		}
		health, err := h.health.of(ctx, tenant, rows)
		if err != nil {
			return nil, err
		}
		return cut(rows, p, "channels", func(a models.Account) string { return a.ID.String() }, func(a models.Account) accountView {
			view := h.view(a)
			view.Health = health[a.ID]
			return view
		})
	})
}

func (h *accounts) delete(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err == nil {
		err = h.engine.DeleteAccount(c.Request.Context(), tenantOf(c), id)
	}
	gone(c, h.engine, err)
}

// check asks the provider whether the account can really send.
func (h *accounts) check(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	if _, err := h.store.Account(c.Request.Context(), tenantOf(c), id); err != nil { // without a database nothing can send
		fail(c, err)
		return
	}
	findings, err := h.engine.CheckAccount(c.Request.Context(), tenantOf(c), id)
	ok := true
	for _, f := range findings {
		ok = ok && f.Level != "error"
	}
	answer(c, gin.H{"ok": ok, "findings": emptyIfNil(findings)}, err)
}

func timeOrNull(ms int64) *orchestrator.Time {
	if ms == 0 {
		return nil
	}
	t := orchestrator.Time(ms)
	return &t
}
