package channels

import (
	"cmp"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

var (
	// secretName is a field that holds a credential, whatever its value: tokens are made while a call is under way.
	secretName = `[\w.$-]*(?:token|secret|passw|pwd|api[_-]?key|auth|signature|credential|private[_-]?key|jwt|cookie)[\w.$-]*`
	// In JSON (also within a JSON text, where quotes are escaped), in a form or a query, and as an HTTP header has it.
	secretJSON   = regexp.MustCompile(`(?i)(\\*"` + secretName + `\\*"\s*:\s*\\*")(?:[^"\\]|\\[^"])*`)
	secretForm   = regexp.MustCompile(`(?i)(\b` + secretName + `=)[^&\s"<>]*`)
	secretTag    = regexp.MustCompile(`(?i)(<` + secretName + `>)[^<]*`)
	secretScheme = regexp.MustCompile(`(?i)\b(bearer|basic)(\s+|%20|\+)[\w.~+/=%-]{6,}`)
	// numberLike finds four digits or more, with single blanks or hyphens between them: a phone number, or a code.
	numberLike = regexp.MustCompile(`\+?\d(?:[ -]?\d){3,}`)
	// idLike is a UUID, as we name attempts to providers: its digits tell nothing about a person.
	idLike = regexp.MustCompile(`\b(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})\b`)
)

// codeMost is how many digits a one-time code has at most; more are a phone number, or an id.
const codeMost = 8

// Conceal makes what went over the wire fit for people, at most most bytes of it: the given secrets (plain, percent-encoded or
// as JSON has them), the values of fields named like credentials, phone numbers and runs of four digits or more are masked.
// Line breaks stay. It answers valid UTF-8 without NUL.
func Conceal(text string, most int, secrets ...string) string {
	forms := secretForms(secrets)
	for _, form := range forms {
		text = strings.ReplaceAll(text, form, masked)
	}
	text = printable(text)
	text = secretJSON.ReplaceAllString(text, "${1}"+masked)
	text = secretTag.ReplaceAllString(text, "${1}"+masked)
	text = secretForm.ReplaceAllString(text, "${1}"+masked)
	text = secretScheme.ReplaceAllString(text, "${1} "+masked)
	text = outside(idLike, text, func(s string) string { return numberLike.ReplaceAllStringFunc(s, maskNumber) })
	return shorten(text, most)
}

// MaskPhones makes a provider's text fit for people, at most most bytes of it: phone numbers and the given secrets are masked.
func MaskPhones(text string, most int, secrets ...string) string {
	for _, form := range secretForms(secrets) {
		text = strings.ReplaceAll(text, form, masked)
	}
	return shorten(outside(idLike, printable(text), func(s string) string { return phoneLike.ReplaceAllStringFunc(s, maskPhone) }), most)
}

// secretForms lists how secrets may stand in a text, the longest first: one may hold another.
func secretForms(secrets []string) []string {
	var forms []string
	for _, secret := range secrets {
		if secret == "" {
			continue
		}
		marshalled, _ := json.Marshal(secret) // a text always is JSON
		quoted := string(marshalled[1 : len(marshalled)-1])
		plain := strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(quoted)
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), quoted, plain} {
			forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(forms)
}

// printable keeps line breaks and tabs of the control characters.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "�"))
}

// outside changes what of text does not match keep.
func outside(keep *regexp.Regexp, text string, change func(string) string) string {
	var b strings.Builder
	from := 0
	for _, at := range keep.FindAllStringIndex(text, -1) {
		b.WriteString(change(text[from:at[0]]))
		b.WriteString(text[at[0]:at[1]])
		from = at[1]
	}
	b.WriteString(change(text[from:]))
	return b.String()
}

// maskNumber keeps as much of a phone number as everywhere, and nothing of what may be a code, or a number beside one.
func maskNumber(s string) string {
	if strings.ContainsAny(s, " -") || len(strings.TrimPrefix(s, "+")) <= codeMost {
		return masked
	}
	return maskPhone(s)
}

// shorten cuts a text to at most most bytes, between two characters.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	const mark = "…"
	return strings.ToValidUTF8(text[:most-len(mark)], "") + mark
}
