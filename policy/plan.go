package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Policy is what an operator writes: an ordered ladder of steps. The next step starts when one is refused, fails, or
// does not get its receipt in time.
type Policy struct {
	Steps      []Step      `json:"steps"`
	TTL        Duration    `json:"ttl,omitzero"`          // no step starts later than this after acceptance; 0 is DefaultTTL
	MaxCost    *Money      `json:"max_cost,omitempty"`    // a step that would take the message beyond it is skipped
	QuietHours *QuietHours `json:"quiet_hours,omitempty"` // steps wait until these are over
}

// Step is one rung of the ladder.
type Step struct {
	Channel  Channel  `json:"channel"`
	Until    Receipt  `json:"until,omitempty"`    // the receipt that ends the ladder; empty is "delivered"
	Timeout  Duration `json:"timeout"`            // how long to wait for it once the provider took the message
	Accounts []string `json:"accounts,omitempty"` // tried in order for failures of the account; none named means the channel's
	When     string   `json:"when,omitempty"`     // a condition; the step is skipped where it is false
	// Prefer is how the step chooses among its accounts; empty is PreferListed. Weights are their shares by name, 0 to 1000.
	Prefer  Prefer         `json:"prefer,omitempty"`
	Weights map[string]int `json:"weights,omitempty"`
}

// Warning tells an operator about a policy that is taken, yet may not do what was meant. Code is stable and snake_case.
type Warning struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ParsePolicy reads a policy strictly, fills in what was left out (until, ttl) and validates it. The defaults are written
// into the policy so that a stored version means the same when the defaults change.
func ParsePolicy(raw []byte) (Policy, []FieldError) {
	var p Policy
	if errs := DecodeStrict(raw, &p); len(errs) > 0 {
		return Policy{}, errs
	}
	if p.TTL == 0 {
		p.TTL = Duration(DefaultTTL)
	}
	for i := range p.Steps {
		p.Steps[i].Until = p.Steps[i].until()
	}
	if errs := p.Validate(); len(errs) > 0 {
		return Policy{}, errs
	}
	return p, nil
}

// Validate lists what has to be mended before p can be used. Whether accounts exist is the caller's to check.
func (p Policy) Validate() []FieldError {
	var errs []FieldError
	switch {
	case len(p.Steps) == 0:
		errs = append(errs, FieldError{"steps", "needs at least one step"})
	case len(p.Steps) > MaxSteps:
		errs = append(errs, FieldError{"steps", fmt.Sprintf("has %d steps: at most %d are allowed", len(p.Steps), MaxSteps)})
	}
	for i, step := range p.Steps[:min(len(p.Steps), MaxSteps)] {
		errs = append(errs, under(stepField(i), step.validate())...)
	}
	if p.TTL < 0 || p.TTL.Std() > MaxTTL {
		errs = append(errs, FieldError{"ttl", fmt.Sprintf("must be more than 0 and at most %s", Duration(MaxTTL))})
	}
	if p.MaxCost != nil && p.MaxCost.Micros <= 0 {
		errs = append(errs, FieldError{"max_cost.amount", "must be more than 0: leave max_cost out for no limit"})
	}
	if p.MaxCost != nil && !currencyPattern.MatchString(p.MaxCost.Currency) {
		errs = append(errs, FieldError{"max_cost.currency", `must be three upper-case letters, such as "VND"`})
	}
	if p.QuietHours != nil {
		errs = append(errs, under("quiet_hours", p.QuietHours.Validate())...)
	}
	return errs
}

func (s Step) validate() []FieldError {
	var errs []FieldError
	if !s.Channel.Valid() {
		errs = append(errs, FieldError{"channel", "must be zns, viber or sms"})
	}
	if s.until().Rank() == 0 {
		errs = append(errs, FieldError{"until", "must be sent, delivered or read"})
	}
	switch {
	case s.Timeout == 0:
		errs = append(errs, FieldError{"timeout", `is required, such as "2m"`})
	case s.Timeout.Std() < MinTimeout || s.Timeout.Std() > MaxTimeout:
		errs = append(errs, FieldError{"timeout", fmt.Sprintf("must be between %s and %s", Duration(MinTimeout), Duration(MaxTimeout))})
	}
	for i, account := range s.Accounts {
		switch {
		case strings.TrimSpace(account) == "":
			errs = append(errs, FieldError{fmt.Sprintf("accounts[%d]", i), "is empty: name an account or drop it"})
		case slices.Contains(s.Accounts[:i], account):
			errs = append(errs, FieldError{fmt.Sprintf("accounts[%d]", i), "is named twice in this step: keep one"})
		}
	}
	errs = append(errs, s.validatePrefer()...)
	if s.When != "" {
		if _, err := CompileCondition(s.When); err != nil {
			errs = append(errs, FieldError{"when", err.Error()})
		}
	}
	return errs
}

// Warnings lists what a valid policy is unlikely to mean. best tells the strongest receipt that the accounts of a step can
// give; where it answers false, or is nil, nothing is said about that step's receipts.
func (p Policy) Warnings(best func(step int, s Step) (Receipt, bool)) []Warning {
	var warnings []Warning
	for i, step := range p.Steps {
		if step.neverRuns() {
			warnings = append(warnings, Warning{
				stepField(i) + ".when", "step_never_runs",
				fmt.Sprintf("Step %d never runs, as its condition is always false: mend the condition or drop the step.", i+1),
			})
			continue
		}
		if best == nil {
			continue
		}
		if strongest, ok := best(i, step); ok && strongest.Rank() < step.until().Rank() {
			warnings = append(warnings, receiptWarning(i, step, strongest))
		}
	}
	return append(warnings, p.ttlWarnings()...)
}

func receiptWarning(i int, step Step, strongest Receipt) Warning {
	best := "no receipt at all"
	if strongest.Rank() > 0 {
		best = fmt.Sprintf("at best %q", string(strongest))
	}
	return Warning{stepField(i) + ".until", "receipt_not_available", fmt.Sprintf(
		"Step %d waits for %q, but its accounts give %s; it will wait for the best they have.", i+1, string(step.until()), best)}
}

// ttlWarnings compares the time that the ladder needs, if every step runs into its timeout, with the time it has.
func (p Policy) ttlWarnings() []Warning {
	ttl := p.lifetime()
	var before time.Duration
	for i, step := range p.Steps {
		if step.neverRuns() {
			continue
		}
		if before >= ttl {
			return []Warning{{stepField(i), "step_beyond_ttl", fmt.Sprintf(
				"Step %d starts only if an earlier one is refused or fails: waiting for those before it takes %s, and the ttl is %s.",
				i+1, Duration(before), Duration(ttl))}}
		}
		before += step.Timeout.Std()
	}
	if before > ttl {
		return []Warning{{"ttl", "timeouts_beyond_ttl", fmt.Sprintf(
			"The timeouts add up to %s, but the ttl is %s: the last step may be cut short.", Duration(before), Duration(ttl))}}
	}
	return nil
}

func (p Policy) lifetime() time.Duration {
	if p.TTL == 0 {
		return DefaultTTL
	}
	return p.TTL.Std()
}

// until is the receipt the step waits for, the default applied.
func (s Step) until() Receipt {
	if s.Until == "" {
		return ReceiptDelivered
	}
	return s.Until
}

func (s Step) neverRuns() bool {
	if s.When == "" {
		return false
	}
	condition, err := CompileCondition(s.When)
	return err == nil && condition.never()
}

func stepField(i int) string { return fmt.Sprintf("steps[%d]", i) }
