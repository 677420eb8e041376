package web

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// api is the whole service behind a real server: the API, the engine, its database and the provider simulator. Every
// answer that goes through it is held against openapi.yaml.
type api struct {
	t      *testing.T
	rig    *orchestratortest.Rig
	router *gin.Engine
	url    string
	key    string // of the rig's tenant, with every scope
	// journal is written by flush alone.
	journal *orchestrator.Journal
	doc     routers.Router
	mu      sync.Mutex
	served  map[string]bool // operations that answered with success, by operationId
}

func newAPI(t *testing.T, store *models.Store, change ...func(*Deps)) *api {
	t.Helper()
	journal := orchestrator.NewJournal(store, time.Now, nil)
	a := &api{t: t, rig: orchestratortest.New(t, store, orchestratortest.Config{Journal: journal}), journal: journal, served: map[string]bool{}}
	deps := Deps{
		Engine: a.rig.Engine, Store: store, AdminKey: testAdmin, PublicURL: a.rig.HookURL, Now: time.Now, Journal: journal,
		Egress:  []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "cascade_up 1\n") }),
	}
	for _, f := range change {
		f(&deps)
	}
	a.router = New(deps)
	server := httptest.NewServer(a.router)
	t.Cleanup(server.Close)
	a.url = server.URL
	a.key = a.newKey(a.rig.Tenant.ID)
	a.doc = documented(t)
	return a
}

// documented routes requests to the operations of openapi.yaml.
func documented(t *testing.T) routers.Router {
	t.Helper()
	for _, text := range []string{"text/html", "text/event-stream", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		openapi3filter.RegisterBodyDecoder(text, openapi3filter.PlainBodyDecoder)
	}
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// flush has the journal write what it was given.
func (a *api) flush() {
	ctx, cancel := context.WithCancel(a.t.Context())
	cancel()
	a.journal.Run(ctx)
}

func (a *api) newKey(tenant uuid.UUID) string {
	a.t.Helper()
	row, plain := models.NewAPIKey(tenant, models.ModeLive, scopes(), time.Now().UnixMilli())
	if err := a.rig.Store.InsertKey(a.t.Context(), row); err != nil {
		a.t.Fatal(err)
	}
	return plain
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// do asks, and fails the test when the answer is not one that openapi.yaml describes.
func (a *api) do(method, path, key, body string, headers ...string) reply {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	a.validate(req, reply{res.StatusCode, res.Header, raw})
	return reply{res.StatusCode, res.Header, raw}
}

func (a *api) validate(req *http.Request, r reply) {
	a.t.Helper()
	route, params, err := a.doc.FindRoute(req)
	if err != nil {
		a.t.Errorf("%s %s is not in openapi.yaml: %v", req.Method, req.URL.Path, err)
		return
	}
	err = openapi3filter.ValidateResponse(a.t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 r.status, Header: r.header, Body: io.NopCloser(bytes.NewReader(r.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	if err != nil {
		a.t.Errorf("%s %s answers %d, not as openapi.yaml has it: %v\n%s", req.Method, req.URL.Path, r.status, err, r.body)
	}
	if r.status < 300 {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.served[route.Operation.OperationID] = true
	}
}

// want asks with the tenant's key and needs a status.
func (a *api) want(status int, method, path, body string) reply {
	a.t.Helper()
	return a.wantAs(status, a.key, method, path, body)
}

func (a *api) wantAs(status int, key, method, path, body string) reply {
	a.t.Helper()
	r := a.do(method, path, key, body)
	if r.status != status {
		a.t.Fatalf("%s %s answers %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// testPassword is that of people whom addPerson adds.
const testPassword = "correct horse"

// addPerson adds somebody, of a tenant or of models.Installation, and answers name and password.
func (a *api) addPerson(role string, tenant uuid.UUID) (name, password string) {
	a.t.Helper()
	name = role + "-" + uuid.NewString() + "@shop.vn"
	row := models.User{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: name, Role: role, Password: models.HashPassword(testPassword), CreatedAt: 1}
	if err := a.rig.Store.InsertUser(a.t.Context(), row); err != nil {
		a.t.Fatal(err)
	}
	return name, testPassword
}

func (a *api) userID(name, _ string) string {
	a.t.Helper()
	u, err := a.rig.Store.UserByName(a.t.Context(), name)
	if err != nil {
		a.t.Fatal(err)
	}
	return u.ID.String()
}

// signIn answers the cookie of a new session, as a Cookie header.
func (a *api) signIn(name, password string) string {
	a.t.Helper()
	r := a.do("POST", "/v1/session", "", `{"name":"`+name+`","password":"`+password+`"}`)
	if r.status != http.StatusOK {
		a.t.Fatalf("sign-in of %s: %d %s", name, r.status, r.body)
	}
	return cookieOf(r)
}

func cookieOf(r reply) string {
	cookie, _, _ := strings.Cut(r.header.Get("Set-Cookie"), ";")
	return cookie
}

// wantPerson asks as somebody who is signed in.
func (a *api) wantPerson(status int, cookie, method, path, body string, headers ...string) reply {
	a.t.Helper()
	r := a.do(method, path, "", body, append(headers, "Cookie", cookie)...)
	if r.status != status {
		a.t.Fatalf("%s %s answers %d, want %d: %s", method, path, r.status, status, r.body)
	}
	return r
}

// id reads the id of what an answer shows.
func (a *api) id(r reply) string {
	a.t.Helper()
	var v struct{ ID uuid.UUID }
	decodeReply(a.t, r, &v)
	if v.ID == uuid.Nil {
		a.t.Fatalf("no id in %s", r.body)
	}
	return v.ID.String()
}

func decodeReply(t *testing.T, r reply, into any) {
	t.Helper()
	if err := json.Unmarshal(r.body, into); err != nil {
		t.Fatalf("%v in %s", err, r.body)
	}
}

// code is the stable word of a problem; "" if the answer is none.
func (r reply) code() string {
	var p problem
	if json.Unmarshal(r.body, &p) != nil || r.header.Get("Content-Type") != "application/problem+json" {
		return ""
	}
	return p.Code
}

// newCallback adds an endpoint that takes everything, and answers its id.
func (a *api) newCallback() string {
	a.t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	a.t.Cleanup(app.Close)
	return a.id(a.want(http.StatusCreated, "POST", "/v1/callbacks", `{"url":"`+app.URL+`/cascade"}`))
}

// firstDelivery sends a message to its end and answers an event of it that goes to the endpoint.
func (a *api) firstDelivery(callback string) string {
	a.t.Helper()
	a.rig.Await(uuid.MustParse(a.id(a.want(http.StatusAccepted, "POST", "/v1/messages", messageBody("0912345001")))), orchestratortest.Final)
	var list struct{ Data []struct{ ID string } }
	decodeReply(a.t, a.want(http.StatusOK, "GET", "/v1/callbacks/"+callback+"/deliveries", ""), &list)
	if len(list.Data) == 0 {
		a.t.Fatal("a message came to its end and no event of it is kept")
	}
	return list.Data[0].ID
}

// messageBody is a send call with content for every channel; fields go in front, such as `"send_at":"…",`.
func messageBody(to string, fields ...string) string {
	return `{` + strings.Join(fields, "") + `"to":"` + to + `","category":"transaction","policy":"default","content":{
		"zns":{"template_id":"412345","template_data":{"order":"A-1029"}},
		"viber":{"text":"Đơn A-1029 đã gửi"},"sms":{"text":"Don A-1029 da gui"}}}`
}
