package httpgw

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

// Accounts as operators write them; BASE stands for the address.
const (
	speedSMS     = `{"preset": "speedsms", "base_url": "BASE", "from": "MYBRAND", "secrets": {"token": "tok-123", "hook": "h00k"}}`
	vietGuys     = `{"preset": "vietguys", "base_url": "BASE", "from": "MYBRAND", "secrets": {"user": "acme", "token": "tok-123", "hook": "h00k"}}`
	incom        = `{"preset": "incom", "base_url": "BASE", "from": "MYBRAND", "secrets": {"user": "acme", "password": "p@ss"}}`
	abenla       = `{"preset": "abenla", "base_url": "BASE", "from": "MYBRAND", "values": {"service_type_id": "271"}, "secrets": {"login": "ACME1", "sign": "0cc175b9c0f1b6a831c399e269772661"}}`
	eight        = `{"preset": "8x8", "base_url": "BASE", "from": "MYBRAND", "values": {"subaccount": "acme_sms"}, "secrets": {"api_key": "tok-123", "hook": "h00k"}}`
	eightViber   = `{"preset": "8x8-viber", "base_url": "BASE", "values": {"subaccount": "acme_cs"}, "secrets": {"api_key": "tok-123", "hook": "h00k"}}`
	eightZNS     = `{"preset": "8x8-zns", "base_url": "BASE", "values": {"subaccount": "acme_cs"}, "secrets": {"api_key": "tok-123", "hook": "h00k"}}`
	southTelecom = `{"preset": "southtelecom-zns", "base_url": "BASE", "from": "MYBRAND", "secrets": {"user": "acme", "password": "p@ss", "hook": "h00k"}}`
	jasmin       = `{"preset": "jasmin", "base_url": "BASE", "from": "MYBRAND", "secrets": {"user": "acme", "password": "p@ss", "hook": "h00k"}}`
	kannel       = `{"preset": "kannel", "base_url": "BASE", "from": "MYBRAND", "secrets": {"user": "acme", "password": "p@ss", "hook": "h00k"}}`
)

const (
	hookInQuery = "https%3A%2F%2Fapp.example%2Fhooks%2Fhttp%2Fa1%3Ftoken%3Dh00k"
	textInQuery = "%C4%90%C6%A1n+%22A%22+%26+B"
	queued      = `{"umid":"82188ee0-109f-4a1c-8150-020897df5459","user":{"msisdn":"+84912345678"},"status":{"state":"queued","timestamp":"2026-11-20T01:00:00.12Z"}}`
	umid        = "82188ee0-109f-4a1c-8150-020897df5459"
)

