package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
)

// Who may ask what asks for an access class.
var mayAsk = map[string]string{
	accessPublic:   "nobody viewer finance operator tenant-admin installation-admin key",
	accessAnybody:  "nobody viewer finance operator tenant-admin installation-admin key",
	accessSession:  "viewer finance operator tenant-admin installation-admin",
	scopeMessages:  "viewer finance operator tenant-admin installation-admin key",
	scopeConfig:    "viewer finance operator tenant-admin installation-admin key",
	scopeReports:   "finance operator tenant-admin installation-admin key",
	scopeSend:      "operator tenant-admin installation-admin key",
	scopeConfigure: "operator tenant-admin installation-admin key",
	accessReveal:   "operator tenant-admin installation-admin",
	accessPeople:   "tenant-admin installation-admin",
	accessAdmin:    "installation-admin",
}

// Every route of the table, asked by everybody there is.
func TestRoles(t *testing.T) {
	store, tenant := modelstest.Open(t, models.SQLite), uuid.Must(uuid.NewV7())
	key, plain := models.NewAPIKey(tenant, models.ModeLive, scopes(), 1)
	err := store.CreateTenant(t.Context(), models.Tenant{ID: tenant, Name: "acme", DefaultRegion: "VN", Timezone: "UTC", Currency: "VND"}, key)
	if err != nil {
		t.Fatal(err)
	}
	d := Deps{Store: store, AdminKey: testAdmin, PublicURL: "http://127.0.0.1:8080", Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	auth := newAuth(store, testAdmin, time.Now, d.Log)
	auth.people = newSessions(d)
	callers := map[string][]string{ // headers
		"nobody":             nil,
		"key":                {"Authorization", "Bearer " + plain},
		"viewer":             {"Cookie", signedIn(t, d, tenant, roleViewer)},
		"finance":            {"Cookie", signedIn(t, d, tenant, roleFinance)},
		"operator":           {"Cookie", signedIn(t, d, tenant, roleOperator)},
		"tenant-admin":       {"Cookie", signedIn(t, d, tenant, roleAdmin)},
		"installation-admin": {"Cookie", signedIn(t, d, models.Installation, roleAdmin), headerTenant, tenant.String()},
	}
	r := gin.New()
	routes := table(d, shared{auth, &auditLog{store, time.Now}, nil, newConsole(nil)})
	for _, route := range routes {
		r.Handle(route.method, route.path, auth.require(route.access), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	}
	for _, route := range routes {
		allowed, known := mayAsk[route.access]
		if !known {
			t.Errorf("%s %s: %q is no access class", route.method, route.path, route.access)
		}
		target := fill(route.path, tenant.String(), tenant.String())
		for name, headers := range callers {
			got := call(r, route.method, target, "", "", headers...).Code
			want := http.StatusForbidden
			switch {
			case slices.Contains(strings.Fields(allowed), name):
				want = http.StatusNoContent
			case name == "nobody", name == "key" && route.access == accessSession:
				want = http.StatusUnauthorized
			}
			if got != want {
				t.Errorf("%s %s for %s: %d, want %d", route.method, route.path, name, got, want)
			}
			if len(headers) == 0 || headers[0] != "Cookie" || route.access == accessPublic {
				continue
			}
			for _, crossing := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
				w := call(r, route.method, target, "", "", append(crossing, headers...)...)
				if refused := strings.Contains(w.Body.String(), "cross_site"); refused != (route.method != http.MethodGet) {
					t.Errorf("%s %s for %s with %v: %d %s", route.method, route.path, name, crossing, w.Code, w.Body)
				}
			}
		}
	}
}

// signedIn adds somebody with a session, and answers the Cookie header.
func signedIn(t *testing.T, d Deps, tenant uuid.UUID, role string) string {
	t.Helper()
	s := newSessions(d)
	u := models.User{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: role + "-" + uuid.NewString(), Role: role, Password: "none", CreatedAt: 1}
	if err := d.Store.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	token, now := newToken(u), d.Now()
	row := models.Session{
		TenantID: tenant, UserID: u.ID, Hash: s.hash(token), CreatedAt: now.UnixMilli(), SeenAt: now.UnixMilli(),
		EndsAt: now.Add(sessionMost).UnixMilli(),
	}
	if err := d.Store.OpenSession(t.Context(), row, now.UnixMilli(), now.Add(-sessionIdle).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	return s.cookieName() + "=" + token
}

// What changes something has a name in the audit log, and nothing else has.
func TestActions(t *testing.T) {
	d := Deps{PublicURL: "http://127.0.0.1:8080", Now: time.Now}
	named := actions()
	for _, route := range table(d, shared{newAuth(nil, "", time.Now, nil), &auditLog{}, nil, newConsole(nil)}) {
		name := route.method + " " + route.path
		changes := route.method != http.MethodGet && strings.HasPrefix(route.path, "/v1/") && !slices.Contains(changesNothing(), name)
		if _, ok := named[name]; ok != changes {
			t.Errorf("%s: in actions %v, and changes something %v", name, ok, changes)
		}
		delete(named, name)
	}
	if len(named) > 0 {
		t.Errorf("actions of no route: %v", named)
	}
}

func TestTenantOfPeople(t *testing.T) {
	r, d, tenants := consoleRig(t, time.Now)
	whole, bound := signedIn(t, d, models.Installation, roleAdmin), signedIn(t, d, tenants[0], roleAdmin)
	first, second, nobodys := tenants[0].String(), tenants[1].String(), uuid.NewString()
	for name, tt := range map[string]struct {
		cookie, method, target, tenant string
		status                         int
		want                           string
	}{
		"own":                             {bound, "GET", "/v1/policies", "", 200, "data"},
		"own, named":                      {bound, "GET", "/v1/policies", first, 200, "data"},
		"another's":                       {bound, "GET", "/v1/policies", second, 404, "not_found"},
		"no id":                           {bound, "GET", "/v1/policies", "acme", 404, "not_found"},
		"chosen":                          {whole, "GET", "/v1/policies", second, 200, "data"},
		"none chosen":                     {whole, "GET", "/v1/policies", "", 422, headerTenant},
		"nobody's":                        {whole, "GET", "/v1/policies", nobodys, 404, "not_found"},
		"none chosen, none needed":        {whole, "GET", "/v1/tenants", "", 200, second},
		"own tenant":                      {bound, "GET", "/v1/tenants/" + first, "", 200, first},
		"own keys":                        {bound, "GET", "/v1/tenants/" + first + "/keys", "", 200, "data"},
		"another tenant":                  {bound, "GET", "/v1/tenants/" + second, "", 404, "not_found"},
		"another's keys":                  {bound, "GET", "/v1/tenants/" + second + "/keys", "", 404, "not_found"},
		"all tenants":                     {bound, "GET", "/v1/tenants", "", 403, "forbidden"},
		"any tenant":                      {whole, "GET", "/v1/tenants/" + second, first, 200, second},
		"another's people":                {bound, "GET", "/v1/users?tenant_id=" + second, "", 404, "not_found"},
		"another's log":                   {bound, "GET", "/v1/audit?tenant_id=" + second, "", 404, "not_found"},
		"everybody's log":                 {whole, "GET", "/v1/audit", first, 200, "data"},
		"session of the chosen":           {whole, "GET", "/v1/session", second, 200, `"tenant":{"id":"` + second},
		"session with none chosen":        {whole, "GET", "/v1/session", "", 200, `"tenant":null`},
		"session of one tenant":           {bound, "GET", "/v1/session", "", 200, `"tenants":[]`},
		"permissions of a tenant's admin": {bound, "GET", "/v1/session", "", 200, `"messages:reveal","tenant:admin"],`},
		"permissions of the whole's":      {whole, "GET", "/v1/session", "", 200, `"tenant:admin","installation:admin"],`},
	} {
		w := call(r, tt.method, tt.target, "", "", "Cookie", tt.cookie, headerTenant, tt.tenant)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: got %d %s\nwant %d with %s", name, w.Code, w.Body, tt.status, tt.want)
		}
	}
}

// callerEngine notes for whom a message is sent.
type callerEngine struct {
	fakeEngine
	caller orchestrator.Caller
}

func (e *callerEngine) Accept(ctx context.Context, who orchestrator.Caller, s orchestrator.Submission) (orchestrator.Accepted, error) {
	e.caller = who
	return e.fakeEngine.Accept(ctx, who, s)
}

func TestModeOfPeople(t *testing.T) {
	engine := &callerEngine{}
	r, d, tenants := consoleRig(t, time.Now, func(d *Deps) { d.Engine = engine })
	bound := signedIn(t, d, tenants[0], roleOperator)
	for mode, want := range map[string]int{"": 202, "live": 202, "test": 202, "tset": 422} {
		engine.caller = orchestrator.Caller{}
		w := call(r, "POST", "/v1/messages", "", `{"to":"0912345678","template":"a"}`, "Cookie", bound, headerMode, mode)
		if w.Code != want || want == 202 && engine.caller != (orchestrator.Caller{TenantID: tenants[0], Test: mode == "test"}) {
			t.Errorf("mode %q: %d %s, for %+v", mode, w.Code, w.Body, engine.caller)
		}
	}
}

// consoleRig is the API with two tenants and no engine.
func consoleRig(t *testing.T, now func() time.Time, change ...func(*Deps)) (http.Handler, Deps, []uuid.UUID) {
	t.Helper()
	d := Deps{
		Engine: &fakeEngine{}, Store: modelstest.Open(t, models.SQLite), AdminKey: testAdmin, PublicURL: "http://127.0.0.1:8080", Now: now,
		Log: slog.New(slog.DiscardHandler), Version: "v1.2.3",
	}
	for _, f := range change {
		f(&d)
	}
	var ids []uuid.UUID
	for _, name := range []string{"acme", "beta"} {
		id := uuid.Must(uuid.NewV7())
		key, _ := models.NewAPIKey(id, models.ModeLive, scopes(), 1)
		row := models.Tenant{ID: id, Name: name, DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: 1}
		if err := d.Store.CreateTenant(t.Context(), row, key); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return New(d), d, ids
}
