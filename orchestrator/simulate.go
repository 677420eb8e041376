package orchestrator

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// Bounds of a simulation.
const (
	simulateMost   = 100_000
	simulateUsual  = 10_000
	simulatePage   = 500
	simulateSample = 2_000 // attempts a channel, from which outcomes are drawn
	simulateFor    = 20 * time.Second
	simulateSpan   = 30 * 24 * time.Hour
)

// SimulateQuery asks what a policy's past messages would have come to under another ladder.
type SimulateQuery struct {
	Policy   json.RawMessage // nil: the policy as it stands
	From, To time.Time       // of when messages were accepted; left out: the last 30 days
	Limit    int             // messages, the latest first; 0 is 10,000
}

// Simulation sets what would have happened beside what did.
type Simulation struct {
	Messages  int             `json:"messages"`
	From      Time            `json:"from"`
	To        Time            `json:"to"`
	Complete  bool            `json:"complete"` // false: the time ran out before all messages were replayed
	Real      SimulationSums  `json:"real"`
	Simulated SimulationSums  `json:"simulated"`
	Assumed   Assumed         `json:"assumed"`
	ByStep    []SimulatedStep `json:"by_step"`
}

// SimulationSums are the sums of a traffic.
type SimulationSums struct {
	Cost           policy.Money   `json:"cost"`
	Reached        int            `json:"reached"`
	DeliveredShare float64        `json:"delivered_share"`
	ReadShare      float64        `json:"read_share"`
	TimeToReach    SimulatedTimes `json:"time_to_reach"`
	FallbackShare  float64        `json:"fallback_share"`
}

// SimulatedTimes are nearest ranks, nil where nobody was reached.
type SimulatedTimes struct {
	P50 *string `json:"p50"`
	P95 *string `json:"p95"`
}

// Assumed tells how much of a simulation was seen and how much is a guess.
type Assumed struct {
	Seen  int `json:"seen"`  // attempts that really were made, on that channel, for that message
	Drawn int `json:"drawn"` // attempts whose outcome is that of another message on that channel
	// WithoutHistory are channels of which there is no outcome to draw: their steps were passed over.
	WithoutHistory []policy.Channel `json:"without_history"`
}

// SimulatedStep is one step of the ladder.
type SimulatedStep struct {
	Step    int            `json:"step"`
	Channel policy.Channel `json:"channel"`
	Started int            `json:"started"`
	Reached int            `json:"reached"`
	Cost    policy.Money   `json:"cost"`
}

// Simulate replays a policy's past messages. Of a channel that was tried for a message, what happened then happens again;
// elsewhere the outcome is that of one of the tenant's own attempts on that channel, drawn by the message's id, so that the
// same question has the same answer. Errors: ErrNotFound, *InvalidError, *BusyError.
func (e *Engine) Simulate(ctx context.Context, tenant uuid.UUID, name string, q SimulateQuery) (Simulation, error) {
	stored, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return Simulation{}, e.storeError(err)
	}
	pc := stored.policies[name]
	if pc == nil {
		return Simulation{}, models.ErrNotFound
	}
	if q.Policy != nil {
		p, bad := stored.parsePolicy(q.Policy)
		for i := range bad {
			bad[i].Field = "policy." + bad[i].Field
		}
		if len(bad) > 0 {
			return Simulation{}, &InvalidError{Fields: bad}
		}
		if pc, err = newPolicyConf(name, 0, p); err != nil {
			return Simulation{}, Invalid("policy", "%s", err)
		}
	}
	if q, err = q.whole(e.now()); err != nil {
		return Simulation{}, err
	}
	conf := *stored
	conf.blocked = nil // what providers refuse today says nothing of then
	limited, cancel := context.WithTimeout(ctx, simulateFor)
	defer cancel()
	s := newSimulating(&conf, e.o.Store, pc, q)
	err = s.run(limited)
	if limited.Err() != nil && ctx.Err() == nil {
		return s.answer(false), nil
	}
	if err != nil {
		return Simulation{}, e.storeError(err)
	}
	return s.answer(true), nil
}

