package policy

import "strings"

// FieldError says what is wrong with one field of what an operator wrote, and how to mend it. Field is a path such as
// "steps[1].timeout"; it is empty when the document as a whole is at fault.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e FieldError) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

// fieldErrors lets several findings travel as one error, as json.Unmarshaler needs.
type fieldErrors []FieldError

func (es fieldErrors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "; ")
}

// under moves findings below a parent field.
func under(parent string, errs []FieldError) []FieldError {
	moved := make([]FieldError, len(errs))
	for i, e := range errs {
		moved[i] = FieldError{joinPath(parent, e.Field), e.Message}
	}
	return moved
}

func joinPath(parent, child string) string {
	switch {
	case parent == "":
		return child
	case child == "" || strings.HasPrefix(child, "["):
		return parent + child
	default:
		return parent + "." + child
	}
}
