package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// Trace is all that is known of a message, for people.
type Trace struct {
	Message   MessageView                     `json:"message"`
	Plan      []TraceStep                     `json:"plan"`
	Content   map[policy.Channel]ContentTrace `json:"content"` // nil once it was forgotten
	Receipts  []ReceiptTrace                  `json:"receipts"`
	Charges   []ChargeTrace                   `json:"charges"`
	Calls     []CallTrace                     `json:"calls"`
	Callbacks []CallbackTrace                 `json:"callbacks"`
	Decision  DecisionView                    `json:"decision"` // what would happen now
	Advice    []AdviceView                    `json:"advice"`
	// CallsDropped is how many entries the journal of the replica that answers had no room for, of whatever message.
	CallsDropped int64 `json:"calls_dropped"`
}

// TraceStep is a step of the ladder that was pinned when the message was accepted.
type TraceStep struct {
	Step     int             `json:"step"` // from 1
	Channel  policy.Channel  `json:"channel"`
	Until    policy.Receipt  `json:"until"`
	WaitsFor policy.Receipt  `json:"waits_for"` // the best that its first account can give of it
	Timeout  policy.Duration `json:"timeout"`
	Accounts []string        `json:"accounts"`
	When     string          `json:"when"` // as the policy's version has it; "" for an inline policy
	Skip     policy.Reason   `json:"skip"`
	Detail   string          `json:"detail"`
	Price    policy.Money    `json:"price"` // of its first account
	// Billed is when that is charged; "" without an account.
	Billed policy.Moment `json:"billed"`
}

// ContentTrace is what was rendered for a channel.
type ContentTrace struct {
	channels.Content
	Segments int             `json:"segments,omitempty"`
	Encoding policy.Encoding `json:"encoding,omitempty"`
}

// ReceiptTrace is a provider's report.
type ReceiptTrace struct {
	AttemptID  uuid.UUID      `json:"attempt_id"`
	Account    string         `json:"account"`
	Kind       policy.Receipt `json:"kind"`
	At         Time           `json:"at"`
	ReceivedAt Time           `json:"received_at"`
	// Late: after its attempt had ended, or a later one had begun. Repeated: an earlier one says the same.
	Late     bool   `json:"late"`
	Repeated bool   `json:"repeated"`
	Matched  bool   `json:"matched"`
	Detail   string `json:"detail"`
	Raw      string `json:"raw"`
}

// ChargeTrace is a line of the ledger.
type ChargeTrace struct {
	AttemptID uuid.UUID      `json:"attempt_id"`
	Channel   policy.Channel `json:"channel"`
	Account   string         `json:"account"`
	At        Time           `json:"at"`
	Units     int64          `json:"units"`
	Amount    policy.Money   `json:"amount"`
	Reason    string         `json:"reason"`
}

// CallTrace is a call to a provider, masked.
type CallTrace struct {
	AttemptID uuid.UUID    `json:"attempt_id"`
	Account   string       `json:"account"`
	At        Time         `json:"at"`
	TookMS    int64        `json:"took_ms"`
	Kind      string       `json:"kind"`
	Request   RequestTrace `json:"request"`
	Answer    *AnswerTrace `json:"answer"` // nil: none came
	Error     string       `json:"error"`
}

// RequestTrace is what was sent; headers are not kept, they carry credentials.
type RequestTrace struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Body   string `json:"body"`
}

// AnswerTrace is what came back.
type AnswerTrace struct {
	Status int64  `json:"status"`
	Body   string `json:"body"`
}

// Trace answers all that is known of a message. Errors: models.ErrNotFound, *BusyError.
func (e *Engine) Trace(ctx context.Context, tenant, id uuid.UUID) (Trace, error) {
	ref := models.Ref{TenantID: tenant, ID: id}
	states, err := e.o.Store.Snapshot(ctx, []models.Ref{ref})
	switch {
	case err != nil && !errors.Is(err, models.ErrNotFound):
		return Trace{}, e.storeError(err)
	case states[ref] == nil:
		return Trace{}, models.ErrNotFound
	}
	st := *states[ref]
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return Trace{}, e.storeError(err)
	}
	b := tracing{e: e, conf: conf, st: st, names: namesOf(conf, st)}
	b.plan, b.planErr = parsePlan(st.Message.Plan)
	b.v = Trace{Message: View(st), CallsDropped: e.o.Journal.Lost()}
	if err := e.addReplies(ctx, tenant, &b.v.Message); err != nil {
		return Trace{}, err
	}
	for _, add := range []func(context.Context) error{b.steps, b.content, b.receipts, b.charges, b.calls, b.callbacks, b.next} {
		if err := add(ctx); err != nil {
			return Trace{}, e.storeError(err)
		}
	}
	return b.v, nil
}

