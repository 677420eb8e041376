package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// keepTemplates makes templates the whole set of the rig's OA, and answers the OA's id at the simulator.
func (a *api) keepTemplates(templates ...simulator.Template) string {
	a.t.Helper()
	var settings struct {
		OA string `json:"oa_id"`
	}
	if err := json.Unmarshal(a.rig.Accounts["oa-main"].Settings, &settings); err != nil {
		a.t.Fatal(err)
	}
	a.rig.Sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: settings.OA, AppID: "2" + settings.OA, AppSecret: "app-secret-" + settings.OA, OASecret: "oa-secret-" + settings.OA,
		RefreshToken: "rt-" + settings.OA, AccessToken: "at-" + settings.OA, Quota: -1, Templates: templates,
	})
	return settings.OA
}

type templatePage struct {
	Data       []channelTemplateView `json:"data"`
	NextCursor *string               `json:"next_cursor"`
}

func (a *api) templates(r reply) templatePage {
	a.t.Helper()
	var page templatePage
	decodeReply(a.t, r, &page)
	for i := range page.Data {
		page.Data[i].SyncedAt = 0
	}
	return page
}

func TestChannelTemplates(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		oa := a.keepTemplates(
			simulator.Template{ID: 412345, Name: "Đơn hàng", Price: 250, Params: []simulator.TemplateParam{{Name: "order"}}},
			simulator.Template{ID: 412346, Name: "Cũ", Status: "DISABLE"}, simulator.Template{ID: 412347})
		account := "/v1/channels/" + a.rig.Accounts["oa-main"].ID.String()
		if page := a.templates(a.want(http.StatusOK, "GET", account+"/templates", "")); len(page.Data) != 0 {
			t.Errorf("before any sync: %+v", page)
		}
		synced := a.templates(a.want(http.StatusOK, "POST", account+"/sync", ""))
		want := channelTemplateView{
			TemplateID: "412345", Name: "Đơn hàng", Status: "ENABLE", Quality: "HIGH", Price: "250",
			Params: json.RawMessage(`[{"name":"order","required":true,"type":"STRING","max_length":30}]`),
		}
		if len(synced.Data) != 3 || synced.NextCursor != nil {
			t.Fatalf("synced %+v", synced)
		}
		if diff := cmp.Diff(want, synced.Data[0]); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}

		var ids []string
		for next := account + "/templates?limit=2"; next != ""; {
			page := a.templates(a.want(http.StatusOK, "GET", next, ""))
			for _, v := range page.Data {
				ids = append(ids, v.TemplateID+" "+v.Status)
			}
			next = ""
			if page.NextCursor != nil {
				next = account + "/templates?limit=2&cursor=" + *page.NextCursor
			}
		}
		if diff := cmp.Diff([]string{"412345 ENABLE", "412346 DISABLE", "412347 ENABLE"}, ids); diff != "" {
			t.Errorf("pages, -want +got\n%s", diff)
		}

		a.keepTemplates(simulator.Template{ID: 9})
		a.rig.Sim.SetAccountFault(simulator.Zalo, oa, simulator.FaultDown)
		if r := a.want(http.StatusBadGateway, "POST", account+"/sync", ""); r.code() != "provider_failed" {
			t.Errorf("down: %s", r.body)
		}
		if page := a.templates(a.want(http.StatusOK, "GET", account+"/templates", "")); len(page.Data) != 3 {
			t.Errorf("the set that was known is gone: %+v", page)
		}
	})
}

