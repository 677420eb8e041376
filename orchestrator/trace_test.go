package orchestrator_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// written has a journal write what it was given.
func written(t *testing.T, j *orchestrator.Journal) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	j.Run(ctx)
}

// A trace tells a message's whole story, and neither it nor what is stored for it tells a secret, a number or a code.
func TestTrace(t *testing.T) {
	const code, key, hook = "482913", "planted-api-key", "planted-hook-secret"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		journal := orchestrator.NewJournal(store, time.Now, nil)
		config := orchestratortest.Config{Journal: journal}
		r := orchestratortest.New(t, store, config)
		hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte("\xff\x00\xfe{\"key\":\"" + key + "\",\"to\":\"84912345678\",\"text\":\"" + code + "\",\"access_token\":\"made-just-now\"}<script>"))
		}))
		defer hostile.Close()
		r.AddAccount(config, "sms-hostile", policy.SMS, "infobip", map[string]string{
			"base_url": hostile.URL, "api_key": key, "sender": "ACME", "webhook_secret": hook,
		})
		r.Policy("hostile", `{"steps":[{"channel":"sms","until":"delivered","timeout":"2s","accounts":["sms-hostile"],"when":"category == \"otp\""},
			{"channel":"zns","until":"delivered","timeout":"20s"}]}`)
		s := r.Submission("0912345678")
		s.PolicyName, s.Category = "hostile", policy.OTP
		s.Content[policy.SMS] = channels.Content{Text: "Ma cua ban la " + code}
		accepted, err := r.Engine.Accept(t.Context(), r.Caller, s)
		if err != nil {
			t.Fatal(err)
		}
		id := accepted.Message.ID
		r.Await(id, orchestratortest.Final)
		written(t, journal)
		v, err := r.Engine.Trace(t.Context(), r.Tenant.ID, id)
		if err != nil {
			t.Fatal(err)
		}
		checkTrace(t, v)
		for _, call := range v.Calls {
			if call.Answer == nil || strings.ContainsRune(call.Answer.Body, 0) {
				t.Errorf("a call was kept as %+v", call)
			}
		}
		shown, err := json.Marshal([]any{v.Calls, v.Receipts})
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{key, hook, code, "84912345678", "made-just-now", "at-", "oa-secret"} {
			if strings.Contains(string(shown), secret) {
				t.Errorf("the trace tells %s: %s", secret, shown)
			}
		}
		if _, err := r.Engine.Trace(t.Context(), uuid.New(), id); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("another tenant's trace: %v", err)
		}
		if err := store.InsertJournal(t.Context(), nil, []models.RequestEntry{{TenantID: r.Tenant.ID, ID: id, At: 1}}); err != nil {
			t.Fatal(err)
		}
		if n, err := store.PruneJournal(t.Context(), time.Now().Add(time.Hour).UnixMilli()); err != nil || n != int64(len(v.Calls))+1 {
			t.Errorf("pruned %d of %d entries: %v", n, len(v.Calls)+1, err)
		}
	})
}

func checkTrace(t *testing.T, v orchestrator.Trace) {
	t.Helper()
	if len(v.Plan) != 2 || v.Plan[0].When != `category == "otp"` || v.Plan[0].Accounts[0] != "sms-hostile" || v.Plan[1].Price.Micros != orchestratortest.PriceZNS*1_000_000 || v.Plan[1].Billed != policy.MomentDelivered {
		t.Errorf("the plan is %+v", v.Plan)
	}
	if sms := v.Content[policy.SMS]; sms.Segments != 1 || sms.Encoding == "" || !strings.HasPrefix(sms.Text, "Ma cua ban") {
		t.Errorf("the content is %+v", v.Content)
	}
	if len(v.Calls) < 2 || v.Calls[0].Account != "sms-hostile" || v.Calls[0].Answer.Status != http.StatusBadRequest || v.Calls[0].Kind != "send" {
		t.Errorf("the calls are %+v", v.Calls)
	}
	if len(v.Receipts) == 0 || !v.Receipts[0].Matched || v.Receipts[0].Late || v.Receipts[0].Raw == "" || v.Receipts[0].Account != "oa-main" {
		t.Errorf("the receipts are %+v", v.Receipts)
	}
	if len(v.Charges) == 0 || v.Charges[0].Account != "oa-main" || v.Charges[0].Amount.Micros != orchestratortest.PriceZNS*1_000_000 {
		t.Errorf("the charges are %+v", v.Charges)
	}
	if v.Decision.Action != policy.Finish || len(v.Advice) == 0 {
		t.Errorf("decision %+v, advice %+v", v.Decision, v.Advice)
	}
}

// A trace of a message whose content was forgotten has none, and one that waits says for what.
func TestTraceOfAMessageThatWaits(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		r := orchestratortest.New(t, store, orchestratortest.Config{})
		s := r.Submission("0912345678")
		s.SendAt = time.Now().Add(24 * time.Hour)
		accepted, err := r.Engine.Accept(t.Context(), r.Caller, s)
		if err != nil {
			t.Fatal(err)
		}
		v, err := r.Engine.Trace(t.Context(), r.Tenant.ID, accepted.Message.ID)
		if err != nil {
			t.Fatal(err)
		}
		if v.Decision.Action != policy.Wait || v.Decision.Reason != policy.ReasonScheduled || v.Decision.At == nil || v.Advice[0].Code != orchestrator.AdviceWait {
			t.Errorf("decision %+v, advice %+v", v.Decision, v.Advice)
		}
		if len(v.Calls)+len(v.Receipts)+len(v.Charges)+len(v.Callbacks) != 0 || v.Calls == nil || v.Callbacks == nil {
			t.Errorf("a message that waits has %+v", v)
		}
		if _, err := r.Engine.Cancel(t.Context(), r.Tenant.ID, accepted.Message.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := store.PruneContent(t.Context(), time.Now().Add(time.Hour).UnixMilli()); err != nil {
			t.Fatal(err)
		}
		if v, err = r.Engine.Trace(t.Context(), r.Tenant.ID, accepted.Message.ID); err != nil || v.Content != nil {
			t.Errorf("forgotten content is %+v, %v", v.Content, err)
		}
	})
}
