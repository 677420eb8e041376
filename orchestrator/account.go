package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// AccountInput is a provider account as a tenant writes it.
type AccountInput struct {
	ID          uuid.UUID // made when zero
	Name        string
	Channel     policy.Channel
	Adapter     string
	Settings    map[string]json.RawMessage
	PerSecond   float64
	Concurrency int64
	Receipts    []string
}

// AccountPatch is what changes of an account; nil stays as it is. Settings are merged by name, a JSON null removes one.
type AccountPatch struct {
	Name        *string
	Settings    map[string]json.RawMessage
	PerSecond   *float64
	Concurrency *int64
	Receipts    *[]string
	Disabled    *bool
}

// maxRate bounds what an account may ask for.
const (
	maxPerSecond   = 100_000
	maxConcurrency = 10_000
)

// CreateAccount stores an account whose settings make a working adapter. Errors: *InvalidError, models.ErrDuplicate.
func (e *Engine) CreateAccount(ctx context.Context, tenant uuid.UUID, in AccountInput) (models.Account, error) {
	now := ms(e.now())
	a := models.Account{
		TenantID: tenant, ID: in.ID, Name: in.Name, Channel: in.Channel, Adapter: in.Adapter, PerSecond: in.PerSecond, Concurrency: in.Concurrency,
		Receipts: models.List(in.Receipts), State: models.AccountActive, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if a.ID == uuid.Nil {
		a.ID = uuid.Must(uuid.NewV7())
	}
	if err := e.fillAccount(&a, in.Settings); err != nil {
		return a, err
	}
	e.awaitLink(&a, in.Settings)
	if err := e.o.Store.InsertAccount(ctx, a); err != nil {
		return a, err
	}
	e.Reload()
	return a, nil
}

// UpdateAccount changes an account. New credentials make it usable again. Errors: *InvalidError, models.ErrNotFound,
// models.ErrStale when somebody changed it meanwhile.
func (e *Engine) UpdateAccount(ctx context.Context, tenant, id uuid.UUID, p AccountPatch) (models.Account, error) {
	a, err := e.o.Store.Account(ctx, tenant, id)
	if err != nil {
		return a, err
	}
	settings, err := e.settings(a)
	if err != nil {
		return a, err
	}
	for name, value := range p.Settings {
		if string(value) == "null" {
			delete(settings, name)
			continue
		}
		settings[name] = value
	}
	patch(&a.Name, p.Name)
	patch(&a.PerSecond, p.PerSecond)
	patch(&a.Concurrency, p.Concurrency)
	if p.Receipts != nil {
		a.Receipts = models.List(*p.Receipts)
	}
	renewed := p.Settings["refresh_token"] != nil || p.Settings["access_token"] != nil
	switch {
	case p.Disabled != nil && *p.Disabled:
		a.State = models.AccountDisabled
	case p.Disabled != nil, renewed && a.State == models.AccountNeedsReauth:
		a.State, a.StateReason, a.PausedUntil = models.AccountActive, "", 0
	}
	if err := e.fillAccount(&a, settings); err != nil {
		return a, err
	}
	a.UpdatedAt = ms(e.now())
	if a.Version, err = e.o.Store.UpdateAccount(ctx, a); err != nil {
		return a, err
	}
	if renewed {
		err = e.plantToken(ctx, a, settings)
	}
	e.Reload()
	return a, err
}

// plantToken puts newly given tokens in the place of the old ones.
func (e *Engine) plantToken(ctx context.Context, a models.Account, settings map[string]json.RawMessage) error {
	t := &tokens{e: e, account: a, settings: settings}
	row, err := t.planted()
	if err != nil {
		return err
	}
	return e.o.Store.PutToken(ctx, row)
}

// DeleteAccount takes an account out of use.
func (e *Engine) DeleteAccount(ctx context.Context, tenant, id uuid.UUID) error {
	defer e.Reload()
	return e.o.Store.DeleteAccount(ctx, tenant, id, ms(e.now()))
}

// fillAccount checks an account and splits its settings into open ones and sealed secrets.
func (e *Engine) fillAccount(a *models.Account, settings map[string]json.RawMessage) error {
	if settings == nil {
		settings = map[string]json.RawMessage{}
	}
	var bad []policy.FieldError
	fault := func(field, format string, args ...any) {
		bad = append(bad, policy.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if a.Name == "" || len(a.Name) > 64 {
		fault("name", "must have 1 to 64 characters")
	}
	if !a.Channel.Valid() {
		fault("channel", "%q is no channel; use zns, viber or sms", a.Channel)
	}
	if a.PerSecond < 0 || a.PerSecond > maxPerSecond {
		fault("rate.per_second", "must be between 0 (default %d) and %d", defaultPerSecond, maxPerSecond)
	}
	if a.Concurrency < 0 || a.Concurrency > maxConcurrency {
		fault("rate.concurrency", "must be between 0 (default %d) and %d", defaultConcurrency, maxConcurrency)
	}
	for i, r := range a.Receipts {
		if policy.Receipt(r).Rank() == 0 {
			fault(fmt.Sprintf("receipts[%d]", i), "%q is no receipt; use sent, delivered or read", r)
		}
	}
	if len(bad) > 0 {
		return &InvalidError{Fields: bad}
	}
	_, err := e.o.Registry.Build(a.Adapter, channels.Config{
		Channel: a.Channel, Settings: settings, HTTP: e.o.HTTP, Now: e.now, Log: e.log, Tokens: &tokens{e: e, account: *a, settings: settings},
	})
	if wrong, ok := errors.AsType[*channels.SettingError](err); ok {
		field := "settings." + wrong.Field
		if wrong.Field == "adapter" || wrong.Field == "channel" {
			field = wrong.Field
		}
		return Invalid(field, "%s", wrong.Message)
	}
	if err != nil {
		return err
	}
	return e.splitSettings(a, settings)
}

func (e *Engine) splitSettings(a *models.Account, settings map[string]json.RawMessage) error {
	spec, _ := e.o.Registry.Get(a.Adapter)
	secret := map[string]bool{"secrets": true}
	for _, f := range spec.Fields {
		secret[f.Name] = f.Secret
	}
	open, sealed := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	for name, value := range settings {
		if secret[name] {
			sealed[name] = value
		} else {
			open[name] = value
		}
	}
	var err error
	if a.Settings, err = json.Marshal(open); err != nil {
		return err
	}
	plain, err := json.Marshal(sealed)
	if err != nil {
		return err
	}
	a.Secrets, err = e.o.Store.SealSecrets(*a, plain)
	return err
}

// PutPolicy makes a new version of a policy, and tells what in it waits in vain. Errors: *InvalidError.
func (e *Engine) PutPolicy(ctx context.Context, tenant uuid.UUID, name string, raw []byte) (models.PolicyVersion, []policy.Warning, error) {
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return models.PolicyVersion{}, nil, e.storeError(err)
	}
	p, bad := conf.parsePolicy(raw)
	if len(bad) > 0 {
		return models.PolicyVersion{}, nil, &InvalidError{Fields: bad}
	}
	now := e.now()
	version, err := e.o.Store.PutPolicy(ctx, tenant, name, raw, ms(now))
	if err != nil {
		return models.PolicyVersion{}, nil, err
	}
	e.Reload()
	return models.PolicyVersion{TenantID: tenant, Name: name, Version: version, Body: raw, CreatedAt: ms(now)}, conf.warnings(e, p, false, now), nil
}

func (c *tenantConf) hasAccount(ch policy.Channel, name string) bool {
	for _, a := range c.byChannel[ch] {
		if a.Name == name {
			return true
		}
	}
	return false
}

func patch[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
