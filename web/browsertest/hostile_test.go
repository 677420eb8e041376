package browsertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// hostile is what somebody may write where the console shows it. Whatever becomes an element of it bears the class pwned,
// whatever runs sets pwned.
var hostile = []string{
	`<img src=x onerror="pwned=1" class=pwned>`,
	`"><script class=pwned>pwned=1</script>`,
	`</script></textarea></title><svg class=pwned onload="pwned=1">`,
	`javascript:pwned=1//`,
	`{{constructor.constructor('pwned=1')()}} ${pwned=1}`,
	`'"` + "`" + ` onfocus=pwned=1 autofocus <!-- --> <!--`,
	"\u202egnirts desrever\u202c and \u200bzero\u200dwidth",
	strings.Repeat("Wort", 60),
}

// TestHostile lets apps, providers and tenants be hostile, and opens every page that shows what they wrote: it is text there,
// and the page is no wider than the window.
func TestHostile(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenant := s.tenant(hostile[0])
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Text string }
		_ = json.NewDecoder(r.Body).Decode(&asked)
		_ = json.NewEncoder(w).Encode(map[string]any{"ok": r.URL.Path == "/takes", "id": asked.Text, "code": asked.Text, "message": asked.Text})
	}))
	t.Cleanup(gateway.Close)

	account := func(name, path string) string {
		made := s.must("POST", "/v1/channels", s.key, map[string]any{"name": name, "channel": "sms", "adapter": "http", "settings": map[string]any{
			"base_url": gateway.URL, "request": map[string]any{"url": "{{base_url}}" + path, "content_type": "json", "body": map[string]any{"text": "{{text}}"}},
			"response": map[string]any{
				"success": []any{map[string]any{"pointer": "/ok", "equals": true}}, "provider_id": map[string]any{"pointer": "/id"},
				"code": map[string]any{"pointer": "/code"}, "message": map[string]any{"pointer": "/message"},
			},
		}})
		return text(made, "id")
	}
	refuses, takes := hostile[0], hostile[1]
	refusing := account(refuses, "/refuses")
	account(takes, "/takes")
	s.must("PUT", "/v1/templates/hostile", s.key, map[string]any{
		"category": "transaction", "params": []any{map[string]any{"name": "p", "example": hostile[0]}},
		"content": map[string]any{"sms": map[string]any{"text": "{{p}}"}, "viber": map[string]any{"text": hostile[1] + " {{p}}"}},
	})
	s.must("PUT", "/v1/policies/hostile", s.key, map[string]any{"steps": []any{
		map[string]any{"channel": "sms", "until": "sent", "timeout": "1m", "accounts": []string{refuses}, "when": `category != '<img src=x onerror="pwned=1" class=pwned>'`},
		map[string]any{"channel": "sms", "until": "sent", "timeout": "1m", "accounts": []string{takes}},
	}, "ttl": "1h"})
	s.must("PUT", "/v1/routes", s.key, map[string]any{"rules": []any{map[string]any{"when": `operator == '<svg class=pwned>'`, "policy": "hostile"}}, "default": "hostile"})
	callback := text(s.must("POST", "/v1/callbacks", s.key, map[string]any{"url": gateway.URL + "/?q=<img/src=x/onerror=pwned=1/class=pwned>", "events": []string{"message.sent"}}), "id")
	s.must("PUT", "/v1/suppressions/+84900000099", s.key, map[string]any{"reason": hostile[0] + hostile[6] + hostile[7]})
	s.must("PUT", "/v1/consents/+84900000099", s.key, map[string]any{"source": hostile[1] + hostile[7], "categories": []string{"care"}})
	s.person(`<img/src=x/onerror=pwned=1/class=pwned>`, "viewer", tenant)
	ids := make([]string, len(hostile))
	for i, words := range hostile {
		ids[i] = text(s.must("POST", "/v1/messages", s.key, map[string]any{
			"to": fmt.Sprintf("+8491234%04d", i), "template": "hostile", "params": map[string]any{"p": words}, "transaction_id": cut(words, 100), "metadata": map[string]any{fmt.Sprintf("k%d", i): cut(words, 200)},
		}), "id")
	}
	for _, id := range ids {
		soon(t, "the end of a message", func() bool { return text(s.must("GET", "/v1/messages/"+id, s.key, nil), "status") == "sent" })
	}

	c := signedIn(t, s, "en", "/")
	c.expect("422 /v1/recipients/", "404 /v1/recipients/") // no number
	pages := map[string][]string{
		"/": {hostile[0]}, "/messages": {"hostile"}, "/policies": {`category != '<img src=x`}, "/policies/hostile": {refuses, takes}, "/costs?group=account": nil,
		"/channels": {refuses, takes}, "/channels/" + refusing: {refuses}, "/templates": {"hostile"}, "/templates/hostile": {hostile[1]},
		"/developers/callbacks": nil, "/developers/callbacks/" + callback: nil, "/developers/requests": nil, "/people": {"<img/src=x/onerror=pwned=1/class=pwned>"},
		"/recipients?phone=%2B84900000099": {hostile[0], hostile[1], hostile[7]}, "/recipients?phone=" + url.QueryEscape(hostile[0]): nil,
		"/audit": nil, "/tenants": {hostile[0]}, "/tenants/" + tenant: {hostile[0]}, "/messages?transaction_id=" + url.QueryEscape(hostile[0]): nil,
	}
	for path, shown := range pages {
		c.visit(path)
		c.harmless(path, shown...)
	}
	for i, id := range ids {
		c.visit("/messages/" + id)
		c.harmless("the message of "+cut(hostile[i], 20), cut(hostile[i], 100))
	}
}

