package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// codeNeedsReauth is our code of an account that a person must authorise again.
const codeNeedsReauth = "needs_reauth"

// Times of token refreshes.
const (
	refreshPoll = 50 * time.Millisecond
	// refreshAhead is how long before its end a token is renewed.
	refreshAhead = 30 * time.Minute
	// tokenHeld is how long a token is used without being read again: a pair that another replica renewed is seen within it.
	// A provider's refusal of the token has it read at once.
	tokenHeld = 30 * time.Second
)

// tokens is the TokenSource of one account. A refresh token can be spent once: the intent is committed before the
// call and the new pair before its first use, so a crash in between is known and a person is asked, instead of a
// spent token being tried for ever.
type tokens struct {
	e        *Engine
	account  models.Account
	settings map[string]json.RawMessage
	test     bool
	held     atomic.Pointer[heldToken]
}

// heldToken is an access token as it was read last.
type heldToken struct {
	access string
	until  time.Time
}

// Token answers the account's access token, renewing it if it is about to end.
func (t *tokens) Token(ctx context.Context) (string, error) {
	now := t.e.now()
	if h := t.held.Load(); h != nil && now.Before(h.until) {
		return h.access, nil
	}
	row, pair, err := t.load(ctx)
	if err != nil {
		return "", err
	}
	if row.State == models.TokenOK && pair.Access != "" && now.Before(pair.ExpiresAt) {
		until := now.Add(tokenHeld)
		if pair.ExpiresAt.Before(until) {
			until = pair.ExpiresAt
		}
		t.held.Store(&heldToken{pair.Access, until})
		return pair.Access, nil
	}
	return t.renew(ctx, pair.Access)
}

// Renew answers a token other than bad.
func (t *tokens) Renew(ctx context.Context, bad string) (string, error) {
	t.held.Store(nil)
	return t.renew(ctx, bad)
}

// renew waits for whoever refreshes the token, or does so itself.
func (t *tokens) renew(ctx context.Context, bad string) (string, error) {
	for {
		row, pair, err := t.load(ctx)
		if err != nil {
			return "", err
		}
		now := t.e.now()
		switch {
		case row.State == models.TokenNeedsReauth:
			return "", needsReauth(mustRenew)
		case row.State == models.TokenOK && pair.Access != "" && pair.Access != bad && now.Before(pair.ExpiresAt):
			return pair.Access, nil
		case row.State == models.TokenRefreshing && now.After(fromMS(row.LeaseUntil)):
			return "", t.lost(ctx, row)
		case row.State == models.TokenRefreshing:
			if err := pause(ctx, refreshPoll); err != nil {
				return "", &channels.Failure{Class: policy.ClassDown, Code: "token_refresh_slow", Detail: "another refresh is under way", Err: err}
			}
			continue
		}
		refresher, err := t.refresher()
		if err != nil {
			return "", err
		}
		won, err := t.e.o.Store.ClaimRefresh(ctx, row.TenantID, row.AccountID, row.Epoch, ms(now.Add(t.e.o.Lease)), ms(now))
		if err != nil {
			return "", notStored(err)
		}
		if won {
			return t.spend(refresher, row.Epoch+1, pair)
		}
	}
}

// spend makes the one refresh call that epoch allows, and records the new pair before anybody uses it. It outlives
// its caller: once the token is spent, the answer must not be lost. It ends with its lease, after which the refresh
// counts as lost.
func (t *tokens) spend(refresher channels.TokenRefresher, epoch int64, have channels.Token) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), t.e.o.Lease)
	defer cancel()
	fresh, err := channels.Token{}, error(neverLinked())
	if have.Refresh != "" {
		fresh, err = refresher.Refresh(ctx, have)
	}
	if err != nil {
		failure := channels.AsFailure(err)
		state := models.TokenOK // the call never left, or was put off: the old pair still stands
		if failure.Class == policy.ClassAccount || failure.Class == policy.ClassUnknown || failure.Class == policy.ClassRequest {
			state = models.TokenNeedsReauth
			failure = needsReauth(failure.Detail)
		}
		err := t.e.o.Store.FailRefresh(ctx, t.account.TenantID, t.account.ID, epoch, state, ms(t.e.now()))
		if access, is := t.overtaken(ctx, epoch, err); is {
			return access, nil
		}
		if err != nil {
			t.e.log.Error("token refresh not recorded", "account", t.account.Name, "err", err)
		}
		if state == models.TokenNeedsReauth {
			t.mark(ctx, failure.Detail)
		}
		return "", failure
	}
	if fresh.Refresh == "" {
		fresh.Refresh = have.Refresh
	}
	err = t.keep(ctx, epoch, fresh)
	if access, is := t.overtaken(ctx, epoch, err); is {
		return access, nil
	}
	if err != nil {
		return "", needsReauth(pairNotKept + err.Error())
	}
	return fresh.Access, nil
}

// overtaken answers the access token of a pair that a person brought while the older one was refreshed.
func (t *tokens) overtaken(ctx context.Context, epoch int64, err error) (string, bool) {
	if !errors.Is(err, models.ErrStale) {
		return "", false
	}
	row, pair, err := t.load(ctx)
	return pair.Access, err == nil && row.Epoch != epoch && row.State == models.TokenOK && pair.Access != ""
}

// keep stores the new pair, as often as it takes while the lease lasts: the old one is spent.
func (t *tokens) keep(ctx context.Context, epoch int64, fresh channels.Token) error {
	for {
		err := t.save(ctx, epoch, fresh, ms(t.e.now()))
		if errors.Is(err, models.ErrStale) && t.kept(ctx, epoch, fresh) {
			return nil
		}
		if err == nil || !away(err) {
			return err
		}
		if pause(ctx, refreshPoll) != nil {
			return err
		}
	}
}

