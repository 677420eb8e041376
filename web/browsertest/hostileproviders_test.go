package browsertest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

// evil is all that somebody can write into one field: markup, scripts, an address that runs, a formula, marks that turn the
// direction of reading, escapes of terminals, a line break, and a word without an end.
const evil = `=1+1 <img src=x onerror="pwned=1" class=pwned></script><script class=pwned>pwned=1</script> javascript:pwned=1 ` +
	"\u202egnirts\u202c \u2066isolated\u2069 zero\u200bwidth\u200d \x1b[31mred\x1b[0m \u009b31m\r\nsecond line " + `{{7*7}} '"` + "`"

// long is a word without an end.
var long = strings.Repeat("Donaudampfschiff", 40)

// zaloEvil is a provider of ZNS that answers everything as documented, with evil in every text.
func zaloEvil(t *testing.T) string {
	t.Helper()
	data := func(w http.ResponseWriter, v any) {
		_ = json.NewEncoder(w).Encode(map[string]any{"error": 0, "message": evil, "data": v})
	}
	template := map[string]any{
		"templateId": evil[:20], "templateName": evil + long, "status": evil, "templateQuality": evil, "reason": evil, "previewUrl": "javascript:pwned=1", "price": "300",
		"listParams": []any{map[string]any{"name": evil, "require": true, "type": evil, "maxLength": 30}, map[string]any{"name": long, "require": false, "type": "STRING"}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "refresh_token": "next", "expires_in": "90000", "error_name": ""})
	})
	mux.HandleFunc("/api/message/quota", func(w http.ResponseWriter, _ *http.Request) {
		data(w, map[string]any{"dailyQuota": "500", "remainingQuota": "20", evil: evil})
	})
	mux.HandleFunc("/api/quality", func(w http.ResponseWriter, _ *http.Request) {
		data(w, map[string]any{"oaCurrentQuality": evil, "oa7dayQuality": long})
	})
	mux.HandleFunc("/api/template/all", func(w http.ResponseWriter, _ *http.Request) { data(w, []any{template}) })
	mux.HandleFunc("/api/template/info/v2", func(w http.ResponseWriter, _ *http.Request) { data(w, template) })
	mux.HandleFunc("/api/message/template", func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Phone string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if strings.HasSuffix(asked.Phone, "1") {
			_ = json.NewEncoder(w).Encode(map[string]any{"error": -118, "message": evil + long})
			return
		}
		w.Header().Set("X-Evil", "<img src=x onerror=pwned=1 class=pwned>")
		data(w, map[string]any{"msg_id": "zalo-1", "sent_time": "0", "quota": map[string]any{"remainingQuota": evil, "dailyQuota": evil}, evil: evil})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// appEvil is the address of an app that answers callbacks with what is no HTTP.
func appEvil(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 64<<10))
			_, _ = io.WriteString(conn, answer)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String() + "/"
}

