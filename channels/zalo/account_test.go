package zalo

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

func TestQuery(t *testing.T) {
	const id = "0123456789abcdef0123"
	known := channels.Receipt{Reference: testReference, ProviderID: id}
	arrived := known
	arrived.Kind, arrived.At = policy.ReceiptDelivered, time.UnixMilli(1767225600456).UTC()
	arrived.Key = "user_received_message/" + id + "/1767225600456"
	tests := map[string]struct {
		answer string
		want   channels.Answer
		class  policy.Class
	}{
		"delivered":      {answer: `{"error":0,"data":{"delivery_time":"1767225600456","message":"x","status":1}}`, want: channels.Answer{Found: true, Receipt: arrived}},
		"on its way":     {answer: `{"error":0,"data":{"delivery_time":null,"status":"0"}}`, want: channels.Answer{Found: true, Receipt: known}},
		"does not exist": {answer: `{"error":0,"data":{"status":-1}}`},
		"new status":     {answer: `{"error":0,"data":{"status":7}}`, class: policy.ClassUnknown},
		"no data":        {answer: `{"error":0}`, class: policy.ClassUnknown},
		"invalid id":     {answer: `{"error":-107,"message":"x"}`, class: policy.ClassRequest},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, calls := answering(t, &tokens{}, tt.answer)
			got, err := a.Query(t.Context(), channels.Query{Reference: testReference, ProviderID: id, To: "+84900000001"})
			if want := "GET /message/status?message_id=" + id + " [AT-secret-1] "; calls()[0] != want {
				t.Errorf("asked %q", calls()[0])
			}
			if tt.class != "" {
				if f := channels.AsFailure(err); err == nil || f.Class != tt.class {
					t.Errorf("got %v, want %s", err, tt.class)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
	a, calls := answering(t, &tokens{}, success)
	if _, err := a.Query(t.Context(), channels.Query{Reference: testReference}); err == nil || len(calls()) != 0 {
		t.Errorf("without an id: %v after %d calls", err, len(calls()))
	}
}

func TestRefresh(t *testing.T) {
	have := channels.Token{Access: "AT-old", Refresh: "RT-secret/1", ExpiresAt: testNow}
	tests := map[string]struct {
		status int
		answer string
		want   channels.Token
		class  policy.Class
		code   string
	}{
		"as documented":      {answer: `{"access_token":"AT-2","refresh_token":"RT-2","expires_in":"90000"}`, want: channels.Token{Access: "AT-2", Refresh: "RT-2", ExpiresAt: testNow.Add(25 * time.Hour)}},
		"number, no refresh": {answer: `{"access_token":"AT-2","expires_in":3600}`, want: channels.Token{Access: "AT-2", Refresh: have.Refresh, ExpiresAt: testNow.Add(time.Hour)}},
		"no life":            {answer: `{"access_token":"AT-2","refresh_token":"RT-2","expires_in":-1}`, want: channels.Token{Access: "AT-2", Refresh: "RT-2", ExpiresAt: testNow.Add(25 * time.Hour)}},
		"spent":              {answer: `{"error":-14014,"error_name":"Invalid refresh token.","error_description":"RT-secret/1 is spent"}`, class: policy.ClassAccount, code: codeNeedsReauth},
		"spent, no number":   {answer: `{"error_name":"Invalid refresh token.","error_reason":"x"}`, class: policy.ClassAccount, code: codeNeedsReauth},
		"no number":          {answer: `{"error_name":"Invalid appId","error_reason":"x"}`, class: policy.ClassAccount, code: "oauth_refused"},
		"wrong secret":       {answer: `{"error":-14004,"error_name":"x"}`, class: policy.ClassAccount, code: "app_secret_invalid"},
		"new number":         {answer: `{"error":-14999,"error_name":"x"}`, class: policy.ClassAccount, code: "oauth_refused"},
		"empty answer":       {answer: `{}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"page":               {answer: `<html>`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"gateway":            {status: 502, answer: `{"access_token":"AT-2"}`, class: policy.ClassUnknown, code: "provider_error"},
		"busy":               {status: 429, answer: `slow down`, class: policy.ClassThrottled, code: "throttled"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seen := make(chan string, 1)
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				seen <- fmt.Sprintf("%s %s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), r.Header.Get("secret_key"), body)
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer srv.Close()
			a := build(t, srv.URL, channels.NewHTTPClient(nil), &tokens{}, nil)
			got, err := a.Refresh(t.Context(), have)
			want := "POST /v4/oa/access_token application/x-www-form-urlencoded app-secret-for-tests app_id=1000000000000000001&grant_type=refresh_token&refresh_token=RT-secret%2F1"
			if diff := cmp.Diff(want, <-seen); diff != "" {
				t.Error(diff)
			}
			if tt.class != "" {
				f := channels.AsFailure(err)
				if err == nil || f.Class != tt.class || f.Code != tt.code {
					t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
				}
				if strings.Contains(f.Error(), have.Refresh) {
					t.Errorf("the token shows in %v", f)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

func TestRefreshCut(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer srv.Close()
	a := build(t, srv.URL, channels.NewHTTPClient(nil), &tokens{}, nil)
	if _, err := a.Refresh(t.Context(), channels.Token{Refresh: "r"}); channels.AsFailure(err).Class != policy.ClassUnknown {
		t.Errorf("got %v", err)
	}
	if _, err := a.Refresh(t.Context(), channels.Token{}); channels.AsFailure(err).Code != codeNeedsReauth {
		t.Errorf("without a refresh token: %v", err)
	}
}

// pages serves GET answers by path and query.
func pages(t *testing.T, answers map[string]string) *Adapter {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.String()]
		if !ok || r.Method != http.MethodGet {
			answer = `{"error":-106,"message":"Method unsupported"}`
		}
		_, _ = io.WriteString(w, answer)
	}))
	t.Cleanup(srv.Close)
	return build(t, srv.URL, channels.NewHTTPClient(nil), &tokens{}, nil)
}

func TestTemplates(t *testing.T) {
	full := strings.Repeat(`{"templateId":"","status":"DISABLE"},`, pageSize-1)
	a := pages(t, map[string]string{
		"/template/all?limit=100&offset=0":     `{"error":0,"data":[` + full + `{"templateId":412345,"templateName":"Đơn hàng","status":"ENABLE","templateQuality":"HIGH"}]}`,
		"/template/all?limit=100&offset=100":   `{"error":0,"data":[{"templateId":"7","templateName":"B","status":2},{"templateId":"8","status":"REJECT"}],"metadata":{"total":102}}`,
		"/template/info/v2?template_id=412345": `{"error":0,"data":{"templateId":412345,"templateName":"Đơn hàng","status":"ENABLE","listParams":[{"name":"order_code","require":true,"type":"STRING","maxLength":30},{"name":"note","require":false,"type":"STRING","maxLength":"90"}],"timeout":7200000,"templateQuality":"HIGH","price":"200.0"}}`,
		"/template/info/v2?template_id=7":      `{"error":0,"data":{"templateId":"7","status":"REJECT","reason":"logo","listParams":[],"timeout":"15000","price":"200.0","price_sdt":"300.0"}}`,
		"/template/info/v2?template_id=8":      `{"error":-109,"message":"template id invalid"}`,
	})
	got, err := a.Templates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []channels.ProviderTemplate{
		{
			ID: "412345", Name: "Đơn hàng", Status: "ENABLE", Quality: "HIGH", Price: "200.0", Commit: 2 * time.Hour,
			Params: []channels.TemplateParam{{Name: "order_code", Required: true, Type: "STRING", MaxLength: 30}, {Name: "note", Type: "STRING", MaxLength: 90}},
		},
		{ID: "7", Name: "B", Status: "REJECT", Reason: "logo", Price: "300.0", Commit: 15 * time.Second},
		{ID: "8", Status: "REJECT"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := pages(t, nil).Templates(t.Context()); channels.AsFailure(err).ProviderCode != "-106" {
		t.Errorf("got %v", err)
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		quota, quality, templates string
		want                      []string
	}{
		"all well": {
			`{"error":0,"data":{"dailyQuota":"20000","remainingQuota":19000}}`, `{"error":0,"data":{"oaCurrentQuality":"HIGH","oa7dayQuality":"MEDIUM"}}`,
			`{"error":0,"data":[{"templateId":1,"status":"ENABLE"}]}`,
			[]string{"ok token_ok", "ok quota_ok", "ok quality_ok", "ok templates_ok"},
		},
		"nearly everything amiss": {
			`{"error":0,"data":{"dailyQuota":"1000","remainingQuota":"99"}}`, `{"error":0,"data":{"oaCurrentQuality":"LOW"}}`,
			`{"error":0,"data":[{"templateId":1,"status":"DISABLE"}]}`,
			[]string{"ok token_ok", "warning quota_low", "warning quality_low", "error templates_none"},
		},
		"quota used up, the rest refused": {
			`{"error":0,"data":{"dailyQuota":"1000","remainingQuota":"0"}}`, `{"error":-138,"message":"x"}`, `{"error":-138,"message":"x"}`,
			[]string{"ok token_ok", "error quota_used_up", "error app_not_permitted", "error app_not_permitted"},
		},
		"no limit":     {`{"error":0,"data":{"dailyQuota":"-1"}}`, `{"error":0,"data":{}}`, `{"error":0,"data":[]}`, []string{"ok token_ok", "ok quota_ok", "ok quality_ok", "error templates_none"}},
		"token is bad": {`{"error":-124,"message":"Access token invalid"}`, "", "", []string{"error token_refused"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := pages(t, map[string]string{
				"/message/quota": tt.quota, "/quality": tt.quality, "/template/all?limit=100&offset=0": tt.templates,
			})
			var got []string
			for _, f := range a.Check(t.Context()) {
				got = append(got, f.Level+" "+f.Code)
				if f.Message == "" || f.MessageVI == "" || f.MessageVI == f.Message || (f.Level != "ok") != (f.Advice != "" && f.AdviceVI != "") {
					t.Errorf("%+v", f)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	a := build(t, "http://zalo.test", nil, nil, nil)
	if got := a.Check(t.Context()); len(got) != 1 || got[0].Code != codeNeedsReauth || got[0].MessageVI == "" {
		t.Errorf("without a token: %+v", got)
	}
}