// harmless: what is shown stands there as text, nothing that was written became anything else, and neither on a desk nor on a
// telephone is the page wider than the window.
func (c *console) harmless(where string, shown ...string) {
	c.t.Helper()
	for _, words := range shown {
		c.until(fmt.Sprintf("%s shows %q", where, words), "document.body.textContent.includes("+quote(words)+")")
	}
	if eval[bool](c, "typeof pwned !== 'undefined'") {
		c.t.Fatalf("%s: what was written ran", where)
	}
	if found := eval[string](c, `[...document.querySelectorAll(".pwned, img, iframe, object, embed, [onerror], [onload], [onfocus], [autofocus], [href^='javascript:' i], [href^='data:' i], [srcdoc], [style]")].map((el) => el.outerHTML).join(" ")`); found != "" {
		c.t.Errorf("%s: what was written became %.300s", where, found)
	}
	for _, turned := range eval[[]string](c, turning) {
		c.t.Errorf("%s: marks of direction reach beyond what was written: %s", where, turned)
	}
	for name, window := range map[string]chromedp.Action[chromedp.Void]{"desk": wide, "telephone": narrow} {
		c.do(window)
		if over := eval[int](c, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			c.t.Errorf("%s is %d pixels wider than the window of a %s: %s", where, over, name, eval[string](c, widest))
		}
	}
}

// turning lists the texts whose marks of direction could turn what follows them on the same line.
const turning = `(() => {
	const found = [];
	const follows = (node) => { for (let at = node.nextSibling; at; at = at.nextSibling) if (at.textContent.trim()) return true; return false; };
	for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode();) {
		const box = walk.currentNode.parentElement;
		if (!/[\u202a-\u202e\u2066-\u2069]/.test(walk.currentNode.data) || !box.checkVisibility() || box.closest("option, pre, textarea")) continue;
		const { display, unicodeBidi } = getComputedStyle(box);
		if (follows(walk.currentNode) || (display.startsWith("inline") && unicodeBidi === "normal")) found.push(display + " " + unicodeBidi + " " + box.outerHTML.slice(0, 300));
	}
	return found;
})()`

// widest names what reaches out of the window.
const widest = `[...document.querySelectorAll("main *, dialog *")].filter((el) => el.getBoundingClientRect().right > innerWidth && !el.closest(".table-room, pre, .diff")).slice(-3).map((el) => el.outerHTML.slice(0, 200)).join(" ")`

// cut is the first n characters.
func cut(s string, n int) string {
	r := []rune(s)
	return string(r[:min(n, len(r))])
}
