package httpgw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
)

// body compiles the request's body by its content type; the function renders it for one message.
func (c *requestCompiler) body(s *requestSettings) (func(vars) ([]byte, error), error) {
	doc, err := parseJSON(s.Body)
	if err != nil {
		return nil, bad(c.path+".body", "is not valid JSON")
	}
	text, isText := doc.(string)
	switch {
	case s.ContentType == "json" && isText:
		return c.jsonText(text)
	case s.ContentType == "json":
		node, err := c.jsonNode("body", doc)
		return func(v vars) ([]byte, error) { return renderJSON(node, v) }, err
	case s.ContentType == "form" && !isText:
		pairs, err := c.pairs("body", s.Body)
		return func(v vars) ([]byte, error) {
			values, err := expandPairs(pairs, v)
			return []byte(values.Encode()), err
		}, err
	case s.ContentType == "form":
		return c.text(text, func(s string) (string, error) { return url.QueryEscape(s), nil })
	case s.ContentType == "xml" && isText:
		return c.text(text, escapeXML)
	case s.ContentType == "literal" && isText:
		return c.text(text, plain)
	case s.ContentType == "xml", s.ContentType == "literal":
		return nil, bad(c.path+".body", "must be a text for content_type %s", s.ContentType)
	default:
		return nil, bad(c.path+".content_type", "must be form, json, xml or literal when there is a body")
	}
}

func (c *requestCompiler) text(s string, escape func(string) (string, error)) (func(vars) ([]byte, error), error) {
	t, err := c.template("body", s)
	return func(v vars) ([]byte, error) {
		b, err := t.expand(v, escape)
		return []byte(b), err
	}, err
}

// jsonText is JSON written as a text: each variable brings its own quotes.
func (c *requestCompiler) jsonText(s string) (func(vars) ([]byte, error), error) {
	t, err := c.template("body", s)
	if err != nil {
		return nil, err
	}
	sample := make(template, len(t))
	for i, p := range t {
		if p.omitEmpty {
			return nil, bad(c.path+".body", "omit_empty has no field to leave out in a text: write the body as an object")
		}
		sample[i] = p
		if p.name != "" {
			sample[i] = part{literal: `""`}
		}
	}
	if b, err := sample.expand(vars{}, plain); err != nil || !json.Valid([]byte(b)) {
		return nil, bad(c.path+".body", `is not JSON once its variables are filled in; each brings its own quotes: {"to": {{to}}}`)
	}
	return func(v vars) ([]byte, error) {
		var b bytes.Buffer
		for _, p := range t {
			escape := quoteJSON
			if (template{p}).isParams() || p.number {
				escape = plain // its text is JSON already
			}
			value, err := template{p}.expand(v, escape)
			if err != nil {
				return nil, err
			}
			b.WriteString(value)
		}
		return b.Bytes(), nil
	}, nil
}

// jsonNode compiles the texts of a JSON tree, keys excepted.
func (c *requestCompiler) jsonNode(path string, doc any) (any, error) {
	switch doc := doc.(type) {
	case string:
		return c.template(path, doc)
	case []any:
		nodes := make([]any, len(doc))
		for i, item := range doc {
			node, err := c.jsonItem(fmt.Sprintf("%s[%d]", path, i), item)
			if err != nil {
				return nil, err
			}
			nodes[i] = node
		}
		return nodes, nil
	case map[string]any:
		nodes := make(map[string]any, len(doc))
		for _, key := range slices.Sorted(maps.Keys(doc)) {
			node, err := c.jsonNode(path+"."+key, doc[key])
			if err != nil {
				return nil, err
			}
			nodes[key] = node
		}
		return nodes, nil
	default:
		return doc, nil
	}
}

// eachParam stands in a list for one item of each parameter.
type eachParam struct{ item any }

// jsonItem compiles an item of a list: {"each_param": ITEM}, or a value like any other.
func (c *requestCompiler) jsonItem(path string, item any) (any, error) {
	const key = "each_param"
	fields, _ := item.(map[string]any)
	inner, repeats := fields[key]
	if !repeats || len(fields) != 1 {
		return c.jsonNode(path, item)
	}
	outside := c.known
	if outside("params") != nil {
		return nil, bad(c.path+"."+path+"."+key, "stands only where a message's template data is known")
	}
	defer func() { c.known = outside }()
	c.known = func(name string) error {
		if slices.Contains(paramNames, name) {
			return nil
		}
		return outside(name)
	}
	node, err := c.jsonNode(path+"."+key, inner)
	return eachParam{node}, err
}

func renderJSON(node any, v vars) ([]byte, error) {
	doc, err := fill(node, v)
	if err != nil {
		return nil, err
	}
	return marshal(doc)
}

// left is what a value left out leaves behind.
type left struct{}

// fill puts values into a compiled JSON tree; a field that was left out is left{}.
func fill(node any, v vars) (any, error) {
	switch node := node.(type) {
	case template:
		return fillText(node, v)
	case []any:
		return fillList(node, v)
	case map[string]any:
		return fillObject(node, v)
	default:
		return node, nil
	}
}

func fillText(t template, v vars) (any, error) {
	if t.isParams() {
		return v.params, nil
	}
	value, err := t.expand(v, plain)
	switch {
	case err != nil:
		return nil, err
	case t.leavesOut(value):
		return left{}, nil
	case t.isNumber():
		return json.Number(value), nil
	default:
		return value, nil
	}
}

func fillList(nodes []any, v vars) (any, error) {
	filled := make([]any, 0, len(nodes))
	add := func(node any, v vars) error {
		value, err := fill(node, v)
		if value != any(left{}) {
			filled = append(filled, value)
		}
		return err
	}
	for _, node := range nodes {
		each, repeats := node.(eachParam)
		if !repeats {
			if err := add(node, v); err != nil {
				return nil, err
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(v.params)) {
			inside := vars{text: maps.Clone(v.text), params: v.params}
			inside.text["param_name"], inside.text["param_value"] = name, v.params[name]
			if err := add(each.item, inside); err != nil {
				return nil, err
			}
		}
	}
	return filled, nil
}

// fillObject leaves an object out of which everything was left out; one that was written empty stays.
func fillObject(nodes map[string]any, v vars) (any, error) {
	filled := make(map[string]any, len(nodes))
	for key, node := range nodes {
		value, err := fill(node, v)
		if err != nil {
			return nil, err
		}
		if value != any(left{}) {
			filled[key] = value
		}
	}
	if len(filled) == 0 && len(nodes) > 0 {
		return left{}, nil
	}
	return filled, nil
}
