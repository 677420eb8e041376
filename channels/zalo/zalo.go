// Package zalo speaks to Zalo's ZBS Template Message API (formerly ZNS): template messages from an Official Account to
// a phone number, or to a person whose user id it knows. Section numbers in comments are those of the project's Zalo
// fact sheet.
package zalo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Where Zalo answers unless the settings say otherwise.
const (
	defaultAPI     = "https://business.openapi.zalo.me"
	defaultOpenAPI = "https://openapi.zalo.me"
	defaultOAuth   = "https://oauth.zaloapp.com"
)

// Spec describes the adapter for the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "zalo",
		Channels: []policy.Channel{policy.ZNS},
		Fields: []channels.Field{
			{
				Name: "app_id", Label: "Application ID", Required: true, Example: "1000000000000000001",
				Help:   "ID of the application at developers.zalo.me",
				HelpVI: "ID của ứng dụng tại developers.zalo.me",
			},
			{
				Name: "app_secret", Label: "Application secret key", Required: true, Secret: true,
				Help:   "secret key of the application (OAuth and appsecret_proof)",
				HelpVI: "khóa bí mật của ứng dụng (dùng cho OAuth và appsecret_proof)",
			},
			{
				Name: "oa_id", Label: "Official Account ID", Required: true, Example: "3000000000000000001",
				Help:   "ID of the Official Account that sends",
				HelpVI: "ID của Official Account đứng tên gửi tin",
			},
			{
				Name: "oa_secret", Label: "OA secret key", Required: true, Secret: true,
				Help:   "OA secret key, shown on the console's webhook page; not the application's secret",
				HelpVI: "OA secret key, hiển thị ở trang webhook của trang quản trị ứng dụng; không phải khóa bí mật của ứng dụng",
			},
			{
				Name: "refresh_token", Secret: true,
				Help:   "refresh token of the Official Account; it is spent at once, so paste it into one place only. Without one the account sends once it was linked by consent",
				HelpVI: "refresh token của Official Account; chỉ dùng được một lần, nên chỉ dán vào một nơi. Nếu để trống, tài khoản gửi được sau khi liên kết bằng cách chấp thuận",
			},
			{
				Name: "access_token", Secret: true,
				Help:   "access token, if there is a valid one; otherwise it is fetched with the refresh token",
				HelpVI: "access token nếu đang có một mã còn hạn; nếu không, mã được lấy bằng refresh token",
			},
			{
				Name: "appsecret_proof", Default: "false", Example: "true",
				Help:   "true if the application demands appsecret_proof with every call",
				HelpVI: "true nếu ứng dụng bắt buộc có appsecret_proof trong mỗi lần gọi",
			},
			{
				Name: "hash_phone", LabelVI: "Băm số điện thoại", Example: "lower",
				Help:   "lower or upper: numbers go out as the SHA-256 of 84…, in hex digits of this case. Which case Zalo wants is not sure, so try one message first",
				HelpVI: "lower hoặc upper: số được gửi dưới dạng SHA-256 của 84…, viết bằng chữ số hex thường hoặc hoa. Chưa chắc Zalo muốn kiểu nào, nên hãy gửi thử một tin trước",
			},
			{
				Name: "sending_mode", LabelVI: "Chế độ gửi", Default: "1", Example: "1",
				Help:   "1 is normal; 3 goes beyond the quota, for content tag 3 and Official Accounts that Zalo allows it",
				HelpVI: "1 là bình thường; 3 là gửi vượt hạn mức, dành cho nội dung tag 3 và Official Account được Zalo cho phép",
			},
			{
				Name: "api_url", Default: defaultAPI, Example: defaultAPI,
				Help:   "address of the business API",
				HelpVI: "địa chỉ của Business API",
			},
			{
				Name: "openapi_url", Default: defaultOpenAPI, Example: defaultOpenAPI,
				Help:   "address of the Official Account API, for messages to a user id",
				HelpVI: "địa chỉ của Official Account API, dùng cho tin gửi theo user id",
			},
			{
				Name: "oauth_url", Default: defaultOAuth, Example: defaultOAuth,
				Help:   "address of the OAuth API",
				HelpVI: "địa chỉ của OAuth API",
			},
		},
		Blank: func(policy.Channel) channels.Adapter { return &Adapter{} },
		New:   func(c channels.Config) (channels.Adapter, error) { return newAdapter(c) },
	}
}

