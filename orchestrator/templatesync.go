package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// ErrNoTemplates says that an account cannot list templates: its adapter does not, or its settings make none.
var ErrNoTemplates = errors.New("the account's adapter does not list templates")

// Times and bounds of the sync of provider templates. Reading a set costs a call a template, so a set is kept for
// hours; the jitter spreads the accounts of an installation that was started at once.
const (
	templatesKept  = 4 * time.Hour
	templatesRetry = 30 * time.Minute
	// syncTimeout bounds one account's calls together, askTimeout those that a person waits for.
	syncTimeout = 2 * time.Minute
	askTimeout  = 3 * callTimeout
	// syncsARun and syncsAtOnce bound a run of the job: what it leaves is due at the next.
	syncsARun   = 100
	syncsAtOnce = 4
)

// ProviderParam is a parameter that a provider's template takes, as it is stored and shown. MaxLength is in characters;
// 0: not told.
type ProviderParam struct {
	Name      string `json:"name"`
	Required  bool   `json:"required"`
	Type      string `json:"type,omitempty"`
	MaxLength int    `json:"max_length,omitempty"`
}

// syncTemplates reads the templates of the accounts whose turn it is. A provider that fails is no error of the job.
func (e *Engine) syncTemplates(ctx context.Context) error {
	due, err := e.o.Store.DueTemplateSyncs(ctx, ms(e.now()), syncsARun)
	if err != nil {
		return err
	}
	return atOnce(ctx, syncsAtOnce, due, func(d models.TemplateSync) error { return e.syncDue(ctx, d.TenantID, d.AccountID) })
}

// syncDue takes an account's turn, unless another replica was faster. The turn comes again soon: a replica that dies
// with it, or a provider that fails, delays an account no longer than that.
func (e *Engine) syncDue(ctx context.Context, tenant, id uuid.UUID) error {
	now := e.now()
	won, err := e.o.Store.ClaimTemplateSync(ctx, tenant, id, ms(now), ms(now.Add(jittered(templatesRetry))))
	if err != nil || !won {
		return err
	}
	acc, lister, err := e.lister(ctx, tenant, id)
	if errors.Is(err, ErrNoTemplates) || errors.Is(err, models.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	failed, err := e.readTemplates(ctx, acc, lister, syncTimeout)
	if failed == nil || err != nil || ctx.Err() != nil {
		return err
	}
	first, err := e.o.Store.FailTemplateSync(ctx, tenant, id, failed.Error())
	if first {
		e.log.Warn("templates not synced, the known ones stay", "account", acc.Name, "class", failed.Class, "code", failed.Code, "detail", failed.Detail)
	}
	return err
}

// SyncTemplates reads an account's templates at its provider now, and answers them. The set that was known stays when
// the provider fails. Errors: models.ErrNotFound, ErrNoTemplates, a *channels.Failure of the provider.
func (e *Engine) SyncTemplates(ctx context.Context, tenant, id uuid.UUID) ([]models.ProviderTemplate, error) {
	acc, lister, err := e.lister(ctx, tenant, id)
	if err != nil {
		return nil, err
	}
	failed, err := e.readTemplates(ctx, acc, lister, askTimeout)
	if err != nil {
		return nil, err
	}
	if failed != nil {
		return nil, failed
	}
	return e.o.Store.ProviderTemplates(ctx, tenant, id)
}

// lister answers an account with the adapter that sends use, and so with their token.
func (e *Engine) lister(ctx context.Context, tenant, id uuid.UUID) (*account, channels.TemplateLister, error) {
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return nil, nil, e.storeError(err)
	}
	acc := conf.accounts[id]
	if acc == nil {
		return nil, nil, models.ErrNotFound
	}
	lister, ok := acc.adapter.(channels.TemplateLister)
	if !ok {
		return nil, nil, ErrNoTemplates
	}
	return acc, lister, nil
}

// readTemplates replaces what is known of an account's templates by what its provider tells. Only a whole answer does.
func (e *Engine) readTemplates(ctx context.Context, acc *account, lister channels.TemplateLister, most time.Duration) (*channels.Failure, error) {
	listed, failure := list(ctx, lister, most)
	if failure != nil {
		return failure, nil
	}
	rows, err := templateRows(listed)
	if err != nil {
		return nil, err
	}
	now := e.now()
	s := models.TemplateSync{TenantID: acc.TenantID, AccountID: acc.ID, SyncedAt: ms(now), NextAt: ms(now.Add(jittered(templatesKept)))}
	return nil, e.o.Store.ReplaceProviderTemplates(ctx, s, rows)
}

// list makes the calls. A panic of an adapter ends them alone.
func list(ctx context.Context, lister channels.TemplateLister, most time.Duration) (listed []channels.ProviderTemplate, failure *channels.Failure) {
	defer func() {
		if p := recover(); p != nil {
			failure = &channels.Failure{Class: policy.ClassUnknown, Code: "adapter_panic", Detail: fmt.Sprint(p)}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	listed, err := lister.Templates(ctx)
	if err != nil {
		return nil, channels.AsFailure(err)
	}
	return listed, nil
}

// templateRows translates a provider's set. A template that pages which moved show twice is kept once.
func templateRows(listed []channels.ProviderTemplate) ([]models.ProviderTemplate, error) {
	rows, at := make([]models.ProviderTemplate, 0, len(listed)), map[string]int{}
	for _, t := range listed {
		if t.ID == "" {
			continue // nothing could be sent with it
		}
		params := make([]ProviderParam, len(t.Params))
		for i, p := range t.Params {
			params[i] = ProviderParam(p)
		}
		raw, err := json.Marshal(params)
		if err != nil {
			return nil, err
		}
		row := models.ProviderTemplate{
			TemplateID: models.Storable(t.ID), Name: models.Storable(t.Name), Status: models.Storable(t.Status), Quality: models.Storable(t.Quality), Reason: models.Storable(t.Reason), Params: raw, Price: micros(t.Price), UserPrice: micros(t.UserPrice),
		}
		if i, twice := at[row.TemplateID]; twice {
			rows[i] = row
			continue
		}
		at[row.TemplateID] = len(rows)
		rows = append(rows, row)
	}
	return rows, nil
}

// micros reads a provider's price; 0 if it is none. The currency is not looked at.
func micros(price string) int64 {
	m, err := policy.ParseMoney(price, "XXX")
	if err != nil || m.Micros < 0 {
		return 0
	}
	return m.Micros
}

// jittered is d, up to a quarter more or less.
func jittered(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }
