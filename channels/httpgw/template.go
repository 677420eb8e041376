package httpgw

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// vars is what a template can read: every value is text, and params is the template's data as a whole.
type vars struct {
	text   map[string]string
	params map[string]string
}

// template is text with {{variables}} in it, checked when it is compiled.
type template []part

// part is literal text, or an expression when name is set.
type part struct {
	literal string
	name    string
	pipes   []transform
	choice  *choice
	// number: alone in a JSON body it is written without quotes. omitEmpty: alone in a field, the field goes with it.
	number, omitEmpty bool
}

// choice is {{name == 'value' ? 'yes' : 'no'}}.
type choice struct{ value, yes, no string }

var (
	choiceForm   = regexp.MustCompile(`^([\w.\-]+)\s*==\s*'([^']*)'\s*\?\s*'([^']*)'\s*:\s*'([^']*)'\s*((?:\|[^']*)?)$`)
	variableForm = regexp.MustCompile(`^[\w.\-]+$`)
	numberForm   = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)
)

// compile reads {{name}}, {{name|transform|…}} and {{name == 'a' ? 'b' : 'c' | transform}}. known answers an error for
// a variable that does not exist in this place.
func compile(s string, known func(name string) error) (template, error) {
	var t template
	for s != "" {
		literal, rest, open := strings.Cut(s, "{{")
		if strings.Contains(literal, "}}") && !open {
			return nil, fmt.Errorf("has }} without {{")
		}
		if literal != "" {
			t = append(t, part{literal: literal})
		}
		if !open {
			break
		}
		expr, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, fmt.Errorf("has {{ without }}")
		}
		p, err := compileExpr(strings.TrimSpace(expr))
		if err != nil {
			return nil, err
		}
		if err := known(p.name); err != nil {
			return nil, err
		}
		t, s = append(t, p), after
	}
	return t, nil
}

func compileExpr(expr string) (part, error) {
	if m := choiceForm.FindStringSubmatch(expr); m != nil {
		return part{name: m[1], choice: &choice{value: m[2], yes: m[3], no: m[4]}}.piped(expr, m[5])
	}
	name, pipes, _ := strings.Cut(expr, "|")
	p := part{name: strings.TrimSpace(name)}
	if !variableForm.MatchString(p.name) {
		return part{}, fmt.Errorf("{{%s}} is not a variable", expr)
	}
	if strings.Contains(expr, "|") {
		pipes = "|" + pipes
	}
	return p.piped(expr, pipes)
}

// piped adds what follows a value: "|ascii|upper".
func (p part) piped(expr, pipes string) (part, error) {
	for _, word := range strings.Split(pipes, "|")[1:] {
		word = strings.TrimSpace(word)
		f, ok := transforms[word]
		switch {
		case word == "number":
			p.number = true
		case word == "omit_empty":
			p.omitEmpty = true
		case ok:
			p.pipes = append(p.pipes, f)
		default:
			return part{}, fmt.Errorf("{{%s}}: there is no transform %q; use one of %s", expr, word, strings.Join(transformNames(), ", "))
		}
	}
	return p, nil
}

// expand renders the template; every value, never the literal text, passes escape. The error names a parameter that
// the message does not carry.
func (t template) expand(v vars, escape func(string) (string, error)) (string, error) {
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.literal)
			continue
		}
		value, err := p.value(v)
		if err != nil {
			return "", err
		}
		if value, err = escape(value); err != nil {
			return "", fmt.Errorf("{{%s}} %w", p.name, err)
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

func (p part) value(v vars) (string, error) {
	value, ok := v.text[p.name]
	if name, isParam := strings.CutPrefix(p.name, "params."); isParam {
		value, ok = v.params[name]
	}
	if !ok {
		return "", fmt.Errorf("there is no value for {{%s}}", p.name)
	}
	if p.choice != nil && value == p.choice.value {
		value = p.choice.yes
	} else if p.choice != nil {
		value = p.choice.no
	}
	for _, f := range p.pipes {
		value = f(value)
	}
	if p.number && !numberForm.MatchString(value) && (value != "" || !p.omitEmpty) {
		return "", fmt.Errorf("{{%s}} is not a number", p.name)
	}
	return value, nil
}

// leavesOut reports whether the field that holds the template goes when it renders as value.
func (t template) leavesOut(value string) bool { return value == "" && len(t) == 1 && t[0].omitEmpty }

// isNumber reports whether the template is one expression that is written as a JSON number.
func (t template) isNumber() bool { return len(t) == 1 && t[0].number }

// reads reports whether the template reads one of names.
func (t template) reads(names ...string) bool {
	return slices.ContainsFunc(t, func(p part) bool { return p.name != "" && slices.Contains(names, p.name) })
}

// isParams reports whether the template is {{params}} and nothing else, which stands for the object.
func (t template) isParams() bool {
	return len(t) == 1 && t[0].name == "params" && t[0].choice == nil && len(t[0].pipes) == 0
}
