package browsertest

import (
	"strings"
	"testing"
	"time"
)

// TestWalk is the first hour of somebody who has just installed Cascade: from the admin key to a message that cascades, and
// what it cost.
func TestWalk(t *testing.T) {
	for _, lang := range []string{"en", "vi"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			s, providers := serve(t), simulator(t)
			c := open(t, s, lang)

			c.visit("/")
			c.press("signin.by_key")
			c.fill("signin.admin_key", s.admin)
			c.press("signin.submit")
			c.has("heading", "tenants.first")

			c.press("tenants.first_go")
			c.press("tenants.make")
			c.fill("tenants.name", "Tiệm Hoa Sen")
			c.press("tenants.make", "tenants.make")
			c.press("once.done")
			c.has("heading", "Tiệm Hoa Sen")

			addAccount(c, "zns", "zalo", map[string]string{
				"Application ID": "1000000000000000001", "Application secret key": "app", "Official Account ID": "3000000000000000001", "OA secret key": "oa",
				"Refresh token": "refresh", "API URL": providers + "/zalo/api", "Openapi URL": providers + "/zalo/openapi", "Oauth URL": providers + "/zalo/oauth",
			})
			for _, channel := range []string{"viber", "sms"} {
				addAccount(c, channel, "infobip", map[string]string{"API base URL": providers + "/infobip", "API key": "any", "Sender": "HOASEN", "Webhook secret": "hook"})
			}
			addPrice(c, "viber", "470")
			writeTemplate(c)
			writePolicy(c)

			key := makeKey(c)
			if status, _ := s.call("GET", "/v1/messages", key, nil); status != 200 {
				t.Fatalf("the key of the page is answered %d", status)
			}
			watchLadder(c, key)
			readCosts(c)
			revoke(c, key)
		})
	}
}

// addAccount goes through the steps by which an account is added, up to its check.
func addAccount(c *console, channel, adapter string, settings map[string]string) {
	c.t.Helper()
	c.press("nav.channels", "app.navigation")
	c.press("channels.add")
	c.tick("channel." + channel)
	c.press("channel_new.next")
	c.tick("adapter." + adapter)
	c.press("channel_new.next")
	c.fill("channels.name", channel+"-main")
	c.press("channel_settings.further")
	for name, value := range settings {
		c.fill(name, value)
	}
	c.press("channel_new.create")
	c.sees("channel_added.done", "name", channel+"-main")
	c.until("an answer of the provider", `document.querySelector(".findings, .probe .notice")`)
	c.sees("channel_check.ok")
}

// addPrice puts a price into the book, from today on.
func addPrice(c *console, channel, amount string) {
	c.t.Helper()
	c.press("nav.costs", "app.navigation")
	c.press("prices.add", "prices.title")
	c.choose("prices.channel", channel)
	c.fill(c.words.say("prices.amount", "currency", "VND"), amount)
	today := time.Now().In(time.FixedZone("+07", 7*60*60)).Format(time.DateOnly)
	c.setDate("prices.valid_from", today)
	c.press("prices.add", "prices.add")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	c.sees(amount)
}

// writeTemplate writes a text for each channel, with a param.
func writeTemplate(c *console) {
	c.t.Helper()
	c.press("nav.templates", "app.navigation")
	c.press("templates.add")
	c.fill("template.name", "order_ready")
	c.choose("template.category", "transaction")
	c.press(c.words.say("template.with", "channel", c.say("channel.zns")))
	c.fill("template_zns.id", "412345")
	c.press("template_zns.add")
	c.fill("template_zns.param", "customer")
	c.fill(c.words.say("template_zns.value_of", "name", "customer"), "{{customer}}")
	c.press(c.words.say("template.with", "channel", c.say("channel.viber")))
	c.fill("template.text", "Chào {{customer}}, hoa đã sẵn sàng.", "channel.viber")
	c.fill("template.text", "Chao {{customer}}, hoa da san sang.", "channel.sms")
	c.press("template_params.declare")
	c.fill(c.words.say("template_params.example_of", "name", "customer"), "Lan")
	c.sees("Chao Lan, hoa da san sang.")
	c.press("template.create")
	c.has("heading", "order_ready")
}

