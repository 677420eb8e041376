package orchestrator_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// A template is shown as people get it, and an SMS also without its marks, with what that saves.
func TestPreviewTemplate(t *testing.T) {
	vnd := func(n int64) *policy.Money { return &policy.Money{Micros: n * 1_000_000, Currency: "VND"} }
	const text = "Đơn hàng {{order}} của quý khách đã được giao cho đơn vị vận chuyển, vui lòng để ý điện thoại" // 2 segments as UCS-2
	const marked, plain = "Đơn hàng A-1029 của quý khách đã được giao cho đơn vị vận chuyển, vui lòng để ý điện thoại",
		"Don hang A-1029 cua quy khach da duoc giao cho don vi van chuyen, vui long de y dien thoai"
	sms := orchestrator.ChannelPreview{
		Content: channels.Content{Text: marked}, Segments: 2, Encoding: policy.UCS2, Price: vnd(1640),
		Plain: &orchestrator.PlainPreview{Text: plain, Segments: 1, Encoding: policy.GSM7, Price: vnd(820), Saves: vnd(820)},
	}
	order := []orchestrator.TemplateParam{{Name: "order", Example: "A-1029"}}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Template("order", `[{"name":"order","example":"A-1029"}]`, `{"zns":{"template_id":"7","template_data":{"order":"{{order}}"}},
			"viber":{"text":"{{order}}"},"sms":{"text":"`+text+`"}}`)
		tests := map[string]struct {
			draft  orchestrator.TemplateDraft
			want   map[policy.Channel]orchestrator.ChannelPreview
			errors []string // fields
		}{
			"stored": {
				draft: orchestrator.TemplateDraft{Name: "order"},
				want: map[policy.Channel]orchestrator.ChannelPreview{
					policy.ZNS:   {Content: channels.Content{TemplateID: "7", TemplateData: map[string]string{"order": "A-1029"}}, Price: vnd(200)},
					policy.Viber: {Content: channels.Content{Text: "A-1029"}, Price: vnd(470)},
					policy.SMS:   sms,
				},
			},
			"draft": {
				draft: orchestrator.TemplateDraft{Category: policy.Care, Params: order, Content: map[policy.Channel]channels.Content{policy.SMS: {Text: text}}},
				want:  map[policy.Channel]orchestrator.ChannelPreview{policy.SMS: sms},
			},
			"with a value": {
				draft: orchestrator.TemplateDraft{
					Params: order, Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "{{order}}"}}, Values: map[string]string{"order": "B"}, To: "0912345001",
				},
				want: map[policy.Channel]orchestrator.ChannelPreview{
					policy.SMS: {Content: channels.Content{Text: "B"}, Segments: 1, Encoding: policy.GSM7, Price: vnd(820)},
				},
			},
			"at fault": {
				draft: orchestrator.TemplateDraft{
					Params:  []orchestrator.TemplateParam{{Name: "order"}},
					Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "a {{order}}"}, policy.ZNS: {}, policy.Viber: {Text: "{{order"}},
					Values:  map[string]string{"x": "1"}, To: "1",
				},
				want: map[policy.Channel]orchestrator.ChannelPreview{
					policy.SMS: {Content: channels.Content{Text: "a {{order}}"}, Problem: "text"},
					policy.ZNS: {Price: vnd(200), Problem: "zns needs a template_id"},
				},
				errors: []string{"to", "template.content.viber", "params.order", "params.x"},
			},
			"no such template": {
				draft: orchestrator.TemplateDraft{Name: "none"}, want: map[policy.Channel]orchestrator.ChannelPreview{}, errors: []string{"name"},
			},
		}
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				v, err := r.Engine.PreviewTemplate(t.Context(), r.Caller, tt.draft)
				if err != nil {
					t.Fatal(err)
				}
				if p, has := v.Channels[policy.SMS]; has && p.Problem != "" { // the library's words
					p.Problem = "text"
					v.Channels[policy.SMS] = p
				}
				var fields []string
				for _, e := range v.Errors {
					fields = append(fields, e.Field)
				}
				if diff := cmp.Diff(tt.want, v.Channels); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(tt.errors, fields); diff != "" {
					t.Error(diff)
				}
			})
		}
	})
}
