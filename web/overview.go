package web

import (
	"context"
	"math"
	"net/url"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type overviewStore interface {
	limitStore
	Overview(ctx context.Context, tenant uuid.UUID, test bool, from, to int64, spans int) ([]models.Slot, error)
}

// overview tells at a glance how a tenant's messages do.
type overview struct {
	store  overviewStore
	health *accountHealth
	now    func() time.Time
	recent recentOverviews
}

// windows are the spans that can be asked for: how long, and in how many parts of whole slots.
var windows = map[string]struct {
	length time.Duration
	parts  int
}{
	"1h":  {time.Hour, 24},
	"24h": {24 * time.Hour, 48},
	"7d":  {7 * 24 * time.Hour, 56},
	"30d": {30 * 24 * time.Hour, 30},
}

type overviewView struct {
	From   orchestrator.Time `json:"from"`
	To     orchestrator.Time `json:"to"`
	Window string            `json:"window"`
	Test   bool              `json:"test"`
	counts
	Scheduled int64 `json:"scheduled"`
	// UnknownOpen are attempts of which nobody knows yet whether the provider took them.
	UnknownOpen int64 `json:"unknown_open"`
	// FallbackShare of those reached were by a later step than the first.
	FallbackShare float64             `json:"fallback_share"`
	TimeToReach   *reachTimes         `json:"time_to_reach"` // null: nobody was reached
	Cost          *policy.Money       `json:"cost"`          // null: the key may not see it
	Caps          map[string]*capView `json:"caps"`
	Trouble       []troubleView       `json:"accounts_in_trouble"`
	Series        []overviewPart      `json:"series"`
}

type counts struct {
	Sent    int64 `json:"sent"` // accepted
	Reached int64 `json:"reached"`
	Failed  int64 `json:"failed"`
	Open    int64 `json:"open"`
}

type reachTimes struct {
	P50 policy.Duration `json:"p50"`
	P95 policy.Duration `json:"p95"`
}

type capView struct {
	Limit *policy.Money `json:"limit"`
	Used  *policy.Money `json:"used"` // null without a cap: then nothing is counted
}

type troubleView struct {
	ID       uuid.UUID      `json:"id"`
	Name     string         `json:"name"`
	Channel  policy.Channel `json:"channel"`
	State    string         `json:"state"`
	Code     string         `json:"code"` // the first reason of its health
	Reason   string         `json:"reason"`
	ReasonVI string         `json:"reason_vi"`
}

// overviewPart is a part of the window, by when messages were accepted.
type overviewPart struct {
	At       orchestrator.Time              `json:"at"`
	Accepted int64                          `json:"accepted"`
	Reached  int64                          `json:"reached"`
	Failed   int64                          `json:"failed"`
	Channels map[string]overviewPartChannel `json:"channels"`
}

type overviewPartChannel struct {
	Sent    int64         `json:"sent"`
	Reached int64         `json:"reached"`
	Cost    *policy.Money `json:"cost"`
}

func (h *overview) get(c *gin.Context) {
	window, test, err := overviewQuery(c.Request.URL.Query())
	if err != nil {
		fail(c, err)
		return
	}
	tenant, money := tenantOf(c), may(c, scopeReports)
	live(c, everyList, func(ctx context.Context) (any, error) { return h.view(ctx, tenant, window, test, money) })
}

func overviewQuery(query url.Values) (window string, test bool, err error) {
	window = "24h"
	for name, values := range query {
		switch value := values[0]; name {
		case "window":
			if _, ok := windows[value]; !ok {
				return "", false, invalidField("window", "must be 1h, 24h, 7d or 30d")
			}
			window = value
		case "test":
			if value != "true" && value != "false" {
				return "", false, invalidField("test", "must be true or false")
			}
			test = value == "true"
		default:
			return "", false, invalidField(safeName(name), "is not a field here: use window, test")
		}
	}
	return window, test, nil
}

func (h *overview) view(ctx context.Context, tenant uuid.UUID, window string, test, money bool) (any, error) {
	t, err := h.store.Tenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	w := windows[window]
	end := (h.now().UnixMilli() + models.SlotMillis - 1) / models.SlotMillis * models.SlotMillis
	from := end - w.length.Milliseconds()
	parts, err := h.recent.get(overviewKey{tenant, window, test}, h.now, func() ([]models.Slot, error) {
		return h.store.Overview(ctx, tenant, test, from, end, w.parts)
	})
	if err != nil {
		return nil, err
	}
	view := overviewOf(parts, t.Currency, money)
	view.From, view.To, view.Window, view.Test = orchestrator.Time(parts[0].At), orchestrator.Time(parts[0].At+w.length.Milliseconds()), window, test
	rows, err := h.store.Budgets(ctx, tenant, h.now().UnixMilli())
	if err != nil {
		return nil, err
	}
	view.Caps = capsOf(viewLimits(t, rows), t.Currency)
	view.Trouble, err = h.health.inTrouble(ctx, tenant)
	return view, err
}

// overviewOf sums the parts of a window.
func overviewOf(parts []models.Slot, currency string, money bool) overviewView {
	price := func(micros int64) *policy.Money {
		if !money {
			return nil
		}
		return &policy.Money{Micros: micros, Currency: currency}
	}
	var all models.Slot
	view := overviewView{Series: make([]overviewPart, 0, len(parts))}
	for _, part := range parts {
		all.Add(part)
		p := overviewPart{
			At: orchestrator.Time(part.At), Accepted: part.Accepted, Reached: part.Reached, Failed: part.Failed,
			Channels: make(map[string]overviewPartChannel, len(part.Channels)),
		}
		for name, ch := range part.Channels {
			p.Channels[name] = overviewPartChannel{ch.Sent, ch.Reached, price(ch.Cost)}
		}
		view.Series = append(view.Series, p)
	}
	view.counts = counts{all.Accepted, all.Reached, all.Failed, all.Open}
	view.Scheduled, view.UnknownOpen = all.Scheduled, all.Unknown
	if all.Reached > 0 {
		view.FallbackShare = math.Round(1000*float64(all.Fallback)/float64(all.Reached)) / 1000
		view.TimeToReach = &reachTimes{roundedMillis(all.Quantile(0.5)), roundedMillis(all.Quantile(0.95))}
	}
	var cost int64
	for _, ch := range all.Channels {
		cost += ch.Cost
	}
	view.Cost = price(cost)
	return view
}

// roundedMillis keeps of a time what its measure is good for.
func roundedMillis(ms int64) policy.Duration {
	d := time.Duration(ms) * time.Millisecond
	if d >= 10*time.Second {
		return policy.Duration(d.Round(time.Second))
	}
	return policy.Duration(d.Round(10 * time.Millisecond))
}

func capsOf(l limitsView, currency string) map[string]*capView {
	caps := map[string]*capView{"day": {Limit: l.CapPerDay}, "month": {Limit: l.CapPerMonth}}
	for name, c := range caps {
		if c.Limit != nil {
			c.Used = &policy.Money{Currency: currency}
			if used, ok := l.Used[name]; ok {
				c.Used.Micros = used.Used.Micros
			}
		}
	}
	return caps
}

// overviewLife is how long an overview is given again.
const overviewLife = time.Second

// recentOverviews keep what was read just now: all who look at one window make one reading. The zero value is empty.
type recentOverviews struct {
	mu    sync.Mutex
	byKey map[overviewKey]*recentOverview
}

type overviewKey struct {
	tenant uuid.UUID
	window string
	test   bool
}

type recentOverview struct {
	mu    sync.Mutex // one reading at a time
	until time.Time
	parts []models.Slot
}

// maxOverviews bounds what is kept; then all of it is forgotten.
const maxOverviews = 256

func (r *recentOverviews) get(key overviewKey, now func() time.Time, read func() ([]models.Slot, error)) ([]models.Slot, error) {
	r.mu.Lock()
	kept := r.byKey[key]
	if kept == nil {
		if r.byKey == nil || len(r.byKey) >= maxOverviews {
			r.byKey = map[overviewKey]*recentOverview{}
		}
		kept = &recentOverview{}
		r.byKey[key] = kept
	}
	r.mu.Unlock()
	kept.mu.Lock()
	defer kept.mu.Unlock()
	if now().Before(kept.until) {
		return kept.parts, nil
	}
	parts, err := read()
	if err != nil {
		return nil, err
	}
	kept.parts, kept.until = parts, now().Add(overviewLife)
	return parts, nil
}
