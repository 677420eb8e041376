// Package web is the HTTP face of the service: the API, the providers' callbacks and what operators look at. It knows
// HTTP and decides nothing.
package web

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
)

// Engine is all that the API asks of the engine.
type Engine interface {
	messageEngine
	policyEngine
	accountEngine
	templateEngine
	providerTemplateEngine
	hookEngine
	linkEngine
}

// Deps is what the API is made of.
type Deps struct {
	Engine Engine
	Store  *models.Store
	// AdminKey is the bearer key of the admin endpoints; "" closes them.
	AdminKey string
	// PublicURL is how providers reach us.
	PublicURL string
	Registry  *channels.Registry
	// Journal keeps the requests of tenants' keys for people; nil keeps none.
	Journal *orchestrator.Journal
	// Egress lists private addresses that callbacks may name all the same.
	Egress []netip.Prefix
	// TrustedProxies may say, by X-Forwarded-For, whom they speak for. Without any, the address of a caller is the
	// one that its connection comes from.
	TrustedProxies []netip.Prefix
	// KeyLimit bounds each key on its own, TenantLimit all keys of a tenant together.
	KeyLimit, TenantLimit Limit
	// ForgedPerMinute is how many callbacks that are not genuine an address may send in a minute before it is turned
	// away unread for the rest of it; 0 means 100.
	ForgedPerMinute int
	// Console is a folder of the console's files to serve instead of those in the binary; nil is the rule.
	Console fs.FS
	// Done is closed when the process stops: live answers end then. Nil: they end with their callers.
	Done <-chan struct{}
	// System is what the process tells administrators of itself.
	System System
	// Version is what people are told runs here.
	Version string
	Now     func() time.Time
	Log     *slog.Logger
	Metrics http.Handler

	live liveTimes
}

// route is a line of the table: who may call it is a scope, or a word of roles.go. What it changes is named in actions.
type route struct {
	method, path, access string
	handle               gin.HandlerFunc
}

// New makes the API. Timeouts are the server's.
func New(d Deps) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false
	r.ContextWithFallback = false
	if err := r.SetTrustedProxies(texts(d.TrustedProxies)); err != nil {
		d.Log.Error("trusted proxies", slog.Any("error", err))
	}
	if d.Journal != nil {
		r.Use(noteRequests(d.Journal, d.Now)) // around what makes an answer of a panic
	}
	r.Use(observe(d.Log, d.Now))
	if strings.HasPrefix(d.PublicURL, "https://") {
		r.Use(func(c *gin.Context) { c.Header("Strict-Transport-Security", "max-age=31536000") })
	}
	pages := newConsole(d.Console)
	r.NoRoute(pages.elsewhere)
	r.NoMethod(func(c *gin.Context) { fail(c, methodNotAllowed()) })
	auth := newAuth(d.Store, d.AdminKey, d.Now, d.Log)
	auth.limits = limits{newBuckets("key", d.KeyLimit), newBuckets("tenant", d.TenantLimit), d.Now}
	streams := newStreams(d.live, d.Done, d.Now)
	r.Use(func(c *gin.Context) { c.Set(keyStreams, streams) })
	auth.people = newSessions(d)
	audit := &auditLog{d.Store, d.Now}
	for _, route := range table(d, shared{auth, audit, streams, pages}) {
		r.Handle(route.method, route.path, auth.require(route.access), audit.watch(route.method, route.path), route.handle)
	}
	return r
}

// texts writes networks as CIDRs.
func texts(networks []netip.Prefix) []string {
	out := make([]string, len(networks))
	for i, n := range networks {
		out[i] = n.String()
	}
	return out
}

// shared is what several handlers and the way to them have in common.
type shared struct {
	auth    *auth
	audit   *auditLog
	streams *streams
	pages   *console
}

