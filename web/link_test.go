package web

import (
	"net/http"
	"strings"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

// addDesk makes an account that nobody linked yet, and answers its path.
func (a *api) addDesk() string {
	a.t.Helper()
	return "/v1/channels/" + a.id(a.want(http.StatusCreated, "POST", "/v1/channels", `{"name":"desk","channel":"zns","adapter":"desk","settings":{"desk_id":"D1"}}`))
}

// consent asks for a link, agrees to it, and answers where the browser is sent.
func (a *api) consent(account string) string {
	a.t.Helper()
	var link linkView
	decodeReply(a.t, a.want(http.StatusOK, "POST", account+"/authorize", ""), &link)
	return a.rig.Desk.Consent(a.t, link.URL).RequestURI()
}

type linkedState struct {
	State       string  `json:"state"`
	StateReason string  `json:"state_reason"`
	LinkedAt    *string `json:"linked_at"`
}

func (a *api) linkedState(account string) (v linkedState) {
	a.t.Helper()
	decodeReply(a.t, a.want(http.StatusOK, "GET", account, ""), &v)
	return v
}

// A person without a key of ours links an account in their browser.
func TestLinkOverHTTP(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		desk := a.addDesk()
		if v := a.linkedState(desk); v.State != "needs_reauth" || !strings.Contains(v.StateReason, "cascade channels link") || v.LinkedAt != nil {
			t.Errorf("before: %+v", v)
		}
		back := a.consent(desk)
		page := a.wantAs(http.StatusOK, "", "GET", back, "")
		text := string(page.body)
		if !strings.Contains(text, "Đã liên kết: desk") || !strings.Contains(text, "The account is linked") || strings.Contains(text, "<script") {
			t.Errorf("the page says %s", text)
		}
		if got := page.header.Get("Content-Security-Policy"); got != linkedPolicy {
			t.Errorf("the page's policy is %q", got)
		}
		if v := a.linkedState(desk); v.State != "active" || v.StateReason != "" || v.LinkedAt == nil {
			t.Errorf("after: %+v", v)
		}
		again := a.wantAs(http.StatusBadGateway, "", "GET", back, "")
		if !strings.Contains(string(again.body), "a link works once") {
			t.Errorf("used again: %s", again.body)
		}
		if v := a.linkedState(desk); v.State != "active" {
			t.Errorf("after it was used again: %+v", v)
		}
	})
}

func TestLinkRefusals(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		desk := a.addDesk()
		good := a.consent(desk)
		for name, tt := range map[string]struct {
			status     int
			path, want string
		}{
			"refused":         {http.StatusBadRequest, "/oauth/desk/callback?error=%3Cb%3Edenied&state=x", "&lt;b&gt;denied"},
			"nothing":         {http.StatusBadRequest, "/oauth/desk/callback", "No consent was given"},
			"a forged state":  {http.StatusBadRequest, "/oauth/desk/callback?code=c&state=AAAA", "not valid"},
			"another adapter": {http.StatusNotFound, strings.Replace(good, "/desk/", "/zalo/", 1), "does not exist"},
			"another account": {http.StatusConflict, good + "&desk_id=D2", "another account"},
			"another code":    {http.StatusBadGateway, strings.Replace(good, "code=code-", "code=other-", 1), "refused the consent"},
		} {
			r := a.wantAs(tt.status, "", "GET", tt.path, "")
			if !strings.Contains(string(r.body), tt.want) || !strings.Contains(string(r.body), "Chưa liên kết") || r.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %s", name, r.body)
			}
		}
		if v := a.linkedState(desk); v.State != "needs_reauth" {
			t.Errorf("after all that: %+v", v)
		}
		sms := "/v1/channels/" + a.rig.Accounts["sms-main"].ID.String()
		if r := a.want(http.StatusConflict, "POST", sms+"/authorize", ""); r.code() != "not_linkable" {
			t.Errorf("an adapter without consent: %s", r.body)
		}
		other := a.newKey(orchestratortest.New(t, store, orchestratortest.Config{}).Tenant.ID)
		a.wantAs(http.StatusNotFound, other, "POST", desk+"/authorize", "")
	})
}

// What a provider told of an account is shown, and a message may name the person by the provider's id.
func TestAccountShowsWhatItsProviderTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		desk := a.rig.Accounts["oa-main"]
		path := "/v1/channels/" + desk.ID.String()
		var v accountView
		decodeReply(t, a.want(http.StatusOK, "GET", path, ""), &v)
		if v.Quota != nil || v.Quality != "" {
			t.Errorf("before anything was told: %+v", v)
		}
		q := models.Quota{Left: 12, Total: 500, At: 1_000, ResetsAt: 2_000}
		if err := store.NoteQuota(t.Context(), desk.TenantID, desk.ID, q); err != nil {
			t.Fatal(err)
		}
		if err := store.NoteQuality(t.Context(), desk.TenantID, desk.ID, "LOW"); err != nil {
			t.Fatal(err)
		}
		decodeReply(t, a.want(http.StatusOK, "GET", path, ""), &v)
		if v.Quota == nil || v.Quota.Left != 12 || v.Quota.Total != 500 || *v.Quota.ResetsAt != 2_000 || v.Quota.At != 1_000 || v.Quality != "LOW" {
			t.Errorf("told: %+v", v.Quota)
		}

		const send = `{"to":"0912345001","policy":"default","content":{"zns":{"template_id":"412345","user_id":"u-1"},"sms":{"text":"x"}}}`
		if r := a.want(http.StatusOK, "POST", "/v1/messages/preview", send); !strings.Contains(string(r.body), `"user_id":"u-1"`) {
			t.Errorf("preview: %s", r.body)
		}
		const template = `{"category":"transaction","content":{"zns":{"template_id":"412345","user_id":"u-1"}}}`
		if r := a.want(http.StatusUnprocessableEntity, "PUT", "/v1/templates/mine", template); !strings.Contains(string(r.body), "content.zns.user_id") {
			t.Errorf("a template for one person: %s", r.body)
		}
		a.want(http.StatusOK, "PUT", "/v1/templates/mine", strings.Replace(template, `,"user_id":"u-1"`, "", 1))
		const named = `{"to":"0912345001","policy":"default","template":"mine","user_ids":{"zns":"u-2"}}`
		if r := a.want(http.StatusOK, "POST", "/v1/messages/preview", named); !strings.Contains(string(r.body), `"user_id":"u-2"`) {
			t.Errorf("preview: %s", r.body)
		}
	})
}
