package browsertest

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/hands.js
var hands string

// console is one person's window: a browser context of its own, on one service, in one language.
type console struct {
	t     *testing.T
	ctx   context.Context
	at    *service
	words words
	watch *watch
}

// open opens a window in which nobody has signed in.
func open(t *testing.T, at *service, lang string) *console {
	t.Helper()
	ctx, closeWindow := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	t.Cleanup(closeWindow)
	c := &console{t: t, ctx: ctx, at: at, words: speak(t, lang), watch: &watch{origin: at.url}}
	if err := chromedp.Do(ctx); err != nil { // the window lasts as long as the context of its first action
		t.Fatal(err)
	}
	c.do(wide)
	if err := chromedp.Listen(ctx, func(ev any) { c.watch.note(ctx, ev) }); err != nil {
		t.Fatal(err)
	}
	first := hands + "\naddEventListener('securitypolicyviolation', (e) => console.error('content policy: ' + e.violatedDirective + ' ' + e.blockedURI));\n" +
		"if (location.origin === '" + at.url + "' && !localStorage.getItem('cascade.language')) localStorage.setItem('cascade.language', '" + lang + "');"
	tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: first})
	t.Cleanup(func() {
		for _, what := range c.watch.wrongs() {
			t.Errorf("the browser complains: %s", what)
		}
	})
	return c
}

// signedIn opens a window of whoever has the admin key, on a page.
func signedIn(t *testing.T, at *service, lang, path string) *console {
	t.Helper()
	return enter(t, at, lang, path, map[string]any{"admin_key": at.admin})
}

// as opens a window of a person, on a page.
func as(t *testing.T, at *service, name, password, path string) *console {
	t.Helper()
	return enter(t, at, "en", path, map[string]any{"name": name, "password": password})
}

func enter(t *testing.T, at *service, lang, path string, credentials map[string]any) *console {
	t.Helper()
	c := open(t, at, lang)
	c.visit("/")
	raw, _ := json.Marshal(credentials)
	if status := eval[int](c, `fetch("/v1/session", {method: "POST", headers: {"Content-Type": "application/json"}, body: `+quote(string(raw))+`}).then((r) => r.status)`); status != 200 {
		t.Fatalf("signing in answers %d", status)
	}
	c.visit(path)
	return c
}

// expect says that the test provokes a refusal: the status and the path.
func (c *console) expect(refusals ...string) { c.watch.allow(refusals...) }

func (c *console) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		c.t.Fatal(err)
	}
}

// tell sends a command of the browser's protocol.
func tell[P, R any](c *console, command cdp.Command[P, R], params P) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		c.t.Fatal(err)
	}
}

// eval answers what an expression comes to in the page.
func eval[T any](c *console, expression string) T {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

func quote(s string) string { return jsonOf(s) }

func jsonOf(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// args writes values as the arguments of a call in the page.
func args(values ...string) string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = quote(v)
	}
	return strings.Join(out, ", ")
}

