package sinch

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// reported is a callback's body; more goes in behind.
func reported(status, code, more string) string {
	return `{"at":"2026-11-20T01:00:04.300Z","batch_id":"` + batchID + `","client_reference":"` + reference + `","code":` + code +
		`,"recipient":"84912345678","status":"` + status + `","type":"recipient_delivery_report_sms"` + more + `}`
}

func hook(body string, header http.Header) channels.Hook {
	return channels.Hook{Method: http.MethodPost, URL: hookURL, Header: header, Body: []byte(body)}
}

// signature is that of a callback, by another's key.
func signature(key, body string) http.Header {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%s.%s", body, "01FJA8B4A7BM43YGWSG9GBV067", "1763600404")
	h := http.Header{}
	h.Set("x-sinch-webhook-signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	h.Set("x-sinch-webhook-signature-nonce", "01FJA8B4A7BM43YGWSG9GBV067")
	h.Set("x-sinch-webhook-signature-timestamp", "1763600404")
	h.Set("x-sinch-webhook-signature-algorithm", "HmacSHA256")
	return h
}

func TestReceipts(t *testing.T) {
	at := now.Add(4300 * time.Millisecond)
	receipt := func(kind policy.Receipt, status string) channels.Receipt {
		return channels.Receipt{Reference: reference, ProviderID: batchID, Kind: kind, At: at, Key: "callback/" + batchID + "/" + status, Hint: true}
	}
	failed := func(status string, class policy.Class, code, providerCode string) channels.Receipt {
		r := receipt(policy.ReceiptFailed, status)
		r.Class, r.Code, r.ProviderCode, r.Detail = class, code, providerCode, "Sinch reports the message as "+status
		return r
	}
	operatorTime := receipt(policy.ReceiptDelivered, "delivered")
	operatorTime.At = now.Add(4 * time.Second)
	bare := receipt(policy.ReceiptDelivered, "delivered")
	bare.Reference, bare.At = "", time.Time{}
	tests := map[string]struct {
		body string
		want []channels.Receipt
		err  error
	}{
		"queued":                    {reported("Queued", "400", ""), nil, nil},
		"dispatched":                {reported("Dispatched", "401", ""), []channels.Receipt{receipt(policy.ReceiptSent, "dispatched")}, nil},
		"unknown to the operator":   {reported("Unknown", "0", ""), []channels.Receipt{receipt(policy.ReceiptSent, "unknown")}, nil},
		"delivered":                 {reported("Delivered", "0", `,"operator_status_at":"2026-11-20T01:00:04Z"`), []channels.Receipt{operatorTime}, nil},
		"code as text, big letters": {reported("DELIVERED", `"0"`, ""), []channels.Receipt{receipt(policy.ReceiptDelivered, "delivered")}, nil},
		"unroutable":                {reported("Aborted", "402", ""), []channels.Receipt{failed("aborted", policy.ClassRecipient, "unroutable", "402")}, nil},
		"internal error":            {reported("Aborted", "403", ""), []channels.Receipt{failed("aborted", policy.ClassDown, "provider_error", "403")}, nil},
		"temporary":                 {reported("Aborted", "404", ""), []channels.Receipt{failed("aborted", policy.ClassDown, "temporary_failure", "404")}, nil},
		"unmatched parameter":       {reported("Aborted", "405", ""), []channels.Receipt{failed("aborted", policy.ClassRequest, "unmatched_parameter", "405")}, nil},
		"expired at Sinch":          {reported("Aborted", "406", ""), []channels.Receipt{failed("aborted", policy.ClassRecipient, "expired", "406")}, nil},
		"canceled":                  {reported("Cancelled", "407", ""), []channels.Receipt{failed("cancelled", policy.ClassRequest, "canceled", "407")}, nil},
		"rejected":                  {reported("Aborted", "408", ""), []channels.Receipt{failed("aborted", policy.ClassRequest, "rejected", "408")}, nil},
		"no sender":                 {reported("Aborted", "410", ""), []channels.Receipt{failed("aborted", policy.ClassAccount, "no_sender", "410")}, nil},
		"too many parts":            {reported("Aborted", "411", ""), []channels.Receipt{failed("aborted", policy.ClassRequest, "too_long", "411")}, nil},
		"region":                    {reported("Aborted", "412", ""), []channels.Receipt{failed("aborted", policy.ClassAccount, "region_not_enabled", "412")}, nil},
		"blocked":                   {reported("Aborted", "413", ""), []channels.Receipt{failed("aborted", policy.ClassAccount, "account_blocked", "413")}, nil},
		"aborted by a new code":     {reported("Aborted", "499", ""), []channels.Receipt{failed("aborted", policy.ClassRequest, "unknown_refusal", "499")}, nil},
		"an operator's code":        {reported("Failed", "11", ""), []channels.Receipt{failed("failed", policy.ClassRecipient, "not_delivered", "11")}, nil},
		"rejected by the operator":  {reported("Rejected", "69", ""), []channels.Receipt{failed("rejected", policy.ClassRequest, "rejected", "69")}, nil},
		"deleted":                   {reported("Deleted", "0", ""), []channels.Receipt{failed("deleted", policy.ClassRecipient, "deleted", "0")}, nil},
		"expired, no code":          {reported("Expired", "null", ""), []channels.Receipt{failed("expired", policy.ClassRecipient, "expired", "Expired")}, nil},
		"no time, no reference": {
			`{"type":"recipient_delivery_report_sms","batch_id":"` + batchID + `","status":"Delivered","client_reference":"theirs"}`, []channels.Receipt{bare}, nil,
		},
		"counts of a batch":    {`{"type":"delivery_report_sms","batch_id":"1","statuses":[]}`, nil, nil},
		"a person's message":   {`{"type":"mo_text","id":"1","from":"84912345678","to":"72345","body":"STOP"}`, nil, nil},
		"a person's picture":   {`{"type":"mo_media","id":"1"}`, nil, nil},
		"another type":         {`{"type":"recipient_delivery_report_mms","batch_id":"1","status":"Delivered"}`, nil, channels.ErrUnreadable},
		"a new status":         {reported("Teleported", "0", ""), nil, channels.ErrUnreadable},
		"no id":                {`{"type":"recipient_delivery_report_sms","status":"Delivered"}`, nil, channels.ErrUnreadable},
		"no JSON":              {`status=Delivered`, nil, channels.ErrUnreadable},
		"an array, not object": {`[]`, nil, channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, "http://x").ReadHook(hook(tt.body, nil))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// With a secret, only what is signed by it is read, and that is no hint.
func TestSignature(t *testing.T) {
	body := reported("Delivered", "0", "")
	without := func(name string) http.Header { h := signature(secret, body); h.Del(name); return h }
	tests := map[string]struct {
		header  http.Header
		body    string
		genuine bool
	}{
		"genuine":            {signature(secret, body), body, true},
		"algorithm left out": {without("x-sinch-webhook-signature-algorithm"), body, true},
		"another's":          {signature("another", body), body, false},
		"changed body":       {signature(secret, body), strings.Replace(body, "Delivered", "Failed", 1), false},
		"no nonce":           {without("x-sinch-webhook-signature-nonce"), body, false},
		"no time":            {without("x-sinch-webhook-signature-timestamp"), body, false},
		"unsigned":           {http.Header{}, body, false},
		"no base64":          {http.Header{"X-Sinch-Webhook-Signature": {"%"}}, body, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, "http://x", settingWebhookSecret, secret).ReadHook(hook(tt.body, tt.header))
			if tt.genuine && (err != nil || len(got) != 1 || got[0].Hint) || !tt.genuine && !errors.Is(err, channels.ErrForged) {
				t.Errorf("read as %+v, %v", got, err)
			}
		})
	}
}

// The example that Sinch publishes for the same signature of another of its APIs: it is genuine, and no report.
func TestPublishedSignature(t *testing.T) {
	body, err := os.ReadFile("testdata/signed.json")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	header.Set("x-sinch-webhook-signature", "6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=")
	header.Set("x-sinch-webhook-signature-nonce", "01FJA8B4A7BM43YGWSG9GBV067")
	header.Set("x-sinch-webhook-signature-timestamp", "1634579353")
	_, err = build(t, "http://x", settingWebhookSecret, "foo_secret1234").ReadHook(hook(string(body), header))
	if !errors.Is(err, channels.ErrUnreadable) {
		t.Errorf("got %v, want %v", err, channels.ErrUnreadable)
	}
}

// FuzzReadHook holds that a signed callback of any content ends in receipts or in ErrUnreadable, and one that is signed otherwise in
// ErrForged.
func FuzzReadHook(f *testing.F) {
	f.Add(reported("Delivered", "0", ""), "c2lnbmVk", "1763600404")
	f.Add(reported("Failed", "402", ""), "%", "")
	f.Add(`{"type":"recipient_delivery_report_sms","batch_id":1,"status":null}`, "", "x")
	a := build(f, "http://x", settingWebhookSecret, secret)
	f.Fuzz(func(t *testing.T, body, given, timestamp string) {
		receipts, err := a.ReadHook(hook(body, signature(secret, body)))
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Errorf("undocumented error %v", err)
		}
		for _, r := range receipts {
			if r.Kind == "" || r.Key == "" || r.ProviderID == "" || r.Hint {
				t.Errorf("incomplete receipt %+v", r)
			}
		}
		forged := signature(secret, body)
		forged.Set("x-sinch-webhook-signature", given)
		forged.Set("x-sinch-webhook-signature-timestamp", timestamp)
		if _, err := a.ReadHook(hook(body, forged)); !errors.Is(err, channels.ErrForged) {
			t.Errorf("signed %q at %q, it is read: %v", given, timestamp, err)
		}
	})
}
