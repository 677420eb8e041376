package web

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
)

// What a page says of a request by headers.
const (
	headerTenant     = "Cascade-Tenant"     // the tenant that a person of the whole installation acts for
	headerMode       = "Cascade-Mode"       // models.ModeTest: what is sent reaches no carrier
	headerBackground = "Cascade-Background" // "true": nobody asked for it, so it keeps no session alive
)

// How long a session lasts.
const (
	sessionIdle  = 30 * time.Minute
	sessionMost  = 12 * time.Hour
	sessionTouch = time.Minute // how often its use is noted
)

// Kinds of session tokens, by their first letter.
const (
	tokenOfUser  = "u"
	tokenOfAdmin = "k" // its hash goes over the admin key too: it ends when the key is another
)

// adminName is how the admin key is called among people. No user can be named so.
const adminName = "admin key"

type sessionStore interface {
	User(ctx context.Context, id uuid.UUID) (models.User, error)
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	OpenSession(ctx context.Context, row models.Session, now, idle int64) error
	SessionByHash(ctx context.Context, hash string) (models.Session, error)
	TouchSession(ctx context.Context, row models.Session, now int64) error
	CloseSession(ctx context.Context, row models.Session) error
	RenewSession(ctx context.Context, row models.Session, hash string) error
}

// sessions tells who is signed in, by a cookie. They are looked up for every request: what is ended has ended on every
// replica.
type sessions struct {
	store    sessionStore
	adminKey string // "": nobody is signed in by it
	secure   bool   // the service is reached by https alone
	cross    *http.CrossOriginProtection
	now      func() time.Time
	log      *slog.Logger
}

func newSessions(d Deps) *sessions {
	s := &sessions{store: d.Store, adminKey: d.AdminKey, cross: http.NewCrossOriginProtection(), now: d.Now, log: d.Log}
	if public, err := url.Parse(d.PublicURL); err == nil && public.Host != "" {
		s.secure = public.Scheme == "https"
		// A proxy may call us by another name than browsers do.
		if err := s.cross.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			d.Log.Error("public URL", slog.Any("error", err))
		}
	}
	return s
}

// cookieName has, on https, the prefix by which browsers keep other hosts and plain http from setting it.
func (s *sessions) cookieName() string {
	if s.secure {
		return "__Host-cascade"
	}
	return "cascade_session"
}

func (s *sessions) setCookie(c *gin.Context, token string, lasts time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // Secure wherever the service is reached by https
		Name: s.cookieName(), Value: token, Path: "/", MaxAge: int(lasts / time.Second),
		HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// dropCookie makes the browser forget its session.
func (s *sessions) dropCookie(c *gin.Context) { s.setCookie(c, "", -time.Second) }

// cookie is the token that a request brings; "" for none.
func (s *sessions) cookie(c *gin.Context) string {
	cookie, err := c.Request.Cookie(s.cookieName())
	if err != nil || len(cookie.Value) > 256 {
		return ""
	}
	return cookie.Value
}

// hash is what is stored of a token.
func (s *sessions) hash(token string) string {
	if strings.HasPrefix(token, tokenOfAdmin) {
		return models.HashKey(token + "\x00" + s.adminKey)
	}
	return models.HashKey(token)
}

func newToken(u models.User) string {
	if u.ID == uuid.Nil {
		return tokenOfAdmin + rand.Text()
	}
	return tokenOfUser + rand.Text()
}

// open signs a person in, under a new token, and ends the session that the browser had.
func (s *sessions) open(c *gin.Context, u models.User) (person, error) {
	ctx, now := c.Request.Context(), s.now()
	if old, err := s.store.SessionByHash(ctx, s.hash(s.cookie(c))); err == nil {
		if err := s.store.CloseSession(ctx, old); err != nil {
			return person{}, err
		}
	}
	p := person{user: u, token: newToken(u)}
	p.session = models.Session{
		TenantID: u.TenantID, UserID: u.ID, Hash: s.hash(p.token),
		CreatedAt: now.UnixMilli(), SeenAt: now.UnixMilli(), EndsAt: now.Add(sessionMost).UnixMilli(),
	}
	if err := s.store.OpenSession(ctx, p.session, now.UnixMilli(), now.Add(-sessionIdle).UnixMilli()); err != nil {
		return person{}, err
	}
	if err := s.store.TouchSession(ctx, p.session, now.UnixMilli()); err != nil {
		return person{}, err
	}
	s.setCookie(c, p.token, sessionMost)
	return p, nil
}

// renew puts a person's session under a new token.
func (s *sessions) renew(c *gin.Context, p person) error {
	token := newToken(p.user)
	if err := s.store.RenewSession(c.Request.Context(), p.session, s.hash(token)); err != nil {
		return err
	}
	s.setCookie(c, token, time.UnixMilli(p.session.EndsAt).Sub(s.now()))
	return nil
}

// find answers who sends a request.
func (s *sessions) find(c *gin.Context) (person, error) {
	token := s.cookie(c)
	if token == "" || strings.HasPrefix(token, tokenOfAdmin) && s.adminKey == "" {
		return person{}, noSession()
	}
	ctx, now := c.Request.Context(), s.now()
	row, err := s.store.SessionByHash(ctx, s.hash(token))
	switch {
	case errors.Is(err, models.ErrNotFound):
		return person{}, noSession()
	case err != nil:
		return person{}, &orchestrator.BusyError{RetryAfter: time.Second, Cause: err}
	case now.UnixMilli() >= min(row.EndsAt, row.SeenAt+sessionIdle.Milliseconds()):
		return person{}, noSession()
	}
	p := person{token: token, session: row}
	if row.UserID == uuid.Nil {
		p.user = adminKeyUser()
	} else if p.user, err = s.store.User(ctx, row.UserID); err != nil || p.user.DisabledAt != 0 || p.user.TenantID != row.TenantID {
		if err != nil && !errors.Is(err, models.ErrNotFound) {
			return person{}, err
		}
		return person{}, noSession()
	}
	p.keeps = c.GetHeader(headerBackground) != "true"
	return p, nil
}

// adminKeyUser stands for whoever has the admin key.
func adminKeyUser() models.User { return models.User{Name: adminName, Role: roleAdmin} }

// touch notes the use of a session after a request that keeps it alive. A stream that goes on by itself does not.
func (s *sessions) touch(c *gin.Context, p person) {
	now := s.now()
	if !p.keeps || now.Sub(time.UnixMilli(p.session.SeenAt)) < sessionTouch || strings.HasPrefix(c.Writer.Header().Get("Content-Type"), "text/event-stream") {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), 5*time.Second)
	defer cancel()
	if err := s.store.TouchSession(ctx, p.session, now.UnixMilli()); err != nil {
		s.log.WarnContext(ctx, "the use of a session was not noted", slog.Any("error", err))
	}
}