// until waits for an expression to be true in the page.
func (c *console) until(what, expression string) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		ctx, cancel := context.WithTimeout(c.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		cancel()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s: not within %v (%v). %s says:\n%.5000s", what, patience, err, eval[string](c, "location.href"), eval[string](c, `[...document.querySelectorAll("main, dialog")].map((el) => el.innerText.replace(/\s*\n\s*/g, " | ")).join("\n")`))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// visit opens an address, as from a link in a mail.
func (c *console) visit(path string) {
	c.t.Helper()
	c.do(chromedp.Navigate(c.at.url + path))
	c.until("a page at "+path, `document.querySelector("h1") && !document.querySelector("[role=status].waiting")`)
}

// press clicks on a button or a link by its name; within names the part of the page in which it is, if several are called so.
func (c *console) press(name string, within ...string) {
	c.t.Helper()
	c.click([]string{"button", "link", "option"}, c.say(name), within)
}

// tick clicks on a radio button or a box.
func (c *console) tick(name string, within ...string) {
	c.t.Helper()
	c.click([]string{"choice"}, c.say(name), within)
}

func (c *console) click(kinds []string, name string, within []string) {
	c.t.Helper()
	var tries []string
	for _, kind := range kinds {
		tries = append(tries, "hands.point("+args(append([]string{kind, name}, c.sayAll(within)...)...)+")")
	}
	c.clickAt(fmt.Sprintf("%s %q to press", kinds[0], name), strings.Join(tries, " || "))
}

// clickAt clicks where an expression says, once that stands still, and again if what is meant has moved away meanwhile.
func (c *console) clickAt(what, where string) {
	c.t.Helper()
	const before = "globalThis.clicked"
	for range 50 {
		c.until(what, "((now) => { const still = now && String(now) === "+before+"; "+before+" = still ? undefined : String(now); if (still) globalThis.spot = now; return still && hands.aim(); })("+where+")")
		at := eval[[]float64](c, "spot")
		c.do(chromedp.MouseClickXY(at[0], at[1]))
		if eval[bool](c, "hands.struck()") {
			return
		}
	}
	c.t.Fatalf("%s moves away from every click", what)
}

// fill writes into a field, in place of what stands there.
func (c *console) fill(name, value string, within ...string) {
	c.t.Helper()
	where := append([]string{"field", c.say(name)}, c.sayAll(within)...)
	c.until(fmt.Sprintf("field %q", c.say(name)), "hands.focus("+args(where...)+")")
	c.write(value)
	c.until(fmt.Sprintf("%q in field %q", value, c.say(name)), "hands.value("+args(where...)+") === "+quote(value))
}

// write types a text where the keyboard is.
func (c *console) write(value string) {
	c.t.Helper()
	if value == "" {
		c.key("\b")
		return
	}
	tell(c, input.InsertText, input.InsertTextParams{Text: value})
}

// choose picks an option of a select by its words or its value.
func (c *console) choose(name, option string, within ...string) {
	c.t.Helper()
	where := append([]string{c.say(name), c.say(option)}, c.sayAll(within)...)
	c.until(fmt.Sprintf("%q among %q", c.say(option), c.say(name)), "hands.choose("+args(where...)+")")
}

// setDate writes a day, 2006-01-02, into a date field.
func (c *console) setDate(name, day string) {
	c.t.Helper()
	where := "hands.find(" + args("field", c.say(name)) + ")"
	c.until("date "+c.say(name), where)
	eval[bool](c, "((el) => { el.value = "+quote(day)+"; el.dispatchEvent(new Event('input', {bubbles: true})); return true; })("+where+")")
}

// follow clicks on what a CSS selector finds, where a name is not enough: a row of a list.
func (c *console) follow(selector string) {
	c.t.Helper()
	c.clickAt(selector, "hands.pointAt(document.querySelector("+quote(selector)+"))")
}

// key presses keys, such as kb.Enter, together with others.
func (c *console) key(keys string, with ...chromedp.Modifier) {
	c.t.Helper()
	c.do(chromedp.KeyEvent(keys, chromedp.KeyModifiers(with...)))
}

// sees waits until a text stands on the page.
func (c *console) sees(key string, pairs ...string) {
	c.t.Helper()
	said := c.words.say(key, pairs...)
	c.until(fmt.Sprintf("the text %q", said), "hands.says("+quote(said)+")")
}

// sees not: the text must not stand on the page as it is now.
func (c *console) seesNo(key string) {
	c.t.Helper()
	if said := c.say(key); eval[bool](c, "hands.says("+quote(said)+")") {
		c.t.Errorf("the page says %q", said)
	}
}

// has waits for something by its kind and name: button, link, field, choice, region or heading.
func (c *console) has(kind, name string, within ...string) {
	c.t.Helper()
	c.until(fmt.Sprintf("%s %q", kind, c.say(name)), "hands.has("+args(append([]string{kind, c.say(name)}, c.sayAll(within)...)...)+")")
}

// lacks: nothing of this kind and name is on the page as it is now.
func (c *console) lacks(kind, name string) {
	c.t.Helper()
	if eval[bool](c, "hands.has("+args(kind, c.say(name))+")") {
		c.t.Errorf("the page has the %s %q", kind, c.say(name))
	}
}

// at waits for an address.
func (c *console) arrives(path string) {
	c.t.Helper()
	c.until("the address "+path, "location.pathname.startsWith("+quote(path)+")")
}

func (c *console) say(key string) string { return c.words.say(key) }

func (c *console) sayAll(keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		out[i] = c.say(key)
	}
	return out
}

// The windows of a desk and of a telephone.
var (
	wide   = chromedp.EmulateViewport(1280, 900)
	narrow = chromedp.EmulateViewport(360, 740)
)

// wear shows the page in light or dark.
func (c *console) wear(scheme string) {
	c.t.Helper()
	tell(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}
