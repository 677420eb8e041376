package twilio

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
			a := build(t, baseURL, settingAuthToken, "token-of-the-account", settingAPIKeySID, "SKkey", settingAPIKeySecret, "secret-of-the-key")
			a.client = client
			return a
		},
		Outbound: channels.Outbound{
			Reference: reference, To: "+84912345678", Category: policy.OTP, Content: channels.Content{Text: "Ma 4821"}, CallbackURL: hookURL,
		},
		Success: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, created)
		},
		UnknownCode: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"code":29999,"message":"Not for +84912345678 with secret-of-the-key","status":400}`)
		},
		Secrets: []string{"token-of-the-account", "secret-of-the-key"},
	})
}
