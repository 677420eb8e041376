// Package esms speaks the HTTP API of ViHAT's eSMS, and of the resellers that run it under other names: Zalo ZNS
// (V6), Viber and SMS brandname, one channel an account.
//
// What eSMS's documents leave open, and what holds it here:
//   - callbacks carry no proof. webhook_secret goes into every CallbackUrl as its token, and every receipt is a Hint,
//     to be confirmed by Query;
//   - whether eSMS joins its fields to a CallbackUrl that has a query with "&" or with a second "?": both are read;
//   - whether an OA sends as "Zalo priority" (24) or "Zalo normal" (25), by which messages are looked up: sms_type;
//   - whether a reseller has the ZNS look-up QueryZnsStatus, which one source describes: zns_status;
//   - which reports come by callback besides the last one, and what a repeat of a RequestId that was refused before
//     gets: no setting. Only "delivered" is declared, and a duplicate is of unknown outcome, never taken;
//   - whether Sandbox calls get callbacks: sandbox, which is for trying an account out and never for real traffic;
//   - a limit on the calls a second is not published: the account's own rate.
package esms

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Settings of an account.
const (
	settingAPIURL        = "api_url"
	settingAPIKey        = "api_key"
	settingSecretKey     = "secret_key"
	settingBrandname     = "brandname"
	settingOAID          = "oa_id"
	settingSMSType       = "sms_type"
	settingWebhookSecret = "webhook_secret"
	settingZNSStatus     = "zns_status"
	settingSandbox       = "sandbox"
)

// defaultAPIURL is eSMS's own; the names of the calls follow it.
const defaultAPIURL = "https://rest.esms.vn/MainService.svc/json"

// The look-ups of a sent message.
const (
	callSendStatus = "GetSendStatus"
	callZNSStatus  = "QueryZnsStatus"
)

// Message types, as SmsType and TypeId.
const (
	typeCare         = "2"
	typeFixedNumber  = "8"
	typeViber        = "23"
	typeZaloPriority = "24"
	typeZaloNormal   = "25"
)

// smsTypes are the types that one message to one person may have on each channel; the first is the default.
var smsTypes = map[policy.Channel][]string{
	policy.SMS:   {typeCare, typeFixedNumber},
	policy.Viber: {typeViber},
	policy.ZNS:   {typeZaloNormal, typeZaloPriority},
}

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "esms",
		Channels: []policy.Channel{policy.ZNS, policy.Viber, policy.SMS},
		Fields: []channels.Field{
			{
				Name: settingAPIURL, Default: defaultAPIURL, Example: defaultAPIURL,
				Help:   "address in front of the calls' names; set it for a reseller of eSMS",
				HelpVI: "địa chỉ đứng trước tên các lệnh gọi; chỉ đặt khi dùng đại lý của eSMS",
			},
			{
				Name: settingAPIKey, Label: "ApiKey", Required: true, Secret: true,
				Help:   "ApiKey, shown in the account's API settings at eSMS",
				HelpVI: "ApiKey, hiển thị trong phần cài đặt API của tài khoản tại eSMS",
			},
			{
				Name: settingSecretKey, Label: "SecretKey", Required: true, Secret: true,
				Help:   "SecretKey, shown beside the ApiKey",
				HelpVI: "SecretKey, hiển thị bên cạnh ApiKey",
			},
			{
				Name: settingBrandname, Example: "MYBRAND",
				Help:   "registered sender; required for sms and viber",
				HelpVI: "tên người gửi đã đăng ký; bắt buộc với sms và viber",
			},
			{
				Name: settingOAID, Example: "1234567890123456789",
				Help:   "id of the Zalo Official Account added at eSMS; required for zns",
				HelpVI: "id của Zalo Official Account đã thêm tại eSMS; bắt buộc với zns",
			},
			{
				Name: settingSMSType, LabelVI: "Loại tin (SmsType)", Example: typeCare,
				Help:   "sms: 2 care and OTP (default) or 8 fixed number; viber: 23; zns: 25 normal (default) or 24 priority, by which messages are looked up; ask eSMS which yours is",
				HelpVI: "sms: 2 chăm sóc khách hàng và OTP (mặc định) hoặc 8 đầu số cố định; viber: 23; zns: 25 bình thường (mặc định) hoặc 24 ưu tiên, cũng dùng khi tra cứu tin; hãy hỏi eSMS loại của bạn",
			},
			{
				Name: settingWebhookSecret, Secret: true,
				Help:   "added to the callback address of every message, as eSMS signs nothing; without it every callback is refused",
				HelpVI: "được thêm vào địa chỉ callback của mỗi tin, vì eSMS không ký gì; nếu để trống, mọi callback đều bị từ chối",
			},
			{
				Name: settingZNSStatus, LabelVI: "Lệnh tra cứu ZNS", Default: callZNSStatus, Example: callZNSStatus,
				Help:   "look-up of a ZNS: " + callZNSStatus + " (default, tells Zalo's reason) or " + callSendStatus + " where a reseller does not have it",
				HelpVI: "lệnh tra cứu một tin ZNS: " + callZNSStatus + " (mặc định, cho biết lý do của Zalo) hoặc " + callSendStatus + " nếu đại lý không có lệnh trên",
			},
			{
				Name: settingSandbox, Example: "1",
				Help:   "1 makes eSMS check each call and then deliver, bill and keep nothing; for trying the account out only",
				HelpVI: "1 để eSMS chỉ kiểm tra lệnh gọi mà không gửi, không tính tiền và không lưu gì; chỉ để thử tài khoản",
			},
		},
		Blank: func(ch policy.Channel) channels.Adapter { return &adapter{channel: ch} },
		New:   newAdapter,
	}
}

