package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// firstAnswer is what a 202 said of a message that changes later; all else in it never changes. It is kept with the
// Idempotency-Key, so that a repetition is answered with the same bytes without the body being stored a second time. Its
// names are short, for every message's key has one.
type firstAnswer struct {
	Status      policy.MessageStatus `json:"s"`
	Reason      string               `json:"r,omitempty"`
	Channel     policy.Channel       `json:"c,omitempty"`
	DueAt       int64                `json:"d,omitempty"`
	CompletedAt int64                `json:"e,omitempty"`
	Attempts    int64                `json:"n,omitempty"`
	// Begun is the status of the attempt that was begun, Account its account's place in the plan's step; the others
	// were skipped, and stay as they are.
	Begun   policy.AttemptStatus `json:"b,omitempty"`
	Account int                  `json:"a,omitempty"`
}

// firstAnswer describes a fresh change, which has begun one attempt at most.
func (c *change) firstAnswer() firstAnswer {
	f := firstAnswer{
		Status: c.m.Status, Reason: c.m.Reason, Channel: c.m.Channel, DueAt: c.m.DueAt, CompletedAt: c.m.CompletedAt, Attempts: c.m.Attempts,
	}
	if last := c.last(); last != nil {
		f.Begun = last.Status
		_, f.Account = c.plan.AccountAt(int(last.Step), last.AccountID.String())
	}
	return f
}

// of takes a stored state back to what it was when it was answered first.
func (f firstAnswer) of(st models.State) (models.State, error) {
	m := st.Message
	m.Status, m.Reason, m.Channel, m.DueAt, m.CompletedAt = f.Status, f.Reason, f.Channel, f.DueAt, f.CompletedAt
	m.Attempts, m.Cost, m.CanceledAt, m.ConfirmedAt = f.Attempts, 0, 0, 0
	plan, err := parsePlan(m.Plan)
	if err != nil {
		return models.State{}, fmt.Errorf("stored plan of %s: %w", m.ID, err)
	}
	first := models.State{Message: m, Attempts: make([]models.Attempt, 0, f.Attempts)}
	for _, a := range st.Attempts[:min(int(f.Attempts), len(st.Attempts))] {
		if a.Status != policy.AttemptSkipped {
			if a, err = f.begun(a, plan); err != nil {
				return models.State{}, err
			}
		}
		first.Attempts = append(first.Attempts, a)
	}
	return first, nil
}

// begun is an attempt as it began.
func (f firstAnswer) begun(a models.Attempt, plan policy.Plan) (models.Attempt, error) {
	if int(a.Step) >= len(plan.Steps) || f.Account < 0 || f.Account >= len(plan.Steps[a.Step].Accounts) {
		return a, fmt.Errorf("the first answer of %s does not fit its plan", a.MessageID)
	}
	account := plan.Steps[a.Step].Accounts[f.Account]
	first := models.Attempt{
		TenantID: a.TenantID, MessageID: a.MessageID, N: a.N, Step: a.Step, Channel: a.Channel, Account: account.Name,
		Segments: int64(account.Segments), Status: f.Begun, CreatedAt: a.CreatedAt,
	}
	first.AccountID, _ = uuid.Parse(account.ID)
	if f.Begun == policy.AttemptSending {
		first.Calls, first.CalledAt = 1, a.CreatedAt
	}
	return first, nil
}

// replay answers a used Idempotency-Key with the first answer, whatever became of the message since. Errors:
// models.ErrNotFound for an unused key, ErrIdempotencyConflict for another body, *BusyError.
func (e *Engine) replay(ctx context.Context, who Caller, s Submission) (Accepted, error) {
	key, err := e.o.Store.FindKey(ctx, who.TenantID, models.DedupeIdempotency, s.IdempotencyKey)
	if err != nil {
		return Accepted{}, e.storeError(err)
	}
	if key.RequestHash != s.RequestHash {
		return Accepted{}, ErrIdempotencyConflict
	}
	var first firstAnswer
	if err := json.Unmarshal(key.Response, &first); err != nil {
		return Accepted{}, fmt.Errorf("stored answer of %s: %w", key.MessageID, err)
	}
	ref := models.Ref{TenantID: who.TenantID, ID: key.MessageID}
	states, err := e.o.Store.Snapshot(ctx, []models.Ref{ref})
	switch {
	case err != nil:
		return Accepted{}, e.storeError(err)
	case states[ref] == nil:
		return Accepted{}, models.ErrNotFound
	}
	st, err := first.of(*states[ref])
	if err != nil {
		return Accepted{}, err
	}
	return Accepted{Message: View(st), Replayed: true}, nil
}
