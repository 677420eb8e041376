package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// templateEnabled is the status of a provider's template that may be sent, as channels.ProviderTemplate has it.
const templateEnabled = "ENABLE"

// Where a warning about a ZNS content points.
const (
	fieldTemplateID   = "content.zns.template_id"
	fieldTemplateData = "content.zns.template_data."
)

// TemplateWarnings tells what is known against sending a content by ZNS, from the provider's own list as it was seen
// last. It refuses nothing: the list may be hours old, and the provider decides. The values may still have placeholders.
func (e *Engine) TemplateWarnings(ctx context.Context, tenant uuid.UUID, zns channels.Content) ([]policy.Warning, error) {
	return e.templateWarnings(ctx, tenant, zns, false)
}

// WarnPreview adds to a preview what is known against the ZNS content that it would send, or leaves out for that.
func (e *Engine) WarnPreview(ctx context.Context, tenant uuid.UUID, v *Preview) error {
	i := slices.IndexFunc(v.Steps, func(s PreviewStep) bool {
		return s.Channel == policy.ZNS && (s.Skip == "" || s.Skip == policy.ReasonSkippedTemplate) && s.Content != nil
	})
	if i < 0 {
		return nil
	}
	warnings, err := e.templateWarnings(ctx, tenant, *v.Steps[i].Content, true)
	v.Warnings = append(v.Warnings, warnings...)
	return err
}

func (e *Engine) templateWarnings(ctx context.Context, tenant uuid.UUID, zns channels.Content, rendered bool) ([]policy.Warning, error) {
	if zns.TemplateID == "" {
		return nil, nil
	}
	known, err := e.o.Store.TenantTemplates(ctx, tenant, zns.TemplateID)
	if err != nil || len(known) == 0 {
		return nil, err
	}
	conf, err := e.dir.tenant(ctx, tenant)
	if err != nil {
		return nil, e.storeError(err)
	}
	var warnings []policy.Warning
	for _, t := range known {
		if acc := conf.accounts[t.AccountID]; acc != nil && acc.Channel == policy.ZNS && acc.State != models.AccountDisabled {
			for _, m := range against(t, acc.Name, zns, rendered) {
				warnings = append(warnings, m.Warning)
			}
		}
	}
	return warnings, nil
}

// misfit is what is known against a content.
type misfit struct {
	policy.Warning
	messageVI string
}

// against compares a content with one account's template. Values are measured once they are rendered, and never shown:
// they may be sensitive.
func against(t models.ProviderTemplate, account string, zns channels.Content, rendered bool) []misfit {
	var out []misfit
	warn := func(field, code string, format said, args ...any) {
		out = append(out, misfit{
			policy.Warning{Field: field, Code: code, Message: fmt.Sprintf("template %s of account %s ", t.TemplateID, account) + fmt.Sprintf(format.en, args...)},
			fmt.Sprintf("mẫu %s của tài khoản %s ", t.TemplateID, account) + fmt.Sprintf(format.vi, args...),
		})
	}
	if t.Status != "" && t.Status != templateEnabled {
		reason := ""
		if t.Reason != "" {
			reason = " (" + t.Reason + ")"
		}
		warn(fieldTemplateID, policy.WarnTemplateDisabled, said{
			"has the status %s%s: the provider is likely to refuse it; use an enabled one",
			"đang ở trạng thái %s%s: nhà cung cấp có thể từ chối; hãy dùng mẫu đã được duyệt",
		}, t.Status, reason)
	}
	var params []ProviderParam
	if err := json.Unmarshal(t.Params, &params); err != nil || len(params) == 0 {
		return out // a provider may leave them out, so none listed is not none taken
	}
	extra := maps.Clone(zns.TemplateData)
	for _, p := range params {
		value, given := zns.TemplateData[p.Name]
		delete(extra, p.Name)
		switch {
		case !given && p.Required:
			warn(fieldTemplateData+p.Name, policy.WarnTemplateParamGone, said{
				"requires the parameter %s: add it to template_data", "bắt buộc có tham số %s: hãy thêm vào template_data",
			}, p.Name)
		case rendered && p.MaxLength > 0 && utf8.RuneCountInString(value) > p.MaxLength:
			warn(fieldTemplateData+p.Name, policy.WarnTemplateParamLong, said{
				"takes at most %d characters for %s: shorten the value", "chỉ nhận tối đa %d ký tự cho %s: hãy rút ngắn giá trị",
			}, p.MaxLength, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		warn(fieldTemplateData+name, policy.WarnTemplateParamMore, said{
			"has no parameter %s: leave it out of template_data", "không có tham số %s: hãy bỏ khỏi template_data",
		}, name)
	}
	return out
}
