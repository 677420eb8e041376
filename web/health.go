package web

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type healthEngine interface {
	Standings(accounts []uuid.UUID) map[uuid.UUID]orchestrator.Standing
}

type healthStore interface {
	Accounts(ctx context.Context, tenant uuid.UUID) ([]models.Account, error)
	AccountFacts(ctx context.Context, tenant uuid.UUID, moves int) (models.AccountFacts, error)
}

// accountHealth gathers what is known of how accounts do.
type accountHealth struct {
	engine healthEngine
	store  healthStore
	seen   *seen
	now    func() time.Time
}

// The states of an account's health.
const (
	healthOK      = "ok"
	healthWarning = "warning"
	healthTrouble = "trouble"
)

// healthMoves is how many of its latest moves an account shows.
const healthMoves = 3

// lowQuotaShare is how little of a quota is worth a warning.
const lowQuotaShare = 0.1

type healthView struct {
	State               string             `json:"state"`
	Reasons             []healthReason     `json:"reasons"`
	TokenExpiresAt      *orchestrator.Time `json:"token_expires_at"`
	RefreshTokenExpires *orchestrator.Time `json:"refresh_token_expires_at"` // no provider tells
	Quota               *healthQuota       `json:"quota"`
	Quality             *string            `json:"quality"`
	Templates           *healthTemplates   `json:"templates"`
	LastReceiptAt       *orchestrator.Time `json:"last_receipt_at"`
	LastWebhookAt       *orchestrator.Time `json:"last_webhook_at"`
	ForgedWebhooks      int64              `json:"forged_webhooks"`
	Breaker             string             `json:"breaker"`
	PausedUntil         *orchestrator.Time `json:"paused_until"`
	ErrorShare          *float64           `json:"error_share"`
	LastMoves           []moveView         `json:"last_moves"`
}

type healthReason struct {
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	DetailVI string `json:"detail_vi"`
}

type healthQuota struct {
	Remaining int64             `json:"remaining"`
	Limit     int64             `json:"limit"`
	At        orchestrator.Time `json:"at"`
}

type healthTemplates struct {
	Enabled  int64 `json:"enabled"`
	Disabled int64 `json:"disabled"`
	Pending  int64 `json:"pending"`
}

// of tells how accounts of a tenant do.
func (h *accountHealth) of(ctx context.Context, tenant uuid.UUID, rows []models.Account) (map[uuid.UUID]*healthView, error) {
	facts, err := h.store.AccountFacts(ctx, tenant, healthMoves)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(rows))
	for i, a := range rows {
		ids[i] = a.ID
	}
	standings := h.engine.Standings(ids)
	out := make(map[uuid.UUID]*healthView, len(rows))
	for _, a := range rows {
		v := &healthView{State: healthOK, Reasons: []healthReason{}, Breaker: "closed", LastMoves: []moveView{}}
		out[a.ID] = v
		v.fromAccount(a, h.now())
		if s, ok := standings[a.ID]; ok {
			v.fromStanding(s)
		}
		last, forged := h.seen.of(a.ID)
		v.ForgedWebhooks = forged
		v.sawAt(last)
	}
	h.addFacts(out, facts)
	return out, nil
}

