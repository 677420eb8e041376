package browsertest

import (
	_ "embed"
	"testing"
)

//go:embed testdata/axe.min.js
var axe string

// complaints runs axe in the page and lists what is serious or critical: rule, selector and what it says. In the dark only
// colours differ.
const complaints = `axe.run(document, {resultTypes: ["violations"], ...(matchMedia("(prefers-color-scheme: dark)").matches && {runOnly: {type: "rule", values: ["color-contrast"]}})}).then(({violations}) => violations.filter((v) => ["serious", "critical"].includes(v.impact))
	.flatMap((v) => v.nodes.map((n) => v.id + " at " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " "))))`

// TestAccessible opens every page of a furnished console, light and dark, and lets axe look for what keeps people out.
func TestAccessible(t *testing.T) {
	t.Parallel()
	s := demo(t)
	message := finished(s)
	channel := text(rows(s.must("GET", "/v1/channels?limit=1", s.key, nil))[0], "id")
	tenant := s.tenantID()
	paths := []string{
		"/", "/messages", "/messages?last4=0001", "/messages/" + message, "/messages/00000000-0000-7000-8000-000000000000", "/policies", "/policies/default",
		"/policies/new", "/costs", "/costs?group=day,channel", "/channels", "/channels/new", "/channels/" + channel, "/templates", "/templates/order_shipped",
		"/templates/new", "/developers", "/developers/callbacks", "/developers/requests", "/developers/reference", "/people", "/audit", "/tenants",
		"/tenants/" + tenant, "/system", "/account", "/nothing",
	}
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			welcome := open(t, s, "en")
			welcome.wear(scheme)
			welcome.visit("/")
			welcome.accessible("the sign-in page")
			c := signedIn(t, s, "en", "/")
			c.wear(scheme)
			c.expect("404 /nothing", "404 /v1/messages/00000000-0000-7000-8000-000000000000")
			for _, path := range paths {
				c.visit(path)
				c.accessible(path)
			}
			c.visit("/")
			c.press("palette.open")
			c.accessible("the palette")
		})
	}
}

// accessible fails the test for each thing that axe complains of, once for each rule and page.
func (c *console) accessible(where string) {
	c.t.Helper()
	if !eval[bool](c, `"axe" in globalThis`) {
		eval[bool](c, axe+"; true")
	}
	for _, complaint := range eval[[]string](c, complaints) {
		c.t.Errorf("%s: %s", where, complaint)
	}
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