// tracing gathers a Trace.
type tracing struct {
	e       *Engine
	conf    *tenantConf
	st      models.State
	plan    policy.Plan
	planErr error
	names   map[uuid.UUID]string // of accounts
	v       Trace
}

// namesOf are the accounts' names as they were when they were tried, else as they are.
func namesOf(conf *tenantConf, st models.State) map[uuid.UUID]string {
	names := make(map[uuid.UUID]string, len(conf.accounts))
	for id, a := range conf.accounts {
		names[id] = a.Name
	}
	for _, a := range st.Attempts {
		if a.Account != "" {
			names[a.AccountID] = a.Account
		}
	}
	return names
}

func (b *tracing) steps(ctx context.Context) error {
	m := b.st.Message
	var written policy.Policy
	if m.PolicyName != "" {
		row, err := b.e.o.Store.PolicyAt(ctx, m.TenantID, m.PolicyName, m.PolicyVersion)
		switch {
		case errors.Is(err, models.ErrNotFound):
		case err != nil:
			return err
		default:
			written, _ = policy.ParsePolicy(row.Body) // what cannot be read has no conditions to show
		}
	}
	b.v.Plan = make([]TraceStep, 0, len(b.plan.Steps))
	for i, s := range b.plan.Steps {
		step := TraceStep{
			Step: i + 1, Channel: s.Channel, Until: s.Until, WaitsFor: s.Until, Timeout: s.Timeout, Accounts: make([]string, 0, len(s.Accounts)),
			Skip: s.Skip, Detail: s.SkipDetail, Price: policy.Money{Currency: m.Currency},
		}
		for _, a := range s.Accounts {
			step.Accounts = append(step.Accounts, a.Name)
		}
		if len(s.Accounts) > 0 {
			step.WaitsFor = s.Accounts[0].Until
			step.Price.Micros, step.Billed = s.Accounts[0].Terms.Full().Micros, s.Accounts[0].Terms.Moment
		}
		if len(written.Steps) == len(b.plan.Steps) {
			step.When = written.Steps[i].When
		}
		b.v.Plan = append(b.v.Plan, step)
	}
	return nil
}

// content shows what was rendered as it is stored.
func (b *tracing) content(context.Context) error {
	var rendered map[policy.Channel]channels.Content
	if json.Unmarshal(b.st.Message.Content, &rendered) != nil || rendered == nil {
		return nil // forgotten
	}
	b.v.Content = make(map[policy.Channel]ContentTrace, len(rendered))
	for ch, content := range rendered {
		c := ContentTrace{Content: content}
		if ch == policy.SMS {
			c.Segments, c.Encoding = policy.Segments(content.Text)
		}
		b.v.Content[ch] = c
	}
	return nil
}

// rawMost is how much is shown of a raw receipt, in bytes.
const rawMost = 4 << 10

func (b *tracing) receipts(ctx context.Context) error {
	rows, err := b.e.o.Store.Receipts(ctx, b.st.Message.TenantID, b.st.Message.ID)
	if err != nil {
		return err
	}
	b.v.Receipts = make([]ReceiptTrace, 0, len(rows))
	seen := map[int64]map[policy.Receipt]bool{}
	for _, r := range rows {
		if seen[r.N] == nil {
			seen[r.N] = map[policy.Receipt]bool{}
		}
		b.v.Receipts = append(b.v.Receipts, ReceiptTrace{
			AttemptID: models.AttemptID(r.MessageID, r.N), Account: b.names[r.AccountID], Kind: r.Kind, At: Time(r.At), ReceivedAt: Time(r.ReceivedAt),
			Late: late(b.st, r), Repeated: seen[r.N][r.Kind], Matched: r.State == models.ReceiptApplied,
			Detail: r.Detail, Raw: b.raw(r),
		})
		seen[r.N][r.Kind] = true
	}
	return nil
}

