package twilio

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
)

const created = `{"sid":"` + messageSID + `","account_sid":"` + accountSID + `","api_version":"2010-04-01","body":"Ma 4821",` +
	`"date_created":"Fri, 20 Nov 2026 01:00:00 +0000","date_sent":null,"date_updated":"Fri, 20 Nov 2026 01:00:00 +0000","direction":"outbound-api",` +
	`"error_code":null,"error_message":null,"from":"+15005550006","to":"+84912345678","messaging_service_sid":null,"num_media":"0","num_segments":"1",` +
	`"price":null,"price_unit":null,"status":"queued","uri":"/2010-04-01/Accounts/` + accountSID + `/Messages/` + messageSID + `.json"}`

func TestSendWire(t *testing.T) {
	const (
		path     = "/2010-04-01/Accounts/" + accountSID + "/Messages.json"
		form     = "application/x-www-form-urlencoded"
		callback = "https%3A%2F%2Fapp.example%2Fhooks%2Ftwilio%2Fa1%3Freference%3D" + reference
	)
	tests := map[string]struct {
		out  channels.Outbound
		more []string
		want call
	}{
		"number": {
			channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "Ma 4821"}, CallbackURL: hookURL, ValidFor: time.Minute},
			nil,
			call{"POST", path, accountSID, "T0ken", form, "Body=Ma+4821&From=%2B15005550006&StatusCallback=" + callback + "&To=%2B84912345678&ValidityPeriod=60"},
		},
		"messaging service, API key": {
			channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "Mã & Co"}, CallbackURL: hookURL},
			[]string{settingFrom, serviceSID, settingAPIKeySID, "SK01", settingAPIKeySecret, "s3cret"},
			call{"POST", path, "SK01", "s3cret", form, "Body=M%C3%A3+%26+Co&MessagingServiceSid=" + serviceSID + "&StatusCallback=" + callback + "&To=%2B84912345678"},
		},
		"alphanumeric sender, no callback": {
			channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "Hi"}, ValidFor: 72 * time.Hour},
			[]string{settingFrom, "My Shop"},
			call{"POST", path, accountSID, "T0ken", form, "Body=Hi&From=My+Shop&To=%2B84912345678&ValidityPeriod=36000"},
		},
		"callback with a query": {
			channels.Outbound{Reference: reference, To: "+84912345678", Content: channels.Content{Text: "Hi"}, CallbackURL: "https://a.example/h?b=1"},
			nil,
			call{
				"POST", path, accountSID, "T0ken", form,
				"Body=Hi&From=%2B15005550006&StatusCallback=https%3A%2F%2Fa.example%2Fh%3Fb%3D1%26reference%3D" + reference + "&To=%2B84912345678",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]answer{"": {201, created}})
			taken, err := build(t, url, tt.more...).Send(t.Context(), tt.out)
			if err != nil {
				t.Fatal(err)
			}
			if want := (channels.Taken{ProviderID: messageSID, At: now}); taken != want {
				t.Errorf("taken %+v, want %+v", taken, want)
			}
			if diff := cmp.Diff([]call{tt.want}, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidity(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		0: 0, -time.Second: 0, 100 * time.Millisecond: 6, 6 * time.Second: 6, 6*time.Second + 1: 7, 10 * time.Hour: 36_000, 10*time.Hour + 1: 36_000,
	} {
		if got := validity(d); got != want {
			t.Errorf("%s is told as %d s, want %d", d, got, want)
		}
	}
}
