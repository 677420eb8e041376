package web

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
)

// newRouterWith answers GET /stream, for people, with a content type.
func newRouterWith(d Deps, contentType string) *gin.Engine {
	auth := newAuth(d.Store, d.AdminKey, d.Now, d.Log)
	auth.people = newSessions(d)
	r := gin.New()
	r.GET("/stream", auth.require(scopeMessages), func(c *gin.Context) { c.Data(200, contentType, []byte("data: {}\n\n")) })
	return r
}

func TestUsers(t *testing.T) {
	r, d, tenants := consoleRig(t, time.Now)
	first, second := tenants[0].String(), tenants[1].String()
	bound, whole := signedIn(t, d, tenants[0], roleAdmin), signedIn(t, d, models.Installation, roleAdmin)
	theirs := addUser(t, d, tenants[1], "theirs@shop.vn", roleViewer)
	for _, tt := range []struct {
		name, cookie, key, method, target, body string
		status                                  int
		want                                    string
	}{
		{"a tenant's admin adds to their own", bound, "", "POST", "", `{"name":" Lan@Shop.vn","role":"viewer"}`, 201, `"name":"lan@shop.vn","role":"viewer","tenant_id":"` + first},
		{"the same name", bound, "", "POST", "", `{"name":"lan@shop.vn","role":"viewer"}`, 409, "already_exists"},
		{"own tenant named", bound, "", "POST", "", `{"name":"b","role":"admin","password":"ten letters","tenant_id":"` + first + `"}`, 201, first},
		{"another tenant named", bound, "", "POST", "", `{"name":"c","role":"admin","tenant_id":"` + second + `"}`, 422, `"field":"tenant_id"`},
		{"nobody's tenant", whole, "", "POST", "", `{"name":"c","role":"admin","tenant_id":"` + uuid.NewString() + `"}`, 422, `"field":"tenant_id"`},
		{"of the whole installation", whole, "", "POST", "", `{"name":"d","role":"finance"}`, 201, `"tenant_id":null`},
		{"by the admin key", "", testAdmin, "POST", "", `{"name":"e","role":"finance","tenant_id":"` + second + `"}`, 201, second},
		{"no name", whole, "", "POST", "", `{"name":" ","role":"viewer"}`, 422, `"field":"name"`},
		{"a blank within", whole, "", "POST", "", `{"name":"admin key","role":"viewer"}`, 422, `"field":"name"`},
		{"an unseen character", whole, "", "POST", "", `{"name":"a\u200bb","role":"viewer"}`, 422, `"field":"name"`},
		{"no such role", whole, "", "POST", "", `{"name":"f","role":"king"}`, 422, "viewer, finance, operator or admin"},
		{"a short password", whole, "", "POST", "", `{"name":"f","role":"viewer","password":"nine char"}`, 422, `"field":"password"`},
		{"a field too many", whole, "", "POST", "", `{"name":"f","role":"viewer","id":"x"}`, 422, `"field":"id"`},
		{"another's person, changed", bound, "", "PATCH", "/" + theirs.ID.String(), `{"role":"admin"}`, 404, "not_found"},
		{"another's person, removed", bound, "", "DELETE", "/" + theirs.ID.String(), "", 404, "not_found"},
		{"shut out", whole, "", "PATCH", "/" + theirs.ID.String(), `{"disabled":true}`, 200, `"disabled_at":"2`},
		{"let in again", whole, "", "PATCH", "/" + theirs.ID.String(), `{"disabled":false}`, 200, `"disabled_at":null`},
		{"another role", whole, "", "PATCH", "/" + theirs.ID.String(), `{"role":"operator"}`, 200, `"role":"operator"`},
		{"nobody", whole, "", "PATCH", "/" + uuid.NewString(), `{}`, 404, "not_found"},
	} {
		var headers []string
		if tt.cookie != "" {
			headers = []string{"Cookie", tt.cookie}
		}
		w := call(r, tt.method, "/v1/users"+tt.target, tt.key, tt.body, headers...)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) {
			t.Errorf("%s: got %d %s\nwant %d with %s", tt.name, w.Code, w.Body, tt.status, tt.want)
		}
		if strings.Contains(w.Body.String(), "argon2id") {
			t.Errorf("%s: a hash is shown: %s", tt.name, w.Body)
		}
		if made := strings.Contains(w.Body.String(), `"password":"`); made != (w.Code == 201 && !strings.Contains(tt.body, "password")) {
			t.Errorf("%s: password shown %v: %s", tt.name, made, w.Body)
		}
	}
	for query, want := range map[string]int{"": 7, "?tenant_id=" + first: 3, "?tenant_id=" + second: 2, "?limit=2": 2} {
		var l struct {
			Data []struct{ Name string }
		}
		w := call(r, "GET", "/v1/users"+query, testAdmin, "")
		if json.Unmarshal(w.Body.Bytes(), &l) != nil || len(l.Data) != want {
			t.Errorf("everybody%s: want %d, got %s", query, want, w.Body)
		}
	}
	if w := call(r, "GET", "/v1/users", "", "", "Cookie", bound); strings.Count(w.Body.String(), first) != 3 || strings.Contains(w.Body.String(), second) {
		t.Errorf("a tenant's admin sees %s", w.Body)
	}
}
