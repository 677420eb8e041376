package esms

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const taken = `{"CodeResult":"100","CountRegenerate":0,"SMSID":"` + smsID + `"}`

func TestSendWire(t *testing.T) {
	const end = `"RequestId":"` + reference + `","CallbackUrl":"` + hookURL + `?token=T0ken"}`
	button := &channels.Button{Text: "Xem", URL: "https://shop.example/a"}
	tests := map[string]struct {
		channel policy.Channel
		to      string
		content channels.Content
		more    []string
		path    string
		body    string
	}{
		"sms": {
			policy.SMS, "+84912345678",
			channels.Content{Text: "4821 la ma xac minh dang ky Baotrixemay cua ban"},
			nil,
			"/SendMultipleMessage_V4_post_json/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phone":"0912345678","Content":"4821 la ma xac minh dang ky Baotrixemay cua ban",` +
				`"Brandname":"Baotrixemay","SmsType":"2","IsUnicode":"0",` + end,
		},
		"sms with diacritics, abroad, sandbox": {
			policy.SMS, "+6591234567",
			channels.Content{Text: "Mã 4821"},
			[]string{settingSandbox, "1"},
			"/SendMultipleMessage_V4_post_json/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phone":"6591234567","Content":"Mã 4821",` +
				`"Brandname":"Baotrixemay","SmsType":"2","IsUnicode":"1","Sandbox":"1",` + end,
		},
		"sms from a fixed number": {
			policy.SMS, "+84912345678",
			channels.Content{Text: "Ma 4821"},
			[]string{settingSMSType, "8", settingBrandname, ""},
			"/SendMultipleMessage_V4_post_json/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phone":"0912345678","Content":"Ma 4821","SmsType":"8","IsUnicode":"0",` + end,
		},
		"zns": {
			policy.ZNS, "+84912345678",
			channels.Content{TemplateID: "300123", TemplateData: map[string]string{"customer": "Lan", "order": "A-1029"}},
			nil,
			"/SendZaloMessage_V6/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","OAID":"1234567890123456789","Phone":"0912345678","TempID":"300123",` +
				`"TempData":{"customer":"Lan","order":"A-1029"},"SendingMode":"1",` + end,
		},
		"zns without parameters, sandbox": {
			policy.ZNS, "+84912345678",
			channels.Content{TemplateID: "300123"},
			[]string{settingSandbox, "1"},
			"/SendZaloMessage_V6/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","OAID":"1234567890123456789","Phone":"0912345678","TempID":"300123",` +
				`"TempData":{},"SendingMode":"1","Sandbox":"1",` + end,
		},
		"viber, text": {
			policy.Viber, "+84912345678",
			channels.Content{Text: "Xin chào\nLan"},
			nil,
			"/Send_Multiple_Sms_OTT/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phones":["0912345678"],"Content":"Xin chào\r\nLan","Brandname":"Baotrixemay","SmsType":"23",` + end,
		},
		"viber, image": {
			policy.Viber, "+84912345678",
			channels.Content{ImageURL: "https://shop.example/a.png"},
			[]string{settingSandbox, "1"},
			"/Send_Multiple_Sms_OTT/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phones":["0912345678"],"Brandname":"Baotrixemay","SmsType":"23",` +
				`"OttImgUrl":"https://shop.example/a.png","IsSandBox":1,` + end,
		},
		"viber, text and button": {
			policy.Viber, "+84912345678",
			channels.Content{Text: "Sale", Button: button},
			nil,
			"/Send_Multiple_Sms_OTT/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phones":["0912345678"],"Content":"Sale","Brandname":"Baotrixemay","SmsType":"23",` +
				`"OttUrl":"https://shop.example/a","OTTLabel":"Xem",` + end,
		},
		"viber, text, image and button": {
			policy.Viber, "+84912345678",
			channels.Content{Text: "Sale", ImageURL: "https://shop.example/a.png", Button: button},
			nil,
			"/Send_Multiple_Sms_OTT/",
			`{"ApiKey":"K3Y","SecretKey":"S3CRET","Phones":["0912345678"],"Content":"Sale","Brandname":"Baotrixemay","SmsType":"23",` +
				`"OttImgUrl":"https://shop.example/a.png","OttUrl":"https://shop.example/a","OTTLabel":"Xem",` + end,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]string{"": taken})
			got, err := build(t, tt.channel, url, tt.more...).Send(t.Context(), channels.Outbound{
				Reference: reference, To: tt.to, Category: policy.OTP, Content: tt.content, CallbackURL: hookURL,
			})
			if err != nil {
				t.Fatal(err)
			}
			body := strings.ReplaceAll(tt.body, "\r\n", `\r\n`)
			if diff := cmp.Diff([]call{{"POST", tt.path, "application/json", body}}, *calls); diff != "" {
				t.Errorf("wire (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(channels.Taken{ProviderID: smsID}, got); diff != "" {
				t.Errorf("taken (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSendRefusesWhatDoesNotFit(t *testing.T) {
	tests := map[string]struct {
		channel policy.Channel
		content channels.Content
		code    string
	}{
		"zns without template":          {policy.ZNS, channels.Content{}, "bad_template"},
		"viber with nothing":            {policy.Viber, channels.Content{}, "bad_content"},
		"viber with a button alone":     {policy.Viber, channels.Content{Button: &channels.Button{Text: "a", URL: "b"}}, "bad_content"},
		"viber, image without a button": {policy.Viber, channels.Content{Text: "Sale", ImageURL: "https://shop.example/a.png"}, "bad_content"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]string{"": taken})
			_, err := build(t, tt.channel, url).Send(t.Context(), channels.Outbound{Reference: reference, To: "+84912345678", Content: tt.content})
			f, ok := errors.AsType[*channels.Failure](err)
			if !ok || f.Code != tt.code || f.Class != policy.ClassRequest || f.Advice == "" || f.AdviceVI == "" {
				t.Errorf("got %v, want %s of the request with advice", err, tt.code)
			}
			if len(*calls) > 0 {
				t.Errorf("eSMS was called: %v", *calls)
			}
		})
	}
}

func TestSendWithoutSecretKeepsTheAddress(t *testing.T) {
	if got := build(t, policy.SMS, "http://x", settingWebhookSecret, "").callbackURL(hookURL); got != hookURL {
		t.Errorf("callback address %s", got)
	}
	if got := build(t, policy.SMS, "http://x", settingWebhookSecret, "a&b?").callbackURL(hookURL + "?x=1"); got != hookURL+"?token=a%26b%3F&x=1" {
		t.Errorf("callback address %s", got)
	}
	if got := build(t, policy.SMS, "http://x").callbackURL(""); got != "" {
		t.Errorf("callback address %s", got)
	}
}
