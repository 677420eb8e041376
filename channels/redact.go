package channels

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxDetail is how much of a provider's words is kept, in characters.
const maxDetail = 500

// masked stands where a secret was.
const masked = "•••"

// phoneLike finds eight digits or more, with or without a plus, single blanks or hyphens between them. It has no word
// boundary on purpose: "%2B84…" is a phone number too.
var phoneLike = regexp.MustCompile(`\+?\d(?:[ -]?\d){7,}`)

// Redact makes a provider's words fit for errors and logs: secrets (plain or percent-encoded) and digit runs that may
// be a phone number are masked, blanks and control characters become one blank, and the text is cut to 500 characters.
func Redact(s string, secrets ...string) string {
	forms := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		if secret != "" {
			forms = append(forms, secret, url.QueryEscape(secret))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) }) // one may hold another
	for _, form := range forms {
		s = strings.ReplaceAll(s, form, masked)
	}
	s = phoneLike.ReplaceAllStringFunc(strings.ToValidUTF8(s, "�"), maskPhone)
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if runes := []rune(s); len(runes) > maxDetail {
		s = string(runes[:maxDetail-1]) + "…"
	}
	return s
}

// maskPhone keeps the country code and the last three digits: +84•••••567.
func maskPhone(s string) string {
	plus := ""
	if rest, ok := strings.CutPrefix(s, "+"); ok {
		plus, s = "+", rest
	}
	digits := strings.NewReplacer(" ", "", "-", "").Replace(s)
	return plus + digits[:2] + "•••••" + digits[len(digits)-3:]
}
