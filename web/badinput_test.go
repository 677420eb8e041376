package web

import (
	"net/http"
	"strings"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
)

// What cannot be used is refused with the field and the mend, and nothing of it is stored.
func TestBadInput(t *testing.T) {
	const (
		sms      = `"content":{"sms":{"text":"Xin chao"}}`
		template = `{"category":"transaction","params":[{"name":"order"}],"content":{"sms":{"text":"Don {{order}}"}}}`
		price    = `{"prices":[{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":%AMOUNT%,"currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`
		steps    = `{"steps":[{"channel":"sms","until":"delivered","timeout":%TIMEOUT%}]}`
	)
	amount := func(text string) string { return strings.Replace(price, "%AMOUNT%", text, 1) }
	timeout := func(text string) string { return strings.Replace(steps, "%TIMEOUT%", text, 1) }
	tests := map[string]struct {
		method, path, body string
		status             int
		field              string
	}{
		"malformed JSON":                {"POST", "/v1/messages", `{"to":"+84912345678",`, 400, ""},
		"not JSON":                      {"POST", "/v1/messages", `to=+84912345678`, 400, ""},
		"unknown field":                 {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"colour":1}`, 422, "colour"},
		"unknown field deep down":       {"POST", "/v1/messages", `{"to":"+84912345678","content":{"sms":{"text":"a","size":1}}}`, 422, "content.sms.size"},
		"NUL":                           {"POST", "/v1/messages", `{"to":"+84912345678","content":{"sms":{"text":"a\u0000"}}}`, 422, "content"},
		"invalid UTF-8":                 {"POST", "/v1/messages", "{\"to\":\"+84912345678\",\"content\":{\"sms\":{\"text\":\"\xff\"}}}", 422, "content"},
		"over 1 MiB":                    {"POST", "/v1/messages", `{"to":"+84912345678","content":{"sms":{"text":"` + strings.Repeat("a", maxBody) + `"}}}`, 413, ""},
		"no phone":                      {"POST", "/v1/messages", `{` + sms + `}`, 422, "to"},
		"a phone of letters":            {"POST", "/v1/messages", `{"to":"Lan",` + sms + `}`, 422, "to"},
		"a phone too short":             {"POST", "/v1/messages", `{"to":"+8491",` + sms + `}`, 422, "to"},
		"a landline":                    {"POST", "/v1/messages", `{"to":"+842438252525",` + sms + `}`, 422, "to"},
		"a country that is not there":   {"POST", "/v1/messages", `{"to":"+999123456789",` + sms + `}`, 422, "to"},
		"neither template nor content":  {"POST", "/v1/messages", `{"to":"+84912345678"}`, 422, "template"},
		"an unknown template":           {"POST", "/v1/messages", `{"to":"+84912345678","template":"nothing"}`, 422, "template"},
		"a param is missing":            {"POST", "/v1/messages", `{"to":"+84912345678","template":"order","params":{}}`, 422, "params.order"},
		"a param too many":              {"POST", "/v1/messages", `{"to":"+84912345678","template":"order","params":{"order":"A","size":"L"}}`, 422, "params.size"},
		"an unknown policy":             {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"policy":"nothing"}`, 422, "policy"},
		"no step can carry it":          {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"policy":{"steps":[{"channel":"zns","until":"delivered","timeout":"1m"}]}}`, 422, "steps[0]"},
		"an inline policy without step": {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"policy":{"steps":[]}}`, 422, "policy.steps"},
		"a ttl of nothing":              {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"ttl":"-1s"}`, 422, "ttl"},
		"an unknown category":           {"POST", "/v1/messages", `{"to":"+84912345678",` + sms + `,"category":"spam"}`, 422, "category"},
		"a policy without steps":        {"PUT", "/v1/policies/bad", `{"steps":[]}`, 422, "steps"},
		"an unknown channel":            {"PUT", "/v1/policies/bad", `{"steps":[{"channel":"pigeon","until":"delivered","timeout":"1m"}]}`, 422, "steps[0].channel"},
		"a timeout of nothing":          {"PUT", "/v1/policies/bad", timeout(`"0s"`), 422, "steps[0].timeout"},
		"a timeout below nothing":       {"PUT", "/v1/policies/bad", timeout(`"-1m"`), 422, "steps[0].timeout"},
		"a timeout of years":            {"PUT", "/v1/policies/bad", timeout(`"100000h"`), 422, "steps[0].timeout"},
		"a timeout that is a number":    {"PUT", "/v1/policies/bad", timeout(`60`), 422, "steps[0].timeout"},
		"a broken condition":            {"PUT", "/v1/policies/bad", `{"steps":[{"channel":"sms","until":"delivered","timeout":"1m","when":"category ="}]}`, 422, "steps[0].when"},
		"an amount that is a number":    {"PUT", "/v1/prices", amount(`820`), 422, "prices[0].price.amount"},
		"an amount of words":            {"PUT", "/v1/prices", amount(`"much"`), 422, "prices[0].price.amount"},
		"an amount with an exponent":    {"PUT", "/v1/prices", amount(`"8e2"`), 422, "prices[0].price.amount"},
		"an amount with commas":         {"PUT", "/v1/prices", amount(`"1,200"`), 422, "prices[0].price.amount"},
		"an amount below nothing":       {"PUT", "/v1/prices", amount(`"-1"`), 422, "prices[0].price.amount"},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		a := newAPI(t, s)
		a.want(http.StatusOK, "PUT", "/v1/templates/order", template)
		stored := func() string {
			all := ""
			for _, path := range []string{"/v1/messages", "/v1/policies", "/v1/prices"} {
				all += string(a.want(http.StatusOK, "GET", path, "").body)
			}
			return all
		}
		before := stored()
		for name, tt := range tests {
			r := a.do(tt.method, tt.path, a.key, tt.body)
			if r.status != tt.status || r.header.Get("Content-Type") != "application/problem+json" ||
				tt.field != "" && !strings.Contains(string(r.body), `"field":"`+tt.field+`"`) {
				t.Errorf("%s: got %d %s, want %d naming %q", name, r.status, r.body, tt.status, tt.field)
			}
		}
		if after := stored(); after != before {
			t.Errorf("something of it was stored:\n%s\nbefore:\n%s", after, before)
		}
	})
}
