package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// Message answers a message as everybody sees it. Errors: models.ErrNotFound, *BusyError.
func (e *Engine) Message(ctx context.Context, tenant, id uuid.UUID) (MessageView, error) {
	ref := models.Ref{TenantID: tenant, ID: id}
	states, err := e.o.Store.Snapshot(ctx, []models.Ref{ref})
	switch {
	case err != nil && !errors.Is(err, models.ErrNotFound):
		return MessageView{}, e.storeError(err)
	case states[ref] == nil:
		return MessageView{}, models.ErrNotFound
	}
	v := View(*states[ref])
	err = e.addReplies(ctx, tenant, &v)
	return v, err
}

// Views answers listed messages with their attempts, in the order of rows.
func (e *Engine) Views(ctx context.Context, tenant uuid.UUID, rows []models.Message) ([]MessageView, error) {
	refs := make([]models.Ref, len(rows))
	for i, m := range rows {
		refs[i] = models.Ref{TenantID: tenant, ID: m.ID}
	}
	out := make([]MessageView, 0, len(rows))
	if len(rows) == 0 {
		return out, nil
	}
	states, err := e.o.Store.Snapshot(ctx, refs)
	if err != nil {
		return nil, e.storeError(err)
	}
	for _, ref := range refs {
		if st := states[ref]; st != nil {
			out = append(out, View(*st))
		}
	}
	views := make([]*MessageView, len(out))
	for i := range out {
		views[i] = &out[i]
	}
	if err := e.addReplies(ctx, tenant, views...); err != nil {
		return nil, err
	}
	return out, nil
}

// View shows a state as the API does. It derives the timeline; nothing of it is stored.
func View(st models.State) MessageView {
	m := st.Message
	plan, _ := parsePlan(m.Plan) // a plan that cannot be read only loses its sentences
	v := MessageView{
		ID: m.ID, Status: m.Status, Reason: policy.Reason(m.Reason), Channel: m.Channel, To: m.To, Category: m.Category, Template: m.Template,
		TransactionID: m.TransactionID, Policy: PolicyRef{Name: m.PolicyName, Version: m.PolicyVersion}, Test: m.Test,
		CreatedAt: Time(m.CreatedAt), SendAt: at(m.SendAt), ExpiresAt: Time(m.ExpiresAt), CompletedAt: at(m.CompletedAt), NextAt: at(m.DueAt),
		Metadata: json.RawMessage(m.Metadata), Cost: policy.Money{Micros: m.Cost, Currency: m.Currency},
		Attempts: make([]AttemptView, 0, len(st.Attempts)),
	}
	for _, a := range st.Attempts {
		v.Attempts = append(v.Attempts, attemptView(a, m.Currency))
	}
	v.Timeline = timeline(st, plan)
	return v
}

func attemptView(a models.Attempt, currency string) AttemptView {
	v := AttemptView{
		ID: models.AttemptID(a.MessageID, a.N), Step: int(a.Step) + 1, Channel: a.Channel, Account: a.Account, Status: a.Status,
		Reason: policy.Reason(a.Reason), ProviderMessageID: a.ProviderID, Segments: a.Segments, Calls: a.Calls,
		CreatedAt: Time(a.CreatedAt), SentAt: at(a.SentAt), DeliveredAt: at(a.DeliveredAt), ReadAt: at(a.ReadAt), FailedAt: at(a.FailedAt), EndedAt: at(a.EndedAt),
		Cost: policy.Money{Micros: a.Cost, Currency: currency},
	}
	if a.Code != "" {
		v.Error = &ErrorView{Code: a.Code, Message: a.Detail, ProviderCode: a.ProviderCode, Advice: a.Advice}
	}
	return v
}

// timeline tells a message's story in order, from its rows.
func timeline(st models.State, plan policy.Plan) []Event {
	m := st.Message
	out := []Event{{At: Time(m.CreatedAt), Type: "message.accepted", Detail: "accepted for " + string(m.Category)}}
	add := func(ms int64, id *uuid.UUID, kind string, why policy.Reason, format string, args ...any) {
		if ms > 0 {
			out = append(out, Event{At: Time(ms), Type: kind, AttemptID: id, Reason: why, Detail: fmt.Sprintf(format, args...)})
		}
	}
	for i, a := range st.Attempts {
		id := models.AttemptID(a.MessageID, a.N)
		moved := i+1 < len(st.Attempts) // the ladder went on after it
		if a.Status == policy.AttemptSkipped {
			add(a.CreatedAt, &id, "attempt.skipped", policy.Reason(a.Reason), "%s skipped: %s", a.Channel, orReason(a.Detail, a.Reason))
			continue
		}
		started, other := fmt.Sprintf("%s by %s", a.Channel, a.Account), (*InsteadOf)(nil)
		if a.Detail != "" && a.Class == "" { // a failure takes its place
			started, other = started+", "+a.Detail, parseInstead(a.Detail)
		}
		out = append(out, Event{At: Time(a.CreatedAt), Type: "attempt.started", AttemptID: &id, InsteadOf: other, Detail: started})
		add(a.SentAt, &id, "attempt.sent", "", "%s took it", a.Account)
		if a.Class == policy.ClassUnknown {
			add(a.CalledAt, &id, "attempt.unknown", policy.ReasonUnknownOutcome, "%s may or may not have taken it: %s", a.Account, a.Detail)
		}
		add(a.AskedAt, &id, "attempt.asked", policy.ReasonAskBeforePaying, "asked %s what became of it", a.Account)
		add(a.FailedAt, &id, "attempt.failed", reasonOf(a), "%s refused: %s", a.Account, orReason(a.Detail, a.Code))
		if a.Status == policy.AttemptTimedOut || a.EndedAt > 0 && a.FailedAt == 0 {
			add(a.EndedAt, &id, "attempt.timed_out", policy.Reason(a.Reason), "%s", notInTime(a, plan))
		}
		late := policy.Reason("")
		if moved && a.EndedAt > 0 {
			late = policy.ReasonLateReceipt
		}
		if a.DeliveredAt > 0 { // a provider may tell the minute only: told as it is, it would come before the sending
			add(max(a.DeliveredAt, a.SentAt), &id, "attempt.delivered", lateIf(late, a.DeliveredAt, a.EndedAt), "%s delivered", a.Channel)
		}
		add(a.ReadAt, &id, "attempt.read", lateIf(late, a.ReadAt, a.EndedAt), "%s read", a.Channel)
	}
	add(m.ConfirmedAt, nil, "message.confirmed", policy.ReasonConfirmed, "the app says that the person has it")
	add(m.CanceledAt, nil, "message.canceled", policy.ReasonCanceled, "the app took it back")
	if m.CompletedAt > 0 {
		ended, raised := outcomes(st, plan)
		add(ended.at, nil, "message."+string(ended.status), policy.Reason(m.Reason), "%s", ending(m, ended))
		if ended.status.Reached() {
			out[len(out)-1].Channel = ended.channel
		}
		if raised.at > 0 {
			add(raised.at, nil, "message."+string(raised.status), "", "%s by %s in the end, for %s", raised.status, raised.channel, policy.Money{Micros: m.Cost, Currency: m.Currency})
			out[len(out)-1].Channel = raised.channel
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return int(a.At - b.At) })
	return out
}

