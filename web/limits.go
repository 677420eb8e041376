package web

import (
	"context"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type limitStore interface {
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	SetLimits(ctx context.Context, t models.Tenant) error
	Budgets(ctx context.Context, tenant uuid.UUID, now int64) ([]models.Budget, error)
}

// spending is what the tenant may spend, and how long it remembers who is not on a channel.
type spending struct {
	engine reloader
	store  limitStore
	now    func() time.Time
}

// Bounds of what is remembered: providers let people come and go within weeks.
const (
	defaultUnreachable = 7 * 24 * time.Hour
	mostUnreachable    = 90 * 24 * time.Hour
)

type limitsBody struct {
	CapPerDay      *policy.Money    `json:"cap_per_day"`
	CapPerMonth    *policy.Money    `json:"cap_per_month"`
	UnreachableFor *policy.Duration `json:"unreachable_for"`
}

type limitsView struct {
	limitsBody
	// Used is what the messages of the current periods cost, and may still come to cost; null without a cap.
	Used map[string]usedView `json:"used"`
}

type usedView struct {
	Used     policy.Money      `json:"used"`
	Left     policy.Money      `json:"left"`
	ResetsAt orchestrator.Time `json:"resets_at"`
}

func (b limitsBody) check(currency string) []policy.FieldError {
	var errs []policy.FieldError
	for field, limit := range map[string]*policy.Money{"cap_per_day": b.CapPerDay, "cap_per_month": b.CapPerMonth} {
		switch {
		case limit == nil:
		case limit.Micros <= 0:
			errs = append(errs, policy.FieldError{Field: field + ".amount", Message: "must be more than 0: leave " + field + " out for no cap"})
		case limit.Currency != currency:
			errs = append(errs, policy.FieldError{Field: field + ".currency", Message: "must be the tenant's currency, " + currency})
		}
	}
	if d := b.UnreachableFor; d != nil && (*d < 0 || d.Std() > mostUnreachable) {
		errs = append(errs, policy.FieldError{Field: "unreachable_for", Message: "must be between 0s, which remembers nothing, and " + policy.Duration(mostUnreachable).String()})
	}
	return errs
}

func (h *spending) put(c *gin.Context) {
	var body limitsBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	ctx := c.Request.Context()
	t, err := h.store.Tenant(ctx, tenantOf(c))
	if err != nil {
		fail(c, err)
		return
	}
	if errs := body.check(t.Currency); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	t.CapDay, t.CapMonth, t.UnreachableFor = 0, 0, defaultUnreachable.Milliseconds()
	if body.CapPerDay != nil {
		t.CapDay = body.CapPerDay.Micros
	}
	if body.CapPerMonth != nil {
		t.CapMonth = body.CapPerMonth.Micros
	}
	if body.UnreachableFor != nil {
		t.UnreachableFor = body.UnreachableFor.Std().Milliseconds()
	}
	if err := h.store.SetLimits(ctx, t); err != nil {
		fail(c, err)
		return
	}
	h.engine.Reload()
	h.get(c)
}

func (h *spending) get(c *gin.Context) {
	ctx := c.Request.Context()
	t, err := h.store.Tenant(ctx, tenantOf(c))
	if err != nil {
		fail(c, err)
		return
	}
	rows, err := h.store.Budgets(ctx, t.ID, h.now().UnixMilli())
	answer(c, viewLimits(t, rows), err)
}

func viewLimits(t models.Tenant, rows []models.Budget) limitsView {
	money := func(micros int64) policy.Money { return policy.Money{Micros: micros, Currency: t.Currency} }
	view := limitsView{Used: map[string]usedView{}}
	view.UnreachableFor = new(policy.Duration(time.Duration(t.UnreachableFor) * time.Millisecond))
	for _, limit := range []struct {
		name string
		most int64
		cap  **policy.Money
	}{{"day", t.CapDay, &view.CapPerDay}, {"month", t.CapMonth, &view.CapPerMonth}} {
		if limit.most == 0 {
			continue
		}
		*limit.cap = new(money(limit.most))
		for _, b := range rows {
			if (len(b.Period) == len("2006-01")) == (limit.name == "month") {
				view.Used[limit.name] = usedView{Used: money(b.Used), Left: money(max(limit.most-b.Used, 0)), ResetsAt: orchestrator.Time(b.EndsAt)}
			}
		}
	}
	return view
}
