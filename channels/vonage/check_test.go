package vonage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/policy"
)

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		answer answer
		more   []string
		want   string // level and code of every finding
	}{
		"authorized":          {answer{422, `{"type":"https://developer.vonage.com/api-errors/messages#1010","title":"Missing params"}`}, nil, "ok authorized"},
		"the recipient's":     {answer{422, `{"type":"https://developer.vonage.com/api-errors/messages#1170"}`}, nil, "ok authorized"},
		"no signature secret": {answer{422, `{}`}, []string{settingSignatureSecret, ""}, "ok authorized, warning no_signature_secret"},
		"bad key":             {answer{401, `{"type":"https://developer.vonage.com/api-errors/#unauthorized"}`}, nil, "error not_authorized"},
		"no balance":          {answer{402, `{"type":"https://developer.vonage.com/api-errors/#low-balance"}`}, nil, "error no_balance"},
		"another address":     {answer{404, `<html>`}, nil, "error request_refused"},
		"in trouble":          {answer{503, ``}, nil, "error provider_error"},
		"taken by nobody":     {answer{202, accepted}, nil, "warning unreadable_answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls, _ := provider(t, tt.answer)
			var got []string
			for _, f := range build(t, policy.Viber, url, tt.more...).Check(t.Context()) {
				got = append(got, f.Level+" "+f.Code)
				if f.MessageVI == "" || f.MessageVI == f.Message || (f.Level == "ok") != (f.Advice == "") || (f.Advice == "") != (f.AdviceVI == "") {
					t.Errorf("finding %+v", f)
				}
			}
			if all := strings.Join(got, ", "); all != tt.want {
				t.Errorf("got %s, want %s", all, tt.want)
			}
			if diff := cmp.Diff([]call{{"POST", "/v1/messages", "application/json", "{}"}}, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}
