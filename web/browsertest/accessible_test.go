package browsertest

import (
	_ "embed"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/axe.min.js
var axe string

// complaints is a function that runs axe in a part of the page and lists what is serious or critical: rule, selector and what it
// says.
const complaints = `((where, options) => axe.run(where, {resultTypes: ["violations"], ...options}).then(({violations}) => violations.filter((v) => ["serious", "critical"].includes(v.impact))
	.flatMap((v) => v.nodes.map((n) => v.id + " at " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " ")))))`

// TestAccessible opens every page of a furnished console, and every dialog, and lets axe look for what keeps people out: in
// English, light and wide, and in Vietnamese, dark and on a telephone.
func TestAccessible(t *testing.T) {
	t.Parallel()
	s := demo(t)
	f := furnish(s)
	for _, look := range []look{{"en", "light", wide, nil}, {"vi", "dark", narrow, untranslated(t)}} {
		t.Run(look.lang+" "+look.scheme, func(t *testing.T) {
			t.Parallel()
			c := open(t, s, look.lang)
			c.wear(look.scheme)
			c.do(look.window)
			c.visit("/")
			c.accessible(look, "the sign-in page")
			c.press("signin.by_key")
			c.fill("signin.admin_key", s.admin)
			c.press("signin.submit")
			c.has("heading", "nav.overview")
			c.expect("404 /v1/messages/00000000-0000-7000-8000-000000000000", "422 /v1/") // what is not there, and what is filled in wrongly
			pages(c, look, f)
			dialogs(c, look, f)
		})
	}
}

// TestAccessibleEmpty opens the pages of somebody who has just begun: no tenant yet, then one in which there is nothing, first for
// whoever may do everything and then for whoever may look only.
func TestAccessibleEmpty(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := signedIn(t, s, "vi", "/")
	phone := look{"vi", "light", narrow, untranslated(t)}
	c.do(narrow)
	c.has("heading", "tenants.first")
	c.accessible(phone, "before the first tenant")
	tenant := s.tenant("Tiệm")
	paths := []string{"/messages", "/policies", "/costs", "/channels", "/templates", "/developers", "/developers/callbacks", "/recipients", "/people", "/audit", "/tenants", "/"}
	c.visit("/")
	for _, path := range paths {
		c.turn(path)
		c.accessible(phone, path+" without anything in it")
	}
	_, password := s.person("viewer", "viewer", tenant)
	viewer := as(t, s, "viewer", password, "/")
	viewer.wear("dark")
	for _, path := range paths {
		viewer.turn(path)
		viewer.accessible(look{"en", "dark", wide, nil}, path+" for a viewer")
	}
}

// look is how somebody looks at the console. Foreign are the sentences that must not be read out there.
type look struct {
	lang, scheme string
	window       chromedp.Action[chromedp.Void]
	foreign      []string
}

// furniture is what the demo holds and a test adds, so that every page shows something and every dialog can be opened.
type furniture struct{ message, scheduled, account, off, callback, tenant string }

func furnish(s *service) furniture {
	s.t.Helper()
	f := furniture{message: finished(s), tenant: s.tenantID()}
	f.scheduled = text(s.must("POST", "/v1/messages", s.key, map[string]any{
		"to": "+84912345678", "template": "order_shipped", "params": map[string]any{"customer": "Lan", "order_id": "A-1029"}, "send_at": time.Now().Add(24 * time.Hour).Format(time.RFC3339),
	}), "id")
	accounts := rows(s.must("GET", "/v1/channels?limit=200", s.key, nil))
	f.account, f.off = text(accounts[0], "id"), text(accounts[len(accounts)-1], "id")
	s.must("PATCH", "/v1/channels/"+f.off, s.key, map[string]any{"disabled": true})
	f.callback = text(rows(s.must("GET", "/v1/callbacks", s.key, nil))[0], "id")
	policy := s.must("GET", "/v1/policies/otp", s.key, nil)
	s.must("PUT", "/v1/policies/otp", s.key, map[string]any{"steps": policy["steps"], "ttl": "3m"})
	s.must("PUT", "/v1/suppressions/+84900000099", s.key, map[string]any{"reason": "asked to"})
	s.must("PUT", "/v1/consents/+84900000099", s.key, map[string]any{"source": "form", "categories": []string{"care"}})
	return f
}

func pages(c *console, look look, f furniture) {
	c.t.Helper()
	for _, path := range []string{
		"/messages", "/messages/" + f.message, "/messages?last4=0001", "/messages/00000000-0000-7000-8000-000000000000", "/messages/" + f.scheduled,
		"/policies", "/policies/default", "/policies/otp?version=1", "/policies/new", "/costs?group=day,channel", "/channels", "/channels/new",
		"/channels/" + f.account, "/channels/new?id=" + f.account, "/channels/" + f.off, "/templates", "/templates/order_shipped", "/templates/new", "/developers", "/developers/callbacks",
		"/developers/callbacks/" + f.callback, "/developers/requests", "/developers/reference", "/recipients", "/people", "/recipients?phone=%2B84900000099", "/audit", "/tenants", "/tenants/" + f.tenant,
		"/system", "/account", "/nothing", "/",
	} {
		c.turn(path)
		eval[bool](c, `([...document.querySelectorAll("main details")].slice(0, 8).forEach((d) => { d.open = true; }), document.querySelector("table.unfold a.row-link")?.click(), true)`)
		c.until("what was unfolded", `!document.querySelector("table.unfold") || document.querySelector(".unfolded")`)
		c.accessible(look, path)
	}
	if eval[bool](c, "hands.has("+args("button", c.say("app.menu"))+")") {
		c.press("app.menu")
		c.has("region", "app.navigation")
		c.accessible(look, "the open menu")
	}

	// An account is added in steps, each a page.
	c.turn("/channels/new")
	c.tick("channel.sms")
	c.press("channel_new.next")
	c.tick("adapter.http")
	c.accessible(look, "the choice of a provider")
	c.press("channel_new.next")
	c.has("field", "channels.name")
	c.press("channel_new.create")
	c.until("what is wrong with the fields", `document.querySelector("[aria-invalid=true]")`)
	c.accessible(look, "the settings of an account with faults")
}

// dialogs opens every dialog of the console.
func dialogs(c *console, look look, f furniture) {
	c.t.Helper()
	// asks presses a button and looks at the dialog that it opens; stays leaves it open.
	stays := func(button, title string) {
		c.t.Helper()
		c.press(button)
		c.has("heading", title)
		c.accessible(look, "the dialog "+c.say(title))
	}
	closes := func() {
		c.t.Helper()
		c.key(kb.Escape)
		c.until("the dialog to close", `!document.querySelector("dialog")`)
	}
	asks := func(button, title string) {
		c.t.Helper()
		stays(button, title)
		closes()
	}
	refused := func(submit, title string) { // what is wrong stands in the dialog
		c.t.Helper()
		c.press(submit, title)
		c.until("what is wrong", `document.querySelector("dialog .error, dialog [role=alert]")`)
		c.accessible(look, "the dialog "+c.say(title)+" with faults")
	}

	c.turn("/")
	stays("caps.change", "caps.dialog")
	c.fill(c.words.say("caps.day_field", "currency", "VND"), "-")
	refused("app.save", "caps.dialog")
	closes()

	c.turn("/messages/" + f.message)
	stays("content.reveal", "content.reveal_title")
	refused("content.reveal", "content.reveal_title")
	closes()
	c.turn("/messages/" + f.scheduled)
	asks("message.cancel", "message.cancel_title")

	c.turn("/policies/default")
	asks("policy.delete", c.words.say("policy.delete_title", "name", "default"))
	c.turn("/policies/otp?version=1")
	asks("policy.return", c.words.say("policy.return_title", "version", "1"))

	c.turn("/costs")
	stays("prices.add", "prices.add")
	refused("prices.add", "prices.add")
	closes()

	c.turn("/channels/" + f.account)
	account := eval[string](c, `document.querySelector("h1").innerText`)
	asks("channels.turn_off", c.words.say("channels.off_title", "name", account))
	asks("channels.delete", c.words.say("channels.delete_title", "name", account))
	c.turn("/channels/" + f.off)
	asks("channels.turn_on", c.words.say("channels.on_title", "name", eval[string](c, `document.querySelector("h1").innerText`)))

	c.turn("/templates/order_shipped")
	asks("template.delete", c.words.say("template.delete_title", "name", "order_shipped"))

	c.turn("/developers")
	stays("keys.make", "keys.make")
	c.press("keys.make", "keys.make")
	c.sees("once.note")
	c.accessible(look, "a new key")
	c.press("once.done")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	asks("keys.revoke", "keys.revoke_title")

	c.turn("/developers/callbacks")
	stays("callbacks.make", "callbacks.make")
	refused("app.save", "callbacks.make")
	c.fill("callbacks.url", c.at.url+"/"+look.lang)
	c.press("app.save", "callbacks.make")
	c.has("heading", "callbacks.made")
	c.accessible(look, "a new endpoint's secret")
	c.press("once.done")
	c.arrives("/developers/callbacks/")
	asks("callbacks.change", "callbacks.edit")
	asks("callbacks.disable", "callbacks.disable_title")
	asks("callbacks.delete", "callbacks.delete_title")

	c.turn("/recipients?phone=%2B84900000099")
	asks("recipients.change", "recipients.stop")
	for _, what := range []string{"recipients.lift", "recipients.agree", "recipients.withdraw"} {
		asks(what, what)
	}

	c.turn("/people")
	name := "person-" + look.lang
	stays("people.add", "people.add")
	refused("people.add", "people.add")
	c.fill("people.name", name)
	c.press("people.add", "people.add")
	c.has("heading", c.words.say("people.password_of", "name", name))
	c.accessible(look, "a new person's password")
	c.press("once.done")
	c.until("the dialog to close", `!document.querySelector("dialog")`)
	stays(name, name)
	for _, what := range []string{"reset", "disable", "remove"} {
		stays("people."+what, c.words.say("people."+what+"_title", "name", name))
		c.press("app.no")
		c.has("heading", name)
	}
	closes()

	c.turn("/tenants")
	stays("tenants.make", "tenants.make")
	refused("tenants.make", "tenants.make")
	c.fill("tenants.name", "Tiệm "+look.lang)
	c.press("tenants.make", "tenants.make")
	c.sees("once.note")
	c.accessible(look, "a new tenant's key")
	c.press("once.done")
	c.has("heading", "Tiệm "+look.lang)

	c.summon(chromedp.ModifierCtrl)
	c.accessible(look, "the palette")
	c.write("000")
	c.has("option", c.words.say("palette.transaction", "text", "000"))
	c.accessible(look, "the palette with findings")
	closes()

	c.expect("401 /v1/")
	eval[bool](c, `fetch("/v1/session", {method: "DELETE"}).then((r) => r.ok)`)
	c.turn("/audit")
	c.has("heading", "signin.expired")
	c.accessible(look, "signing in again")
	c.press("signin.by_key")
	c.has("field", "signin.admin_key")
	c.accessible(look, "signing in again with the key")
}

// turn goes to another page as the browser's own Back does, without loading the console anew. Where only the query changes, it
// is loaded.
func (c *console) turn(path string) {
	c.t.Helper()
	c.until("a page", `document.querySelector(".page")`)
	if before, _, _ := strings.Cut(path, "?"); before == eval[string](c, "location.pathname") {
		c.visit(path)
		return
	}
	eval[bool](c, `((page) => { if (page) page.dataset.left = "true"; history.pushState(null, "", `+quote(path)+`); dispatchEvent(new PopStateEvent("popstate")); return true; })(document.querySelector(".page"))`)
	c.until("the page at "+path, `document.querySelector(".page:not([data-left]) h1") && !document.querySelector("[role=status].waiting")`)
}

// accessible fails the test for each thing that axe complains of in the dialog that lies over the page, or in the page; if it is
// not in the window's language; and if it is wider than the window.
func (c *console) accessible(look look, where string) {
	c.t.Helper()
	if !eval[bool](c, `"axe" in globalThis`) {
		eval[bool](c, axe+"; true")
		eval[bool](c, "(globalThis.foreign = new Set("+jsonOf(look.foreign)+"), true)")
	}
	found := eval[[]string](c, complaints+`(document.querySelector("dialog:modal") ?? document, {})`)
	if look.window != nil && eval[bool](c, `matchMedia("(max-width: 40rem)").matches && Boolean(document.querySelector(".wide-only"))`) {
		c.do(wide) // what a telephone leaves out has colours too
		found = append(found, eval[[]string](c, complaints+`({include: [[".wide-only"]]}, {runOnly: {type: "rule", values: ["color-contrast"]}})`)...)
		c.do(look.window)
	}
	for _, complaint := range found {
		c.t.Errorf("%s: %s", where, complaint)
	}
	if lang := eval[string](c, "document.documentElement.lang"); lang != look.lang {
		c.t.Errorf("%s says that it speaks %q", where, lang)
	}
	for _, wrong := range eval[[]string](c, "hands.unspoken(globalThis.foreign)") {
		c.t.Errorf("%s: %s", where, wrong)
	}
	if wide := eval[int](c, "document.documentElement.scrollWidth - innerWidth"); wide > 0 {
		c.t.Errorf("%s is %d pixels wider than the window", where, wide)
	}
}

// untranslated are the English sentences that are others in Vietnamese.
func untranslated(t *testing.T) []string {
	t.Helper()
	english, vietnamese := speak(t, "en"), speak(t, "vi")
	own := map[string]bool{}
	for key := range vietnamese {
		own[vietnamese.say(key)] = true
	}
	var foreign []string
	for key := range english {
		if said := english.say(key); !own[said] && !strings.Contains(said, "{") {
			foreign = append(foreign, said)
		}
	}
	return foreign
}

// finished waits for a message of the demo that has been delivered, and answers its id.
func finished(s *service) string {
	s.t.Helper()
	var id string
	soon(s.t, "a message that was delivered", func() bool {
		list := rows(s.must("GET", "/v1/messages?status=delivered&limit=1", s.key, nil))
		if len(list) > 0 {
			id = text(list[0], "id")
		}
		return id != ""
	})
	return id
}
