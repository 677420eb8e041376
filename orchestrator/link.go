package orchestrator

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
)

// Errors of linking.
var (
	// ErrNotLinkable: the account's provider links no accounts by consent.
	ErrNotLinkable = errors.New("the account's adapter is not linked by consent")
	// ErrLinkState: what came back is not what was sent to the provider, or a link of another installation.
	ErrLinkState = errors.New("the link is not one of this service")
	// ErrLinkExpired: the person took too long.
	ErrLinkExpired = errors.New("the link has expired")
	// ErrOtherAccount: the person consented for another account of the provider's than the one that is to be linked.
	ErrOtherAccount = errors.New("the consent is for another account of the provider")
)

// linkLife is how long a person has to consent.
const linkLife = 15 * time.Minute

// mustLink tells an operator why a new account does not send yet.
const mustLink = "the account is not linked yet: run `cascade channels link NAME`, or POST /v1/channels/{id}/authorize, and open the url"

// Link is where a person consents to an account's use, until ExpiresAt.
type Link struct {
	URL       string
	ExpiresAt time.Time
}

// Linked is an account that a person consented to.
type Linked struct{ Name string }

// linkState is what goes to the provider and comes back, sealed.
type linkState struct {
	tenant, account uuid.UUID
	expires         int64 // Unix milliseconds
	verifier        string
}

// pack writes a state in few bytes: it travels in an address.
func (l linkState) pack() []byte {
	expires := binary.BigEndian.AppendUint64(nil, uint64(l.expires))
	return slices.Concat(l.tenant[:], l.account[:], expires, []byte(l.verifier))
}

// unpackLink is the inverse of pack.
func unpackLink(b []byte) (l linkState, ok bool) {
	const ids, head = 2 * 16, 2*16 + 8
	if len(b) <= head {
		return l, false
	}
	copy(l.tenant[:], b[:16])
	copy(l.account[:], b[16:ids])
	l.expires, l.verifier = int64(binary.BigEndian.Uint64(b[ids:head])), string(b[head:])
	return l, true
}

// verifierLength is the shortest that RFC 7636 §4.1 allows: 43 characters, of 5 random bits each.
const verifierLength = 43

func newVerifier() string { return (rand.Text() + rand.Text())[:verifierLength] }

// challenge is the S256 of a verifier, RFC 7636 §4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// LinkURL is where providers of an adapter send the browser back to; some need it registered.
func (e *Engine) LinkURL(adapter string) string {
	return e.o.PublicURL + "/oauth/" + adapter + "/callback"
}

// StartLink makes a link that links an account. Errors: models.ErrNotFound, ErrNotLinkable, *BusyError, and a
// *channels.SettingError for settings that make no adapter.
func (e *Engine) StartLink(ctx context.Context, tenant, id uuid.UUID) (Link, error) {
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return Link{}, e.storeError(err)
	}
	acc := conf.accounts[id]
	switch {
	case acc == nil:
		return Link{}, models.ErrNotFound
	case acc.adapter == nil:
		return Link{}, acc.err
	}
	authorizer, ok := acc.adapter.(channels.Authorizer)
	if !ok {
		return Link{}, ErrNotLinkable
	}
	state := linkState{tenant: tenant, account: id, expires: ms(e.now().Add(linkLife)), verifier: newVerifier()}
	sealed, err := e.o.Store.SealState(state.pack())
	if err != nil {
		return Link{}, err
	}
	address := authorizer.AuthorizeURL(e.LinkURL(acc.Adapter), base64.RawURLEncoding.EncodeToString(sealed), challenge(state.verifier))
	return Link{URL: address, ExpiresAt: fromMS(state.expires)}, nil
}

