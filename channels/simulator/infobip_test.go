package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

type infobipAnswer struct {
	Messages []struct {
		MessageID string
		Status    infobipStatus
	}
}

type infobipResults struct{ Results []infobipDLR }

var infobipKey = map[string]string{"Authorization": "App key", "Content-Type": "application/json"}

func TestInfobipReportsAndDuplicates(t *testing.T) {
	b := start(t, Options{})
	b.register()
	var a infobipAnswer
	b.infobip("/sms/3/messages", "84912345678", "m1", `{"text":"hi"}`).into(t, &a)
	if got := a.Messages[0]; got.MessageID != "m1" || got.Status.GroupID != 1 || got.Status.ID != 26 {
		t.Errorf("answer %+v", got)
	}
	b.infobip("/sms/3/messages", "84912345678", "m1", `{"text":"hi"}`).into(t, &a)
	if got := a.Messages[0].Status; got.GroupID != 5 || got.ID != 23 {
		t.Errorf("a repeated messageId answered %+v", got)
	}
	var dlr infobipResults
	if err := json.Unmarshal(b.next().body, &dlr); err != nil {
		t.Fatal(err)
	}
	got := dlr.Results[0]
	if got.MessageID != "m1" || got.Status.ID != 5 || got.CallbackData != "cb" || got.Price.PerMessage != PriceSMS {
		t.Errorf("report %+v", got)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000-0700", got.DoneAt); err != nil {
		t.Error(err)
	}
	var logs infobipResults
	b.call(http.MethodGet, "/infobip/sms/3/logs?messageId=m1", "", infobipKey).into(t, &logs)
	if len(logs.Results) != 1 || logs.Results[0].Status.ID != 5 {
		t.Errorf("log %+v", logs)
	}
	logs = infobipResults{}
	b.call(http.MethodGet, "/infobip/viber/2/logs?messageId=m1", "", infobipKey).into(t, &logs)
	if len(logs.Results) != 0 {
		t.Errorf("the Viber log knows an SMS: %+v", logs)
	}
	if calls := b.sim.Calls(); len(calls) != 2 || calls[0].Price != "820" || calls[1].Price != "0" || calls[1].Code != "23" {
		t.Errorf("calls %+v", calls)
	}
}

func TestInfobipSeenReport(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.infobip("/viber/2/messages", "84912345678", "m1", `{"type":"TEXT","text":"hi"}`)
	b.next() // the delivery
	var seen struct{ Results []infobipSeen }
	if err := json.Unmarshal(b.next().body, &seen); err != nil {
		t.Fatal(err)
	}
	if got := seen.Results[0]; got.MessageID != "m1" || got.From != "84912345678" || got.To != "BRAND" || got.SeenAt == "" {
		t.Errorf("seen report %+v", got)
	}
}

func TestInfobipFailures(t *testing.T) {
	tests := map[string]struct {
		path, content string
		rule          Rule
		status, error int // of the report
	}{
		"no Viber user": {"/viber/2/messages", `{"type":"TEXT","text":"hi"}`, Rule{Outcome: Fail}, 9, 7002},
		"refusal that is told later": {
			"/zalo/2/messages", `{"type":"TEMPLATE","templateName":1,"templateData":{}}`,
			Rule{Outcome: Refuse, Code: CodeUnknownUser},
			9, 7002,
		},
		"SMS": {"/sms/3/messages", `{"text":"hi"}`, Rule{Outcome: Fail, Code: "32"}, 9, 32},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			b.sim.SetRule("84912345678", tt.rule)
			b.infobip(tt.path, "84912345678", "m1", tt.content)
			var dlr infobipResults
			if err := json.Unmarshal(b.next().body, &dlr); err != nil {
				t.Fatal(err)
			}
			if got := dlr.Results[0]; got.Status.ID != tt.status || got.Error.ID != tt.error {
				t.Errorf("report %+v %+v", got.Status, got.Error)
			}
		})
	}
}

func TestInfobipValidityRunsOut(t *testing.T) {
	b := start(t, Options{})
	b.register()
	b.sim.SetRule("84912345678", Rule{Deliver: never})
	b.call(http.MethodPost, "/infobip/sms/3/messages", `{"messages":[{"sender":"B","destinations":[{"to":"84912345678","messageId":"m"}],
		"content":{"text":"hi"},"options":{"validityPeriod":{"amount":1,"timeUnit":"SECONDS"}},"webhooks":{"delivery":{"url":"`+b.hook+`"}}}]}`, infobipKey)
	var dlr infobipResults
	if err := json.Unmarshal(b.next().body, &dlr); err != nil {
		t.Fatal(err)
	}
	if got := dlr.Results[0]; got.Status.ID != 15 || got.Error.ID != 4101 || got.Error.Permanent {
		t.Errorf("report %+v %+v", got.Status, got.Error)
	}
}

func TestInfobipRefusesMistakes(t *testing.T) {
	good := `{"messages":[{"sender":"B","destinations":[{"to":"84912345678","messageId":"m"}],"content":{"text":"hi"}}]}`
	tests := map[string]struct {
		key, body string
		status    int
	}{
		"good":         {"App key", good, http.StatusOK},
		"unknown key":  {"App no", good, http.StatusUnauthorized},
		"other scheme": {"Bearer key", good, http.StatusUnauthorized},
		"plus in to":   {"App key", strings.Replace(good, "8491", "+8491", 1), http.StatusBadRequest},
		"no sender":    {"App key", strings.Replace(good, `"B"`, `""`, 1), http.StatusBadRequest},
		"no text":      {"App key", strings.Replace(good, "hi", "", 1), http.StatusBadRequest},
		"not JSON":     {"App key", "{", http.StatusBadRequest},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			got := b.call(http.MethodPost, "/infobip/sms/3/messages", tt.body, map[string]string{"Authorization": tt.key, "Content-Type": "application/json"})
			if got.status != tt.status {
				t.Errorf("answer %d %s, want %d", got.status, got.text, tt.status)
			}
		})
	}
}

func TestInfobipPause(t *testing.T) {
	for i, want := range []time.Duration{2, 5, 10, 17, 26, 37} {
		if got, again := infobipPause(i + 1); got != want*time.Minute || !again {
			t.Errorf("retry %d after %v, want %d min", i+1, got, want)
		}
	}
}

func TestGateway(t *testing.T) {
	b := start(t, Options{})
	b.register()
	var a gatewayAnswer
	b.gateway("+84912345678", strings.Repeat("ắ", 71), "ref1").into(t, &a)
	if a.Status != "ok" || a.Segments != 2 {
		t.Errorf("answer %+v", a)
	}
	h := b.next()
	var receipt gatewayReceipt
	if err := json.Unmarshal(h.body, &receipt); err != nil {
		t.Fatal(err)
	}
	if h.query != "token=s3" || receipt.ID != a.ID || receipt.Ref != "ref1" || receipt.Status != delivered {
		t.Errorf("receipt %+v with query %q", receipt, h.query)
	}
	if c := b.sim.Calls()[0]; c.Price != "1640" {
		t.Errorf("price %s", c.Price)
	}
	b.sim.SetAccountFault(Gateway, "user", FaultQuota)
	b.gateway("+84912345678", "hi", "ref2").into(t, &a)
	if a.Status != "error" || a.Code != CodeQuota {
		t.Errorf("without quota: %+v", a)
	}
	if got := b.call(http.MethodPost, "/gateway/send", "{}", nil).status; got != http.StatusUnauthorized {
		t.Errorf("without credentials: %d", got)
	}
}
