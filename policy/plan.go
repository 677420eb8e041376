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

func stepField(i int) string { return fmt.Sprintf("steps[%d]", i) }
