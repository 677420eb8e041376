package simulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The vectors are those of the wire's fact sheet.
func TestZaloMAC(t *testing.T) {
	tests := map[string]struct{ body, timestamp, want string }{
		"delivery": {
			`{"sender":{"id":"3000000000000000001"},"recipient":{"id":"84900000001"},"event_name":"user_received_message","message":{"delivery_time":"1767225600456","msg_id":"0123456789abcdef0123","tracking_id":"trk0001"},"app_id":"1000000000000000001","timestamp":"1767225600789"}`,
			"1767225600789", "93ed55862551296a3bdd4827673e204a39fe7158ee3a606d53adb6675f2f7893",
		},
		"feedback in Vietnamese": {
			`{"event_name":"user_feedback","message":{"note":"Giao hàng nhanh","rate":5,"submit_time":"1767225600111","msg_id":"0123456789abcdef0123","feedbacks":["Đúng giờ"],"tracking_id":"trk0001"},"app_id":"1000000000000000001","oa_id":"3000000000000000001","timestamp":"1767225600222"}`,
			"1767225600222", "7b4f140a89d2073f3da5ae1bbb29e64a59c72219b3642307d6a21e3b2c4dd9a4",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := zaloMAC("1000000000000000001", []byte(tt.body), tt.timestamp, "oa-secret-key-for-tests"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestZaloDeliveryWebhook(t *testing.T) {
	now := time.UnixMilli(1767225600789)
	b := start(t, Options{Now: func() time.Time { return now }})
	b.register()
	var a zaloAnswer
	b.zns("84912345678", "trk0001").into(t, &a)
	h := b.next()
	want := `{"sender":{"id":"3000000000000000001"},"recipient":{"id":"84912345678"},"event_name":"user_received_message","message":{"delivery_time":"1767225600789","msg_id":"` +
		a.Data.MsgID + `","tracking_id":"trk0001"},"app_id":"1000000000000000001","timestamp":"1767225600789"}`
	if string(h.body) != want {
		t.Errorf("body\n%s\nwant\n%s", h.body, want)
	}
	for name, value := range map[string]string{
		"X-ZEvent-Server": "ZNS", "User-Agent": "ZaloWebhook", "Content-Type": "application/json", "num_retry": "",
		"X-ZEvent-Signature": "mac=" + zaloMAC("1000000000000000001", []byte(want), "1767225600789", "oa-secret"),
	} {
		if got := h.header.Get(name); got != value {
			t.Errorf("header %s is %q, want %q", name, got, value)
		}
	}
	var status zaloAnswer
	b.call(http.MethodGet, "/zalo/api/message/status?message_id="+a.Data.MsgID, "", zaloHeader("AT")).into(t, &status)
	if status.Data.Status != 1 || b.sim.Queries() != 1 {
		t.Errorf("status %+v after %d queries", status, b.sim.Queries())
	}
}

func TestZaloCheckOrder(t *testing.T) {
	good := `{"phone":"84912345678","template_id":"412345","template_data":{"customer":"Lan"},"tracking_id":"a1"}`
	tests := map[string]struct {
		method, token, body string
		want                int
	}{
		"good":                 {http.MethodPost, "AT", good, 0},
		"wrong method":         {http.MethodPut, "AT", good, -106},
		"token before body":    {http.MethodPost, "XX", "", -124},
		"empty":                {http.MethodPost, "AT", "", -121},
		"not JSON":             {http.MethodPost, "AT", "{", -122},
		"number as id":         {http.MethodPost, "AT", `{"phone":"84912345678","template_id":412345,"template_data":{}}`, -122},
		"unknown template":     {http.MethodPost, "AT", strings.Replace(good, "412345", "1", 1), -109},
		"template not enabled": {http.MethodPost, "AT", strings.Replace(good, "412345", "412346", 1), -131},
		"missing before phone": {http.MethodPost, "AT", `{"phone":"1","template_id":"412345","template_data":{}}`, -1122},
		"extra parameter":      {http.MethodPost, "AT", strings.Replace(good, `"Lan"`, `"Lan","x":"y"`, 1), -112},
		"too long":             {http.MethodPost, "AT", strings.Replace(good, "Lan", strings.Repeat("ạ", 6), 1), -1121},
		"tracking id":          {http.MethodPost, "AT", strings.Replace(good, `"a1"`, `"a-1"`, 1), -132},
		"phone":                {http.MethodPost, "AT", strings.Replace(good, "84912345678", "84123", 1), -108},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "AT", Templates: []Template{
				{ID: 412345, Params: []TemplateParam{{Name: "customer", MaxLength: 5}}}, {ID: 412346, Status: "DISABLE"},
			}})
			var a zaloAnswer
			got := b.call(tt.method, "/zalo/api/message/template", tt.body, zaloHeader(tt.token))
			got.into(t, &a)
			if got.status != http.StatusOK || a.Error == nil || *a.Error != tt.want {
				t.Errorf("answer %d %s, want %d", got.status, got.text, tt.want)
			}
		})
	}
}