// Adapter is one Official Account.
type Adapter struct {
	appID, appSecret       string
	oaID, oaSecret         string
	api, openAPI, oauth    string
	proof                  bool
	hashPhone, sendingMode string
	secrets                []string

	http   *http.Client
	tokens channels.TokenSource
	now    func() time.Time
}

// The whole of what the adapter can do.
var (
	_ channels.HookReader     = (*Adapter)(nil)
	_ channels.StatusQuerier  = (*Adapter)(nil)
	_ channels.AccountChecker = (*Adapter)(nil)
	_ channels.TemplateLister = (*Adapter)(nil)
	_ channels.TokenRefresher = (*Adapter)(nil)
	_ channels.Authorizer     = (*Adapter)(nil)
	_ channels.NoticeReader   = (*Adapter)(nil)
	_ channels.QuotaReader    = (*Adapter)(nil)
	_ channels.QualityReader  = (*Adapter)(nil)
)

func newAdapter(c channels.Config) (*Adapter, error) {
	if err := checkSettings(c); err != nil {
		return nil, err
	}
	a := &Adapter{
		appID: c.String("app_id"), appSecret: c.String("app_secret"), oaID: c.String("oa_id"), oaSecret: c.String("oa_secret"),
		proof: c.String("appsecret_proof") == "true", hashPhone: c.String("hash_phone"), sendingMode: c.String("sending_mode"),
		secrets: []string{c.String("app_secret"), c.String("oa_secret"), c.String("refresh_token"), c.String("access_token")},
		http:    c.HTTP, tokens: c.Tokens, now: c.Now,
	}
	for _, at := range []struct {
		field, standard string
		to              *string
	}{
		{"api_url", defaultAPI, &a.api},
		{"openapi_url", defaultOpenAPI, &a.openAPI},
		{"oauth_url", defaultOAuth, &a.oauth},
	} {
		var err error
		if *at.to, err = address(c, at.field, at.standard); err != nil {
			return nil, err
		}
	}
	if a.tokens == nil {
		a.tokens = fixedToken(c.String("access_token"))
	}
	return a, nil
}

// checkSettings looks at every setting that is no address.
func checkSettings(c channels.Config) error {
	for _, name := range []string{"app_id", "app_secret", "oa_id", "oa_secret"} {
		if strings.TrimSpace(c.String(name)) == "" {
			return &channels.SettingError{Field: name, Message: "is empty; the Zalo developer console shows it"}
		}
	}
	for _, name := range []string{"app_id", "oa_id"} {
		if v := c.String(name); strings.Trim(v, "0123456789") != "" {
			return &channels.SettingError{Field: name, Message: "must be digits only, written as a string"}
		}
	}
	for _, choice := range []struct {
		field   string
		values  []string
		message string
	}{
		{"appsecret_proof", []string{"true", "false"}, `must be "true" or "false"`},
		{"hash_phone", []string{hashLower, hashUpper}, `must be "lower", "upper" or left out`},
		{"sending_mode", []string{"1", beyondQuota}, `must be "1", "3" or left out`},
	} {
		if v := c.String(choice.field); v != "" && !slices.Contains(choice.values, v) {
			return &channels.SettingError{Field: choice.field, Message: choice.message}
		}
	}
	return nil
}

// address reads a URL setting without its trailing slash.
func address(c channels.Config, field, standard string) (string, error) {
	v := c.String(field)
	if v == "" {
		return standard, nil
	}
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", &channels.SettingError{Field: field, Message: fmt.Sprintf("must be an address like %s, without a query", standard)}
	}
	return strings.TrimRight(v, "/"), nil
}

// Capabilities are those of messages by phone: delivery is reported, reading is not documented (§4.5). Messages by user
// id may tell of reading too, which nobody has proven, so a policy must not wait for it. tracking_id is no idempotency
// key (§0.5), and only msg_id can be asked about (§5.1).
func (*Adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		Receipts:          []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered},
		QueryByProviderID: true,
	}
}

// fixedToken stands in where nobody renews tokens: a check of settings, a test.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) {
	if t == "" {
		return "", needsReauth("", "there is no access token")
	}
	return string(t), nil
}

func (t fixedToken) Renew(context.Context, string) (string, error) {
	return "", needsReauth("", "the access token was refused and nothing renews it")
}
