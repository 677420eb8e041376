package zalo

import (
	"fmt"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

var toUser = func() channels.Outbound {
	out := testOutbound
	out.Content.UserID = "7000000000000000001"
	return out
}()

func TestSendToUser(t *testing.T) {
	const id = "abcdef0123456789abcd"
	at := time.UnixMilli(1767225600123).UTC()
	tests := map[string]struct {
		answer string
		want   channels.Taken
		class  policy.Class
		code   string
	}{
		"as one client saw it":   {answer: `{"error":0,"message":"Success","data":{"message_id":"` + id + `","user_id":"7","sent_time":"1767225600123","quota":{"quota_type":"purchase_quota","owner_type":"OA","owner_id":"3"}}}`, want: channels.Taken{ProviderID: id, At: at}},
		"as another":             {answer: `{"error":0,"data":{"message_id":"` + id + `","sent_time":1767225600123,"quota":{"sub_quota":"x","remain":0,"total":"500"}}}`, want: channels.Taken{ProviderID: id, At: at}},
		"with the phone's quota": {answer: `{"error":0,"data":{"message_id":"` + id + `","quota":{"dailyQuota":"500","remainingQuota":"8"}}}`, want: channels.Taken{ProviderID: id, Quota: &channels.Quota{Left: 8, Total: 500, ResetsAt: testNow.Add(3 * time.Hour)}}},
		"nothing but the id":     {answer: `{"error":0,"data":{"message_id":"` + id + `","quota":["?"],"sent_time":null}}`, want: channels.Taken{ProviderID: id}},
		"no id":                  {answer: `{"error":0,"data":{"msg_id":"` + id + `"}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"no data":                {answer: `{"error":0}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"not by user id":         {answer: `{"error":-249,"message":"x"}`, class: policy.ClassRequest, code: "template_not_by_user_id"},
		"no follower":            {answer: `{"error":-213,"message":"x"}`, class: policy.ClassRecipient, code: "not_a_follower"},
		"attachment expired":     {answer: `{"error":-100,"message":"x"}`, class: policy.ClassUnknown, code: "provider_error"},
	}
	want := `POST /v3.0/oa/message/template [AT-secret-1] {"user_id":"7000000000000000001","template_id":"412345","template_data":{"customer_name":"Trần Văn Minh","order_code":"DH-20260101-07"}}`
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			// Neither setting concerns a user id.
			a, calls := answeringWith(t, map[string]string{"hash_phone": "lower", "sending_mode": "1"}, &tokens{}, tt.answer)
			got, err := a.Send(t.Context(), toUser)
			if diff := cmp.Diff([]string{want}, calls()); diff != "" {
				t.Error(diff)
			}
			if tt.class != "" {
				if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code {
					t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// TestEveryCodeToUser sends by user id once for every number of the Official Account API.
func TestEveryCodeToUser(t *testing.T) {
	seen := 0
	for _, r := range rows(t) {
		if r.table != "oa" || r.name == codeTokenRefused {
			continue
		}
		seen++
		a, calls := answering(t, &tokens{}, fmt.Sprintf(`{"error":%d,"message":"to 7000000000000000001"}`, r.code))
		_, err := a.Send(t.Context(), toUser)
		f := channels.AsFailure(err)
		if f.Class != r.class || f.Code != r.name || f.RetryAfter != r.wait || f.Detail != "to 70•••••001" || len(calls()) != 1 {
			t.Errorf("%d: got %+v after %d calls", r.code, f, len(calls()))
		}
	}
	if seen < 25 {
		t.Errorf("only %d codes", seen)
	}
}

// TestUserTokenRenewed: the API has two numbers for a token that is no longer good.
func TestUserTokenRenewed(t *testing.T) {
	for _, code := range []int{-216, -220} {
		src := &tokens{}
		a, calls := answering(t, src, fmt.Sprintf(`{"error":%d,"message":"x"}`, code), `{"error":0,"data":{"message_id":"m1"}}`)
		got, err := a.Send(t.Context(), toUser)
		if err != nil || got.ProviderID != "m1" || len(calls()) != 2 || len(src.renewed) != 1 {
			t.Errorf("%d: %v, %+v after %d calls and %d renewals", code, err, got, len(calls()), len(src.renewed))
		}
	}
}

func FuzzUserAnswer(f *testing.F) {
	for _, s := range []string{`{"error":0,"data":{"message_id":"m1","quota":{"remain":1,"total":2}}}`, `{"error":0}`, "null"} {
		f.Add([]byte(s))
	}
	a := build(f, "http://zalo.test", nil, fixedToken("t"), nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		env, fail := a.read(&channels.Response{Status: 200, Body: body}, "t")
		if fail != nil {
			return
		}
		got, err := takenForUser(env)
		if (err == nil) != (got.ProviderID != "") || (got.Quota != nil && got.Quota.Total < 1) {
			t.Fatalf("%q is read as %+v, %v", body, got, err)
		}
	})
}
