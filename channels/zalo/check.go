package zalo

import (
	"context"
	"fmt"
	"net/http"

	"cascade/channels"
)

// Check asks Zalo for quota, quality and templates (§5), which proves the token on the way. It sends nothing.
func (a *Adapter) Check(ctx context.Context) []channels.Finding {
	if _, err := a.tokens.Token(ctx); err != nil {
		return []channels.Finding{failed("token", "token", a.noToken(err))}
	}
	env, f := a.ask(ctx, http.MethodGet, a.api+"/message/quota", nil)
	if f != nil {
		return []channels.Finding{failed("quota", "hạn mức", f)} // the others would say the same
	}
	return []channels.Finding{
		{Level: "ok", Code: "token_ok", Message: "Zalo accepts the access token.", MessageVI: "Zalo chấp nhận access token."},
		quotaFinding(env),
		a.checkQuality(ctx),
		a.checkTemplates(ctx),
	}
}

// failed is a check that Zalo did not answer as hoped.
func failed(what, whatVI string, f *channels.Failure) channels.Finding {
	return channels.Finding{
		Level: "error", Code: f.Code, Message: fmt.Sprintf("The check of %s failed: %v", what, f),
		MessageVI: "Không kiểm tra được " + whatVI + ": " + f.VI(),
		Advice:    f.Advice, AdviceVI: f.AdviceVI,
	}
}

// quotaFinding warns below a tenth.
func quotaFinding(env envelope) channels.Finding {
	q, limited := readQuota(env.Data)
	f := channels.Finding{
		Level: "ok", Code: "quota_ok", Message: fmt.Sprintf("%d of %d messages are left today.", q.Left, q.Total),
		MessageVI: fmt.Sprintf("Hôm nay còn %s trên %s tin.", channels.NumberVI(q.Left), channels.NumberVI(q.Total)),
	}
	switch {
	case !limited:
		f.Message, f.MessageVI = "Zalo tells no daily limit.", "Zalo không báo hạn mức ngày."
	case q.Left == 0:
		f.Level, f.Code, f.Advice, f.AdviceVI = "error", "quota_used_up", adviceQuota.en, adviceQuota.vi
	case float64(q.Left) < float64(q.Total)/10:
		f.Level, f.Code, f.Advice, f.AdviceVI = "warning", "quota_low", adviceQuota.en, adviceQuota.vi
	}
	return f
}

func (a *Adapter) checkQuality(ctx context.Context) channels.Finding {
	q, f := a.quality(ctx)
	if f != nil {
		return failed("quality", "chất lượng", f)
	}
	finding := channels.Finding{
		Level: "ok", Code: "quality_ok",
		Message:   fmt.Sprintf("Quality is %s over 48 hours, %s over 7 days.", q.current, q.week),
		MessageVI: fmt.Sprintf("Chất lượng trong 48 giờ: %s, trong 7 ngày: %s.", q.current, q.week),
	}
	if q.current == "LOW" || q.week == "LOW" {
		finding.Level, finding.Code = "warning", "quality_low"
		finding.Advice = "People report or block these messages; Zalo will lower the quota. Send fewer and only wanted ones."
		finding.AdviceVI = "Người dùng báo cáo hoặc chặn tin; Zalo sẽ giảm hạn mức. Hãy gửi ít hơn và chỉ gửi tin cần thiết."
	}
	return finding
}

// checkTemplates looks at the first page only: one approved template is enough to send.
func (a *Adapter) checkTemplates(ctx context.Context) channels.Finding {
	all, f := a.list(ctx, 1)
	if f != nil {
		return failed("templates", "mẫu tin", f)
	}
	enabled := 0
	for _, l := range all {
		if statusWord(l.Status) == "ENABLE" {
			enabled++
		}
	}
	if enabled == 0 {
		return channels.Finding{
			Level: "error", Code: "templates_none", Message: "No template is approved.", MessageVI: "Chưa có mẫu tin nào được duyệt.",
			Advice:   "Create a template in Zalo's console and wait for its approval (1 to 3 working days).",
			AdviceVI: "Hãy tạo mẫu tin trong trang quản lý của Zalo và chờ duyệt (1 đến 3 ngày làm việc).",
		}
	}
	return channels.Finding{
		Level: "ok", Code: "templates_ok", Message: fmt.Sprintf("%d templates are approved.", enabled),
		MessageVI: fmt.Sprintf("Có %d mẫu tin đã được duyệt.", enabled),
	}
}
