package infobip

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

const reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// call is what the provider saw.
type call struct{ Method, URI, Authorization, Body string }

// provider answers every call alike and remembers the last.
func provider(t *testing.T, status int, body string) (url string, last *call) {
	t.Helper()
	last = &call{}
	url = channeltest.Provider(t, func(w http.ResponseWriter, r *http.Request, got string) {
		*last = call{r.Method, r.RequestURI, r.Header.Get("Authorization"), got}
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	return url, last
}

func build(t testing.TB, channel policy.Channel, baseURL string, more ...string) *adapter {
	t.Helper()
	pairs := append([]string{settingBaseURL, baseURL, settingAPIKey, "k3y", settingSender, "MYBRAND"}, more...)
	return channeltest.Build(t, Spec(), channels.Config{Channel: channel, Now: func() time.Time { return now }}, pairs...).(*adapter)
}

func answer(group, id int, name string) string {
	b, _ := json.Marshal(map[string]any{"bulkId": "7c1", "messages": []any{map[string]any{
		"messageId": reference, "destination": "84912345678",
		"status": map[string]any{"groupId": group, "id": id, "name": name, "description": "for +84912345678"},
	}}})
	return string(b)
}

func TestSendWire(t *testing.T) {
	tests := map[string]struct {
		channel policy.Channel
		out     channels.Outbound
		path    string
		body    string
	}{
		"sms": {
			policy.SMS,
			channels.Outbound{Category: policy.OTP, Content: channels.Content{Text: "Ma 4821"}, ValidFor: 10 * time.Minute},
			"/sms/3/messages",
			`{"messages":[{"sender":"MYBRAND","destinations":[{"to":"84912345678","messageId":"` + reference + `"}],` +
				`"content":{"text":"Ma 4821","transliteration":"NONE"},"options":{"validityPeriod":{"amount":600,"timeUnit":"SECONDS"}},` +
				`"webhooks":{"delivery":{"url":"https://app.example/hooks/infobip/a1?token=s3cret","intermediateReport":true},"callbackData":"` + reference + `"}}]}`,
		},
		"viber with image and button, too short a validity": {
			policy.Viber,
			channels.Outbound{Category: policy.Promotion, ValidFor: 5 * time.Second, Content: channels.Content{
				Text: "Sale", ImageURL: "https://shop.example/a.png", Button: &channels.Button{Text: "Xem", URL: "https://shop.example/a"},
			}},
			"/viber/2/messages",
			`{"messages":[{"sender":"MYBRAND","destinations":[{"to":"84912345678","messageId":"` + reference + `"}],` +
				`"content":{"type":"IMAGE","mediaUrl":"https://shop.example/a.png","text":"Sale","button":{"title":"Xem","action":"https://shop.example/a"}},` +
				`"options":{"validityPeriod":{"amount":30,"timeUnit":"SECONDS"},"label":"PROMOTIONAL"},` +
				`"webhooks":{"delivery":{"url":"https://app.example/hooks/infobip/a1?token=s3cret","intermediateReport":true},` +
				`"seen":{"url":"https://app.example/hooks/infobip/a1?token=s3cret"},"callbackData":"` + reference + `"}}]}`,
		},
		"zns": {
			policy.ZNS,
			channels.Outbound{Category: policy.OTP, Content: channels.Content{TemplateID: "300123", TemplateData: map[string]string{"otp": "4821"}}},
			"/zalo/2/messages",
			`{"messages":[{"sender":"MYBRAND","destinations":[{"to":"84912345678","messageId":"` + reference + `"}],` +
				`"content":{"type":"TEMPLATE","templateName":300123,"templateData":{"otp":"4821"}},` +
				`"webhooks":{"delivery":{"url":"https://app.example/hooks/infobip/a1?token=s3cret","intermediateReport":true},"callbackData":"` + reference + `"}}]}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, last := provider(t, 200, answer(1, 26, "PENDING_ACCEPTED"))
			a := build(t, tt.channel, url, settingWebhookSecret, "s3cret")
			tt.out.Reference, tt.out.To, tt.out.CallbackURL = reference, "+84912345678", "https://app.example/hooks/infobip/a1"
			taken, err := a.Send(t.Context(), tt.out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(call{"POST", tt.path, "App k3y", tt.body}, *last); diff != "" {
				t.Errorf("wire (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(channels.Taken{}, taken); diff != "" {
				t.Errorf("taken (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSendAnswers(t *testing.T) {
	tests := map[string]struct {
		status   int
		body     string
		class    policy.Class
		code     string
		provider string
	}{
		"taken":                    {200, answer(1, 26, "PENDING_ACCEPTED"), "", "", ""},
		"taken, en route":          {200, answer(3, 7, "PENDING_ENROUTE"), "", "", ""},
		"duplicate is taken":       {200, answer(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID"), "", "", ""},
		"no credit":                {200, answer(5, 12, "REJECTED_NOT_ENOUGH_CREDITS"), policy.ClassAccount, "no_credit", "12"},
		"bad number":               {200, answer(5, 52, "REJECTED_DESTINATION"), policy.ClassRecipient, "invalid_number", "52"},
		"too long":                 {200, answer(5, 25, "REJECTED_MESSAGE_TOO_LONG"), policy.ClassRequest, "too_long", "25"},
		"flood":                    {200, answer(5, 20, "REJECTED_FLOODING_FILTER"), policy.ClassThrottled, "flooding_filter", "20"},
		"provider trouble":         {200, answer(5, 21, "REJECTED_SYSTEM_ERROR"), policy.ClassDown, "provider_trouble", "21"},
		"new rejection":            {200, answer(5, 777, "REJECTED_NEW"), policy.ClassRecipient, "rejected", "777"},
		"new group":                {200, answer(9, 1, "NEW"), policy.ClassUnknown, "unknown_status", ""},
		"no JSON":                  {200, `<html>`, policy.ClassUnknown, "unreadable_answer", ""},
		"no message":               {200, `{"messages":[]}`, policy.ClassUnknown, "unreadable_answer", ""},
		"no status":                {200, `{"messages":[{}]}`, policy.ClassUnknown, "unreadable_answer", ""},
		"bad key":                  {401, `{"errorCode":"E401","description":"no","resources":[{"name":"a","url":"b"}]}`, policy.ClassAccount, "not_authorized", "E401"},
		"bad key, old shape":       {401, `{"requestError":{"serviceException":{"messageId":"UNAUTHORIZED","text":"no"}}}`, policy.ClassAccount, "not_authorized", "UNAUTHORIZED"},
		"violation":                {400, `{"errorCode":"E400","description":"bad","violations":[{"property":"messages[0].content.text","violation":"long"}]}`, policy.ClassRequest, "request_refused", "E400"},
		"violation of the address": {400, `{"errorCode":"E400","violations":[{"property":"messages[0].destinations[0].to","violation":"84912345678 is bad"}]}`, policy.ClassRecipient, "invalid_number", "E400"},
		"throttled":                {429, `{"errorCode":"E429"}`, policy.ClassThrottled, "throttled", "E429"},
		"server error":             {500, `oops`, policy.ClassUnknown, "provider_error", "500"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, tt.status, tt.body)
			a := build(t, policy.SMS, url)
			_, err := a.Send(t.Context(), channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "x"}})
			if tt.class == "" {
				if err != nil {
					t.Fatalf("got %v, want taken", err)
				}
				return
			}
			f, ok := errors.AsType[*channels.Failure](err)
			if !ok {
				t.Fatalf("got %v, want a Failure", err)
			}
			got := []string{string(f.Class), f.Code, f.ProviderCode}
			if diff := cmp.Diff([]string{string(tt.class), tt.code, tt.provider}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(f.Error(), "912345678") || strings.Contains(f.Error(), "k3y") {
				t.Errorf("%q tells a number or a secret", f.Error())
			}
			if tt.status == 429 && f.RetryAfter != 7*time.Second {
				t.Errorf("RetryAfter %v, want 7s", f.RetryAfter)
			}
		})
	}
}

func TestSendRefusesTemplateWithoutNumber(t *testing.T) {
	url, last := provider(t, 200, "")
	_, err := build(t, policy.ZNS, url).Send(t.Context(), channels.Outbound{Content: channels.Content{TemplateID: "x1"}})
	if f := channels.AsFailure(err); f.Code != "bad_template" || last.Method != "" {
		t.Errorf("got %v, provider called: %v", err, last.Method != "")
	}
}

func TestBadSettings(t *testing.T) {
	good := map[string]string{settingBaseURL: "https://x.api.infobip.com", settingAPIKey: "k", settingSender: "s"}
	tests := map[string]string{settingBaseURL: "x.api.infobip.com", settingAPIKey: "", settingSender: ""}
	for field, bad := range tests {
		t.Run(field, func(t *testing.T) {
			settings := channeltest.Settings(settingBaseURL, good[settingBaseURL], settingAPIKey, good[settingAPIKey], settingSender, good[settingSender], field, bad)
			_, err := newAdapter(channels.Config{Channel: policy.SMS, Settings: settings})
			if e, ok := errors.AsType[*channels.SettingError](err); !ok || e.Field != field {
				t.Errorf("got %v, want a SettingError of %s", err, field)
			}
		})
	}
}

func FuzzSendAnswer(f *testing.F) {
	for _, body := range []string{answer(1, 26, "PENDING_ACCEPTED"), answer(5, 12, "REJECTED_NOT_ENOUGH_CREDITS"), `{}`, `{"messages":[]}`, "null", "<html>"} {
		f.Add([]byte(body))
	}
	const reference = "0198c5a0000070008000000000000001"
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, fail := readTaken(body, reference); fail != nil && (!fail.Class.Valid() || fail.Code == "") {
			t.Fatalf("%q is read as %+v", body, fail)
		}
		if fail := explain(&channels.Failure{Class: policy.ClassRequest, Code: "request_refused"}, body); !fail.Class.Valid() || fail.Code == "" {
			t.Fatalf("%q is explained as %+v", body, fail)
		}
	})
}
