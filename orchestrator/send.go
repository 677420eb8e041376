package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// call makes the provider call that a committed change claimed, and brings its answer as a fact. content is nil where it
// has to be read from the message.
func (e *Engine) call(conf *tenantConf, st models.State, content map[policy.Channel]channels.Content, ln *lane) {
	a := st.Attempts[st.Message.Attempts-1]
	began, era := e.o.Now(), e.o.Store.Connects()
	taken, failure := e.send(conf, st, a, content, ln)
	if ln.release() {
		e.drain.wake()
	}
	ln.called(failure)
	if ln.throttled(failure) {
		e.log.Warn("account throttled", "account", a.Account, "rests", backoff(failure, 1))
	}
	e.Counters.Calls.Add(1)
	if failure != nil {
		e.accountTrouble(conf, a.AccountID, st.Message.Test, ln, failure)
	}
	e.logCall(st.Message.ID, a, failure, e.o.Now().Sub(began))
	f := &fact{ref: models.Ref{TenantID: st.Message.TenantID, ID: st.Message.ID}, held: &st, era: era}
	f.add = func(c *change) { c.answered(a, taken, failure) }
	e.again(f)
	e.noteQuota(conf, a.AccountID, st.Message.Test, taken.Quota)
}

func (e *Engine) logCall(message uuid.UUID, a models.Attempt, failure *channels.Failure, took time.Duration) {
	if !e.log.Enabled(context.Background(), slog.LevelDebug) {
		return
	}
	attrs := []any{
		"message_id", message, "attempt_id", models.AttemptID(message, a.N), "channel", a.Channel, "account", a.Account,
		"duration", took.Round(time.Millisecond),
	}
	if failure != nil {
		attrs = append(attrs, "class", failure.Class, "code", failure.Code, "provider_code", failure.ProviderCode, "detail", failure.Detail)
	}
	e.log.Debug("attempt.called", attrs...)
}

// Codes of calls that were claimed and not made.
const (
	codeBreakerOpen = "breaker_open" // the account rests
	codeClaimOld    = "claim_old"    // this replica stood still: another may have taken the message over
)

// notMade reports whether the call was not even tried.
func notMade(f *channels.Failure) bool { return f.Code == codeBreakerOpen || f.Code == codeClaimOld }

// send makes the call under its deadline. A panic of an adapter hurts this attempt alone.
func (e *Engine) send(
	conf *tenantConf, st models.State, a models.Attempt, content map[policy.Channel]channels.Content, ln *lane,
) (taken channels.Taken, failure *channels.Failure) {
	acc := conf.accounts[a.AccountID]
	if acc == nil || acc.of(st.Message.Test) == nil {
		return taken, &channels.Failure{Class: policy.ClassAccount, Code: "account_gone", Detail: "the account was removed or its settings are broken"}
	}
	if late := e.now().Sub(fromMS(a.CalledAt)); late > e.o.Lease/2 { // its answer might come after the lease
		return taken, &channels.Failure{Class: policy.ClassDown, Code: codeClaimOld, Detail: "the claim was too old to call"}
	}
	done, err := ln.breaker.Allow()
	if err != nil {
		return taken, &channels.Failure{Class: policy.ClassDown, Code: codeBreakerOpen, Detail: "the account rests after calls without an answer", RetryAfter: time.Second}
	}
	defer func() {
		if p := recover(); p != nil {
			failure = &channels.Failure{Class: policy.ClassUnknown, Code: "adapter_panic", Detail: fmt.Sprint(p)}
		}
		if failure != nil && (failure.Class == policy.ClassDown || failure.Class == policy.ClassUnknown) {
			done(failure)
			return
		}
		done(nil)
	}()
	out, err := e.outbound(st, a, content, acc)
	if err != nil {
		return taken, &channels.Failure{Class: policy.ClassRequest, Code: "content_unreadable", Detail: err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), e.o.CallTimeout)
	defer cancel()
	ctx = e.recorded(ctx, a, acc.Account, "send")
	taken, err = acc.of(st.Message.Test).Send(ctx, out)
	if err != nil {
		return taken, channels.AsFailure(err)
	}
	return taken, nil
}

