package twilio

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// documented are Twilio's codes with what they mean for the ladder.
var documented = map[string]policy.Class{
	"20003": policy.ClassAccount, "20403": policy.ClassAccount, "20404": policy.ClassAccount, "20429": policy.ClassThrottled,
	"21211": policy.ClassRecipient, "21212": policy.ClassAccount, "21408": policy.ClassAccount, "21602": policy.ClassRequest,
	"21606": policy.ClassAccount, "21608": policy.ClassAccount, "21610": policy.ClassRecipient, "21611": policy.ClassThrottled,
	"21612": policy.ClassRecipient, "21614": policy.ClassRecipient, "21617": policy.ClassRequest, "21703": policy.ClassAccount,
	"21705": policy.ClassAccount,
	"30001": policy.ClassDown, "30002": policy.ClassAccount, "30003": policy.ClassRecipient, "30004": policy.ClassRecipient,
	"30005": policy.ClassRecipient, "30006": policy.ClassRecipient, "30007": policy.ClassRequest, "30008": policy.ClassDown,
	"30010": policy.ClassRequest, "30017": policy.ClassDown, "30018": policy.ClassAccount, "30024": policy.ClassAccount, "30410": policy.ClassDown,
}

func TestEveryDocumentedCode(t *testing.T) {
	if got, want := slices.Sorted(maps.Keys(codes)), slices.Sorted(maps.Keys(documented)); !slices.Equal(got, want) {
		t.Errorf("the table has %v, documented are %v", got, want)
	}
	for code, class := range documented {
		if class == policy.ClassDown { // the request was read, so it may have been taken
			class = policy.ClassUnknown
		}
		status := map[string]int{"20003": 401, "20403": 403, "20404": 404, "20429": 429}[code]
		if status == 0 {
			status = 400
		}
		body := fmt.Sprintf(`{"code":%s,"message":"No: +84912345678","more_info":"https://www.twilio.com/docs/errors/%s","status":%d}`, code, code, status)
		url, _ := provider(t, map[string]answer{"": {status, body}})
		_, err := build(t, url).Send(t.Context(), channels.Outbound{To: "+84912345678", Content: channels.Content{Text: "x"}})
		f := channels.AsFailure(err)
		if err == nil || f.Class != class || f.ProviderCode != code || f.Code == "" || strings.Contains(f.Detail, "912345678") {
			t.Errorf("%s ends as %v, want %s", code, err, class)
		}
	}
}

func TestAdviceIsInBothLanguages(t *testing.T) {
	for code, e := range codes {
		if (e.advice.en == "") != (e.advice.vi == "") {
			t.Errorf("%s has advice in one language: %+v", code, e.advice)
		}
		if (e.class == policy.ClassAccount || e.class == policy.ClassThrottled) && e.advice.en == "" {
			t.Errorf("%s blames the account and says not what to do", code)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		answer answer
		class  policy.Class
		code   string
		said   string
	}{
		"code as text":          {answer{400, `{"code":"21610","message":"opted out"}`}, policy.ClassRecipient, "opted_out", "21610"},
		"unknown code":          {answer{400, `{"code":21999,"message":"new"}`}, policy.ClassRequest, "request_refused", "21999"},
		"unknown code with 403": {answer{403, `{"code":20499,"message":"new"}`}, policy.ClassAccount, "not_authorized", "20499"},
		"no code":               {answer{400, `{"message":"bad"}`}, policy.ClassRequest, "request_refused", "400"},
		"a code with a 500":     {answer{500, `{"code":21211,"message":"?"}`}, policy.ClassUnknown, "provider_error", "21211"},
		"throttled":             {answer{429, `{"code":20429,"message":"Too many"}`}, policy.ClassThrottled, "throttled", "20429"},
		"200 without a sid":     {answer{200, `{"status":"queued"}`}, policy.ClassUnknown, "unreadable_answer", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, map[string]answer{"": tt.answer})
			_, err := build(t, url).Send(t.Context(), channels.Outbound{To: "+84912345678", ValidFor: time.Minute})
			if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code || f.ProviderCode != tt.said {
				t.Errorf("got %v, want %s %s (%s)", err, tt.class, tt.code, tt.said)
			}
		})
	}
}
