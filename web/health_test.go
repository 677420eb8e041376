package web

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

func (a *api) healthOf(account string) healthView {
	a.t.Helper()
	var v accountView
	decodeReply(a.t, a.want(200, "GET", "/v1/channels/"+a.rig.Accounts[account].ID.String(), ""), &v)
	if v.Health == nil {
		a.t.Fatalf("%s has no health", account)
	}
	return *v.Health
}

func TestAccountHealth(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		tenant, oa, viber := a.rig.Tenant.ID, a.rig.Accounts["oa-main"].ID, a.rig.Accounts["viber-main"].ID
		ctx, now := t.Context(), time.Now()
		if got := a.healthOf("viber-main"); got.State != healthOK || got.ErrorShare != nil || got.LastWebhookAt != nil || len(got.LastMoves) != 0 {
			t.Errorf("at first %+v", got)
		}
		a.rig.Await(uuid.MustParse(a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678")))), orchestratortest.Final)
		if got := a.healthOf("oa-main"); got.ErrorShare == nil || *got.ErrorShare != 0 || got.TokenExpiresAt == nil || got.Breaker != "closed" {
			t.Errorf("after a message %+v", got)
		}

		path := hookPath(a.rig.Accounts["viber-main"])
		a.wantAs(401, "", "POST", path+"?token=guess", `{"results":[]}`)
		a.wantAs(200, "", "POST", path+"?token=hook-secret-viber-main", `{"results":[]}`)
		got := a.healthOf("viber-main")
		if got.ForgedWebhooks != 1 || got.LastWebhookAt == nil || got.LastReceiptAt != nil {
			t.Errorf("after callbacks %+v", got)
		}

		for i := range 5 {
			if err := store.InsertMove(ctx, models.AccountMove{
				TenantID: tenant, AccountID: viber, ID: uuid.Must(uuid.NewV7()), At: now.UnixMilli() + int64(i), Share: 0.05, Reason: "account_slow",
				Detail: "slow", DetailVI: "chậm",
			}); err != nil {
				t.Fatal(err)
			}
		}
		if got := a.healthOf("viber-main").LastMoves; len(got) != healthMoves || got[0].At != orchestrator.Time(now.UnixMilli()+4) {
			t.Errorf("moves %+v", got)
		} else if list := a.want(200, "GET", "/v1/channels/"+viber.String()+"/moves", ""); got[0].DetailVI != "chậm" || !strings.Contains(string(list.body), `"detail_vi":"chậm"`) {
			t.Errorf("moves in Vietnamese: %+v, %s", got[0], list.body)
		}

		err := store.NoteQuota(ctx, tenant, oa, models.Quota{Left: 5, Total: 500, At: now.Add(time.Hour).UnixMilli()})
		if err == nil {
			err = store.NoteQuality(ctx, tenant, oa, "LOW")
		}
		if err == nil {
			err = store.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: oa, SyncedAt: now.UnixMilli()}, []models.ProviderTemplate{
				{TemplateID: "1", Status: "ENABLE"}, {TemplateID: "2", Status: "PENDING_REVIEW"}, {TemplateID: "3", Status: "REJECT"}, {TemplateID: "4", Status: "DISABLE"},
			})
		}
		if err == nil {
			err = store.SetAccountState(ctx, tenant, oa, models.AccountNeedsReauth, "token_revoked: the token ended", 0, now.UnixMilli())
		}
		if err != nil {
			t.Fatal(err)
		}
		got = a.healthOf("oa-main")
		if got.State != healthTrouble || got.Templates == nil || *got.Templates != (healthTemplates{Enabled: 1, Disabled: 2, Pending: 1}) ||
			got.Quota == nil || got.Quota.Remaining != 5 || got.Quality == nil || *got.Quality != "LOW" {
			t.Errorf("in trouble %+v", got)
		}
		var codes []string
		for _, r := range got.Reasons {
			codes = append(codes, r.Code)
			if r.DetailVI == "" || r.DetailVI == r.Detail {
				t.Errorf("not in Vietnamese: %+v", r)
			}
		}
		if diff := cmp.Diff([]string{"needs_reauth", "low_quality", "quota_low", "templates_disabled"}, codes); diff != "" {
			t.Errorf("reasons (-want +got):\n%s", diff)
		}
		if r := got.Reasons[0]; r.Detail != "somebody has to renew its credentials: token_revoked: the token ended" ||
			r.DetailVI != "phải có người cấp quyền lại: mã truy cập của tài khoản đã bị thu hồi: the token ended" {
			t.Errorf("why it has to be linked: %+v", r)
		}
		if list := a.want(200, "GET", "/v1/channels", ""); strings.Count(string(list.body), `"health":{`) != 3 {
			t.Errorf("not every account of a list has its health: %s", list.body)
		}
	})
}

