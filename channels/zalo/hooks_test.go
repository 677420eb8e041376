package zalo

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

// The known answers of §4.2, whose macs were computed apart from this code.
const (
	deliveredBody = `{"sender":{"id":"3000000000000000001"},"recipient":{"id":"84900000001"},"event_name":"user_received_message","message":{"delivery_time":"1767225600456","msg_id":"0123456789abcdef0123","tracking_id":"trk0001"},"app_id":"1000000000000000001","timestamp":"1767225600789"}`
	deliveredMac  = "93ed55862551296a3bdd4827673e204a39fe7158ee3a606d53adb6675f2f7893"
	feedbackBody  = `{"event_name":"user_feedback","message":{"note":"Giao hàng nhanh","rate":5,"submit_time":"1767225600111","msg_id":"0123456789abcdef0123","feedbacks":["Đúng giờ"],"tracking_id":"trk0001"},"app_id":"1000000000000000001","oa_id":"3000000000000000001","timestamp":"1767225600222"}`
	feedbackMac   = "7b4f140a89d2073f3da5ae1bbb29e64a59c72219b3642307d6a21e3b2c4dd9a4"
)

func hook(body, signature, server string) channels.Hook {
	h := channels.Hook{Method: http.MethodPost, Header: http.Header{}, Body: []byte(body)}
	h.Header.Set("X-ZEvent-Signature", signature)
	if server != "" {
		h.Header.Set("X-ZEvent-Server", server)
	}
	return h
}

// signed is a hook as Zalo would sign it.
func signed(body, server string) channels.Hook {
	var e struct {
		Timestamp channels.Text `json:"timestamp"`
	}
	_ = json.Unmarshal([]byte(body), &e)
	sum := sha256.Sum256([]byte("1000000000000000001" + body + string(e.Timestamp) + "oa-secret-key-for-tests"))
	return hook(body, "mac="+hex.EncodeToString(sum[:]), server)
}