// FinishLink takes what the provider sent the browser back with: it spends the code and keeps the tokens that it gives. The
// account sends again, unless its operator disabled it. A link that is used again spends nothing that is in use: the provider
// refuses its code. Errors: ErrLinkState, ErrLinkExpired, ErrOtherAccount, models.ErrNotFound, *BusyError, and a
// *channels.Failure of the provider.
func (e *Engine) FinishLink(ctx context.Context, adapter string, query url.Values) (Linked, error) {
	state, err := e.openLink(query.Get("state"))
	if err != nil {
		return Linked{}, err
	}
	acc, err := e.hookAccount(ctx, adapter, state.account)
	if err != nil {
		return Linked{}, err
	}
	authorizer, ok := acc.adapter.(channels.Authorizer)
	if !ok || acc.TenantID != state.tenant {
		return Linked{}, ErrLinkState
	}
	done := Linked{Name: acc.Name}
	if err := sameOwner(acc.Account, query); err != nil {
		return done, err
	}
	settings, err := e.settings(acc.Account)
	if err != nil {
		return done, err
	}
	// The code is spent by the call, so what comes of it must not be lost because a browser was closed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.o.Lease)
	defer cancel()
	pair, err := authorizer.Authorize(ctx, query.Get("code"), state.verifier)
	if err != nil {
		failure := channels.AsFailure(err)
		e.log.Warn("account not linked", "account", acc.Name, "class", failure.Class, "code", failure.Code, "provider_code", failure.ProviderCode)
		return done, failure
	}
	t := &tokens{e: e, account: acc.Account, settings: settings}
	if err := t.bring(ctx, pair); err != nil {
		return done, &BusyError{RetryAfter: time.Second, Cause: err}
	}
	e.Reload()
	e.log.Info("account linked", "account", acc.Name)
	return done, nil
}

// openLink reads a state that came back.
func (e *Engine) openLink(text string) (linkState, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return linkState{}, ErrLinkState
	}
	plain, err := e.o.Store.OpenState(sealed)
	if err != nil {
		return linkState{}, ErrLinkState
	}
	state, ok := unpackLink(plain)
	switch {
	case !ok:
		return linkState{}, ErrLinkState
	case !e.now().Before(fromMS(state.expires)):
		return linkState{}, ErrLinkExpired
	}
	return state, nil
}

// sameOwner compares what the provider says of itself in the address with the account's settings of the same name: a person
// with several accounts at the provider may have picked another one.
func sameOwner(a models.Account, query url.Values) error {
	var open channels.Config
	if err := json.Unmarshal(a.Settings, &open.Settings); err != nil {
		return fmt.Errorf("stored settings of account %s: %w", a.Name, err)
	}
	for name := range query {
		if own := open.String(name); own != "" && own != query.Get(name) {
			return fmt.Errorf("%w: settings.%s is %s", ErrOtherAccount, name, own)
		}
	}
	return nil
}

// bring stores a pair that a person brought, over any older one, and puts the account to use. A refresh under way for the
// older pair finds that it came too late.
func (t *tokens) bring(ctx context.Context, pair channels.Token) error {
	row, err := t.sealed(pair)
	if err != nil {
		return err
	}
	for {
		err := t.e.o.Store.PutToken(ctx, row)
		if err == nil {
			err = t.e.o.Store.LinkAccount(ctx, row.TenantID, row.AccountID, ms(t.e.now()))
		}
		if err == nil || !away(err) {
			return err
		}
		if pause(ctx, refreshPoll) != nil {
			return err
		}
	}
}

// unlinked reports whether an account has to be linked before it can send: its provider links accounts by consent, and its
// settings bring no token.
func (e *Engine) unlinked(a models.Account, settings map[string]json.RawMessage) bool {
	conf := channels.Config{Channel: a.Channel, Settings: settings, HTTP: e.o.HTTP, Now: e.now, Log: e.log}
	if conf.String("refresh_token") != "" {
		return false
	}
	conf.Tokens = &tokens{e: e, account: a, settings: settings}
	adapter, err := e.o.Registry.Build(a.Adapter, conf)
	if err != nil {
		return false
	}
	_, linkable := adapter.(channels.Authorizer)
	return linkable
}

// awaitLink keeps a new account out of use until somebody has linked it.
func (e *Engine) awaitLink(a *models.Account, settings map[string]json.RawMessage) {
	if e.unlinked(*a, settings) {
		a.State, a.StateReason = models.AccountNeedsReauth, mustLink
	}
}

// neverLinked is the failure of an account without a token.
func neverLinked() *channels.Failure { return needsReauth(mustLink) }
