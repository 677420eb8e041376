package web

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// While the database is away every route that needs it answers 503 with Retry-After, whatever was remembered before:
// never 2xx, for a provider would not repeat its callback, and never 500, which nobody can act on.
func TestOutage(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect+" closed", func(t *testing.T) {
			store := modelstest.Open(t, dialect)
			testOutage(t, store, func() {
				if err := store.Close(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
	if dialects := modelstest.Dialects(t); len(dialects) > 1 {
		t.Run("postgres cut off", func(t *testing.T) {
			store, cut := openBehindProxy(t)
			testOutage(t, store, cut)
		})
	}
}

func testOutage(t *testing.T, store *models.Store, outage func()) {
	a := newAPI(t, store)
	things := a.things()
	tenant := uuid.NewString()
	unseen := a.newKey(a.rig.Tenant.ID)
	a.want(http.StatusOK, "GET", "/v1/messages", "") // the key is remembered
	cookie := a.signIn(a.addPerson(roleOperator, a.rig.Tenant.ID))
	outage()

	asked := 0
	for _, route := range a.router.Routes() {
		path, key := route.Path, a.key
		switch collection := strings.Split(path, "/")[1:]; {
		case collection[0] == "hooks":
			account := a.rig.Accounts["sms-main"]
			path, key = hookPath(account)+"?token=hook-secret-sms-main", ""
		case collection[0] == "readyz":
			key = ""
		case collection[0] != "v1", collection[1] == "adapters": // needs no database
			continue
		case collection[1] == "session" || strings.HasSuffix(path, "/reveal"):
			asked++
			path = fill(path, things["messages"].id, "")
			a.wantUnavailable(route.Method, path, "", outageBodies[route.Method+" "+route.Path], "Cookie", cookie)
			continue
		case collection[1] == "users" || collection[1] == "audit":
			path, key = fill(path, uuid.NewString(), ""), testAdmin
		case collection[1] == "tenants", collection[1] == "system":
			path, key = fill(path, tenant, uuid.NewString()), testAdmin
		case strings.Contains(path, ":"):
			path = fill(path, things[collection[1]].id, things[collection[1]].child)
		}
		body := outageBodies[route.Method+" "+route.Path]
		if body == "" && (route.Method == http.MethodPost || route.Method == http.MethodPatch) {
			body = `{}`
		}
		asked++
		a.wantUnavailable(route.Method, path, key, body)
		if key == a.key {
			a.wantUnavailable(route.Method, path, unseen, body)
			if route.Method == http.MethodPost {
				a.wantUnavailable(route.Method, path, key, body, "Idempotency-Key", "outage")
			}
		}
	}
	if asked < 45 {
		t.Errorf("only %d routes were asked", asked)
	}
	a.wantAs(http.StatusOK, "", "GET", "/healthz", "")
}

// outageBodies are those of requests that would succeed; {} is the one of those that are left out.
var outageBodies = map[string]string{
	"POST /v1/messages":          messageBody("0912345678"),
	"POST /v1/messages/search":   `{"to":"0912345678"}`,
	"POST /v1/messages/batch":    `{"messages":[` + messageBody("0912345678") + `,{"too":1}]}`,
	"POST /v1/messages/preview":  messageBody("0912345678"),
	"POST /v1/policies/check":    `{"policy":{"steps":[{"channel":"sms","timeout":"1m"}]}}`,
	"POST /v1/templates/preview": `{"name":"receipt"}`,
	"PUT /v1/policies/:name":     `{"steps":[{"channel":"sms","until":"delivered","timeout":"1m"}]}`,
	"POST /v1/channels": `{"name":"spare","channel":"sms","adapter":"infobip","settings":{"base_url":"http://127.0.0.1:1","api_key":"spare",` +
		`"sender":"ACME","webhook_secret":"hush"}}`,
	"PUT /v1/templates/:name":      `{"category":"otp","params":[],"content":{"sms":{"text":"x"}}}`,
	"PUT /v1/routes":               `{"rules":[],"default":"default"}`,
	"PUT /v1/prices":               `{"prices":[]}`,
	"PUT /v1/limits":               `{}`,
	"POST /v1/callbacks":           `{"url":"http://127.0.0.1:1/cascade"}`,
	"PATCH /v1/callbacks/:id":      `{"events":["message.delivered"]}`,
	"PUT /v1/suppressions/:phone":  `{"categories":["promotion"],"reason":"asked"}`,
	"PUT /v1/consents/:phone":      `{"categories":["promotion"],"source":"form"}`,
	"POST /v1/tenants":             `{"name":"late"}`,
	"POST /v1/session":             `{"name":"late","password":"ten letters"}`,
	"PUT /v1/session/password":     `{"old":"` + testPassword + `","new":"ten letters"}`,
	"POST /v1/users":               `{"name":"late","role":"viewer","password":"ten letters"}`,
	"POST /v1/messages/:id/reveal": `{"reason":"asked"}`,
}

func (a *api) wantUnavailable(method, path, key, body string, headers ...string) {
	a.t.Helper()
	r := a.do(method, path, key, body, headers...)
	seconds, err := strconv.Atoi(r.header.Get("Retry-After"))
	code := r.code()
	if r.status != http.StatusServiceUnavailable || err != nil || seconds < 1 || code != "unavailable" && code != "not_ready" {
		a.t.Errorf("%s %s while the database is away: %d, Retry-After %q, %s", method, path, r.status, r.header.Get("Retry-After"), r.body)
	}
}

// openBehindProxy opens a Postgres database of the test's own through a proxy; cut takes the road away.
func openBehindProxy(t *testing.T) (store *models.Store, cut func()) {
	t.Helper()
	address, err := url.Parse(modelstest.OpenURL(t, models.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	proxy := newProxy(t, address.Host)
	address.Host = proxy.listener.Addr().String()
	store, err = models.Open(t.Context(), models.Options{URL: address.String(), Keys: testKeys(t), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store, proxy.cut
}

func testKeys(t *testing.T) *models.Keyring {
	t.Helper()
	keys, err := models.NewKeyring(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// proxy hands bytes on between its clients and one server.
type proxy struct {
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
	done     bool
}

func newProxy(t *testing.T, server string) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: listener}
	t.Cleanup(p.cut)
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			p.join(client, upstream)
		}
	}()
	return p
}

func (p *proxy) join(a, b net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, a, b)
	if p.done {
		a.Close()
		b.Close()
		return
	}
	go io.Copy(a, b)
	go io.Copy(b, a)
}

// cut breaks every connection and takes no more.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	p.listener.Close()
	for _, c := range p.conns {
		c.Close()
	}
}
