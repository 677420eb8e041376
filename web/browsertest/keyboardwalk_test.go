package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestByKeyboardAlone is the first hour without a pointer: tenant, account, policy, key, message, costs. Nothing is clicked and
// no script moves the keyboard; at every stop one sees where it is, dialogs keep it inside and give it back.
func TestByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s, providers := serve(t), simulator(t)
	c := open(t, s, "en")
	c.signInByKeys(s.admin)
	c.has("heading", "tenants.first")
	c.keptHold("after signing in")

	// The navigation can be passed over.
	c.visit("/")
	c.tabBack("app.skip")
	c.key(kb.Enter)
	c.until("the keyboard in the page", `document.activeElement.matches("main")`)

	s.key = tenantByKeys(c, "Tiệm Hoa Sen")
	s.must("PUT", "/v1/templates/ready", s.key, map[string]any{
		"category": "transaction", "params": []any{map[string]any{"name": "customer", "example": "Lan"}},
		"content": map[string]any{"sms": map[string]any{"text": "Chao {{customer}}"}, "viber": map[string]any{"text": "Chào {{customer}}"}},
	})
	accountByKeys(c, providers)
	policyByKeys(c)
	prefix := keyByKeys(c)
	messageByKeys(c)
	costsByKeys(c)
	revokeByKeys(c, prefix)

	c.tabTo("app.sign_out")
	c.key(kb.Enter)
	c.has("heading", "signin.title")
	c.keptHold("after signing out")
	c.tabTo("signin.name")
}

// goes follows an entry of the navigation; the page's heading then has the keyboard.
func (c *console) goes(name string) {
	c.t.Helper()
	c.tabTo(name)
	c.key(kb.Enter)
	c.until("the heading "+c.say(name)+" with the keyboard", `document.activeElement.matches("h1") && hands.isCalled(document.activeElement, `+quote(c.say(name))+")")
}

// keptHold waits until the keyboard is somewhere: not lost with what had it.
func (c *console) keptHold(when string) {
	c.t.Helper()
	c.until("the keyboard somewhere "+when, "hands.held()")
}

// enters opens a dialog from where the keyboard is; the keyboard is inside, and Tab goes round without leaving it.
func (c *console) enters(dialog string) {
	c.t.Helper()
	c.key(kb.Enter)
	c.has("heading", dialog)
	c.until("the keyboard in the dialog", `hands.held() && document.querySelector("dialog:modal")`)
	first := eval[string](c, "hands.focused()")
	for i := 0; ; i++ {
		c.key(kb.Tab)
		if eval[bool](c, `document.activeElement !== document.body && !document.querySelector("dialog:modal").contains(document.activeElement)`) {
			c.t.Fatalf("Tab leaves the dialog %q for %q", c.say(dialog), eval[string](c, "hands.focused()"))
		}
		if eval[string](c, "hands.focused()") == first {
			return
		}
		if i > 40 {
			c.t.Fatalf("Tab does not come round in the dialog %q", c.say(dialog))
		}
	}
}

// leaves waits for the dialog to be closed, and the keyboard to be back at what is called so.
func (c *console) leaves(back string) {
	c.t.Helper()
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	c.focused(back)
}

// replaces writes into the field that has the keyboard, in place of what stands there.
func (c *console) replaces(value string) {
	c.t.Helper()
	c.key("a", chromedp.ModifierCtrl)
	c.write(value)
}

// picks goes through the options of a select, or a group of radio buttons, by the arrows until a value is chosen.
func (c *console) picks(value string) {
	c.t.Helper()
	for _, arrow := range []string{kb.ArrowDown, kb.ArrowUp} {
		for range 12 {
			if eval[string](c, "document.activeElement.value") == value {
				return
			}
			c.key(arrow)
		}
	}
	c.t.Fatalf("the arrows do not come to %q", value)
}

// tenantByKeys makes a tenant, and answers its first key. A dialog that is left by Escape changes nothing.
func tenantByKeys(c *console, name string) string {
	c.t.Helper()
	c.goes("nav.tenants")
	c.tabTo("tenants.make")
	c.enters("tenants.make")
	c.key(kb.Escape)
	c.leaves("tenants.make")
	c.enters("tenants.make")
	c.tabTo("tenants.name")
	c.write(name)
	c.key(kb.Enter)
	c.sees("once.note")
	c.keptHold("in the dialog that shows the key")
	key := eval[string](c, `document.querySelector("dialog .secret code").textContent`)
	c.tabTo("once.done")
	c.key(kb.Enter)
	c.has("heading", name)
	c.until("the heading with the keyboard", `document.activeElement.matches("h1")`)
	return key
}

// accountByKeys adds an account at the simulator, step by step, and asks it twice whether it works.
func accountByKeys(c *console, providers string) {
	c.t.Helper()
	c.goes("nav.channels")
	c.tabTo("channels.add")
	c.key(kb.Enter)
	c.has("heading", "channel_new.step1")
	c.tabTo("css:input[name=channel]")
	c.picks("sms")
	c.key(kb.Enter)
	c.has("heading", "channel_new.step2")
	c.keptHold("at the second step")
	c.tabTo("css:input[name=adapter]")
	c.picks("infobip")
	c.tabTo("channel_new.next")
	c.key(" ")
	c.has("field", "channels.name")
	c.keptHold("at the third step")
	for _, field := range [][2]string{{"channels.name", "sms-main"}, {"API base URL", providers + "/infobip"}, {"API key", "any"}, {"Sender", "HOASEN"}, {"Webhook secret", "hook"}} {
		c.tabTo(field[0])
		c.replaces(field[1])
	}
	c.tabTo("channel_new.create")
	c.key(kb.Enter)
	c.sees("channel_added.done", "name", "sms-main")
	c.keptHold("once the account is there")
	c.sees("channel_check.ok")
	c.tabTo("channel_check.again")
	c.key(" ")
	c.until("the second answer", `document.querySelector(".probe[aria-busy=false] .findings")`)
	c.focused("channel_check.again")
}