func TestZaloQuotaCountsDownAndResetsAtMidnight(t *testing.T) {
	now := time.Date(2026, 11, 20, 16, 59, 0, 0, time.UTC) // 23:59 in Vietnam
	b := start(t, Options{Now: func() time.Time { return now }})
	b.sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "AT", Quota: 1})
	var got []int
	for _, step := range []time.Duration{0, time.Second, time.Minute} {
		now = now.Add(step)
		var a zaloAnswer
		b.zns("84912345678", "r").into(t, &a)
		got = append(got, *a.Error)
	}
	if want := []int{0, -144, 0}; !equal(got, want) {
		t.Errorf("errors %v, want %v", got, want)
	}
}

func TestTokenRotation(t *testing.T) {
	b := start(t, Options{})
	b.register()
	refresh := func(token, secret string) (pair tokenPair, code int) {
		header := map[string]string{"secret_key": secret, "Content-Type": "application/x-www-form-urlencoded"}
		var answer struct {
			tokenPair
			Error int
			Name  string `json:"error_name"`
		}
		b.call(http.MethodPost, "/zalo/oauth/v4/oa/access_token",
			"grant_type=refresh_token&app_id=1000000000000000001&refresh_token="+token, header).into(t, &answer)
		return answer.tokenPair, answer.Error
	}
	send := func(token string) int {
		var a zaloAnswer
		b.call(http.MethodPost, "/zalo/api/message/template", `{"phone":"84912345678","template_id":"1","template_data":{}}`, zaloHeader(token)).into(t, &a)
		return *a.Error
	}
	if _, code := refresh("RT", "wrong"); code != -14004 {
		t.Errorf("a wrong app secret answered %d", code)
	}
	b.sim.ExpireTokens()
	if got := send("AT"); got != -124 {
		t.Errorf("an expired token answered %d", got)
	}
	pair, code := refresh("RT", "app")
	if code != 0 || pair.ExpiresIn != "90000" || pair.Refresh == "RT" {
		t.Fatalf("refresh answered %+v, %d", pair, code)
	}
	if got := send(pair.Access); got != 0 {
		t.Errorf("the new token answered %d", got)
	}
	if _, code := refresh("RT", "app"); code != -14014 {
		t.Errorf("a spent refresh token answered %d", code)
	}
	next, _ := refresh(pair.Refresh, "app")
	if send(pair.Access) != -124 || send(next.Access) != 0 {
		t.Error("a refresh must end the old access token and start the new")
	}
	b.sim.SetAccountFault(Zalo, "3000000000000000001", FaultReauth)
	if _, code := refresh(next.Refresh, "app"); code != -14014 || send(next.Access) != -124 {
		t.Error("an account that needs a person must refuse both tokens")
	}
	if got := b.sim.Refreshes(); got != 2 {
		t.Errorf("%d refreshes, want 2", got)
	}
}

func TestWebhookRetriesThenSwitchesOff(t *testing.T) {
	tests := map[string]struct {
		failures int
		want     []string // num_retry of each call
	}{
		"answered at the third call": {2, []string{"", "1", "2"}},
		"never answered":             {6, []string{"", "1", "2", "3", "4", "5"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{Scale: 0.00001})
			b.reply = func(n int) int {
				if n <= tt.failures {
					return http.StatusServiceUnavailable
				}
				return http.StatusOK
			}
			b.register()
			b.zns("84912345678", "r1")
			first := b.next()
			for i, want := range tt.want {
				h := first
				if i > 0 {
					h = b.next()
				}
				if got := h.header.Get("num_retry"); got != want {
					t.Errorf("call %d has num_retry %q, want %q", i, got, want)
				}
				if !bytes.Equal(h.body, first.body) {
					t.Errorf("call %d has another body", i)
				}
			}
			acc, _ := b.sim.accounts.get(Zalo, "3000000000000000001")
			if tt.failures == 6 {
				b.eventually("webhooks off", func(Call) bool { return acc.hooksAreOff() })
			} else if acc.hooksAreOff() {
				t.Error("webhooks are off")
			}
		})
	}
}

func TestReceiptsShuffledAndRepeated(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.zns("84900000008", "r1")
	var order []string
	for range 6 {
		var e zaloEvent
		if err := json.Unmarshal(b.next().body, &e); err != nil {
			t.Fatal(err)
		}
		order = append(order, e.EventName)
	}
	count := strings.Count(strings.Join(order, " "), "user_seen_message")
	if order[0] != "user_seen_message" || count != 3 {
		t.Errorf("webhooks came as %v", order)
	}
}

func TestPriceFollowsCommitWindow(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	call := func(after time.Duration) Call { return Call{At: at, ProviderID: "x", DeliveredAt: new(at.Add(after))} }
	tests := map[string]struct {
		bill bill
		call Call
		want string
	}{
		"zns in time":       {billFor(ZNS, 0), call(2 * time.Hour), "200"},
		"zns too late":      {billFor(ZNS, 0), call(2*time.Hour + 1), "0"},
		"viber undelivered": {billFor(Viber, 0), Call{ProviderID: "x"}, "0"},
		"viber delivered":   {billFor(Viber, 0), call(time.Hour), "470"},
		"sms taken":         {billFor(SMS, 3), Call{ProviderID: "x"}, "2460"},
		"sms refused":       {billFor(SMS, 3), Call{}, "0"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.bill.price(tt.call); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
