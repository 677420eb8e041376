package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// PolicyDraft is a policy that is being written, with the message that it is tried on: left out, what holds for every
// message is told.
type PolicyDraft struct {
	Policy   json.RawMessage
	Template string
	To       string
	Params   map[string]string
}

// PolicyCheck tells what a policy would do. A policy that cannot be used has Errors, and nothing else.
type PolicyCheck struct {
	Valid    bool                `json:"valid"`
	Errors   []policy.FieldError `json:"errors"`
	Warnings []policy.Warning    `json:"warnings"`
	Sentence string              `json:"sentence"`
	// WorstTime is how long the ladder takes when nothing answers; WorstCost is what it costs if every step is billed, nil
	// where a step has no price.
	WorstTime policy.Duration `json:"worst_time"`
	WorstCost *policy.Money   `json:"worst_cost"`
	Steps     []StepCheck     `json:"steps"`
}

// StepCheck is one step of a PolicyCheck.
type StepCheck struct {
	Step     int            `json:"step"`
	Channel  policy.Channel `json:"channel"`
	Accounts []string       `json:"accounts"` // those that can send, in the order in which they are tried
	// Price is the dearest of them, nil where one has none.
	Price    *policy.Money  `json:"price"`
	WaitsFor policy.Receipt `json:"waits_for"`
}

// CheckPolicy tells what is wrong with a policy and what it would do; nothing is stored. Errors: ErrNotFound, *BusyError.
func (e *Engine) CheckPolicy(ctx context.Context, who Caller, d PolicyDraft) (PolicyCheck, error) {
	conf, err := e.dir.tenant(ctx, who.TenantID)
	if err != nil {
		return PolicyCheck{}, e.storeError(err)
	}
	now := e.now()
	p, bad := conf.parsePolicy(d.Policy)
	v := PolicyCheck{Valid: len(bad) == 0, Errors: bad, Warnings: []policy.Warning{}, Steps: []StepCheck{}}
	t := conf.trial(d, &v.Errors)
	if v.Errors == nil {
		v.Errors = []policy.FieldError{}
	}
	if !v.Valid {
		return v, nil
	}
	tried := d.Template != "" && len(v.Errors) == 0
	v.Sentence, v.WorstTime = p.Sentence(), policy.Duration(p.LongestRun())
	v.Warnings = append(v.Warnings, p.Warnings(func(_ int, s policy.Step) (policy.StepKnown, bool) {
		known := conf.stepKnown(e, s, who.Test, now)
		if tried && known.Never == "" {
			known.Never = t.lacks(s.Channel)
		}
		return known, true
	})...)
	worst, priced := policy.Money{Currency: conf.tenant.Currency}, true
	for i, s := range p.Steps {
		step := conf.checkStep(e, t, s, who.Test, now)
		step.Step = i + 1
		switch {
		case len(step.Accounts) == 0 || tried && t.lacks(s.Channel) != "": // does not run
		case step.Price != nil:
			worst = worst.Add(*step.Price)
		default:
			priced = false
		}
		v.Steps = append(v.Steps, step)
	}
	if most := p.MaxCost; most != nil && most.Currency == worst.Currency {
		worst.Micros = min(worst.Micros, most.Micros)
	}
	if priced {
		v.WorstCost = &worst
	}
	return v, nil
}

// parsePolicy reads a policy and checks the accounts that it names.
func (c *tenantConf) parsePolicy(raw []byte) (policy.Policy, []policy.FieldError) {
	p, bad := policy.ParsePolicy(raw)
	for i, s := range p.Steps {
		for j, account := range s.Accounts {
			if !c.hasAccount(s.Channel, account) {
				bad = append(bad, policy.FieldError{
					Field:   fmt.Sprintf("steps[%d].accounts[%d]", i, j),
					Message: fmt.Sprintf("%q is no %s account of this tenant", account, s.Channel),
				})
			}
		}
	}
	return p, bad
}

// trial is the message that a policy or a template is tried on, as far as one is given.
type trial struct {
	resolved
	// refused are the channels whose content could not be rendered, and why.
	refused map[policy.Channel]string
}

// lacks says why the trial's template cannot go out on a channel; "" if it can.
func (t *trial) lacks(ch policy.Channel) string {
	content, has := t.content[ch]
	switch {
	case t.template == "": // it was refused
		return ""
	case t.refused[ch] != "":
		return fmt.Sprintf("template %s has no %s content for these params (%s)", t.template, ch, t.refused[ch])
	case !has:
		return fmt.Sprintf("template %s has no content for %s", t.template, ch)
	}
	return unfit(ch, content)
}

// trial resolves the message of a draft; what of it is at fault is added to bad.
func (c *tenantConf) trial(d PolicyDraft, bad *[]policy.FieldError) *trial {
	t := &trial{resolved: resolved{phone: policy.Phone{Country: c.tenant.DefaultRegion}, category: policy.Transaction}}
	t.id = models.NewMessageID()
	t.draw = draw(t.id)
	c.trialPhone(t, d.To, bad)
	if d.Template == "" {
		return t
	}
	tpl := c.templates[d.Template]
	if tpl == nil {
		*bad = append(*bad, policy.FieldError{Field: "template", Message: fmt.Sprintf("%q is not a template of this tenant", d.Template)})
		return t
	}
	t.template, t.category = tpl.Name, policy.Category(tpl.Category)
	t.fill(tpl, d.Params, bad)
	return t
}

