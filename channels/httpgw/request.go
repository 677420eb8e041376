package httpgw

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// mediaTypes are the content types that the adapter escapes for; a literal's is set by its own header.
var mediaTypes = map[string]string{
	"form": "application/x-www-form-urlencoded", "json": "application/json", "xml": "application/xml; charset=utf-8", "literal": "",
}

// request is a checked request that only lacks the values of a message.
type request struct {
	method  string
	url     template
	query   []pair
	headers []pair
	media   string
	body    func(vars) ([]byte, error)
	used    []template
}

type pair struct {
	name  string
	value template
}

// requestCompiler keeps where it is, so that an error names the path.
type requestCompiler struct {
	path  string
	known func(string) error
	used  []template
}

func compileRequest(s *requestSettings, path string, known func(string) error) (*request, error) {
	c := &requestCompiler{path: path, known: known}
	r := &request{}
	var err error
	if r.method, err = c.method(s); err != nil {
		return nil, err
	}
	if r.url, err = c.url(s.URL); err != nil {
		return nil, err
	}
	if r.query, err = c.pairs("query", s.Query); err != nil {
		return nil, err
	}
	if r.headers, err = c.headers(s); err != nil {
		return nil, err
	}
	if len(s.Body) > 0 {
		if r.body, err = c.body(s); err != nil {
			return nil, err
		}
		r.media = mediaTypes[s.ContentType]
	}
	r.used = c.used
	return r, nil
}

func (c *requestCompiler) method(s *requestSettings) (string, error) {
	hasBody := len(s.Body) > 0
	switch s.Method {
	case "":
		if hasBody {
			return http.MethodPost, nil
		}
		return http.MethodGet, nil
	case http.MethodGet:
		if hasBody {
			return "", bad(c.path+".method", "GET carries no body: use POST, or move the body's fields to query")
		}
	case http.MethodPost, http.MethodPut, http.MethodPatch:
	default:
		return "", bad(c.path+".method", "must be GET, POST, PUT or PATCH, in capitals")
	}
	return s.Method, nil
}

// url takes variables after the host only, so that no message can choose where it goes.
func (c *requestCompiler) url(s string) (template, error) {
	fixed, _, templated := strings.Cut(s, "{{")
	u, err := url.Parse(fixed)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, bad(c.path+".url", "must begin with http:// or https:// and a host without variables")
	}
	if templated && u.Path == "" && u.RawQuery == "" {
		return nil, bad(c.path+".url", "may have variables only after the host and a slash")
	}
	if strings.Contains(s, "#") || u.User != nil {
		return nil, bad(c.path+".url", "must not have a fragment or credentials; use auth.basic")
	}
	return c.template("url", s)
}

func (c *requestCompiler) template(name, s string) (template, error) {
	t, err := compile(s, c.known)
	if err != nil {
		return nil, bad(c.path+"."+name, "%s", err)
	}
	c.used = append(c.used, t)
	return t, nil
}

// pairs reads an object of scalars, in the order of its names.
func (c *requestCompiler) pairs(name string, raw json.RawMessage) ([]pair, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	doc, err := parseJSON(raw)
	fields, ok := doc.(map[string]any)
	if err != nil || !ok {
		return nil, bad(c.path+"."+name, "must be an object of texts")
	}
	var pairs []pair
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		text, ok := scalar(fields[field])
		if !ok {
			return nil, bad(c.path+"."+name+"."+field, "must be a text, a number or a boolean")
		}
		t, err := c.template(name+"."+field, text)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{field, t})
	}
	return pairs, nil
}

func (c *requestCompiler) headers(s *requestSettings) ([]pair, error) {
	var pairs []pair
	for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection":
			return nil, bad(c.path+".headers."+name, "is set by the connection itself: leave it out")
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, bad(c.path+".headers", "%q is not a header name", name)
		}
		t, err := c.template("headers."+name, s.Headers[name])
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, pair{name, t})
	}
	auth, err := c.auth(s.Auth)
	return append(pairs, auth...), err
}

// auth makes the Authorization header. Basic credentials are joined and encoded when the values are known.
func (c *requestCompiler) auth(s authSettings) ([]pair, error) {
	const header = "Authorization"
	var ways []pair
	if s.Basic != nil {
		user, err := c.template("auth.basic.user", s.Basic.User)
		if err != nil {
			return nil, err
		}
		password, err := c.template("auth.basic.password", s.Basic.Password)
		if err != nil {
			return nil, err
		}
		ways = append(ways, pair{basicName, slices.Concat(user, template{{literal: ":"}}, password)})
	}
	if s.Bearer != "" {
		t, err := c.template("auth.bearer", "Bearer "+s.Bearer)
		if err != nil {
			return nil, err
		}
		ways = append(ways, pair{header, t})
	}
	if s.Header != "" {
		t, err := c.template("auth.header", s.Header)
		if err != nil {
			return nil, err
		}
		ways = append(ways, pair{header, t})
	}
	if len(ways) > 1 {
		return nil, bad(c.path+".auth", "takes one of basic, bearer and header")
	}
	return ways, nil
}

// basicName marks the pair whose value becomes Basic credentials; it is no header name.
const basicName = "basic:"

// build makes the HTTP request of one message.
func (r *request) build(ctx context.Context, v vars) (*http.Request, error) {
	address, err := r.address(v)
	if err != nil {
		return nil, err
	}
	var body io.Reader
	if r.body != nil {
		b, err := r.body(v)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, address, body)
	if err != nil {
		return nil, fmt.Errorf("the address is not valid once its variables are filled in")
	}
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	for _, h := range r.headers {
		if h.name == basicName {
			credentials, err := h.value.expand(v, plain)
			if err != nil {
				return nil, err
			}
			req.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(credentials)))
			continue
		}
		value, err := h.value.expand(v, escapeHeader)
		if err != nil {
			return nil, err
		}
		if h.value.leavesOut(value) {
			continue
		}
		req.Header.Set(h.name, value)
	}
	return req, nil
}

func (r *request) address(v vars) (string, error) {
	address, err := r.url.expand(v, func(s string) (string, error) { return percentEncode(s), nil })
	if err != nil || len(r.query) == 0 {
		return address, err
	}
	values, err := expandPairs(r.query, v)
	glue := "?"
	if strings.Contains(address, "?") {
		glue = "&"
	}
	return address + glue + values.Encode(), err
}

// credentials is the Authorization value of Basic auth when it needs no value of a message; an echo of it is a leak.
func (r *request) credentials(constants map[string]string) string {
	for _, h := range r.headers {
		if joined, err := h.value.expand(vars{text: constants}, plain); h.name == basicName && err == nil {
			return base64.StdEncoding.EncodeToString([]byte(joined))
		}
	}
	return ""
}

// reads reports whether any part of the request reads the variable.
func (r *request) reads(name string) bool {
	return slices.ContainsFunc(r.used, func(t template) bool { return t.reads(name) })
}

func expandPairs(pairs []pair, v vars) (url.Values, error) {
	values := url.Values{}
	for _, p := range pairs {
		value, err := p.value.expand(v, plain)
		if err != nil {
			return nil, err
		}
		if !p.value.leavesOut(value) {
			values.Set(p.name, value)
		}
	}
	return values, nil
}
