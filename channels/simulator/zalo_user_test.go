package simulator

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"
)

type userAnswer struct {
	Error *int
	Data  struct {
		MessageID string `json:"message_id"`
		UserID    string `json:"user_id"`
	}
}

func (b *bench) toUser(id, template string) (a userAnswer) {
	b.t.Helper()
	b.call(http.MethodPost, "/zalo/openapi/v3.0/oa/message/template",
		`{"user_id":"`+id+`","template_id":"`+template+`","template_data":{"name":"Lan"}}`, zaloHeader("AT")).into(b.t, &a)
	return a
}

func TestZaloByUser(t *testing.T) {
	b := start(t, Options{})
	b.sim.Register(Account{
		Provider: Zalo, ID: "oa", AccessToken: "AT", WebhookURL: b.hook,
		Templates: []Template{{ID: 1, Price: 300, Params: []TemplateParam{{Name: "name"}}}, {ID: 2, Tag: "OTP", Params: []TemplateParam{{Name: "name"}}}},
	})
	id := ZaloUserID("0912345678")
	a := b.toUser(id, "1")
	if *a.Error != 0 || a.Data.UserID != id || id != "7000000084912345678" {
		t.Fatalf("answer %+v", a)
	}
	var h struct {
		Recipient   zaloParty
		UserIDByApp string `json:"user_id_by_app"`
		Message     map[string]string
	}
	hook := b.next()
	if err := json.Unmarshal(hook.body, &h); err != nil {
		t.Fatal(err)
	}
	if hook.header.Get("X-ZEvent-Server") != "OA OpenAPI" || h.Recipient.ID != id || h.UserIDByApp == "" || len(h.Message) != 1 || h.Message["msg_id"] != a.Data.MessageID {
		t.Errorf("webhook %s", hook.body)
	}
	if c := b.eventually("delivered", func(c Call) bool { return c.DeliveredAt != nil }); c.To != "84912345678" || c.Price != "210" || c.Reference != "" {
		t.Errorf("call %+v", c)
	}
	for name, got := range map[string]struct{ code, want int }{
		"one-time password": {*b.toUser(id, "2").Error, -249},
		"unknown user":      {*b.toUser("42", "1").Error, -213},
		"unknown template":  {*b.toUser(id, "3").Error, -201},
	} {
		if got.code != got.want {
			t.Errorf("%s answered %d, want %d", name, got.code, got.want)
		}
	}
	var q struct {
		Data struct{ RemainingQuota string }
	}
	b.call(http.MethodGet, "/zalo/api/message/quota", "", zaloHeader("AT")).into(t, &q)
	if q.Data.RemainingQuota != "9999" {
		t.Errorf("quota %+v", q)
	}
	b.sim.ExpireTokens()
	if got := *b.toUser(id, "1").Error; got != -216 {
		t.Errorf("an expired token answered %d", got)
	}
}

func TestZaloByHash(t *testing.T) {
	// SHA-256 of 84900000003, a magic number, and of 84912345678; computed apart from this code.
	const (
		magicHash = "494ae5d99024937b9ab2140392c4780c4604f8e8c07b634eced08c2f9e1dbf2f"
		otherHash = "25cc2f7574420a2d46c9f2d6cf94cdbb242ef7d479afe92ed6e8eb33a7493093"
	)
	b := start(t, Options{})
	b.register()
	send := func(hash string) (a zaloAnswer) {
		b.call(http.MethodPost, "/zalo/api/message/template/hashphone",
			`{"hash_phone":"`+hash+`","template_id":"1","template_data":{},"tracking_id":"t1"}`, zaloHeader("AT")).into(t, &a)
		return a
	}
	if got := *send(magicHash).Error; got != -118 {
		t.Errorf("the magic number's hash answered %d", got)
	}
	if got := *send("84912345678").Error; got != -108 {
		t.Errorf("a plain number answered %d", got)
	}
	if got := *send(otherHash).Error; got != 0 {
		t.Errorf("an ordinary number's hash answered %d", got)
	}
	var e zaloEvent
	if err := json.Unmarshal(b.next().body, &e); err != nil || e.Recipient.ID != otherHash || e.Message.TrackingID != "t1" {
		t.Errorf("webhook %+v, %v", e, err)
	}
}

