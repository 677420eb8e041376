package zalo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

const (
	testReference = "0123456789abcdef0123456789abcdef"
	success       = `{"error":0,"message":"Success","data":{"msg_id":"0123456789abcdef0123","sent_time":"1767225600123","sending_mode":"1","quota":{"dailyQuota":"10000","remainingQuota":"9999"}}}`
)

var testNow = time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC) // 21:00 in Vietnam

var testOutbound = channels.Outbound{
	Reference: testReference,
	To:        "+84900000001",
	Category:  policy.Transaction,
	Content: channels.Content{
		TemplateID:   "412345",
		TemplateData: map[string]string{"customer_name": "Trần Văn Minh", "order_code": "DH-20260101-07"},
	},
}

// tokens hands out AT-1, then AT-2 and so on after every renewal.
type tokens struct {
	mu      sync.Mutex
	renewed []string
	err     error
}

func (s *tokens) Token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("AT-secret-%d", len(s.renewed)+1), nil
}

func (s *tokens) Renew(_ context.Context, bad string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	s.renewed = append(s.renewed, bad)
	return fmt.Sprintf("AT-secret-%d", len(s.renewed)+1), nil
}

func settings(more map[string]string) map[string]json.RawMessage {
	raw := map[string]json.RawMessage{}
	for k, v := range map[string]string{
		"app_id": "1000000000000000001", "app_secret": "app-secret-for-tests", "oa_id": "3000000000000000001",
		"oa_secret": "oa-secret-key-for-tests", "refresh_token": "RT-secret-1",
	} {
		raw[k], _ = json.Marshal(v)
	}
	for k, v := range more {
		raw[k], _ = json.Marshal(v)
	}
	return raw
}

func build(t testing.TB, url string, client *http.Client, src channels.TokenSource, more map[string]string) *Adapter {
	t.Helper()
	s := settings(more)
	s["api_url"], _ = json.Marshal(url)
	s["oauth_url"], s["openapi_url"] = s["api_url"], s["api_url"]
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		t.Fatal(err)
	}
	a, err := reg.Build("zalo", channels.Config{
		Channel: policy.ZNS, Settings: s, HTTP: client, Tokens: src, Now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*Adapter)
}

// answering is an adapter whose provider gives the answers in order, and the requests it got.
func answering(t *testing.T, src channels.TokenSource, answers ...string) (*Adapter, func() []string) {
	t.Helper()
	return answeringWith(t, nil, src, answers...)
}

// answeringWith is answering with settings of its own.
func answeringWith(t *testing.T, more map[string]string, src channels.TokenSource, answers ...string) (*Adapter, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		got = append(got, fmt.Sprintf("%s %s [%s] %s", r.Method, r.URL, r.Header.Get("access_token"), body))
		_, _ = io.WriteString(w, answers[min(len(got), len(answers))-1])
	}))
	t.Cleanup(srv.Close)
	return build(t, srv.URL, channels.NewHTTPClient(nil), src, more), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return got
	}
}

