package orchestrator

import (
	"context"
	"errors"
	"time"

	"cascade/models"
)

// Job is a piece of upkeep: a name, when it runs, and what it does. Every replica runs every job; each does work that
// is harmless twice, or claims it first.
type Job struct {
	Name     string
	Schedule string // cron, with seconds left out, or "@every …"
	Run      func(context.Context) error
}

// How long things are kept. Receipts that never matched wait as long as providers retry; keys longer than promised.
const (
	keepKeys       = 48 * time.Hour
	keepParked     = 7 * 24 * time.Hour
	keepDeliveries = 30 * 24 * time.Hour
	keepBudgets    = 30 * 24 * time.Hour
	keepMoves      = 90 * 24 * time.Hour
	keepJournal    = 7 * 24 * time.Hour
)

// Upkeep lists the jobs.
func (e *Engine) Upkeep() []Job {
	s := e.o.Store
	prune := func(keep time.Duration, remove func(context.Context, int64) (int64, error)) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := remove(ctx, ms(e.now().Add(-keep)))
			return err
		}
	}
	return []Job{
		{"clock", "@every 10s", e.syncClock},
		{"tokens", "@every 1m", e.refreshTokens},
		{"templates", "@every 5m", e.syncTemplates},
		{"limits", "@every 1m", e.readLimits},
		{"rollups", "@every 1m", e.rollUp},
		{"keys", "7 * * * *", prune(keepKeys, s.PruneKeys)},
		{"deliveries", "17 * * * *", prune(keepDeliveries, s.PruneDeliveries)},
		{"receipts", "27 * * * *", prune(keepParked, s.PruneReceipts)},
		{"unreachable", "37 * * * *", prune(0, s.PruneUnreachable)},
		{"budgets", "47 4 * * *", prune(keepBudgets, s.PruneBudgets)},
		{"journal", "*/10 * * * *", prune(keepJournal, s.PruneJournal)},
		{"moves", "57 4 * * *", prune(keepMoves, s.PruneMoves)},
	}
}

// rollUpFor bounds one roll of reports' hours: a first one over months of data goes on in the next.
const rollUpFor = 20 * time.Second

func (e *Engine) rollUp(ctx context.Context) error {
	end := e.now().Add(rollUpFor)
	return e.o.Store.RollUp(ctx, func() bool { return !e.now().Before(end) })
}

// refreshTokens renews tokens before they end, so that no message waits for it, and ends refreshes whose replica
// died.
func (e *Engine) refreshTokens(ctx context.Context) error {
	now := e.now()
	rows, err := e.o.Store.ExpiringTokens(ctx, ms(now.Add(refreshAhead)))
	if err != nil {
		return err
	}
	lost, err := e.o.Store.LostRefreshes(ctx, ms(now))
	if err != nil {
		return err
	}
	var all error
	for _, row := range append(rows, lost...) {
		all = errors.Join(all, e.refreshToken(ctx, row))
	}
	return all
}

// refreshToken renews one account's token.
func (e *Engine) refreshToken(ctx context.Context, row models.AccountToken) error {
	acc, err := e.o.Store.Account(ctx, row.TenantID, row.AccountID)
	if errors.Is(err, models.ErrNotFound) {
		return nil // deleted: its token may end
	}
	if err != nil {
		return err
	}
	settings, err := e.settings(acc)
	if err != nil {
		return err
	}
	t := &tokens{e: e, account: acc, settings: settings}
	current, pair, err := t.load(ctx)
	if err != nil || current.Epoch != row.Epoch {
		return err // another replica was faster
	}
	_, err = t.renew(ctx, pair.Access)
	return err
}