// policyByKeys shapes a policy of two steps, tries it and saves it.
func policyByKeys(c *console) {
	c.t.Helper()
	c.goes("nav.policies")
	c.tabTo("policies.new")
	c.key(kb.Enter)
	c.tabTo("policy.name")
	c.write("default")
	rungs := eval[int](c, `document.querySelectorAll(".bench .rung").length`)
	for n := rungs; n > 1; n-- { // down to one step, whatever a new policy begins with
		c.tabTo(c.words.say("policy.step_remove", "n", "1"))
		c.key(kb.Enter)
		c.keptHold("after a step was removed")
	}
	c.until("one step", `document.querySelectorAll(".bench .rung").length === 1`)
	c.tabTo("policy.add_step")
	c.key(kb.Enter)
	c.until("two steps", `document.querySelectorAll(".bench .rung").length === 2`)
	c.focused("policy.add_step")
	for _, step := range []struct{ channel, wait string }{{"sms", "90s"}, {"viber", "45s"}} { // from the last to the first
		c.tabBack("policy.timeout")
		c.replaces(step.wait)
		c.tabBack("policy.channel")
		c.picks(step.channel)
	}
	c.until("Viber, then SMS", `[...document.querySelectorAll(".bench .rung")].map((r) => r.dataset.channel).join() === "viber,sms"`)
	c.until("the waits", `[...document.querySelectorAll(".bench .rung input")].map((i) => i.value).filter((v) => /^\d+s$/.test(v)).join() === "45s,90s"`)
	c.tabTo("tryout.to")
	c.write("+84912345678")
	c.key(kb.Enter)
	c.until("the dry run", `document.querySelectorAll(".tryout .rung").length === 2`)
	c.sees("Chao Lan")
	c.focused("tryout.to")
	c.tabTo("policy.create")
	c.key(kb.Enter)
	c.arrives("/policies/default")
	c.until("the heading with the keyboard", `document.activeElement.matches("h1") && document.activeElement.innerText === "default"`)
}

// keyByKeys makes a live key and answers its beginning.
func keyByKeys(c *console) string {
	c.t.Helper()
	c.goes("nav.developers")
	c.tabTo("keys.make")
	c.enters("keys.make")
	c.tabTo("keys.mode")
	c.picks("live")
	c.tabTo("css:dialog form button.primary")
	c.key(" ")
	c.sees("once.note")
	c.keptHold("in the dialog that shows the key")
	key := eval[string](c, `document.querySelector("dialog .secret code").textContent`)
	c.tabTo("once.done")
	c.key(kb.Enter)
	c.leaves("keys.make")
	for _, k := range rows(c.at.must("GET", "/v1/tenants/"+c.at.tenantID()+"/keys", c.at.admin, nil)) {
		if p := text(k, "prefix"); strings.HasPrefix(key, p) {
			return p
		}
	}
	c.t.Fatalf("the service does not list the key")
	return ""
}

// messageByKeys opens a message from the list and looks behind the mask.
func messageByKeys(c *console) {
	c.t.Helper()
	sent := text(c.at.must("POST", "/v1/messages", c.at.key, map[string]any{"to": "+84900000001", "template": "ready", "policy": "default", "params": map[string]any{"customer": "Lan"}}), "id")
	c.goes("nav.messages")
	c.tabTo("css:a.row-link[href*='" + sent + "']")
	c.key(kb.Enter)
	c.arrives("/messages/" + sent)
	c.has("region", "message.ladder")
	c.until("the heading with the keyboard", `document.activeElement.matches("h1")`)
	c.tabTo("content.reveal")
	c.enters("content.reveal_title")
	c.tabTo("content.reason")
	c.write("Ticket 4711")
	c.key(kb.Enter)
	c.sees("content.shown", "to", "+84900000001")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	c.keptHold("when the button that opened the dialog is gone")
}

// costsByKeys exports the report.
func costsByKeys(c *console) {
	c.t.Helper()
	c.goes("nav.costs")
	eval[bool](c, `(globalThis.files = [], URL.createObjectURL = ((make) => (blob) => { files.push(blob); return make(blob); })(URL.createObjectURL), true)`)
	c.tabTo("CSV")
	c.key(kb.Enter)
	c.until("the file", "globalThis.files.length === 1")
	c.focused("CSV")
}

// revokeByKeys takes the key back; the button by which that was done is gone then.
func revokeByKeys(c *console, prefix string) {
	c.t.Helper()
	c.goes("nav.developers")
	c.tabTo(c.say("keys.revoke") + " " + prefix)
	c.enters("keys.revoke_title")
	c.tabTo("css:dialog button.danger")
	c.key(kb.Enter)
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	gone := "!hands.has(" + args("button", c.say("keys.revoke")+" "+prefix) + ")"
	c.until("the button to go", gone)
	c.keptHold("when the button that opened the dialog is gone")
}
