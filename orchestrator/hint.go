package orchestrator

import (
	"cmp"
	"context"
	"time"

	"cascade/channels"
	"cascade/models"
)

// hintAgain is when a provider should repeat a callback that could not be confirmed.
const hintAgain = 10 * time.Second

// confirmed asks the provider about a callback that proves nothing by itself, and answers what it confirms. A report that it
// does not confirm is kept as a word without weight. The error means that nobody answered, the database included.
func (e *Engine) confirmed(ctx context.Context, acc *account, reader channels.HookReader, hint channels.Receipt) (channels.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	e.Counters.Asked.Add(1)
	querier, ok := reader.(channels.StatusQuerier)
	if !ok {
		return unconfirmed(hint), nil
	}
	to, err := e.recipient(ctx, acc, hint)
	if err != nil {
		return hint, err
	}
	answer, err := querier.Query(ctx, channels.Query{Reference: hint.Reference, ProviderID: hint.ProviderID, To: to})
	switch {
	case silence(err) != nil:
		e.log.Warn("callback not confirmed", "account", acc.Name, "err", err)
		return hint, err
	case err != nil || !answer.Found || answer.Receipt.Kind == "":
		return unconfirmed(hint), nil
	}
	r := answer.Receipt
	told, tells := parseReference(r.Reference)
	if named, names := parseReference(hint.Reference); tells && names && told != named {
		return unconfirmed(hint), nil // the id of one message with the reference of another
	}
	r.Reference, r.ProviderID = cmp.Or(hint.Reference, r.Reference), cmp.Or(hint.ProviderID, r.ProviderID)
	r.Key = cmp.Or(r.Key, "confirmed:"+hint.Key)
	return r, nil
}

// recipient answers the number that the attempt went to which a hint names. It is "" where there is none of the account's:
// a callback may come before the provider's id is stored, and anybody can make up either.
func (e *Engine) recipient(ctx context.Context, acc *account, hint channels.Receipt) (string, error) {
	at := models.AttemptRef{Ref: models.Ref{TenantID: acc.TenantID}}
	if id, ok := parseReference(hint.Reference); ok {
		at.ID, at.N = models.SplitAttemptID(id)
	} else {
		ref := models.ProviderRef{TenantID: acc.TenantID, AccountID: acc.ID, ProviderID: shortID(hint.ProviderID)}
		found, err := e.o.Store.FindAttempts(ctx, []models.ProviderRef{ref})
		if err != nil {
			return "", err
		}
		at = found[ref]
	}
	states, err := e.o.Store.LoadStates(ctx, []models.Ref{at.Ref})
	st := states[at.Ref]
	if err != nil || st == nil || at.N < 1 || at.N > int64(len(st.Attempts)) || st.Attempts[at.N-1].AccountID != acc.ID {
		return "", err
	}
	return st.Message.To, nil
}

// unconfirmed is what is kept of a hint that the provider does not confirm: that it came.
func unconfirmed(hint channels.Receipt) channels.Receipt {
	hint.Kind, hint.Detail = "", "the provider does not confirm this callback"
	return hint
}
