package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type userStore interface {
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	Users(ctx context.Context, tenant *uuid.UUID, cursor string, limit int) ([]models.User, string, error)
	User(ctx context.Context, id uuid.UUID) (models.User, error)
	InsertUser(ctx context.Context, u models.User) error
	UpdateUser(ctx context.Context, tenant, id uuid.UUID, p models.UserPatch, keep string) error
	DeleteUser(ctx context.Context, tenant, id uuid.UUID) error
}

// users are managed by admins: those of a tenant by its own, all by the admin key and admins of the whole installation.
type users struct {
	store   userStore
	hashing *hashing
	now     func() time.Time
}

type userView struct {
	ID         uuid.UUID          `json:"id"`
	Name       string             `json:"name"`
	Role       string             `json:"role"`
	TenantID   *uuid.UUID         `json:"tenant_id"` // null: the whole installation
	CreatedAt  orchestrator.Time  `json:"created_at"`
	LastSeenAt *orchestrator.Time `json:"last_seen_at"`
	DisabledAt *orchestrator.Time `json:"disabled_at"`
	// Password is one that was made up here, shown once.
	Password string `json:"password,omitempty"`
}

func viewUser(u models.User) userView {
	return userView{
		ID: u.ID, Name: u.Name, Role: u.Role, TenantID: idOrNull(u.TenantID), CreatedAt: orchestrator.Time(u.CreatedAt),
		LastSeenAt: timeOrNull(u.LastSeenAt), DisabledAt: timeOrNull(u.DisabledAt),
	}
}

func (h *users) list(c *gin.Context) {
	query := c.Request.URL.Query()
	p, err := pageOf(query, "tenant_id")
	if err != nil {
		fail(c, err)
		return
	}
	tenant, err := managed(c, query.Get("tenant_id"))
	if err != nil {
		fail(c, err)
		return
	}
	rows, next, err := h.store.Users(c.Request.Context(), tenant, p.Cursor, p.Limit)
	answer(c, paged(rows, next, viewUser), err)
}

// managed is the tenant whose people or audit log are listed; nil for those of everybody. asked is what the query names.
func managed(c *gin.Context, asked string) (*uuid.UUID, error) {
	bound := boundTenant(c)
	if asked == "" {
		return bound, nil
	}
	id, err := uuid.Parse(asked)
	if err != nil {
		return nil, invalidField("tenant_id", "must be a tenant's id")
	}
	if bound != nil && id != *bound {
		return nil, notFound()
	}
	return &id, nil
}

type userBody struct {
	Name     string     `json:"name"`
	Role     string     `json:"role"`
	Password string     `json:"password"` // left out: one is made up
	TenantID *uuid.UUID `json:"tenant_id"`
}

func (b userBody) check() []policy.FieldError {
	var errs []policy.FieldError
	if b.Name == "" || len(b.Name) > maxUserName || strings.ContainsFunc(b.Name, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
		errs = append(errs, policy.FieldError{Field: "name", Message: "is required, with at most 100 bytes and no blanks: an e-mail address will do"})
	}
	errs = append(errs, checkRole(b.Role)...)
	if b.Password != "" {
		errs = append(errs, checkPassword("password", b.Password)...)
	}
	return errs
}

func checkRole(role string) []policy.FieldError {
	if !slices.Contains(roles(), role) {
		return []policy.FieldError{{Field: "role", Message: "must be " + strings.Join(roles()[:3], ", ") + " or " + roleAdmin}}
	}
	return nil
}

func (h *users) create(c *gin.Context) {
	var body userBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	body.Name = userName(body.Name)
	if errs := body.check(); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	tenant, err := h.tenantFor(c, body.TenantID)
	if err != nil {
		fail(c, err)
		return
	}
	row := models.User{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: body.Name, Role: body.Role, CreatedAt: h.now().UnixMilli()}
	view := viewUser(row)
	if body.Password == "" {
		body.Password = models.NewPassword()
		view.Password = body.Password
	}
	ctx := c.Request.Context()
	if err = h.hashing.do(ctx, func() { row.Password = models.HashPassword(body.Password) }); err == nil {
		err = h.store.InsertUser(ctx, row)
	}
	if err != nil {
		fail(c, err)
		return
	}
	c.Set(keyConcerns, tenant)
	c.JSON(http.StatusCreated, view)
}

// tenantFor is where a new person belongs: to the tenant of whoever adds them, unless that is the whole installation.
func (h *users) tenantFor(c *gin.Context, asked *uuid.UUID) (uuid.UUID, error) {
	bound := boundTenant(c)
	switch {
	case asked == nil && bound == nil:
		return models.Installation, nil
	case asked == nil:
		return *bound, nil
	case bound != nil && *asked != *bound:
		return uuid.Nil, noSuchTenant()
	}
	t, err := h.store.Tenant(c.Request.Context(), *asked)
	if errors.Is(err, models.ErrNotFound) {
		err = noSuchTenant()
	}
	return t.ID, err
}

func noSuchTenant() *problem {
	return invalidField("tenant_id", "is not a tenant that you may add people to; leave it out for your own")
}

// find answers a person that the caller may manage.
func (h *users) find(c *gin.Context) (models.User, error) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		return models.User{}, err
	}
	u, err := h.store.User(c.Request.Context(), id)
	if bound := boundTenant(c); err == nil && bound != nil && u.TenantID != *bound {
		err = models.ErrNotFound
	}
	c.Set(keyConcerns, u.TenantID)
	return u, err
}

type userPatch struct {
	Role     *string `json:"role"`
	Password *string `json:"password"`
	Disabled *bool   `json:"disabled"`
}

// patch changes a person, and ends their sessions.
func (h *users) patch(c *gin.Context) {
	u, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body userPatch
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	var errs []policy.FieldError
	if body.Role != nil {
		errs = append(errs, checkRole(*body.Role)...)
	}
	if body.Password != nil {
		errs = append(errs, checkPassword("password", *body.Password)...)
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	if body == (userPatch{}) {
		answer(c, viewUser(u), nil)
		return
	}
	u, err = h.apply(c.Request.Context(), u, body)
	answer(c, viewUser(u), err)
}

func (h *users) apply(ctx context.Context, u models.User, body userPatch) (models.User, error) {
	change := models.UserPatch{Role: body.Role}
	if body.Role != nil {
		u.Role = *body.Role
	}
	if body.Disabled != nil {
		if !*body.Disabled {
			u.DisabledAt = 0
		} else if u.DisabledAt == 0 {
			u.DisabledAt = h.now().UnixMilli()
		}
		change.DisabledAt = &u.DisabledAt
	}
	if body.Password != nil {
		if err := h.hashing.do(ctx, func() { u.Password = models.HashPassword(*body.Password) }); err != nil {
			return u, err
		}
		change.Password = &u.Password
	}
	return u, h.store.UpdateUser(ctx, u.TenantID, u.ID, change, "")
}

func (h *users) delete(c *gin.Context) {
	u, err := h.find(c)
	if err == nil {
		err = h.store.DeleteUser(c.Request.Context(), u.TenantID, u.ID)
	}
	if err != nil {
		fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}
