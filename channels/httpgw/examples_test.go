package httpgw

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const (
	reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	phone     = "+84912345678"
	callback  = "https://app.example/hooks/http/a1"
)

var now = time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)

// Configurations of real gateways; BASE stands for the address.
const (
	speedSMS = `{
		"request": {"method": "POST", "url": "BASE/index.php/sms/send", "auth": {"basic": {"user": "{{secret.token}}", "password": "x"}},
			"content_type": "json", "body": {"to": ["{{to_digits}}"], "content": "{{text_ascii}}", "sms_type": 3, "sender": "{{from}}"}},
		"response": {"success": [{"status": [200]}, {"pointer": "/status", "equals": "success"}, {"pointer": "/code", "equals": "00"}],
			"provider_id": {"pointer": "/data/tranId"}, "code": {"pointer": "/code"}, "message": {"pointer": "/message"},
			"code_map": {"105": "refused_recipient", "101": "config", "300": "account", "007": "account", "500": "down"}},
		"receipt": {"id": {"pointer": "/tranId", "kind": "provider"}, "status": {"pointer": "/status"},
			"status_map": {"0": "delivered", "default": "failed"}, "verify": {"token": "{{secret.hook}}"}},
		"status": {"request": {"url": "BASE/index.php/sms/status/{{provider_id}}", "auth": {"basic": {"user": "{{secret.token}}", "password": "x"}}},
			"not_found": [{"status": [404]}], "status": {"pointer": "/data/0/status"}, "status_map": {"0": "delivered", "default": "ignored"}},
		"secrets": {"token": "tok-123", "hook": "h00k"}, "from": "MYBRAND"}`
	vietGuys = `{
		"request": {"method": "POST", "url": "BASE/api/index.php", "content_type": "form",
			"body": {"u": "{{secret.user}}", "pwd": "{{secret.token}}", "from": "{{from}}", "phone": "{{to_digits}}", "sms": "{{text}}", "bid": "{{id}}",
				"type": "{{encoding == 'ucs2' ? '8' : '0'}}", "json": "1"}},
		"response": {"success": [{"pointer": "/error", "equals": 0}], "provider_id": {"pointer": "/msgid"}, "code": {"pointer": "/error"}, "message": {"pointer": "/log"}},
		"receipt": {"id": {"pointer": "/data/message_id", "kind": "provider"}, "status": {"pointer": "/data/status"},
			"status_map": {"delivered": "delivered", "fail": "failed", "sent": "sent"}, "verify": {"token": "{{secret.hook}}"}},
		"secrets": {"user": "acme", "token": "tok-123", "hook": "h00k"}, "from": "MYBRAND"}`
	jasmin = `{
		"request": {"method": "GET", "url": "BASE/send", "query": {"username": "{{secret.user}}", "password": "{{secret.pass}}", "to": "{{to_digits}}", "from": "{{from}}",
			"content": "{{text_ascii}}", "dlr": "yes", "dlr-level": "2", "dlr-method": "POST", "dlr-url": "{{callback_url}}"}},
		"response": {"success": [{"status": [200]}, {"regex": "^Success \"[^\"]+\"$"}], "provider_id": {"regex": "^Success \"([^\"]+)\""},
			"message": {"regex": "^Error \"(.*)\""}, "code_map": {"403": "config", "412": "config", "500": "down"}},
		"receipt": {"id": {"field": "id", "kind": "provider"}, "status": {"field": "message_status"},
			"status_map": {"ESME_ROK": "sent", "DELIVRD": "delivered", "UNDELIV": "failed", "EXPIRED": "expired", "REJECTD": "failed", "default": "ignored"},
			"error_code": {"field": "err"}, "verify": {"token": "{{secret.hook}}"}, "answer": {"status": 200, "body": "ACK/Jasmin"}},
		"secrets": {"user": "acme", "pass": "p@ss", "hook": "h00k"}, "from": "MYBRAND"}`
	southTelecom = `{
		"request": {"method": "POST", "url": "BASE/apidebit/sendZNS", "auth": {"basic": {"user": "{{secret.user}}", "password": "{{secret.pass}}"}}, "content_type": "json",
			"body": {"from": "{{from}}", "to": "{{to_digits}}", "template_id": "{{template_id}}", "template_data": "{{params}}", "client_req_id": "{{id}}", "dlr": 1}},
		"response": {"success": [{"pointer": "/status", "equals": 1}], "provider_id": {"pointer": "/tracking_id"}, "code": {"pointer": "/errorcode"}, "message": {"pointer": "/description"},
			"code_map": {"40": "config", "53": "refused_recipient", "557": "refused_content", "82": "account"}},
		"receipt": {"method": "GET", "id": {"field": "smsid", "kind": "ours"}, "status": {"field": "status"}, "status_map": {"1": "delivered", "0": "failed"},
			"error_code": {"field": "otterrorcode"}, "at": {"field": "deliveredts", "format": "unix"}, "verify": {"token": "{{secret.hook}}"}, "answer": {"status": 200, "body": "OK"}},
		"secrets": {"user": "acme", "pass": "p@ss", "hook": "h00k"}, "from": "MYBRAND"}`
)

