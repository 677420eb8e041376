package web

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// fakeEngine accepts everything; what is not set here is not called.
type fakeEngine struct {
	Engine
	err error
}

func (e *fakeEngine) Accept(context.Context, orchestrator.Caller, orchestrator.Submission) (orchestrator.Accepted, error) {
	return orchestrator.Accepted{Message: orchestrator.MessageView{ID: uuid.Must(uuid.NewV7()), Status: "accepted"}}, e.err
}

func (e *fakeEngine) Reload() {}

func (e *fakeEngine) Standings([]uuid.UUID) map[uuid.UUID]orchestrator.Standing { return nil }

func (e *fakeEngine) TemplateWarnings(context.Context, uuid.UUID, channels.Content) ([]policy.Warning, error) {
	return nil, nil
}

const testAdmin = "admin-key"

func testAPI(t *testing.T, engine Engine) (r *gin.Engine, key string, readOnly string) {
	t.Helper()
	store := modelstest.Open(t, models.SQLite)
	now := time.Now
	tenant := models.Tenant{ID: uuid.Must(uuid.NewV7()), Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND"}
	full, key := models.NewAPIKey(tenant.ID, models.ModeLive, scopes(), now().UnixMilli())
	if err := store.CreateTenant(t.Context(), tenant, full); err != nil {
		t.Fatal(err)
	}
	narrow, readOnly := models.NewAPIKey(tenant.ID, models.ModeLive, []string{scopeMessages}, now().UnixMilli())
	if err := store.InsertKey(t.Context(), narrow); err != nil {
		t.Fatal(err)
	}
	return New(Deps{Engine: engine, Store: store, AdminKey: testAdmin, PublicURL: "http://127.0.0.1:8080", Now: now}), key, readOnly
}

func call(r http.Handler, method, target, key, body string, headers ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func TestRequests(t *testing.T) {
	r, key, narrow := testAPI(t, &fakeEngine{})
	deep := `{"to":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
	for name, tt := range map[string]struct {
		method, target, key, body string
		status                    int
		want                      string
	}{
		"accepted":             {"POST", "/v1/messages", key, `{"to":"0912345678","template":"a"}`, 202, `"accepted"`},
		"no key":               {"POST", "/v1/messages", "", `{}`, 401, "unauthorized"},
		"key in the query":     {"GET", "/v1/messages?api_key=" + key, "", ``, 401, "unauthorized"},
		"bad key":              {"GET", "/v1/messages", "cas_live_x", ``, 401, "unauthorized"},
		"missing scope":        {"POST", "/v1/messages", narrow, `{}`, 403, "messages:write"},
		"tenant key as admin":  {"GET", "/v1/tenants", key, ``, 403, "forbidden"},
		"admin key as tenant":  {"GET", "/v1/messages", testAdmin, ``, 403, "forbidden"},
		"admin":                {"GET", "/v1/tenants", testAdmin, ``, 200, "acme"},
		"malformed":            {"POST", "/v1/messages", key, `{"to":`, 400, "malformed_json"},
		"empty":                {"POST", "/v1/messages", key, ``, 400, "malformed_json"},
		"trailing":             {"POST", "/v1/messages", key, `{"to":"1"} {}`, 400, "malformed_json"},
		"unknown field":        {"POST", "/v1/messages", key, `{"to":"1","tenant_id":"x"}`, 422, `"field":"tenant_id"`},
		"unknown nested field": {"POST", "/v1/messages", key, `{"to":"1","content":{"sms":{"txt":"x"}}}`, 422, `"field":"content.sms.txt"`},
		"other case":           {"POST", "/v1/messages", key, `{"To":"1"}`, 422, `"field":"To"`},
		"twice":                {"POST", "/v1/messages", key, `{"to":"1","to":"2"}`, 422, `"field":"to"`},
		"wrong type":           {"POST", "/v1/messages", key, `{"to":1}`, 422, `"field":"to"`},
		"NUL":                  {"POST", "/v1/messages", key, `{"to":"a\u0000b"}`, 422, `"field":"to"`},
		"escaped backslash":    {"POST", "/v1/messages", key, `{"to":"a\\u0000b"}`, 202, "accepted"},
		"invalid UTF-8":        {"POST", "/v1/messages", key, "{\"to\":\"\xff\"}", 422, `"field":"to"`},
		"too deep":             {"POST", "/v1/messages", key, deep, 422, "nested"},
		"too large":            {"POST", "/v1/messages", key, `{"to":"` + strings.Repeat("1", maxBody) + `"}`, 413, "body_too_large"},
		"limit too high":       {"GET", "/v1/templates?limit=201", key, ``, 422, `"field":"limit"`},
		"limit zero":           {"GET", "/v1/messages?limit=0", key, ``, 422, `"field":"limit"`},
		"unknown filter":       {"GET", "/v1/messages?colour=red", key, ``, 422, `"field":"colour"`},
		"bad filter value":     {"GET", "/v1/messages?status=gone", key, ``, 422, `"field":"status"`},
		"bad cursor":           {"GET", "/v1/messages?cursor=x", key, ``, 422, `"field":"cursor"`},
		"routes never put":     {"GET", "/v1/routes", key, ``, 200, `"rules":[]`},
		"undeclared param":     {"PUT", "/v1/templates/a", key, `{"category":"otp","content":{"sms":{"text":"{{x}}"}}}`, 422, "content.sms.text"},
		"template":             {"PUT", "/v1/templates/a", key, `{"category":"otp","params":[{"name":"x"}],"content":{"sms":{"text":"{{x}}"}}}`, 200, `"updated_at"`},
		"http callback":        {"POST", "/v1/callbacks", key, `{"url":"http://example.com"}`, 422, `"field":"url"`},
		"suppression":          {"PUT", "/v1/suppressions/0912345678", key, `{"categories":["promotion"]}`, 200, "+84912345678"},
		"costs":                {"GET", "/v1/reports/costs?from=2026-01-01&to=2026-12-31&group_by=channel,day", key, ``, 200, `"sms_only"`},
		"costs as csv":         {"GET", "/v1/reports/costs?format=csv", key, ``, 200, "channel,attempts,billable,units,cost,currency"},
		"unknown group":        {"GET", "/v1/reports/costs?group_by=x", key, ``, 422, `"field":"group_by"`},
		"overview":             {"GET", "/v1/overview?window=1h&test=false", key, ``, 200, `"cost":{"amount":"0","currency":"VND"}`},
		"overview, no reports": {"GET", "/v1/overview?window=30d", narrow, ``, 200, `"cost":null`},
		"other window":         {"GET", "/v1/overview?window=2h", key, ``, 422, `"field":"window"`},
		"ready":                {"GET", "/readyz", "", ``, 200, "ready"},
		"nothing there":        {"GET", "/nowhere", "", ``, 404, "not_found"},
		"wrong method":         {"PUT", "/healthz", "", ``, 405, "method_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := call(r, tt.method, tt.target, tt.key, tt.body)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %s\nwant %d with %s", w.Code, w.Body, tt.status, tt.want)
			}
			if w.Code == 401 && w.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Error("a 401 has no WWW-Authenticate")
			}
		})
	}
}

func TestProblemOf(t *testing.T) {
	for code, err := range map[string]error{
		"validation_failed":     orchestrator.Invalid("to", "is wrong"),
		"no_usable_step":        &orchestrator.RefusedError{Steps: []orchestrator.StepRefusal{{Step: 1}}},
		"duplicate_transaction": &orchestrator.DuplicateError{},
		"idempotency_conflict":  orchestrator.ErrIdempotencyConflict,
		"busy":                  &orchestrator.BusyError{Cause: errors.New("secret words")},
		"unavailable":           &orchestrator.BusyError{Cause: fmt.Errorf("secret words: %w", driver.ErrBadConn)},
		"not_found":             models.ErrNotFound,
		"already_exists":        models.ErrDuplicate,
		"unauthorized":          orchestrator.ErrForged,
		"internal":              errors.New("secret words"),
	} {
		if got := problemOf(err); got.Code != code || strings.Contains(got.Detail, "secret") {
			t.Errorf("%v: got %s %q, want %s", err, got.Code, got.Detail, code)
		}
	}
}

func TestOnce(t *testing.T) {
	r, key, _ := testAPI(t, &fakeEngine{})
	const body = `{"url":"https://app.example.com/hook"}`
	first := call(r, "POST", "/v1/callbacks", key, body, "Idempotency-Key", "k1")
	again := call(r, "POST", "/v1/callbacks", key, body, "Idempotency-Key", "k1")
	other := call(r, "POST", "/v1/callbacks", key, `{"url":"https://app.example.com/other"}`, "Idempotency-Key", "k1")
	if first.Code != 201 || again.Code != 201 || first.Body.String() != again.Body.String() || again.Header().Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %d %s\nagain %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	if other.Code != 409 || !strings.Contains(other.Body.String(), "idempotency_conflict") {
		t.Errorf("another body: %d %s", other.Code, other.Body)
	}
}

func TestOpenAPIMatchesRoutes(t *testing.T) {
	r, _, _ := testAPI(t, &fakeEngine{})
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			documented[method+" "+path] = true
		}
	}
	for _, route := range r.Routes() {
		parts := strings.Split(route.Path, "/")
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, ":"); ok {
				parts[i] = "{" + name + "}"
			}
		}
		name := route.Method + " " + strings.Join(parts, "/")
		if !documented[name] {
			t.Errorf("%s is not in openapi.yaml", name)
		}
		delete(documented, name)
	}
	for name := range documented {
		t.Errorf("%s is in openapi.yaml and no route", name)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"to":"+84912345678","content":{"sms":{"text":"x"}}}`))
	f.Add([]byte("{\"to\":\"\xff\\u0000"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var fast, named createMessage
		fastErr, namedErr := decodeFast(raw, &fast, createMessageFields), decodeBytes(raw, &named)
		if namedErr == nil && fastErr != nil {
			t.Errorf("the fast road refuses what the slow one takes: %v", fastErr)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add(encodeCursor("keys", "a"))
	f.Fuzz(func(t *testing.T, text string) {
		if key, ok := decodeCursor("keys", text); ok {
			if back, ok := decodeCursor("keys", encodeCursor("keys", key)); !ok || back != key {
				t.Errorf("%q does not come back", key)
			}
		}
	})
}
