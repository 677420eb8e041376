package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestRoutesChoose(t *testing.T) {
	routes := Routes{Default: "default", Rules: []Rule{
		{"metadata['vip'] == 'yes'", "vip"},
		{"category == 'otp' && operator == 'viettel'", "otp-viettel"},
		{"category == 'otp'", "otp"},
	}}
	tests := map[string]struct {
		in          ConditionInput
		policy, why string
	}{
		"first rule wins":        {ConditionInput{Category: "otp", Metadata: map[string]string{"vip": "yes"}}, "vip", "metadata['vip'] == 'yes'"},
		"undecidable is skipped": {ConditionInput{Category: "otp", Operator: "viettel"}, "otp-viettel", "category == 'otp' && operator == 'viettel'"},
		"later rule":             {ConditionInput{Category: "otp"}, "otp", "category == 'otp'"},
		"default":                {ConditionInput{Category: "care"}, "default", "default"},
	}
	router, err := routes.Compile()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			policy, why := router.Choose(tt.in)
			if policy != tt.policy || !strings.Contains(why, tt.why) {
				t.Errorf("got %q, %q", policy, why)
			}
			if again, reason := routes.Choose(tt.in); again != policy || reason != why {
				t.Errorf("uncompiled: got %q, %q", again, reason)
			}
		})
	}
}

func TestRoutesValidate(t *testing.T) {
	exists := func(name string) bool { return name == "default" }
	tests := map[string]struct {
		routes Routes
		want   []string
	}{
		"default only": {Routes{Default: "default"}, nil},
		"nothing":      {Routes{}, []string{"default"}},
		"bad rule":     {Routes{[]Rule{{"true", "default"}, {"category", "gone"}, {"", ""}}, "gone"}, []string{"rules[1].when", "rules[1].policy", "rules[2].when", "rules[2].policy", "default"}},
		"too many":     {Routes{slices.Repeat([]Rule{{"true", "default"}}, maxRules+1), "default"}, []string{"rules"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fieldsOf(tt.routes.Validate(exists)); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	if _, err := (Routes{Rules: []Rule{{"category", "x"}}}).Compile(); err == nil || !strings.HasPrefix(err.Error(), "rules[0].when: ") {
		t.Errorf("got %v", err)
	}
}

func FuzzRoutes(f *testing.F) {
	f.Add([]byte(`{"default":"a","rules":[{"when":"category == 'otp'","policy":"b"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r Routes
		if err := json.Unmarshal(raw, &r); err != nil || len(r.Validate(func(string) bool { return true })) > 0 {
			return
		}
		router, err := r.Compile()
		if err != nil {
			t.Fatalf("%s is valid and does not compile: %v", raw, err)
		}
		if name, _ := router.Choose(ConditionInput{Category: "otp", Metadata: map[string]string{}}); name == "" {
			t.Errorf("%s chooses no policy", raw)
		}
	})
}