// TestHostileProviders lets providers and people answer, report and reply with evil words, by genuine and by forged webhooks, and
// apps answer callbacks so: the console shows it as text, files and logs hold it as text.
func TestHostileProviders(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.tenant("Shop")
	zalo, gateway := zaloEvil(t), httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": true, "id": evil})
	}))
	t.Cleanup(gateway.Close)
	formula := `=HYPERLINK("http://127.0.0.1/?"&A1,"open")`
	oa := text(s.must("POST", "/v1/channels", s.key, map[string]any{"name": formula, "channel": "zns", "adapter": "zalo", "settings": map[string]any{
		"app_id": "1", "app_secret": "app", "oa_id": "3", "oa_secret": "oa", "refresh_token": "refresh", "api_url": zalo + "/api", "openapi_url": zalo + "/openapi", "oauth_url": zalo + "/oauth",
	}}), "id")
	pointer := func(p string) map[string]any { return map[string]any{"pointer": p} }
	sms := text(s.must("POST", "/v1/channels", s.key, map[string]any{"name": "@SUM(1+1)", "channel": "sms", "adapter": "http", "settings": map[string]any{
		"base_url": gateway.URL, "secrets": map[string]any{"hook": "h00k"},
		"request":  map[string]any{"url": "{{base_url}}", "content_type": "json", "body": map[string]any{"text": "{{text}}"}},
		"response": map[string]any{"success": []any{map[string]any{"pointer": "/ok", "equals": true}}, "provider_id": pointer("/id")},
		"receipt": map[string]any{
			"id": map[string]any{"pointer": "/id", "kind": "provider"}, "status": pointer("/status"), "status_detail": pointer("/why"), "status_map": map[string]any{"bad": "failed"},
			"error_code": pointer("/code"), "error_message": pointer("/words"), "verify": map[string]any{"token": "{{secret.hook}}"},
		},
	}}), "id")
	teapot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Evil", "<img src=x onerror=pwned=1 class=pwned>")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, evil)
	}))
	t.Cleanup(teapot.Close)
	endpoints := make([]string, 0, 2)
	for _, at := range []string{appEvil(t, "<img/src=x/onerror=pwned=1/class=pwned>\x1b[31m\u202e\r\n\r\n"), teapot.URL} {
		endpoints = append(endpoints, text(s.must("POST", "/v1/callbacks", s.key, map[string]any{"url": at, "events": []string{"message.failed", "message.replied", "message.read"}}), "id"))
	}
	for name, channel := range map[string]string{"zns": "zns", "sms": "sms"} {
		s.must("PUT", "/v1/policies/"+name, s.key, policyOf(channel, "30m"))
	}
	s.must("PUT", "/v1/prices", s.key, map[string]any{"prices": []any{
		map[string]any{"channel": "sms", "unit": "segment", "moment": "taken", "price": map[string]any{"amount": "820", "currency": "VND"}},
	}})
	send := func(to, policy string) string {
		return text(s.must("POST", "/v1/messages", s.key, map[string]any{
			"to": to, "policy": policy, "category": "transaction", "transaction_id": "=1+1" + policy,
			"content": map[string]any{"zns": map[string]any{"template_id": "1", "template_data": map[string]any{"a": "b"}}, "sms": map[string]any{"text": "x"}},
		}), "id")
	}
	wait := func(id, status string) {
		t.Helper()
		soon(t, "a message that is "+status, func() bool { return text(s.must("GET", "/v1/messages/"+id, s.key, nil), "status") == status })
	}
	refused, replied, failed := send("+84912340001", "zns"), send("+84912340002", "zns"), send("+84912340003", "sms")
	wait(refused, "failed")
	attempt := func(id, status string) func() bool {
		return func() bool {
			attempts, _ := s.must("GET", "/v1/messages/"+id, s.key, nil)["attempts"].([]any)
			if len(attempts) == 0 {
				return false
			}
			first, _ := attempts[0].(map[string]any)
			return text(first, "status") == status
		}
	}
	soon(t, "a message that Zalo took", attempt(replied, "sent"))
	soon(t, "a message that the gateway took", attempt(failed, "sent"))

	// Reports, genuine and forged. What a person wrote back comes with the former.
	report(t, s, "/hooks/http/"+sms+"?token=h00k&evil="+url.QueryEscape(evil), nil, map[string]any{
		"id": evil, "status": "bad", "why": evil, "code": evil, "words": evil + long, evil: map[string]any{evil: []any{evil}},
	}, 200)
	genuine := func(event map[string]any) {
		t.Helper()
		event["timestamp"], event["oa_id"] = "1800000000000", "3"
		raw, _ := json.Marshal(event)
		sum := sha256.Sum256([]byte("1" + string(raw) + "1800000000000" + "oa"))
		report(t, s, "/hooks/zalo/"+oa, map[string]string{"X-ZEvent-Signature": "mac=" + hex.EncodeToString(sum[:]), "User-Agent": "<img src=x onerror=pwned=1 class=pwned>"}, json.RawMessage(raw), 200)
	}
	genuine(map[string]any{"event_name": "user_feedback", "sender": map[string]any{"id": evil}, "message": map[string]any{
		"msg_id": "zalo-1", "tracking_id": "", "note": "noted " + evil, "rate": 3, "feedbacks": []any{"chosen " + evil, long}, evil: evil,
	}})
	genuine(map[string]any{"event_name": evil, "message": map[string]any{"msg_id": evil, "tracking_id": evil}})
	genuine(map[string]any{"event_name": "change_template_status", "template_id": evil[:20], "status": map[string]any{"new_status": evil}, "reason": evil + long})
	report(t, s, "/hooks/zalo/"+oa, map[string]string{"X-ZEvent-Signature": "mac=" + evil[:4]}, map[string]any{"event_name": evil}, 401)
	soon(t, "the reported failure", attempt(failed, "failed"))
	wait(replied, "read")

	// What else is kept of those who ask: fields that are refused. No address may be one that runs.
	report(t, s, "/v1/messages", map[string]string{"Authorization": "Bearer " + s.key, "User-Agent": evilLine, "X-Request-Id": evilLine, "Referer": evilLine}, map[string]any{evil: evil}, 422)
	report(t, s, "/v1/callbacks", map[string]string{"Authorization": "Bearer " + s.key}, map[string]any{"url": "javascript:pwned=1", "events": []string{"message.failed"}}, 422)
	report(t, s, "/v1/channels", map[string]string{"Authorization": "Bearer " + s.key}, map[string]any{"name": "runs", "channel": "zns", "adapter": "zalo", "settings": map[string]any{
		"app_id": "1", "app_secret": "app", "oa_id": "3", "oa_secret": "oa", "oauth_url": "javascript:pwned=1//",
	}}, 422)
	s.must("POST", "/v1/messages/"+failed+"/confirm", s.key, map[string]any{})
	files(t, s)
	for _, endpoint := range endpoints {
		soon(t, "an app's answer", func() bool {
			for _, d := range rows(s.must("GET", "/v1/callbacks/"+endpoint+"/deliveries", s.key, nil)) {
				if text(d, "last_error") != "" {
					return true
				}
			}
			return false
		})
	}

	c := signedIn(t, s, "en", "/channels/"+oa)
	c.press("channel_check.ask")
	c.until("the provider's answer", `document.querySelector(".findings")`)
	c.press("provider_templates.sync")
	c.until("the templates", `document.querySelector("[aria-label='`+c.say("provider_templates.title")+`'] tbody td")`)
	c.harmless("the account at Zalo", `<IMG SRC=X ONERROR="PWNED=1" CLASS=PWNED>`, "\u202egnirts", long, formula)
	for path, shown := range map[string][]string{
		"/channels": {formula, "@SUM(1+1)"}, "/channels/" + sms: {"@SUM(1+1)"}, "/messages/" + refused: {shownAs(evil), cut(long, 100)}, "/messages?account=" + url.QueryEscape(formula): {formula},
		"/costs?group=account": {"@SUM(1+1)"}, "/costs?group=account&account=" + url.QueryEscape(formula): {formula}, "/": nil,
	} {
		c.visit(path)
		c.harmless(path, shown...)
	}
	for id, shown := range map[string][]string{failed: {shownAs(evil)}, replied: {"noted =1+1 <img src=x", "chosen =1+1 <img src=x", cut(long, 100)}} {
		c.visit("/messages/" + id)
		c.press("content.reveal")
		c.fill("content.reason", evilLine)
		c.press("content.reveal", "content.reveal_title")
		c.until("the dialog to close", `!document.querySelector("dialog")`)
		eval[bool](c, `(document.querySelectorAll("main details").forEach((d) => { d.open = true; }), true)`)
		c.harmless("the message "+id, shown...)
	}
	unfolded := func(path string, shown ...string) {
		t.Helper()
		c.visit(path)
		c.until("rows", `document.querySelector("table.unfold a.row-link")`)
		seen := ""
		for row := range eval[int](c, `document.querySelectorAll("table.unfold a.row-link").length`) {
			eval[bool](c, fmt.Sprintf(`(document.querySelectorAll("table.unfold a.row-link")[%d].click(), true)`, row))
			c.until("the unfolded row", fmt.Sprintf(`document.querySelectorAll("table.unfold a.row-link")[%d]?.getAttribute("aria-expanded") === "true" && document.querySelector(".unfolded")`, row))
			seen += eval[string](c, "document.querySelector('.unfolded').textContent")
			c.harmless(path)
			c.do(wide)
		}
		for _, words := range shown {
			if !strings.Contains(seen, words) {
				t.Errorf("%s does not show %q, only %.20000q", path, words, seen)
			}
		}
	}
	unfolded("/audit?action=message.reveal", inJSON(evilLine))
	unfolded("/audit?action=channel.create", inJSON(formula), "@SUM(1+1)")
	unfolded("/developers/requests?status=4xx", `<img src=x onerror=`)
	unfolded("/developers/callbacks/"+endpoints[0], `<img/src=x/onerror=pwned=1/class=pwned>`)
	unfolded("/developers/callbacks/"+endpoints[1], "HTTP 418", `<img src=x onerror=`)

	for _, line := range s.log() {
		if !json.Valid([]byte(line)) {
			t.Errorf("a line of the log is not whole: %q", line)
		}
		if at := strings.IndexFunc(line, unicode.IsControl); at >= 0 {
			t.Errorf("a line of the log holds a control character at %d: %q", at, line)
		}
	}
}

