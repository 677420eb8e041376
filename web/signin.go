package web

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type signInStore interface {
	UserByName(ctx context.Context, name string) (models.User, error)
	UpdateUser(ctx context.Context, tenant, id uuid.UUID, p models.UserPatch, keep string) error
	Tenants(ctx context.Context, cursor string, limit int) ([]models.Tenant, string, error)
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
}

// signIn opens, shows and ends sessions.
type signIn struct {
	store   signInStore
	auth    *auth
	audit   *auditLog
	wrongs  *wrongs
	hashing *hashing
	version string
}

// hashing bounds how many passwords are hashed at once: each takes 19 MiB and a processor for a while.
type hashing struct{ places chan struct{} }

const (
	hashingPlaces = 2
	hashingWait   = 5 * time.Second
)

func newHashing() *hashing { return &hashing{make(chan struct{}, hashingPlaces)} }

func (h *hashing) do(ctx context.Context, work func()) error {
	ctx, cancel := context.WithTimeout(ctx, hashingWait)
	defer cancel()
	select {
	case h.places <- struct{}{}:
		defer func() { <-h.places }()
		work()
		return nil
	case <-ctx.Done():
		return &orchestrator.BusyError{RetryAfter: time.Second}
	}
}

// nobodys is a hash that a password is compared with where there is no user: a name that is not known takes as long as
// one that is.
var nobodys = sync.OnceValue(func() string { return models.HashPassword(models.NewPassword()) })

type signInBody struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	AdminKey string `json:"admin_key"`
}

func (h *signIn) create(c *gin.Context) {
	if err := h.auth.people.sameSite(c); err != nil {
		fail(c, err)
		return
	}
	var body signInBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	if (body.AdminKey == "") == (body.Name == "" || body.Password == "") {
		fail(c, invalidField("", "must hold name and password, or admin_key"))
		return
	}
	user, err := h.check(c, body)
	if err != nil {
		fail(c, err)
		return
	}
	p, err := h.auth.people.open(c, user)
	if err != nil {
		fail(c, err)
		return
	}
	c.Set(keyActor, actorFor(user))
	c.Set(keyPerson, p)
	tenant, err := h.auth.people.tenant(c, p)
	if err != nil { // chosen by whoever was signed in before
		tenant = user.TenantID
	}
	view, err := h.view(c.Request.Context(), p, tenant)
	answer(c, view, err)
}

// check answers whose credentials these are. What fails is counted, and written to the audit log.
func (h *signIn) check(c *gin.Context, body signInBody) (models.User, error) {
	name := userName(body.Name)
	if body.AdminKey != "" {
		name = adminName
	}
	right, err := h.wrongs.take(name[:min(len(name), maxUserName)], sourceOf(c.ClientIP()).String())
	if err != nil {
		return models.User{}, err
	}
	user, err := h.userOf(c.Request.Context(), name, body)
	if err != nil {
		if p, ok := errors.AsType[*problem](err); !ok || p.Code != codeWrongCredentials {
			right() // it was not judged
			return models.User{}, err
		}
		if recordErr := h.audit.record(c, actorFor(user), user.TenantID, actionRefused, "", "{}"); recordErr != nil {
			return models.User{}, recordErr
		}
		return models.User{}, err
	}
	right()
	return user, nil
}

// userOf answers whose credentials these are, with wrongCredentials also if the user is known and the password is not
// theirs.
func (h *signIn) userOf(ctx context.Context, name string, body signInBody) (models.User, error) {
	if body.AdminKey != "" {
		if !h.auth.isAdmin(sha256.Sum256([]byte(body.AdminKey))) {
			return adminKeyUser(), wrongCredentials()
		}
		return adminKeyUser(), nil
	}
	user, err := h.store.UserByName(ctx, name)
	stored := user.Password
	switch {
	case errors.Is(err, models.ErrNotFound):
		stored = nobodys()
	case err != nil:
		return models.User{}, err
	}
	var same bool
	if err := h.hashing.do(ctx, func() { same = models.CheckPassword(body.Password, stored) }); err != nil {
		return models.User{}, err
	}
	if !same || user.ID == uuid.Nil || user.DisabledAt != 0 {
		return user, wrongCredentials()
	}
	return user, nil
}

const codeWrongCredentials = "wrong_credentials"

func wrongCredentials() *problem {
	return newProblem(http.StatusUnauthorized, codeWrongCredentials, "These are not known, or do not belong together.")
}

