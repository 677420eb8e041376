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
			if (template{p}).isParams() {
				escape = plain // its text is the JSON object already
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
			node, err := c.jsonNode(fmt.Sprintf("%s[%d]", path, i), item)
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

func renderJSON(node any, v vars) ([]byte, error) {
	doc, err := fill(node, v)
	if err != nil {
		return nil, err
	}
	return marshal(doc)
}

// fill puts values into a compiled JSON tree.
func fill(node any, v vars) (any, error) {
	switch node := node.(type) {
	case template:
		if node.isParams() {
			return v.params, nil
		}
		return node.expand(v, plain)
	case []any:
		filled := make([]any, len(node))
		for i, item := range node {
			value, err := fill(item, v)
			if err != nil {
				return nil, err
			}
			filled[i] = value
		}
		return filled, nil
	case map[string]any:
		filled := make(map[string]any, len(node))
		for key, item := range node {
			value, err := fill(item, v)
			if err != nil {
				return nil, err
			}
			filled[key] = value
		}
		return filled, nil
	default:
		return node, nil
	}
}
