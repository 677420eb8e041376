package orchestrator_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// A policy is checked while it is written: whatever stands there is answered.
func TestCheckPolicy(t *testing.T) {
	const ladder = `{"steps":[{"channel":"zns","until":"read","timeout":"2m"},{"channel":"viber","timeout":"1m"},{"channel":"sms","timeout":"10m"}]}`
	tests := map[string]struct {
		draft    orchestrator.PolicyDraft
		valid    bool
		errors   []string // fields
		warnings []string // code and step
		time     string
		cost     string // "" is null
		prices   []string
		waits    []string
	}{
		"a ladder": {
			draft: orchestrator.PolicyDraft{Policy: json.RawMessage(ladder)}, valid: true, warnings: []string{"receipt_not_given 1"},
			time: "13m", cost: "1490", prices: []string{"200", "470", "820"}, waits: []string{"delivered", "delivered", "delivered"},
		},
		"with a message": {
			draft: orchestrator.PolicyDraft{Policy: json.RawMessage(ladder), Template: "long", To: "0912345001"}, valid: true,
			warnings: []string{"receipt_not_given 1", "step_never_runs 2"},
			time:     "13m", cost: "1840", prices: []string{"200", "470", "1640"}, waits: []string{"delivered", "delivered", "delivered"},
		},
		"a cap": {
			draft: orchestrator.PolicyDraft{Policy: json.RawMessage(`{"steps":[{"channel":"zns","timeout":"2m"},{"channel":"sms","timeout":"2m"}],
				"max_cost":{"amount":"500","currency":"VND"},"ttl":"3m"}`)}, valid: true,
			warnings: []string{"step_never_runs 2"},
			time:     "3m", cost: "500", prices: []string{"200", "820"}, waits: []string{"delivered", "delivered"},
		},
		"half written":       {draft: orchestrator.PolicyDraft{Policy: json.RawMessage(`{"steps":[{"channel":"zn"}]}`)}, errors: []string{"steps[0].channel", "steps[0].timeout"}, time: "0s"},
		"no object":          {draft: orchestrator.PolicyDraft{Policy: json.RawMessage(`7`)}, errors: []string{""}, time: "0s"},
		"an unknown account": {draft: orchestrator.PolicyDraft{Policy: json.RawMessage(`{"steps":[{"channel":"sms","timeout":"1m","accounts":["oa-main"]}]}`)}, errors: []string{"steps[0].accounts[0]"}, time: "0s"},
		"a message at fault": {
			draft: orchestrator.PolicyDraft{
				Policy: json.RawMessage(`{"steps":[{"channel":"sms","timeout":"1m"}]}`), Template: "bare", To: "12", Params: map[string]string{"other": "x"},
			},
			valid: true, errors: []string{"to", "params.name", "params.other"},
			time: "1m", cost: "820", prices: []string{"820"}, waits: []string{"delivered"},
		},
		"no such template": {
			draft: orchestrator.PolicyDraft{Policy: json.RawMessage(`{"steps":[{"channel":"sms","timeout":"1m"}]}`), Template: "none"},
			valid: true, errors: []string{"template"}, time: "1m", cost: "820", prices: []string{"820"}, waits: []string{"delivered"},
		},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Template("long", `[{"name":"name","example":"`+longName+`"}]`, `{"zns":{"template_id":"412345"},"sms":{"text":"{{name}}"}}`)
		r.Template("bare", `[{"name":"name"}]`, `{"sms":{"text":"{{name}}"}}`)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				v, err := r.Engine.CheckPolicy(t.Context(), r.Caller, tt.draft)
				if err != nil {
					t.Fatal(err)
				}
				var errs, warnings, prices, waits []string
				for _, e := range v.Errors {
					errs = append(errs, e.Field)
				}
				for _, w := range v.Warnings {
					warnings = append(warnings, fmt.Sprint(w.Code, " ", w.Step))
				}
				for _, step := range v.Steps {
					prices, waits = append(prices, step.Price.Amount()), append(waits, string(step.WaitsFor))
				}
				cost := ""
				if v.WorstCost != nil {
					cost = v.WorstCost.Amount()
				}
				got := []any{v.Valid, errs, warnings, v.WorstTime.String(), cost, prices, waits}
				if diff := cmp.Diff([]any{tt.valid, tt.errors, tt.warnings, tt.time, tt.cost, tt.prices, tt.waits}, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}

// longName fills two SMS segments.
const longName = "Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet " +
	"Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet Nguyen Thi Anh Tuyet"

// An account that is out of use carries nothing, and a step without a price bounds no cost.
func TestCheckPolicyWithoutAccountsOrPrices(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		account := r.Accounts["viber-main"]
		account.State = models.AccountDisabled
		if _, err := s.UpdateAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		if err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[]}`), time.Now().UnixMilli()); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		v, err := r.Engine.CheckPolicy(t.Context(), r.Caller, orchestrator.PolicyDraft{
			Policy: json.RawMessage(`{"steps":[{"channel":"viber","timeout":"1m"},{"channel":"sms","timeout":"1m"}]}`),
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(v.Warnings) != 1 || v.Warnings[0].Code != "step_never_runs" || v.Warnings[0].Step != 1 {
			t.Errorf("warnings %+v", v.Warnings)
		}
		if len(v.Steps) != 2 || len(v.Steps[0].Accounts) != 0 || len(v.Steps[1].Accounts) != 1 || v.Steps[1].Price != nil || v.WorstCost != nil {
			t.Errorf("steps %+v, worst cost %v", v.Steps, v.WorstCost)
		}
	})
}