func TestReadHook(t *testing.T) {
	a := build(t, "http://zalo.test", nil, &tokens{}, nil)
	const id = "0123456789abcdef0123"
	ms := func(n int64) time.Time { return time.UnixMilli(n).UTC() }
	read := func(event string, reply channels.Reply) []channels.Receipt {
		return []channels.Receipt{{
			Reference: "trk0001", ProviderID: id, Kind: policy.ReceiptRead, At: ms(1767225600111), Key: event + "/" + id + "/1767225600111", Reply: &reply,
		}}
	}
	delivery := []channels.Receipt{{
		Reference: "trk0001", ProviderID: id, Kind: policy.ReceiptDelivered, At: ms(1767225600456),
		Key: "user_received_message/" + id + "/1767225600456",
	}}
	tests := map[string]struct {
		hook channels.Hook
		want []channels.Receipt
		err  error
	}{
		"delivered":              {hook: hook(deliveredBody, "mac="+deliveredMac, "ZNS"), want: delivery},
		"signature with blanks":  {hook: hook(deliveredBody, "mac = "+deliveredMac, "ZNS"), want: delivery},
		"signature in capitals":  {hook: hook(deliveredBody, "mac="+strings.ToUpper(deliveredMac), "zns"), want: delivery},
		"server header lost":     {hook: hook(deliveredBody, "mac="+deliveredMac, ""), want: delivery},
		"feedback, UTF-8":        {hook: hook(feedbackBody, "mac="+feedbackMac, "ZNS"), want: read("user_feedback", channels.Reply{Text: "Giao hàng nhanh", Rating: 5, Options: []string{"Đúng giờ"}})},
		"no signature":           {hook: hook(deliveredBody, "", "ZNS"), err: channels.ErrForged},
		"signature without name": {hook: hook(deliveredBody, deliveredMac, "ZNS"), err: channels.ErrForged},
		"other event's mac":      {hook: hook(feedbackBody, "mac="+deliveredMac, "ZNS"), err: channels.ErrForged},
		"shortened mac":          {hook: hook(deliveredBody, "mac="+deliveredMac[:62], "ZNS"), err: channels.ErrForged},
		"body changed by a blank": {
			hook: hook(strings.Replace(deliveredBody, ":", ": ", 1), "mac="+deliveredMac, "ZNS"), err: channels.ErrForged,
		},
		"not JSON": {hook: signed("hello", "ZNS"), err: channels.ErrForged},
		"numbers for strings": {
			hook: signed(`{"event_name":"user_received_message","message":{"delivery_time":1767225600456,"msg_id":9007199254740993},"timestamp":1767225600789}`, "ZNS"),
			want: []channels.Receipt{{ProviderID: "9007199254740993", Kind: policy.ReceiptDelivered, At: ms(1767225600456), Key: "user_received_message/9007199254740993/1767225600456"}},
		},
		"no delivery time": {
			hook: signed(`{"event_name":"user_received_message","message":{"msg_id":"m1"},"timestamp":"1767225600789"}`, "ZNS"),
			want: []channels.Receipt{{ProviderID: "m1", Kind: policy.ReceiptDelivered, At: ms(1767225600789), Key: "user_received_message/m1/1767225600789"}},
		},
		"message by user id": {
			hook: signed(`{"sender":{"id":"3000000000000000001"},"recipient":{"id":"7000000000000000001"},"event_name":"user_received_message","message":{"msg_id":"m1"},"user_id_by_app":"8","timestamp":"1767225600789"}`, "OA OpenAPI"),
			want: []channels.Receipt{{ProviderID: "m1", Kind: policy.ReceiptDelivered, At: ms(1767225600789), Key: "user_received_message/m1/1767225600789"}},
		},
		"seen, the person as the sender": {
			hook: signed(`{"sender":{"id":"7"},"recipient":{"id":"3000000000000000001"},"event_name":"user_seen_message","message":{"msg_ids":["m1"]},"timestamp":"1767225605000"}`, "OA OpenAPI"),
			want: []channels.Receipt{{ProviderID: "m1", Kind: policy.ReceiptRead, At: ms(1767225605000), Key: "user_seen_message/m1/1767225605000"}},
		},
		"delivery of another account": {
			hook: signed(strings.Replace(deliveredBody, "3000000000000000001", "3000000000000000002", 1), "ZNS"),
		},
		"feedback to another account": {
			hook: signed(strings.Replace(feedbackBody, "3000000000000000001", "3000000000000000002", 1), "ZNS"),
		},
		"feedback of odd types": {
			hook: signed(`{"event_name":"user_feedback","message":{"note":null,"rate":"9","msg_id":"m1","feedbacks":"none"},"timestamp":"1767225600222"}`, "ZNS"),
			want: []channels.Receipt{{
				ProviderID: "m1", Kind: policy.ReceiptRead, At: ms(1767225600222), Key: "user_feedback/m1/1767225600222", Reply: &channels.Reply{},
			}},
		},
		"quoting chat message": {
			hook: signed(`{"sender":{"id":"7"},"recipient":{"id":"3000000000000000001"},"event_name":"user_send_text","message":{"text":"Cảm ơn","msg_id":"c1","quote_msg_id":"m1"},"timestamp":"1767225605000"}`, "OA OpenAPI"),
			want: []channels.Receipt{{
				ProviderID: "m1", Kind: policy.ReceiptRead, At: ms(1767225605000), Key: "user_send_text/c1/1767225605000", Reply: &channels.Reply{Text: "Cảm ơn"},
			}},
		},
		"parties of no documented shape": {
			hook: signed(`{"sender":"7","recipient":[],"event_name":"user_received_message","message":{"msg_id":"m1"},"timestamp":"1767225600789"}`, "OA OpenAPI"),
			want: []channels.Receipt{{ProviderID: "m1", Kind: policy.ReceiptDelivered, At: ms(1767225600789), Key: "user_received_message/m1/1767225600789"}},
		},
		"seen": {
			hook: signed(`{"event_name":"user_seen_message","message":{"msg_ids":["m1","m2"]},"timestamp":"1767225605000"}`, "OA OpenAPI"),
			want: []channels.Receipt{
				{ProviderID: "m1", Kind: policy.ReceiptRead, At: ms(1767225605000), Key: "user_seen_message/m1/1767225605000"},
				{ProviderID: "m2", Kind: policy.ReceiptRead, At: ms(1767225605000), Key: "user_seen_message/m2/1767225605000"},
			},
		},
		"button": {
			hook: signed(`{"event_name":"user_click_response_button","message":{"submit_time":"1767225600111","button_type":"response","data":"CONFIRM","tracking_id":"trk0001"},"msg_id":"`+id+`","timestamp":"1767225600222"}`, "ZNS"),
			want: read("user_click_response_button", channels.Reply{Text: "CONFIRM"}),
		},
		"quota":             {hook: signed(`{"event_name":"change_oa_daily_quota","oaId":"3000000000000000001","quota":{"prev_value":"1","new_value":"2"},"timestamp":"1"}`, "ZNS")},
		"template status":   {hook: signed(`{"event_name":"change_template_status","template_id":"1","status":{"new_status":"ENABLE"},"timestamp":"1"}`, "ZNS")},
		"console's test":    {hook: signed(`{"event_name":"user_send_text","message":{"text":"This is testing message","msg_id":"This is message id"},"timestamp":"1"}`, "")},
		"probe":             {hook: signed(`{"timestamp":"1"}`, "")},
		"names no message":  {hook: signed(`{"event_name":"user_received_message","message":{},"timestamp":"1"}`, "ZNS"), err: channels.ErrUnreadable},
		"message is a list": {hook: signed(`{"event_name":"user_feedback","message":[],"timestamp":"1"}`, "ZNS"), err: channels.ErrUnreadable},
		"seen without ids":  {hook: signed(`{"event_name":"user_seen_message","message":{},"timestamp":"1"}`, ""), err: channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := a.ReadHook(tt.hook)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzReadHook: nothing unsigned is read, nothing signed breaks the reader or comes out without id, kind and key.
func FuzzReadHook(f *testing.F) {
	for _, body := range []string{deliveredBody, feedbackBody, `{"event_name":"user_seen_message","message":{"msg_ids":[1,null]}}`, "[]", ""} {
		f.Add([]byte(body), "ZNS")
	}
	a := build(f, "http://zalo.test", nil, fixedToken("t"), nil)
	f.Fuzz(func(t *testing.T, body []byte, server string) {
		if got, err := a.ReadHook(hook(string(body), "mac="+strings.Repeat("00", 32), server)); !errors.Is(err, channels.ErrForged) || got != nil {
			t.Fatalf("unsigned: %v %v", got, err)
		}
		got, err := a.ReadHook(signed(string(body), server))
		if err != nil && !errors.Is(err, channels.ErrForged) && !errors.Is(err, channels.ErrUnreadable) {
			t.Fatal(err)
		}
		for _, r := range got {
			if (r.Reference == "" && r.ProviderID == "") || r.Kind.Rank() < 2 || r.Key == "" {
				t.Fatalf("%+v", r)
			}
		}
	})
}
