package orchestrator_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// ahead is a provider whose clock is wrong.
type ahead struct {
	http.RoundTripper
	by time.Duration
}

func (a ahead) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := a.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Header.Set("Date", time.Now().Add(a.by).UTC().Format(http.TimeFormat))
	}
	return resp, err
}

// A check finds out without sending what keeps an account from sending.
func TestCheckAccount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		client := channels.NewHTTPClient(nil)
		client.Transport = ahead{client.Transport, 4 * time.Minute}
		r := orchestratortest.New(t, s, orchestratortest.Config{HTTP: client})
		account := r.Accounts["oa-main"]
		codes := func() (found []string) {
			t.Helper()
			findings, err := r.Engine.CheckAccount(t.Context(), r.Tenant.ID, account.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range findings {
				found = append(found, f.Code)
				if f.MessageVI == "" || f.MessageVI == f.Message {
					t.Errorf("%s is not said in Vietnamese: %+v", f.Code, f)
				}
				if f.Level != "ok" && (f.Advice == "" || f.AdviceVI == "") {
					t.Errorf("%s says nothing of what to do: %+v", f.Code, f)
				}
			}
			return found
		}
		if found := codes(); !slices.Contains(found, "webhook_not_seen") || !slices.Contains(found, "clock_skew") {
			t.Errorf("of a new account with a wrong clock: %v", found)
		}
		if calls := len(r.Sim.Calls()); calls != 0 {
			t.Errorf("the check sent %d messages", calls)
		}
		r.Await(r.Send("+84912345678"), orchestratortest.Final)
		if found := codes(); !slices.Contains(found, "webhook") {
			t.Errorf("after a callback: %v", found)
		}
		until := time.Now().Add(time.Hour).UnixMilli()
		if err := s.SetAccountState(t.Context(), r.Tenant.ID, account.ID, models.AccountActive, "quota used up", until, 1); err != nil {
			t.Fatal(err)
		}
		put := models.Template{TenantID: r.Tenant.ID, Name: "otp", Category: policy.OTP, Params: []byte("[]"), Content: []byte(`{"zns":{"template_id":"412399","template_data":{"otp":"{{otp}}"}}}`)}
		if err := s.PutTemplate(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		known := models.ProviderTemplate{TenantID: r.Tenant.ID, AccountID: account.ID, TemplateID: "412399", Status: "DISABLE", Params: []byte("[]")}
		sync := models.TemplateSync{TenantID: r.Tenant.ID, AccountID: account.ID, SyncedAt: 1}
		if err := s.ReplaceProviderTemplates(t.Context(), sync, []models.ProviderTemplate{known}); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		if found := codes(); !slices.Contains(found, "paused") || !slices.Contains(found, "template_not_enabled") {
			t.Errorf("of an account that rests, with a disabled template: %v", found)
		}
	})
}
