package web

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// Everything that changes something is written down once, with who did it and without what is secret.
func TestAudit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		tenant := a.rig.Tenant.ID
		name, password := a.addPerson(roleAdmin, tenant)
		cookie := a.signIn(name, password)
		policy := `{"steps":[{"channel":"sms","until":"sent","timeout":"90s"}]}`
		account := a.id(a.wantPerson(201, cookie, "POST", "/v1/channels", `{"name":"sms-spare","channel":"sms","adapter":"infobip",
			"settings":{"base_url":"`+a.rig.SimURL+`/infobip","api_key":"hush-1","sender":"ACME","webhook_secret":"hush-2"}}`))
		a.wantPerson(200, cookie, "PUT", "/v1/policies/night", policy)
		a.want(200, "PUT", "/v1/policies/day", policy)
		a.want(202, "POST", "/v1/messages", messageBody("0912345001", scheduled()))
		mine := a.id(a.wantPerson(202, cookie, "POST", "/v1/messages", messageBody("0912345001", scheduled())))
		a.wantPerson(200, cookie, "POST", "/v1/messages/"+mine+"/cancel", "")
		a.wantPerson(200, cookie, "POST", "/v1/messages/preview", messageBody("0912345001"))
		a.want(200, "PUT", "/v1/suppressions/0912345001", `{"reason":"asked by 0912 345 001"}`)
		a.wantPerson(422, cookie, "PUT", "/v1/policies/bad", `{"steps":[]}`)
		a.wantPerson(200, cookie, "GET", "/v1/policies", "")
		other := a.id(a.wantAs(201, testAdmin, "POST", "/v1/tenants", `{"name":"other"}`))
		key := a.do("POST", "/v1/tenants/"+tenant.String()+"/keys", testAdmin, `{}`, "Idempotency-Key", "one")
		if again := a.do("POST", "/v1/tenants/"+tenant.String()+"/keys", testAdmin, `{}`, "Idempotency-Key", "one"); !bytes.Equal(again.body, key.body) {
			t.Errorf("again: %s", again.body)
		}
		user := a.id(a.wantPerson(201, cookie, "POST", "/v1/users", `{"name":"new@shop.vn","role":"viewer","password":"hush-3 hush-3"}`))
		a.wantAs(204, testAdmin, "DELETE", "/v1/users/"+user, "")
		a.wantPerson(204, cookie, "PUT", "/v1/session/password", `{"old":"`+password+`","new":"hush-4 hush-4"}`)
		cookie = a.signIn(name, "hush-4 hush-4")
		a.wantPerson(204, cookie, "DELETE", "/v1/session", "")

		type line struct{ actor, action, object string }
		want := []line{
			{name, "session.delete", ""},
			{name, "session.create", ""},
			{name, "session.password", ""},
			{adminName, "user.delete", user},
			{name, "user.create", user},
			{adminName, "key.create", tenant.String()},
			{"key", "suppression.put", "•••••001"},
			{name, "message.cancel", mine},
			{name, "message.send", mine},
			{"key", "policy.put", "day"},
			{name, "policy.put", "night"},
			{name, "channel.create", account},
			{name, "session.create", ""},
		}
		var got []line
		for _, row := range a.audited("tenant_id=" + tenant.String()) {
			if row.ActorKind == models.ActorKey {
				row.Actor = "key"
			}
			got = append(got, line{row.Actor, row.Action, row.Object})
			if text := string(row.Detail); strings.Contains(text, "hush") || strings.Contains(text, "345") || strings.Contains(text, "1029") {
				t.Errorf("%s keeps %s", row.Action, text)
			}
			if row.Source != "127.0.0.1" || row.TenantID == nil || *row.TenantID != tenant {
				t.Errorf("%+v", row)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
		if rows := a.audited("object=" + other); len(rows) != 1 || rows[0].Action != "tenant.create" || rows[0].ActorKind != models.ActorAdminKey {
			t.Errorf("of the new tenant: %+v", rows)
		}
		if rows := a.audited("action=policy.put&object=night"); len(rows) != 1 || !strings.Contains(string(rows[0].Detail), `"until":"sent"`) {
			t.Errorf("the policy: %+v", rows)
		}
		for _, query := range []string{"after=now", "colour=red", "tenant_id=x", "cursor=x"} {
			if r := a.do("GET", "/v1/audit?"+query, testAdmin, ""); r.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: %d %s", query, r.status, r.body)
			}
		}
		if rows := a.audited("before=2020-01-01T00:00:00Z"); len(rows) != 0 {
			t.Errorf("before everything: %+v", rows)
		}
	})
}

func TestDetail(t *testing.T) {
	for name, tt := range map[string]struct{ path, body, want string }{
		"nothing":      {"/v1/routes", ``, `{}`},
		"no object":    {"/v1/routes", `[1]`, `{}`},
		"settings":     {"/v1/channels", `{"name":"a","settings":{"sender":"ACME","n":1}}`, `{"name":"a","settings":{"n":"•••","sender":"•••"}}`},
		"odd settings": {"/v1/channels", `{"settings":"x"}`, `{"settings":"•••"}`},
		"secrets":      {"/v1/users", `{"Password":"x","old":"x","new":"x","api_key":"x","secret":{"a":1},"role":"viewer"}`, `{"Password":"•••","api_key":"•••","new":"•••","old":"•••","role":"viewer","secret":"•••"}`},
		"a message":    {"/v1/messages", `{"to":"+84912345001","content":{"sms":{"text":"x"}},"params":{"a":"b"},"category":"otp"}`, `{"category":"otp","content":"•••","params":"•••","to":"+84•••••001"}`},
		"a batch":      {"/v1/messages/batch", `{"messages":[{"to":"0912345001","metadata":{"a":"b"}}]}`, `{"messages":[{"metadata":"•••","to":"•••••001"}]}`},
		"a template":   {"/v1/templates/:name", `{"content":{"sms":{"text":"Goi 0912.345.001"}}}`, `{"content":{"sms":{"text":"Goi •••••001"}}}`},
		"amounts":      {"/v1/limits", `{"day":{"amount":"900000000","currency":"VND"}}`, `{"day":{"amount":"900000000","currency":"VND"}}`},
		"times":        {"/v1/x", `{"at":"2026-01-02T03:04:05+07:00","on":"2026-01-02","id":"01234567-89ab-7def-8123-456789012345"}`, `{"at":"2026-01-02T03:04:05+07:00","id":"01234567-89ab-7def-8123-456789012345","on":"2026-01-02"}`},
		"an address":   {"/v1/callbacks", `{"url":"https://me:pw@app.shop.vn/hook?k=hush#f"}`, `{"url":"https://%E2%80%A2%E2%80%A2%E2%80%A2@app.shop.vn/hook?•••"}`},
		"too long":     {"/v1/routes", `{"rules":"` + strings.Repeat("a", maxDetail) + `"}`, `{"bytes":8204,"fields":["rules"],"left_out":"the body is too long to be kept"}`},
	} {
		var got string
		r := gin.New()
		r.POST(tt.path, func(c *gin.Context) { got = detailOf(c, []byte(tt.body)) })
		call(r, "POST", fill(tt.path, uuid.NewString(), ""), "", "")
		if got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, tt.want)
		}
	}
}

// A handler that breaks down is answered as ever, though its answer was held back.
func TestHeldAnswerOfPanic(t *testing.T) {
	r, d, tenants := consoleRig(t, newMovedClock().now)
	w := call(r, "POST", "/v1/messages/"+uuid.NewString()+"/cancel", "", "", "Cookie", signedIn(t, d, tenants[0], roleOperator))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"internal"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
