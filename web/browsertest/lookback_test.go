package browsertest

import (
	"testing"
	"time"
)

// TestLookBack has a search find nothing among the newest: it goes on by itself to what is older. The service gives up a page only
// among very many rows, so the first answer is put in its place; the others are its own.
func TestLookBack(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.tenant("Shop")
	s.must("GET", "/v1/policies", s.key, nil)
	s.must("GET", "/v1/templates", s.key, nil)
	var older string
	c := signedIn(t, s, "en", "/account")
	for limit := time.Now().Add(patience); older == ""; time.Sleep(20 * time.Millisecond) { // the log is written a moment later
		if time.Now().After(limit) {
			t.Fatal("no request was logged")
		}
		older, _ = s.must("GET", "/v1/requests?limit=1", s.key, nil)["next_cursor"].(string)
	}
	eval[bool](c, `((ask) => { globalThis.fetch = async (path, ...rest) => {
		if (!String(path).startsWith("/v1/requests") || String(path).includes("cursor")) return ask(path, ...rest);
		return new Response(JSON.stringify({ data: [], next_cursor: `+quote(older)+`, dropped: 0 }), { headers: { "Content-Type": "application/json" } });
	}; return true; })(fetch)`)
	c.press("nav.developers", "app.navigation")
	c.press("developers.requests")
	c.until("the page that has rows", `location.search.includes("cursor=") && hands.says("/v1/policies")`)
	c.seesNo("requests.none")
}
