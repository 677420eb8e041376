package orchestrator

import (
	"cmp"
	"context"
	"time"

	"cascade/channels"
)

// hintAgain is when a provider should repeat a callback that could not be confirmed.
const hintAgain = 10 * time.Second

// confirmed asks the provider about a callback that proves nothing by itself, and answers what it confirms. A report that it
// does not confirm is kept as a word without weight. The error means that nobody answered.
func (e *Engine) confirmed(ctx context.Context, acc *account, reader channels.HookReader, hint channels.Receipt) (channels.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	e.Counters.Asked.Add(1)
	querier, ok := reader.(channels.StatusQuerier)
	if !ok {
		return unconfirmed(hint), nil
	}
	answer, err := querier.Query(ctx, channels.Query{Reference: hint.Reference, ProviderID: hint.ProviderID})
	switch {
	case silence(err) != nil:
		e.log.Warn("callback not confirmed", "account", acc.Name, "err", err)
		return hint, err
	case err != nil || !answer.Found || answer.Receipt.Kind == "":
		return unconfirmed(hint), nil
	}
	r := answer.Receipt
	r.Reference, r.ProviderID = cmp.Or(hint.Reference, r.Reference), cmp.Or(hint.ProviderID, r.ProviderID)
	r.Key = cmp.Or(r.Key, "confirmed:"+hint.Key)
	return r, nil
}

// unconfirmed is what is kept of a hint that the provider does not confirm: that it came.
func unconfirmed(hint channels.Receipt) channels.Receipt {
	hint.Kind, hint.Detail = "", "the provider does not confirm this callback"
	return hint
}
