package esms

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// The calls that say whether the account can send.
const (
	callBalance    = "GetBalance_json"
	callBrandnames = "GetListBrandname"
	callQuota      = "ZNS/GetQuota/"
	callQuality    = "ZNS/GetQuality/"
)

// templatesChecked bounds a check: one call a template.
const templatesChecked = 20

// Check asks for the balance, which proves address and keys, and then for what the channel needs. It sends nothing.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	balance, ok := a.checkBalance(ctx)
	findings := []channels.Finding{balance}
	if !ok {
		return findings // the other calls would say the same
	}
	if a.channel == policy.ZNS {
		findings = append(findings, a.checkQuota(ctx), a.checkQuality(ctx), a.checkTemplates(ctx))
	} else if a.brandname != "" {
		findings = append(findings, a.checkBrandname(ctx))
	}
	if a.secret == "" {
		findings = append(findings, finding("warning", "no_webhook_secret", said{
			"webhook_secret is not set, so every callback is refused", "Chưa đặt webhook_secret nên mọi lệnh gọi webhook đều bị từ chối.",
		}, adviceSecret))
	}
	if a.sandbox {
		findings = append(findings, finding("warning", "sandbox_on", said{"sandbox is set, so nothing is delivered", "sandbox đang bật nên không có tin nào được gửi đi."}, adviceSandbox))
	}
	return findings
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

func finding(level, code string, what said, ad advice) channels.Finding {
	return channels.Finding{Level: level, Code: code, Message: what.en, MessageVI: what.vi, Advice: ad.en, AdviceVI: ad.vi}
}

// failedCheck is a look-up that eSMS did not answer as hoped.
func (a *adapter) failedCheck(what said, f *channels.Failure) channels.Finding {
	f = a.clean(f, "")
	ad := advice{f.Advice, f.AdviceVI}
	if ad == (advice{}) {
		ad = adviceAddress
	}
	return finding("error", f.Code, said{fmt.Sprintf("The check of %s failed: %v", what.en, f), "Không kiểm tra được " + what.vi + ": " + f.VI()}, ad)
}

func (a *adapter) checkBalance(ctx context.Context) (channels.Finding, bool) {
	raw, f := a.post(ctx, callBalance, a.keys)
	var answer struct {
		Balance channels.Text `json:"Balance"`
	}
	if f = decode(raw, f, &answer); f != nil {
		return a.failedCheck(said{"the balance", "số dư"}, f), false
	}
	left, err := strconv.ParseFloat(string(answer.Balance), 64)
	if err != nil {
		return finding("warning", "unreadable_answer", said{"the balance is not a number", "Số dư không phải là con số."}, adviceAddress), true
	}
	what := said{fmt.Sprintf("the balance is %s VND", answer.Balance), fmt.Sprintf("Số dư là %s VND.", answer.Balance)}
	if left <= 0 {
		return finding("error", "no_balance", what, adviceMoney), true
	}
	return finding("ok", "balance", what, advice{}), true
}

// checkBrandname looks for the brandname among those that are active for the channel's type.
func (a *adapter) checkBrandname(ctx context.Context) channels.Finding {
	raw, f := a.get(ctx, callBrandnames+"/"+url.PathEscape(a.keys.APIKey)+"/"+url.PathEscape(a.keys.SecretKey), nil)
	var answer struct {
		List []struct {
			Name channels.Text `json:"Brandname"`
			Type channels.Text `json:"Type"`
		} `json:"ListBrandName"`
	}
	if f = decode(raw, f, &answer); f != nil {
		return a.failedCheck(said{"the brandname", "brandname"}, f)
	}
	for _, b := range answer.List {
		if string(b.Name) == a.brandname && string(b.Type) == a.smsType {
			return finding("ok", "brandname_ok", said{
				fmt.Sprintf("The brandname is active for type %s.", a.smsType), fmt.Sprintf("Brandname đang hoạt động cho loại tin %s.", a.smsType),
			}, advice{})
		}
	}
	return finding("error", "brandname_unknown", said{
		fmt.Sprintf("The brandname is not among the account's active ones of type %s.", a.smsType),
		fmt.Sprintf("Brandname không nằm trong các brandname đang hoạt động của tài khoản cho loại tin %s.", a.smsType),
	}, adviceBrandname)
}