func TestZaloSendingMode(t *testing.T) {
	b := start(t, Options{})
	b.sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "AT", Templates: []Template{{ID: 1}, {ID: 2, Tag: "PROMOTION"}}})
	tests := map[string]struct {
		template, mode string
		want           int
	}{
		"normal":         {"1", "1", 0},
		"no mode of it":  {"1", "2", -161},
		"not for tag 1":  {"1", "3", -162},
		"over the quota": {"2", "3", 0},
	}
	for name, tt := range tests {
		var a struct {
			Error int
			Data  struct {
				Mode string `json:"sending_mode"`
			}
		}
		b.call(http.MethodPost, "/zalo/api/message/template",
			`{"phone":"84912345678","template_id":"`+tt.template+`","template_data":{},"sending_mode":"`+tt.mode+`"}`, zaloHeader("AT")).into(t, &a)
		if a.Error != tt.want || (a.Error == 0 && a.Data.Mode != tt.mode) {
			t.Errorf("%s: answered %+v, want %d", name, a, tt.want)
		}
	}
}

func TestZaloEventRoutes(t *testing.T) {
	b := start(t, Options{Now: func() time.Time { return time.UnixMilli(1767225600789) }})
	b.register()
	const oa = `"account":"3000000000000000001"`
	tests := map[string]struct {
		body string
		want int
	}{
		"a person":        {`{` + oa + `,"event":"user_submit_info","phone":"0912345678"}`, http.StatusNoContent},
		"no person":       {`{` + oa + `,"event":"user_submit_info","phone":"113"}`, http.StatusBadRequest},
		"nobody":          {`{` + oa + `,"event":"user_withdraw"}`, http.StatusBadRequest},
		"unknown account": {`{"account":"1","event":"user_submit_info","phone":"0912345678"}`, http.StatusBadRequest},
		"unknown event":   {`{` + oa + `,"event":"user_read_message"}`, http.StatusBadRequest},
		"unknown message": {`{` + oa + `,"event":"user_feedback","msg_id":"1"}`, http.StatusBadRequest},
		"unknown member":  {`{` + oa + `,"event":"user_withdraw","user":"1"}`, http.StatusBadRequest},
	}
	for name, tt := range tests {
		if got := b.call(http.MethodPost, "/zalo/events", tt.body, nil); got.status != tt.want {
			t.Errorf("%s: answered %d %s", name, got.status, got.text)
		}
	}
	want := `{"app_id":"1000000000000000001","event_name":"user_submit_info","info":{"name":"Nguyễn Thị Lan","phone":"84912345678"},` +
		`"recipient":{"id":"3000000000000000001"},"sender":{"id":"7000000084912345678"},"timestamp":"1767225600789","user_id_by_app":"8000000084912345678"}`
	h := b.next()
	if string(h.body) != want || h.header.Get("X-ZEvent-Signature") != "mac="+zaloMAC("1000000000000000001", h.body, "1767225600789", "oa-secret") {
		t.Errorf("webhook %s %v", h.body, h.header)
	}
	quality := func(query string) int { return b.call(http.MethodPut, "/zalo/quality?"+query, "", nil).status }
	if quality("account=3000000000000000001&quality=LOW") != http.StatusNoContent || quality("account=1&quality=LOW") != http.StatusBadRequest {
		t.Error("the quality's route answers wrongly")
	}
	var q struct {
		Data struct{ OACurrentQuality string }
	}
	b.call(http.MethodGet, "/zalo/api/quality", "", zaloHeader("AT")).into(t, &q)
	if q.Data.OACurrentQuality != "LOW" {
		t.Errorf("quality %+v", q)
	}
}

// TestZaloAnswerProvesReading: who rates a message has had it, even where its receipts were to come later or never.
func TestZaloAnswerProvesReading(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.sim.SetRule("84912345678", Rule{Deliver: never})
	b.zns("84912345678", "r1")
	if err := b.sim.EmitZalo(ZaloEvent{Account: "3000000000000000001", Event: ZaloFeedback, MsgID: "r1", Rating: 5}); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for range 2 {
		var e zaloEvent
		if err := json.Unmarshal(b.next().body, &e); err != nil {
			t.Fatal(err)
		}
		got[e.EventName] = true
	}
	c := b.sim.Calls()[0]
	if !got["user_received_message"] || !got["user_feedback"] || c.DeliveredAt == nil || c.ReadAt == nil {
		t.Errorf("webhooks %v, call %+v", got, c)
	}
}
