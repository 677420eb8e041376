package orchestrator_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

func notices(n ...channels.Notice) orchestratortest.DeskNews {
	return orchestratortest.DeskNews{Notices: n}
}

// A template that its provider disabled is not tried: the ladder begins with the next step, and says why.
func TestDisabledTemplateIsPassedOver(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		status := func(at time.Time, status, reason string) {
			t.Helper()
			r.tell(notices(channels.Notice{Kind: channels.NoticeTemplate, At: at, TemplateID: "412345", Status: status, Reason: reason}))
		}
		began := time.Now().Add(-time.Hour)
		r.wantBy("a template nobody told of", policy.ZNS, "")
		status(began, "DISABLE", "low quality")
		v := r.wantBy("disabled", policy.SMS, policy.ReasonSkippedTemplate)
		if !strings.Contains(v.Timeline[1].Detail, "template 412345 is DISABLE at desk: low quality") {
			t.Errorf("the timeline does not say why: %+v", v.Timeline)
		}
		p, err := r.Engine.Preview(t.Context(), r.Caller, r.Submission("+84912345678"))
		if err != nil || p.Steps[0].Skip != policy.ReasonSkippedTemplate {
			t.Errorf("preview: %+v, %v", p.Steps, err)
		}
		alone := r.Submission("+84912345678")
		alone.PolicyName, alone.Policy = "", []byte(`{"steps":[{"channel":"zns","until":"sent","timeout":"20s","accounts":["desk"]}]}`)
		_, err = r.Engine.Accept(t.Context(), r.Caller, alone)
		if refused, is := errors.AsType[*orchestrator.RefusedError](err); !is || refused.Steps[0].Reason != policy.ReasonSkippedTemplate {
			t.Errorf("with no other step: %v", err)
		}
		status(began.Add(2*time.Minute), "ENABLE", "")
		r.wantBy("enabled again", policy.ZNS, "")
		status(began.Add(time.Minute), "REJECT", "")
		r.wantBy("an older word that came late", policy.ZNS, "")
		status(began.Add(3*time.Minute), "WHATEVER", "")
		r.wantBy("a word that is not known", policy.ZNS, "")
		status(time.Time{}, "PENDING_REVIEW", "")
		r.wantBy("under review", policy.SMS, policy.ReasonSkippedTemplate)

		rows, err := s.ProviderTemplates(t.Context(), r.Tenant.ID, r.desk.ID)
		if err != nil || len(rows) != 1 || rows[0].Status != "PENDING_REVIEW" {
			t.Errorf("stored %+v, %v", rows, err)
		}
		r.Verify()
	})
}

// A callback that is genuine and not understood is kept, as one of receipts is.
func TestGarbledNoticeIsQuarantined(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.tell(orchestratortest.DeskNews{Garbled: true})
		if n := r.Engine.Counters.Quarantined.Load(); n != 1 {
			t.Errorf("%d callbacks quarantined, want 1", n)
		}
	})
}

// An account whose quota is used up is passed over until it is full again: as the provider says, or at the tenant's midnight.
func TestUsedUpQuotaIsPassedOver(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		quota := func(q channels.Quota) {
			t.Helper()
			r.tell(notices(channels.Notice{Kind: channels.NoticeQuota, Quota: &q}))
		}
		r.Desk.Tell(&channels.Quota{Left: 0, Total: 500}, "")
		r.wantBy("the last one", policy.ZNS, "")
		deadline := time.Now().Add(10 * time.Second)
		for r.account().QuotaTotal == 0 && time.Now().Before(deadline) { // written down beside the answer
			time.Sleep(time.Millisecond)
		}
		r.wantBy("used up", policy.SMS, policy.ReasonQuotaUsed)
		r.Desk.Tell(&channels.Quota{Left: 499, Total: 500}, "")
		r.ahead.Store(int64(24 * time.Hour))
		r.Engine.Reload() // what is cached was read at another time
		r.wantBy("after midnight", policy.ZNS, "")

		quota(channels.Quota{Left: 0, Total: 500, ResetsAt: r.now().Add(72 * time.Hour)})
		r.wantBy("used up for days", policy.SMS, policy.ReasonQuotaUsed)
		r.ahead.Add(int64(71 * time.Hour))
		r.wantBy("not full yet", policy.SMS, policy.ReasonQuotaUsed)
		r.ahead.Add(int64(2 * time.Hour))
		r.wantBy("full again", policy.ZNS, "")
		quota(channels.Quota{Left: 0, Total: 500, ResetsAt: r.now().Add(72 * time.Hour)})
		quota(channels.Quota{Left: 1, Total: 2000})
		r.wantBy("raised", policy.ZNS, "")
		quota(channels.Quota{Left: 0, Total: 0})
		r.wantBy("not known", policy.ZNS, "")
	})
}

// Of two replicas one asks a provider for an account's quota and quality, once in ten minutes.
func TestLimitsAreAskedFor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.Desk.Tell(&channels.Quota{Left: 7, Total: 500}, "MEDIUM")
		engines := []*orchestrator.Engine{r.Engine, r.NewEngine(orchestratortest.Config{Now: r.now})}
		for round := 1; round <= 2; round++ {
			for range 2 {
				var wg sync.WaitGroup
				for _, e := range engines {
					wg.Go(func() { r.job(e, "limits") })
				}
				wg.Wait()
			}
			if n := r.Desk.Asked(); n != round {
				t.Errorf("round %d: asked %d times", round, n)
			}
			if a := r.account(); a.QuotaLeft != 7 || a.QuotaTotal != 500 || a.Quality != "MEDIUM" || a.Version != 1 {
				t.Errorf("kept %d of %d, %q, version %d", a.QuotaLeft, a.QuotaTotal, a.Quality, a.Version)
			}
			r.ahead.Add(int64(11 * time.Minute))
		}
		r.Desk.Tell(nil, "")
		r.job(r.Engine, "limits")
		if a := r.account(); a.QuotaLeft != 7 || a.Quality != "MEDIUM" {
			t.Errorf("a provider that fails made it %d, %q", a.QuotaLeft, a.Quality)
		}
	})
}