// expires is when a session ends if nothing more is done with it.
func (s *sessions) expires(p person) int64 {
	seen := p.session.SeenAt
	if now := s.now().UnixMilli(); p.keeps && now-seen >= sessionTouch.Milliseconds() {
		seen = now
	}
	return min(p.session.EndsAt, seen+sessionIdle.Milliseconds())
}

// tenant is the one that a person acts for; Installation if they are of the whole installation and chose none.
func (s *sessions) tenant(c *gin.Context, p person) (uuid.UUID, error) {
	text := c.GetHeader(headerTenant)
	if text == "" {
		return p.user.TenantID, nil
	}
	id, err := pathID(text)
	if err != nil || !p.whole() && id != p.user.TenantID {
		return uuid.Nil, notFound()
	}
	t, err := s.store.Tenant(c.Request.Context(), id)
	return t.ID, err
}

// pass lets a request through whose person may use a route, and says whom they act for.
func (a *auth) pass(c *gin.Context, access string) {
	if err := a.people.sameSite(c); err != nil {
		fail(c, err)
		return
	}
	p, err := a.people.find(c)
	if nobody, ok := errors.AsType[*problem](err); ok && nobody.Code == codeNoSession && access == accessAnybody {
		return
	}
	if err != nil {
		fail(c, err)
		return
	}
	if !a.within(c, p.user.ID, p.user.TenantID) {
		return
	}
	if !p.may(access) {
		fail(c, forbidden("The role %s lacks the permission %s.", p.user.Role, access))
		return
	}
	c.Set(keyToken, p.token)
	c.Set(keyPerson, p)
	c.Set(keyActor, actorFor(p.user))
	c.Set(keyScopes, permissionsOf(p.user.Role, p.whole()))
	c.Set(keyStanding, standing{p.session.Hash, func(context.Context) error { return a.people.still(c, access) }})
	if !ofSession(access) {
		if err := a.actFor(c, p, access); err != nil {
			fail(c, err)
			return
		}
	}
	c.Next()
	a.people.touch(c, p)
}

// still tells whether who was let pass once may use a route now.
func (s *sessions) still(c *gin.Context, access string) error {
	p, err := s.find(c)
	if err == nil && !p.may(access) {
		err = forbidden("The role %s lacks the permission %s.", p.user.Role, access)
	}
	return err
}

// actFor sets the tenant and mode that a person chose.
func (a *auth) actFor(c *gin.Context, p person, access string) error {
	tenant, err := a.people.tenant(c, p)
	if err != nil {
		return err
	}
	mode := c.GetHeader(headerMode)
	switch {
	case tenant == models.Installation && needsTenant(access):
		return invalidField(headerTenant, "is required as a header: name the tenant that this is for")
	case mode != "" && mode != models.ModeTest && mode != models.ModeLive:
		return invalidField(headerMode, "must be live or test")
	case tenant != models.Installation:
		c.Set(keyCaller, orchestrator.Caller{TenantID: tenant, Test: mode == models.ModeTest})
	}
	return nil
}

// sameSite refuses what another site makes a browser send.
func (s *sessions) sameSite(c *gin.Context) error {
	if s.cross.Check(c.Request) != nil {
		return newProblem(http.StatusForbidden, "cross_site", "Another site made the browser send this. Open the console itself.")
	}
	return nil
}

// personOf answers who is signed in; false for a key.
func personOf(c *gin.Context) (person, bool) {
	p, ok := c.Value(keyPerson).(person)
	return p, ok
}

// boundTenant is the only tenant that a person may manage; nil for the admin key and people of the whole installation.
func boundTenant(c *gin.Context) *uuid.UUID {
	if p, ok := personOf(c); ok && !p.whole() {
		return &p.user.TenantID
	}
	return nil
}

const codeNoSession = "no_session"

func noSession() *problem {
	return newProblem(http.StatusUnauthorized, codeNoSession, "Nobody is signed in, or not any more. Sign in with POST /v1/session.")
}
