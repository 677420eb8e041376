package esms

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const (
	sendStatus = `{"CodeResponse":"100","SMSID":"` + smsID + `","SendFailed":0,"SendStatus":5,"SendSuccess":1,"TotalPrice":850.0000,"TotalReceiver":1,"TotalSent":1}`
	znsStatus  = `{"CodeResult":"100","Data":{"ErrorInfo":"0","FinalStatus":"1","SMSID":"` + smsID + `","SendFailed":0,"SendStatus":5,"SendSuccess":1,` +
		`"TotalPrice":330.0,"TotalReceiver":1,"TotalSent":1,"ZaloMsgId":"a1"}}`
)

func TestQuery(t *testing.T) {
	failedZNS := func(info string) string {
		return strings.NewReplacer(`"ErrorInfo":"0"`, `"ErrorInfo":`+info, `"SendFailed":0`, `"SendFailed":1`, `"SendSuccess":1`, `"SendSuccess":0`, "330.0", "0").Replace(znsStatus)
	}
	failed := func(class policy.Class, code, provider, detail string) channels.Answer {
		return channels.Answer{Found: true, Receipt: channels.Receipt{
			ProviderID: smsID, Kind: policy.ReceiptFailed, Class: class, Code: code, ProviderCode: provider, Detail: detail,
			Key: "lookup/" + smsID + "//5/0/1", Price: money("0"),
		}}
	}
	delivered := func(price string) channels.Answer {
		return channels.Answer{Found: true, Receipt: channels.Receipt{
			ProviderID: smsID, Kind: policy.ReceiptDelivered, Key: "lookup/" + smsID + "//5/1/0", Price: money(price),
		}}
	}
	taken := channels.Answer{Found: true}
	tests := map[string]struct {
		channel policy.Channel
		body    string
		want    channels.Answer
	}{
		"sms delivered":          {policy.SMS, sendStatus, delivered("850")},
		"viber delivered":        {policy.Viber, sendStatus, delivered("850")},
		"numbers in quotes":      {policy.SMS, `{"CodeResponse":100,"SMSID":"` + smsID + `","SendFailed":"0","SendStatus":"5","SendSuccess":"1","TotalPrice":"850.0000"}`, delivered("850")},
		"the id in other case":   {policy.SMS, strings.Replace(sendStatus, smsID, strings.ToUpper(smsID), 1), delivered("850")},
		"sms queued":             {policy.SMS, strings.NewReplacer(`"SendStatus":5`, `"SendStatus":2`, `"SendSuccess":1`, `"SendSuccess":0`).Replace(sendStatus), taken},
		"finished, nobody knows": {policy.SMS, strings.Replace(sendStatus, `"SendSuccess":1`, `"SendSuccess":0`, 1), taken},
		"sms sent": {policy.SMS, strings.NewReplacer(`"SendStatus":5`, `"SendStatus":7`, `"SendSuccess":1`, `"SendSuccess":0`).Replace(sendStatus), channels.Answer{
			Found: true, Receipt: channels.Receipt{ProviderID: smsID, Kind: policy.ReceiptSent, Key: "lookup/" + smsID + "//7/0/0"},
		}},
		"sms failed": {
			policy.SMS, strings.NewReplacer(`"SendFailed":0`, `"SendFailed":1`, `"SendSuccess":1`, `"SendSuccess":0`, "850.0000", "0").Replace(sendStatus),
			failed(policy.ClassRecipient, "not_delivered", "SendStatus 5", "reported as not delivered"),
		},
		"not known, or too early": {policy.SMS, `{"CodeResponse":"105","SMSID":"` + smsID + `"}`, channels.Answer{}},
		"zns delivered":           {policy.ZNS, znsStatus, delivered("330")},
		"zns not sent yet":        {policy.ZNS, strings.NewReplacer(`"ErrorInfo":"0"`, `"ErrorInfo":null`, `"FinalStatus":"1"`, `"FinalStatus":null`, `"SendStatus":5`, `"SendStatus":2`, `"SendSuccess":1`, `"SendSuccess":0`).Replace(znsStatus), taken},
		"zns, not the last word":  {policy.ZNS, strings.Replace(znsStatus, `"FinalStatus":"1"`, `"FinalStatus":"0"`, 1), taken},
		"zns, not online in time": {policy.ZNS, failedZNS(`"1001"`), failed(policy.ClassRecipient, "not_online_in_time", "1001", "")},
		"zns, no Zalo account":    {policy.ZNS, failedZNS(`"-118"`), failed(policy.ClassRecipient, "no_zalo_account", "-118", "")},
		"zns, JSON and .NET's words": {
			policy.ZNS, failedZNS(`"{\"error\":-114,\"message\":\"inactive\"}System.Exception: at Zalo.Send()"`),
			failed(policy.ClassRecipient, "not_reachable", "-114", "inactive"),
		},
		"zns, no data": {policy.ZNS, `{"CodeResult":"854","ErrorMessage":"no data"}`, channels.Answer{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, map[string]string{"": tt.body})
			got, err := build(t, tt.channel, url).Query(t.Context(), channels.Query{Reference: reference, ProviderID: smsID, SentAt: now.Add(-time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryWire(t *testing.T) {
	bySendStatus := call{"GET", "/GetSendStatus?ApiKey=K3Y&RefId=" + smsID + "&SecretKey=S3CRET", "", ""}
	tests := map[string]struct {
		channel policy.Channel
		more    []string
		want    call
	}{
		"sms":   {policy.SMS, nil, bySendStatus},
		"viber": {policy.Viber, nil, bySendStatus},
		"zns":   {policy.ZNS, nil, call{"POST", "/QueryZnsStatus/", "application/json", `{"ApiKey":"K3Y","SecretKey":"S3CRET","SmsId":"` + smsID + `","SmsType":"25"}`}},
		"zns priority": {
			policy.ZNS,
			[]string{settingSMSType, "24"},
			call{"POST", "/QueryZnsStatus/", "application/json", `{"ApiKey":"K3Y","SecretKey":"S3CRET","SmsId":"` + smsID + `","SmsType":"24"}`},
		},
		"zns without QueryZnsStatus": {policy.ZNS, []string{settingZNSStatus, callSendStatus}, bySendStatus},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, map[string]string{"": `{"CodeResult":"105"}`})
			if _, err := build(t, tt.channel, url, tt.more...).Query(t.Context(), channels.Query{ProviderID: smsID}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]call{tt.want}, *calls); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryFailures(t *testing.T) {
	tests := map[string]struct {
		q     channels.Query
		body  string
		class policy.Class
		code  string
	}{
		"no id":                 {channels.Query{Reference: reference}, "", policy.ClassRequest, "no_message_id"},
		"too old":               {channels.Query{ProviderID: smsID, SentAt: now.Add(-8 * 24 * time.Hour)}, "", policy.ClassUnknown, "too_old"},
		"unreadable":            {channels.Query{ProviderID: smsID}, `<html>`, policy.ClassUnknown, "unreadable_answer"},
		"without a status":      {channels.Query{ProviderID: smsID}, `{"CodeResponse":"100"}`, policy.ClassUnknown, "unreadable_answer"},
		"about another message": {channels.Query{ProviderID: "other"}, sendStatus, policy.ClassUnknown, "unreadable_answer"},
		"too often":             {channels.Query{ProviderID: smsID}, `{"CodeResult":"160"}`, policy.ClassThrottled, "throttled"},
		"bad keys":              {channels.Query{ProviderID: smsID}, `{"CodeResponse":"101","SMSID":"` + smsID + `"}`, policy.ClassAccount, "not_authorized"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, map[string]string{"": tt.body})
			_, err := build(t, policy.SMS, url).Query(t.Context(), tt.q)
			f, ok := errors.AsType[*channels.Failure](err)
			if !ok || f.Class != tt.class || f.Code != tt.code {
				t.Errorf("got %v, want %s %s", err, tt.class, tt.code)
			}
		})
	}
}

func TestQueryHidesTheKeys(t *testing.T) {
	url, _ := provider(t, nil)
	a := build(t, policy.SMS, strings.Replace(url, "http:", "https:", 1)) // no TLS there
	_, err := a.Query(t.Context(), channels.Query{ProviderID: smsID})
	if err == nil || strings.Contains(err.Error(), "K3Y") || strings.Contains(err.Error(), "S3CRET") {
		t.Errorf("got %v", err)
	}
}
