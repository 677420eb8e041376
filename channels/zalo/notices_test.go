package zalo

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cascade/channels"

	"github.com/google/go-cmp/cmp"
)

func TestReadNotices(t *testing.T) {
	const oa = `"oa_id":"3000000000000000001","app_id":"1000000000000000001","timestamp":"1767225600222"`
	at := time.UnixMilli(1767225600222).UTC()
	midnight := testNow.Add(3 * time.Hour)
	template := func(status, quality, reason string) []channels.Notice {
		return []channels.Notice{{Kind: channels.NoticeTemplate, At: at, TemplateID: "412345", Status: status, Quality: quality, Reason: reason}}
	}
	quota := func(q channels.Quota) []channels.Notice {
		return []channels.Notice{{Kind: channels.NoticeQuota, At: at, Quota: &q}}
	}
	known := []channels.Notice{{Kind: channels.NoticeUserKnown, At: at, UserID: "7000000000000000001", Phone: "+84912345678"}}
	tests := map[string]struct {
		body string
		want []channels.Notice
		err  error
	}{
		"template disabled": {
			body: `{"event_name":"change_template_status","template_id":"412345","status":{"prev_status":"ENABLE","new_status":"DISABLE"},"reason":"low quality",` + oa + `}`,
			want: template("DISABLE", "", "low quality"),
		},
		"template's status alone": {body: `{"event_name":"change_template_status","template_id":412345,"status":"enable",` + oa + `}`, want: template("ENABLE", "", "")},
		"template without status": {body: `{"event_name":"change_template_status","template_id":412345,"status":{"x":1},` + oa + `}`, err: channels.ErrUnreadable},
		"template without id":     {body: `{"event_name":"change_template_status","status":"ENABLE",` + oa + `}`, err: channels.ErrUnreadable},
		"quality, nested":         {body: `{"event_name":"change_template_quality","template_id":"412345","quality":{"prev_quality":"HIGH","new_quality":"LOW"},` + oa + `}`, want: template("", "LOW", "")},
		"quality, nested as the quota is": {
			body: `{"event_name":"change_template_quality","template_id":"412345","quality":{"prev_value":"HIGH","new_value":"MEDIUM"},` + oa + `}`, want: template("", "MEDIUM", ""),
		},
		"quality, a text":       {body: `{"event_name":"change_template_quality","template_id":"412345","quality":"low",` + oa + `}`, want: template("", "LOW", "")},
		"quality, another name": {body: `{"event_name":"change_template_quality","template_id":"412345","template_quality":"HIGH",` + oa + `}`, want: template("", "HIGH", "")},
		"quality, at the top":   {body: `{"event_name":"change_template_quality","template_id":"412345","new_quality":"UNDEFINED",` + oa + `}`, want: template("", "UNDEFINED", "")},
		"quality, a list":       {body: `{"event_name":"change_template_quality","template_id":"412345","quality":["LOW"],` + oa + `}`, err: channels.ErrUnreadable},
		"quota": {
			body: `{"event_name":"change_oa_daily_quota","oaId":"3000000000000000001","quota":{"prev_value":"10000","new_value":"20000"},"timestamp":"1767225600222"}`,
			want: quota(channels.Quota{Left: 20000, Total: 20000, ResetsAt: midnight}),
		},
		"quota without limit": {body: `{"event_name":"change_oa_daily_quota","quota":{"new_value":-1},` + oa + `}`, want: quota(channels.Quota{})},
		"quota of no shape":   {body: `{"event_name":"change_oa_daily_quota","quota":{},` + oa + `}`, err: channels.ErrUnreadable},
		"person, as documented": {
			body: `{"event_name":"user_submit_info","sender":{"id":"7000000000000000001"},"recipient":{"id":"3000000000000000001"},"info":{"name":"Lan","phone":"84912345678"},"timestamp":"1767225600222"}`, want: known,
		},
		"person, the other way round": {
			body: `{"event_name":"user_submit_info","sender":{"id":"3000000000000000001"},"recipient":{"id":"7000000000000000001"},"info":{"phone":84912345678},"timestamp":"1767225600222"}`, want: known,
		},
		"person, national form": {
			body: `{"event_name":"user_submit_info","sender":{"id":"7000000000000000001"},"info":{"phone":"0912 345 678"},"timestamp":"1767225600222"}`, want: known,
		},
		"person with no mobile": {body: `{"event_name":"user_submit_info","sender":{"id":"7"},"info":{"phone":"113"},"timestamp":"1"}`},
		"person, no info":       {body: `{"event_name":"user_submit_info","sender":{"id":"7"},"timestamp":"1"}`},
		"nobody":                {body: `{"event_name":"user_submit_info","info":{"phone":"84912345678"},"timestamp":"1"}`},
		"withdrawal": {
			body: `{"event_name":"user_withdraw","user_id":"7000000000000000001","user_id_by_app":"8","timestamp":"1767225600222"}`,
			want: []channels.Notice{{Kind: channels.NoticeUserUnknown, At: at, UserID: "7000000000000000001"}},
		},
		"withdrawal of nobody":   {body: `{"event_name":"user_withdraw","timestamp":"1"}`, err: channels.ErrUnreadable},
		"another account's":      {body: `{"event_name":"change_template_status","oa_id":"3","template_id":"1","status":"ENABLE","timestamp":"1"}`},
		"another account's oaId": {body: `{"event_name":"change_oa_daily_quota","oaId":"3","quota":{"new_value":"1"},"timestamp":"1"}`},
		"a delivery":             {body: deliveredBody},
		"a probe":                {body: `{"timestamp":"1"}`},
		"no object":              {body: `[]`, err: channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, "http://zalo.test", nil, &tokens{}, nil)
			got, err := a.ReadNotices(signed(tt.body, "ZNS"))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tt.body == deliveredBody || strings.HasPrefix(tt.body, "[") {
				return
			}
			if receipts, err := a.ReadHook(signed(tt.body, "ZNS")); err != nil || receipts != nil {
				t.Errorf("as a hook: %v, %v", receipts, err)
			}
		})
	}
}

// FuzzReadNotices: nothing breaks the reader, and every notice says whom or what it is about.
func FuzzReadNotices(f *testing.F) {
	for _, body := range []string{
		deliveredBody, `{"event_name":"change_template_status","template_id":1,"status":{"new_status":"A"}}`, `{"event_name":"change_oa_daily_quota","quota":{"new_value":1}}`,
		`{"event_name":"user_submit_info","sender":{"id":1},"info":{"phone":"84912345678"}}`, `{"event_name":"user_withdraw","user_id":1}`, "[]", "",
	} {
		f.Add([]byte(body))
	}
	a := build(f, "http://zalo.test", nil, fixedToken("t"), nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := a.ReadNotices(hook(string(body), "", ""))
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Fatal(err)
		}
		for _, n := range got {
			if n.TemplateID == "" && n.Quota == nil && n.UserID == "" {
				t.Fatalf("%+v", n)
			}
		}
	})
}