type sessionView struct {
	User        sessionUser       `json:"user"`
	Tenant      *sessionTenant    `json:"tenant"`
	Tenants     []tenantName      `json:"tenants"` // of people of the whole installation
	Permissions []string          `json:"permissions"`
	ExpiresAt   orchestrator.Time `json:"expires_at"`
	Version     string            `json:"version"`
}

type sessionUser struct {
	ID   *uuid.UUID `json:"id"` // null: the admin key
	Name string     `json:"name"`
	Role string     `json:"role"`
}

type sessionTenant struct {
	ID            uuid.UUID `json:"id"`
	Name          string    `json:"name"`
	Timezone      string    `json:"timezone"`
	Currency      string    `json:"currency"`
	DefaultRegion string    `json:"default_region"`
}

type tenantName struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
}

// tenantsShown is how many tenants a person of the whole installation is offered.
const tenantsShown = 200

// get answers nobody with 200 too: a page asks this to learn whether to ask for a password, and that is no failure.
func (h *signIn) get(c *gin.Context) {
	p, ok := personOf(c)
	if !ok {
		c.JSON(http.StatusOK, gin.H{"user": nil})
		return
	}
	tenant, err := h.auth.people.tenant(c, p)
	if err != nil {
		fail(c, err)
		return
	}
	view, err := h.view(c.Request.Context(), p, tenant)
	answer(c, view, err)
}

// view shows a session that acts for a tenant; where that is Installation, for the only one there is.
func (h *signIn) view(ctx context.Context, p person, acts uuid.UUID) (sessionView, error) {
	view := sessionView{
		User: sessionUser{idOrNull(p.user.ID), p.user.Name, p.user.Role}, Tenants: []tenantName{},
		Permissions: permissionsOf(p.user.Role, p.whole()), ExpiresAt: orchestrator.Time(h.auth.people.expires(p)), Version: h.version,
	}
	if p.whole() {
		rows, _, err := h.store.Tenants(ctx, "", tenantsShown)
		if err != nil {
			return view, err
		}
		for _, t := range rows {
			view.Tenants = append(view.Tenants, tenantName{t.ID, t.Name})
		}
		if acts == models.Installation && len(rows) == 1 {
			acts = rows[0].ID
		}
	}
	if acts == models.Installation {
		return view, nil
	}
	t, err := h.store.Tenant(ctx, acts)
	view.Tenant = &sessionTenant{t.ID, t.Name, t.Timezone, t.Currency, t.DefaultRegion}
	return view, err
}

// idOrNull answers a pointer for an id that may be missing.
func idOrNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// delete signs out: the token is good for nothing from here on.
func (h *signIn) delete(c *gin.Context) {
	p, _ := personOf(c)
	if err := h.auth.people.store.CloseSession(c.Request.Context(), p.session); err != nil {
		fail(c, err)
		return
	}
	h.auth.people.dropCookie(c)
	c.Status(http.StatusNoContent)
}

type passwordBody struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// password changes one's own. Every other session of the person ends, and this one goes on under a new token.
func (h *signIn) password(c *gin.Context) {
	var body passwordBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	p, _ := personOf(c)
	if p.user.ID == uuid.Nil {
		fail(c, forbidden("The admin key is set where the service runs; it has no password."))
		return
	}
	if errs := checkPassword("new", body.New); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	if err := h.change(c, p, body); err != nil {
		fail(c, err)
		return
	}
	c.Status(http.StatusNoContent)
}

func (h *signIn) change(c *gin.Context, p person, body passwordBody) error {
	right, err := h.wrongs.take(p.user.Name, sourceOf(c.ClientIP()).String())
	if err != nil {
		return err
	}
	var hash string
	ctx := c.Request.Context()
	err = h.hashing.do(ctx, func() {
		if models.CheckPassword(body.Old, p.user.Password) {
			hash = models.HashPassword(body.New)
		}
	})
	switch {
	case err != nil:
		right()
		return err
	case hash == "":
		return invalidField("old", "is not your password")
	}
	right()
	if err := h.store.UpdateUser(ctx, p.user.TenantID, p.user.ID, models.UserPatch{Password: &hash}, p.session.Hash); err != nil {
		return err
	}
	return h.auth.people.renew(c, p)
}

// Bounds on names and passwords.
const (
	maxUserName      = 100  // bytes
	minPassword      = 10   // characters
	maxPasswordBytes = 1024 // none that is typed
)

// userName is how a name is kept and compared.
func userName(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

func checkPassword(field, plain string) []policy.FieldError {
	if n := len([]rune(plain)); n < minPassword || len(plain) > maxPasswordBytes {
		return []policy.FieldError{{Field: field, Message: "must have at least 10 characters, and at most 1024 bytes"}}
	}
	return nil
}