// table is every route, and who may call it.
func table(d Deps, with shared) []route {
	public := strings.TrimSuffix(d.PublicURL, "/")
	once := newOnce(d.Store, d.Now).wrap
	m := &messages{d.Engine, d.Store, d.Now, d.live.orDefault().final, with.audit}
	p := &policies{d.Engine, d.Store, d.Now}
	seen := newSeen(d.Store, d.Now, d.Log)
	he := &accountHealth{d.Engine, d.Store, seen, d.Now}
	a := &accounts{d.Engine, d.Store, he, public}
	ad := &adapters{d.Registry}
	ct := &channelTemplates{d.Engine, d.Store}
	li := &links{d.Engine}
	t := &templates{d.Engine, d.Store, d.Now}
	ro := &routes{d.Engine, d.Store, d.Now}
	pr := &prices{d.Engine, d.Store, d.Now}
	re := &reports{d.Store, d.Now}
	sp := &spending{d.Engine, d.Store, d.Now}
	mo := &moves{d.Store}
	ov := &overview{store: d.Store, health: he, now: d.Now}
	rq := &requests{d.Store, d.Journal}
	cb := &callbacks{d.Engine, d.Store, d.Egress, d.Now}
	pe := &people{d.Engine, d.Store, d.Now}
	te := &tenants{d.Engine, d.Store, with.auth, d.Now}
	hashing := newHashing()
	si := &signIn{d.Store, with.auth, with.audit, newWrongs(d.Now), hashing, d.Version}
	us := &users{d.Store, hashing, d.Now}
	ho := &hooks{d.Engine, public, newForgers(d.ForgedPerMinute), seen, d.Now}
	op := &ops{d.Store, d.Metrics, d.Log.WarnContext}
	sy := &system{d.Store, d.System, with.streams}
	return []route{
		{"POST", "/v1/messages", scopeSend, m.create},
		{"GET", "/v1/messages", scopeMessages, m.list},
		{"POST", "/v1/messages/search", scopeMessages, m.search},
		{"POST", "/v1/messages/batch", scopeSend, once(m.batch)},
		{"POST", "/v1/messages/preview", scopeSend, m.preview},
		{"GET", "/v1/messages/:id", scopeMessages, m.get},
		{"GET", "/v1/messages/:id/trace", scopeMessages, m.trace},
		{"POST", "/v1/messages/:id/cancel", scopeSend, m.cancel},
		{"POST", "/v1/messages/:id/confirm", scopeSend, m.confirm},
		{"POST", "/v1/messages/:id/reveal", accessReveal, m.reveal},

		{"GET", "/v1/policies", scopeConfig, p.list},
		{"POST", "/v1/policies/check", scopeConfig, p.check},
		{"GET", "/v1/policies/:name", scopeConfig, p.get},
		{"PUT", "/v1/policies/:name", scopeConfigure, p.put},
		{"DELETE", "/v1/policies/:name", scopeConfigure, p.delete},
		{"GET", "/v1/policies/:name/versions", scopeConfig, p.versions},
		{"POST", "/v1/policies/:name/simulate", scopeConfig, p.simulate},

		{"GET", "/v1/channels", scopeConfig, a.list},
		{"POST", "/v1/channels", scopeConfigure, once(a.create)},
		{"GET", "/v1/channels/:id", scopeConfig, a.get},
		{"PATCH", "/v1/channels/:id", scopeConfigure, a.patch},
		{"DELETE", "/v1/channels/:id", scopeConfigure, a.delete},
		{"POST", "/v1/channels/:id/check", scopeConfigure, a.check},
		{"POST", "/v1/channels/:id/authorize", scopeConfigure, li.authorize},
		{"POST", "/v1/channels/:id/sync", scopeConfigure, ct.sync},
		{"GET", "/v1/channels/:id/templates", scopeConfig, ct.list},
		{"GET", "/v1/channels/:id/moves", scopeConfig, mo.list},

		{"GET", "/v1/adapters", scopeConfig, ad.list},

		{"GET", "/v1/templates", scopeConfig, t.list},
		{"POST", "/v1/templates/preview", scopeConfig, t.preview},
		{"GET", "/v1/templates/:name", scopeConfig, t.get},
		{"PUT", "/v1/templates/:name", scopeConfigure, t.put},
		{"DELETE", "/v1/templates/:name", scopeConfigure, t.delete},

		{"GET", "/v1/routes", scopeConfig, ro.get},
		{"PUT", "/v1/routes", scopeConfigure, ro.put},
		{"GET", "/v1/prices", scopeConfig, pr.get},
		{"PUT", "/v1/prices", scopeConfigure, pr.put},
		{"GET", "/v1/limits", scopeConfig, sp.get},
		{"PUT", "/v1/limits", scopeConfigure, sp.put},
		{"GET", "/v1/reports/costs", scopeReports, re.costs},
		{"GET", "/v1/reports/delivery", scopeReports, re.delivery},
		{"GET", "/v1/overview", scopeMessages, ov.get},
		{"GET", "/v1/requests", scopeConfig, rq.list},

		{"GET", "/v1/callbacks", scopeConfig, cb.list},
		{"POST", "/v1/callbacks", scopeConfigure, once(cb.create)},
		{"GET", "/v1/callbacks/:id", scopeConfig, cb.get},
		{"PATCH", "/v1/callbacks/:id", scopeConfigure, cb.patch},
		{"DELETE", "/v1/callbacks/:id", scopeConfigure, cb.delete},
		{"GET", "/v1/callbacks/:id/deliveries", scopeConfig, cb.deliveries},
		{"POST", "/v1/callbacks/:id/deliveries/:delivery/replay", scopeConfigure, cb.replay},

		{"GET", "/v1/recipients/:phone", scopeConfig, pe.getRecipient},
		{"GET", "/v1/suppressions/:phone", scopeConfig, pe.getSuppression},
		{"PUT", "/v1/suppressions/:phone", scopeConfigure, pe.putSuppression},
		{"DELETE", "/v1/suppressions/:phone", scopeConfigure, pe.deleteSuppression},
		{"GET", "/v1/consents/:phone", scopeConfig, pe.getConsent},
		{"PUT", "/v1/consents/:phone", scopeConfigure, pe.putConsent},
		{"DELETE", "/v1/consents/:phone", scopeConfigure, pe.deleteConsent},

		{"GET", "/v1/system", accessAdmin, sy.get},
		{"GET", "/v1/tenants", accessAdmin, te.list},
		{"POST", "/v1/tenants", accessAdmin, once(te.create)},
		{"GET", "/v1/tenants/:id", accessPeople, te.get},
		{"GET", "/v1/tenants/:id/keys", accessPeople, te.keys},
		{"POST", "/v1/tenants/:id/keys", accessPeople, once(te.createKey)},
		{"DELETE", "/v1/tenants/:id/keys/:key", accessPeople, te.revokeKey},

		{"POST", "/v1/session", accessPublic, si.create},
		{"GET", "/v1/session", accessAnybody, si.get},
		{"DELETE", "/v1/session", accessSession, si.delete},
		{"PUT", "/v1/session/password", accessSession, si.password},
		{"GET", "/v1/users", accessPeople, us.list},
		{"POST", "/v1/users", accessPeople, once(us.create)},
		{"PATCH", "/v1/users/:id", accessPeople, us.patch},
		{"DELETE", "/v1/users/:id", accessPeople, us.delete},
		{"GET", "/v1/audit", accessPeople, with.audit.list},

		{"POST", "/hooks/:adapter/:account", accessPublic, ho.receive},
		{"GET", "/hooks/:adapter/:account", accessPublic, ho.receive},

		{"GET", "/oauth/:adapter/callback", accessPublic, li.finish},

		{"GET", "/", accessPublic, with.pages.page},
		{"GET", "/healthz", accessPublic, op.healthz},
		{"GET", "/readyz", accessPublic, op.readyz},
		{"GET", "/metrics", accessPublic, op.prometheus},
		{"GET", "/openapi.yaml", accessPublic, op.openapi},
		{"GET", "/openapi.json", accessPublic, op.openapiJSON},
		{"GET", "/docs", accessPublic, op.docs},
	}
}
