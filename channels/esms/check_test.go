package esms

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const (
	balanceOK    = `{"Balance":36693,"CodeResponse":"100","UserID":1234}`
	brandnamesOK = `{"CodeResponse":"100","ListBrandName":[{"Brandname":"Baotrixemay","Type":2},{"Brandname":"Baotrixemay","Type":23}]}`
	quotaOK      = `{"CodeResult":"100","ErrorMessage":"success","DailyQuota":500,"RemainingQuota":499}`
	qualityOK    = `{"CodeResult":"100","ErrorMessage":"success","Oa7dayQuality":"HIGH","OaCurrentQuality":"MEDIUM"}`
	templatesOK  = `{"CodeResult":"100","ErrorMessage":"success","ZNSTemplates":[{"TempContent":"…","TempId":300123,"TempName":"Don hang",` +
		`"ZNSTempDetail":[{"Limit":10,"Param":"otp","ParamLevel":1,"RequireType":"type_text"}]}]}`
	templateOK = `{"Data":{"ListParams":[{"AcceptNull":false,"MaxLength":12,"MinLength":0,"Name":"otp","Require":true,"Type":"STRING"}],` +
		`"Status":"ENABLE","TemplateId":300123,"TemplateName":"Don hang","TemplateQuality":"HIGH","Timeout":15000},"Error":0,"Message":"Success"}`
	brandnamesPath = "/GetListBrandname/K3Y/S3CRET"
	badKeys        = `{"Balance":0,"CodeResponse":"101","ErrorMessage":"Authorize Failed for K3Y"}`
)

func healthy() map[string]string {
	return map[string]string{
		"/GetBalance_json": balanceOK, brandnamesPath: brandnamesOK, "/ZNS/GetQuota/": quotaOK, "/ZNS/GetQuality/": qualityOK,
		"/GetTemplate/": templatesOK, "/GetZnsTemplateInfo": templateOK,
	}
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		channel    policy.Channel
		path, body string // an answer that differs from the healthy ones
		more       []string
		want       string
	}{
		"sms":                {policy.SMS, "", "", nil, "ok balance, ok brandname_ok"},
		"viber":              {policy.Viber, "", "", nil, "ok balance, ok brandname_ok"},
		"zns":                {policy.ZNS, "", "", nil, "ok balance, ok quota_ok, ok quality_ok, ok templates_ok"},
		"fixed number":       {policy.SMS, "", "", []string{settingSMSType, "8", settingBrandname, ""}, "ok balance"},
		"bad keys":           {policy.SMS, "/GetBalance_json", badKeys, nil, "error not_authorized"},
		"IP not allowed":     {policy.SMS, "/GetBalance_json", `{"CodeResult":"140"}`, nil, "error ip_not_allowed"},
		"not eSMS":           {policy.SMS, "/GetBalance_json", "<html>", nil, "error unreadable_answer"},
		"no number":          {policy.SMS, "/GetBalance_json", `{"CodeResponse":"100"}`, nil, "warning unreadable_answer, ok brandname_ok"},
		"no money":           {policy.SMS, "/GetBalance_json", `{"Balance":0,"CodeResponse":"100"}`, nil, "error no_balance, ok brandname_ok"},
		"another's type":     {policy.Viber, brandnamesPath, `{"CodeResponse":"100","ListBrandName":[{"Brandname":"Baotrixemay","Type":2}]}`, nil, "ok balance, error brandname_unknown"},
		"brandnames refused": {policy.SMS, brandnamesPath, `{"CodeResult":"143"}`, nil, "ok balance, error account_locked"},
		"quota used up":      {policy.ZNS, "/ZNS/GetQuota/", strings.Replace(quotaOK, "499", "0", 1), nil, "ok balance, error quota_used_up, ok quality_ok, ok templates_ok"},
		"quota low":          {policy.ZNS, "/ZNS/GetQuota/", strings.Replace(quotaOK, "499", "49", 1), nil, "ok balance, warning quota_low, ok quality_ok, ok templates_ok"},
		"no quota told":      {policy.ZNS, "/ZNS/GetQuota/", `{"CodeResult":"100","DailyQuota":null}`, nil, "ok balance, ok quota_ok, ok quality_ok, ok templates_ok"},
		"OA unknown":         {policy.ZNS, "/ZNS/GetQuota/", `{"CodeResult":"204"}`, nil, "ok balance, error oa_unknown, ok quality_ok, ok templates_ok"},
		"low quality":        {policy.ZNS, "/ZNS/GetQuality/", strings.Replace(qualityOK, "HIGH", "LOW", 1), nil, "ok balance, ok quota_ok, warning quality_low, ok templates_ok"},
		"quality refused":    {policy.ZNS, "/ZNS/GetQuality/", `{"CodeResult":"799"}`, nil, "ok balance, ok quota_ok, error oa_inactive, ok templates_ok"},
		"no templates":       {policy.ZNS, "/GetTemplate/", `{"CodeResult":"100","ZNSTemplates":[]}`, nil, "ok balance, ok quota_ok, ok quality_ok, error templates_none"},
		"template rejected":  {policy.ZNS, "/GetZnsTemplateInfo", strings.Replace(templateOK, "ENABLE", "REJECT", 1), nil, "ok balance, ok quota_ok, ok quality_ok, warning templates_ailing"},
		"template of low quality": {
			policy.ZNS, "/GetZnsTemplateInfo", strings.Replace(templateOK, "HIGH", "LOW", 1), nil, "ok balance, ok quota_ok, ok quality_ok, warning templates_ailing",
		},
		"templates refused": {policy.ZNS, "/GetTemplate/", `{"CodeResult":"204"}`, nil, "ok balance, ok quota_ok, ok quality_ok, error oa_unknown"},
		"no secret, sandbox": {
			policy.SMS, "", "", []string{settingWebhookSecret, "", settingSandbox, "1"}, "ok balance, ok brandname_ok, warning no_webhook_secret, warning sandbox_on",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answers := healthy()
			if tt.path != "" {
				answers[tt.path] = tt.body
			}
			url, calls := provider(t, answers)
			var got []string
			for _, f := range build(t, tt.channel, url, tt.more...).Check(t.Context()) {
				got = append(got, f.Level+" "+f.Code)
				if f.Message == "" || f.MessageVI == "" || f.MessageVI == f.Message || (f.Level == "ok") != (f.Advice == "") || (f.Advice == "") != (f.AdviceVI == "") {
					t.Errorf("finding %+v", f)
				}
				if both := f.Message + f.MessageVI; strings.Contains(both, "K3Y") || strings.Contains(both, "S3CRET") {
					t.Errorf("%q tells a secret", f.Message)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, c := range *calls {
				if strings.Contains(c.URI, "Send") {
					t.Errorf("a check sends: %v", c)
				}
			}
		})
	}
}

