package vonage

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

// documented are the codes of Vonage's lists by what they mean for the ladder.
var documented = map[policy.Class]string{
	policy.ClassThrottled: "1000",
	policy.ClassRecipient: "1050 1170 1180 1190 1200 1220 1240 1241 1250 1251 1260 1270 1280 1290 1300 1310 1360 1430 1461",
	policy.ClassRequest: "1010 1020 1021 1022 1040 1090 1130 1150 1210 1282 1340 1380 1381 1382 1400 1410 1440 1450 1451 1482 1483 " +
		"not-found invalid-params",
	policy.ClassAccount: "1060 1070 1080 1120 1140 1160 1350 1370 1420 1460 1470 1472 1473 1480 1481 1484 " +
		"low-balance unauthorized forbidden unprovisioned account-suspended jwt-expired jwt-revoked invalid-api-key invalid-signature",
	policy.ClassDown:    "1030 1100 1230 1330 1331",
	policy.ClassUnknown: "1320",
}

func TestEveryDocumentedCode(t *testing.T) {
	var all []string
	for class, list := range documented {
		for code := range strings.FieldsSeq(list) {
			all = append(all, code)
			want := class
			if class == policy.ClassDown { // the request was read, so it may have been taken
				want = policy.ClassUnknown
			}
			body := fmt.Sprintf(`{"type":"https://developer.vonage.com/api-errors/messages#%s","title":"No","detail":"to +84912345678","instance":"bf0c"}`, code)
			url, _, _ := provider(t, answer{422, body})
			_, err := build(t, policy.Viber, url).Send(t.Context(), channels.Outbound{To: "+84912345678", Content: channels.Content{Text: "x"}})
			f := channels.AsFailure(err)
			if err == nil || f.Class != want || f.ProviderCode != code || f.Code == "" || strings.Contains(f.Detail, "912345678") {
				t.Errorf("%s ends as %v, want %s", code, err, want)
			}
		}
	}
	slices.Sort(all)
	if table := slices.Sorted(maps.Keys(codes)); !slices.Equal(table, all) {
		t.Errorf("the table has %v, documented are %v", table, all)
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
	const invalid = `{"type":"https://developer.vonage.com/api-errors/messages#1150","title":"Invalid params","detail":"The value of one or more parameters is invalid.",` +
		`"instance":"bf0ca0bf927b3b52e3cb03217e1a1ddf","invalid_parameters":[{"name":"viber_service.ttl","reason":"invalid value"}]}`
	tests := map[string]struct {
		answer answer
		class  policy.Class
		code   string
		said   string
		detail string
	}{
		"invalid parameters": {
			answer{422, invalid},
			policy.ClassRequest, "invalid_params", "1150",
			"Invalid params; The value of one or more parameters is invalid.; viber_service.ttl invalid value",
		},
		"low balance":        {answer{402, `{"type":"https://developer.vonage.com/api-errors/#low-balance","title":"Low balance"}`}, policy.ClassAccount, "no_balance", "low-balance", "Low balance"},
		"402 without a word": {answer{402, ``}, policy.ClassAccount, "no_balance", "402", "HTTP 402 Payment Required"},
		"not authorized":     {answer{401, `{"type":"https://developer.vonage.com/api-errors/#unauthorized","title":"Unauthorized"}`}, policy.ClassAccount, "not_authorized", "unauthorized", "Unauthorized"},
		"forbidden":          {answer{403, `{}`}, policy.ClassAccount, "not_authorized", "403", "HTTP 403 Forbidden"},
		"not found":          {answer{404, `<html>`}, policy.ClassRequest, "request_refused", "404", "HTTP 404 Not Found"},
		"throttled":          {answer{429, `{"type":"https://developer.vonage.com/api-errors/messages#1000","title":"Throttled"}`}, policy.ClassThrottled, "throttled", "1000", "Throttled"},
		"new code":           {answer{422, `{"type":"https://developer.vonage.com/api-errors/messages#1999","title":"New"}`}, policy.ClassRequest, "request_refused", "1999", "New"},
		"odd parameters": {
			answer{422, `{"type":"https://developer.vonage.com/api-errors/messages#1120","title":"Sender","invalid_parameters":{"from":"no"}}`},
			policy.ClassAccount, "bad_sender", "1120", "Sender",
		},
		"internal error": {answer{500, `{"type":"https://developer.vonage.com/api-errors/messages#1300","title":"?"}`}, policy.ClassUnknown, "provider_error", "1300", "?"},
		"no id":          {answer{202, `{"workflow_id":"3Tc"}`}, policy.ClassUnknown, "unreadable_answer", "", "the answer has no message_uuid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _, _ := provider(t, tt.answer)
			_, err := build(t, policy.SMS, url).Send(t.Context(), channels.Outbound{To: "+84912345678", ValidFor: time.Minute})
			f := channels.AsFailure(err)
			if err == nil || f.Class != tt.class || f.Code != tt.code || f.ProviderCode != tt.said || f.Detail != tt.detail {
				t.Errorf("got %v, want %s %s (%s) %s", err, tt.class, tt.code, tt.said, tt.detail)
			}
		})
	}
}