func lateIf(late policy.Reason, at, ended int64) policy.Reason {
	if ended > 0 && at >= ended {
		return late
	}
	return ""
}

func orReason(detail, otherwise string) string {
	if detail != "" {
		return detail
	}
	return otherwise
}

// reasonOf names why an attempt failed, from the closed list.
func reasonOf(a models.Attempt) policy.Reason {
	switch a.Class {
	case policy.ClassAccount:
		return policy.ReasonRefusedAccount
	case policy.ClassRequest:
		return policy.ReasonRefusedRequest
	case policy.ClassThrottled:
		return policy.ReasonThrottled
	case policy.ClassDown:
		return policy.ReasonDown
	default:
		return policy.ReasonRefusedRecipient
	}
}

// notInTime says which receipt did not come, and from when its time ran.
func notInTime(a models.Attempt, plan policy.Plan) string {
	if int(a.Step) >= len(plan.Steps) {
		return "not in time"
	}
	step := plan.Steps[a.Step]
	until := step.Until
	if acc, i := plan.AccountAt(int(a.Step), a.AccountID.String()); i >= 0 {
		until = acc.Until
	}
	if a.Class == policy.ClassUnknown && a.SentAt == 0 {
		return fmt.Sprintf("its outcome stayed unknown for %s", step.Timeout.Std())
	}
	return fmt.Sprintf("not %s within %s of being sent", until, step.Timeout.Std())
}

// ending says in a sentence how the message ended.
func ending(m models.Message, o outcome) string {
	took := time.Duration(m.CompletedAt-m.CreatedAt) * time.Millisecond
	switch o.status {
	case policy.Failed:
		if m.Reason == string(policy.ReasonSuppressed) {
			return "the person must not be contacted any more; ended after " + took.String()
		}
		return "no step is left after " + took.String()
	case policy.Expired:
		return "its time ran out after " + took.String()
	case policy.Canceled:
		return "canceled after " + took.String()
	default:
		if o.status != m.Status {
			return fmt.Sprintf("%s by %s after %s", o.status, o.channel, took)
		}
		return fmt.Sprintf("%s by %s after %s for %s", m.Status, m.Channel, took, policy.Money{Micros: m.Cost, Currency: m.Currency})
	}
}

// preview shows a resolved submission.
func (c *tenantConf) preview(e *Engine, who Caller, r *resolved, now time.Time) Preview {
	v := Preview{Policy: PolicyRef{Name: r.policy.name, Version: r.policy.version}, Why: r.why, Warnings: []policy.Warning{}}
	v.Warnings = append(v.Warnings, c.warnings(e, r.policy.Policy, who.Test, now)...)
	facts := policy.Facts{Category: r.category, SendAt: r.sendAt, ExpiresAt: r.expires, Unusable: c.unusable(e, r.plan, who.Test, now)}
	d := policy.Decide(r.plan, facts, now)
	v.Decision = DecisionView{Action: d.Action, Reason: d.Reason, At: at(ms(d.At)), Detail: r.policy.Sentence()}
	starts := now
	if d.Action == policy.Wait {
		starts = d.At
	}
	v.WorstCost.Currency = c.tenant.Currency
	for i, s := range r.plan.Steps {
		p := PreviewStep{Step: i + 1, Channel: s.Channel, Until: s.Until, Timeout: s.Timeout, Skip: s.Skip, Detail: s.SkipDetail}
		p.Price.Currency = c.tenant.Currency
		if content, ok := r.content[s.Channel]; ok {
			p.Content = &content
			if s.Channel == policy.SMS {
				p.Segments, p.Encoding = policy.Segments(content.Text)
			}
		}
		if s.Skip == "" {
			first := s.Accounts[0]
			p.Account, p.Until, p.Price = first.Name, first.Until, first.Terms.Full()
			p.StartsAt = at(ms(starts))
			starts = starts.Add(s.Timeout.Std())
			v.WorstCost = v.WorstCost.Add(p.Price)
		}
		v.Steps = append(v.Steps, p)
	}
	v.WorstTime = policy.Duration(min(starts.Sub(now), r.expires.Sub(now)))
	return v
}
