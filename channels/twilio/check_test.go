package twilio

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	const account = "/2010-04-01/Accounts/" + accountSID
	good := map[string]answer{
		account + "/Balance.json": {200, `{"account_sid":"` + accountSID + `","balance":"12.05","currency":"USD"}`},
		account + ".json":         {200, `{"sid":"` + accountSID + `","status":"active","type":"Full"}`},
		account + "/IncomingPhoneNumbers.json": {
			200, `{"incoming_phone_numbers":[{"phone_number":"+15005550006","capabilities":{"sms":true,"voice":true}}]}`,
		},
	}
	tests := map[string]struct {
		path   string // whose answer is another
		answer answer
		more   []string
		want   string // level and code of every finding
	}{
		"all well":               {"", answer{}, nil, "ok balance, ok account_active, ok sender_ok"},
		"messaging service":      {"", answer{}, []string{settingFrom, serviceSID}, "ok balance, ok account_active"},
		"API key":                {"", answer{}, []string{settingAPIKeySID, "SK01", settingAPIKeySecret, "s"}, "ok balance, ok sender_ok"},
		"bad credentials":        {"/Balance.json", answer{401, `{"code":20003,"message":"Authenticate T0ken"}`}, nil, "error not_authorized"},
		"web page":               {"/Balance.json", answer{200, `<html>`}, nil, "error unreadable_answer"},
		"no money":               {"/Balance.json", answer{200, `{"balance":"-0.5","currency":"USD"}`}, nil, "error no_balance, ok account_active, ok sender_ok"},
		"balance without number": {"/Balance.json", answer{200, `{}`}, nil, "warning unreadable_answer, ok account_active, ok sender_ok"},
		"suspended":              {".json", answer{200, `{"status":"suspended"}`}, nil, "ok balance, error account_suspended, ok sender_ok"},
		"trial":                  {".json", answer{200, `{"status":"active","type":"Trial"}`}, nil, "ok balance, warning trial_account, ok sender_ok"},
		"account not told":       {".json", answer{403, ``}, nil, "ok balance, warning not_authorized, ok sender_ok"},
		"number of somebody":     {"/IncomingPhoneNumbers.json", answer{200, `{"incoming_phone_numbers":[]}`}, nil, "ok balance, ok account_active, warning sender_unknown"},
		"number without SMS": {
			"/IncomingPhoneNumbers.json",
			answer{200, `{"incoming_phone_numbers":[{"phone_number":"+15005550006","capabilities":{"sms":false}}]}`},
			nil,
			"ok balance, ok account_active, error sender_without_sms",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answers := map[string]answer{}
			for path, a := range good {
				answers[path] = a
			}
			if tt.path != "" {
				answers[account+tt.path] = tt.answer
			}
			url, calls := provider(t, answers)
			var got []string
			for _, f := range build(t, url, tt.more...).Check(t.Context()) {
				got = append(got, f.Level+" "+f.Code)
				both := f.Message + f.MessageVI
				if f.MessageVI == "" || f.MessageVI == f.Message || (f.Level == "ok") != (f.Advice == "") || (f.Advice == "") != (f.AdviceVI == "") ||
					strings.Contains(both, "T0ken") || strings.Contains(both, "15005550006") {
					t.Errorf("finding %+v", f)
				}
			}
			if all := strings.Join(got, ", "); all != tt.want {
				t.Errorf("got %s\nwant %s", all, tt.want)
			}
			for _, c := range *calls {
				if c.Method != "GET" {
					t.Errorf("the check made a %s", c.Method)
				}
			}
		})
	}
}
