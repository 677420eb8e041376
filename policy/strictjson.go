package policy

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// DecodeStrict reads one JSON document into target, a pointer to a struct, and names every field that is unknown, given
// twice or of the wrong type by its path ("steps[1].timeout"); encoding/json alone stops at the first and names no path.
// Field names are case-sensitive, text after the document is an error, and null counts as left out. target is
// written only if nothing is returned.
func DecodeStrict(raw []byte, target any) []FieldError {
	if errs := wellFormed(raw); errs != nil {
		return errs
	}
	if errs := checkValue("", raw, reflect.TypeOf(target).Elem()); len(errs) > 0 {
		return errs
	}
	if err := json.Unmarshal(raw, target); err != nil {
		return []FieldError{{"", "cannot be read: " + err.Error()}}
	}
	return nil
}

func wellFormed(raw []byte) []FieldError {
	var whole json.RawMessage
	err := json.Unmarshal(raw, &whole)
	if err == nil {
		return nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return []FieldError{{"", fmt.Sprintf("is not valid JSON at byte %d: %s", syntax.Offset, syntax.Error())}}
	}
	return []FieldError{{"", "is not valid JSON"}}
}

// checkValue compares one well-formed value with the type that will hold it.
func checkValue(path string, raw json.RawMessage, t reflect.Type) []FieldError {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case string(bytes.TrimSpace(raw)) == "null":
		return nil
	case readsItself(t):
		return checkLeaf(path, raw, t)
	case t.Kind() == reflect.Struct:
		return checkObject(path, raw, t)
	case t.Kind() == reflect.Slice:
		return checkArray(path, raw, t.Elem())
	default:
		return checkLeaf(path, raw, t)
	}
}

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func checkObject(path string, raw json.RawMessage, t reflect.Type) []FieldError {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return []FieldError{{path, "must be an object"}}
	}
	fields := jsonFields(t)
	var errs []FieldError
	var seen []string
	for dec.More() {
		token, err := dec.Token()
		name, ok := token.(string)
		var value json.RawMessage
		if err != nil || !ok || dec.Decode(&value) != nil {
			return append(errs, FieldError{path, "is not valid JSON"})
		}
		at := joinPath(path, name)
		fieldType, known := fields[name]
		switch {
		case !known:
			errs = append(errs, FieldError{at, "is not a known field" + suggest(name, fields)})
			continue
		case slices.Contains(seen, name):
			errs = append(errs, FieldError{at, "is given twice: keep one"})
		default:
			seen = append(seen, name)
		}
		errs = append(errs, checkValue(at, value, fieldType)...)
	}
	return errs
}

func checkArray(path string, raw json.RawMessage, elem reflect.Type) []FieldError {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if first, err := dec.Token(); err != nil || first != json.Delim('[') {
		return []FieldError{{path, "must be a list"}}
	}
	var errs []FieldError
	for i := 0; dec.More(); i++ {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil && !errors.Is(err, io.EOF) {
			return append(errs, FieldError{path, "is not valid JSON"})
		}
		errs = append(errs, checkValue(fmt.Sprintf("%s[%d]", path, i), value, elem)...)
	}
	return errs
}

func checkLeaf(path string, raw json.RawMessage, t reflect.Type) []FieldError {
	err := json.Unmarshal(raw, reflect.New(t).Interface())
	if err == nil {
		return nil
	}
	if inner, ok := errors.AsType[fieldErrors](err); ok {
		return under(path, inner)
	}
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return []FieldError{{path, "must be " + kindName(t)}}
	}
	return []FieldError{{path, err.Error()}}
}

func kindName(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[Duration]():
		return `a duration in quotes, such as "90s" or "5m"`
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Map:
		return "an object of texts"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Float64:
		return "a number"
	default:
		return "a text in quotes"
	}
}

// jsonFields maps the JSON names of t's exported fields to their types.
func jsonFields(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && name != "" && name != "-" {
			fields[name] = field.Type
		}
	}
	return fields
}

// suggest names the field that was probably meant, or all of them where there is no near one.
func suggest(name string, fields map[string]reflect.Type) string {
	known := make([]string, 0, len(fields))
	for field := range fields {
		if strings.EqualFold(strings.NewReplacer("-", "_", " ", "_").Replace(name), field) {
			return fmt.Sprintf(": write %q", field)
		}
		known = append(known, field)
	}
	slices.Sort(known)
	return ": the fields are " + strings.Join(known, ", ")
}
