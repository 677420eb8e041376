package web

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
)

//go:embed docs.html
var docsHTML string

var docsPage = template.Must(template.New("docs").Parse(docsHTML))

// docs shows the OpenAPI document to people: without a script, and without anything from elsewhere.
func (h *ops) docs(c *gin.Context) {
	page, err := renderDocs()
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", pagePolicy)
	c.Data(http.StatusOK, "text/html; charset=utf-8", []byte(page))
}

var renderDocs = sync.OnceValues(func() (string, error) {
	var doc yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(openAPI, &doc, yaml.UseOrderedMap()); err != nil {
		return "", fmt.Errorf("openapi.yaml: %w", err)
	}
	var page strings.Builder
	err := docsPage.Execute(&page, reference{doc}.page())
	return page.String(), err
})

// reference reads the OpenAPI document in the order in which it is written.
type reference struct{ doc yaml.MapSlice }

type docsContent struct {
	Title, Description string
	Groups             []docsGroup
	Schemas            []docsSchema
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Path, Summary, Description string
	Parameters                             []docsField
	Body                                   *docsType
	Answers                                []docsAnswer
}

type docsAnswer struct {
	Status, Description string
	Body                *docsType
}

type docsSchema struct {
	Name   string
	Type   docsType
	Fields []docsField
}

type docsField struct {
	Name, In, Description string
	Required              bool
	Type                  docsType
}

// docsType is a type in words, and the schema that it names, if it names one.
type docsType struct{ Text, Schema string }

func (r reference) page() docsContent {
	info := at(r.doc, "info")
	page := docsContent{Title: text(info, "title"), Description: text(info, "description")}
	for _, path := range at(r.doc, "paths") {
		for _, method := range slice(path.Value) {
			if method.Key == "parameters" {
				continue
			}
			op := slice(method.Value)
			tag := "other"
			if tags, _ := value(op, "tags").([]any); len(tags) > 0 {
				tag = fmt.Sprint(tags[0])
			}
			i := slices.IndexFunc(page.Groups, func(g docsGroup) bool { return g.Name == tag })
			if i < 0 {
				i, page.Groups = len(page.Groups), append(page.Groups, docsGroup{Name: tag})
			}
			page.Groups[i].Operations = append(page.Groups[i].Operations, r.operation(fmt.Sprint(path.Key), fmt.Sprint(method.Key), slice(path.Value), op))
		}
	}
	for _, s := range at(r.doc, "components", "schemas") {
		page.Schemas = append(page.Schemas, docsSchema{Name: fmt.Sprint(s.Key), Type: typeOf(slice(s.Value)), Fields: fields(slice(s.Value))})
	}
	return page
}

func (r reference) operation(path, method string, shared, op yaml.MapSlice) docsOperation {
	out := docsOperation{
		ID: text(op, "operationId"), Method: strings.ToUpper(method), Path: path, Summary: text(op, "summary"), Description: text(op, "description"),
		Body: body(at(op, "requestBody")),
	}
	for _, from := range []yaml.MapSlice{shared, op} {
		list, _ := value(from, "parameters").([]any)
		for _, p := range list {
			one := r.resolve(slice(p))
			required, _ := value(one, "required").(bool)
			out.Parameters = append(out.Parameters, docsField{
				Name: text(one, "name"), In: text(one, "in"), Description: text(one, "description"), Required: required, Type: typeOf(at(one, "schema")),
			})
		}
	}
	for _, answer := range at(op, "responses") {
		one := r.resolve(slice(answer.Value))
		out.Answers = append(out.Answers, docsAnswer{Status: fmt.Sprint(answer.Key), Description: text(one, "description"), Body: body(one)})
	}
	return out
}

// resolve follows a reference into the components.
func (r reference) resolve(m yaml.MapSlice) yaml.MapSlice {
	if ref := text(m, "$ref"); ref != "" {
		return at(r.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return m
}

// body is the first content type's schema, nil if there is no content.
func body(m yaml.MapSlice) *docsType {
	content := at(m, "content")
	if len(content) == 0 {
		return nil
	}
	if kind := fmt.Sprint(content[0].Key); kind != "application/json" && kind != "application/problem+json" {
		return &docsType{Text: kind}
	}
	t := typeOf(at(slice(content[0].Value), "schema"))
	return &t
}

func fields(schema yaml.MapSlice) []docsField {
	required, _ := value(schema, "required").([]any)
	var out []docsField
	for _, p := range at(schema, "properties") {
		one := slice(p.Value)
		out = append(out, docsField{
			Name: fmt.Sprint(p.Key), Description: text(one, "description"), Type: typeOf(one), Required: slices.Contains(required, any(p.Key)),
		})
	}
	return out
}

// typeOf tells a schema in a few words.
func typeOf(schema yaml.MapSlice) docsType {
	if ref := text(schema, "$ref"); ref != "" {
		name := ref[strings.LastIndex(ref, "/")+1:]
		return docsType{Text: name, Schema: name}
	}
	if options, ok := value(schema, "oneOf").([]any); ok {
		var words []string
		var named string
		for _, o := range options {
			t := typeOf(slice(o))
			words, named = append(words, t.Text), t.Schema
		}
		return docsType{Text: strings.Join(words, " or "), Schema: named}
	}
	word := strings.Trim(fmt.Sprint(value(schema, "type")), "[]")
	word = strings.Join(strings.Fields(word), " or ")
	switch {
	case value(schema, "enum") != nil:
		return docsType{Text: strings.Join(strings.Fields(strings.Trim(fmt.Sprint(value(schema, "enum")), "[]")), " · ")}
	case word == "array":
		items := typeOf(at(schema, "items"))
		return docsType{Text: "list of " + items.Text, Schema: items.Schema}
	case word == "object" && len(at(schema, "properties")) > 0:
		var names []string
		for _, f := range fields(schema) {
			names = append(names, f.Name)
		}
		return docsType{Text: "{" + strings.Join(names, ", ") + "}"}
	case text(schema, "format") != "":
		word += ", " + text(schema, "format")
	}
	return docsType{Text: word}
}

func value(m yaml.MapSlice, key string) any {
	for _, item := range m {
		if item.Key == key {
			return item.Value
		}
	}
	return nil
}

func text(m yaml.MapSlice, key string) string {
	s, _ := value(m, key).(string)
	return s
}

func slice(v any) yaml.MapSlice {
	m, _ := v.(yaml.MapSlice)
	return m
}

// at walks down keys; nil where one is missing.
func at(m yaml.MapSlice, keys ...string) yaml.MapSlice {
	for _, key := range keys {
		m = slice(value(m, key))
	}
	return m
}
