package browsertest

import (
	"strings"
	"testing"
)

// TestViewer looks at one message as each role: what a viewer is shown, who sees costs, and that a look behind the mask is kept.
func TestViewer(t *testing.T) {
	t.Parallel()
	s := demo(t)
	tenant := s.tenantID()
	const number, words = "+84912345678", "Nguyễn Thị Bí Mật"
	sent := s.must("POST", "/v1/messages", s.key, map[string]any{
		"to": number, "template": "order_shipped", "params": map[string]any{"customer": words, "order_id": "A-1029"},
	})
	page := "/messages/" + text(sent, "id")

	_, password := s.person("viewer", "viewer", tenant)
	viewer := as(t, s, "viewer", password, "/messages")
	viewer.follow("a.row-link[href*='" + text(sent, "id") + "']")
	viewer.arrives(page)
	viewer.has("region", "content.title")
	viewer.sees("content.hidden")
	viewer.lacks("button", "content.reveal")
	viewer.lacks("link", "nav.costs")
	for _, path := range []string{page, "/messages"} {
		viewer.visit(path)
		viewer.sees("+84•••••678")
		for _, hidden := range []string{"912345678", words} {
			if html := eval[string](viewer, "document.documentElement.outerHTML"); strings.Contains(html, hidden) {
				at := strings.Index(html, hidden)
				t.Errorf("a viewer's %s holds %q: …%s…", path, hidden, html[max(0, at-300):min(len(html), at+100)])
			}
		}
	}

	_, password = s.person("finance", "finance", tenant)
	finance := as(t, s, "finance", password, "/")
	finance.press("nav.costs", "app.navigation")
	finance.has("region", "costs.table")
	finance.lacks("button", "content.reveal")

	_, password = s.person("operator", "operator", tenant)
	operator := as(t, s, "operator", password, page)
	operator.seesNo(number)
	operator.press("content.reveal")
	operator.fill("content.reason", "Ticket 4711: says nothing came")
	operator.press("content.reveal", "content.reveal_title")
	operator.sees("content.shown", "to", number)
	operator.sees(words)

	admin := signedIn(t, s, "en", "/audit?action=message.reveal")
	admin.sees("operator")
	admin.follow("table.unfold a.row-link")
	admin.sees("Ticket 4711: says nothing came")
	admin.sees(text(sent, "id"))
}
