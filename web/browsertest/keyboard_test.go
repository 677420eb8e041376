package browsertest

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// signInByKeys signs in with the admin key, without a pointer.
func (c *console) signInByKeys(admin string) {
	c.t.Helper()
	c.visit("/")
	c.tabTo("signin.by_key")
	c.key(kb.Enter)
	c.tabBack("signin.admin_key")
	c.write(admin)
	c.key(kb.Enter)
}

// TestKeyboard signs in, finds a message and changes a policy without a pointer.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	s := demo(t)
	message := finished(s)
	c := open(t, s, "en")
	c.signInByKeys(s.admin)
	c.has("heading", "nav.overview")

	// The palette finds the message by its id.
	c.summon(chromedp.ModifierCtrl)
	c.write(message)
	c.has("option", "palette.message")
	c.key(kb.Enter)
	c.arrives("/messages/" + message)
	c.has("region", "message.ladder")

	// It closes by Escape, and goes to a page by a few letters and the arrows.
	c.summon(chromedp.ModifierCtrl)
	c.key(kb.Escape)
	c.until("the palette to close", `!document.querySelector("dialog")`)
	c.summon(chromedp.ModifierMeta)
	c.write("es")
	c.has("option", "nav.policies")
	for range 10 {
		if eval[string](c, `document.querySelector("[role=option][aria-selected=true]").innerText`) == c.say("nav.messages") {
			break
		}
		c.key(kb.ArrowDown)
	}
	c.key(kb.Enter)
	c.arrives("/messages")
	c.has("region", "messages.list")

	// The list is filtered.
	c.tabTo("messages.find")
	c.write("0001")
	c.key(kb.Enter)
	c.until("the filter in the address", `location.search.includes("last4=0001")`)
	c.until("only numbers that end so", `[...document.querySelectorAll("tbody tr td:nth-child(2) .num")].every((td) => td.innerText.endsWith("001")) && document.querySelector("tbody tr")`)

	// A policy's first wait is changed and saved.
	c.visit("/policies")
	c.tabTo("default")
	c.key(kb.Enter)
	c.arrives("/policies/default")
	c.has("field", "policy.timeout")
	c.tabTo("policy.timeout")
	c.key("a", chromedp.ModifierCtrl)
	c.write("5s")
	c.has("button", "policy.discard")
	c.tabTo(c.words.say("policy.save", "version", "2"))
	c.key(kb.Enter)
	c.sees("policy.saved", "version", "2")

	// A question is answered by Escape, and the keyboard is back where it was.
	c.tabBack("policy.delete")
	c.key(" ")
	c.has("heading", c.words.say("policy.delete_title", "name", "default"))
	c.key(kb.Escape)
	c.until("the question to close", `!document.querySelector("dialog")`)
	c.focused("policy.delete")

	// A question over another dialog leads back to that, and that to the row.
	s.person("lan", "viewer", s.tenantID())
	c.visit("/people")
	c.tabTo("lan")
	c.enters("lan")
	c.tabTo("people.disable")
	c.enters(c.words.say("people.disable_title", "name", "lan"))
	c.key(kb.Escape)
	c.has("heading", "lan")
	c.keptHold("in the dialog below")
	c.key(kb.Escape)
	c.leaves("lan")
}

// summon opens the palette. A page that was drawn a moment ago may not listen yet.
func (c *console) summon(with chromedp.Modifier) {
	c.t.Helper()
	soon(c.t, "the palette", func() bool {
		c.key("k", with)
		return eval[bool](c, `new Promise((done) => setTimeout(() => done(Boolean(document.querySelector("dialog"))), 300))`)
	})
	c.focused("palette.title")
}

// tabTo goes on by the Tab key until the keyboard is at what is called so.
func (c *console) tabTo(name string) { c.t.Helper(); c.tab(name) }

// tabBack goes back by Shift and Tab.
func (c *console) tabBack(name string) { c.t.Helper(); c.tab(name, chromedp.ModifierShift) }

// tab presses it until the keyboard is at what is called so, or fits a selector after "css:". At every stop it must be seen
// where the keyboard is.
func (c *console) tab(name string, with ...chromedp.Modifier) {
	c.t.Helper()
	wanted := quote(c.say(name))
	c.until(fmt.Sprintf("%q to come to", c.say(name)), "hands.reachable("+wanted+")")
	var passed []string
	for range 150 {
		c.key(kb.Tab, with...)
		now := eval[stop](c, "hands.stop("+wanted+")")
		if now.Unseen != "" {
			c.t.Errorf("on the way to %q: nobody sees the keyboard at %q, %s", c.say(name), now.Name, now.Unseen)
		}
		if now.Found {
			return
		}
		passed = append(passed, now.Name)
	}
	c.t.Fatalf("the Tab key does not come to %q, only to %.40q", c.say(name), passed)
}

// stop is where the Tab key comes to.
type stop struct {
	Name, Unseen string
	Found        bool
}

// focused waits until what is called so has the keyboard.
func (c *console) focused(name string) {
	c.t.Helper()
	c.until("the keyboard at "+c.say(name), "hands.isCalled(document.activeElement, "+quote(c.say(name))+")")
}
