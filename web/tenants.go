package web

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones are checked, and reports cut, on machines without a zone database too

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type tenantStore interface {
	CreateTenant(ctx context.Context, t models.Tenant, first models.APIKey) error
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	Tenants(ctx context.Context, cursor string, limit int) ([]models.Tenant, string, error)
	Keys(ctx context.Context, tenant uuid.UUID) ([]models.APIKey, error)
	InsertKey(ctx context.Context, k models.APIKey) error
	RevokeKey(ctx context.Context, tenant, id uuid.UUID, now int64) error
}

// tenants and their keys are managed with the admin key, or by admins; those of a tenant see their own.
type tenants struct {
	engine reloader
	store  tenantStore
	auth   *auth
	now    func() time.Time
}

type tenantBody struct {
	Name          string `json:"name"`
	DefaultRegion string `json:"default_region"`
	Timezone      string `json:"timezone"`
	Currency      string `json:"currency"`
}

type tenantView struct {
	ID            uuid.UUID         `json:"id"`
	Name          string            `json:"name"`
	DefaultRegion string            `json:"default_region"`
	Timezone      string            `json:"timezone"`
	Currency      string            `json:"currency"`
	CreatedAt     orchestrator.Time `json:"created_at"`
	// APIKey is the first key, shown once.
	APIKey string `json:"api_key,omitempty"`
}

func viewTenant(t models.Tenant) tenantView {
	return tenantView{ID: t.ID, Name: t.Name, DefaultRegion: t.DefaultRegion, Timezone: t.Timezone, Currency: t.Currency, CreatedAt: orchestrator.Time(t.CreatedAt)}
}

var (
	regionPattern   = regexp.MustCompile(`^[A-Z]{2}$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

// withDefaults fills in what most tenants are: Vietnamese.
func (b tenantBody) withDefaults() tenantBody {
	if b.DefaultRegion == "" {
		b.DefaultRegion = "VN"
	}
	if b.Timezone == "" {
		b.Timezone = "Asia/Ho_Chi_Minh"
	}
	if b.Currency == "" {
		b.Currency = "VND"
	}
	return b
}

func (b tenantBody) check() []policy.FieldError {
	var errs []policy.FieldError
	refuse := func(bad bool, field, message string) {
		if bad {
			errs = append(errs, policy.FieldError{Field: field, Message: message})
		}
	}
	_, err := time.LoadLocation(b.Timezone)
	refuse(strings.TrimSpace(b.Name) == "" || len(b.Name) > 100, "name", "is required, with at most 100 bytes")
	refuse(!regionPattern.MatchString(b.DefaultRegion), "default_region", `must be two upper-case letters, such as "VN"`)
	refuse(err != nil || b.Timezone == "Local", "timezone", `must be a zone's name, such as "Asia/Ho_Chi_Minh"`)
	refuse(!currencyPattern.MatchString(b.Currency), "currency", `must be three upper-case letters, such as "VND"`)
	return errs
}

func (h *tenants) create(c *gin.Context) {
	var body tenantBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	body = body.withDefaults()
	if errs := body.check(); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	now := h.now().UnixMilli()
	t := models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: body.Name, DefaultRegion: body.DefaultRegion, Timezone: body.Timezone, Currency: body.Currency, CreatedAt: now,
		UnreachableFor: defaultUnreachable.Milliseconds(),
	}
	key, plain := models.NewAPIKey(t.ID, models.ModeLive, scopes(), now)
	if err := h.store.CreateTenant(c.Request.Context(), t, key); err != nil {
		fail(c, err)
		return
	}
	h.engine.Reload()
	view := viewTenant(t)
	view.APIKey = plain
	c.JSON(http.StatusCreated, view)
}

func (h *tenants) list(c *gin.Context) {
	p, err := pageOf(c.Request.URL.Query())
	if err != nil {
		fail(c, err)
		return
	}
	rows, next, err := h.store.Tenants(c.Request.Context(), p.Cursor, p.Limit)
	answer(c, paged(rows, next, viewTenant), err)
}

func (h *tenants) get(c *gin.Context) {
	t, err := h.find(c)
	answer(c, viewTenant(t), err)
}

func (h *tenants) find(c *gin.Context) (models.Tenant, error) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		return models.Tenant{}, err
	}
	if bound := boundTenant(c); bound != nil && id != *bound {
		return models.Tenant{}, models.ErrNotFound
	}
	return h.store.Tenant(c.Request.Context(), id)
}

type keyBody struct {
	Mode   string   `json:"mode"`
	Scopes []string `json:"scopes"` // left out: all
}

type keyView struct {
	ID         uuid.UUID          `json:"id"`
	Mode       string             `json:"mode"`
	Scopes     []string           `json:"scopes"`
	Prefix     string             `json:"prefix"`
	CreatedAt  orchestrator.Time  `json:"created_at"`
	LastUsedAt *orchestrator.Time `json:"last_used_at"`
	RevokedAt  *orchestrator.Time `json:"revoked_at"`
	// Key is shown once.
	Key string `json:"key,omitempty"`
}

func viewKey(k models.APIKey) keyView {
	return keyView{
		ID: k.ID, Mode: k.Mode, Scopes: k.Scopes, Prefix: k.Prefix, CreatedAt: orchestrator.Time(k.CreatedAt),
		LastUsedAt: timeOrNull(k.LastUsedAt), RevokedAt: timeOrNull(k.RevokedAt),
	}
}

func (h *tenants) createKey(c *gin.Context) {
	t, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body keyBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	if body.Mode == "" {
		body.Mode = models.ModeLive
	}
	var errs []policy.FieldError
	if body.Mode != models.ModeLive && body.Mode != models.ModeTest {
		errs = append(errs, policy.FieldError{Field: "mode", Message: "must be live or test"})
	}
	for i, scope := range body.Scopes {
		if !slices.Contains(scopes(), scope) {
			errs = append(errs, policy.FieldError{Field: fmt.Sprintf("scopes[%d]", i), Message: "must be one of " + strings.Join(scopes(), ", ")})
		}
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	if len(body.Scopes) == 0 {
		body.Scopes = scopes()
	}
	key, plain := models.NewAPIKey(t.ID, body.Mode, body.Scopes, h.now().UnixMilli())
	if err := h.store.InsertKey(c.Request.Context(), key); err != nil {
		fail(c, err)
		return
	}
	view := viewKey(key)
	view.Key = plain
	c.JSON(http.StatusCreated, view)
}

func (h *tenants) keys(c *gin.Context) {
	t, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	rows, err := h.store.Keys(c.Request.Context(), t.ID)
	answerPage(c, rows, err, "keys", func(k models.APIKey) string { return k.ID.String() }, viewKey)
}

// revokeKey ends a key: at once here, and within keyLifetime on other replicas.
func (h *tenants) revokeKey(c *gin.Context) {
	t, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	id, err := pathID(c.Param("key"))
	if err == nil {
		err = h.store.RevokeKey(c.Request.Context(), t.ID, id, h.now().UnixMilli())
	}
	h.auth.forget()
	gone(c, h.engine, err)
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