// known is each preset with an account, a message on the wire, and an answer that takes it.
var known = map[string]struct {
	account, host string
	status        int
	answer, id    string
	want          call
}{
	"speedsms": {
		speedSMS, "api.speedsms.vn", 200, `{"status":"success","code":"00","data":{"tranId":9007199254740993,"totalPrice":250}}`, "9007199254740993",
		call{
			"POST", "/index.php/sms/send", "Basic dG9rLTEyMzp4", "application/json",
			`{"content":"Don \"A\" & B","sender":"MYBRAND","sms_type":3,"to":["84912345678"]}`,
		},
	},
	"vietguys": {
		vietGuys, "cloudsms.vietguys.biz:4438", 200, `{"error":0,"msgid":"vg-1","log":""}`, "vg-1",
		call{
			"POST", "/api/index.php", "", "application/x-www-form-urlencoded",
			"bid=" + reference + "&from=MYBRAND&json=1&phone=84912345678&pwd=tok-123&sms=" + textInQuery + "&type=8&u=acme",
		},
	},
	"incom": {
		incom, "apiv2.incomsms.vn", 200, `{"StatusCode":"1"}`, "",
		call{
			"POST", "/MtService/SendSms", "", "application/json",
			`{"CommandCode":"MYBRAND","FeeTypeId":0,"MsgContent":"Đơn \"A\" & B","MsgContentTypeId":12,"Password":"p@ss","PhoneNumber":"84912345678","PrefixId":"MYBRAND","RequestId":"` + reference + `","Username":"acme"}`,
		},
	},
	"abenla": {
		abenla, "api.abenla.com", 200, `{"Code":106,"Message":"Success","SmsPerMessage":1}`, "",
		call{"GET", "/api/SendSms?brandName=MYBRAND&callBack=false&loginName=ACME1&message=" + textInQuery +
			"&phoneNumber=84912345678&serviceTypeId=271&sign=0cc175b9c0f1b6a831c399e269772661&smsGuid=" + reference, "", "", ""},
	},
	"8x8": {
		eight, "sms.8x8.com", 200, `{"umid":"` + umid + `","destination":"84912345678","encoding":"UCS2","status":{"code":"QUEUED","description":"SMS is accepted and queued for processing"}}`, umid,
		call{
			"POST", "/api/v1/subaccounts/acme_sms/messages", "Bearer tok-123", "application/json",
			`{"clientMessageId":"` + reference + `","destination":"+84912345678","dlrCallbackUrl":"` + callback + `?token=h00k","encoding":"AUTO","source":"MYBRAND","text":"Đơn \"A\" & B"}`,
		},
	},
	"8x8-viber": {
		eightViber, "chatapps.8x8.com", 200, queued, umid,
		call{
			"POST", "/api/v1/subaccounts/acme_cs/messages", "Bearer tok-123", "application/json",
			`{"channels":[{"channel":"viber"}],"clientMessageId":"` + reference + `","content":{"text":"Đơn \"A\" & B"},"dlrCallbackUrl":"` + callback + `?token=h00k","type":"text","user":{"msisdn":"+84912345678"}}`,
		},
	},
	"8x8-zns": {
		eightZNS, "chatapps.8x8.com", 200, queued, umid,
		call{
			"POST", "/api/v1/subaccounts/acme_cs/messages", "Bearer tok-123", "application/json",
			`{"channels":[{"channel":"ZaloNotification"}],"clientMessageId":"` + reference + `","content":{"template":{"components":[{"parameters":[` +
				`{"name":"name","text":"Lan <3","type":"text"},{"name":"otp","text":"4821","type":"text"}],"type":"body"}],"language":"vi","name":"300123"}},` +
				`"dlrCallbackUrl":"` + callback + `?token=h00k","type":"template","user":{"msisdn":"+84912345678"}}`,
		},
	},
	"southtelecom-zns": {
		southTelecom, "api-04.worldsms.vn", 200, `{"status":1,"tracking_id":"st-1"}`, "st-1",
		call{
			"POST", "/apidebit/sendZNS", "Basic YWNtZTpwQHNz", "application/json",
			`{"client_req_id":"` + reference + `","dlr":1,"from":"MYBRAND","template_data":{"name":"Lan <3","otp":"4821"},"template_id":"300123","to":"84912345678"}`,
		},
	},
	"jasmin": {
		jasmin, "", 200, `Success "07033084"`, "07033084",
		call{"GET", "/send?content=Don+%22A%22+%26+B&dlr=yes&dlr-level=2&dlr-method=POST&dlr-url=" + hookInQuery +
			"&from=MYBRAND&password=p%40ss&to=84912345678&username=acme", "", "", ""},
	},
	"kannel": {
		kannel, "", 202, `0: Accepted for delivery`, "",
		call{"GET", "/cgi-bin/sendsms?charset=UTF-8&coding=2&dlr-mask=31&dlr-url=" + hookInQuery + "%26ref%3D" + reference +
			"%26dlr%3D%25d&from=MYBRAND&password=p%40ss&text=" + textInQuery + "&to=84912345678&username=acme", "", "", ""},
	},
}

func TestPresetsOnTheWire(t *testing.T) {
	for name, tt := range known {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, tt.status, tt.answer)
			taken, err := build(t, tt.account, base).Send(t.Context(), outbound())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, *last); diff != "" {
				t.Errorf("wire (-want +got):\n%s", diff)
			}
			if taken.ProviderID != tt.id {
				t.Errorf("id %q, want %q", taken.ProviderID, tt.id)
			}
		})
	}
}