// kept reports whether the pair is stored: the answer to an earlier try may have been lost after its commit.
func (t *tokens) kept(ctx context.Context, epoch int64, fresh channels.Token) bool {
	row, pair, err := t.load(ctx)
	return err == nil && row.Epoch == epoch && row.State == models.TokenOK && pair.Access == fresh.Access
}

func (t *tokens) save(ctx context.Context, epoch int64, fresh channels.Token, now int64) error {
	row, err := t.sealed(fresh)
	if err != nil {
		return err
	}
	row.Epoch, row.UpdatedAt = epoch, now
	return t.e.o.Store.FinishRefresh(ctx, row)
}

// sealed makes the row of a pair.
func (t *tokens) sealed(pair channels.Token) (models.AccountToken, error) {
	plain, err := json.Marshal(pair)
	if err != nil {
		return models.AccountToken{}, err
	}
	sealed, err := t.e.o.Store.SealToken(t.account.TenantID, t.account.ID, plain)
	return models.AccountToken{
		TenantID: t.account.TenantID, AccountID: t.account.ID, Sealed: sealed, ExpiresAt: ms(pair.ExpiresAt), State: models.TokenOK, UpdatedAt: ms(t.e.now()),
	}, err
}

// refresher builds an adapter that has no tokens yet, for the refresh itself.
func (t *tokens) refresher() (channels.TokenRefresher, error) {
	a, err := t.e.o.Registry.Build(t.account.Adapter, channels.Config{
		Channel: t.account.Channel, Settings: t.settings, HTTP: t.e.o.HTTP, Tokens: t, Now: t.e.now, Log: t.e.log,
	})
	if err != nil {
		return nil, err
	}
	r, ok := a.(channels.TokenRefresher)
	if !ok {
		return nil, errors.New("the adapter has no tokens to renew")
	}
	return r, nil
}

// load reads the account's token; the first time it is made from the account's settings.
func (t *tokens) load(ctx context.Context) (models.AccountToken, channels.Token, error) {
	var pair channels.Token
	s := t.e.o.Store
	row, err := s.Token(ctx, t.account.TenantID, t.account.ID)
	if errors.Is(err, models.ErrNotFound) {
		if err = t.plant(ctx); err == nil {
			row, err = s.Token(ctx, t.account.TenantID, t.account.ID)
		}
	}
	if err != nil {
		return row, pair, notStored(err)
	}
	plain, err := s.OpenToken(row)
	if err == nil {
		err = json.Unmarshal(plain, &pair)
	}
	if err != nil {
		return row, pair, needsReauth(pairNotKnown + err.Error())
	}
	return row, pair, nil
}

// plant stores the tokens that came with the account's settings, unless another replica was first.
func (t *tokens) plant(ctx context.Context) error {
	row, err := t.planted()
	if err != nil {
		return err
	}
	return t.e.o.Store.PutFirstToken(ctx, row)
}

// planted seals the tokens that came with the account's settings.
func (t *tokens) planted() (models.AccountToken, error) {
	conf := channels.Config{Settings: t.settings}
	first := channels.Token{Access: conf.String("access_token"), Refresh: conf.String("refresh_token")}
	if first.Access != "" {
		first.ExpiresAt = t.e.now().Add(24 * time.Hour) // not told; a refusal renews it earlier
	}
	row, err := t.sealed(first)
	if first == (channels.Token{}) { // it has to be linked
		row.State = models.TokenNeedsReauth
	}
	return row, err
}

// lost ends a refresh whose replica died between the provider's answer and our commit: the token may be spent.
func (t *tokens) lost(ctx context.Context, row models.AccountToken) error {
	err := t.e.o.Store.FailRefresh(ctx, row.TenantID, row.AccountID, row.Epoch, models.TokenNeedsReauth, ms(t.e.now()))
	if err != nil && !errors.Is(err, models.ErrStale) {
		return notStored(err)
	}
	t.mark(ctx, renewalLost)
	return needsReauth(renewalLost)
}

// mark takes the account out of use until a person has authorised it again.
func (t *tokens) mark(ctx context.Context, why string) {
	if row, err := t.e.o.Store.Token(ctx, t.account.TenantID, t.account.ID); err == nil && row.State == models.TokenOK {
		return // somebody was quick to do so
	}
	err := t.e.o.Store.SetAccountState(ctx, t.account.TenantID, t.account.ID, models.AccountNeedsReauth, why, 0, ms(t.e.now()))
	if err != nil {
		t.e.log.Error("account state not recorded", "account", t.account.Name, "err", err)
	}
	t.e.dir.forget()
	t.e.log.Error("account needs to be authorised again", "account", t.account.Name, "why", why)
}

func needsReauth(detail string) *channels.Failure {
	return &channels.Failure{
		Class: policy.ClassAccount, Code: codeNeedsReauth, Detail: detail,
		Advice:   "Link the account: run `cascade channels link NAME`, or POST /v1/channels/{id}/authorize, and open the url; or PATCH its refresh_token.",
		AdviceVI: "Hãy liên kết tài khoản: chạy `cascade channels link TÊN` hoặc POST /v1/channels/{id}/authorize rồi mở url; hoặc PATCH refresh_token.",
	}
}

func notStored(err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassDown, Code: "token_unavailable", Detail: "the token could not be read or stored", Err: err}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
