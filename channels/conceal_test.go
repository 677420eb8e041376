package channels

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestConceal(t *testing.T) {
	const secret = `k/ey+"7&`
	for name, tt := range map[string]struct{ text, want string }{
		"a secret as it is":         {`key=` + secret + `;`, `key=•••;`},
		"a secret in a query":       {`?k=k%2Fey%2B%227%26&x=1`, `?k=•••&x=1`},
		"a secret in JSON":          {`{"k":"k/ey+\"7&"}`, `{"k":"•••"}`},
		"a secret with \\u0026":     {`{"k":"k/ey+\"7\u0026"}`, `{"k":"•••"}`},
		"a secret with \\/":         {`{"k":"k\/ey+\"7\u0026"}`, `{"k":"•••"}`},
		"a token nobody knows":      {`{"access_token":"abc.def","expires_in":"90"}`, `{"access_token":"•••","expires_in":"90"}`},
		"a token in a text of JSON": {`{"body":"{\"refresh_token\":\"abc\"}"}`, `{"body":"{\"refresh_token\":\"•••\"}"}`},
		"a token that was cut":      {`{"access_token":"abc`, `{"access_token":"•••`},
		"a token in a form":         {`app_id=x&app_secret=abc%20d&grant=1`, `app_id=x&app_secret=•••&grant=1`},
		"a password in XML":         {`<Password>abc</Password>`, `<Password>•••</Password>`},
		"an authorization":          {`Authorization: Bearer abc.def-ghi`, `Authorization: Bearer •••`},
		"a phone number":            {`to +84912345678.`, `to +84•••••678.`},
		"a number in a query":       {`To=%2B84912345678&`, `To=%2B84•••••678&`},
		"a code":                    {`Ma OTP: 4829. Khong chia se`, `Ma OTP: •••. Khong chia se`},
		"a code of eight":           {`48291357`, `•••`},
		"a code in two parts":       {`482-913`, `•••`},
		"a code beside a number":    {`0912345678 482913`, `•••`},
		"small numbers":             {`{"error":-118,"n":12}`, `{"error":-118,"n":12}`},
		"an id":                     {`{"id":"0190d3a4-0000-7000-8000-000000000001"}`, `{"id":"0190d3a4-0000-7000-8000-000000000001"}`},
		"an id without hyphens":     {`ref=0190d3a4000070008000abcdefabcdef;`, `ref=0190d3a4000070008000abcdefabcdef;`},
		"control characters":        {"a\x00b\x1b[31m\nc", "ab[31m\nc"},
		"bytes that are no text":    {"a\xff\xfeb", "a�b"},
		"a text direction's end":    {"a\u2028b", "a\u2028b"},
	} {
		if got := Conceal(tt.text, 4096, secret); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestConcealIsBounded(t *testing.T) {
	for _, text := range []string{strings.Repeat("ắ", 5000), strings.Repeat("\xff", 9000), strings.Repeat(`"token":"`, 3000), strings.Repeat("1 ", 50_000)} {
		got := Conceal(text, 4096)
		if len(got) > 4096 || !utf8.ValidString(got) {
			t.Errorf("%.10q…: got %d bytes, valid %v", text, len(got), utf8.ValidString(got))
		}
	}
}

func TestMaskPhones(t *testing.T) {
	got := MaskPhones(`{"sender":{"id":"84912345678"},"order":"482913","key":"hush-hush"}`, 4096, "hush-hush")
	if want := `{"sender":{"id":"84•••••678"},"order":"482913","key":"•••"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
