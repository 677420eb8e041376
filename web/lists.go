package web

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"cascade/policy"
)

// Bounds of a list's page.
const (
	defaultLimit = 50
	maxLimit     = 200
)

// list is the answer of every listing.
type list[T any] struct {
	Data       []T     `json:"data"`
	NextCursor *string `json:"next_cursor"`
}

// page is which part of a list is wanted: at most Limit entries from Cursor on.
type page struct {
	Limit  int
	Cursor string // "" is the start
}

// pageOf reads limit and cursor, and refuses every other query field that is not among filters.
func pageOf(query url.Values, filters ...string) (page, error) {
	p := page{Limit: defaultLimit}
	var errs []policy.FieldError
	for name, values := range query {
		switch {
		case name != "limit" && name != "cursor" && !slices.Contains(filters, name):
			errs = append(errs, policy.FieldError{Field: safeName(name), Message: "is not a filter here: use " + strings.Join(append([]string{"limit", "cursor"}, filters...), ", ")})
		case len(values) > 1:
			errs = append(errs, policy.FieldError{Field: name, Message: "is given more than once: keep one"})
		case !plainText(values[0]):
			errs = append(errs, policy.FieldError{Field: name, Message: "is not plain UTF-8 text"})
		}
	}
	if text, given := lookup(query, "limit"); given {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			errs = append(errs, policy.FieldError{Field: "limit", Message: fmt.Sprintf("must be a number from 1 to %d", maxLimit)})
		}
		p.Limit = limit
	}
	if text, given := lookup(query, "cursor"); given {
		p.Cursor = text
	}
	if len(errs) > 0 {
		slices.SortFunc(errs, func(a, b policy.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return page{}, invalid(errs...)
	}
	return p, nil
}

// plainText reports whether a database can keep and compare text.
func plainText(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

func lookup(query url.Values, name string) (string, bool) {
	values, ok := query[name]
	if !ok || len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// safeName keeps what a caller sent as a name short and printable.
func safeName(name string) string {
	name = strings.ToValidUTF8(name, "")
	return name[:min(len(name), 64)]
}

// encodeCursor makes the opaque place after key. It holds nothing that its reader has not been shown.
func encodeCursor(kind, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + key))
}

func decodeCursor(kind, text string) (key string, ok bool) {
	const longest = 512
	if len(text) > longest {
		return "", false
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	key, ok = strings.CutPrefix(string(raw), kind+":")
	return key, ok && key != "" && !strings.ContainsRune(key, 0) && strings.ToValidUTF8(key, "") == key
}

// cut answers the page of a short list that was read whole. key tells the rows apart; kind names the list, as a cursor of
// one says nothing to another. A cursor whose row is gone starts over.
func cut[R, T any](rows []R, p page, kind string, key func(R) string, view func(R) T) (list[T], error) {
	start := 0
	if p.Cursor != "" {
		after, ok := decodeCursor(kind, p.Cursor)
		if !ok {
			return list[T]{}, badCursor()
		}
		start = slices.IndexFunc(rows, func(r R) bool { return key(r) == after }) + 1
	}
	rows = rows[start:]
	l := list[T]{Data: make([]T, 0, min(len(rows), p.Limit))}
	for i, row := range rows {
		if i == p.Limit {
			next := encodeCursor(kind, key(rows[i-1]))
			l.NextCursor = &next
			break
		}
		l.Data = append(l.Data, view(row))
	}
	return l, nil
}

// paged answers a page that the database cut.
func paged[R, T any](rows []R, next string, view func(R) T) list[T] {
	l := list[T]{Data: make([]T, 0, len(rows))}
	for _, row := range rows {
		l.Data = append(l.Data, view(row))
	}
	if next != "" {
		l.NextCursor = &next
	}
	return l
}

func badCursor() *problem {
	return invalidField("cursor", "is not a cursor of this list: take next_cursor from its last answer")
}

// pathID reads an id in the path. What is no id is an id that nothing has.
func pathID(text string) (uuid.UUID, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != 36 {
		return uuid.Nil, notFound()
	}
	return id, nil
}

// instant is a time in a request: RFC 3339 with any offset.
type instant time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *instant) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(time.RFC3339, string(text))
	if err != nil || parsed.Year() < 1970 || parsed.Year() > 9999 {
		return textError("must be a time such as 2026-11-20T08:00:00+07:00")
	}
	*t = instant(parsed)
	return nil
}

// Std answers the time; zero if none was given.
func (t instant) Std() time.Time { return time.Time(t) }

// textError is a sentence about a field, as encoding.TextUnmarshaler gives it.
type textError string

func (e textError) Error() string { return string(e) }