// late reports whether a receipt came after its attempt had ended, or after a later one had begun.
func late(st models.State, r models.Receipt) bool {
	for _, a := range st.Attempts {
		switch {
		case a.N == r.N && a.EndedAt > 0 && r.ReceivedAt > a.EndedAt,
			a.N > r.N && a.Status != policy.AttemptSkipped && r.ReceivedAt > a.CreatedAt:
			return true
		}
	}
	return false
}

// raw is a receipt as it came, fit for people. Without the account nobody knows what of it is secret.
func (b *tracing) raw(r models.Receipt) string {
	acc := b.conf.accounts[r.AccountID]
	if acc == nil {
		return ""
	}
	secrets, err := b.e.secretsOf(acc.Account)
	if err != nil {
		return ""
	}
	return channels.MaskPhones(string(r.Raw), rawMost, secrets...)
}

func (b *tracing) charges(ctx context.Context) error {
	rows, err := b.e.o.Store.Charges(ctx, b.st.Message.TenantID, b.st.Message.ID)
	if err != nil {
		return err
	}
	b.v.Charges = make([]ChargeTrace, 0, len(rows))
	for _, r := range rows {
		b.v.Charges = append(b.v.Charges, ChargeTrace{
			AttemptID: models.AttemptID(r.MessageID, r.N), Channel: r.Channel, Account: b.names[r.AccountID], At: Time(r.At), Units: r.Units,
			Amount: policy.Money{Micros: r.Amount, Currency: r.Currency}, Reason: r.Reason,
		})
	}
	return nil
}

func (b *tracing) calls(ctx context.Context) error {
	rows, err := b.e.o.Store.ProviderCalls(ctx, b.st.Message.TenantID, b.st.Message.ID)
	if err != nil {
		return err
	}
	b.v.Calls = make([]CallTrace, 0, len(rows))
	for _, r := range rows {
		c := CallTrace{
			AttemptID: models.AttemptID(r.MessageID, r.N), Account: b.names[r.AccountID], At: Time(r.At), TookMS: r.TookMS, Kind: r.Kind,
			Request: RequestTrace{Method: r.Method, URL: r.URL, Body: r.Request}, Error: r.Error,
		}
		if r.Status != 0 {
			c.Answer = &AnswerTrace{Status: r.Status, Body: r.Answer}
		}
		b.v.Calls = append(b.v.Calls, c)
	}
	return nil
}

// next says what would be decided now, and what a person should do.
func (b *tracing) next(ctx context.Context) error {
	now := b.e.now()
	d, err := b.decide(ctx, now)
	if err != nil {
		return err
	}
	b.v.Decision = DecisionView{Action: d.Action, Reason: d.Reason, At: at(ms(d.At)), Detail: decisionDetail(d)}
	if d.Reason == reasonUndecidable {
		b.v.Decision.Detail = "the stored message makes no sense: see the log"
	}
	b.v.Advice = advise(b.st, b.plan, d)
	return nil
}

// decide asks what would happen now. A row that makes no sense is left alone for a while.
func (b *tracing) decide(ctx context.Context, now time.Time) (d policy.Decision, err error) {
	undecidable := policy.Decision{Action: policy.Wait, At: now.Add(decideAgain), Reason: reasonUndecidable}
	if b.planErr != nil {
		return undecidable, nil
	}
	c, err := b.e.newChange(b.conf, b.st, now)
	if err != nil {
		return undecidable, nil //nolint:nilerr // the plan cannot be read: that is what is to be told
	}
	row, err := b.e.o.Store.Suppression(ctx, b.st.Message.TenantID, b.st.Message.To)
	switch {
	case errors.Is(err, models.ErrNotFound):
	case err != nil:
		return d, err
	default:
		c.suppressed = suppressed(row, b.st.Message.Category) != nil
	}
	if guarded(func() { d = policy.Decide(c.plan, c.facts(), now) }) != nil {
		return undecidable, nil
	}
	return d, nil
}
