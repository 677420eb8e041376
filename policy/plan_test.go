package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const fullPolicy = `{
  "steps": [
    {"channel": "zns", "until": "read", "timeout": "2m", "accounts": ["oa-main", "oa-backup"]},
    {"channel": "viber", "until": "delivered", "timeout": "60s"},
    {"channel": "sms", "timeout": "10m", "when": "category != 'promotion'"}
  ],
  "ttl": "12h", "max_cost": {"amount": "1200", "currency": "VND"},
  "quiet_hours": {"from": "22:00", "to": "07:00", "timezone": "Asia/Ho_Chi_Minh", "categories": ["promotion"]}
}`

func TestParsePolicy(t *testing.T) {
	got, errs := ParsePolicy([]byte(fullPolicy))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cost := vnd(1200)
	want := Policy{
		Steps: []Step{
			{Channel: ZNS, Until: ReceiptRead, Timeout: Duration(2 * time.Minute), Accounts: []string{"oa-main", "oa-backup"}},
			{Channel: Viber, Until: ReceiptDelivered, Timeout: Duration(time.Minute)},
			{Channel: SMS, Until: ReceiptDelivered, Timeout: Duration(10 * time.Minute), When: "category != 'promotion'"},
		},
		TTL: Duration(12 * time.Hour), MaxCost: &cost,
		QuietHours: &QuietHours{"22:00", "07:00", "Asia/Ho_Chi_Minh", []Category{Promotion}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParsePolicyFillsDefaults(t *testing.T) {
	got, errs := ParsePolicy([]byte(`{"steps":[{"channel":"sms","timeout":"10m"}]}`))
	if len(errs) > 0 || got.TTL.Std() != DefaultTTL || got.Steps[0].Until != ReceiptDelivered {
		t.Errorf("got %+v, %v", got, errs)
	}
}

func TestParsePolicyRefuses(t *testing.T) {
	step := func(rest string) string { return `{"steps":[{"channel":"sms","timeout":"1m"` + rest + `}]}` }
	tests := map[string]struct {
		raw  string
		want []string
	}{
		"nothing":             {``, []string{""}},
		"a list":              {`[]`, []string{""}},
		"null":                {`null`, []string{"steps"}},
		"trailing data":       {step("") + "{}", []string{""}},
		"no steps":            {`{}`, []string{"steps"}},
		"too many steps":      {`{"steps":[` + strings.Repeat(`{"channel":"sms","timeout":"1m"},`, MaxSteps) + `{"channel":"sms","timeout":"1m"}]}`, []string{"steps"}},
		"unknown field":       {step(`,"retries":3`), []string{"steps[0].retries"}},
		"wrong case":          {step(`,"When":"true"`), []string{"steps[0].When"}},
		"duplicate key":       {step(`,"timeout":"2m"`), []string{"steps[0].timeout"}},
		"two faults at once":  {`{"steps":[{"channel":"fax","timeout":"1ms"}]}`, []string{"steps[0].channel", "steps[0].timeout"}},
		"wrong types":         {`{"steps":[{"channel":1,"timeout":60}],"ttl":"1 day"}`, []string{"steps[0].channel", "steps[0].timeout", "ttl"}},
		"steps as object":     {`{"steps":{}}`, []string{"steps"}},
		"step as text":        {`{"steps":["sms"]}`, []string{"steps[0]"}},
		"timeout missing":     {`{"steps":[{"channel":"sms"}]}`, []string{"steps[0].timeout"}},
		"timeout too long":    {`{"steps":[{"channel":"sms","timeout":"73h"}]}`, []string{"steps[0].timeout"}},
		"until failed":        {step(`,"until":"failed"`), []string{"steps[0].until"}},
		"ttl too long":        {`{"ttl":"169h","steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"ttl"}},
		"ttl negative":        {`{"ttl":"-1s","steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"ttl"}},
		"cost of nothing":     {`{"max_cost":{"amount":"0","currency":"VND"},"steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"max_cost.amount"}},
		"cost as number":      {`{"max_cost":{"amount":5,"currency":"VND"},"steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"max_cost.amount"}},
		"cost in lower case":  {`{"max_cost":{"amount":"5","currency":"vnd"},"steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"max_cost.currency"}},
		"account twice":       {step(`,"accounts":["a","b","a"]`), []string{"steps[0].accounts[2]"}},
		"account empty":       {step(`,"accounts":[""]`), []string{"steps[0].accounts[0]"}},
		"condition":           {step(`,"when":"category"`), []string{"steps[0].when"}},
		"quiet hours":         {`{"quiet_hours":{"from":"25:00","to":"07:00","timezone":"Mars"},"steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"quiet_hours.from", "quiet_hours.timezone"}},
		"quiet hours unknown": {`{"quiet_hours":{"zone":"UTC"},"steps":[{"channel":"sms","timeout":"1m"}]}`, []string{"quiet_hours.zone"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, errs := ParsePolicy([]byte(tt.raw))
			if got := fieldsOf(errs); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", errs, tt.want)
			}
			for _, e := range errs {
				if e.Message == "" || !strings.HasSuffix(e.Error(), e.Message) {
					t.Errorf("%+v says nothing", e)
				}
			}
		})
	}
}

func TestPolicySentence(t *testing.T) {
	p, errs := ParsePolicy([]byte(fullPolicy))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	tests := map[string]struct {
		policy Policy
		want   string
	}{
		"three steps": {p, "Send by ZNS; if not read in 2m, Viber; if not delivered in 1m, SMS (only when category != 'promotion')."},
		"one step":    {Policy{Steps: []Step{{Channel: SMS}}}, "Send by SMS."},
		"none":        {Policy{}, "Send nothing, as there are no steps."},
		"default":     {Policy{Steps: []Step{{Channel: Viber, Timeout: Duration(90 * time.Second)}, {Channel: SMS}}}, "Send by Viber; if not delivered in 90s, SMS."},
	}
	for name, tt := range tests {
		if got := tt.policy.Sentence(); got != tt.want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(fullPolicy))
	f.Add([]byte(`{"steps":[{"channel":"sms","timeout":"1m","timeout":"2m"}]} x`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, errs := ParsePolicy(raw)
		if len(errs) > 0 {
			return
		}
		p.Warnings(nil)
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		back, errs := ParsePolicy(text)
		if len(errs) > 0 {
			t.Fatalf("%s does not read back: %v", text, errs)
		}
		if again, _ := json.Marshal(back); !bytes.Equal(again, text) {
			t.Errorf("%s reads back as %s", text, again)
		}
		if p.Sentence() != back.Sentence() {
			t.Error("the sentence changed")
		}
	})
}
