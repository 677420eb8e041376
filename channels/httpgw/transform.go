package httpgw

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"cascade/policy"
)

// transform changes a value before it is escaped for its place.
type transform func(string) string

var transforms = map[string]transform{
	"ascii":     ascii,
	"base64":    func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"hex_utf16": hexUTF16,
	"lower":     strings.ToLower,
	"md5":       func(s string) string { return fmt.Sprintf("%x", md5.Sum([]byte(s))) },
	"sha256":    func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) },
	"upper":     strings.ToUpper,
	"urlencode": percentEncode,
}

// transformNames are those of the transforms and of the two words that say how a value is written.
func transformNames() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(transforms)), "number", "omit_empty")))
}

// typography maps what people paste to what every handset shows.
var typography = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'", "–", "-", "—", "-", "…", "...", "\u00a0", " ")

// ascii strips diacritics: "Đơn hàng" is "Don hang". What has no ASCII form becomes a question mark.
func ascii(s string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII {
			return '?'
		}
		return r
	}, policy.StripMarks(typography.Replace(s)))
}

// hexUTF16 is the upper-case hex of UTF-16BE, which Jasmin and Kannel take for coding 8.
func hexUTF16(s string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = append(b, byte(unit>>8), byte(unit))
	}
	return strings.ToUpper(hex.EncodeToString(b))
}

// percentEncode is safe in a path and in a query, so a blank is %20 and never a plus sign.
func percentEncode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
