package esms

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// The documented callbacks, with our token in front.
const (
	smsDelivered = "SMSID=" + smsID + "&SendFailed=0&SendStatus=5&SendSuccess=1&TotalPrice=850.0000&TotalReceiver=1&TotalSent=1&RequestId=" + reference +
		"&TypeId=2&telcoid=1&phonenumber=0912345678&switchsmsid="
	viberDelivered = "SMSID=" + smsID + "&SendFailed=0&SendStatus=5&SendSuccess=1&TotalPrice=470.0000&TotalReceiver=1&TotalSent=1&RequestId=" + reference +
		"&TypeId=23&telcoid=2&phonenumber=0934567890"
	znsHead = "SMSID=" + smsID + "&SendFailed=1&SendStatus=5&SendSuccess=0&TotalPrice=0.0000&TotalReceiver=1&TotalSent=0&RequestId=" + reference +
		"&TypeId=25&telcoid=2&phonenumber=0934567890&partnerids=&error_info="
	znsTail = "&oaid=1234567890123456789&tempid=300123"
)

func hook(query string) channels.Hook {
	return channels.Hook{Method: "GET", URL: hookURL + "?token=T0ken&" + query}
}

func money(amount string) *policy.Money {
	m, err := policy.ParseMoney(amount, "VND")
	if err != nil {
		panic(err)
	}
	return &m
}

func TestReadHook(t *testing.T) {
	const key = "callback/" + smsID
	failed := func(class policy.Class, code, provider, detail string) channels.Receipt {
		return channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptFailed, Class: class, Code: code, ProviderCode: provider, Detail: detail,
			Key: key + "/25/5/0/1", Hint: true, Price: money("0"),
		}
	}
	plain := `{"error":-114,"message":"User inactive"}`
	quoted := `"{\"error\":-118,\"message\":\"Zalo account not existed\"}"`
	twice := url.QueryEscape(url.QueryEscape(plain)) + "____20%2F11%2F2026+08%3A00%3A05"
	tests := map[string]struct {
		channel policy.Channel
		query   string
		want    *channels.Receipt // nil is genuine and of no consequence
	}{
		"sms delivered": {policy.SMS, smsDelivered, &channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptDelivered, Key: key + "/2/5/1/0", Hint: true, Price: money("850"),
		}},
		"viber delivered": {policy.Viber, viberDelivered, &channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptDelivered, Key: key + "/23/5/1/0", Hint: true, Price: money("470"),
		}},
		"zns delivered": {
			policy.ZNS,
			strings.NewReplacer("SendFailed=1", "SendFailed=0", "SendSuccess=0", "SendSuccess=1", "Price=0.0000", "Price=330.0000").Replace(znsHead) +
				url.QueryEscape(`{"error":0,"message":"Success","data":{"delivery_time":null,"message":"…","status":1}}`) + znsTail,
			&channels.Receipt{
				Reference: reference, ProviderID: smsID, Kind: policy.ReceiptDelivered, Key: key + "/25/5/1/0", Hint: true, Price: money("330"),
			},
		},
		"zns failed, plain JSON":  {policy.ZNS, znsHead + url.QueryEscape(plain) + znsTail, new(failed(policy.ClassRecipient, "not_reachable", "-114", "User inactive"))},
		"zns failed, JSON string": {policy.ZNS, znsHead + url.QueryEscape(quoted) + znsTail, new(failed(policy.ClassRecipient, "no_zalo_account", "-118", "Zalo account not existed"))},
		"zns failed, the sheet's sample": {
			policy.ZNS, znsHead + `%22{%5C%22error%5C%22%3A-118%2C%5C%22message%5C%22%3A%5C%22Zalo%20account%20not%20existed%5C%22}%22` + znsTail,
			new(failed(policy.ClassRecipient, "no_zalo_account", "-118", "Zalo account not existed")),
		},
		"zns failed, encoded twice":            {policy.ZNS, znsHead + twice + znsTail, new(failed(policy.ClassRecipient, "not_reachable", "-114", "User inactive"))},
		"zns failed, text behind":              {policy.ZNS, znsHead + url.QueryEscape(plain+" System.NullReferenceException: {") + znsTail, new(failed(policy.ClassRecipient, "not_reachable", "-114", "User inactive"))},
		"zns failed, quota":                    {policy.ZNS, znsHead + url.QueryEscape(`{"error":"-144","message":"quota of 0934567890"}`) + znsTail, new(failed(policy.ClassAccount, "daily_quota", "-144", "quota of 09•••••890"))},
		"zns failed, a number nobody knows":    {policy.ZNS, znsHead + url.QueryEscape(`{"error":-9999,"message":"new"}`) + znsTail, new(failed(policy.ClassRequest, "unknown_refusal", "-9999", "new"))},
		"zns failed without a readable reason": {policy.ZNS, znsHead + "oh%zz" + znsTail, new(failed(policy.ClassRequest, "unknown_refusal", "SendStatus 5", ""))},
		"sms failed": {policy.SMS, strings.NewReplacer("SendFailed=0", "SendFailed=1", "SendSuccess=1", "SendSuccess=0").Replace(smsDelivered), &channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "not_delivered",
			ProviderCode: "SendStatus 5", Detail: "reported as not delivered", Key: key + "/2/5/0/1", Hint: true, Price: money("850"),
		}},
		"refused": {policy.SMS, strings.NewReplacer("SendStatus=5", "SendStatus=4", "SendSuccess=1", "SendSuccess=0").Replace(smsDelivered), &channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptFailed, Class: policy.ClassRequest, Code: "refused",
			ProviderCode: "SendStatus 4", Detail: "eSMS refused the message", Key: key + "/2/4/0/0", Hint: true, Price: money("850"),
		}},
		"sent, waits for the report": {policy.SMS, strings.NewReplacer("SendStatus=5", "SendStatus=7", "SendSuccess=1", "SendSuccess=0").Replace(smsDelivered), &channels.Receipt{
			Reference: reference, ProviderID: smsID, Kind: policy.ReceiptSent, Key: key + "/2/7/0/0", Hint: true,
		}},
		"awaiting approval":        {policy.SMS, strings.Replace(smsDelivered, "SendStatus=5", "SendStatus=1", 1), nil},
		"queued":                   {policy.SMS, strings.Replace(smsDelivered, "SendStatus=5", "SendStatus=2", 1), nil},
		"finished without verdict": {policy.SMS, strings.Replace(smsDelivered, "SendSuccess=1", "SendSuccess=0", 1), nil},
		"both counts":              {policy.SMS, strings.Replace(smsDelivered, "SendFailed=0", "SendFailed=1", 1), nil},
		"an advertising batch":     {policy.SMS, strings.Replace(smsDelivered, "TotalReceiver=1", "TotalReceiver=30", 1), nil},
		"names in other cases, RequestId of another, price spelt as in the table": {
			policy.SMS, "smsid=" + smsID + "&sendfailed=0&sendstatus=5&sendsuccess=1&Totalprice=x&RequestId=m1&TypeId=2",
			&channels.Receipt{ProviderID: smsID, Kind: policy.ReceiptDelivered, Key: key + "/2/5/1/0", Hint: true},
		},
		"no SMSID": {policy.SMS, "SMSID=&SendFailed=0&SendStatus=5&SendSuccess=1&RequestId=" + reference + "&TypeId=2", &channels.Receipt{
			Reference: reference, Kind: policy.ReceiptDelivered, Key: "callback/" + reference + "/2/5/1/0", Hint: true,
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, tt.channel, "http://x")
			got, err := a.ReadHook(hook(tt.query))
			if err != nil {
				t.Fatal(err)
			}
			var want []channels.Receipt
			if tt.want != nil {
				want = []channels.Receipt{*tt.want}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// eSMS may put a second "?" behind an address that has one.
			again, err := a.ReadHook(channels.Hook{Method: "GET", URL: hookURL + "?token=T0ken?" + tt.query})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("behind a second question mark (-want +got):\n%s", diff)
			}
		})
	}
}

