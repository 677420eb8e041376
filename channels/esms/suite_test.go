package esms

import (
	"io"
	"net/http"
	"testing"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

func TestSuite(t *testing.T) {
	contents := map[policy.Channel]channels.Content{
		policy.SMS: {Text: "Ma 4821"}, policy.Viber: {Text: "Mã 4821"}, policy.ZNS: {TemplateID: "300123", TemplateData: map[string]string{"otp": "4821"}},
	}
	for channel, content := range contents {
		t.Run(string(channel), func(t *testing.T) {
			channeltest.Run(t, channeltest.Harness{
				New: func(t *testing.T, baseURL string, client *http.Client) channels.Adapter {
					a := build(t, channel, baseURL, settingAPIKey, "key-of-the-account", settingSecretKey, "secret-of-the-account", settingWebhookSecret, "secret-of-hooks")
					a.client = client
					return a
				},
				Outbound: channels.Outbound{
					Reference: reference, To: "+84912345678", Category: policy.OTP, Content: content, CallbackURL: hookURL,
				},
				Success: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, taken) },
				UnknownCode: func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, `{"CodeResult":"4711","CountRegenerate":0,"ErrorMessage":"for +84912345678"}`)
				},
				Secrets: []string{"key-of-the-account", "secret-of-the-account", "secret-of-hooks"},
			})
		})
	}
}
