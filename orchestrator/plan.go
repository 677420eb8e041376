package orchestrator

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// resolved is a submission with everything decided that can be decided before it is stored.
type resolved struct {
	phone    policy.Phone
	category policy.Category
	template string
	policy   *policyConf
	why      string
	plan     policy.Plan
	content  map[policy.Channel]channels.Content
	sendAt   time.Time
	expires  time.Time
	// id is the message's, and draw the number by which it draws lots.
	id   uuid.UUID
	draw uint64
}

// keyMost is the longest key of an app's, in characters: keys stand in an index.
const keyMost = 255

// keyable reports whether every database keeps a key as it is.
func keyable(key string) bool {
	return utf8.ValidString(key) && utf8.RuneCountInString(key) <= keyMost && !strings.ContainsFunc(key, unicode.IsControl)
}

// maxTextOf is the longest text in characters per channel, whatever the adapter; 0 is no limit.
func maxTextOf(ch policy.Channel) int {
	if ch == policy.Viber {
		return 1000
	}
	return 0
}

// resolve checks a submission against the tenant's configuration. Errors: *InvalidError, and *RefusedError, which
// comes with what was resolved.
func (c *tenantConf) resolve(who Caller, s Submission, now time.Time) (*resolved, error) {
	r := &resolved{id: models.NewMessageID()}
	r.draw = draw(r.id)
	var bad []policy.FieldError
	fault := func(field, format string, args ...any) {
		bad = append(bad, policy.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	var err error
	if r.phone, err = policy.ParsePhone(s.To, c.tenant.DefaultRegion); err != nil {
		fault("to", "%s", err)
	}
	rendered, refused := c.contents(s, r, fault)
	r.content = rendered
	r.address(s, fault)
	r.times(s, now, fault)
	if !keyable(s.TransactionID) {
		fault("transaction_id", "must be at most %d characters, none of them a control character", keyMost)
	}
	if !keyable(s.IdempotencyKey) {
		fault("Idempotency-Key", "must be at most %d characters, none of them a control character", keyMost)
	}
	for key, value := range s.Metadata {
		if strings.Contains(key, "\x00") || strings.Contains(value, "\x00") { // Postgres indexes no document with one
			fault("metadata", "holds a NUL character: remove it")
		}
	}
	if len(bad) > 0 {
		return nil, &InvalidError{Fields: bad}
	}
	in := policy.ConditionInput{
		Category: string(r.category), Template: r.template, Country: r.phone.Country, Operator: r.phone.Operator,
		Metadata: s.Metadata, Hour: now.In(c.zone).Hour(), Test: who.Test,
	}
	if in.Metadata == nil {
		in.Metadata = map[string]string{}
	}
	if err := c.choose(s, r, in); err != nil {
		return nil, err
	}
	r.ttl(s, now)
	c.ladder(who, r, in, refused, now)
	if err := r.carried(); err != nil {
		return r, err
	}
	return r, nil
}

// contents renders every channel's content. What cannot be rendered refuses its own channel only, unless a declared
// parameter is missing.
func (c *tenantConf) contents(s Submission, r *resolved, fault func(string, string, ...any)) (map[policy.Channel]channels.Content, map[policy.Channel]string) {
	r.category = s.Category
	if s.Category != "" && !s.Category.Valid() {
		fault("category", "is none of otp, transaction, care, promotion")
	}
	switch {
	case s.Template != "" && s.Content != nil:
		fault("content", "give either template or content, not both")
		return nil, nil
	case s.Template == "" && len(s.Content) == 0:
		fault("template", "give a template, or content per channel")
		return nil, nil
	case s.Template == "":
		if r.category == "" {
			r.category = policy.Transaction
		}
		for ch := range s.Content {
			if !ch.Valid() {
				fault("content."+string(ch), "is no channel; use zns, viber or sms")
			}
		}
		return s.Content, nil
	}
	t := c.templates[s.Template]
	if t == nil {
		fault("template", "%q is not a template of this tenant", s.Template)
		return nil, nil
	}
	r.template = t.Name
	if r.category == "" {
		r.category = policy.Category(t.Category)
	}
	declared := map[string]bool{}
	for _, p := range t.params {
		declared[p.Name] = true
		if _, given := s.Params[p.Name]; !given {
			fault("params."+p.Name, "is missing; template %s needs it", t.Name)
		}
	}
	for name := range s.Params {
		if !declared[name] {
			fault("params."+name, "is not a parameter of template %s", t.Name)
		}
	}
	return t.render(s.Params)
}

// times checks send_at and ttl.
func (r *resolved) times(s Submission, now time.Time, fault func(string, string, ...any)) {
	if ttl := s.TTL.Std(); ttl < 0 || ttl > policy.MaxTTL {
		fault("ttl", "is %s; it must be above 0 and at most %s", ttl, policy.MaxTTL)
	}
	if s.SendAt.After(now.Add(180 * 24 * time.Hour)) {
		fault("send_at", "is more than 180 days ahead")
	}
	if s.SendAt.After(now) {
		r.sendAt = s.SendAt
	}
}

// choose finds the policy: named, inline, or by the tenant's routes.
func (c *tenantConf) choose(s Submission, r *resolved, in policy.ConditionInput) error {
	if len(s.Policy) > 0 {
		p, bad := policy.ParsePolicy(s.Policy)
		if len(bad) > 0 {
			for i := range bad {
				bad[i].Field = "policy." + bad[i].Field
			}
			return &InvalidError{Fields: bad}
		}
		pc, err := newPolicyConf("", 0, p)
		if err != nil {
			return Invalid("policy", "%s", err)
		}
		r.policy, r.why = pc, "given with the message"
		return nil
	}
	name, why := s.PolicyName, "named by the message"
	if name == "" {
		name, why = c.router.Choose(in)
	}
	r.policy, r.why = c.policies[name], why
	if r.policy == nil {
		return Invalid("policy", "%q is not a policy of this tenant (%s); create it with PUT /v1/policies/%s", name, why, name)
	}
	return nil
}

// ttl sets when the message expires, counted from its send_at.
func (r *resolved) ttl(s Submission, now time.Time) {
	ttl := s.TTL.Std()
	if ttl == 0 {
		ttl = r.policy.TTL.Std()
	}
	if ttl == 0 {
		ttl = policy.DefaultTTL
	}
	from := now
	if r.sendAt.After(now) {
		from = r.sendAt
	}
	r.expires = from.Add(ttl)
}

// ladder resolves each step: its accounts, what it waits for, what it costs, and why it cannot run.
func (c *tenantConf) ladder(who Caller, r *resolved, in policy.ConditionInput, refused map[policy.Channel]string, now time.Time) {
	p := policy.Plan{Quiet: r.policy.QuietHours}
	if r.policy.MaxCost != nil {
		p.MaxCost = r.policy.MaxCost.Micros
	}
	for i, step := range r.policy.Steps {
		ps := policy.PlanStep{Channel: step.Channel, Until: step.Until, Timeout: step.Timeout}
		skip := func(why policy.Reason, format string, args ...any) {
			if ps.Skip == "" {
				ps.Skip, ps.SkipDetail = why, fmt.Sprintf(format, args...)
			}
		}
		content, has := r.content[step.Channel]
		switch detail := refused[step.Channel]; {
		case detail != "":
			skip(policy.ReasonSkippedContent, "%s", detail)
		case !has:
			skip(policy.ReasonSkippedContent, "there is no content for %s", step.Channel)
		default:
			if detail := unfit(step.Channel, content); detail != "" {
				skip(policy.ReasonSkippedContent, "%s", detail)
			}
		}
		if cond := r.policy.conditions[i]; cond != nil {
			if yes, err := cond.Eval(in); err != nil {
				skip(policy.ReasonSkippedCondition, "%q cannot be answered: %s", step.When, err)
			} else if !yes {
				skip(policy.ReasonSkippedCondition, "%q is false", step.When)
			}
		}
		if ps.Skip == "" {
			if blocked := c.planAccounts(who, r, step, &ps, content, now); len(ps.Accounts) == 0 && len(blocked) > 0 {
				skip(policy.ReasonSkippedTemplate, "%s", strings.Join(blocked, "; "))
			}
			if len(ps.Accounts) == 0 {
				skip(policy.ReasonSkippedAccount, "no account of this tenant carries %s", step.Channel)
			}
		}
		p.Steps = append(p.Steps, ps)
	}
	r.plan = p
	c.priceByID(r, now)
}

// unfit tells why a content cannot go out on a channel; "" if it can.
func unfit(ch policy.Channel, content channels.Content) string {
	if ch == policy.ZNS {
		if content.TemplateID == "" {
			return "zns needs a template_id"
		}
		return ""
	}
	if content.Text == "" && content.ImageURL == "" {
		return string(ch) + " needs a text"
	}
	return tooLong(content.Text, maxTextOf(ch))
}

// planAccounts lists the accounts that a step may use, in the policy's order, or all of the channel's. Those whose provider
// would refuse the content's template are left out, and blocked says why.
func (c *tenantConf) planAccounts(
	who Caller, r *resolved, step policy.Step, ps *policy.PlanStep, content channels.Content, now time.Time,
) (blocked []string) {
	accounts := c.byChannel[step.Channel]
	if len(step.Accounts) > 0 {
		accounts = nil
		for _, name := range step.Accounts {
			for _, a := range c.byChannel[step.Channel] {
				if a.Name == name {
					accounts = append(accounts, a)
				}
			}
		}
	}
	segments := 0
	if step.Channel == policy.SMS {
		segments, _ = policy.Segments(content.Text)
	}
	for _, a := range accounts {
		adapter := a.of(who.Test)
		if adapter == nil {
			continue
		}
		if why := c.blocks(a, content); why != "" && !who.Test {
			blocked = append(blocked, why)
			continue
		}
		caps := adapter.Capabilities()
		pa := policy.PlanAccount{
			ID: a.ID.String(), Name: a.Name, Until: best(step.Until, a.receipts(caps)), Segments: segments,
			AskByReference: caps.QueryByReference, AskByID: caps.QueryByProviderID,
			Terms: c.terms(r, step.Channel, a.Name, segments, policy.RecipientPhone, now),
		}
		ps.Accounts = append(ps.Accounts, pa)
	}
	step.Arrange(ps.Accounts, r.draw)
	return blocked
}

// receipts answers what an account gives: what the tenant says, else what the adapter documents.
func (a *account) receipts(caps channels.Capabilities) []policy.Receipt {
	if len(a.Receipts) == 0 {
		return caps.Receipts
	}
	out := make([]policy.Receipt, len(a.Receipts))
	for i, r := range a.Receipts {
		out[i] = policy.Receipt(r)
	}
	return out
}

// best lowers what a step waits for to the strongest receipt that the account gives.
func best(until policy.Receipt, gives []policy.Receipt) policy.Receipt {
	strongest := policy.ReceiptSent
	for _, r := range gives {
		if r.Rank() > strongest.Rank() {
			strongest = r
		}
	}
	if strongest.Rank() < until.Rank() {
		return strongest
	}
	return until
}

// carried refuses a message that no step can carry, with the reason per step.
func (r *resolved) carried() error {
	refusal := &RefusedError{}
	for i, s := range r.plan.Steps {
		if s.Skip == "" {
			return nil
		}
		refusal.Steps = append(refusal.Steps, StepRefusal{Step: i + 1, Channel: s.Channel, Reason: s.Skip, Detail: s.SkipDetail})
	}
	return refusal
}

// plans remembers parsed plans by their JSON. Messages of one policy share a few plans, and each message's is needed at
// every fact about it.
var plans struct {
	sync.RWMutex
	byJSON map[string]policy.Plan
}

// plansKept bounds plans: inline policies can make as many as there are messages.
const plansKept = 4096

// parsePlan reads a pinned plan. Its answer is shared and must not be changed.
func parsePlan(raw []byte) (policy.Plan, error) {
	plans.RLock()
	p, known := plans.byJSON[string(raw)]
	plans.RUnlock()
	if known {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return policy.Plan{}, err
	}
	plans.Lock()
	defer plans.Unlock()
	if len(plans.byJSON) >= plansKept || plans.byJSON == nil {
		plans.byJSON = map[string]policy.Plan{}
	}
	plans.byJSON[string(raw)] = p
	return p, nil
}

// planJSON is the plan as it is pinned.
func (r *resolved) planJSON() ([]byte, error) { return json.Marshal(r.plan) }