func TestForgedHooks(t *testing.T) {
	a := build(t, policy.SMS, "http://x")
	for name, address := range map[string]string{
		"no token":        hookURL + "?" + smsDelivered,
		"wrong":           hookURL + "?token=T0keN&" + smsDelivered,
		"empty":           hookURL + "?token=&" + smsDelivered,
		"no query":        hookURL,
		"in the fragment": hookURL + "?" + smsDelivered + "#token=T0ken",
	} {
		if got, err := a.ReadHook(channels.Hook{Method: "GET", URL: address}); !errors.Is(err, channels.ErrForged) || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	open := build(t, policy.SMS, "http://x", settingWebhookSecret, "")
	for _, token := range []string{"", "T0ken"} {
		if _, err := open.ReadHook(channels.Hook{Method: "GET", URL: hookURL + "?token=" + token + "&" + smsDelivered}); !errors.Is(err, channels.ErrForged) {
			t.Errorf("without webhook_secret the token %q is taken: %v", token, err)
		}
	}
}

func TestUnreadableHooks(t *testing.T) {
	a := build(t, policy.SMS, "http://x")
	for name, query := range map[string]string{
		"nothing":             "",
		"names no message":    "SendStatus=5&SendSuccess=1&SendFailed=0",
		"no status":           "SMSID=" + smsID,
		"an unknown status":   strings.Replace(smsDelivered, "SendStatus=5", "SendStatus=6", 1),
		"a status of letters": strings.Replace(smsDelivered, "SendStatus=5", "SendStatus=OK", 1),
	} {
		if got, err := a.ReadHook(hook(query)); !errors.Is(err, channels.ErrUnreadable) || got != nil {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

func TestSecretWithOddCharacters(t *testing.T) {
	a := build(t, policy.SMS, "http://x", settingWebhookSecret, "a?b&c=+d %")
	for _, join := range []string{"&", "?"} {
		got, err := a.ReadHook(channels.Hook{Method: "GET", URL: a.callbackURL(hookURL) + join + smsDelivered})
		if err != nil || len(got) != 1 {
			t.Errorf("joined with %q: %v, %v", join, got, err)
		}
	}
}

func TestEveryZaloReasonIsClassed(t *testing.T) {
	for code, m := range zaloMeanings {
		if !m.class.Valid() || m.class == policy.ClassUnknown || m.class == policy.ClassThrottled || m.code == "" {
			t.Errorf("%s is %+v", code, m)
		}
	}
}

func FuzzReadHook(f *testing.F) {
	for _, query := range []string{smsDelivered, viberDelivered, znsHead + "%2522" + znsTail, znsHead + `"{` + znsTail} {
		f.Add(query)
	}
	a := build(f, policy.ZNS, "http://x")
	f.Fuzz(func(t *testing.T, query string) {
		got, err := a.ReadHook(hook(query))
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Fatal(err)
		}
		for _, r := range got {
			if r.Key == "" || !r.Hint || (r.ProviderID == "" && r.Reference == "") {
				t.Fatalf("%q is read as %+v", query, r)
			}
		}
	})
}
