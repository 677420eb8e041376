package esms

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// documented is eSMS's table of codes with the class and the word that each must get.
var documented = map[string]struct {
	class policy.Class
	code  string
}{
	"99": {policy.ClassRequest, "blocked_or_malformed"}, "101": {policy.ClassAccount, "not_authorized"}, "102": {policy.ClassAccount, "no_price_list"},
	"103": {policy.ClassAccount, "no_balance"}, "104": {policy.ClassAccount, "brandname_unknown"}, "105": {policy.ClassRequest, "message_id_unknown"},
	"106": {policy.ClassRequest, "recording_missing"}, "107": {policy.ClassRequest, "too_few_numbers"}, "108": {policy.ClassRecipient, "invalid_number"},
	"110": {policy.ClassRequest, "bad_data"}, "115": {policy.ClassRequest, "bad_phone_hash"}, "118": {policy.ClassAccount, "message_type_unsupported"},
	"120": {policy.ClassRequest, "too_many_numbers"}, "124": {policy.ClassUnknown, "duplicate"}, "140": {policy.ClassAccount, "ip_not_allowed"},
	"143": {policy.ClassAccount, "account_locked"}, "146": {policy.ClassRequest, "template_mismatch"}, "160": {policy.ClassThrottled, "throttled"},
	"163": {policy.ClassRequest, "more_than_one_number"}, "171": {policy.ClassRequest, "code_invalid"}, "177": {policy.ClassRequest, "operator_not_registered"},
	"199": {policy.ClassRequest, "registration_pending"}, "201": {policy.ClassRequest, "content_blocked"}, "204": {policy.ClassAccount, "oa_unknown"},
	"210": {policy.ClassRequest, "bad_payload"}, "300": {policy.ClassAccount, "message_type_missing"}, "301": {policy.ClassRequest, "service_code_unsupported"},
	"687": {policy.ClassRequest, "too_many_in_bulk"}, "788": {policy.ClassRequest, "template_data_invalid"}, "789": {policy.ClassAccount, "template_not_configured"},
	"790": {policy.ClassRequest, "template_data_invalid"}, "791": {policy.ClassAccount, "oa_or_template_missing"}, "799": {policy.ClassAccount, "oa_inactive"},
	"801": {policy.ClassRequest, "over_quota_not_schedulable"}, "802": {policy.ClassAccount, "over_quota_not_permitted"}, "851": {policy.ClassRequest, "message_id_missing"},
	"852": {policy.ClassRequest, "zalo_uid_invalid"}, "853": {policy.ClassRequest, "zalo_uid_missing"}, "854": {policy.ClassRequest, "no_data"},
}

func TestEveryCode(t *testing.T) {
	if len(documented) != len(codes) {
		t.Errorf("%d codes are documented, %d are read", len(documented), len(codes))
	}
	for code, want := range documented {
		t.Run(code, func(t *testing.T) {
			for _, body := range []string{
				`{"CodeResult":"%s","CountRegenerate":0,"ErrorMessage":"for 0912345678 by K3Y"}`,
				`{"CodeResult":%s,"ErrorMessage":"+84912345678"}`,
				`{"CodeResponse":"%s"}`,
				`{"CodeResult":"%s","ErrorMessage":"x","SMSID":"` + smsID + `"}`,
			} {
				f := sendTo(t, fmt.Sprintf(body, code))
				if f == nil {
					t.Fatalf("%s is taken", body)
				}
				if diff := cmp.Diff([]string{string(want.class), want.code, code}, []string{string(f.Class), f.Code, f.ProviderCode}); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if f.Advice == "" || f.AdviceVI == "" {
					t.Error("there is no advice")
				}
				if strings.Contains(f.Error(), "912345678") || strings.Contains(f.Error(), "K3Y") {
					t.Errorf("%q tells a number or a secret", f.Error())
				}
			}
		})
	}
}

// sendTo sends one SMS to a provider that answers with body; nil is taken.
func sendTo(t *testing.T, body string) *channels.Failure {
	t.Helper()
	url, _ := provider(t, map[string]string{"": body})
	_, err := build(t, policy.SMS, url).Send(t.Context(), channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "x"}})
	if err == nil {
		return nil
	}
	f, ok := errors.AsType[*channels.Failure](err)
	if !ok {
		t.Fatalf("got %v, want a Failure", err)
	}
	return f
}

func TestAnswersOfOtherShapes(t *testing.T) {
	tests := map[string]struct {
		body           string
		class          policy.Class
		code, provider string
	}{
		"taken":                        {taken, "", "", ""},
		"code as a number":             {`{"CodeResult":100,"SMSID":"` + smsID + `"}`, "", "", ""},
		"malformed request":            {`{"error":"Invalid request"}`, policy.ClassRequest, "bad_request", "99"},
		"taken, but which":             {`{"CodeResult":"100","CountRegenerate":0}`, policy.ClassUnknown, "unreadable_answer", ""},
		"no code":                      {`{"SMSID":"` + smsID + `"}`, policy.ClassUnknown, "unreadable_answer", ""},
		"error of another shape":       {`{"error":{"a":1}}`, policy.ClassUnknown, "unreadable_answer", ""},
		"no JSON":                      {`<html>`, policy.ClassUnknown, "unreadable_answer", ""},
		"code that nobody knows":       {`{"CodeResult":"4711","ErrorMessage":"new"}`, policy.ClassRequest, "unknown_refusal", "4711"},
		"code nobody knows, and an id": {`{"CodeResult":"4711","SMSID":"x"}`, policy.ClassUnknown, "unknown_code", "4711"},
		"duplicate, as documented":     {`{"CodeResult":"124","CountRegenerate":0,"ErrorMessage":"Request exist 1","SendStatus":"5"}`, policy.ClassUnknown, "duplicate", "124"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := sendTo(t, tt.body)
			if tt.class == "" {
				if f != nil {
					t.Errorf("got %v, want taken", f)
				}
				return
			}
			if f == nil {
				t.Fatal("it is taken")
			}
			if diff := cmp.Diff([]string{string(tt.class), tt.code, tt.provider}, []string{string(f.Class), f.Code, f.ProviderCode}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzAnswer(f *testing.F) {
	for _, body := range []string{taken, `{"error":"Invalid request"}`, `{"CodeResult":124}`, `{}`, "null", "<html>"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, fail := readTaken(body); fail != nil && (!fail.Class.Valid() || fail.Code == "") {
			t.Fatalf("%q is read as %+v", body, fail)
		}
	})
}