// whole fills in what was left out. Errors: *InvalidError.
func (q SimulateQuery) whole(now time.Time) (SimulateQuery, error) {
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-simulateSpan)
	}
	if !q.From.Before(q.To) {
		return q, Invalid("to", "must be later than from")
	}
	if q.Limit < 0 || q.Limit > simulateMost {
		return q, Invalid("limit", "must be a number from 1 to %d", simulateMost)
	}
	q.Limit = cmp.Or(q.Limit, simulateUsual)
	return q, nil
}

// simulating is a simulation under way.
type simulating struct {
	conf            *tenantConf
	store           *models.Store
	pc              *policyConf
	q               SimulateQuery
	samples         map[policy.Channel][]policy.Outcome
	disabled        map[string]policy.Unusable
	real, simulated sums
	assumed         Assumed
	steps           []SimulatedStep
}

// sums grow with the messages only by what a quantile needs.
type sums struct {
	messages, reached, delivered, read, fallback int
	cost                                         int64
	times                                        []int64 // milliseconds
}

func newSimulating(conf *tenantConf, store *models.Store, pc *policyConf, q SimulateQuery) *simulating {
	s := &simulating{
		conf: conf, store: store, pc: pc, q: q, samples: map[policy.Channel][]policy.Outcome{}, disabled: map[string]policy.Unusable{},
		assumed: Assumed{WithoutHistory: []policy.Channel{}},
	}
	for id, a := range conf.accounts {
		if a.State == models.AccountDisabled {
			s.disabled[id.String()] = policy.Unusable{Reason: policy.ReasonAccountDisabled}
		}
	}
	for i, step := range pc.Steps {
		s.steps = append(s.steps, SimulatedStep{Step: i + 1, Channel: step.Channel, Cost: policy.Money{Currency: conf.tenant.Currency}})
	}
	return s
}

