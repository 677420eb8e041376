package vonage

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const accepted = `{"message_uuid":"` + messageUUID + `"}`

func TestSendWire(t *testing.T) {
	const end = `"client_ref":"` + reference + `","webhook_url":"` + hookURL + `","webhook_version":"v1"}`
	button := &channels.Button{Text: "Xem đơn", URL: "https://shop.example/o/A-1029"}
	out := func(c channels.Content, category policy.Category, validFor time.Duration) channels.Outbound {
		return channels.Outbound{Reference: reference, To: "+84912345678", Category: category, Content: c, ValidFor: validFor, CallbackURL: hookURL}
	}
	tests := map[string]struct {
		channel policy.Channel
		out     channels.Outbound
		more    []string
		body    string
	}{
		"viber, text": {
			policy.Viber, out(channels.Content{Text: "Đơn A-1029 đã gửi"}, policy.OTP, 0), nil,
			`{"channel":"viber_service","message_type":"text","to":"84912345678","from":"MyBrand","text":"Đơn A-1029 đã gửi","viber_service":{"category":"transaction"},` + end,
		},
		"viber, text and button": {
			policy.Viber, out(channels.Content{Text: "Đơn A-1029 đã gửi", Button: button}, policy.Transaction, time.Minute), nil,
			`{"channel":"viber_service","message_type":"text","to":"84912345678","from":"MyBrand","text":"Đơn A-1029 đã gửi",` +
				`"viber_service":{"category":"transaction","ttl":60,"action":{"url":"https://shop.example/o/A-1029","text":"Xem đơn"}},` + end,
		},
		"viber, image": {
			policy.Viber, out(channels.Content{ImageURL: "https://shop.example/a.png"}, policy.Promotion, time.Second), nil,
			`{"channel":"viber_service","message_type":"image","to":"84912345678","from":"MyBrand","image":{"url":"https://shop.example/a.png"},` +
				`"viber_service":{"category":"promotion","ttl":30},` + end,
		},
		"viber, image, text and button": {
			policy.Viber, out(channels.Content{Text: "Mới", ImageURL: "https://shop.example/a.png", Button: button}, policy.Care, 200*time.Hour), nil,
			`{"channel":"viber_service","message_type":"image","to":"84912345678","from":"MyBrand","image":{"url":"https://shop.example/a.png","caption":"Mới"},` +
				`"viber_service":{"category":"transaction","ttl":259200,"action":{"url":"https://shop.example/o/A-1029","text":"Xem đơn"}},` + end,
		},
		"sms": {
			policy.SMS, out(channels.Content{Text: "Ma 4821"}, policy.OTP, time.Minute), nil,
			`{"channel":"sms","message_type":"text","to":"84912345678","from":"MyBrand","text":"Ma 4821","sms":{"encoding_type":"auto"},` + end,
		},
		"sms from a number, no callback": {
			policy.SMS,
			channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "Ma 4821"}},
			[]string{settingFrom, "+15005550006"},
			`{"channel":"sms","message_type":"text","to":"84912345678","from":"15005550006","text":"Ma 4821","sms":{"encoding_type":"auto"},` +
				`"client_ref":"` + reference + `","webhook_version":"v1"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls, _ := provider(t, answer{202, accepted})
			taken, err := build(t, tt.channel, url, tt.more...).Send(t.Context(), tt.out)
			if err != nil || taken != (channels.Taken{ProviderID: messageUUID}) {
				t.Fatalf("got %+v, %v", taken, err)
			}
			if diff := cmp.Diff([]call{{"POST", "/v1/messages", "application/json", tt.body}}, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTTL(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		0: 0, -time.Second: 0, time.Second: 30, 30 * time.Second: 30, 30*time.Second + 1: 31, 72 * time.Hour: 259_200, 73 * time.Hour: 259_200,
	} {
		if got := ttl(d); got != want {
			t.Errorf("%s is told as %d s, want %d", d, got, want)
		}
	}
}
