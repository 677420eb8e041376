package orchestrator_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// zaloLink opens a consent link at the simulator, which agrees at once, and answers what the browser brings back.
func zaloLink(t *testing.T, link string) url.Values {
	t.Helper()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("the consent page answers %s: %v", resp.Status, err)
	}
	return back.Query()
}

// An Official Account from its link to what Zalo tells of it: the real adapter on the real wire.
func TestZaloTellsOfItsAccount(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var c orchestratortest.Config
		r := orchestratortest.New(t, s, c)
		r.Policy("default", `{"steps":[{"channel":"zns","until":"sent","timeout":"20s"},{"channel":"sms","until":"sent","timeout":"20s"}],"ttl":"10m"}`)
		oa := r.Accounts["oa-main"]
		var settings struct {
			OA string `json:"oa_id"`
		}
		if err := json.Unmarshal(oa.Settings, &settings); err != nil {
			t.Fatal(err)
		}
		none := json.RawMessage("null")
		_, err := r.Engine.UpdateAccount(t.Context(), r.Tenant.ID, oa.ID, orchestrator.AccountPatch{
			Settings: map[string]json.RawMessage{"refresh_token": none, "access_token": none},
		})
		if err != nil {
			t.Fatal(err)
		}
		link, err := r.Engine.StartLink(t.Context(), r.Tenant.ID, oa.ID)
		if err != nil {
			t.Fatal(err)
		}
		back := zaloLink(t, link.URL)
		if _, err := r.Engine.FinishLink(t.Context(), "zalo", back); err != nil {
			t.Fatal(err)
		}
		send := func(when string, ch policy.Channel) orchestrator.MessageView {
			t.Helper()
			v := r.Await(r.Send("+84912345678"), orchestratortest.Final)
			if v.Channel != ch {
				t.Errorf("%s: went by %s, want %s\n%+v", when, v.Channel, ch, v.Timeline)
			}
			return v
		}
		emit := func(e simulator.ZaloEvent) {
			t.Helper()
			e.Account = settings.OA
			if err := r.Sim.EmitZalo(e); err != nil {
				t.Fatal(err)
			}
		}
		v := send("linked", policy.ZNS)
		emit(simulator.ZaloEvent{Event: simulator.ZaloFeedback, MsgID: v.Attempts[0].ProviderMessageID, Text: "Giao nhanh", Rating: 5, Options: []string{"Đúng giờ"}})
		v = r.Await(v.ID, func(v orchestrator.MessageView) bool { return len(v.Replies) > 0 })
		v.Replies[0].At = 0
		want := []orchestrator.ReplyView{{Text: "Giao nhanh", Rating: 5, Options: []string{"Đúng giờ"}, AttemptID: v.Attempts[0].ID}}
		if diff := cmp.Diff(want, v.Replies); diff != "" {
			t.Errorf("replies, -want +got\n%s", diff)
		}

		status := func() string {
			rows, err := s.ProviderTemplates(t.Context(), r.Tenant.ID, oa.ID)
			if err != nil || len(rows) == 0 {
				return ""
			}
			return rows[0].Status
		}
		// What is on disk is heeded a moment later: the first step of a preview tells when.
		first := func() orchestrator.PreviewStep {
			t.Helper()
			v, err := r.Engine.Preview(t.Context(), r.Caller, r.Submission("+84912345678"))
			if err != nil {
				t.Fatal(err)
			}
			return v.Steps[0]
		}
		await := func(ok func() bool) {
			t.Helper()
			r.Await(v.ID, func(orchestrator.MessageView) bool { return ok() })
		}
		emit(simulator.ZaloEvent{Event: simulator.ZaloTemplateStatus, TemplateID: 412345, Status: "DISABLE", Reason: "quality"})
		await(func() bool { return status() == "DISABLE" && first().Skip == policy.ReasonSkippedTemplate })
		if v := send("disabled", policy.SMS); v.Attempts[0].Reason != policy.ReasonSkippedTemplate {
			t.Errorf("skipped for %s", v.Attempts[0].Reason)
		}
		emit(simulator.ZaloEvent{Event: simulator.ZaloTemplateStatus, TemplateID: 412345, Status: "ENABLE"})
		await(func() bool { return status() == "ENABLE" && first().Skip == "" })
		send("enabled", policy.ZNS)

		knows := func() bool { yes, err := s.KnowsUsers(t.Context(), r.Tenant.ID); return err == nil && yes }
		emit(simulator.ZaloEvent{Event: simulator.ZaloSubmitInfo, Phone: "84912345678"})
		await(knows)
		send("to somebody who is known", policy.ZNS)
		emit(simulator.ZaloEvent{Event: simulator.ZaloWithdraw, Phone: "84912345678"})
		await(func() bool { return !knows() })
		send("to somebody who withdrew", policy.ZNS)
		r.Verify()
	})
}