// adapter is one eSMS account on one channel.
type adapter struct {
	channel   policy.Channel
	apiURL    string
	keys      keys
	brandname string
	oaID      string
	smsType   string
	secret    string
	znsStatus string
	sandbox   bool
	client    *http.Client
	now       func() time.Time
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	a := &adapter{
		channel: c.Channel, client: c.HTTP, now: c.Now,
		keys:      keys{c.String(settingAPIKey), c.String(settingSecretKey)},
		brandname: c.String(settingBrandname), oaID: c.String(settingOAID), secret: c.String(settingWebhookSecret),
		znsStatus: cmp.Or(c.String(settingZNSStatus), callZNSStatus),
	}
	for _, check := range []func(channels.Config) *channels.SettingError{a.readURL, a.readSender, a.readType, a.readSandbox} {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *adapter) readURL(c channels.Config) *channels.SettingError {
	base, err := url.Parse(cmp.Or(c.String(settingAPIURL), defaultAPIURL))
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" {
		return &channels.SettingError{Field: settingAPIURL, Message: "must be an address such as " + defaultAPIURL}
	}
	a.apiURL = strings.TrimRight(base.String(), "/")
	return nil
}

func (a *adapter) readSender(c channels.Config) *channels.SettingError {
	fixed := c.Channel == policy.SMS && c.String(settingSMSType) == typeFixedNumber
	switch {
	case a.keys.APIKey == "":
		return &channels.SettingError{Field: settingAPIKey, Message: "is empty: take the ApiKey from the account's API settings at eSMS"}
	case a.keys.SecretKey == "":
		return &channels.SettingError{Field: settingSecretKey, Message: "is empty: take the SecretKey from the account's API settings at eSMS"}
	case c.Channel == policy.ZNS && (a.oaID == "" || strings.Trim(a.oaID, "0123456789") != ""):
		return &channels.SettingError{Field: settingOAID, Message: "is required for zns: the digits of the Official Account's id"}
	case c.Channel != policy.ZNS && a.brandname == "" && !fixed:
		return &channels.SettingError{Field: settingBrandname, Message: fmt.Sprintf("is required for %s: the sender registered at eSMS", c.Channel)}
	}
	return nil
}

func (a *adapter) readType(c channels.Config) *channels.SettingError {
	known := smsTypes[c.Channel]
	a.smsType = cmp.Or(c.String(settingSMSType), known[0])
	if !slices.Contains(known, a.smsType) {
		return &channels.SettingError{Field: settingSMSType, Message: fmt.Sprintf("must be one of %s for %s", strings.Join(known, ", "), c.Channel)}
	}
	if a.znsStatus != callZNSStatus && a.znsStatus != callSendStatus {
		return &channels.SettingError{Field: settingZNSStatus, Message: "must be " + callZNSStatus + " or " + callSendStatus}
	}
	return nil
}

func (a *adapter) readSandbox(c channels.Config) *channels.SettingError {
	switch c.String(settingSandbox) {
	case "", "0", "false":
	case "1", "true":
		a.sandbox = true
	default:
		return &channels.SettingError{Field: settingSandbox, Message: "must be 1 or 0"}
	}
	return nil
}

// Capabilities answers what eSMS documents: no read report on any channel, look-ups by its own id only, and a
// repeated RequestId refused for 24 hours.
func (a *adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptDelivered}, QueryByProviderID: true, Dedupe: true}
}