// oa is the body of the look-ups about the Official Account.
type oa struct {
	keys
	OAID string `json:"OAID"`
}

// checkQuota warns below a tenth. What is no number is no limit.
func (a *adapter) checkQuota(ctx context.Context) channels.Finding {
	raw, f := a.post(ctx, callQuota, oa{a.keys, a.oaID})
	var answer struct {
		Daily     channels.Text `json:"DailyQuota"`
		Remaining channels.Text `json:"RemainingQuota"`
	}
	if f = decode(raw, f, &answer); f != nil {
		return a.failedCheck(said{"the quota", "hạn mức"}, f)
	}
	daily, limited := answer.Daily.Int64()
	left, told := answer.Remaining.Int64()
	what := said{fmt.Sprintf("%d of %d messages are left today.", left, daily), fmt.Sprintf("Hôm nay còn %s trên %s tin.", channels.NumberVI(left), channels.NumberVI(daily))}
	switch {
	case !limited || !told || daily < 0:
		return finding("ok", "quota_ok", said{"eSMS tells no daily limit.", "eSMS không báo hạn mức ngày."}, advice{})
	case left <= 0:
		return finding("error", "quota_used_up", what, adviceQuota)
	case left < daily/10:
		return finding("warning", "quota_low", what, adviceQuota)
	}
	return finding("ok", "quota_ok", what, advice{})
}

func (a *adapter) checkQuality(ctx context.Context) channels.Finding {
	raw, f := a.post(ctx, callQuality, oa{a.keys, a.oaID})
	var answer struct {
		Current channels.Text `json:"OaCurrentQuality"`
		Week    channels.Text `json:"Oa7dayQuality"`
	}
	if f = decode(raw, f, &answer); f != nil {
		return a.failedCheck(said{"the quality", "chất lượng"}, f)
	}
	what := said{
		fmt.Sprintf("Quality is %s over 48 hours, %s over 7 days.", orUndefined(answer.Current), orUndefined(answer.Week)),
		fmt.Sprintf("Chất lượng trong 48 giờ: %s, trong 7 ngày: %s.", orUndefined(answer.Current), orUndefined(answer.Week)),
	}
	if strings.EqualFold(string(answer.Current), "LOW") || strings.EqualFold(string(answer.Week), "LOW") {
		return finding("warning", "quality_low", what, adviceQuality)
	}
	return finding("ok", "quality_ok", what, advice{})
}

func orUndefined(quality channels.Text) channels.Text {
	if quality == "" {
		return "UNDEFINED"
	}
	return quality
}

// checkTemplates names the templates that cannot be sent or soon will not.
func (a *adapter) checkTemplates(ctx context.Context) channels.Finding {
	all, f := a.list(ctx)
	if f != nil {
		return a.failedCheck(said{"the templates", "mẫu tin"}, f)
	}
	if len(all) == 0 {
		return finding("error", "templates_none", said{"The Official Account has no template at eSMS.", "Official Account chưa có mẫu tin nào tại eSMS."}, adviceApproval)
	}
	var ailing []string
	looked := all[:min(len(all), templatesChecked)]
	for _, l := range looked {
		t, f := a.template(ctx, l)
		if f != nil {
			return a.failedCheck(said{"the templates", "mẫu tin"}, f)
		}
		if state := []string{t.Status, t.Quality}; (t.Status != "" && t.Status != "ENABLE") || slices.Contains(state, "LOW") {
			ailing = append(ailing, fmt.Sprintf("%s (%s)", t.ID, strings.Join(state, ", ")))
		}
	}
	if len(ailing) > 0 {
		named := strings.Join(ailing, "; ")
		return finding("warning", "templates_ailing", said{"Templates in trouble: " + named, "Các mẫu tin gặp sự cố: " + named}, adviceTemplateState)
	}
	return finding("ok", "templates_ok", said{
		fmt.Sprintf("%d templates, the first %d looked at.", len(all), len(looked)), fmt.Sprintf("Có %d mẫu tin, đã xem %d mẫu đầu tiên.", len(all), len(looked)),
	}, advice{})
}