// configure builds the adapter of a configuration written as JSON.
func configure(t testing.TB, config, base string) (channels.Adapter, error) {
	t.Helper()
	var settings map[string]json.RawMessage
	if err := json.Unmarshal([]byte(strings.ReplaceAll(config, "BASE", base)), &settings); err != nil {
		t.Fatal(err)
	}
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		t.Fatal(err)
	}
	return reg.Build("http", channels.Config{
		Channel: policy.SMS, Settings: settings, HTTP: channels.NewHTTPClient(nil), Now: func() time.Time { return now },
	})
}

func build(t testing.TB, config, base string) channels.Adapter {
	t.Helper()
	a, err := configure(t, config, base)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// call is what the gateway saw.
type call struct{ Method, URI, Authorization, ContentType, Body string }

func gateway(t *testing.T, status int, body string) (base string, last *call) {
	t.Helper()
	last = &call{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		*last = call{r.Method, r.RequestURI, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(b)}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, last
}

func outbound() channels.Outbound {
	return channels.Outbound{
		Reference: reference, To: phone, Category: policy.OTP, ValidFor: time.Minute, CallbackURL: callback,
		Content: channels.Content{Text: `Đơn "A" & B`, TemplateID: "300123", TemplateData: map[string]string{"otp": "4821", "name": "Lan <3"}},
	}
}

func TestExamplesOnTheWire(t *testing.T) {
	tests := map[string]struct {
		config, answer, id string
		want               call
	}{
		"SpeedSMS": {
			speedSMS, `{"status":"success","code":"00","data":{"tranId":9007199254740993,"totalPrice":250}}`, "9007199254740993",
			call{
				"POST", "/index.php/sms/send", "Basic dG9rLTEyMzp4", "application/json",
				`{"content":"Don \"A\" & B","sender":"MYBRAND","sms_type":3,"to":["84912345678"]}`,
			},
		},
		"VietGuys": {
			vietGuys, `{"error":0,"msgid":"vg-1","log":""}`, "vg-1",
			call{
				"POST", "/api/index.php", "", "application/x-www-form-urlencoded",
				"bid=" + reference + "&from=MYBRAND&json=1&phone=84912345678&pwd=tok-123&sms=%C4%90%C6%A1n+%22A%22+%26+B&type=8&u=acme",
			},
		},
		"Jasmin": {
			jasmin, `Success "07033084"`, "07033084",
			call{"GET", "/send?content=Don+%22A%22+%26+B&dlr=yes&dlr-level=2&dlr-method=POST&dlr-url=https%3A%2F%2Fapp.example%2Fhooks%2Fhttp%2Fa1%3Ftoken%3Dh00k" +
				"&from=MYBRAND&password=p%40ss&to=84912345678&username=acme", "", "", ""},
		},
		"South Telecom": {
			southTelecom, `{"status":1,"tracking_id":"st-1"}`, "st-1",
			call{
				"POST", "/apidebit/sendZNS", "Basic YWNtZTpwQHNz", "application/json",
				`{"client_req_id":"` + reference + `","dlr":1,"from":"MYBRAND","template_data":{"name":"Lan <3","otp":"4821"},"template_id":"300123","to":"84912345678"}`,
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, 200, tt.answer)
			taken, err := build(t, tt.config, base).Send(t.Context(), outbound())
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

func TestExamplesRefusals(t *testing.T) {
	tests := map[string]struct {
		config   string
		status   int
		body     string
		class    policy.Class
		code     string
		provider string
	}{
		"SpeedSMS bad number":        {speedSMS, 200, `{"status":"error","code":"105"}`, policy.ClassRecipient, "refused_recipient", "105"},
		"SpeedSMS code without map":  {speedSMS, 200, `{"status":"error","code":"999","message":"no ` + phone + `"}`, policy.ClassRequest, "refused", "999"},
		"SpeedSMS zero is not 00":    {speedSMS, 200, `{"status":"success","code":0}`, policy.ClassRequest, "refused", "0"},
		"SpeedSMS page":              {speedSMS, 200, `<html>`, policy.ClassUnknown, "unreadable_answer", "200"},
		"SpeedSMS throttled":         {speedSMS, 429, ``, policy.ClassThrottled, "throttled", "429"},
		"SpeedSMS error, no code":    {speedSMS, 503, `<html>`, policy.ClassUnknown, "provider_error", "503"},
		"SpeedSMS 500 without code":  {speedSMS, 500, `<html>`, policy.ClassDown, "down", "500"},
		"VietGuys refused":           {vietGuys, 200, `{"error":-3,"log":"bad brand"}`, policy.ClassRequest, "refused", "-3"},
		"VietGuys 500 says success":  {vietGuys, 500, `{"error":0}`, policy.ClassUnknown, "provider_error", "0"},
		"Jasmin bad password":        {jasmin, 403, `Error "Authentication failure"`, policy.ClassAccount, "config", "403"},
		"Jasmin other refusal":       {jasmin, 400, `Error "bad to 84912345678"`, policy.ClassRequest, "request_refused", "400"},
		"South Telecom out of quota": {southTelecom, 200, `{"status":0,"errorcode":82,"description":"quota"}`, policy.ClassAccount, "account", "82"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, _ := gateway(t, tt.status, tt.body)
			_, err := build(t, tt.config, base).Send(t.Context(), outbound())
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

func TestExamplesReceipts(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	tests := map[string]struct {
		config string
		hook   channels.Hook
		want   []channels.Receipt
		err    error
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
		"Jasmin expired": {
			jasmin,
			channels.Hook{Method: "POST", Header: form, Body: []byte(`id=07033084&message_status=EXPIRED&err=027`)},
			[]channels.Receipt{{ProviderID: "07033084", Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "expired", ProviderCode: "027", Key: "07033084:EXPIRED:027"}},
			nil,
		},
		"Jasmin ignored": {jasmin, channels.Hook{Method: "POST", Header: form, Body: []byte(`id=07033084&message_status=ACCEPTD`)}, nil, nil},
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
			reader := build(t, tt.config, "https://gw.example").(channels.HookReader)
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

func TestExamplesCapabilitiesAndAnswers(t *testing.T) {
	delivered := []policy.Receipt{policy.ReceiptDelivered}
	sent := []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}
	tests := map[string]struct {
		config string
		caps   channels.Capabilities
		answer string
	}{
		"SpeedSMS":      {speedSMS, channels.Capabilities{Receipts: delivered, QueryByProviderID: true}, ""},
		"VietGuys":      {vietGuys, channels.Capabilities{Receipts: sent}, ""},
		"Jasmin":        {jasmin, channels.Capabilities{Receipts: sent}, "ACK/Jasmin"},
		"South Telecom": {southTelecom, channels.Capabilities{Receipts: delivered}, "OK"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, tt.config, "https://gw.example")
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

func TestExampleQuery(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		found  bool
		kind   policy.Receipt
		code   string
	}{
		"delivered":  {200, `{"data":[{"phone":"x","status":0}]}`, true, policy.ReceiptDelivered, ""},
		"not yet":    {200, `{"data":[{"phone":"x","status":-1}]}`, true, "", ""},
		"not there":  {404, ``, false, "", ""},
		"unreadable": {200, `{}`, false, "", "unreadable_answer"},
		"down":       {502, ``, false, "", "provider_error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, tt.status, tt.body)
			q := build(t, speedSMS, base).(channels.StatusQuerier)
			got, err := q.Query(t.Context(), channels.Query{Reference: reference, ProviderID: "1/1", To: phone})
			if tt.code != "" {
				if f := channels.AsFailure(err); f.Code != tt.code || f.Class != policy.ClassUnknown {
					t.Errorf("got %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil || got.Found != tt.found || got.Receipt.Kind != tt.kind {
				t.Errorf("got %+v, %v", got, err)
			}
			if last.URI != "/index.php/sms/status/1%2F1" {
				t.Errorf("asked %s", last.URI)
			}
		})
	}
}