// addFacts adds what is kept of accounts.
func (h *accountHealth) addFacts(out map[uuid.UUID]*healthView, facts models.AccountFacts) {
	for _, s := range facts.Seen {
		if v := out[s.AccountID]; v != nil {
			v.sawAt(s)
		}
	}
	for _, t := range facts.Tokens {
		if v := out[t.AccountID]; v != nil {
			v.fromToken(t, h.now())
		}
	}
	for _, t := range facts.Templates {
		if v := out[t.AccountID]; v != nil {
			v.count(t)
		}
	}
	for _, v := range out {
		if v.Templates != nil && v.Templates.Disabled > 0 {
			v.add(healthWarning, "templates_disabled", said{
				fmt.Sprintf("%d of its templates may not be used", v.Templates.Disabled), fmt.Sprintf("%d mẫu tin không dùng được", v.Templates.Disabled),
			})
		}
	}
	for _, m := range facts.Moves {
		if v := out[m.AccountID]; v != nil {
			v.LastMoves = append(v.LastMoves, viewMove(m))
		}
	}
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

// add notes a reason, and keeps the worst state.
func (v *healthView) add(state, code string, what said) {
	if v.State != healthTrouble {
		v.State = state
	}
	v.Reasons = append(v.Reasons, healthReason{code, what.en, what.vi})
}

// fromAccount reads what the account's own row tells.
func (v *healthView) fromAccount(a models.Account, now time.Time) {
	why := said{}
	if a.StateReason != "" {
		why = said{": " + a.StateReason, ": " + orchestrator.StateReasonVI(a.StateReason)}
	}
	switch a.State {
	case models.AccountNeedsReauth:
		v.add(healthTrouble, "needs_reauth", said{"somebody has to renew its credentials" + why.en, "phải có người cấp quyền lại" + why.vi})
	case models.AccountDisabled:
		v.add(healthWarning, "disabled", said{"it is switched off" + why.en, "đang tắt" + why.vi})
	}
	if a.PausedUntil > now.UnixMilli() {
		v.PausedUntil = timeOrNull(a.PausedUntil)
		v.add(healthWarning, "paused", said{"it rests" + why.en, "đang nghỉ" + why.vi})
	}
	if a.Quality != "" {
		v.Quality = &a.Quality
		if a.Quality == "LOW" {
			v.add(healthWarning, "low_quality", said{
				"its recipients report or block it: the provider says " + a.Quality, "người nhận báo cáo hoặc chặn tài khoản: nhà cung cấp đánh giá " + a.Quality,
			})
		}
	}
	if a.QuotaTotal < 1 {
		return
	}
	v.Quota = &healthQuota{a.QuotaLeft, a.QuotaTotal, orchestrator.Time(a.QuotaAt)}
	switch {
	case a.QuotaResetsAt > 0 && a.QuotaResetsAt <= now.UnixMilli(): // told before it was full again
	case a.QuotaLeft < 1:
		v.add(healthTrouble, "quota_used", said{
			fmt.Sprintf("nothing is left of its quota of %d", a.QuotaTotal), "đã dùng hết hạn mức " + channels.NumberVI(a.QuotaTotal) + " tin",
		})
	case float64(a.QuotaLeft) < lowQuotaShare*float64(a.QuotaTotal):
		v.add(healthWarning, "quota_low", said{
			fmt.Sprintf("%d is left of its quota of %d", a.QuotaLeft, a.QuotaTotal),
			"còn " + channels.NumberVI(a.QuotaLeft) + " trên hạn mức " + channels.NumberVI(a.QuotaTotal) + " tin",
		})
	}
}

// fromStanding reads what this replica measured.
func (v *healthView) fromStanding(s orchestrator.Standing) {
	v.Breaker = s.Breaker
	switch s.Breaker {
	case "open":
		v.add(healthTrouble, "breaker_open", said{
			"calls went unanswered one after another: it rests", "nhiều lệnh gọi liên tiếp không được trả lời nên tài khoản tạm nghỉ",
		})
	case "half-open":
		v.add(healthWarning, "breaker_half_open", said{
			"calls went unanswered: one is tried", "các lệnh gọi không được trả lời nên chỉ gọi thử một lệnh",
		})
	default:
		if !s.PausedUntil.IsZero() {
			v.add(healthWarning, "paused", said{
				"its provider asks for fewer calls: it rests", "nhà cung cấp yêu cầu giảm số lệnh gọi nên tài khoản tạm nghỉ",
			})
		}
	}
	if at := s.PausedUntil.UnixMilli(); !s.PausedUntil.IsZero() && (v.PausedUntil == nil || at > int64(*v.PausedUntil)) {
		v.PausedUntil = timeOrNull(at)
	}
	if s.Calls > 0 {
		v.ErrorShare = new(math.Round(1000*float64(s.Silent)/float64(s.Calls)) / 1000)
	}
	switch {
	case s.Share == 1:
	case s.Reason == policy.ReasonAccountFailing:
		v.add(healthTrouble, string(s.Reason), said{s.Detail, s.DetailVI})
	default:
		v.add(healthWarning, string(s.Reason), said{s.Detail, s.DetailVI})
	}
}

func (v *healthView) fromToken(t models.AccountToken, now time.Time) {
	v.TokenExpiresAt = timeOrNull(t.ExpiresAt)
	switch {
	case t.State == models.TokenNeedsReauth && v.State != healthTrouble:
		v.add(healthTrouble, "needs_reauth", said{
			"its token cannot be renewed: somebody has to link it again", "không gia hạn được token: phải có người liên kết lại tài khoản",
		})
	case t.State == models.TokenOK && t.ExpiresAt > 0 && t.ExpiresAt <= now.UnixMilli():
		v.add(healthWarning, "token_expired", said{
			"its access token ended and is not renewed yet", "access token đã hết hạn và chưa được gia hạn",
		})
	}
}

// sawAt takes the later times.
func (v *healthView) sawAt(s models.AccountSeen) {
	for _, at := range []struct {
		ms   int64
		into **orchestrator.Time
	}{{s.WebhookAt, &v.LastWebhookAt}, {s.ReceiptAt, &v.LastReceiptAt}} {
		if at.ms > 0 && (*at.into == nil || at.ms > int64(**at.into)) {
			*at.into = timeOrNull(at.ms)
		}
	}
}

// count adds templates by the provider's word; of those without one nothing is known.
func (v *healthView) count(t models.TemplateCount) {
	if v.Templates == nil {
		v.Templates = &healthTemplates{}
	}
	switch {
	case strings.HasPrefix(t.Status, "ENABLE"):
		v.Templates.Enabled += t.N
	case strings.HasPrefix(t.Status, "PENDING"):
		v.Templates.Pending += t.N
	case t.Status != "":
		v.Templates.Disabled += t.N
	}
}

// inTrouble lists the accounts of a tenant that are not well.
func (h *accountHealth) inTrouble(ctx context.Context, tenant uuid.UUID) ([]troubleView, error) {
	rows, err := h.store.Accounts(ctx, tenant)
	if err != nil {
		return nil, err
	}
	health, err := h.of(ctx, tenant, rows)
	if err != nil {
		return nil, err
	}
	out := []troubleView{}
	for _, a := range rows {
		if v := health[a.ID]; v.State != healthOK {
			out = append(out, troubleView{a.ID, a.Name, a.Channel, v.State, v.Reasons[0].Code, v.Reasons[0].Detail, v.Reasons[0].DetailVI})
		}
	}
	return out, nil
}