// evilLine is evil on one line, as it can be typed.
var evilLine = strings.Map(func(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}, evil)

// shownAs is the part of a text that stands the same wherever it is shown.
func shownAs(s string) string {
	return s[strings.Index(s, "</script><script"):strings.Index(s, "javascript:")]
}

// inJSON is a text as JSON that is shown writes it.
func inJSON(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) }

// report calls a webhook as a provider does.
func report(t *testing.T, s *service, path string, header map[string]string, body any, want int) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != want {
		t.Fatalf("the webhook %.40s is answered %d, not %d", path, res.StatusCode, want)
	}
}

// files reads the exports: no cell is a formula.
func files(t *testing.T, s *service) {
	t.Helper()
	for _, path := range []string{"/v1/reports/costs?group_by=account,template", "/v1/messages?"} {
		table := text(s.must("GET", path+"&format=csv", s.key, nil), "text")
		lines, err := csv.NewReader(strings.NewReader(table)).ReadAll()
		if err != nil || len(lines) < 2 {
			t.Errorf("%s: %v in %q", path, err, table)
		}
		for _, line := range lines {
			for _, cell := range line {
				if cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
					t.Errorf("%s has the cell %q", path, cell)
				}
			}
		}
		book := []byte(text(s.must("GET", path+"&format=xlsx", s.key, nil), "text"))
		parts, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
		if err != nil {
			t.Fatalf("%s as a workbook: %v", path, err)
		}
		for _, part := range parts.File {
			in, err := part.Open()
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(in)
			if err != nil || bytes.Contains(raw, []byte("<f>")) || bytes.Contains(raw, []byte("<f ")) {
				t.Errorf("%s: %s holds a formula, or is not whole: %v", path, part.Name, err)
			}
		}
	}
}