// TestPresetFiles holds that every file is used by the tests above, and goes where the sources say.
func TestPresetFiles(t *testing.T) {
	if _, err := presets(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range Presets() {
		names = append(names, p.Name)
		host := ""
		if p.BaseURL != "" {
			u, err := url.Parse(p.BaseURL)
			if err != nil || u.Scheme != "https" || u.Path != "" {
				t.Errorf("%s: base_url %q", p.Name, p.BaseURL)
			}
			host = u.Host
		}
		if host != known[p.Name].host {
			t.Errorf("%s goes to %q, want %q", p.Name, host, known[p.Name].host)
		}
		if p.Title == "" || p.About == "" || len(p.Channels) == 0 || len(p.Unsure) == 0 || len(p.Needs) == 0 {
			t.Errorf("%s lacks a title, an about, channels, needs or what is unsure", p.Name)
		}
		for _, need := range p.Needs {
			if need.Help == "" || need.Default != "" && !strings.HasPrefix(need.Name, "values.") {
				t.Errorf("%s: %s lacks a help, or has a default that is no value", p.Name, need.Name)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(known)), names); diff != "" {
		t.Errorf("presets (-tested +shipped):\n%s", diff)
	}
}

func TestPresetsAtTheirOwnAddress(t *testing.T) {
	for name, tt := range known {
		own := strings.Replace(tt.account, `"base_url": "BASE", `, "", 1)
		channel := Presets()[slices.IndexFunc(Presets(), func(p Preset) bool { return p.Name == name })].Channels[0]
		_, err := configure(t, channel, own, "")
		e, missing := errors.AsType[*channels.SettingError](err)
		if tt.host != "" && err != nil || tt.host == "" && (!missing || e.Field != "base_url") {
			t.Errorf("%s without base_url: %v", name, err)
		}
	}
}

// edited is an account with a change.
func edited(t *testing.T, account string, edit func(doc map[string]any)) string {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal([]byte(account), &doc); err != nil {
		t.Fatal(err)
	}
	edit(doc)
	raw, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestPresetNeeds(t *testing.T) {
	for _, p := range Presets() {
		for _, need := range p.Needs {
			t.Run(p.Name+"/"+need.Name, func(t *testing.T) {
				lacking := edited(t, known[p.Name].account, func(doc map[string]any) {
					group, key, inGroup := strings.Cut(need.Name, ".")
					if values, ok := doc[group].(map[string]any); inGroup && ok {
						delete(values, key)
					} else {
						delete(doc, group)
					}
				})
				_, err := configure(t, p.Channels[0], lacking, "https://gw.example")
				e, missing := errors.AsType[*channels.SettingError](err)
				if need.Default == "" && (!missing || e.Field != need.Name || !strings.Contains(e.Message, need.Help)) {
					t.Errorf("got %v, want a SettingError of %s", err, need.Name)
				}
				if need.Default != "" && err != nil {
					t.Errorf("there is a default, and yet: %v", err)
				}
			})
		}
	}
}

func TestPresetFaults(t *testing.T) {
	tests := map[string]struct{ config, field, says string }{
		"unknown":          {`{"preset": "speedy"}`, "preset", "speedsms"},
		"no text":          {`{"preset": ["speedsms"]}`, "preset", "is not known"},
		"other channel":    {strings.Replace(eightViber, "BASE", "https://gw.example", 1), "preset", "viber"},
		"unknown field":    {`{"preset": "speedsms", "form": "MYBRAND"}`, "form", ""},
		"base unused":      {`{"base_url": "https://gw.example", "request": {"url": "https://other.example/"}}`, "base_url", "no url begins"},
		"base missing":     {`{"request": {"url": "{{base_url}}/send"}}`, "base_url", "is required"},
		"base with query":  {strings.Replace(speedSMS, "BASE", "https://gw.example/?a=b", 1), "base_url", "must be"},
		"base of ftp":      {strings.Replace(speedSMS, "BASE", "ftp://gw.example", 1), "base_url", "must be"},
		"base a template":  {strings.Replace(speedSMS, "BASE", "https://gw.example/{{to}}", 1), "base_url", "must be"},
		"base inside":      {`{"base_url": "https://gw.example", "request": {"url": "https://gw.example/{{base_url}}"}}`, "base_url", "no url begins"},
		"value missing":    {`{"request": {"url": "https://gw.example/{{value.x}}"}}`, "request.url", "settings.values"},
		"value of an item": {`{"request": {"url": "https://gw.example/{{param_name}}"}}`, "request.url", "not known here"},
		"each when asking": {`{"request": {"url": "https://gw.example/"}, "status": {"request": {"url": "https://gw.example/{{id}}", "content_type": "json", "body": [{"each_param": "x"}]}}}`, "status.request.body[0].each_param", "template data"},
		"omit in a text":   {`{"request": {"url": "https://gw.example/", "content_type": "json", "body": "{\"a\": {{text|omit_empty}}}"}}`, "request.body", "omit_empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := configure(t, policy.SMS, tt.config, "")
			if e, ok := errors.AsType[*channels.SettingError](err); !ok || e.Field != tt.field || !strings.Contains(e.Message, tt.says) {
				t.Errorf("got %v, want a SettingError of %s that says %q", err, tt.field, tt.says)
			}
		})
	}
}

func TestPresetOverridden(t *testing.T) {
	send := func(t *testing.T, name string, value any) (call, channels.Adapter, error) {
		t.Helper()
		base, last := gateway(t, 200, known["speedsms"].answer)
		a := build(t, edited(t, speedSMS, func(doc map[string]any) { doc[name] = value }), base)
		_, err := a.Send(t.Context(), outbound())
		return *last, a, err
	}
	t.Run("value", func(t *testing.T) {
		got, _, err := send(t, "values", map[string]string{"sms_type": "2"})
		if err != nil || !strings.Contains(got.Body, `"sms_type":2`) {
			t.Errorf("%v, sent %+v", err, got)
		}
	})
	t.Run("bad value", func(t *testing.T) {
		got, _, err := send(t, "values", map[string]string{"sms_type": "brandname"})
		if f := channels.AsFailure(err); f.Code != "bad_content" || got.Method != "" {
			t.Errorf("%v, sent %+v", err, got)
		}
	})
	t.Run("slash after the address", func(t *testing.T) {
		got, _, err := send(t, "base_url", "BASE/")
		if err != nil || got.URI != "/index.php/sms/send" {
			t.Errorf("%v, sent %+v", err, got)
		}
	})
	t.Run("request", func(t *testing.T) {
		got, a, err := send(t, "request", map[string]string{"url": "{{base_url}}/send?t={{to_national}}"})
		if err != nil || got.URI != "/send?t=0912345678" {
			t.Errorf("%v, sent %+v", err, got)
		}
		if !a.Capabilities().QueryByProviderID {
			t.Error("the preset's status call is gone")
		}
	})
	t.Run("no receipts, and no secret for them", func(t *testing.T) {
		account := edited(t, vietGuys, func(doc map[string]any) {
			doc["receipt"] = nil
			doc["secrets"] = map[string]string{"user": "acme", "token": "tok-123"}
		})
		if got := build(t, account, "https://gw.example").Capabilities().Receipts; got != nil {
			t.Errorf("receipts %v", got)
		}
	})
}

func TestViberLayouts(t *testing.T) {
	button := &channels.Button{Text: "Xem", URL: "https://a.example/1"}
	tests := map[string]struct {
		content channels.Content
		want    string
	}{
		"image":        {channels.Content{ImageURL: "https://a.example/i.png"}, `"content":{"url":"https://a.example/i.png"},"dlrCallbackUrl":"` + callback + `?token=h00k","type":"image"`},
		"button":       {channels.Content{Text: "T", Button: button}, `"content":{"button":{"action":"https://a.example/1","caption":"Xem"},"text":"T"},"dlrCallbackUrl":"` + callback + `?token=h00k","type":"buttons"`},
		"image_button": {channels.Content{Text: "T", ImageURL: "https://a.example/i.png", Button: button}, `"content":{"button":{"action":"https://a.example/1","caption":"Xem"},"text":"T","url":"https://a.example/i.png"},"dlrCallbackUrl":"` + callback + `?token=h00k","type":"buttons"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, 200, queued)
			out := outbound()
			out.Content = tt.content
			if _, err := build(t, eightViber, base).Send(t.Context(), out); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(last.Body, tt.want) {
				t.Errorf("got  %s\nwant %s", last.Body, tt.want)
			}
		})
	}
}

func TestPresetRefusals(t *testing.T) {
	tests := map[string]struct {
		account  string
		status   int
		body     string
		class    policy.Class
		code     string
		provider string
	}{
		"SpeedSMS bad number":        {speedSMS, 200, `{"status":"error","code":"105"}`, policy.ClassRecipient, "refused_recipient", "105"},
		"SpeedSMS no balance":        {speedSMS, 200, `{"status":"error","code":"300"}`, policy.ClassAccount, "account", "300"},
		"SpeedSMS code of unclear":   {speedSMS, 200, `{"status":"error","code":"500"}`, policy.ClassUnknown, "unknown", "500"},
		"SpeedSMS code without map":  {speedSMS, 200, `{"status":"error","code":"999","message":"no ` + phone + `"}`, policy.ClassRequest, "refused", "999"},
		"SpeedSMS zero is not 00":    {speedSMS, 200, `{"status":"success","code":0}`, policy.ClassRequest, "refused", "0"},
		"SpeedSMS page":              {speedSMS, 200, `<html>`, policy.ClassUnknown, "unreadable_answer", "200"},
		"SpeedSMS throttled":         {speedSMS, 429, ``, policy.ClassThrottled, "throttled", "429"},
		"SpeedSMS 500, no code":      {speedSMS, 500, `<html>`, policy.ClassUnknown, "provider_error", "500"},
		"VietGuys refused":           {vietGuys, 200, `{"error":-3,"log":"bad brand"}`, policy.ClassRequest, "refused", "-3"},
		"VietGuys 500 says success":  {vietGuys, 500, `{"error":0}`, policy.ClassUnknown, "provider_error", "0"},
		"VietGuys page of a proxy":   {vietGuys, 200, `<html>`, policy.ClassUnknown, "unreadable_answer", "200"},
		"Incom blocked":              {incom, 200, `{"StatusCode":"360"}`, policy.ClassRecipient, "refused_recipient", "360"},
		"Incom bad number":           {incom, 200, `{"StatusCode":"392"}`, policy.ClassRecipient, "refused_recipient", "392"},
		"Incom address":              {incom, 200, `{"StatusCode":"395"}`, policy.ClassAccount, "config", "395"},
		"Incom brandname":            {incom, 200, `{"StatusCode":"509"}`, policy.ClassAccount, "config", "509"},
		"Incom too long":             {incom, 200, `{"StatusCode":"515"}`, policy.ClassRequest, "refused_content", "515"},
		"Incom needs [QC]":           {incom, 200, `{"StatusCode":"536"}`, policy.ClassRequest, "refused_content", "536"},
		"Incom HTTP 304 is not 304":  {incom, 304, ``, policy.ClassAccount, "redirected", "304"},
		"Abenla no balance":          {abenla, 200, `{"Code":105,"Message":"AccountIsZero"}`, policy.ClassAccount, "account", "105"},
		"Abenla wrong sign":          {abenla, 200, `{"Code":107}`, policy.ClassAccount, "config", "107"},
		"Abenla keyword":             {abenla, 200, `{"Code":117}`, policy.ClassRequest, "refused_content", "117"},
		"Abenla new code":            {abenla, 200, `{"Code":999}`, policy.ClassRequest, "refused", "999"},
		"8x8 number":                 {eight, 400, `{"code":1002,"message":"Invalid MSISDN format"}`, policy.ClassRecipient, "refused_recipient", "1002"},
		"8x8 sender":                 {eight, 400, `{"code":1005,"message":"source"}`, policy.ClassAccount, "config", "1005"},
		"8x8 text":                   {eight, 400, `{"code":1004}`, policy.ClassRequest, "refused_content", "1004"},
		"8x8 key":                    {eight, 401, `{"code":1200}`, policy.ClassAccount, "config", "1200"},
		"8x8 too fast":               {eight, 429, `{"code":429,"message":"Quota exceeded"}`, policy.ClassThrottled, "throttled", "429"},
		"8x8 internal":               {eight, 500, `{"code":2000}`, policy.ClassUnknown, "provider_error", "2000"},
		"8x8 not queued":             {eight, 200, `{"umid":"u","status":{"code":"REJECTED"}}`, policy.ClassRequest, "refused", "200"},
		"8x8 Viber channel":          {eightViber, 400, `{"code":3027}`, policy.ClassAccount, "config", "3027"},
		"8x8 ZNS template not found": {eightZNS, 400, `{"code":3038}`, policy.ClassAccount, "config", "3038"},
		"8x8 ZNS parameter":          {eightZNS, 400, `{"code":3041}`, policy.ClassRequest, "refused_content", "3041"},
		"South Telecom out of quota": {southTelecom, 200, `{"status":0,"errorcode":82,"description":"quota"}`, policy.ClassAccount, "account", "82"},
		"South Telecom number":       {southTelecom, 200, `{"status":0,"errorcode":53}`, policy.ClassRecipient, "refused_recipient", "53"},
		"South Telecom template":     {southTelecom, 200, `{"status":0,"errorcode":557}`, policy.ClassRequest, "refused_content", "557"},
		"Jasmin bad password":        {jasmin, 403, `Error "Authentication failure"`, policy.ClassAccount, "config", "403"},
		"Jasmin no route":            {jasmin, 412, `Error "No route found"`, policy.ClassAccount, "config", "412"},
		"Jasmin other refusal":       {jasmin, 400, `Error "bad to 84912345678"`, policy.ClassRequest, "request_refused", "400"},
		"Kannel refusal":             {kannel, 403, `Authorization failed for sendsms`, policy.ClassAccount, "not_authorized", "403"},
		"Kannel other words":         {kannel, 202, `hello`, policy.ClassUnknown, "unreadable_answer", "202"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, _ := gateway(t, tt.status, tt.body)
			_, err := build(t, tt.account, base).Send(t.Context(), outbound())
			f, ok := errors.AsType[*channels.Failure](err)
			if !ok {
				t.Fatalf("got %v, want a Failure", err)
			}
			if diff := cmp.Diff([]string{string(tt.class), tt.code, tt.provider}, []string{string(f.Class), f.Code, f.ProviderCode}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if strings.Contains(f.Error(), "912345678") {
				t.Errorf("%q tells the number", f.Error())
			}
		})
	}
}

func TestPresetsTakenOtherwise(t *testing.T) {
	for name, tt := range map[string]struct {
		account, body string
		status        int
	}{
		"Incom duplicate": {incom, `{"StatusCode":"304"}`, 200}, "Abenla pending": {abenla, `{"Code":212}`, 200}, "Kannel queued": {kannel, `3: Queued for later delivery`, 202},
	} {
		base, _ := gateway(t, tt.status, tt.body)
		if _, err := build(t, tt.account, base).Send(t.Context(), outbound()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// eightHook is a callback of 8x8 with a status.
func eightHook(namespace, status, more string) channels.Hook {
	return channels.Hook{Method: "POST", Body: []byte(`{"namespace":"` + namespace + `","eventType":"outbound_message_status_changed","payload":{"umid":"` + umid +
		`","clientMessageId":"` + reference + `","status":` + status + more + `}}`)}
}

func TestPresetReceipts(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	at := time.Date(2026, 11, 20, 1, 0, 3, 510_000_000, time.UTC)
	tests := map[string]struct {
		account string
		hook    channels.Hook
		want    []channels.Receipt
		err     error
	}{
		"SpeedSMS delivered": {
			speedSMS,
			channels.Hook{Method: "POST", Body: []byte(`{"type":"report","tranId":11,"phone":"x","status":0}`)},
			[]channels.Receipt{{ProviderID: "11", Kind: policy.ReceiptDelivered, Key: "11:0:"}},
			nil,
		},
		"SpeedSMS failed": {
			speedSMS,
			channels.Hook{Method: "POST", Body: []byte(`{"tranId":11,"status":3}`)},
			[]channels.Receipt{{ProviderID: "11", Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "failed", ProviderCode: "3", Key: "11:3:"}},
			nil,
		},
		"VietGuys sent": {
			vietGuys,
			channels.Hook{Method: "POST", Body: []byte(`{"data":{"message_id":"vg-1","status":"sent"}}`)},
			[]channels.Receipt{{ProviderID: "vg-1", Kind: policy.ReceiptSent, Key: "vg-1:sent:"}},
			nil,
		},
		"VietGuys status of tomorrow": {vietGuys, channels.Hook{Method: "POST", Body: []byte(`{"data":{"message_id":"vg-1","status":"new"}}`)}, nil, channels.ErrUnreadable},
		"VietGuys no id":              {vietGuys, channels.Hook{Method: "POST", Body: []byte(`{}`)}, nil, channels.ErrUnreadable},
		"8x8 queued":                  {eight, eightHook("SMS", `{"state":"queued","timestamp":"2026-11-20T01:00:03.51Z"}`, ""), nil, nil},
		"8x8 operator has it": {
			eight, eightHook("SMS", `{"state":"delivered","detail":"delivered_to_operator","timestamp":"2026-11-20T01:00:03.51Z"}`, ""),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptSent, At: at, Key: reference + ":delivered/delivered_to_operator:"}},
			nil,
		},
		"8x8 delivered, with a price": {
			eight, eightHook("SMS", `{"state":"delivered","detail":"delivered_to_recipient","timestamp":"2026-11-20T01:00:03.51Z"}`, `,"price":{"total":0.0375,"perSms":0.0375,"currency":"USD"},"smsCount":1`),
			[]channels.Receipt{{
				Reference: reference, Kind: policy.ReceiptDelivered, At: at, Key: reference + ":delivered/delivered_to_recipient:",
				Price: channels.ReadPrice("0.0375", "USD"),
			}},
			nil,
		},
		"8x8 delivered, no detail": {
			eight, eightHook("SMS", `{"state":"delivered","detail":null}`, ""),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptDelivered, Key: reference + ":delivered:"}},
			nil,
		},
		"8x8 no credit": {
			eight, eightHook("SMS", `{"state":"undelivered","detail":"rejected_by_operator","errorCode":42,"errorMessage":"credit"}`, ""),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptFailed, Class: policy.ClassAccount, Code: "account", ProviderCode: "42", Detail: "credit", Key: reference + ":undelivered/rejected_by_operator:42"}},
			nil,
		},
		"8x8 code of tomorrow": {
			eight, eightHook("SMS", `{"state":"rejected","errorCode":99}`, ""),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "failed", ProviderCode: "99", Key: reference + ":rejected:99"}},
			nil,
		},
		"8x8 state of tomorrow": {eight, eightHook("SMS", `{"state":"lost"}`, ""), nil, channels.ErrUnreadable},
		"8x8 Viber read": {
			eightViber, eightHook("ChatApps", `{"state":"read","timestamp":"2026-11-20T01:00:03.5100000Z"}`, `,"channel":"viber"`),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptRead, At: at, Key: reference + ":read:"}},
			nil,
		},
		"8x8 ZNS absent": {
			eightZNS, eightHook("ChatApps", `{"state":"undelivered","detail":"rejected_by_operator","timestamp":"2026-11-20T01:00:03.51Z","errorCode":1,"errorMessage":"AbsentSubscriber"}`, `,"channel":"ZaloNotification"`),
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptFailed, At: at, Class: policy.ClassRecipient, Code: "refused_recipient", ProviderCode: "1", Detail: "AbsentSubscriber", Key: reference + ":undelivered/rejected_by_operator:1"}},
			nil,
		},
		"Jasmin expired": {
			jasmin,
			channels.Hook{Method: "POST", Header: form, Body: []byte(`id=07033084&message_status=EXPIRED&err=027`)},
			[]channels.Receipt{{ProviderID: "07033084", Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "expired", ProviderCode: "027", Key: "07033084:EXPIRED:027"}},
			nil,
		},
		"Jasmin ignored": {jasmin, channels.Hook{Method: "POST", Header: form, Body: []byte(`id=07033084&message_status=ACCEPTD`)}, nil, nil},
		"Kannel delivered": {
			kannel,
			channels.Hook{Method: "GET", URL: "&ref=" + reference + "&dlr=1"},
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptDelivered, Key: reference + ":1:"}},
			nil,
		},
		"South Telecom delivered": {
			southTelecom,
			channels.Hook{Method: "GET", URL: "&smsid=" + reference + "&status=1&deliveredts=1795136403"},
			[]channels.Receipt{{Reference: reference, Kind: policy.ReceiptDelivered, At: time.Unix(1795136403, 0).UTC(), Key: reference + ":1:"}},
			nil,
		},
		"South Telecom by POST": {southTelecom, channels.Hook{Method: "POST", URL: "&smsid=" + reference + "&status=1"}, nil, channels.ErrUnreadable},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reader := build(t, tt.account, "https://gw.example").(channels.HookReader)
			tt.hook.URL = callback + "?token=h00k" + tt.hook.URL
			got, err := reader.ReadHook(tt.hook)
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			tt.hook.URL = strings.Replace(tt.hook.URL, "h00k", "h00", 1)
			if _, err := reader.ReadHook(tt.hook); !errors.Is(err, channels.ErrForged) {
				t.Errorf("wrong token: got %v, want ErrForged", err)
			}
		})
	}
}