func (c *tenantConf) trialPhone(t *trial, to string, bad *[]policy.FieldError) {
	if to == "" {
		return
	}
	phone, err := policy.ParsePhone(to, c.tenant.DefaultRegion)
	if err != nil {
		*bad = append(*bad, policy.FieldError{Field: "to", Message: err.Error()})
		return
	}
	t.phone = phone
}

// fill renders a template; a param that is not given has its example's value.
func (t *trial) fill(tpl *templateConf, params map[string]string, bad *[]policy.FieldError) {
	values := map[string]string{}
	var faults []policy.FieldError
	for _, p := range tpl.params {
		value, given := params[p.Name]
		switch {
		case given:
			values[p.Name] = value
		case p.Example != "":
			values[p.Name] = p.Example
		default:
			faults = append(faults, policy.FieldError{Field: "params." + p.Name, Message: "has no value and no example: give one of them"})
		}
	}
	for name := range params {
		if !slices.ContainsFunc(tpl.params, func(p TemplateParam) bool { return p.Name == name }) {
			faults = append(faults, policy.FieldError{Field: "params." + name, Message: "is not a parameter of the template"})
		}
	}
	slices.SortFunc(faults, func(a, b policy.FieldError) int { return strings.Compare(a.Field, b.Field) })
	*bad = append(*bad, faults...)
	t.content, t.refused = tpl.render(values)
}

// render renders every channel's content. What cannot be rendered refuses its own channel only.
func (t *templateConf) render(params map[string]string) (map[policy.Channel]channels.Content, map[policy.Channel]string) {
	out, refused := map[policy.Channel]channels.Content{}, map[policy.Channel]string{}
	for ch, rendering := range t.content {
		content, err := rendering.render(params)
		if err != nil {
			refused[ch] = err.Error()
			continue
		}
		out[ch] = content
	}
	return out, refused
}

// named are the accounts of a step, in the order written, that are there at all.
func (c *tenantConf) named(s policy.Step) []*account {
	if len(s.Accounts) == 0 {
		return c.byChannel[s.Channel]
	}
	var out []*account
	for _, name := range s.Accounts {
		for _, a := range c.byChannel[s.Channel] {
			if a.Name == name {
				out = append(out, a)
			}
		}
	}
	return out
}

// carriers are those accounts of a step that can send, be it after a rest.
func (c *tenantConf) carriers(e *Engine, s policy.Step, test bool, now time.Time) []*account {
	var out []*account
	for _, a := range c.named(s) {
		if bad := c.why(e, a.ID, test, now); bad.Reason == "" || !bad.Until.IsZero() {
			out = append(out, a)
		}
	}
	return out
}

// warnings tells what a policy is unlikely to mean with the tenant's accounts and prices.
func (c *tenantConf) warnings(e *Engine, p policy.Policy, test bool, now time.Time) []policy.Warning {
	return p.Warnings(func(_ int, s policy.Step) (policy.StepKnown, bool) { return c.stepKnown(e, s, test, now), true })
}

// stepKnown is what the tenant's accounts and prices say of a step.
func (c *tenantConf) stepKnown(e *Engine, s policy.Step, test bool, now time.Time) policy.StepKnown {
	known := policy.StepKnown{Best: policy.ReceiptSent}
	accounts := c.carriers(e, s, test, now)
	if len(accounts) == 0 {
		known.Never = "no account that can send carries " + string(s.Channel)
		if len(s.Accounts) > 0 {
			known.Never = "none of its accounts can send"
		}
	}
	free := false
	for _, a := range accounts {
		if b := best(policy.ReceiptRead, a.receipts(a.of(test).Capabilities())); b.Rank() > known.Best.Rank() {
			known.Best = b
		}
		least, priced := c.prices.Least(s.Channel, a.Name, now)
		free = free || !priced
		if known.Least == nil || least.Micros < known.Least.Micros {
			known.Least = &least
		}
	}
	if free {
		known.Least = nil
	}
	return known
}

// checkStep shows a step with the accounts that it would use for the trial.
func (c *tenantConf) checkStep(e *Engine, t *trial, s policy.Step, test bool, now time.Time) StepCheck {
	v := StepCheck{Channel: s.Channel, Accounts: []string{}, WaitsFor: s.Until}
	segments := 0
	if s.Channel == policy.SMS {
		segments, _ = policy.Segments(t.content[s.Channel].Text)
	}
	var arranged []policy.PlanAccount
	priced := true
	for _, a := range c.carriers(e, s, test, now) {
		terms := c.terms(&t.resolved, s.Channel, a.Name, segments, policy.RecipientPhone, now)
		priced = priced && terms.Units > 0
		arranged = append(arranged, policy.PlanAccount{
			ID: a.ID.String(), Name: a.Name, Until: best(s.Until, a.receipts(a.of(test).Capabilities())), Terms: terms,
		})
	}
	s.Arrange(arranged, t.draw)
	var dearest policy.Money
	for i, a := range arranged {
		v.Accounts = append(v.Accounts, a.Name)
		if full := a.Terms.Full(); i == 0 || full.Micros > dearest.Micros {
			dearest = full
		}
	}
	if len(arranged) > 0 {
		if v.WaitsFor = arranged[0].Until; priced {
			v.Price = &dearest
		}
	}
	return v
}
