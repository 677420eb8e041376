package httpgw

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// The escapes by place.

func plain(s string) (string, error) { return s, nil }

// escapeHeader refuses line breaks and control characters: silently dropping them would send something else.
func escapeHeader(s string) (string, error) {
	if !httpguts.ValidHeaderFieldValue(s) {
		return "", fmt.Errorf("holds a line break or a control character, which a header cannot carry")
	}
	return s, nil
}

func escapeXML(s string) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(s))
	return b.String(), err
}

func quoteJSON(s string) (string, error) {
	b, err := marshal(s)
	return string(b), err
}

// marshal writes JSON without HTML escapes: some gateways do not read them.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
