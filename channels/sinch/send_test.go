package sinch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// taken is the answer to a batch, as in the API reference.
const taken = `{"id":"` + batchID + `","to":["84912345678"],"from":"MyBrand","canceled":false,"body":"Ma 4821","type":"mt_text",` +
	`"created_at":"2026-11-20T01:00:01.250Z","modified_at":"2026-11-20T01:00:01.250Z","delivery_report":"per_recipient"}`

func TestSendWire(t *testing.T) {
	const head = `{"from":"MyBrand","to":["84912345678"],"body":"Mã 4821","type":"mt_text",`
	tests := map[string]struct {
		out  channels.Outbound
		more []string
		body string
	}{
		"all of it": {
			channels.Outbound{ValidFor: 90 * time.Second, CallbackURL: hookURL},
			nil,
			head + `"delivery_report":"per_recipient","callback_url":"` + hookURL + `","client_reference":"` + reference + `","expire_at":"2026-11-20T01:01:30.000Z"}`,
		},
		"valid for longer than Sinch tries": {
			channels.Outbound{ValidFor: 100 * time.Hour, CallbackURL: hookURL},
			nil,
			head + `"delivery_report":"per_recipient","callback_url":"` + hookURL + `","client_reference":"` + reference + `","expire_at":"2026-11-23T01:00:00.000Z"}`,
		},
		"no callback, from a number": {
			channels.Outbound{},
			[]string{settingFrom, "+15005550006"},
			`{"from":"15005550006","to":["84912345678"],"body":"Mã 4821","type":"mt_text","delivery_report":"none","client_reference":"` + reference + `"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]answer{"": {201, taken}})
			tt.out.Reference, tt.out.To, tt.out.Content.Text = reference, "+84912345678", "Mã 4821"
			got, err := build(t, url, tt.more...).Send(t.Context(), tt.out)
			if want := (channels.Taken{ProviderID: batchID, At: now.Add(1250 * time.Millisecond)}); err != nil || got != want {
				t.Errorf("got %+v, %v", got, err)
			}
			want := []call{{"POST", "/xms/v1/plan1/batches", "Bearer " + token, "application/json", tt.body}}
			if diff := cmp.Diff(want, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		answer answer
		class  policy.Class
		code   string
		theirs string
	}{
		"no JSON":            {answer{400, `{"code":"syntax_invalid_json","text":"x"}`}, policy.ClassRequest, "invalid_json", "syntax_invalid_json"},
		"bad number":         {answer{400, `{"code":"syntax_invalid_parameter_format","text":"x"}`}, policy.ClassRequest, "invalid_parameter", "syntax_invalid_parameter_format"},
		"too long":           {answer{400, `{"code":"syntax_constraint_violation","text":"x"}`}, policy.ClassRequest, "constraint_violated", "syntax_constraint_violation"},
		"a new 400":          {answer{400, `{"code":"new","text":"x"}`}, policy.ClassRequest, "unknown_refusal", "new"},
		"a bare 400":         {answer{400, ``}, policy.ClassRequest, "request_refused", "400"},
		"blocked":            {answer{403, `{"code":"blocked_account","text":"x"}`}, policy.ClassAccount, "account_blocked", "blocked_account"},
		"kind of number":     {answer{403, `{"code":"illegal_number_type","text":"x"}`}, policy.ClassRecipient, "number_type", "illegal_number_type"},
		"no callback":        {answer{403, `{"code":"missing_callback_url","text":"x"}`}, policy.ClassRequest, "missing_callback_url", "missing_callback_url"},
		"campaign":           {answer{403, `{"code":"unknown_campaign","text":"x"}`}, policy.ClassAccount, "unknown_campaign", "unknown_campaign"},
		"group":              {answer{403, `{"code":"unknown_group","text":"x"}`}, policy.ClassRequest, "unknown_group", "unknown_group"},
		"a new 403":          {answer{403, `{"code":"new","text":"x"}`}, policy.ClassAccount, "unknown_refusal", "new"},
		"bad token":          {answer{401, ``}, policy.ClassAccount, "not_authorized", "401"},
		"no such path":       {answer{404, `<html>`}, policy.ClassAccount, "address_unknown", "404"},
		"media type":         {answer{415, ``}, policy.ClassRequest, "request_refused", "415"},
		"too many":           {answer{429, `{"code":"too_many","text":"x"}`}, policy.ClassThrottled, "throttled", "too_many"},
		"a code under a 500": {answer{500, `{"code":"blocked_account","text":"x"}`}, policy.ClassUnknown, "provider_error", "blocked_account"},
		"200 without an id":  {answer{200, `{"batch":"1"}`}, policy.ClassUnknown, "unreadable_answer", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, map[string]answer{"": tt.answer})
			_, err := build(t, url).Send(t.Context(), channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "x"}})
			f := channels.AsFailure(err)
			if err == nil || f.Class != tt.class || f.Code != tt.code || f.ProviderCode != tt.theirs || (f.Advice == "") != (f.AdviceVI == "") {
				t.Errorf("got %+v, want %s %s (%s)", f, tt.class, tt.code, tt.theirs)
			}
		})
	}
}