func TestCheckWire(t *testing.T) {
	const body = `{"ApiKey":"K3Y","SecretKey":"S3CRET","OAID":"1234567890123456789"}`
	tests := map[policy.Channel][]call{
		policy.SMS: {
			{"POST", "/GetBalance_json", "application/json", `{"ApiKey":"K3Y","SecretKey":"S3CRET"}`},
			{"GET", brandnamesPath, "", ""},
		},
		policy.ZNS: {
			{"POST", "/GetBalance_json", "application/json", `{"ApiKey":"K3Y","SecretKey":"S3CRET"}`},
			{"POST", "/ZNS/GetQuota/", "application/json", body},
			{"POST", "/ZNS/GetQuality/", "application/json", body},
			{"POST", "/GetTemplate/", "application/json", `{"ApiKey":"K3Y","SecretKey":"S3CRET","OAId":"1234567890123456789","SmsType":"25"}`},
			{"GET", "/GetZnsTemplateInfo?ApiKey=K3Y&OAId=1234567890123456789&SecretKey=S3CRET&TemplateId=300123", "", ""},
		},
	}
	for channel, want := range tests {
		url, calls := provider(t, healthy())
		build(t, channel, url).Check(t.Context())
		if diff := cmp.Diff(want, *calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", channel, diff)
		}
	}
}

func TestCheckWithoutAProvider(t *testing.T) {
	url, _ := provider(t, nil)
	a := build(t, policy.SMS, strings.Replace(url, "http:", "https:", 1))
	got := a.Check(t.Context())
	if len(got) != 1 || got[0].Level != "error" || got[0].Code != "unreachable" || got[0].Advice == "" || got[0].AdviceVI == "" {
		t.Errorf("got %+v", got)
	}
}

func TestTemplates(t *testing.T) {
	full := channels.ProviderTemplate{
		ID: "300123", Name: "Don hang", Status: "ENABLE", Quality: "HIGH",
		Params: []channels.TemplateParam{{Name: "otp", Required: true, Type: "STRING", MaxLength: 12}},
	}
	fromList := channels.ProviderTemplate{
		ID: "300123", Name: "Don hang", Params: []channels.TemplateParam{{Name: "otp", Required: true, Type: "type_text", MaxLength: 10}},
	}
	tests := map[string]struct {
		detail string
		want   channels.ProviderTemplate
	}{
		"with details":    {templateOK, full},
		"details refused": {`{"Data":null,"Error":-109,"Message":"Template is invalid"}`, fromList},
		"details odd":     {`<html>`, fromList},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			answers := healthy()
			answers["/GetZnsTemplateInfo"] = tt.detail
			url, _ := provider(t, answers)
			got, err := build(t, policy.ZNS, url).Templates(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]channels.ProviderTemplate{tt.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	url, calls := provider(t, healthy())
	if got, err := build(t, policy.SMS, url).Templates(t.Context()); got != nil || err != nil || len(*calls) > 0 {
		t.Errorf("an SMS account has templates: %v, %v", got, err)
	}
	url, _ = provider(t, map[string]string{"": `{"CodeResult":"101","ErrorMessage":"Authorize Failed"}`})
	if _, err := build(t, policy.ZNS, url).Templates(t.Context()); channels.AsFailure(err).Code != "not_authorized" {
		t.Errorf("got %v", err)
	}
}
