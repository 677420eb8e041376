package orchestrator

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// The levels of a finding.
const (
	levelOK      = "ok"
	levelWarning = "warning"
	levelError   = "error"
)

// skewMost is how far the provider's clock and ours may differ: signed callbacks and tokens stop working at minutes.
const skewMost = 30 * time.Second

// CheckAccount finds out all that can be known without sending: what the provider says of the account, whether its callbacks
// come, whether the clocks agree, and whether the tenant's templates fit the provider's. Errors: ErrNotFound.
func (e *Engine) CheckAccount(ctx context.Context, tenant, id uuid.UUID) ([]channels.Finding, error) {
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return nil, e.storeError(err)
	}
	acc := conf.accounts[id]
	switch {
	case acc == nil:
		return nil, models.ErrNotFound
	case acc.adapter == nil:
		return []channels.Finding{brokenSettings(acc.err)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 3*callTimeout)
	defer cancel()
	out := acc.checkState(e.now())
	asked, err := e.askAccount(ctx, acc)
	if err != nil {
		return nil, err
	}
	out = append(out, asked...)
	out = append(out, e.checkHooks(acc)...)
	fits, err := e.checkTemplates(ctx, conf, acc)
	return append(out, fits...), err
}

// brokenSettings tells why no adapter can be made of an account's settings.
func brokenSettings(err error) channels.Finding {
	return channels.Finding{Level: levelError, Code: "settings", Message: err.Error(), MessageVI: "Thiết lập chưa đúng: " + err.Error()}
}

// clock tells a moment by the clock of the tenant's zone.
func (a *account) clock(t time.Time) said {
	local := t.In(a.zone)
	return said{local.Format(time.RFC3339), local.Format("15:04:05 02/01/2006")}
}

// checkState tells what we know of the account ourselves.
func (a *account) checkState(now time.Time) []channels.Finding {
	switch {
	case a.State == models.AccountNeedsReauth:
		why := "Tài khoản cần liên kết lại."
		if a.StateReason != "" {
			why = "Tài khoản cần liên kết lại: " + StateReasonVI(a.StateReason)
		}
		return []channels.Finding{{
			Level: levelError, Code: codeNeedsReauth, Message: a.StateReason, MessageVI: why,
			Advice: needsReauth("").Advice, AdviceVI: needsReauth("").AdviceVI,
		}}
	case a.State == models.AccountDisabled:
		return []channels.Finding{{
			Level: levelWarning, Code: "disabled", Message: "the account is disabled", MessageVI: "Tài khoản đã tắt.",
			Advice: "PATCH it with disabled false.", AdviceVI: "PATCH với disabled là false.",
		}}
	case now.Before(fromMS(a.PausedUntil)):
		until := a.clock(fromMS(a.PausedUntil))
		return []channels.Finding{{
			Level: levelWarning, Code: "paused", Message: "the account rests until " + until.en + ": " + a.StateReason,
			MessageVI: "Tài khoản tạm nghỉ đến " + until.vi + ": " + StateReasonVI(a.StateReason),
			Advice:    "It is used again by itself; mend what the provider refused.", AdviceVI: "Tài khoản sẽ tự hoạt động lại; hãy xử lý lý do nhà cung cấp từ chối.",
		}}
	}
	if used, is := a.quotaUsed(now); is {
		until := a.clock(used.Until)
		return []channels.Finding{{
			Level: levelWarning, Code: "quota_used", Message: fmt.Sprintf("nothing is left of the quota of %d until %s", a.QuotaTotal, until.en),
			MessageVI: fmt.Sprintf("Đã dùng hết hạn mức %s tin, cho đến %s.", channels.NumberVI(a.QuotaTotal), until.vi),
			Advice:    "It is used again by itself; ask the provider for a higher quota.", AdviceVI: "Tài khoản sẽ tự hoạt động lại; hãy đề nghị nhà cung cấp nâng hạn mức.",
		}}
	}
	return []channels.Finding{}
}

