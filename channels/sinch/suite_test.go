package sinch

import (
	"io"
	"net/http"
	"testing"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

func TestSuite(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		New: func(t *testing.T, baseURL string, client *http.Client) channels.Adapter {
			return channeltest.Build(t, Spec(), channels.Config{Channel: policy.SMS, HTTP: client},
				settingBaseURL, baseURL, settingServicePlanID, "plan1", settingAPIToken, token, settingFrom, "MyBrand", settingWebhookSecret, secret)
		},
		Outbound: channels.Outbound{
			Reference: reference, To: "+84912345678", Category: policy.OTP, Content: channels.Content{Text: "Ma 4821"}, CallbackURL: hookURL,
		},
		Success: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, taken)
		},
		UnknownCode: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"code":"a_new_code","text":"Not for +84912345678 with `+token+`"}`)
		},
		Secrets: []string{token, secret},
	})
}
