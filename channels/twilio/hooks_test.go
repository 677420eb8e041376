package twilio

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// callback is a signed form, as Twilio posts it. more follows in pairs; an empty value takes a field out.
func callback(address string, more ...string) channels.Hook {
	form := map[string]string{
		"MessageSid": messageSID, "SmsSid": messageSID, "AccountSid": accountSID, "ApiVersion": "2010-04-01",
		"From": "+15005550006", "To": "+84912345678", "MessageStatus": "delivered", "SmsStatus": "delivered",
	}
	for i := 0; i+1 < len(more); i += 2 {
		form[more[i]] = more[i+1]
		if more[i+1] == "" {
			delete(form, more[i])
		}
	}
	names := make([]string, 0, len(form))
	values := url.Values{}
	for name, value := range form {
		names = append(names, name)
		values.Set(name, value)
	}
	slices.Sort(names)
	text := address
	for _, name := range names {
		text += name + form[name]
	}
	return channels.Hook{
		Method: http.MethodPost, URL: address, Body: []byte(values.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {sign("T0ken", text)}},
	}
}

func TestEveryStatus(t *testing.T) {
	with := func(kind policy.Receipt, status string, class policy.Class, code, providerCode, detail string) []channels.Receipt {
		return []channels.Receipt{{
			Reference: reference, ProviderID: messageSID, Kind: kind, Key: "callback/" + messageSID + "/" + status,
			Class: class, Code: code, ProviderCode: providerCode, Detail: detail,
		}}
	}
	tests := map[string]struct {
		status, code string
		want         []channels.Receipt
	}{
		"accepted":                 {"accepted", "", nil},
		"scheduled":                {"scheduled", "", nil},
		"queued":                   {"queued", "", nil},
		"sending":                  {"sending", "", nil},
		"receiving":                {"receiving", "", nil},
		"received":                 {"received", "", nil},
		"sent":                     {"sent", "", with(policy.ReceiptSent, "sent", "", "", "", "")},
		"delivered":                {"delivered", "", with(policy.ReceiptDelivered, "delivered", "", "", "", "")},
		"read":                     {"read", "", with(policy.ReceiptRead, "read", "", "", "", "")},
		"partly":                   {"partially_delivered", "", with(policy.ReceiptSent, "partially_delivered", "", "", "", "")},
		"undelivered":              {"undelivered", "30003", with(policy.ReceiptFailed, "undelivered", policy.ClassRecipient, "handset_unreachable", "30003", "Twilio reports the message as undelivered")},
		"undelivered without code": {"undelivered", "", with(policy.ReceiptFailed, "undelivered", policy.ClassRecipient, "not_delivered", "undelivered", "Twilio reports the message as undelivered")},
		"failed":                   {"failed", "30002", with(policy.ReceiptFailed, "failed", policy.ClassAccount, "account_suspended", "30002", "Twilio reports the message as failed")},
		"failed, congestion":       {"failed", "30017", with(policy.ReceiptFailed, "failed", policy.ClassDown, "congestion", "30017", "Twilio reports the message as failed")},
		"failed, new code":         {"failed", "39999", with(policy.ReceiptFailed, "failed", policy.ClassRequest, "unknown_refusal", "39999", "Twilio reports the message as failed")},
		"failed without code":      {"failed", "", with(policy.ReceiptFailed, "failed", policy.ClassRequest, "unknown_refusal", "failed", "Twilio reports the message as failed")},
		"canceled":                 {"canceled", "", with(policy.ReceiptFailed, "canceled", policy.ClassRequest, "canceled", "canceled", "Twilio reports the message as canceled")},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := callback(hookURL+"?reference="+reference, "MessageStatus", tt.status, "SmsStatus", tt.status, "ErrorCode", tt.code)
			got, err := build(t, "http://x").ReadHook(h)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestEveryCodeInACallback(t *testing.T) {
	for code, class := range documented {
		got, err := build(t, "http://x").ReadHook(callback(hookURL, "MessageStatus", "undelivered", "ErrorCode", code))
		if err != nil || len(got) != 1 || got[0].Class != class || got[0].ProviderCode != code {
			t.Errorf("%s is read as %+v, %v", code, got, err)
		}
	}
}

func TestCallbackShapes(t *testing.T) {
	body := `{"MessageSid":"` + messageSID + `","MessageStatus":"sent","ErrorCode":null}`
	sum := sha256.Sum256([]byte(body))
	address := hookURL + "?bodySHA256=" + hex.EncodeToString(sum[:]) + "&reference=" + reference
	asJSON := channels.Hook{URL: address, Body: []byte(body), Header: http.Header{
		"Content-Type": {"application/json; charset=utf-8"}, "X-Twilio-Signature": {sign("T0ken", address)},
	}}
	sent := channels.Receipt{Reference: reference, ProviderID: messageSID, Kind: policy.ReceiptSent, Key: "callback/" + messageSID + "/sent"}
	bare := sent
	bare.Reference = ""
	tests := map[string]struct {
		hook channels.Hook
		want []channels.Receipt
		err  error
	}{
		"JSON":                         {asJSON, []channels.Receipt{sent}, nil},
		"the older names":              {callback(hookURL, "MessageSid", "", "MessageStatus", "", "SmsStatus", "sent"), []channels.Receipt{bare}, nil},
		"the done date is left alone":  {callback(hookURL, "MessageStatus", "sent", "RawDlrDoneDate", "2611200100"), []channels.Receipt{bare}, nil},
		"a reference that is not ours": {callback(hookURL+"?reference=1", "MessageStatus", "sent"), []channels.Receipt{bare}, nil},
		"a person's message":           {callback(hookURL, "MessageStatus", "", "SmsStatus", "received", "Body", "STOP"), nil, nil},
		"no id":                        {callback(hookURL, "MessageSid", "", "SmsSid", ""), nil, channels.ErrUnreadable},
		"no status":                    {callback(hookURL, "MessageStatus", "", "SmsStatus", ""), nil, channels.ErrUnreadable},
		"a new status":                 {callback(hookURL, "MessageStatus", "evaporated"), nil, channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, "http://x").ReadHook(tt.hook)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// The reference in the address is signed, so nobody can move a genuine callback to another message.
func TestReferenceCannotBeExchanged(t *testing.T) {
	h := callback(hookURL + "?reference=" + reference)
	h.URL = hookURL + "?reference=" + "ffffffffffffffffffffffffffffffff"
	if _, err := build(t, "http://x").ReadHook(h); !errors.Is(err, channels.ErrForged) {
		t.Errorf("got %v", err)
	}
}

// FuzzReadHook holds that a signed callback of any content ends in receipts or in ErrUnreadable, and an unsigned one in ErrForged.
func FuzzReadHook(f *testing.F) {
	f.Add([]byte(`{"MessageSid":"SM1","MessageStatus":"sent","ErrorCode":null}`), "")
	f.Add([]byte(`{"SmsSid":"SM1","SmsStatus":"undelivered","ErrorCode":30003}`), "c2lnbmVk")
	f.Add([]byte(`[null]`), "%")
	a := build(f, "http://x")
	f.Fuzz(func(t *testing.T, body []byte, signature string) {
		sum := sha256.Sum256(body)
		address := hookURL + "?bodySHA256=" + hex.EncodeToString(sum[:]) + "&reference=" + reference
		h := channels.Hook{URL: address, Body: body, Header: http.Header{"Content-Type": {"application/json"}, signatureHeader: {sign("T0ken", address)}}}
		receipts, err := a.ReadHook(h)
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Errorf("undocumented error %v", err)
		}
		for _, r := range receipts {
			if r.Kind == "" || r.Key == "" || r.ProviderID == "" {
				t.Errorf("incomplete receipt %+v", r)
			}
		}
		h.Header.Set(signatureHeader, signature)
		if _, err := a.ReadHook(h); !errors.Is(err, channels.ErrForged) {
			t.Errorf("signed %q, it is read: %v", signature, err)
		}
	})
}
