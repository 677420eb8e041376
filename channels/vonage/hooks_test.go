package vonage

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// statusBody is a v1 callback; more goes in behind.
func statusBody(status, more string) string {
	return `{"message_uuid":"` + messageUUID + `","to":"84912345678","from":"MyBrand","timestamp":"2026-11-20T01:00:04.211Z","status":"` + status +
		`","channel":"viber_service","client_ref":"` + reference + `"` + more + `}`
}

func TestReceipts(t *testing.T) {
	at := now.Add(4211 * time.Millisecond)
	price := &policy.Money{Micros: 33_300, Currency: "EUR"}
	receipt := func(kind policy.Receipt, status string) channels.Receipt {
		return channels.Receipt{Reference: reference, ProviderID: messageUUID, Kind: kind, At: at, Key: messageUUID + "/" + status}
	}
	failed := func(status string, class policy.Class, code, providerCode, detail string) channels.Receipt {
		r := receipt(policy.ReceiptFailed, status)
		r.Class, r.Code, r.ProviderCode, r.Detail = class, code, providerCode, detail
		return r
	}
	priced := func(r channels.Receipt) channels.Receipt { r.Price = price; return r }
	bare := receipt(policy.ReceiptRead, "read")
	bare.Reference, bare.At = "", time.Time{}
	tests := map[string]struct {
		body string
		want []channels.Receipt
		err  error
	}{
		"submitted": {statusBody("submitted", ""), []channels.Receipt{receipt(policy.ReceiptSent, "submitted")}, nil},
		"delivered": {statusBody("delivered", `,"usage":{"currency":"EUR","price":"0.0333"}`), []channels.Receipt{priced(receipt(policy.ReceiptDelivered, "delivered"))}, nil},
		"price of eight decimals, as a number": {
			statusBody("delivered", `,"usage":{"currency":"EUR","price":0.03330000}`), []channels.Receipt{priced(receipt(policy.ReceiptDelivered, "delivered"))}, nil,
		},
		"sms with its parts": {
			statusBody("delivered", `,"destination":{"network_code":"45204"},"sms":{"count_total":"2"},"usage":{"currency":"EUR","price":"0.0333"}`),
			[]channels.Receipt{priced(receipt(policy.ReceiptDelivered, "delivered"))},
			nil,
		},
		"read": {statusBody("read", ""), []channels.Receipt{receipt(policy.ReceiptRead, "read")}, nil},
		"rejected, title a number": {
			statusBody("rejected", `,"error":{"type":"https://developer.vonage.com/api-errors/messages#1300","title":1300,"detail":"Not part of the provider network","instance":"bf0c"}`),
			[]channels.Receipt{failed("rejected", policy.ClassRecipient, "not_on_channel", "1300", "Not part of the provider network")},
			nil,
		},
		"rejected, title a text, no type": {
			statusBody("rejected", `,"error":{"title":"1310","detail":"Not suitable device"}`),
			[]channels.Receipt{failed("rejected", policy.ClassRecipient, "unsupported_device", "1310", "Not suitable device")},
			nil,
		},
		"rejected, the older form": {
			`{"message_uuid":"` + messageUUID + `","to":{"type":"viber_service_msg","number":"84912345678"},"from":{"type":"viber_service_msg","id":"1"},` +
				`"timestamp":"2026-11-20T01:00:04.211Z","status":"rejected","error":{"code":1240,"reason":"Illegal Number"},"client_ref":"` + reference + `"}`,
			[]channels.Receipt{failed("rejected", policy.ClassRecipient, "opted_out", "1240", "Illegal Number")},
			nil,
		},
		"rejected by a new code": {
			statusBody("rejected", `,"error":{"type":"https://developer.vonage.com/api-errors/messages#1999","title":1999,"detail":"New, +84912345678"}`),
			[]channels.Receipt{failed("rejected", policy.ClassRequest, "unknown_refusal", "1999", "New, +84•••••678")},
			nil,
		},
		"rejected without a reason": {
			statusBody("rejected", ""),
			[]channels.Receipt{failed("rejected", policy.ClassRequest, "unknown_refusal", "rejected", "Vonage reports the message as rejected")},
			nil,
		},
		"undeliverable": {
			statusBody("undeliverable", ""),
			[]channels.Receipt{failed("undeliverable", policy.ClassDown, "provider_trouble", "undeliverable", "Vonage reports the message as undeliverable")},
			nil,
		},
		"expired": {
			statusBody("undeliverable", `,"error":{"type":"https://developer.vonage.com/api-errors/messages#1360","title":1360}`),
			[]channels.Receipt{failed("undeliverable", policy.ClassRecipient, "expired", "1360", "Vonage reports the message as undeliverable")},
			nil,
		},
		"a repeat says nothing": {statusBody("rejected", `,"error":{"type":"https://developer.vonage.com/api-errors/messages#1320","title":1320}`), nil, nil},
		"in a failover": {
			statusBody("submitted", `,"workflow":{"id":"3Tc","item_number":1,"items_total":2}`), []channels.Receipt{receipt(policy.ReceiptSent, "submitted")}, nil,
		},
		"no time, no reference": {`{"message_uuid":"` + messageUUID + `","status":"read","client_ref":"theirs"}`, []channels.Receipt{bare}, nil},
		"a person's message": {
			`{"message_uuid":"` + messageUUID + `","to":"MyBrand","from":"84912345678","channel":"viber_service","message_type":"text","text":"Hi"}`, nil, nil,
		},
		"a new status": {statusBody("teleported", ""), nil, channels.ErrUnreadable},
		"no id":        {`{"status":"read"}`, nil, channels.ErrUnreadable},
		"no status":    {`{"message_uuid":"1"}`, nil, channels.ErrUnreadable},
		"no JSON":      {`status=read`, nil, channels.ErrUnreadable},
		"an array":     {`[]`, nil, channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, policy.Viber, "http://x").ReadHook(signed(tt.body))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryCodeInACallback(t *testing.T) {
	a := build(t, policy.Viber, "http://x")
	for class, list := range documented {
		for code := range strings.FieldsSeq(list) {
			if code == codeAlreadySent {
				continue
			}
			got, err := a.ReadHook(signed(statusBody("rejected", fmt.Sprintf(`,"error":{"type":"https://developer.vonage.com/api-errors/messages#%s"}`, code))))
			if err != nil || len(got) != 1 || got[0].Class != class || got[0].ProviderCode != code {
				t.Errorf("%s is read as %+v, %v", code, got, err)
			}
		}
	}
}

// FuzzReadHook holds that a signed callback of any content ends in receipts or in ErrUnreadable, and one with any other token in
// ErrForged.
func FuzzReadHook(f *testing.F) {
	f.Add(statusBody("delivered", `,"usage":{"currency":"EUR","price":"0.0333"}`), "Bearer a.b.c")
	f.Add(statusBody("rejected", `,"error":{"type":"https://developer.vonage.com/api-errors/messages#1300","title":1300}`), "Bearer "+token(sha256.New, "another", hs256, "{}"))
	f.Add(`{"message_uuid":1,"status":null}`, "")
	a := build(f, policy.Viber, "http://x")
	f.Fuzz(func(t *testing.T, body, authorization string) {
		receipts, err := a.ReadHook(signed(body))
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Errorf("undocumented error %v", err)
		}
		for _, r := range receipts {
			if r.Kind == "" || r.Key == "" || r.ProviderID == "" {
				t.Errorf("incomplete receipt %+v", r)
			}
		}
		if _, err := a.ReadHook(hook(authorization, body)); !errors.Is(err, channels.ErrForged) {
			t.Errorf("authorized by %q, it is read: %v", authorization, err)
		}
	})
}
