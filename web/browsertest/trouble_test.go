package browsertest

import (
	"testing"
	"time"
)

// soon waits for what happens on the service's side.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// policyOf is a policy of one step.
func policyOf(channel, timeout string) map[string]any {
	return map[string]any{"steps": []any{map[string]any{"channel": channel, "until": "delivered", "timeout": timeout}}, "ttl": "1h"}
}

// TestRestart kills the service while somebody writes: the page says so, keeps what was typed, and goes on by itself.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.tenant("Shop")
	c := signedIn(t, s, "en", "/templates/new")
	c.expect("net::ERR_", "Failed to load resource: net::ERR_") // nobody answers for a while
	c.fill("template.name", "while_away")
	c.fill("template.text", "First half", "channel.sms")
	s.stop()
	c.fill("template.text", "First half, second half", "channel.sms")
	c.press("template.create")
	c.sees("app.away_note")
	s.start()
	c.until("the page to go on", "!hands.says("+quote(c.say("app.away_note"))+")")
	if got := eval[string](c, "hands.value("+args("field", c.say("template.text"), c.say("channel.sms"))+")"); got != "First half, second half" {
		t.Errorf("the field holds %q after the restart", got)
	}
	c.press("template.create")
	c.has("heading", "while_away")
	saved := s.must("GET", "/v1/templates/while_away", s.key, nil)
	if content, _ := saved["content"].(map[string]any); content == nil {
		t.Errorf("the template was saved as %v", saved)
	}
}

// TestExpired ends a session under a form: the password is asked for over the page, and the form is still there.
func TestExpired(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenant := s.tenant("Shop")
	id, password := s.person("lan", "operator", tenant)
	c := as(t, s, "lan", password, "/policies/new")
	c.expect("401 /v1/")
	c.fill("policy.name", "kept")
	s.must("PATCH", "/v1/users/"+id, s.admin, map[string]any{"disabled": true}) // ends her sessions
	s.must("PATCH", "/v1/users/"+id, s.admin, map[string]any{"disabled": false})
	// What the page asks by itself may have told it already.
	c.until("the button, or already the question", "((at) => { at?.click(); return at || document.querySelector('dialog'); })(hands.find("+args("button", c.say("policy.create"))+"))")
	c.has("heading", "signin.expired")
	c.fill("signin.name", "lan")
	c.fill("signin.password", password)
	c.press("signin.submit")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	c.until("the name that was typed", "hands.value("+args("field", c.say("policy.name"))+") === 'kept'")
	c.press("policy.create")
	c.arrives("/policies/kept")
}

// TestForbidden sends a viewer to what is not for viewers: they are told, in a page.
func TestForbidden(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenant := s.tenant("Shop")
	_, password := s.person("viewer", "viewer", tenant)
	s.must("PUT", "/v1/policies/default", s.key, policyOf("sms", "2m"))
	c := as(t, s, "viewer", password, "/")
	for _, path := range []string{"/costs", "/people", "/audit", "/tenants", "/system"} {
		c.visit(path)
		c.sees("denied.title")
	}
	c.visit("/channels/new")
	c.sees("channels.may_not")
	c.visit("/policies/default")
	c.sees("policy.read_only")
	c.lacks("button", "policy.delete")
	c.visit("/developers")
	c.sees("keys.ask")
	c.expect("403 /v1/policies/default")
	if status := eval[int](c, `fetch("/v1/policies/default", {method: "DELETE"}).then((r) => r.status)`); status != 403 {
		t.Errorf("a viewer's DELETE by the session is answered %d", status)
	}
}

// TestNotFound opens addresses behind which there is nothing.
func TestNotFound(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.tenant("Shop")
	c := signedIn(t, s, "en", "/")
	c.expect("404 /")
	c.visit("/nothing/here")
	c.sees("app.not_found")
	c.press("nav.overview")
	c.has("heading", "nav.overview")
	for _, path := range []string{"/messages/00000000-0000-7000-8000-000000000000", "/policies/none", "/templates/none", "/channels/00000000-0000-7000-8000-000000000000"} {
		c.visit(path)
		c.sees("problem.not_found")
	}
	c.expect("400 /v1/messages/no-id", "422 /v1/messages/no-id")
	c.visit("/messages/no-id")
	c.until("a notice", `document.querySelector("[role=alert]")`)
}
