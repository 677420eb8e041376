package policy

import (
	"strings"
	"sync"
	"testing"
)

func TestConditionEval(t *testing.T) {
	in := ConditionInput{Category: "otp", Template: "login", Country: "VN", Operator: "viettel", Metadata: map[string]string{"tier": "gold"}, Hour: 9}
	tests := map[string]struct {
		expr string
		want bool
		fail bool
	}{
		"equal":               {"category == 'otp'", true, false},
		"not equal":           {"category != 'promotion'", true, false},
		"all variables":       {"template == 'login' && country == 'VN' && operator == 'viettel' && hour >= 8 && hour < 20 && !test", true, false},
		"list":                {"category in ['care', 'promotion']", false, false},
		"metadata":            {"metadata['tier'] == 'gold'", true, false},
		"metadata by dot":     {"metadata.tier == 'gold'", true, false},
		"asked first":         {"'x' in metadata && metadata['x'] == '1'", false, false},
		"has":                 {"has(metadata.x)", false, false},
		"missing key":         {"metadata['x'] == '1'", false, true},
		"starts with":         {"template.startsWith('log')", true, false},
		"regular expression":  {"operator.matches('^v(iettel|inaphone)$')", true, false},
		"literal":             {"true", true, false},
		"too costly":          {"[1,2,3,4,5,6,7,8,9,0].all(a, [1,2,3,4,5,6,7,8,9,0].all(b, [1,2,3,4,5,6,7,8,9,0].all(c, [1,2,3,4,5,6,7,8,9,0].all(d, hour + a + b + c + d >= 0))))", false, true},
		"division by nothing": {"10 / (hour - 9) > 1", false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			condition, err := CompileCondition(tt.expr)
			if err != nil {
				t.Fatal(err)
			}
			got, err := condition.Eval(in)
			if got != tt.want || (err != nil) != tt.fail {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestConditionWithoutMetadata(t *testing.T) {
	condition, err := CompileCondition("!('x' in metadata)")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := condition.Eval(ConditionInput{}); !got || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestCompileConditionRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ expr, says string }{
		"empty":            {" ", "empty"},
		"not a bool":       {"category", "yields string"},
		"a phone number":   {"to == '+84912345678'", "undeclared reference to 'to'"},
		"syntax":           {"category = 'otp'", "column 10"},
		"types":            {"hour == 'nine'", "column 6"},
		"too long":         {"category == '" + strings.Repeat("x", 1000) + "'", "at most 1000"},
		"regex":            {"category.matches('(')", "column"},
		"deep":             {strings.Repeat("(", 200) + "true" + strings.Repeat(")", 200), "condition"},
		"unknown function": {"now() > 1", "undeclared reference"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := CompileCondition(tt.expr)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestConditionNever(t *testing.T) {
	for expr, want := range map[string]bool{
		"false":                       true,
		"1 > 2":                       true,
		"category == 'otp' && false":  true,
		"true":                        false,
		"category == 'otp'":           false,
		"'a' in ['b']":                true,
		"hour > 1 || true":            false,
		"metadata['x'] == '1'":        false,
		"1 / 0 == 1":                  false,
		"category == 'otp' && 1 == 1": false,
		"category == 'opt'":           true,
		"category.startsWith('pro')":  false,
		"!(category in ['otp', 'transaction', 'care', 'promotion'])": true,
		"category == 'OTP' && metadata['x'] == '1'":                  true,
		"category == 'care' && operator == 'viettel'":                false,
		"category == 'x' || hour > 8":                                false,
	} {
		condition, err := CompileCondition(expr)
		if err != nil {
			t.Fatalf("%s: %v", expr, err)
		}
		if condition.never() != want {
			t.Errorf("%s: got %v", expr, !want)
		}
	}
}

func TestConditionFromManyGoroutines(t *testing.T) {
	condition, err := CompileCondition("metadata['n'] == template")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			for range 200 {
				if ok, err := condition.Eval(ConditionInput{Template: name, Metadata: map[string]string{"n": name}}); !ok || err != nil {
					t.Errorf("%s: got %v, %v", name, ok, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func FuzzCondition(f *testing.F) {
	f.Add("category == 'otp'", "otp")
	f.Add("metadata['k'].matches('a+')", "aaa")
	f.Add("[1,2].all(x, x > hour)", "")
	f.Fuzz(func(t *testing.T, expr, value string) {
		condition, err := CompileCondition(expr)
		if err != nil {
			return
		}
		in := ConditionInput{Category: value, Metadata: map[string]string{"k": value}}
		first, firstErr := condition.Eval(in)
		second, secondErr := condition.Eval(in)
		if first != second || (firstErr == nil) != (secondErr == nil) {
			t.Errorf("%q is %v, then %v", expr, first, second)
		}
		if condition.never() && first && Category(value).Valid() {
			t.Errorf("%q is never true, yet it is", expr)
		}
	})
}