func TestPresetCapabilitiesAndAnswers(t *testing.T) {
	delivered := []policy.Receipt{policy.ReceiptDelivered}
	sent := []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}
	tests := map[string]struct {
		account string
		caps    channels.Capabilities
		answer  string
	}{
		"SpeedSMS":      {speedSMS, channels.Capabilities{Receipts: delivered, QueryByProviderID: true}, ""},
		"VietGuys":      {vietGuys, channels.Capabilities{Receipts: sent}, ""},
		"Incom":         {incom, channels.Capabilities{}, ""},
		"Abenla":        {abenla, channels.Capabilities{}, ""},
		"8x8":           {eight, channels.Capabilities{Receipts: sent}, ""},
		"8x8 Viber":     {eightViber, channels.Capabilities{Receipts: append(slices.Clone(sent), policy.ReceiptRead), QueryByProviderID: true}, ""},
		"8x8 ZNS":       {eightZNS, channels.Capabilities{Receipts: sent, QueryByProviderID: true}, ""},
		"Jasmin":        {jasmin, channels.Capabilities{Receipts: sent}, "ACK/Jasmin"},
		"Kannel":        {kannel, channels.Capabilities{Receipts: sent}, ""},
		"South Telecom": {southTelecom, channels.Capabilities{Receipts: delivered}, "OK"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, tt.account, "https://gw.example")
			if diff := cmp.Diff(tt.caps, a.Capabilities()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			status, media, body := a.(channels.HookAnswerer).HookAnswer()
			if status != 200 || media != textPlain || string(body) != tt.answer {
				t.Errorf("answers %d %s %q, want %q", status, media, body, tt.answer)
			}
			if _, can := a.(channels.StatusQuerier); can != tt.caps.QueryByProviderID {
				t.Errorf("StatusQuerier %v", can)
			}
		})
	}
}

