package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"cascade/policy"
)

// Limits of a JSON body.
const (
	maxBody  = 1 << 20
	maxDepth = 32
)

// decode reads the request's JSON body into target, a pointer to a struct, and answers the bytes as they came. Every
// error is a *problem: 413 for a body beyond maxBody, 400 for one that is not JSON, 422 for fields at fault.
func decode(c *gin.Context, target any) ([]byte, error) {
	raw, err := readBody(c, maxBody)
	if err != nil {
		return nil, err
	}
	return raw, decodeBytes(raw, target)
}

func readBody(c *gin.Context, limit int64) ([]byte, error) {
	if c.Request.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	var buf bytes.Buffer
	if n := c.Request.ContentLength; n > 0 {
		buf.Grow(int(n) + bytes.MinRead)
	}
	_, err := buf.ReadFrom(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge(limit)
	}
	if err != nil {
		return nil, newProblem(http.StatusBadRequest, "body_unreadable", "The body ended early.")
	}
	return buf.Bytes(), nil
}

// decodeBytes is decode for bytes that are already here.
func decodeBytes(raw []byte, target any) error {
	if err := inspect(raw, nil); err != nil {
		return err
	}
	return decodeNamed(raw, target)
}

// decodeNamed decodes with the path of every field at fault. It reads the document several times.
func decodeNamed(raw []byte, target any) error {
	if err := json.Unmarshal(raw, new(json.RawMessage)); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return badJSON("The body is not JSON at byte %d: %s.", syntax.Offset, syntax.Error())
		}
		return badJSON("The body is not JSON.")
	}
	if first := bytes.TrimLeft(raw, " \t\r\n"); first[0] != '{' {
		return invalidField("", "must be an object")
	}
	if errs := policy.DecodeStrict(raw, target); len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

// fieldSet holds the names of a struct's JSON fields for decodeFast, each with a bit of its own.
type fieldSet map[string]uint64

func newFieldSet(names ...string) fieldSet {
	set := make(fieldSet, len(names))
	for i, name := range names {
		set[name] = 1 << i
	}
	return set
}

// decodeFast is decodeBytes for the hot path: the common good body costs one pass more than encoding/json alone.
// encoding/json folds case and lets a name repeat; a body whose outermost names are not exactly known, once each, takes the
// slow road, which names what is wrong.
func decodeFast(raw []byte, target any, fields fieldSet) error {
	var seen uint64
	plain := true
	err := inspect(raw, func(name []byte) {
		bit := fields[string(name)]
		plain = plain && bit != 0 && seen&bit == 0
		seen |= bit
	})
	if err != nil {
		return err
	}
	if plain {
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if dec.Decode(target) == nil && seen != 0 {
			if _, err := dec.Token(); errors.Is(err, io.EOF) {
				return nil
			}
		}
	}
	return decodeNamed(raw, target)
}

// inspect finds what encoding/json lets pass: invalid UTF-8, NUL (which Postgres cannot keep in a text) and deep nesting.
// name, if given, hears of every field name of the outermost object, as written. Whether raw is JSON at all is not its question.
func inspect(raw []byte, name func([]byte)) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return badJSON("The body is empty; send a JSON object.")
	}
	valid := utf8.Valid(raw)
	depth := 0
	var field []byte // the outermost field that i is in
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				return invalidField(string(field), "is nested deeper than %d levels", maxDepth)
			}
		case '}', ']':
			depth--
		case '"':
			end, nul := endOfText(raw, i)
			text := raw[i+1 : min(end, len(raw))]
			if depth == 1 && nextByte(raw, end+1) == ':' {
				if field = text; name != nil {
					name(text)
				}
			}
			switch {
			case nul:
				return invalidField(string(bytes.ToValidUTF8(field, nil)), "holds a NUL character: remove it")
			case !valid && !utf8.Valid(text):
				return invalidField(string(bytes.ToValidUTF8(field, nil)), "is not valid UTF-8")
			}
			i = end
		}
	}
	if !valid {
		return badJSON("The body is not UTF-8.")
	}
	return nil
}

// endOfText answers where the text that begins at start ends (its closing quote, or len(raw)) and whether it holds NUL.
func endOfText(raw []byte, start int) (end int, nul bool) {
	for i := start + 1; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i, nul
		case 0:
			nul = true
		case '\\':
			nul = nul || bytes.HasPrefix(raw[i+1:], []byte("u0000"))
			i++
		}
	}
	return len(raw), nul
}

// nextByte answers the first byte from i on that is not white space; 0 at the end.
func nextByte(raw []byte, i int) byte {
	for ; i < len(raw); i++ {
		switch raw[i] {
		case ' ', '\t', '\r', '\n':
		default:
			return raw[i]
		}
	}
	return 0
}
