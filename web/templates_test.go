package web

import (
	"strings"
	"testing"
)

func TestTemplatesByName(t *testing.T) {
	r, key, _ := testAPI(t, &fakeEngine{})
	for _, name := range []string{"order", "order_shipped"} {
		if w := call(r, "PUT", "/v1/templates/"+name, key, `{"category":"care","content":{"sms":{"text":"x"}}}`); w.Code != 200 {
			t.Fatal(w.Code, w.Body)
		}
	}
	for query, want := range map[string]string{
		"":                   `{"data":[{"name":"order",`,
		"?name=order":        `"next_cursor":null`,
		"?name=orde":         `{"data":[],`,
		"?name=Order":        `{"data":[],`,
		"?name=is%20no%20na": `{"data":[],`,
	} {
		w := call(r, "GET", "/v1/templates"+query, key, "")
		if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, want) || query != "" && strings.Contains(body, "order_shipped") {
			t.Errorf("%q: %d %s, want %s", query, w.Code, body, want)
		}
	}
}
