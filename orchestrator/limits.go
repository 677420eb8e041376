package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// Times and bounds of asking providers for the quota and the quality of accounts.
const (
	limitsEvery  = 10 * time.Minute
	limitsARun   = 200
	limitsAtOnce = 4
)

// readLimits asks the providers of the accounts whose turn it is. A provider that fails is no error of the job.
func (e *Engine) readLimits(ctx context.Context) error {
	before := ms(e.now().Add(-limitsEvery))
	due, err := e.o.Store.DueLimits(ctx, before, limitsARun)
	if err != nil {
		return err
	}
	return atOnce(ctx, limitsAtOnce, due, func(row models.Account) error {
		won, err := e.o.Store.ClaimLimits(ctx, row.TenantID, row.ID, before, ms(e.now()))
		if err != nil || !won {
			return err
		}
		conf, err := e.dir.tenant(ctx, row.TenantID)
		if errors.Is(err, models.ErrNotFound) || err == nil && conf.accounts[row.ID] == nil {
			return nil
		}
		if err != nil {
			return err
		}
		return e.readLimit(ctx, conf.accounts[row.ID])
	})
}

// readLimit asks one account's provider for what it can tell. What is known stays when it fails.
func (e *Engine) readLimit(ctx context.Context, acc *account) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("account %s: adapter panic: %v", acc.Name, p)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	s := e.o.Store
	if reader, ok := acc.adapter.(channels.QuotaReader); ok {
		asked := ms(e.now())
		switch quota, err := reader.Quota(ctx); {
		case err != nil:
			e.limitFailed(acc, "quota", err)
		case quota.Total > 0:
			if err := s.NoteQuota(ctx, acc.TenantID, acc.ID, quotaRow(quota, asked)); err != nil {
				return err
			}
		}
	}
	if reader, ok := acc.adapter.(channels.QualityReader); ok {
		switch quality, err := reader.Quality(ctx); {
		case err != nil:
			e.limitFailed(acc, "quality", err)
		case quality != "":
			return s.NoteQuality(ctx, acc.TenantID, acc.ID, quality)
		}
	}
	return nil
}

func (e *Engine) limitFailed(acc *account, what string, err error) {
	failure := channels.AsFailure(err)
	log := e.log.Info
	if failure.Class == policy.ClassRequest { // the provider has no such thing for this account
		log = e.log.Debug
	}
	log("account not asked", "account", acc.Name, "what", what, "class", failure.Class, "code", failure.Code)
}

// atOnce does something with each item, a few at a time, until ctx ends, and joins the errors.
func atOnce[T any](ctx context.Context, most int, items []T, do func(T) error) error {
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		all error
	)
	places := make(chan struct{}, most)
	for _, item := range items {
		places <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-places }()
			if err := do(item); err != nil {
				mu.Lock()
				defer mu.Unlock()
				all = errors.Join(all, err)
			}
		})
	}
	wg.Wait()
	return all
}
