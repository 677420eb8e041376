package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
)

// The scopes of a tenant's key.
const (
	scopeSend        = "messages:write"
	scopeMessages    = "messages:read"
	scopeConfigure   = "config:write"
	scopeConfig      = "config:read"
	scopeReports     = "reports:read"
	bearerScheme     = "bearer "
	keyLifetime      = 4 * time.Second // a revoked key works on other replicas for at most this long
	keyCacheSize     = 10_000
	touchEvery       = time.Minute
	keyToken         = "token"
	adviceNoKey      = "Send a key as \"Authorization: Bearer KEY\"."
	adviceUnknownKey = "This key is not known, or was revoked."
)

// scopes lists what a key may be given, which is also what it has when none is named.
func scopes() []string {
	return []string{scopeSend, scopeMessages, scopeConfigure, scopeConfig, scopeReports}
}

type keyStore interface {
	KeyByHash(ctx context.Context, hash string) (models.APIKey, error)
	TouchKey(ctx context.Context, tenant, id uuid.UUID, now int64) error
}

// auth tells who calls. Tenants' keys are remembered for keyLifetime, so that the hot path asks no database.
type auth struct {
	store keyStore
	admin [sha256.Size]byte
	open  bool // an admin key is set
	now   func() time.Time
	log   *slog.Logger
	// limits are taken once it is known whose they are.
	limits limits
	// people are those who have no key, but a session.
	people *sessions

	mu    sync.RWMutex
	known map[[sha256.Size]byte]knownKey
}

type knownKey struct {
	id     uuid.UUID
	prefix string // of the key, for people
	caller orchestrator.Caller
	scopes []string
	until  time.Time
}

func newAuth(store keyStore, adminKey string, now func() time.Time, log *slog.Logger) *auth {
	return &auth{
		store: store, admin: sha256.Sum256([]byte(adminKey)), open: adminKey != "", now: now, log: log,
		known: map[[sha256.Size]byte]knownKey{},
	}
}

// require lets a request pass whose key, or else whose person, may do what access says: a scope, or a word of roles.go.
func (a *auth) require(access string) gin.HandlerFunc {
	if access == accessPublic {
		return func(*gin.Context) {}
	}
	return func(c *gin.Context) {
		if ofSession(access) || c.GetHeader("Authorization") == "" && a.people.cookie(c) != "" {
			a.pass(c, access)
			return
		}
		token, ok := bearer(c.GetHeader("Authorization"))
		if !ok {
			fail(c, unauthorized(adviceNoKey))
			return
		}
		sum := sha256.Sum256([]byte(token))
		isAdmin := a.isAdmin(sum)
		c.Set(keyToken, token)
		switch {
		case isAdmin && (access == accessAdmin || access == accessPeople):
			c.Set(keyActor, actorFor(adminKeyUser()))
			a.within(c, uuid.Nil, uuid.Nil)
			return
		case isAdmin:
			fail(c, forbidden("The admin key manages tenants and keys only; use a key of the tenant here."))
			return
		}
		key, err := a.lookup(c.Request.Context(), sum, token)
		if err == nil {
			c.Set(keyAsked, key.caller.TenantID)
			c.Set(keyActor, actor{models.ActorKey, key.id, key.prefix})
		}
		switch {
		case err != nil:
			fail(c, err)
		case !a.within(c, key.id, key.caller.TenantID):
		case access == accessAdmin || access == accessPeople:
			fail(c, forbidden("This needs the admin key."))
		case access == accessReveal:
			fail(c, forbidden("This is for people who are signed in."))
		case !slices.Contains(key.scopes, access):
			fail(c, forbidden("This key lacks the scope %s.", access))
		default:
			c.Set(keyCaller, key.caller)
			c.Set(keyScopes, key.scopes)
			c.Set(keyStanding, standing{key.id.String(), func(ctx context.Context) error { return a.still(ctx, sum, token, access) }})
		}
	}
}

// still tells whether a tenant's key, which was let pass once, may do what access says now.
func (a *auth) still(ctx context.Context, sum [sha256.Size]byte, token, access string) error {
	key, err := a.lookup(ctx, sum, token)
	if err == nil && !slices.Contains(key.scopes, access) {
		err = forbidden("This key lacks the scope %s.", access)
	}
	return err
}

// isAdmin reports whether sum is that of the admin key.
func (a *auth) isAdmin(sum [sha256.Size]byte) bool {
	return a.open && subtle.ConstantTimeCompare(sum[:], a.admin[:]) == 1
}

// within charges a request to its key and tenant; it answers false, and the caller, if that is over a limit.
func (a *auth) within(c *gin.Context, key, tenant uuid.UUID) bool {
	if a.limits.key == nil && a.limits.tenant == nil {
		return true
	}
	if err := a.limits.take(key, tenant); err != nil {
		fail(c, err)
		return false
	}
	c.Set(keyCharge, func(n int) { a.limits.charge(key, tenant, n) })
	return true
}

func bearer(header string) (string, bool) {
	if len(header) <= len(bearerScheme) || !strings.EqualFold(header[:len(bearerScheme)], bearerScheme) {
		return "", false
	}
	token := strings.TrimSpace(header[len(bearerScheme):])
	return token, token != "" && len(token) <= 256
}

func (a *auth) lookup(ctx context.Context, sum [sha256.Size]byte, token string) (knownKey, error) {
	a.mu.RLock()
	key, ok := a.known[sum]
	a.mu.RUnlock()
	if now := a.now(); ok && now.Before(key.until) {
		return key, nil
	}
	row, err := a.store.KeyByHash(ctx, models.HashKey(token))
	switch {
	case errors.Is(err, models.ErrNotFound):
		return knownKey{}, unauthorized(adviceUnknownKey)
	case err != nil: // nothing was begun: the caller may come back
		return knownKey{}, &orchestrator.BusyError{RetryAfter: time.Second, Cause: err}
	}
	return a.remember(ctx, sum, row), nil
}

func (a *auth) remember(ctx context.Context, sum [sha256.Size]byte, row models.APIKey) knownKey {
	now := a.now()
	key := knownKey{
		id: row.ID, prefix: row.Prefix, caller: orchestrator.Caller{TenantID: row.TenantID, Test: row.Mode == models.ModeTest},
		scopes: row.Scopes, until: now.Add(keyLifetime),
	}
	if len(key.scopes) == 0 {
		key.scopes = scopes()
	}
	a.mu.Lock()
	if len(a.known) >= keyCacheSize {
		clear(a.known)
	}
	a.known[sum] = key
	a.mu.Unlock()
	if now.Sub(time.UnixMilli(row.LastUsedAt)) > touchEvery {
		if err := a.store.TouchKey(ctx, row.TenantID, row.ID, now.UnixMilli()); err != nil {
			a.log.WarnContext(ctx, "the use of a key was not noted", slog.Any("error", err))
		}
	}
	return key
}

// forget makes the next request of every key ask the database: one was revoked.
func (a *auth) forget() {
	a.mu.Lock()
	clear(a.known)
	a.mu.Unlock()
}

// callerOf answers the tenant that asks; false on public and admin routes.
func callerOf(c *gin.Context) (orchestrator.Caller, bool) {
	caller, ok := c.Value(keyCaller).(orchestrator.Caller)
	return caller, ok
}

// may reports whether the caller has a scope besides the one that its route needs.
func may(c *gin.Context, scope string) bool {
	scopes, _ := c.Value(keyScopes).([]string)
	return slices.Contains(scopes, scope)
}

func tenantOf(c *gin.Context) uuid.UUID {
	caller, _ := callerOf(c)
	return caller.TenantID
}
