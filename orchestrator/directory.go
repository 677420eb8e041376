package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/cbroglie/mustache"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// confLife is how long a replica trusts what it read of a tenant's configuration: another replica's change is seen
// within it.
const confLife = 5 * time.Second

// directory caches the tenants' configuration, and the adapters built from it.
type directory struct {
	e  *Engine
	mu sync.Mutex
	// epoch counts Reloads; an entry of an older epoch is looked after at its next use.
	epoch    int64
	tenants  map[uuid.UUID]*confEntry
	adapters map[uuid.UUID]*account
}

type confEntry struct {
	mu    sync.Mutex // one load at a time
	conf  *tenantConf
	epoch int64
	until time.Time
	// stamp is the database's number for conf, and era the connection by which it was read: a server that took over may
	// have lost a change, and given its number to another one.
	stamp, era int64
}

func newDirectory(e *Engine) *directory {
	return &directory{e: e, tenants: map[uuid.UUID]*confEntry{}, adapters: map[uuid.UUID]*account{}}
}

func (d *directory) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.epoch++
}

// tenantConf is a tenant's configuration as one consistent, read-only picture.
type tenantConf struct {
	tenant    models.Tenant
	zone      *time.Location
	accounts  map[uuid.UUID]*account
	byChannel map[policy.Channel][]*account // oldest first
	policies  map[string]*policyConf
	templates map[string]*templateConf
	router    *policy.Router
	prices    policy.PriceBook
	callbacks []models.Callback
	// blocked are templates that a provider would refuse; knowsUsers: it told the ids of people.
	blocked    map[blockedTemplate]models.ProviderTemplate
	knowsUsers bool
}

// account is a provider account with its adapters.
type account struct {
	models.Account
	adapter channels.Adapter
	test    channels.Adapter // pointed at the simulator; nil without one
	err     error            // why there is no adapter
	// currency and zone are the tenant's.
	currency string
	zone     *time.Location
}

// policyConf is the current version of a policy, parsed.
type policyConf struct {
	policy.Policy
	name       string
	version    int64
	conditions []*policy.Condition // one a step, nil where it has none
}

// templateConf is a template, parsed.
type templateConf struct {
	models.Template
	params  []TemplateParam
	content map[policy.Channel]rendering
}

// TemplateParam is a parameter that a template declares.
type TemplateParam struct {
	Name      string `json:"name"`
	Sensitive bool   `json:"sensitive"`
	Example   string `json:"example,omitempty"`
}

// rendering is one channel's content with its placeholders parsed.
type rendering struct {
	raw  channels.Content
	text map[string]*mustache.Template // by where it stands
}

// tenant answers the configuration of a tenant. Errors: ErrNotFound.
func (d *directory) tenant(ctx context.Context, id uuid.UUID) (*tenantConf, error) {
	d.mu.Lock()
	entry, epoch := d.tenants[id], d.epoch
	if entry == nil {
		entry = &confEntry{}
		d.tenants[id] = entry
	}
	d.mu.Unlock()

	entry.mu.Lock()
	defer entry.mu.Unlock()
	if entry.conf != nil && entry.epoch == epoch && d.e.o.Now().Before(entry.until) {
		return entry.conf, nil
	}
	if err := d.renew(ctx, id, entry); err != nil {
		if entry.conf != nil && epoch == entry.epoch {
			return entry.conf, nil // the database is away; what was true seconds ago is the best there is
		}
		return nil, err
	}
	entry.epoch, entry.until = epoch, d.e.o.Now().Add(confLife)
	return entry.conf, nil
}

// renew reads a tenant's configuration, unless its stamp tells that it did not change.
func (d *directory) renew(ctx context.Context, id uuid.UUID, entry *confEntry) error {
	era := d.e.o.Store.Connects()
	stamp, err := d.e.o.Store.ConfigStamp(ctx, id) // first: what changes from here on has a later one
	if err != nil {
		return err
	}
	if entry.conf != nil && entry.stamp == stamp && entry.era == era {
		return nil
	}
	conf, err := d.load(ctx, id)
	if err != nil {
		return err
	}
	entry.conf, entry.stamp, entry.era = conf, stamp, era
	return nil
}

