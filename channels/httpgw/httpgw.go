package httpgw

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "http",
		Channels: policy.Channels(),
		Fields: []channels.Field{
			{
				Name: "preset", LabelVI: "Cấu hình sẵn",
				Help:    "a gateway that is known by name: " + strings.Join(presetNames(), ", ") + "; other settings override its own",
				HelpVI:  "tên của một gateway đã biết: " + strings.Join(presetNames(), ", ") + "; các mục khác thay thế cấu hình sẵn này",
				Example: "speedsms",
			},
			{
				Name: "base_url", LabelVI: "Địa chỉ gateway",
				Help:    "the gateway's address, read as {{base_url}} at the beginning of a url; by default the preset's",
				HelpVI:  "địa chỉ của gateway, được đọc bằng {{base_url}} ở đầu url; mặc định là địa chỉ của cấu hình sẵn",
				Example: "https://api.speedsms.vn",
			},
			{
				Name: "request", LabelVI: "Lệnh gửi",
				Help:    "the call that sends: method, url, query, headers, auth, content_type, body; required without a preset",
				HelpVI:  "lệnh gọi để gửi tin: method, url, query, headers, auth, content_type, body; bắt buộc nếu không chọn preset",
				Example: `{"url": "https://sms.example/send", "content_type": "json", "body": {"to": "{{to_digits}}", "text": "{{text}}"}}`,
			},
			{
				Name: "response", LabelVI: "Câu trả lời",
				Help:    "what counts as taken (success), where provider_id, code and message are, and code_map",
				HelpVI:  "thế nào là đã nhận tin (success), vị trí của provider_id, code và message, cùng code_map",
				Example: `{"success": [{"pointer": "/status", "equals": "ok"}], "provider_id": {"pointer": "/id"}}`,
			},
			{
				Name: "receipt", LabelVI: "Báo cáo",
				Help:    "how a callback is verified and read: id, status, status_detail, status_map, error_code, error_map, at, price, currency, verify, answer",
				HelpVI:  "cách xác thực và đọc callback: id, status, status_detail, status_map, error_code, error_map, at, price, currency, verify, answer",
				Example: `{"id": {"pointer": "/id", "kind": "provider"}, "status": {"pointer": "/status"}, "status_map": {"ok": "delivered"}, "verify": {"token": "{{secret.hook}}"}}`,
			},
			{
				Name: "status", LabelVI: "Tra cứu",
				Help:   "the call that asks what became of a message: request, status, status_detail, status_map, error_map",
				HelpVI: "lệnh gọi để hỏi kết quả của một tin: request, status, status_detail, status_map, error_map",
			},
			{
				Name: "values", LabelVI: "Giá trị",
				Help:    "values that are no secret, read as {{value.NAME}}",
				HelpVI:  "các giá trị không bí mật, được đọc bằng {{value.TÊN}}",
				Example: `{"sms_type": "3"}`,
			},
			{
				Name: "secrets", LabelVI: "Giá trị bí mật", Secret: true,
				Help:    "values that templates read as {{secret.NAME}}",
				HelpVI:  "các giá trị mà mẫu đọc bằng {{secret.TÊN}}",
				Example: `{"token": "…"}`,
			},
			{
				Name: "from", LabelVI: "Người gửi",
				Help:    "the sender, read as {{from}}",
				HelpVI:  "người gửi, được đọc bằng {{from}}",
				Example: "MYBRAND",
			},
			{
				Name: "receipts", LabelVI: "Các loại báo cáo",
				Help:    "the receipts that the gateway gives; by default those of receipt.status_map",
				HelpVI:  "những báo cáo mà gateway gửi về; mặc định theo receipt.status_map",
				Example: `["delivered"]`,
			},
		},
		OpenSettings: true,
		New:          newAdapter,
	}
}

// adapter is one gateway account.
type adapter struct {
	request      *request
	response     response
	receipt      *receipt
	capabilities channels.Capabilities
	constants    map[string]string
	secrets      []string
	client       *http.Client
	now          func() time.Time
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	t, err := readSettings(c)
	if err != nil {
		return nil, err
	}
	if err := t.resolveBase(); err != nil {
		return nil, err
	}
	a := &adapter{constants: constants(t), secrets: slices.Collect(maps.Values(t.Secrets)), client: c.HTTP, now: c.Now}
	if t.Request == nil {
		return nil, bad("request", "is required: the call that sends a message; or name a preset")
	}
	if a.request, err = compileRequest(t.Request, "request", scope(sendNames, t)); err != nil {
		return nil, err
	}
	a.secrets = append(a.secrets, a.request.credentials(a.constants))
	if a.response, err = compileResponse(t.Response); err != nil {
		return nil, err
	}
	if t.Receipt != nil {
		if a.receipt, err = compileReceipt(t.Receipt, t); err != nil {
			return nil, err
		}
		a.secrets = append(a.secrets, a.receipt.verify.secrets...)
	}
	if a.capabilities.Receipts, err = receiptsOf(t); err != nil {
		return nil, err
	}
	if t.Status == nil {
		return a, nil
	}
	return newQuerier(a, t)
}

// receiptsOf are the receipts that the tenant names, else those that the receipt's or status call's map can yield.
func receiptsOf(t tree) ([]policy.Receipt, error) {
	var given []policy.Receipt
	for _, name := range t.Receipts {
		r := policy.Receipt(name)
		if r.Rank() == 0 {
			return nil, bad("receipts", "%q must be sent, delivered or read", name)
		}
		given = append(given, r)
	}
	if t.Receipts == nil && t.Receipt != nil {
		for _, word := range t.Receipt.StatusMap {
			if r := kinds[word]; r.Rank() > 0 {
				given = append(given, r)
			}
		}
	}
	slices.SortFunc(given, func(a, b policy.Receipt) int { return a.Rank() - b.Rank() })
	return slices.Compact(given), nil
}

// Capabilities answers what the configuration can do.
func (a *adapter) Capabilities() channels.Capabilities { return a.capabilities }

// Send makes the configured call.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	req, err := a.request.build(ctx, a.sendVars(out))
	if err != nil {
		return channels.Taken{}, a.clean(&channels.Failure{Class: policy.ClassRequest, Code: "bad_content", Detail: err.Error()}, out.To)
	}
	resp, f := channels.Call(ctx, a.client, req)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	got := newAnswer(resp)
	if f := a.response.judge(got, a.now()); f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	id, _ := a.response.providerID.text(got)
	return channels.Taken{ProviderID: id}, nil
}

// callbackURL adds the token that genuine callbacks must show.
func (a *adapter) callbackURL(to string) string {
	if to == "" || a.receipt == nil || a.receipt.verify.token == "" {
		return to
	}
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := u.Query()
	q.Set("token", a.receipt.verify.token)
	u.RawQuery = q.Encode()
	return u.String()
}

// clean masks secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	hide := append(slices.Clone(a.secrets), to, strings.TrimPrefix(to, "+"), national(to))
	f.Detail = channels.Redact(f.Detail, hide...)
	f.ProviderCode = channels.Redact(f.ProviderCode, hide...)
	return f
}
