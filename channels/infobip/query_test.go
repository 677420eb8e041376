package infobip

import (
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

func TestQuery(t *testing.T) {
	row := func(group, id string) string {
		return `{"messageId":"` + reference + `","status":{"groupId":` + group + `,"id":` + id + `}}`
	}
	tests := map[string]struct {
		body  string
		found bool
		kind  policy.Receipt
	}{
		"delivered":                    {`{"results":[` + row("3", "5") + `]}`, true, policy.ReceiptDelivered},
		"pending":                      {`{"results":[` + row("1", "7") + `]}`, true, policy.ReceiptSent},
		"nobody knows":                 {`{"results":[` + row("4", "29") + `]}`, true, ""},
		"not there":                    {`{"results":[]}`, false, ""},
		"a duplicate hides nothing":    {`{"results":[` + row("5", "23") + `,` + row("3", "5") + `]}`, true, policy.ReceiptDelivered},
		"a duplicate alone is nothing": {`{"results":[` + row("5", "23") + `]}`, false, ""},
		"another's":                    {`{"results":[{"messageId":"x","status":{"groupId":3,"id":5}}]}`, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, last := provider(t, 200, tt.body)
			got, err := build(t, policy.Viber, url).Query(t.Context(), channels.Query{Reference: reference, SentAt: now.Add(-time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			if got.Found != tt.found || got.Receipt.Kind != tt.kind {
				t.Errorf("got %v %q, want %v %q", got.Found, got.Receipt.Kind, tt.found, tt.kind)
			}
			if want := "/viber/2/logs?messageId=" + reference; last.URI != want || last.Method != "GET" {
				t.Errorf("asked %s %s, want GET %s", last.Method, last.URI, want)
			}
		})
	}
}

func TestQueryFailures(t *testing.T) {
	url, _ := provider(t, 200, `{}`)
	a := build(t, policy.SMS, url)
	for name, sent := range map[string]time.Time{"unreadable_answer": now, "too_old": now.Add(-49 * time.Hour)} {
		_, err := a.Query(t.Context(), channels.Query{Reference: reference, SentAt: sent})
		if f := channels.AsFailure(err); f.Code != name || f.Class != policy.ClassUnknown {
			t.Errorf("got %v, want %s", err, name)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		status      int
		body        string
		level, code string
	}{
		"ok":         {200, `{"balance":47.79,"currency":"EUR"}`, "ok", "balance"},
		"empty":      {200, `{"balance":0,"currency":"EUR"}`, "warning", "no_credit"},
		"unreadable": {200, `hi`, "warning", "unreadable_answer"},
		"bad key":    {401, `{"errorCode":"E401"}`, "error", "unauthorized"},
		"down":       {503, ``, "error", "provider_error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, last := provider(t, tt.status, tt.body)
			got := build(t, policy.SMS, url, settingWebhookSecret, "s").Check(t.Context())
			if len(got) != 1 || got[0].Level != tt.level || got[0].Code != tt.code {
				t.Errorf("got %+v, want %s %s", got, tt.level, tt.code)
			}
			for _, f := range got {
				if f.MessageVI == "" || f.MessageVI == f.Message {
					t.Errorf("finding %+v", f)
				}
			}
			if last.URI != "/account/1/balance" {
				t.Errorf("asked %s", last.URI)
			}
		})
	}
}
