package httpgw

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

func TestBadConfigurations(t *testing.T) {
	const request = `"request": {"url": "https://gw.example/s?to={{to_digits}}"}`
	receipt := func(more string) string {
		return `{` + request + `, "receipt": {"id": {"pointer": "/id", "kind": "ours"}, "status": {"pointer": "/s"}, "status_map": {"1": "sent"}` + more + `}}`
	}
	tests := map[string]struct{ config, field string }{
		"no request":            {`{"request": null}`, "request"},
		"unknown top field":     {`{` + request + `, "requst": {}}`, "requst"},
		"unknown field":         {`{"request": {"url": "https://gw.example/", "metod": "GET"}}`, "request.metod"},
		"wrong type":            {`{"request": {"url": 7}}`, "request.url"},
		"no url":                {`{"request": {}}`, "request.url"},
		"variable host":         {`{"request": {"url": "https://{{to}}.example/"}}`, "request.url"},
		"variable after host":   {`{"request": {"url": "https://gw.example{{to}}"}}`, "request.url"},
		"other scheme":          {`{"request": {"url": "file:///etc"}}`, "request.url"},
		"unknown variable":      {`{"request": {"url": "https://gw.example/", "query": {"a": "{{nope}}"}}}`, "request.query.a"},
		"unknown secret":        {`{"request": {"url": "https://gw.example/", "headers": {"X-Key": "{{secret.k}}"}}}`, "request.headers.X-Key"},
		"unknown transform":     {`{"request": {"url": "https://gw.example/", "query": {"a": "{{to|rot13}}"}}}`, "request.query.a"},
		"open braces":           {`{"request": {"url": "https://gw.example/", "query": {"a": "{{to"}}}`, "request.query.a"},
		"bad header":            {`{"request": {"url": "https://gw.example/", "headers": {"a b": "x"}}}`, "request.headers"},
		"host header":           {`{"request": {"url": "https://gw.example/", "headers": {"host": "x"}}}`, "request.headers.host"},
		"bad method":            {`{"request": {"url": "https://gw.example/", "method": "DELETE"}}`, "request.method"},
		"GET with body":         {`{"request": {"url": "https://gw.example/", "method": "GET", "content_type": "json", "body": {}}}`, "request.method"},
		"body without type":     {`{"request": {"url": "https://gw.example/", "body": {"a": "b"}}}`, "request.content_type"},
		"deep body":             {`{"request": {"url": "https://gw.example/", "content_type": "json", "body": {"a": [{"b": "{{nope}}"}]}}}`, "request.body.a[0].b"},
		"nested form":           {`{"request": {"url": "https://gw.example/", "content_type": "form", "body": {"a": {}}}}`, "request.body.a"},
		"text is no JSON":       {`{"request": {"url": "https://gw.example/", "content_type": "json", "body": "{\"a\": \"{{to}}\"}"}}`, "request.body"},
		"two ways of auth":      {`{"request": {"url": "https://gw.example/", "auth": {"bearer": "x", "header": "y"}}}`, "request.auth"},
		"condition of nothing":  {`{` + request + `, "response": {"success": [{}]}}`, "response.success[0]"},
		"pointer without value": {`{` + request + `, "response": {"success": [{"pointer": "/a"}]}}`, "response.success[0]"},
		"bad pointer":           {`{` + request + `, "response": {"success": [{"pointer": "a", "equals": 1}]}}`, "response.success[0].pointer"},
		"bad regex":             {`{` + request + `, "response": {"code": {"regex": "("}}}`, "response.code.regex"},
		"extract of nothing":    {`{` + request + `, "response": {"provider_id": {}}}`, "response.provider_id"},
		"unknown class":         {`{` + request + `, "response": {"code_map": {"1": "bad"}}}`, "response.code_map.1"},
		"receipt without id":    {`{` + request + `, "receipt": {}}`, "receipt.id"},
		"receipt without map":   {`{` + request + `, "receipt": {"id": {"field": "id", "kind": "ours"}}}`, "receipt.status"},
		"unknown kind":          {`{` + request + `, "receipt": {"id": {"field": "id", "kind": "ours"}, "status": {"field": "s"}, "status_map": {"1": "seen"}}}`, "receipt.status_map.1"},
		"bad time format":       {receipt(`, "at": {"pointer": "/t", "format": "iso"}`), "receipt.at.format"},
		"bad zone":              {receipt(`, "at": {"pointer": "/t", "zone": "Hanoi"}`), "receipt.at.zone"},
		"empty token":           {receipt(`, "verify": {"header": {"name": "X-Key"}}`), "receipt.verify.header.equals"},
		"hmac without key":      {receipt(`, "verify": {"hmac": {"header": "X-S", "algorithm": "sha256", "encoding": "hex"}}`), "receipt.verify.hmac.key"},
		"hmac algorithm":        {receipt(`, "verify": {"hmac": {"header": "X-S", "key": "k", "algorithm": "md5", "encoding": "hex"}}`), "receipt.verify.hmac.algorithm"},
		"answer that refuses":   {receipt(`, "answer": {"status": 500}`), "receipt.answer.status"},
		"query without id":      {`{` + request + `, "status": {"request": {"url": "https://gw.example/"}, "status": {"pointer": "/s"}, "status_map": {"1": "sent"}}}`, "status.request"},
		"unknown error class":   {receipt(`, "error_map": {"1": "accepted"}`), "receipt.error_map.1"},
		"price of no currency":  {receipt(`, "price": {"pointer": "/p"}`), "receipt.price"},
		"number of a sort":      {`{"request": {"url": "https://gw.example/", "query": {"a": "{{to == 'a' ? 'b' : 'c' | round}}"}}}`, "request.query.a"},
		"unknown receipt":       {`{` + request + `, "receipts": ["seen"]}`, "receipts"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := configure(t, policy.SMS, tt.config, "")
			if e, ok := errors.AsType[*channels.SettingError](err); !ok || e.Field != tt.field {
				t.Errorf("got %v, want a SettingError of %s", err, tt.field)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	tests := map[string]struct{ request, wantType, wantBody string }{
		"xml":       {`"content_type": "xml", "body": "<m to='{{to_digits}}'>{{text}}</m>"`, "application/xml; charset=utf-8", "<m to='84912345678'>Đơn &#34;A&#34; &amp; B</m>"},
		"literal":   {`"content_type": "literal", "headers": {"Content-Type": "text/plain"}, "body": "{{text|ascii|upper}}"`, "text/plain", `DON "A" & B`},
		"JSON text": {`"content_type": "json", "body": "{\"t\": {{text}}, \"p\": {{params}}}"`, "application/json", `{"t": "Đơn \"A\" & B", "p": {"name":"Lan <3","otp":"4821"}}`},
		"form text": {`"content_type": "form", "body": "a={{text_ascii}}&p={{params.otp}}"`, "application/x-www-form-urlencoded", "a=Don+%22A%22+%26+B&p=4821"},
		"params in a form": {
			`"content_type": "form", "body": {"p": "{{params}}"}`, "application/x-www-form-urlencoded",
			"p=%7B%22name%22%3A%22Lan+%3C3%22%2C%22otp%22%3A%224821%22%7D",
		},
		"transforms": {
			`"content_type": "json", "body": {"a": "{{from|base64}}", "b": "{{from|md5}}", "c": "{{from|sha256}}", "d": "{{from|hex_utf16}}", "e": "{{to_national}}", "f": "{{ttl_seconds}}/{{segments}}", "g": null, "h": true}`,
			"application/json", `{"a":"TUI=","b":"8d8fcc1abd550c5f25dbfaa57d59cb67","c":"` + hexOf(sha256.Sum256([]byte("MB"))) + `","d":"004D0042","e":"0912345678","f":"60/1","g":null,"h":true}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, 200, "")
			a := build(t, `{"from": "MB", "request": {"url": "BASE/", `+tt.request+`}}`, base)
			if _, err := a.Send(t.Context(), outbound()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.wantType, tt.wantBody}, []string{last.ContentType, last.Body}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

func TestContentThatDoesNotFit(t *testing.T) {
	for name, config := range map[string]string{
		"missing parameter": `{"request": {"url": "BASE/", "query": {"a": "{{params.nope}}"}}}`,
		"header break":      `{"request": {"url": "BASE/", "headers": {"X-Text": "{{text}}"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			base, last := gateway(t, 200, "")
			out := outbound()
			out.Content.Text = "a\r\nX-Evil: 1"
			_, err := build(t, config, base).Send(t.Context(), out)
			if f := channels.AsFailure(err); f.Class != policy.ClassRequest || f.Code != "bad_content" || last.Method != "" {
				t.Errorf("got %v, gateway called: %v", err, last.Method != "")
			}
		})
	}
}

func TestEchoedCredentialsAreMasked(t *testing.T) {
	base, _ := gateway(t, 400, "Authorization: Basic dTpwYXNzd29yZA==, password")
	a := build(t, `{"secrets": {"p": "password"}, "request": {"url": "BASE/", "auth": {"basic": {"user": "u", "password": "{{secret.p}}"}}},
		"response": {"message": {"regex": ".*"}}}`, base)
	_, err := a.Send(t.Context(), outbound())
	if f := channels.AsFailure(err); f.Detail != "Authorization: Basic •••, •••" {
		t.Errorf("got %q", f.Detail)
	}
}

func TestVerify(t *testing.T) {
	const body = `{"id":"1","s":"1"}`
	mac := hmac.New(sha256.New, []byte("k3y"))
	mac.Write([]byte(body))
	sum := mac.Sum(nil)
	basic := &http.Request{Header: http.Header{}}
	basic.SetBasicAuth("u", "p")
	header := func(value string) http.Header { return http.Header{"X-Sign": {value}} }
	const hexHMAC = `"hmac": {"header": "X-Sign", "key": "{{secret.k}}", "algorithm": "sha256", "encoding": "hex", "prefix": "sha256="}`
	tests := map[string]struct {
		verify  string
		url     string
		header  http.Header
		genuine bool
	}{
		"nothing configured":   {``, "/?token=", nil, false},
		"token":                {`"token": "{{secret.k}}"`, "/?token=k3y", nil, true},
		"no token":             {`"token": "{{secret.k}}"`, "/", nil, false},
		"header":               {`"header": {"name": "X-Sign", "equals": "k3y"}`, "/", header("k3y"), true},
		"wrong header":         {`"header": {"name": "X-Sign", "equals": "k3y"}`, "/", header("k"), false},
		"basic":                {`"basic": {"user": "u", "password": "p"}`, "/", basic.Header, true},
		"wrong basic":          {`"basic": {"user": "u", "password": "q"}`, "/", basic.Header, false},
		"hmac":                 {hexHMAC, "/", header("sha256=" + hex.EncodeToString(sum)), true},
		"hmac without prefix":  {hexHMAC, "/", header(hex.EncodeToString(sum)), false},
		"wrong hmac":           {hexHMAC, "/", header("sha256=00"), false},
		"base64 hmac":          {`"hmac": {"header": "X-Sign", "key": "k3y", "algorithm": "sha256", "encoding": "base64"}`, "/", header(base64.StdEncoding.EncodeToString(sum)), true},
		"all proofs must hold": {`"token": "t", ` + hexHMAC, "/?token=t", nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, `{"request": {"url": "https://gw.example/"}, "secrets": {"k": "k3y"}, "receipt": {"id": {"pointer": "/id", "kind": "ours"},
				"status": {"pointer": "/s"}, "status_map": {"1": "sent"}, "verify": {`+tt.verify+`}}}`, "")
			_, err := a.(channels.HookReader).ReadHook(channels.Hook{Method: "POST", URL: tt.url, Header: tt.header, Body: []byte(body)})
			if errors.Is(err, channels.ErrForged) == tt.genuine {
				t.Errorf("got %v, want genuine %v", err, tt.genuine)
			}
		})
	}
}

const batchConfig = `{"request": {"url": "https://gw.example/"}, "receipt": {"items": "/results", "id": {"pointer": "/id", "kind": "provider"},
	"status": {"pointer": "/s"}, "status_map": {"1": "delivered", "2": "read", "3": "failed"}, "error_message": {"pointer": "/why"},
	"at": {"pointer": "/at", "format": "2006-01-02 15:04:05", "zone": "Asia/Ho_Chi_Minh"}, "verify": {"token": "t"}}}`

func TestBatch(t *testing.T) {
	at := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		body string
		want []channels.Receipt
		err  error
	}{
		"two and one that is new": {`{"results":[{"id":"a","s":1,"at":"2026-11-20 08:00:00"},{"id":"b","s":9},{"id":"c","s":2}]}`, []channels.Receipt{
			{ProviderID: "a", Kind: policy.ReceiptDelivered, At: at, Key: "a:1:"}, {ProviderID: "c", Kind: policy.ReceiptRead, Key: "c:2:"},
		}, nil},
		"empty":       {`{"results":[]}`, nil, nil},
		"none known":  {`{"results":[{"id":"b","s":9},7]}`, nil, channels.ErrUnreadable},
		"no list":     {`{"results":{}}`, nil, channels.ErrUnreadable},
		"no JSON":     {`oops`, nil, channels.ErrUnreadable},
		"masks phone": {`{"results":[{"id":"a","s":3,"why":"no 84912345678"}]}`, []channels.Receipt{{ProviderID: "a", Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: "failed", ProviderCode: "3", Detail: "no 84•••••678", Key: "a:3:"}}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := build(t, batchConfig, "").(channels.HookReader).ReadHook(channels.Hook{Method: "POST", URL: "/?token=t", Body: []byte(tt.body)})
			if !errors.Is(err, tt.err) {
				t.Fatalf("got error %v, want %v", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		format, value string
		want          time.Time
	}{
		"rfc3339":       {"", "2026-11-20T08:00:00+07:00", want},
		"unix":          {"unix", "1795136400", want},
		"unix_ms":       {"unix_ms", "1795136400000", want},
		"far future":    {"unix", "8000000000000", time.Time{}},
		"no number":     {"unix", "x", time.Time{}},
		"other than it": {"rfc3339", "20/11/2026", time.Time{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			parse, err := compileTime(&fieldSettings{Format: tt.format}, "at")
			if err != nil {
				t.Fatal(err)
			}
			if got := parse(tt.value); !got.Equal(tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// FuzzReadHook holds that a callback of any content ends in receipts or in one of the two errors.
func FuzzReadHook(f *testing.F) {
	f.Add(true, "", []byte(`{"results":[{"id":"a","s":1,"at":"2026-11-20 08:00:00"}]}`))
	f.Add(false, "application/x-www-form-urlencoded", []byte(`id=1&message_status=DELIVRD`))
	batch, single := build(f, batchConfig, ""), build(f, jasmin, "https://gw.example")
	f.Fuzz(func(t *testing.T, inBatch bool, media string, body []byte) {
		a, url := single, "/?token=h00k"
		if inBatch {
			a, url = batch, "/?token=t"
		}
		receipts, err := a.(channels.HookReader).ReadHook(channels.Hook{Method: "POST", URL: url, Header: http.Header{"Content-Type": {media}}, Body: body})
		if err != nil && !errors.Is(err, channels.ErrUnreadable) {
			t.Errorf("undocumented error %v", err)
		}
		for _, r := range receipts {
			if r.Kind == "" || r.Key == "" || r.ProviderID == "" {
				t.Errorf("incomplete receipt %+v", r)
			}
		}
	})
}

// FuzzExpand holds that no value escapes its place: JSON stays JSON with the value as it was, and a header one line.
func FuzzExpand(f *testing.F) {
	f.Add(`a {{text|upper}} b`, `"},{"x":"`)
	f.Add(`{{to == 'x' ? 'y' : 'z'}}`, "a\r\nb")
	known := scope(sendNames, tree{})
	f.Fuzz(func(t *testing.T, source, value string) {
		compiled, err := compile(source, known)
		if err != nil {
			return
		}
		v := vars{text: map[string]string{}, params: map[string]string{"p": value}}
		for _, name := range sendNames {
			v.text[name] = value
		}
		raw, err := renderJSON(map[string]any{"k": compiled}, v)
		if err != nil {
			return // a parameter that the message lacks
		}
		if !json.Valid(raw) {
			t.Errorf("%q with %q is not JSON: %s", source, value, raw)
		}
		quoted, err := template{{name: "text"}}.expand(v, quoteJSON)
		var back string
		if err != nil || json.Unmarshal([]byte(quoted), &back) != nil || (utf8.ValidString(value) && back != value) {
			t.Errorf("%q is quoted as %s, %v", value, quoted, err)
		}
		if line, err := (template{{name: "text"}}).expand(v, escapeHeader); err == nil && strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line break passes into a header: %q", line)
		}
	})
}
