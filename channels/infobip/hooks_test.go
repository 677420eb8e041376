package infobip

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

func TestReadHook(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	failed := channels.Receipt{
		Reference: reference, Kind: policy.ReceiptFailed, At: at("2026-11-20T08:00:05+07:00"), Class: policy.ClassRecipient,
		Code: "not_on_channel", ProviderCode: "9/7002", Detail: "UNDELIVERABLE_NOT_DELIVERED; EC_UNKNOWN_USER", Key: "delivery:" + reference + ":9",
	}
	tests := map[string]struct {
		body string
		want []channels.Receipt
		err  error
	}{
		"delivered": {
			`{"results":[{"messageId":"` + reference + `","doneAt":"2026-11-20T08:00:04.211+0700","status":{"groupId":3,"id":5},"error":{"id":0},"channel":"ZALO_NOTIFICATION_SERVICE"}]}`,
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptDelivered, At: at("2026-11-20T08:00:04.211+07:00"), Key: "delivery:" + reference + ":5"}},
			nil,
		},
		"batch of operator, seen and failed": {
			`{"results":[{"messageId":"` + reference + `","sentAt":"2026-11-20T08:00:01.000+0000","status":{"groupId":3,"id":2}},` +
				`{"messageId":"` + reference + `","from":"84912345678","seenAt":"2026-11-20T08:03:10.000+0700"},` +
				`{"messageId":"` + reference + `","doneAt":"2026-11-20T08:00:05.000+0700","smsCount":1,"status":{"groupId":2,"id":9,"name":"UNDELIVERABLE_NOT_DELIVERED"},"error":{"id":7002,"name":"EC_UNKNOWN_USER","groupName":"Ok"}}]}`,
			[]channels.Receipt{
				{Reference: reference, Kind: policy.ReceiptSent, At: at("2026-11-20T08:00:01Z"), Key: "delivery:" + reference + ":2"},
				{Reference: reference, Kind: policy.ReceiptRead, At: at("2026-11-20T08:03:10+07:00"), Key: "seen:" + reference},
				failed,
			},
			nil,
		},
		"pending":               {`{"results":[{"messageId":"` + reference + `","status":{"groupId":1,"id":7}}]}`, []channels.Receipt{{Reference: reference, Kind: policy.ReceiptSent, Key: "delivery:" + reference + ":7"}}, nil},
		"their id, our data":    {`{"results":[{"messageId":"m-1","callbackData":"` + reference + `","status":{"groupId":1,"id":7}}]}`, []channels.Receipt{{Reference: reference, Kind: policy.ReceiptSent, Key: "delivery:m-1:7"}}, nil},
		"their id alone":        {`{"results":[{"messageId":"m-1","status":{"groupId":1,"id":7}}]}`, []channels.Receipt{{ProviderID: "m-1", Kind: policy.ReceiptSent, Key: "delivery:m-1:7"}}, nil},
		"nobody knows":          {`{"results":[{"messageId":"` + reference + `","status":{"groupId":4,"id":29}}]}`, nil, nil},
		"a rejected duplicate":  {`{"results":[{"messageId":"` + reference + `","status":{"groupId":5,"id":23}}]}`, nil, nil},
		"a person's reply":      {`{"results":[{"messageId":"x","receivedAt":"2026-11-20T08:00:00.000+0700","text":"ok"}]}`, nil, nil},
		"empty batch":           {`{"results":[]}`, nil, nil},
		"no JSON":               {`oops`, nil, channels.ErrUnreadable},
		"no results":            {`{}`, nil, channels.ErrUnreadable},
		"nothing is understood": {`{"results":[{},7]}`, nil, channels.ErrUnreadable},
	}
	a := build(t, policy.Viber, "https://x.api.infobip.com", settingWebhookSecret, "s3cret")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := a.ReadHook(channels.Hook{Method: "POST", URL: "https://app.example/hooks/infobip/a1?token=s3cret", Body: []byte(tt.body)})
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadHookAuthenticity(t *testing.T) {
	const body = `{"results":[]}`
	mac := hmac.New(sha256.New, []byte("s3cret"))
	mac.Write([]byte(body))
	sum := mac.Sum(nil)
	header := func(name, value string) http.Header { h := http.Header{}; h.Set(name, value); return h }
	basic := func(password string) http.Header {
		r := &http.Request{Header: http.Header{}}
		r.SetBasicAuth("infobip", password)
		return r.Header
	}
	const plain = "https://app.example/h"
	tests := map[string]struct {
		secret, url string
		header      http.Header
		genuine     bool
	}{
		"token":            {"s3cret", plain + "?token=s3cret", nil, true},
		"wrong token":      {"s3cret", plain + "?token=s3cre", nil, false},
		"basic":            {"s3cret", plain, basic("s3cret"), true},
		"wrong basic":      {"s3cret", plain, basic("x"), false},
		"hex":              {"s3cret", plain, header("X-Hub-Signature", hex.EncodeToString(sum)), true},
		"hex with prefix":  {"s3cret", plain, header("X-Hub-Signature", "sha256="+hex.EncodeToString(sum)), true},
		"base64":           {"s3cret", plain, header("X-Hub-Signature", base64.StdEncoding.EncodeToString(sum)), true},
		"wrong signature":  {"s3cret", plain, header("X-Hub-Signature", "sha256=00"), false},
		"another header":   {"s3cret", plain, header("X-Other", hex.EncodeToString(sum)), false},
		"nothing":          {"s3cret", plain, nil, false},
		"no secret is set": {"", plain + "?token=", basic(""), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, policy.SMS, "https://x.api.infobip.com", settingWebhookSecret, tt.secret)
			_, err := a.ReadHook(channels.Hook{Method: "POST", URL: tt.url, Header: tt.header, Body: []byte(body)})
			if errors.Is(err, channels.ErrForged) == tt.genuine {
				t.Errorf("got %v, want genuine %v", err, tt.genuine)
			}
		})
	}
}

// FuzzReadHook holds that a callback of any content ends in receipts or in one of the two errors.
func FuzzReadHook(f *testing.F) {
	f.Add([]byte(`{"results":[{"messageId":"m","status":{"groupId":3,"id":5},"doneAt":"2026-11-20T08:00:04.211+0700"}]}`))
	f.Add([]byte(`{"results":[{"messageId":"m","seenAt":"x"}]}`))
	f.Add([]byte(`{"results":[null]}`))
	a := build(f, policy.SMS, "https://x.api.infobip.com", settingWebhookSecret, "s")
	f.Fuzz(func(t *testing.T, body []byte) {
		receipts, err := a.ReadHook(channels.Hook{URL: "/?token=s", Body: body})
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Errorf("undocumented error %v", err)
		}
		for _, r := range receipts {
			if r.Kind == "" || r.Key == "" || (r.Reference == "") == (r.ProviderID == "") {
				t.Errorf("incomplete receipt %+v", r)
			}
		}
	})
}