func (s *simulating) run(ctx context.Context) error {
	from, to := ms(s.q.From), ms(s.q.To)
	for _, step := range s.pc.Steps {
		if _, known := s.samples[step.Channel]; known {
			continue
		}
		tried, err := s.store.Tried(ctx, s.conf.tenant.ID, step.Channel, from, to, simulateSample)
		if err != nil {
			return err
		}
		s.samples[step.Channel] = []policy.Outcome{}
		for _, a := range tried {
			o := outcomeOf(a)
			o.Drawn, o.Cost = true, nil
			s.samples[step.Channel] = append(s.samples[step.Channel], o)
		}
	}
	refs, err := s.store.Finished(ctx, models.HistoryQuery{TenantID: s.conf.tenant.ID, Policy: s.pc.name, From: from, To: to, Limit: s.q.Limit})
	if err != nil {
		return err
	}
	for page := range slices.Chunk(refs, simulatePage) {
		states, err := s.store.LoadStates(ctx, page)
		if err != nil {
			return err
		}
		for _, ref := range page {
			if st := states[ref]; st != nil {
				s.message(*st)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// outcomeOf is what happened to an attempt.
func outcomeOf(a models.Attempt) policy.Outcome {
	after := func(ms int64) time.Duration {
		if ms == 0 {
			return policy.Never
		}
		return max(time.Duration(ms-a.CreatedAt)*time.Millisecond, 0)
	}
	o := policy.Outcome{Class: a.Class, Taken: after(a.SentAt), Delivered: after(a.DeliveredAt), Read: after(a.ReadAt), Failed: after(a.FailedAt), Cost: &a.Cost}
	switch {
	case a.Status == policy.AttemptSkipped:
		return policy.Outcome{Class: policy.ClassRecipient, Taken: policy.Never, Delivered: policy.Never, Read: policy.Never, Cost: &a.Cost}
	case a.Class != policy.ClassUnknown && o.Taken < 0 && o.Delivered < 0 && o.Read < 0 && o.Failed < 0: // refused, and nobody wrote when
		o.Failed = max(after(a.EndedAt), 0)
	case a.Class == policy.ClassUnknown && o.Taken < 0 && a.Status == policy.AttemptFailed && o.Failed < 0:
		o.Failed = max(after(a.EndedAt), 0)
	}
	return o
}

// message replays one message, and counts what it really came to.
func (s *simulating) message(st models.State) {
	m := st.Message
	begin := max(m.SendAt, m.CreatedAt)
	called := map[int64]bool{}
	for _, a := range st.Attempts {
		if a.Calls > 0 {
			called[a.Step] = true
		}
	}
	s.real.add(m.Status, m.Cost, len(called) > 1, m.CompletedAt-begin)

	r := s.resolve(m)
	ttl := s.pc.TTL.Std()
	facts := policy.Facts{Category: m.Category, SendAt: fromMS(m.SendAt), ExpiresAt: fromMS(begin).Add(ttl), Unusable: map[string]policy.Unusable{}}
	for id, why := range s.disabled {
		facts.Unusable[id] = why
	}
	told := policy.Told{Confirmed: since(m, m.ConfirmedAt), Canceled: since(m, m.CanceledAt)}
	h := &happened{attempts: slices.Clone(st.Attempts), draw: r.draw}
	end := policy.Replay(r.plan, facts, fromMS(m.CreatedAt), told, func(step int, acc policy.PlanAccount) (policy.Outcome, bool) {
		ch := r.plan.Steps[step].Channel
		if o, seen := h.seen(ch, acc.Name); seen {
			s.assumed.Seen++
			return o, true
		}
		o, known := h.drawn(s.samples[ch], step, acc)
		if known {
			s.assumed.Drawn++
		} else if !slices.Contains(s.assumed.WithoutHistory, ch) {
			s.assumed.WithoutHistory = append(s.assumed.WithoutHistory, ch)
		}
		return o, known
	})
	used := map[int]bool{}
	for _, a := range end.Attempts {
		step := &s.steps[a.Step]
		if !used[a.Step] {
			step.Started++
		}
		used[a.Step] = true
		step.Cost.Micros += a.Cost
		if a.Reached {
			step.Reached++
		}
	}
	s.simulated.add(end.Status, end.Cost, len(used) > 1, end.Took.Milliseconds())
}

func since(m models.Message, at int64) time.Duration {
	if at == 0 {
		return policy.Never
	}
	return time.Duration(at-m.CreatedAt) * time.Millisecond
}

// resolve makes the plan that a message would have had, at the prices of then.
func (s *simulating) resolve(m models.Message) *resolved {
	r := &resolved{
		phone: policy.Phone{E164: m.To, Country: m.Country, Operator: m.Operator}, category: m.Category, template: m.Template, policy: s.pc, id: m.ID, draw: draw(m.ID),
	}
	in := policy.ConditionInput{
		Category: string(m.Category), Template: m.Template, Country: m.Country, Operator: m.Operator,
		Metadata: map[string]string{}, Hour: fromMS(m.CreatedAt).In(s.conf.zone).Hour(),
	}
	_ = json.Unmarshal(m.Metadata, &in.Metadata) // metadata that cannot be read has no keys
	_ = json.Unmarshal(m.Content, &r.content)
	forgotten := len(r.content) == 0
	if forgotten { // every channel had something to say, in as many segments as its plan knew
		r.content = map[policy.Channel]channels.Content{}
		for _, ch := range policy.Channels() {
			r.content[ch] = channels.Content{TemplateID: "-", Text: "-"}
		}
	}
	s.conf.ladder(Caller{TenantID: s.conf.tenant.ID}, r, in, nil, fromMS(m.CreatedAt))
	segments := 0
	if forgotten {
		segments = plannedSegments(m.Plan)
	}
	for _, step := range r.plan.Steps {
		for i := range step.Accounts {
			acc := &step.Accounts[i]
			acc.AskByID, acc.AskByReference = false, false
			if step.Channel == policy.SMS && segments > 0 {
				acc.Segments = segments
				acc.Terms = s.conf.terms(r, step.Channel, acc.Name, segments, policy.RecipientPhone, fromMS(m.CreatedAt))
			}
		}
	}
	return r
}

// plannedSegments are those of a pinned plan's SMS step; 0 if it knows none.
func plannedSegments(raw []byte) int {
	plan, err := parsePlan(raw)
	if err != nil {
		return 0
	}
	for _, step := range plan.Steps {
		if step.Channel == policy.SMS && len(step.Accounts) > 0 {
			return step.Accounts[0].Segments
		}
	}
	return 0
}

// happened hands out what happened to a message, each attempt once.
type happened struct {
	attempts []models.Attempt
	draw     uint64
}

// seen answers what happened on a channel: by that account, or else by another, if it was no fault of the account's.
func (h *happened) seen(ch policy.Channel, account string) (policy.Outcome, bool) {
	tried := func(a models.Attempt) bool {
		return a.Channel == ch && (a.Calls > 0 || a.Status == policy.AttemptSkipped && a.Reason == string(policy.ReasonSkippedUnreachable))
	}
	i := slices.IndexFunc(h.attempts, func(a models.Attempt) bool { return tried(a) && (a.Account == account || a.Calls == 0) })
	if i < 0 {
		i = slices.IndexFunc(h.attempts, func(a models.Attempt) bool {
			return tried(a) && a.Class != policy.ClassAccount && a.Class != policy.ClassDown && a.Class != policy.ClassThrottled
		})
	}
	if i < 0 {
		return policy.Outcome{}, false
	}
	o := outcomeOf(h.attempts[i])
	h.attempts = slices.Delete(h.attempts, i, i+1)
	return o, true
}

func (h *happened) drawn(sample []policy.Outcome, step int, acc policy.PlanAccount) (policy.Outcome, bool) {
	if len(sample) == 0 {
		return policy.Outcome{}, false
	}
	lot := policy.Lot(h.draw, fmt.Sprintf("simulate %d %s", step, acc.ID))
	return sample[int(lot*float64(len(sample)))], true
}

func (s *sums) add(status policy.MessageStatus, cost int64, fallback bool, took int64) {
	s.messages++
	s.cost += cost
	if fallback {
		s.fallback++
	}
	if !status.Reached() {
		return
	}
	s.reached++
	s.times = append(s.times, max(took, 0))
	if status != policy.Sent {
		s.delivered++
	}
	if status == policy.Read {
		s.read++
	}
}

func (s *sums) view(currency string) SimulationSums {
	v := SimulationSums{Cost: policy.Money{Micros: s.cost, Currency: currency}, Reached: s.reached}
	if s.messages == 0 {
		return v
	}
	share := func(n int) float64 { return float64(n) / float64(s.messages) }
	v.DeliveredShare, v.ReadShare, v.FallbackShare = share(s.delivered), share(s.read), share(s.fallback)
	if n := len(s.times); n > 0 {
		slices.Sort(s.times)
		rank := func(part int) *string {
			text := (time.Duration(s.times[(n*part+99)/100-1]) * time.Millisecond).String()
			return &text
		}
		v.TimeToReach = SimulatedTimes{rank(50), rank(95)}
	}
	return v
}

func (s *simulating) answer(complete bool) Simulation {
	currency := s.conf.tenant.Currency
	return Simulation{
		Messages: s.real.messages, From: Time(ms(s.q.From)), To: Time(ms(s.q.To)), Complete: complete,
		Real: s.real.view(currency), Simulated: s.simulated.view(currency), Assumed: s.assumed, ByStep: s.steps,
	}
}
