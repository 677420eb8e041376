package web

import (
	"html"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// Every operation and every body of openapi.yaml is on the page, and every link on it leads somewhere.
func TestDocsShowTheWholeAPI(t *testing.T) {
	page, err := renderDocs()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		t.Fatal(err)
	}
	for path, item := range doc.Paths.Map() {
		for method, operation := range item.Operations() {
			if !strings.Contains(page, "<b>"+method+"</b> "+path+"</h3>") || !strings.Contains(page, html.EscapeString(operation.Summary)) {
				t.Errorf("%s %s is not on the page", method, path)
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(page, `id="schema-`+name+`"`) {
			t.Errorf("%s is not on the page", name)
		}
	}
	for _, part := range strings.Split(page, `href="#`)[1:] {
		target, _, _ := strings.Cut(part, `"`)
		if !strings.Contains(page, `id="`+target+`"`) {
			t.Errorf("#%s leads nowhere", target)
		}
	}
}