func TestSuite(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		New: func(t *testing.T, url string, client *http.Client) channels.Adapter {
			return build(t, url, client, &tokens{}, map[string]string{"appsecret_proof": "true"})
		},
		Outbound: testOutbound,
		Success:  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, success) },
		UnknownCode: func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"error":-7777,"message":"new"}`)
		},
		Secrets: []string{"app-secret-for-tests", "oa-secret-key-for-tests", "RT-secret-1", "AT-secret-1"},
	})
}

func TestSettings(t *testing.T) {
	tests := map[string]struct {
		field, value string
	}{
		"empty secret":  {"app_secret", " "},
		"app id":        {"app_id", "my-app"},
		"oa id":         {"oa_id", "3.0"},
		"address":       {"api_url", "business.openapi.zalo.me"},
		"query":         {"oauth_url", "https://oauth.zaloapp.com?x=1"},
		"other address": {"openapi_url", "openapi.zalo.me"},
		"proof":         {"appsecret_proof", "yes"},
		"hash":          {"hash_phone", "true"},
		"mode":          {"sending_mode", "2"},
		"unknown field": {"api_key", "x"},
	}
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := reg.Build("zalo", channels.Config{Channel: policy.ZNS, Settings: settings(map[string]string{tt.field: tt.value})})
			if se, ok := errors.AsType[*channels.SettingError](err); !ok || se.Field != tt.field || se.Message == "" {
				t.Errorf("got %v, want a SettingError for %s", err, tt.field)
			}
		})
	}
	a, err := reg.Build("zalo", channels.Config{Channel: policy.ZNS, Settings: settings(nil)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(t.Context(), testOutbound); channels.AsFailure(err).Code != codeNeedsReauth {
		t.Errorf("without a token source: %v", err)
	}
}

// TestSendWire compares the request byte for byte, header names included (§1.1, §3.5).
func TestSendWire(t *testing.T) {
	wire := make(chan string, 1)
	recorded := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		var b strings.Builder
		if err := r.Write(&b); err != nil {
			return nil, err
		}
		wire <- b.String()
		return http.ReadResponse(bufio.NewReader(strings.NewReader(
			fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(success), success))), r)
	})}
	a := build(t, "http://zalo.test/proxy/", recorded, fixedToken("access-token-for-tests"), map[string]string{"appsecret_proof": "true"})
	got, err := a.Send(t.Context(), testOutbound)
	if err != nil {
		t.Fatal(err)
	}
	want := channels.Taken{ProviderID: "0123456789abcdef0123", At: time.UnixMilli(1767225600123).UTC(), Quota: &channels.Quota{Left: 9999, Total: 10000, ResetsAt: testNow.Add(3 * time.Hour)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	body := `{"phone":"84900000001","template_id":"412345","template_data":{"customer_name":"Trần Văn Minh","order_code":"DH-20260101-07"},"tracking_id":"` + testReference + `"}`
	head := []string{
		"POST /proxy/message/template HTTP/1.1", "Host: zalo.test", "User-Agent: Go-http-client/1.1",
		fmt.Sprintf("Content-Length: %d", len(body)), "Content-Type: application/json",
		"access_token: access-token-for-tests",
		"appsecret_proof: 7196be12396e82d498574863aab45f32c0f0c84c6d6d4038d19a0d78120bdf44",
	}
	if diff := cmp.Diff(strings.Join(head, "\r\n")+"\r\n\r\n"+body, <-wire); diff != "" {
		t.Error(diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestSendAnswers(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   channels.Taken
		class  policy.Class
		code   string
	}{
		"null mode, quota 0 of 0": {answer: `{"error":0,"data":{"msg_id":"a1","sending_mode":null,"quota":{"dailyQuota":"0","remainingQuota":"0"}}}`, want: channels.Taken{ProviderID: "a1"}},
		"quota used up":           {answer: `{"error":0,"data":{"msg_id":"a1","quota":{"dailyQuota":500,"remainingQuota":0}}}`, want: channels.Taken{ProviderID: "a1", Quota: &channels.Quota{Total: 500, ResetsAt: testNow.Add(3 * time.Hour)}}},
		"development mode":        {answer: `{"data":{"msg_id":"a1","sent_time":1767225600123},"error":0}`, want: channels.Taken{ProviderID: "a1", At: time.UnixMilli(1767225600123).UTC()}},
		"odd optional members":    {answer: `{"error":0,"data":{"msg_id":"a1","sent_time":{"x":1},"quota":"many"}}`, want: channels.Taken{ProviderID: "a1"}},
		"first error shape":       {answer: `{"error":-118,"message":"Zalo account not existed"}`, class: policy.ClassRecipient, code: "no_zalo_account"},
		"second error shape":      {answer: `{"error":-118,"message":"Zalo account not existed","data":null}`, class: policy.ClassRecipient, code: "no_zalo_account"},
		"no id":                   {answer: `{"error":0,"message":"Success","data":{}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"null data":               {answer: `{"error":0,"message":"Success","data":null}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"id of no id's shape":     {answer: `{"error":0,"data":{"msg_id":{"id":1}}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"error missing":           {answer: `{"message":"Success","data":{"msg_id":"a1"}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"error in quotes":         {answer: `{"error":"0","data":{"msg_id":"a1"}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"error above zero":        {answer: `{"error":3,"data":{"msg_id":"a1"}}`, class: policy.ClassUnknown, code: "unreadable_answer"},
		"cut short":               {answer: `{"error":0,"data":{"msg_id":"a1"`, class: policy.ClassUnknown, code: "unreadable_answer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _ := answering(t, &tokens{}, tt.answer)
			got, err := a.Send(t.Context(), testOutbound)
			if tt.class != "" {
				if f := channels.AsFailure(err); err == nil || f.Class != tt.class || f.Code != tt.code {
					t.Fatalf("got %v, want %s %s", err, tt.class, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSendWithoutTemplate(t *testing.T) {
	a, got := answering(t, &tokens{}, success)
	out := testOutbound
	out.Content = channels.Content{Text: "xin chào"}
	_, err := a.Send(t.Context(), out)
	if f := channels.AsFailure(err); f.Class != policy.ClassRequest || len(got()) != 0 {
		t.Errorf("got %v after %d calls", err, len(got()))
	}
	out.Content = channels.Content{TemplateID: "412345"}
	if _, err := a.Send(t.Context(), out); err != nil || !strings.Contains(got()[0], `"template_data":{}`) {
		t.Errorf("no parameters: %v %v", err, got())
	}
}

func TestTokenRenewedOnce(t *testing.T) {
	const refused = `{"error":-124,"message":"Access token invalid"}`
	t.Run("and sent again", func(t *testing.T) {
		src := &tokens{}
		a, got := answering(t, src, refused, success)
		if _, err := a.Send(t.Context(), testOutbound); err != nil {
			t.Fatal(err)
		}
		calls := got()
		if len(calls) != 2 || !strings.Contains(calls[0], "[AT-secret-1]") || calls[1] != strings.Replace(calls[0], "AT-secret-1", "AT-secret-2", 1) {
			t.Errorf("calls %q", calls)
		}
		if diff := cmp.Diff([]string{"AT-secret-1"}, src.renewed); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("refused again", func(t *testing.T) {
		src := &tokens{}
		a, got := answering(t, src, refused)
		_, err := a.Send(t.Context(), testOutbound)
		if f := channels.AsFailure(err); f.Class != policy.ClassAccount || f.Code != codeTokenRefused || f.ProviderCode != "-124" {
			t.Errorf("got %v", err)
		}
		if len(got()) != 2 || len(src.renewed) != 1 {
			t.Errorf("%d calls, %d renewals", len(got()), len(src.renewed))
		}
	})
	renewals := map[string]struct {
		err   error
		class policy.Class
		code  string
	}{
		"a person is needed":       {needsReauth("-14014", "Invalid refresh token."), policy.ClassAccount, codeNeedsReauth},
		"renewal unknown":          {&channels.Failure{Class: policy.ClassUnknown, Code: "connection_lost"}, policy.ClassDown, "no_token"},
		"no failure of a provider": {context.DeadlineExceeded, policy.ClassDown, "no_token"},
	}
	for name, tt := range renewals {
		t.Run(name, func(t *testing.T) {
			a, got := answering(t, &tokens{err: tt.err}, refused)
			_, err := a.Send(t.Context(), testOutbound)
			if f := channels.AsFailure(err); f.Class != tt.class || f.Code != tt.code || len(got()) != 1 {
				t.Errorf("got %v after %d calls", err, len(got()))
			}
		})
	}
}

func FuzzSendAnswer(f *testing.F) {
	for _, s := range []string{success, `{"error":-118,"message":"x","data":null}`, `{"error":-14014,"error_name":"x"}`, `{"error":0}`, "null", "<html>"} {
		f.Add(200, []byte(s))
	}
	a := build(f, "http://zalo.test", nil, fixedToken("t"), nil)
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		env, fail := a.read(&channels.Response{Status: status, Body: body}, "AT-secret-1")
		if fail == nil {
			got, err := taken(env)
			switch {
			case err == nil && (status < 200 || status > 299 || got.ProviderID == ""):
				t.Fatalf("HTTP %d %q is read as taken %+v", status, body, got)
			case err != nil:
				fail = channels.AsFailure(err)
			}
		}
		if fail != nil && (!fail.Class.Valid() || fail.Code == "" || len([]rune(fail.Detail)) > 500) {
			t.Fatalf("%+v", fail)
		}
	})
}