// writePolicy makes the default policy, Zalo, Viber and then SMS, and tries it out.
func writePolicy(c *console) {
	c.t.Helper()
	c.press("nav.policies", "app.navigation")
	c.press("policies.new")
	c.fill("policy.name", "default")
	c.press("policy.add_step")
	c.until("three steps", `document.querySelectorAll(".bench .rung").length === 3`)
	c.press(c.words.say("policy.step_up", "n", "3"))
	c.until("Viber in the middle", `document.querySelectorAll(".bench .rung")[1].dataset.channel === "viber"`)
	c.fill("tryout.to", "+84912345678")
	c.press("tryout.run")
	c.sees("channel.viber")
	c.until("the dry run", `document.querySelectorAll(".tryout .rung").length === 3`)
	c.sees("Chao Lan, hoa da san sang.")
	c.press("policy.create")
	c.arrives("/policies/default")
	c.press("nav.policies", "app.navigation")
	c.choose("routes.default", "default")
	c.press("routes.save")
	c.sees("routes.saved")
}

// makeKey makes a live key and reads it off the page.
func makeKey(c *console) string {
	c.t.Helper()
	c.press("nav.developers", "app.navigation")
	c.press("keys.make")
	c.choose("keys.mode", "live")
	c.press("keys.make", "keys.make")
	c.sees("once.note")
	key := eval[string](c, `document.querySelector("dialog .secret code").textContent`)
	c.press("once.done")
	return key
}

// watchLadder sends to somebody without Zalo and looks on: the page is not loaded again.
func watchLadder(c *console, key string) {
	c.t.Helper()
	sent := c.at.must("POST", "/v1/messages", key, map[string]any{"to": "+84900000003", "template": "order_ready", "params": map[string]any{"customer": "Lan"}})
	c.press("nav.messages", "app.navigation")
	c.follow("a.row-link[href*='" + text(sent, "id") + "']")
	c.arrives("/messages/" + text(sent, "id"))
	eval[bool](c, "globalThis.stayed = true")
	c.until("Viber's delivery", `["delivered", "read"].some((s) => document.querySelector(".headline-state").innerText.includes({delivered: `+quote(c.say("status.delivered"))+`, read: `+quote(c.say("status.read"))+`}[s]))`)
	c.until("the same page as before", "globalThis.stayed")
	c.sees("error.no_zalo_account")
	c.sees("470")
}

// readCosts finds the cost of the message in the report and in its export.
func readCosts(c *console) {
	c.t.Helper()
	c.press("nav.costs", "app.navigation")
	c.until("the cost", `document.querySelector("table")?.innerText.includes("470")`)
	eval[bool](c, `(globalThis.files = [], URL.createObjectURL = ((make) => (blob) => { files.push(blob); return make(blob); })(URL.createObjectURL), true)`)
	c.press("CSV")
	c.until("the file", "globalThis.files.length === 1")
	if file := eval[string](c, "files[0].text()"); !strings.Contains(file, "viber") || !strings.Contains(file, "470") {
		c.t.Errorf("the exported file holds no Viber for 470:\n%s", file)
	}
}

// revoke takes the key back; the API then refuses it.
func revoke(c *console, key string) {
	c.t.Helper()
	c.press("nav.developers", "app.navigation")
	prefix := ""
	for _, k := range rows(c.at.must("GET", "/v1/tenants/"+c.at.tenantID()+"/keys", c.at.admin, nil)) {
		if p := text(k, "prefix"); strings.HasPrefix(key, p) {
			prefix = p
		}
	}
	c.press(c.say("keys.revoke") + " " + prefix)
	c.press("keys.revoke", "keys.revoke_title")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) { // it is refused within 5 seconds
		status, _ := c.at.call("GET", "/v1/messages", key, nil)
		if status == 401 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the revoked key is answered %d", status)
		}
	}
}