func TestHealthOfStandings(t *testing.T) {
	until := time.Now().Add(time.Minute)
	for name, tt := range map[string]struct {
		standing orchestrator.Standing
		state    string
		code     string
	}{
		"well":      {orchestrator.Standing{Breaker: "closed", Share: 1, Calls: 100, Silent: 1}, healthOK, ""},
		"open":      {orchestrator.Standing{Breaker: "open", Share: 1, PausedUntil: until}, healthTrouble, "breaker_open"},
		"half-open": {orchestrator.Standing{Breaker: "half-open", Share: 1}, healthWarning, "breaker_half_open"},
		"throttled": {orchestrator.Standing{Breaker: "closed", Share: 1, PausedUntil: until}, healthWarning, "paused"},
		"failing":   {orchestrator.Standing{Breaker: "closed", Share: 0.05, Reason: "account_failing", Detail: "no answer", DetailVI: "không trả lời"}, healthTrouble, "account_failing"},
		"slow":      {orchestrator.Standing{Breaker: "closed", Share: 0.4, Reason: "account_slow", Detail: "slow", DetailVI: "chậm"}, healthWarning, "account_slow"},
	} {
		v := healthView{State: healthOK}
		v.fromStanding(tt.standing)
		code := ""
		if len(v.Reasons) > 0 {
			code = v.Reasons[0].Code
			if r := v.Reasons[0]; r.Detail == "" || r.DetailVI == "" || r.DetailVI == r.Detail {
				t.Errorf("%s is said as %+v", name, r)
			}
		}
		if v.State != tt.state || code != tt.code || (v.PausedUntil != nil) != !tt.standing.PausedUntil.IsZero() {
			t.Errorf("%s: %+v, want %s %s", name, v, tt.state, tt.code)
		}
	}
}

// When a provider called outlives the replica that it called, and an older word does not replace a newer one.
func TestSeenIsWrittenDown(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		account := a.rig.Accounts["viber-main"].ID
		at := time.UnixMilli(1_700_000_000_000)
		for _, later := range []time.Duration{time.Hour, 0} {
			s := newSeen(store, func() time.Time { return at.Add(later) }, nil)
			s.timer = true // it is written here
			s.called(account, 1)
			s.called(uuid.New(), 1) // of no account
			s.write()
		}
		got := a.healthOf("viber-main")
		want := orchestrator.Time(at.Add(time.Hour).UnixMilli())
		if got.LastWebhookAt == nil || *got.LastWebhookAt != want || got.LastReceiptAt == nil || *got.LastReceiptAt != want {
			t.Errorf("seen at %v and %v, want %v", got.LastWebhookAt, got.LastReceiptAt, want)
		}
	})
}

// Where one account stands in for another, the message and its trace tell for which, and why.
func TestTraceTellsWhoStandsIn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.rig.AddZalo(orchestratortest.Config{}, "oa-b")
		a.rig.Policy("default", `{"steps":[{"channel":"zns","timeout":"20s","accounts":["oa-main","oa-b"]}],"ttl":"10m"}`)
		if err := store.NoteQuality(t.Context(), a.rig.Tenant.ID, a.rig.Accounts["oa-main"].ID, "LOW"); err != nil {
			t.Fatal(err)
		}
		a.rig.Engine.Reload()
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678")))
		for _, path := range []string{"/v1/messages/" + id, "/v1/messages/" + id + "/trace"} {
			if r := a.want(200, "GET", path, ""); !strings.Contains(string(r.body), `"instead_of":{"account":"oa-main","reason":"account_quality_low"}`) {
				t.Errorf("%s: %s", path, r.body)
			}
		}
	})
}

// What a check finds is said in both languages.
func TestCheckIsSaidInVietnamese(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		for name, account := range a.rig.Accounts {
			var got struct{ Findings []channels.Finding }
			decodeReply(t, a.want(200, "POST", "/v1/channels/"+account.ID.String()+"/check", ""), &got)
			for _, f := range got.Findings {
				if f.MessageVI == "" || f.MessageVI == f.Message {
					t.Errorf("%s: %+v", name, f)
				}
			}
			if len(got.Findings) == 0 {
				t.Errorf("%s: nothing is found", name)
			}
		}
	})
}
