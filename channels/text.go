package channels

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// Text is a JSON string, number or null read as text. Providers change the type of one field from call to call, and
// an id above 2^53 would not survive a float64. Any other JSON is kept as its source text, so that an odd optional
// field does not cost the whole answer.
type Text string

// UnmarshalJSON reads null as "".
func (t *Text) UnmarshalJSON(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
		return nil
	}
	*t = ""
	if string(b) != "null" {
		*t = Text(b)
	}
	return nil
}

// String is the text.
func (t Text) String() string { return string(t) }

// Int64 reads a whole number; false if it is none.
func (t Text) Int64() (int64, bool) {
	n, err := strconv.ParseInt(string(t), 10, 64)
	return n, err == nil
}
