package web

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

// The JSON of the document says what its YAML says, and its paths in the same order.
func TestOpenAPIAsJSON(t *testing.T) {
	raw, err := openAPIAsJSON()
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := yaml.Unmarshal(openAPI, &doc); err != nil {
		t.Fatal(err)
	}
	plain, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(plain, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if send, docs := bytes.Index(raw, []byte(`"/v1/messages"`)), bytes.Index(raw, []byte(`"/docs"`)); send < 0 || docs < send {
		t.Errorf("/v1/messages at %d, /docs at %d", send, docs)
	}
}

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
