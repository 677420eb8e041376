package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAccountFaults(t *testing.T) {
	tests := map[string]struct {
		fault, outcome, code string
	}{
		"quota":        {FaultQuota, OutcomeRefused, "-144"},
		"needs_reauth": {FaultReauth, OutcomeRefused, "-124"},
		"down":         {FaultDown, OutcomeCutNotTaken, HTTP502},
		"slow":         {FaultSlow, OutcomeTaken, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			b.sim.SetAccountFault(Zalo, "3000000000000000001", tt.fault)
			b.zns("84912345678", "r1")
			b.sim.SetAccountFault(Zalo, "3000000000000000001", "")
			b.zns("84912345678", "r2")
			calls := b.sim.Calls()
			if calls[0].Outcome != tt.outcome || calls[0].Code != tt.code {
				t.Errorf("with the fault: %+v", calls[0])
			}
			if calls[1].Outcome != OutcomeTaken {
				t.Errorf("once mended: %+v", calls[1])
			}
		})
	}
}

func TestDroppedWebhooksLeaveTheFacts(t *testing.T) {
	tests := map[string]struct {
		drop    func(*Simulator)
		decided int // webhooks that the courier has to drop; a rule lets none come so far
	}{
		"by provider": {func(s *Simulator) { s.DropWebhooks(Zalo, true) }, 1},
		"all":         {func(s *Simulator) { s.DropWebhooks("", true) }, 1},
		"by rule":     {func(s *Simulator) { s.SetRule("*1", Rule{Channel: ZNS, DropWebhooks: true}) }, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			tt.drop(b.sim)
			b.zns("84912345671", "r1")
			b.eventually("delivery", func(c Call) bool { return c.DeliveredAt != nil })
			b.eventually("drop", func(Call) bool {
				b.sim.hooks.mu.Lock()
				defer b.sim.hooks.mu.Unlock()
				return b.sim.hooks.decided == tt.decided
			})
			b.sim.DropWebhooks(Zalo, false)
			b.sim.DropWebhooks("", false)
			b.gateway("84912345671", "hi", "marker") // its receipt is queued after the dropped one
			if got := string(b.next().body); !strings.Contains(got, "marker") {
				t.Errorf("a dropped webhook came: %s", got)
			}
		})
	}
}

func TestLateWebhookIsKnownToAStatusQuery(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.sim.SetRule("84912345678", Rule{Deliver: new(time.Duration), Late: new(time.Hour)})
	var a, status zaloAnswer
	b.zns("84912345678", "r1").into(t, &a)
	b.eventually("delivery", func(c Call) bool { return c.DeliveredAt != nil })
	b.call(http.MethodGet, "/zalo/api/message/status?message_id="+a.Data.MsgID, "", zaloHeader("AT")).into(t, &status)
	if status.Data.Status != 1 || len(b.got) != 0 {
		t.Errorf("status %d with %d webhooks, want 1 with none", status.Data.Status, len(b.got))
	}
}

func TestReceiptMayOvertakeTheAnswer(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.sim.SetRule("84912345678", Rule{Deliver: new(time.Duration), AnswerAfter: 20 * time.Second})
	answered := make(chan reply, 1)
	go func() { answered <- b.zns("84912345678", "r1") }()
	b.next()
	select {
	case <-answered:
		t.Error("the answer came first")
	default:
	}
	if got := <-answered; got.status != http.StatusOK {
		t.Errorf("answer %+v", got)
	}
}

func TestDeliveryAfterTheNextStep(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.zns("84900000007", "r1")
	b.infobip("/viber/2/messages", "84900000007", "m1", `{"type":"TEXT","text":"hi"}`)
	b.eventually("late delivery", func(Call) bool { return b.sim.Calls()[0].DeliveredAt != nil })
	calls := b.sim.Calls()
	if !calls[0].DeliveredAt.After(calls[1].At) {
		t.Errorf("delivered at %v, before the next step at %v", calls[0].DeliveredAt, calls[1].At)
	}
}

func TestAppSecretProof(t *testing.T) {
	b := start(t, Options{})
	b.sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "access-token-for-tests", AppSecret: "app-secret-for-tests", RequireProof: true})
	for proof, want := range map[string]int{"": -1241, "7196be12396e82d498574863aab45f32c0f0c84c6d6d4038d19a0d78120bdf44": 0} {
		header := zaloHeader("access-token-for-tests")
		header["appsecret_proof"] = proof
		var a struct{ Error int }
		b.call(http.MethodGet, "/zalo/api/message/quota", "", header).into(t, &a)
		if a.Error != want {
			t.Errorf("proof %q answered %d, want %d", proof, a.Error, want)
		}
	}
}

func TestZaloTemplates(t *testing.T) {
	b := start(t, Options{})
	b.sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "AT", Templates: []Template{
		{ID: 1, Name: "one", Params: []TemplateParam{{Name: "otp", MaxLength: 10}}, Price: 300, Timeout: 15 * time.Second}, {ID: 2, Name: "two", Status: "REJECT"},
	}})
	var list struct {
		Data     []struct{ TemplateID int64 }
		Metadata struct{ Total int }
	}
	b.call(http.MethodGet, "/zalo/api/template/all?offset=0&limit=100&status=1", "", zaloHeader("AT")).into(t, &list)
	if len(list.Data) != 1 || list.Metadata.Total != 1 || list.Data[0].TemplateID != 1 {
		t.Errorf("list %+v", list)
	}
	var info struct {
		Data struct {
			Status, Price string
			Timeout       int64
			ListParams    []struct {
				Name    string
				Require bool
			}
		}
	}
	b.call(http.MethodGet, "/zalo/api/template/info/v2?template_id=1", "", zaloHeader("AT")).into(t, &info)
	if d := info.Data; d.Status != "ENABLE" || d.Price != "300.0" || d.Timeout != 15000 || len(d.ListParams) != 1 || !d.ListParams[0].Require {
		t.Errorf("info %+v", d)
	}
	var old struct{ Error int }
	b.call(http.MethodGet, "/zalo/api/template/info?template_id=1", "", zaloHeader("AT")).into(t, &old)
	if old.Error != -106 {
		t.Errorf("the retired path answered %d", old.Error)
	}
}

func TestRepeatedEventIsOneFact(t *testing.T) {
	rec := &record{}
	first := event{Kind: delivered, At: time.Unix(1, 0)}
	if !rec.settle(first, func(event) {}) || rec.settle(event{Kind: delivered, At: time.Unix(2, 0)}, func(event) {}) {
		t.Error("a delivery must happen once")
	}
	raw, err := json.Marshal(rec.view())
	if err != nil || !strings.Contains(string(raw), `"delivered_at"`) {
		t.Errorf("call as JSON: %s (%v)", raw, err)
	}
}
