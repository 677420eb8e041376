package channels

import (
	"strings"
	"testing"
)

func TestRepeatedName(t *testing.T) {
	for raw, want := range map[string]string{
		`{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]}`: "", `{"a":1,"a":1}`: "", `{"a":"x","a":"x"}`: "", `{"a":null,"a":null}`: "",
		`{"a":1,"a":2}`: "a", `{"a":1,"b":2,"a":"1"}`: "a", `{"x":[0,{"d":{"a":true,"a":false}}]}`: "a", `[{"a":1,"a":2}]`: "a",
		`{"a":{},"a":{}}`: "a", `{"a":[],"a":1}`: "a", `{"a":1,"\u0061":2}`: "a", `{"a":1,"A":2}`: "",
		`{"a":1,"b":2`: "", `{"a":1}}`: "", `}`: "", `{]`: "", `{"a":1,"a":2`: "a", `<html>`: "", ``: "", `"a"`: "", `7`: "",
		strings.Repeat("[", 9000) + strings.Repeat("]", 9000): "", strings.Repeat(`{"a":`, 9000) + "1" + strings.Repeat("}", 9000): "",
	} {
		if got := repeatedName([]byte(raw)); got != want {
			t.Errorf("%.60s: got %q, want %q", raw, got, want)
		}
	}
}