func (d *directory) load(ctx context.Context, id uuid.UUID) (*tenantConf, error) {
	s := d.e.o.Store
	tenant, err := s.Tenant(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &tenantConf{tenant: tenant, accounts: map[uuid.UUID]*account{}, byChannel: map[policy.Channel][]*account{}}
	if c.zone, err = time.LoadLocation(tenant.Timezone); err != nil {
		c.zone = time.UTC
	}
	accounts, err := s.Accounts(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, row := range accounts {
		a := *d.account(row)
		a.currency, a.zone = tenant.Currency, c.zone
		c.accounts[row.ID] = &a
		c.byChannel[row.Channel] = append(c.byChannel[row.Channel], &a)
	}
	if err := c.loadPolicies(ctx, s); err != nil {
		return nil, err
	}
	if err := c.loadTemplates(ctx, s); err != nil {
		return nil, err
	}
	if c.callbacks, err = s.Callbacks(ctx, id); err != nil {
		return nil, err
	}
	if err := c.loadBooks(ctx, s); err != nil {
		return nil, err
	}
	if err := c.loadKnown(ctx, s); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *tenantConf) loadPolicies(ctx context.Context, s *models.Store) error {
	rows, err := s.Policies(ctx, c.tenant.ID)
	if err != nil {
		return err
	}
	c.policies = make(map[string]*policyConf, len(rows))
	for _, row := range rows {
		p, bad := policy.ParsePolicy(row.Body)
		if len(bad) > 0 {
			return fmt.Errorf("stored policy %s: %w", row.Name, bad[0])
		}
		pc, err := newPolicyConf(row.Name, row.Version, p)
		if err != nil {
			return err
		}
		c.policies[row.Name] = pc
	}
	return nil
}

func newPolicyConf(name string, version int64, p policy.Policy) (*policyConf, error) {
	pc := &policyConf{Policy: p, name: name, version: version, conditions: make([]*policy.Condition, len(p.Steps))}
	for i, step := range p.Steps {
		if step.When == "" {
			continue
		}
		cond, err := policy.CompileCondition(step.When)
		if err != nil {
			return nil, fmt.Errorf("policy %s, step %d: %w", name, i+1, err)
		}
		pc.conditions[i] = cond
	}
	return pc, nil
}

func (c *tenantConf) loadTemplates(ctx context.Context, s *models.Store) error {
	rows, err := s.Templates(ctx, c.tenant.ID)
	if err != nil {
		return err
	}
	c.templates = make(map[string]*templateConf, len(rows))
	for _, row := range rows {
		t := &templateConf{Template: row, content: map[policy.Channel]rendering{}}
		var content map[policy.Channel]channels.Content
		if err := json.Unmarshal(row.Content, &content); err != nil {
			return fmt.Errorf("stored template %s: %w", row.Name, err)
		}
		if err := json.Unmarshal(row.Params, &t.params); err != nil {
			return fmt.Errorf("stored template %s: %w", row.Name, err)
		}
		for ch, raw := range content {
			if t.content[ch], err = parseRendering(raw); err != nil {
				return fmt.Errorf("stored template %s: %w", row.Name, err)
			}
		}
		c.templates[row.Name] = t
	}
	return nil
}

func (c *tenantConf) loadBooks(ctx context.Context, s *models.Store) error {
	routes, err := s.Routes(ctx, c.tenant.ID)
	if err != nil && !errors.Is(err, models.ErrNotFound) {
		return err
	}
	r := policy.Routes{Default: "default"}
	if len(routes) > 0 {
		if err := json.Unmarshal(routes, &r); err != nil {
			return fmt.Errorf("stored routes: %w", err)
		}
	}
	if c.router, err = r.Compile(); err != nil {
		return fmt.Errorf("stored routes: %w", err)
	}
	prices, err := s.Prices(ctx, c.tenant.ID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	if err := json.Unmarshal(prices, &c.prices); err != nil {
		return fmt.Errorf("stored prices: %w", err)
	}
	return nil
}

// sameAdapter reports whether two versions of an account are served by one adapter. That an account rests is a version of
// it too, and must not end its session.
func sameAdapter(a, b models.Account) bool {
	return a.Adapter == b.Adapter && a.Channel == b.Channel && a.Name == b.Name &&
		bytes.Equal(a.Settings, b.Settings) && bytes.Equal(a.Secrets, b.Secrets)
}

// account answers the adapters of an account, built once for its settings.
func (d *directory) account(row models.Account) *account {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a := d.adapters[row.ID]; a != nil && sameAdapter(a.Account, row) {
		fresh := *a
		fresh.Account = row
		return &fresh
	}
	a := &account{Account: row}
	a.adapter, a.err = d.e.buildAdapter(row, false)
	if d.e.o.TestTwin != nil {
		a.test, _ = d.e.buildAdapter(row, true)
	}
	d.adapters[row.ID] = a
	return a
}

// buildAdapter makes an account's adapter; for test keys its addresses and credentials are the simulator's.
func (e *Engine) buildAdapter(row models.Account, test bool) (channels.Adapter, error) {
	return e.buildWith(row, test, e.o.HTTP)
}

func (e *Engine) buildWith(row models.Account, test bool, client *http.Client) (channels.Adapter, error) {
	settings, err := e.settings(row)
	if err != nil {
		return nil, err
	}
	adapter := row.Adapter
	if test {
		twin, own := e.o.TestTwin(row)
		if twin != adapter {
			adapter, settings = twin, map[string]json.RawMessage{}
		}
		for name, value := range own {
			settings[name] = json.RawMessage(value)
		}
	}
	return e.o.Registry.Build(adapter, channels.Config{
		Channel: row.Channel, Settings: settings, HTTP: client, Dial: e.o.Dial, Now: e.now,
		Tokens: &tokens{e: e, account: row, settings: settings, test: test},
		Log:    e.log.With("account", row.Name),
	})
}

// settings joins an account's open settings with its secrets.
func (e *Engine) settings(row models.Account) (map[string]json.RawMessage, error) {
	settings := map[string]json.RawMessage{}
	if len(row.Settings) > 0 {
		if err := json.Unmarshal(row.Settings, &settings); err != nil {
			return nil, fmt.Errorf("stored settings of account %s: %w", row.Name, err)
		}
	}
	secrets, err := e.o.Store.OpenSecrets(row)
	if err != nil || secrets == nil {
		return settings, err
	}
	if err := json.Unmarshal(secrets, &settings); err != nil {
		return nil, fmt.Errorf("stored secrets of account %s cannot be read", row.Name)
	}
	return settings, nil
}

// accountByID finds an account whose tenant is not known: a provider's callback names only the account.
func (d *directory) accountByID(ctx context.Context, id uuid.UUID) (models.Account, error) {
	d.mu.Lock()
	a := d.adapters[id]
	d.mu.Unlock()
	if a != nil {
		return a.Account, nil // whether it still is in use, its tenant's configuration tells
	}
	return d.e.o.Store.AccountByID(ctx, id)
}

// unusable tells which of a plan's accounts must not be called now, why, and how long.
func (c *tenantConf) unusable(e *Engine, p policy.Plan, test bool, now time.Time) map[string]policy.Unusable {
	var out map[string]policy.Unusable
	for _, step := range p.Steps {
		for _, pa := range step.Accounts {
			id, err := uuid.Parse(pa.ID)
			if err != nil {
				continue
			}
			if bad := c.why(e, id, test, now); bad.Reason != "" {
				if out == nil {
					out = map[string]policy.Unusable{}
				}
				out[pa.ID] = bad
			}
		}
	}
	return out
}

// why tells why one account must not be called now; the zero Unusable if it can be.
func (c *tenantConf) why(e *Engine, id uuid.UUID, test bool, now time.Time) policy.Unusable {
	a := c.accounts[id]
	switch {
	case a == nil || a.State == models.AccountDisabled, test && a.test == nil, !test && a.adapter == nil:
		return policy.Unusable{Reason: policy.ReasonAccountDisabled}
	case !test && a.State == models.AccountNeedsReauth:
		return policy.Unusable{Reason: policy.ReasonNeedsReauth}
	case !test && now.Before(fromMS(a.PausedUntil)):
		return policy.Unusable{Reason: policy.ReasonAccountPaused, Until: fromMS(a.PausedUntil)}
	}
	if used, is := a.quotaUsed(now); is && !test {
		return used
	}
	return e.lane(c, id, test).unusable(now)
}

// lane answers the lane of an account; nil when the account is gone.
func (e *Engine) lane(c *tenantConf, id uuid.UUID, test bool) *lane {
	a := c.accounts[id]
	if a == nil {
		return nil
	}
	return e.lanes.get(laneKey{id, test}, a.PerSecond, a.Concurrency)
}

// of answers the adapter that a message uses.
func (a *account) of(test bool) channels.Adapter {
	if test {
		return a.test
	}
	return a.adapter
}
