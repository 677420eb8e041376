package vonage

import (
	"io"
	"net/http"
	"testing"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

func TestSuite(t *testing.T) {
	for _, channel := range Spec().Channels {
		t.Run(string(channel), func(t *testing.T) {
			channeltest.Run(t, channeltest.Harness{
				New: func(t *testing.T, baseURL string, client *http.Client) channels.Adapter {
					a := build(t, channel, baseURL)
					a.client = client
					return a
				},
				Outbound: channels.Outbound{
					Reference: reference, To: "+84912345678", Category: policy.OTP, Content: channels.Content{Text: "Mã 4821"}, CallbackURL: hookURL,
				},
				Success: func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusAccepted)
					_, _ = io.WriteString(w, accepted)
				},
				UnknownCode: func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusUnprocessableEntity)
					_, _ = io.WriteString(w, `{"type":"https://developer.vonage.com/api-errors/messages#1999","title":"New","detail":"for +84912345678 with `+secret+`"}`)
				},
				Secrets: []string{secret, pkcs8(t)},
			})
		})
	}
}
