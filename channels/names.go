package channels

import (
	"bytes"
	"encoding/json"
)

// repeatedName answers a name that stands twice in one object of a JSON text, unless it is for the same text, number or
// boolean; "" if there is none as far as raw is JSON. Which value counts is for nobody to know, as the sender may have meant
// either (RFC 8259 §4); encoding/json would take the last without a word.
func repeatedName(raw []byte) string {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return ""
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var open []*members
	for {
		token, err := d.Token()
		if err != nil {
			return "" // the end, or no JSON, which is for the reader to refuse
		}
		delim, isDelim := token.(json.Delim)
		if isDelim && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 && open[len(open)-1].take(token) {
			return open[len(open)-1].name
		}
		if isDelim {
			m := &members{}
			if delim == '{' {
				m.values = map[string]json.Token{}
			}
			open = append(open, m)
		}
	}
}

// members are those of an object that have been read; a list's has no values.
type members struct {
	values map[string]json.Token
	name   string
	named  bool
}

// take reads a name or a value, and reports whether the value is another than one of the same name before.
func (m *members) take(token json.Token) bool {
	if m.values == nil {
		return false
	}
	if m.named = !m.named; m.named {
		m.name, _ = token.(string)
		return false
	}
	before, twice := m.values[m.name]
	m.values[m.name] = token
	_, whole := token.(json.Delim)
	return twice && (whole || before != token)
}