// askAccount has the adapter ask its provider, and compares the clocks on the way.
func (e *Engine) askAccount(ctx context.Context, acc *account) ([]channels.Finding, error) {
	checker, ok := acc.adapter.(channels.AccountChecker)
	if !ok {
		return []channels.Finding{{
			Level: levelWarning, Code: "not_checkable", Message: "the " + acc.Adapter + " adapter cannot ask its provider",
			MessageVI: "Adapter " + acc.Adapter + " không hỏi được nhà cung cấp.",
		}}, nil
	}
	if _, ok := acc.adapter.(channels.SessionKeeper); ok { // the session itself is what is to be checked
		return checker.Check(ctx), nil
	}
	clock := &dated{inner: e.o.HTTP.Transport, now: e.o.Now}
	client := *e.o.HTTP
	client.Transport = clock
	adapter, err := e.buildWith(acc.Account, false, &client)
	if err != nil {
		return []channels.Finding{brokenSettings(err)}, nil
	}
	if checker, ok = adapter.(channels.AccountChecker); !ok {
		return nil, fmt.Errorf("adapter %s checks no account", acc.Adapter)
	}
	return append(checker.Check(ctx), clock.findings()...), nil
}

// dated reads the clock of whoever answers: RFC 9110 has every answer carry the time.
type dated struct {
	inner http.RoundTripper
	now   func() time.Time

	mu   sync.Mutex
	skew time.Duration
	seen bool
}

// RoundTrip implements http.RoundTripper.
func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := d.inner
	if inner == nil {
		inner = http.DefaultTransport
	}
	resp, err := inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.mu.Lock()
		d.skew, d.seen = d.now().Sub(at), true
		d.mu.Unlock()
	}
	return resp, nil
}

func (d *dated) findings() []channels.Finding {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.seen || d.skew.Abs() <= skewMost {
		return nil
	}
	skew := d.skew.Abs().Round(time.Second)
	return []channels.Finding{{
		Level: levelError, Code: "clock_skew", Message: fmt.Sprintf("this machine's clock and the provider's differ by %s", skew),
		MessageVI: fmt.Sprintf("Đồng hồ của máy này và của nhà cung cấp lệch nhau %s.", skew),
		Advice:    "Set this machine's clock by NTP: signatures and tokens are refused otherwise.",
		AdviceVI:  "Hãy đồng bộ đồng hồ máy chủ bằng NTP: nếu không, chữ ký và token sẽ bị từ chối.",
	}}
}

// heard is when an account's provider last called back on this replica.
type heard struct {
	mu sync.Mutex
	at map[uuid.UUID]time.Time
}

func (h *heard) note(account uuid.UUID, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.at == nil {
		h.at = map[uuid.UUID]time.Time{}
	}
	h.at[account] = now
}

func (h *heard) last(account uuid.UUID) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.at[account]
	return at, ok
}

// checkHooks tells whether the provider's callbacks come.
func (e *Engine) checkHooks(acc *account) []channels.Finding {
	if _, ok := acc.adapter.(channels.HookReader); !ok {
		return nil
	}
	address := e.HookURL(acc.Account)
	if at, ok := e.heard.last(acc.ID); ok {
		when := acc.clock(at)
		return []channels.Finding{{
			Level: levelOK, Code: "webhook", Message: "the provider called back at " + when.en, MessageVI: "Nhà cung cấp đã gọi webhook lúc " + when.vi + ".",
		}}
	}
	return []channels.Finding{{
		Level: levelWarning, Code: "webhook_not_seen", Message: "no callback has come to " + address + " since this replica started",
		MessageVI: "Chưa có lệnh gọi webhook nào đến " + address + " từ khi bản chạy này khởi động.",
		Advice:    "Enter this address at the provider, and see that it can be reached from outside; one test message shows it.",
		AdviceVI:  "Hãy khai báo địa chỉ này tại nhà cung cấp và bảo đảm truy cập được từ bên ngoài; gửi thử một tin để kiểm tra.",
	}}
}

// checkTemplates compares the tenant's templates with those that the account's provider keeps.
func (e *Engine) checkTemplates(ctx context.Context, conf *tenantConf, acc *account) ([]channels.Finding, error) {
	if acc.Channel != policy.ZNS {
		return nil, nil
	}
	known, err := e.o.Store.ProviderTemplates(ctx, conf.tenant.ID, acc.ID)
	if err != nil {
		return nil, e.storeError(err)
	}
	var out []channels.Finding
	for _, t := range conf.templates {
		zns := t.content[policy.ZNS].raw
		for _, k := range known {
			if k.TemplateID != zns.TemplateID {
				continue
			}
			for _, w := range against(k, acc.Name, zns, false) {
				out = append(out, channels.Finding{
					Level: levelWarning, Code: w.Code, Message: "our template " + t.Name + ": " + w.Message, MessageVI: "Mẫu tin " + t.Name + ": " + w.messageVI,
					Advice: "PUT /v1/templates/" + t.Name + " with content that fits.", AdviceVI: "PUT /v1/templates/" + t.Name + " với nội dung phù hợp.",
				})
			}
		}
	}
	return out, nil
}