// A person whose id the provider told gets messages by it, at its price, until they withdraw.
func TestKnownUser(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[
			{"channel":"zns","unit":"message","moment":"taken","price":{"amount":"300","currency":"VND"}},
			{"channel":"zns","recipient":"user_id","unit":"message","moment":"taken","price":{"amount":"165","currency":"VND"}}]}`), 1)
		if err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		want := func(when, id string, cost int64, change ...func(*orchestrator.Submission)) {
			t.Helper()
			v := r.send("+84912345678", change...)
			sent := r.Desk.Sent()
			if last := sent[len(sent)-1]; last.Content.UserID != id || last.To != "+84912345678" || v.Cost.Micros != cost*1_000_000 {
				t.Errorf("%s: went to id %q for %s, want %q for %d", when, last.Content.UserID, v.Cost, id, cost)
			}
		}
		category := func(c policy.Category) func(*orchestrator.Submission) {
			return func(s *orchestrator.Submission) { s.Category = c }
		}
		at := time.Now().Add(-time.Hour)
		want("a stranger", "", 300)
		r.tell(notices(channels.Notice{Kind: channels.NoticeUserKnown, At: at, UserID: "u-1", Phone: "+84912345678"}))
		want("known, by a template that may take numbers only", "", 300)
		rows := []models.ProviderTemplate{{TemplateID: "412345", Status: "ENABLE", UserPrice: 165_000_000}}
		err = s.ReplaceProviderTemplates(t.Context(), models.TemplateSync{TenantID: r.Tenant.ID, AccountID: r.desk.ID, SyncedAt: 1}, rows)
		if err != nil {
			t.Fatal(err)
		}
		want("known", "u-1", 165)
		want("a one-time password", "", 300, category(policy.OTP))
		want("named by the app", "u-app", 165, func(s *orchestrator.Submission) {
			c := s.Content[policy.ZNS]
			c.UserID = "u-app"
			s.Content[policy.ZNS] = c
		})
		if p, err := r.Engine.Preview(t.Context(), r.Caller, r.Submission("+84912345678")); err != nil || p.Steps[0].Price.Micros != 165_000_000 {
			t.Errorf("preview: %+v, %v", p, err)
		}
		if v := r.send("+84912345679"); v.Cost.Micros != 300_000_000 {
			t.Errorf("somebody else cost %s", v.Cost)
		}
		r.tell(notices(channels.Notice{Kind: channels.NoticeUserUnknown, At: at.Add(-time.Minute), UserID: "u-1"}))
		want("withdrew before", "u-1", 165)
		r.tell(notices(channels.Notice{Kind: channels.NoticeUserUnknown, At: at.Add(time.Minute), UserID: "u-1"}))
		want("withdrew", "", 300)
		if knows, err := s.KnowsUsers(t.Context(), r.Tenant.ID); err != nil || knows {
			t.Errorf("somebody is still known: %v, %v", knows, err)
		}

		// An id is of the first account alone.
		r.AddDesk(orchestratortest.Config{}, "desk-2", map[string]string{"desk_id": "D2", "refresh_token": "rt", "access_token": "at"})
		r.Policy("default", strings.Replace(firstByDesk, `["desk"]`, `["desk","desk-2"]`, 1))
		r.tell(notices(channels.Notice{Kind: channels.NoticeUserKnown, UserID: "u-1", Phone: "+84912345678"},
			channels.Notice{Kind: channels.NoticeQuota, Quota: &channels.Quota{Left: 0, Total: 5}}))
		want("at another account", "", 300)
		r.Verify()
	})
}

// With a template the app names the person beside it.
func TestUserIDsGoWithATemplate(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		err := s.PutTemplate(t.Context(), models.Template{
			TenantID: r.Tenant.ID, Name: "shipped", Category: policy.Transaction, Params: []byte(`[]`), Content: []byte(`{"zns":{"template_id":"412345"}}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		submission := func(ids map[policy.Channel]string) orchestrator.Submission {
			return orchestrator.Submission{To: "+84912345678", Template: "shipped", PolicyName: "default", UserIDs: ids}
		}
		acc, err := r.Engine.Accept(t.Context(), r.Caller, submission(map[policy.Channel]string{policy.ZNS: "u-9"}))
		if err != nil {
			t.Fatal(err)
		}
		r.Await(acc.Message.ID, orchestratortest.Final)
		if sent := r.Desk.Sent(); len(sent) != 1 || sent[0].Content.UserID != "u-9" {
			t.Errorf("sent %+v", sent)
		}
		for name, s := range map[string]orchestrator.Submission{
			"user_ids.sms": submission(map[policy.Channel]string{policy.SMS: "u"}),
			"user_ids.zns": submission(map[policy.Channel]string{policy.ZNS: "a\x01"}),
			"user_ids": func() orchestrator.Submission {
				s := r.Submission("+84912345678")
				s.UserIDs = map[policy.Channel]string{policy.ZNS: "u"}
				return s
			}(),
		} {
			_, err := r.Engine.Accept(t.Context(), r.Caller, s)
			if wrong, is := errors.AsType[*orchestrator.InvalidError](err); !is || wrong.Fields[0].Field != name {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