// outbound is what the adapter is given.
func (e *Engine) outbound(
	st models.State, a models.Attempt, content map[policy.Channel]channels.Content, acc *account,
) (channels.Outbound, error) {
	if content == nil {
		if err := json.Unmarshal(st.Message.Content, &content); err != nil {
			return channels.Outbound{}, fmt.Errorf("stored content: %w", err)
		}
	}
	plan, err := parsePlan(st.Message.Plan)
	if err != nil {
		return channels.Outbound{}, fmt.Errorf("stored plan: %w", err)
	}
	return channels.Outbound{
		Reference: reference(models.AttemptID(a.MessageID, a.N)), To: st.Message.To, Category: st.Message.Category,
		Content: addressed(plan, a, content[a.Channel]), ValidFor: plan.Steps[a.Step].Timeout.Std(), CallbackURL: e.HookURL(acc.Account),
	}, nil
}

// HookURL is where the provider of an account calls back.
func (e *Engine) HookURL(a models.Account) string {
	return e.o.PublicURL + "/hooks/" + a.Adapter + "/" + a.ID.String()
}

// answered adds the end of a call. Only the answer to the latest call may take an attempt back to waiting for
// another; anything else that is late is evidence like a receipt.
func (c *change) answered(called models.Attempt, taken channels.Taken, failure *channels.Failure) {
	a := c.attempt(called.N)
	if a == nil {
		return
	}
	// A call is known by its claim's time too: one that was claimed and not made is taken back from the count.
	latest := a.Calls == called.Calls && a.CalledAt == called.CalledAt
	// The lease is this call's unless the ladder went on meanwhile, or asks about the attempt: then it is the question's.
	if last := c.last(); latest && c.m.LeaseOwner == c.e.replica && last.N == called.N && last.AskedAt == 0 {
		c.m.LeaseOwner = uuid.Nil
	}
	if failure == nil {
		at := ms(c.now)
		a.SentAt = earliest(a.SentAt, at)
		if a.ProviderID == "" {
			a.ProviderID = shortID(taken.ProviderID)
		}
		a.Status = a.Status.Raise(policy.AttemptSent)
		return
	}
	if a.Status != policy.AttemptSending && a.Status != policy.AttemptUnknown || !latest {
		return
	}
	if notMade(failure) { // it waits for its account, as if no call had been claimed
		a.Status, a.Class = policy.AttemptPending, ""
		a.Calls--
		return
	}
	a.Class, a.Code, a.ProviderCode, a.Detail, a.Advice = failure.Class, failure.Code, failure.ProviderCode, failure.Detail, failure.Advice
	switch failure.Class {
	case policy.ClassUnknown:
		a.Status = policy.AttemptUnknown
	case policy.ClassThrottled, policy.ClassDown:
		a.Status = policy.AttemptPending
		a.RetryAt = ms(c.now.Add(backoff(failure, int(a.Calls))))
	default:
		a.Status = policy.AttemptFailed
		a.FailedAt, a.EndedAt = ms(c.now), ms(c.now)
	}
}

// backoff is how long to wait before calling again: the provider's hint, else a second, doubled each time.
func backoff(f *channels.Failure, calls int) time.Duration {
	if f.RetryAfter > 0 {
		return f.RetryAfter
	}
	return time.Second << min(max(calls-1, 0), 5)
}

// accountTrouble takes an account out of the ladder's way for as long as its refusal says.
func (e *Engine) accountTrouble(conf *tenantConf, id uuid.UUID, test bool, ln *lane, f *channels.Failure) {
	acc := conf.accounts[id]
	if f.Class != policy.ClassAccount || acc == nil {
		return
	}
	now := e.now()
	rest := f.RetryAfter
	if rest == 0 {
		rest = 30 * time.Second // not documented: look again soon, a person may have mended it
	}
	if !ln.pause(now.Add(rest)) {
		return // the first of many refusals has said it
	}
	e.drain.wake()
	if test {
		return
	}
	state := acc.State
	if f.Code == codeNeedsReauth {
		state = models.AccountNeedsReauth
	}
	ctx, cancel := e.recording()
	defer cancel()
	err := e.o.Store.SetAccountState(ctx, acc.TenantID, id, state, f.Code+": "+f.Detail, ms(now.Add(rest)), ms(now))
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		e.log.Error("account state not recorded", "account", acc.Name, "err", err)
	}
	e.dir.forget()
	e.log.Warn("account refused", "account", acc.Name, "code", f.Code, "provider_code", f.ProviderCode, "rests", rest)
}

// lastOf answers the attempt that the ladder stands on.
func lastOf(st models.State) models.Attempt {
	for i := len(st.Attempts) - 1; i >= 0; i-- {
		if st.Attempts[i].Status != policy.AttemptSkipped {
			return st.Attempts[i]
		}
	}
	return models.Attempt{}
}
