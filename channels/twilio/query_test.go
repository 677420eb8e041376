package twilio

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

func resource(status, price, errorCode string) string {
	return `{"sid":"` + messageSID + `","status":"` + status + `","error_code":` + errorCode + `,"error_message":null,"price":` + price + `,"price_unit":"USD",` +
		`"date_created":"Fri, 20 Nov 2026 01:00:00 +0000","date_sent":"Fri, 20 Nov 2026 01:00:02 +0000","date_updated":"Fri, 20 Nov 2026 01:00:05 +0000"}`
}

func TestQuery(t *testing.T) {
	usd := func(micros int64) *policy.Money { return &policy.Money{Micros: micros, Currency: "USD"} }
	found := func(r channels.Receipt) channels.Answer {
		r.ProviderID = messageSID
		return channels.Answer{Found: true, Receipt: r}
	}
	key := "lookup/" + messageSID + "/"
	tests := map[string]struct {
		answer answer
		want   channels.Answer
		class  policy.Class // "" is no failure
	}{
		"queued":    {answer{200, resource("queued", "null", "null")}, channels.Answer{Found: true}, ""},
		"sending":   {answer{200, resource("sending", "null", "null")}, channels.Answer{Found: true}, ""},
		"sent":      {answer{200, resource("sent", "null", "null")}, found(channels.Receipt{Kind: policy.ReceiptSent, At: now.Add(2 * time.Second), Key: key + "sent"}), ""},
		"delivered": {answer{200, resource("delivered", `"-0.0075"`, "null")}, found(channels.Receipt{Kind: policy.ReceiptDelivered, At: now.Add(5 * time.Second), Key: key + "delivered", Price: usd(7500)}), ""},
		"free":      {answer{200, resource("delivered", `"0"`, "null")}, found(channels.Receipt{Kind: policy.ReceiptDelivered, At: now.Add(5 * time.Second), Key: key + "delivered", Price: usd(0)}), ""},
		"failed": {answer{200, resource("undelivered", `"-0.0075"`, "30005")}, found(channels.Receipt{
			Kind: policy.ReceiptFailed, At: now.Add(5 * time.Second), Key: key + "undelivered", Price: usd(7500), Class: policy.ClassRecipient,
			Code: "unknown_handset", ProviderCode: "30005", Detail: "Twilio reports the message as undelivered",
		}), ""},
		"not known":       {answer{404, `{"code":20404,"message":"not found","status":404}`}, channels.Answer{}, ""},
		"some 404":        {answer{404, `<html>`}, channels.Answer{}, policy.ClassRequest},
		"another message": {answer{200, `{"sid":"SM2","status":"sent"}`}, channels.Answer{}, policy.ClassUnknown},
		"a new status":    {answer{200, resource("evaporated", "null", "null")}, channels.Answer{}, policy.ClassUnknown},
		"not authorized":  {answer{401, `{"code":20003}`}, channels.Answer{}, policy.ClassAccount},
		"throttled":       {answer{429, ``}, channels.Answer{}, policy.ClassThrottled},
		"senseless":       {answer{200, `[]`}, channels.Answer{}, policy.ClassUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]answer{"": tt.answer})
			got, err := build(t, url).Query(t.Context(), channels.Query{Reference: reference, ProviderID: messageSID, To: "+84912345678"})
			if (err == nil) != (tt.class == "") || err != nil && channels.AsFailure(err).Class != tt.class {
				t.Fatalf("got %v, want %q", err, tt.class)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			want := call{Method: "GET", URI: "/2010-04-01/Accounts/" + accountSID + "/Messages/" + messageSID + ".json", User: accountSID, Password: "T0ken"}
			if diff := cmp.Diff([]call{want}, *calls); diff != "" {
				t.Errorf("call (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryNeedsTheID(t *testing.T) {
	if _, err := build(t, "http://x").Query(t.Context(), channels.Query{Reference: reference}); channels.AsFailure(err).Code != "no_message_id" {
		t.Errorf("got %v", err)
	}
}
