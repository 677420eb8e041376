package policy

import "fmt"

// maxRules bounds a routing table, which is walked for every message that names no policy.
const maxRules = 200

// Routes says which policy a message gets that names none: the first rule whose condition is true, else Default.
type Routes struct {
	Rules   []Rule `json:"rules"`
	Default string `json:"default"`
}

// Rule gives a policy to the messages for which When, a condition, is true.
type Rule struct {
	When   string `json:"when"`
	Policy string `json:"policy"`
}

// Validate lists what has to be mended. exists tells whether the tenant has a policy of that name.
func (r Routes) Validate(exists func(policy string) bool) []FieldError {
	var errs []FieldError
	if len(r.Rules) > maxRules {
		errs = append(errs, FieldError{"rules", fmt.Sprintf("has %d rules: at most %d are allowed", len(r.Rules), maxRules)})
	}
	for i, rule := range r.Rules[:min(len(r.Rules), maxRules)] {
		at := fmt.Sprintf("rules[%d]", i)
		if _, err := CompileCondition(rule.When); err != nil {
			errs = append(errs, FieldError{at + ".when", err.Error()})
		}
		errs = append(errs, under(at+".policy", checkPolicyName(rule.Policy, exists))...)
	}
	return append(errs, under("default", checkPolicyName(r.Default, exists))...)
}

func checkPolicyName(name string, exists func(string) bool) []FieldError {
	switch {
	case name == "":
		return []FieldError{{"", "is required: name a policy"}}
	case exists != nil && !exists(name):
		return []FieldError{{"", fmt.Sprintf("is %q, which is not a policy: create it first", name)}}
	}
	return nil
}

// Choose returns the policy for one message and why, in words. Compile once instead where many messages are routed.
func (r Routes) Choose(in ConditionInput) (policy, why string) {
	router := Router{fallback: r.Default}
	for _, rule := range r.Rules {
		condition, err := CompileCondition(rule.When)
		if err != nil {
			continue // as undecidable as a condition that fails when evaluated
		}
		router.rules = append(router.rules, compiledRule{rule, condition})
	}
	return router.Choose(in)
}

// Compile returns the routes ready for use. The error names the first rule whose condition does not compile.
func (r Routes) Compile() (*Router, error) {
	router := &Router{fallback: r.Default, rules: make([]compiledRule, len(r.Rules))}
	for i, rule := range r.Rules {
		condition, err := CompileCondition(rule.When)
		if err != nil {
			return nil, FieldError{fmt.Sprintf("rules[%d].when", i), err.Error()}
		}
		router.rules[i] = compiledRule{rule, condition}
	}
	return router, nil
}

// Router is Routes with its conditions compiled. It may be used by many goroutines at once.
type Router struct {
	rules    []compiledRule
	fallback string
}

type compiledRule struct {
	Rule
	condition *Condition
}

// Choose returns the policy of the first rule that is true, else the default, and why in words. A condition that cannot
// be decided counts as false.
func (r *Router) Choose(in ConditionInput) (policy, why string) {
	for _, rule := range r.rules {
		if ok, err := rule.condition.Eval(in); err == nil && ok {
			return rule.Policy, "route: " + rule.When
		}
	}
	return r.fallback, "route: default, as no rule matches"
}