func TestChannelTemplatesRefuse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.keepTemplates(simulator.Template{ID: 1})
		oa, sms := a.rig.Accounts["oa-main"].ID.String(), a.rig.Accounts["sms-main"].ID.String()
		a.want(http.StatusOK, "POST", "/v1/channels/"+oa+"/sync", "")
		other := a.newKey(orchestratortest.New(t, store, orchestratortest.Config{}).Tenant.ID)
		for name, tt := range map[string]struct {
			key, method, path string
			status            int
			code              string
		}{
			"another tenant's account, sync": {other, "POST", "/v1/channels/" + oa + "/sync", http.StatusNotFound, "not_found"},
			"another tenant's account, list": {other, "GET", "/v1/channels/" + oa + "/templates", http.StatusNotFound, "not_found"},
			"nobody's account":               {a.key, "POST", "/v1/channels/" + uuid.NewString() + "/sync", http.StatusNotFound, "not_found"},
			"no id":                          {a.key, "GET", "/v1/channels/oa-main/templates", http.StatusNotFound, "not_found"},
			"an adapter without templates":   {a.key, "POST", "/v1/channels/" + sms + "/sync", http.StatusConflict, "templates_not_listed"},
			"a filter that is none":          {a.key, "GET", "/v1/channels/" + oa + "/templates?status=ENABLE", http.StatusUnprocessableEntity, "validation_failed"},
			"a cursor that is none":          {a.key, "GET", "/v1/channels/" + oa + "/templates?cursor=x", http.StatusUnprocessableEntity, "validation_failed"},
			"a limit that is none":           {a.key, "POST", "/v1/channels/" + oa + "/sync?limit=0", http.StatusUnprocessableEntity, "validation_failed"},
		} {
			if r := a.wantAs(tt.status, tt.key, tt.method, tt.path, ""); r.code() != tt.code {
				t.Errorf("%s: %s", name, r.body)
			}
		}
		if page := a.templates(a.want(http.StatusOK, "GET", "/v1/channels/"+sms+"/templates", "")); len(page.Data) != 0 {
			t.Errorf("templates of an SMS account: %+v", page)
		}
	})
}

// What the provider's list has against a template is told where the template is put and where a message is previewed,
// and stops neither.
func TestTemplateWarningsAreAnswered(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.keepTemplates(simulator.Template{ID: 412345, Status: "DISABLE", Params: []simulator.TemplateParam{{Name: "order"}, {Name: "customer"}}})
		const path = "/v1/templates/shipped"
		const body = `{"category":"transaction","params":[{"name":"order"}],"content":{
			"zns":{"template_id":"412345","template_data":{"order":"{{order}}"}},"sms":{"text":"Don {{order}}"}}}`
		codes := func(r reply) []string {
			t.Helper()
			var v struct{ Warnings []policy.Warning }
			decodeReply(t, r, &v)
			list := []string{}
			for _, w := range v.Warnings {
				if !strings.HasPrefix(w.Code, "template_") {
					continue // about the policy
				}
				list = append(list, w.Code)
			}
			return list
		}
		if got := codes(a.want(http.StatusOK, "PUT", path, body)); len(got) != 0 {
			t.Errorf("warnings before anything is known: %v", got)
		}
		a.want(http.StatusOK, "POST", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String()+"/sync", "")
		want := []string{"template_not_enabled", "template_param_missing"}
		if diff := cmp.Diff(want, codes(a.want(http.StatusOK, "PUT", path, body))); diff != "" {
			t.Errorf("PUT, -want +got\n%s", diff)
		}
		const send = `{"to":"0912345001","template":"shipped","params":{"order":"A-1"},"policy":"default"}`
		if diff := cmp.Diff(want, codes(a.want(http.StatusOK, "POST", "/v1/messages/preview", send))); diff != "" {
			t.Errorf("preview, -want +got\n%s", diff)
		}
		a.want(http.StatusAccepted, "POST", "/v1/messages", send)
		if r := a.want(http.StatusOK, "GET", path, ""); len(codes(r)) != 0 {
			t.Errorf("GET warns: %s", r.body)
		}

		other := a.newKey(orchestratortest.New(t, store, orchestratortest.Config{}).Tenant.ID)
		if got := codes(a.wantAs(http.StatusOK, other, "PUT", path, body)); len(got) != 0 {
			t.Errorf("one tenant's account warns another: %v", got)
		}
	})
}