func TestPresetQuery(t *testing.T) {
	const speedURI, eightURI = "/index.php/sms/status/1%2F1", "/api/v1/subaccounts/acme_cs/messages/1%2F1"
	tests := map[string]struct {
		account, uri string
		status       int
		body         string
		found        bool
		kind         policy.Receipt
		code         string
	}{
		"SpeedSMS delivered":  {speedSMS, speedURI, 200, `{"data":[{"phone":"x","status":0}]}`, true, policy.ReceiptDelivered, ""},
		"SpeedSMS not yet":    {speedSMS, speedURI, 200, `{"data":[{"phone":"x","status":-1}]}`, true, "", ""},
		"SpeedSMS not there":  {speedSMS, speedURI, 404, ``, false, "", ""},
		"SpeedSMS unreadable": {speedSMS, speedURI, 200, `{}`, false, "", "unreadable_answer"},
		"SpeedSMS down":       {speedSMS, speedURI, 502, ``, false, "", "provider_error"},
		"8x8 Viber read":      {eightViber, eightURI, 200, `{"data":[{"umid":"u","status":{"state":"read"},"step":1}]}`, true, policy.ReceiptRead, ""},
		"8x8 ZNS at operator": {eightZNS, eightURI, 200, `{"data":[{"umid":"u","status":{"state":"delivered","detail":"delivered_to_operator"}}]}`, true, policy.ReceiptSent, ""},
		"8x8 ZNS failed":      {eightZNS, eightURI, 200, `{"data":[{"umid":"u","status":{"state":"undelivered","errorCode":1}}]}`, true, policy.ReceiptFailed, ""},
		"8x8 ZNS not there":   {eightZNS, eightURI, 404, `{"code":1300}`, false, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, tt.status, tt.body)
			q := build(t, tt.account, base).(channels.StatusQuerier)
			got, err := q.Query(t.Context(), channels.Query{Reference: reference, ProviderID: "1/1", To: phone})
			if last.Method != "GET" || last.URI != tt.uri {
				t.Errorf("asked %s %s", last.Method, last.URI)
			}
			if tt.code != "" {
				if f := channels.AsFailure(err); f.Code != tt.code || f.Class != policy.ClassUnknown {
					t.Errorf("got %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil || got.Found != tt.found || got.Receipt.Kind != tt.kind {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// TestSuite runs the common suite over one preset of each kind of request.
func TestSuite(t *testing.T) {
	for _, name := range []string{"speedsms", "vietguys", "jasmin", "southtelecom-zns", "8x8", "abenla"} {
		t.Run(name, func(t *testing.T) {
			p := known[name]
			account := strings.ReplaceAll(p.account, "tok-123", "token-of-the-account")
			answer := strings.ReplaceAll(p.answer, "9007199254740993", `"t1"`) // as a text, so that the suite tries its own
			h := channeltest.Harness{
				New: func(t *testing.T, base string, client *http.Client) channels.Adapter {
					return channeltest.Build(t, Spec(), channels.Config{
						Channel: channelOf(account), Settings: settingsOf(t, account, base), HTTP: client, Now: func() time.Time { return now },
					})
				},
				Outbound: outbound(),
				Success:  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) },
				Secrets:  []string{"token-of-the-account", "p@ss", "h00k", "0cc175b9c0f1b6a831c399e269772661"},
			}
			if name == "speedsms" {
				h.UnknownCode = func(w http.ResponseWriter, _ *http.Request) {
					_, _ = io.WriteString(w, `{"status":"error","code":"new"}`)
				}
			}
			channeltest.Run(t, h)
		})
	}
}
