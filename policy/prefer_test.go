package policy

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func planAccounts(names ...string) []PlanAccount {
	out := make([]PlanAccount, len(names))
	for i, name := range names {
		out[i] = PlanAccount{ID: "id-" + name, Name: name}
	}
	return out
}

func order(accounts []PlanAccount) string {
	var names []string
	for _, a := range accounts {
		names = append(names, a.Name)
	}
	return strings.Join(names, " ")
}

func TestArrangeByPrice(t *testing.T) {
	accounts := planAccounts("dear", "cheap", "twin", "free")
	for i, price := range []int64{900, 300, 300, 0} {
		accounts[i].Terms = Terms{UnitPrice: Money{Micros: price, Currency: "VND"}, Units: 1}
	}
	Step{Prefer: PreferCheapest}.Arrange(accounts, 7)
	if got := order(accounts); got != "free cheap twin dear" {
		t.Error(got)
	}
	Step{}.Arrange(accounts, 7)
	if got := order(accounts); got != "free cheap twin dear" {
		t.Errorf("listed accounts were moved: %s", got)
	}
}

// Each account comes first as often as its weight says, within five standard deviations.
func TestArrangeByWeight(t *testing.T) {
	const messages = 20_000
	step := Step{Prefer: PreferWeighted, Weights: map[string]int{"a": 70, "b": 20, "d": 0}}
	weights := map[string]float64{"a": 70, "b": 20, "c": 1, "d": 0}
	first := map[string]int{}
	for draw := range uint64(messages) {
		accounts := planAccounts("a", "b", "c", "d")
		step.Arrange(accounts, draw)
		first[accounts[0].Name]++
		if accounts[3].Name != "d" {
			t.Fatalf("an account of weight 0 comes before one that has some: %s", order(accounts))
		}
		again := planAccounts("a", "b", "c", "d")
		if step.Arrange(again, draw); !slices.EqualFunc(accounts, again, func(a, b PlanAccount) bool { return a.ID == b.ID }) {
			t.Fatal("the same message drew two orders")
		}
	}
	for name, weight := range weights {
		share := weight / 91
		want, off := share*messages, 5*math.Sqrt(messages*share*(1-share))
		if got := float64(first[name]); math.Abs(got-want) > off {
			t.Errorf("%s came first %.0f times, want %.0f ± %.0f", name, got, want, off)
		}
	}
}

func TestPreferIsChecked(t *testing.T) {
	const step = `{"channel":"zns","timeout":"1m","accounts":["a","b"]`
	for name, tc := range map[string]struct{ rest, field string }{
		"weights without prefer": {`,"weights":{"a":1}`, "steps[0].weights"},
		"no such way":            {`,"prefer":"random"`, "steps[0].prefer"},
		"below 0":                {`,"prefer":"weighted","weights":{"a":-1}`, "steps[0].weights.a"},
		"too much":               {`,"prefer":"weighted","weights":{"a":1001}`, "steps[0].weights.a"},
		"not of the step":        {`,"prefer":"weighted","weights":{"c":1}`, "steps[0].weights.c"},
		"all 0":                  {`,"prefer":"weighted","weights":{"a":0,"b":0}`, "steps[0].weights"},
		"weighted":               {`,"prefer":"weighted","weights":{"a":80}`, ""},
		"cheapest":               {`,"prefer":"cheapest"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := ParsePolicy([]byte(`{"steps":[` + step + tc.rest + `}]}`))
			switch {
			case tc.field == "" && len(errs) > 0:
				t.Error(errs)
			case tc.field != "" && (len(errs) != 1 || errs[0].Field != tc.field):
				t.Errorf("got %v, want one about %s", errs, tc.field)
			}
		})
	}
}
