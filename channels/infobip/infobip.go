// Package infobip speaks Infobip's HTTP API: Zalo templates v2, Viber v2 and SMS v3, one account each.
package infobip

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Settings of an account.
const (
	settingBaseURL       = "base_url"
	settingAPIKey        = "api_key"
	settingSender        = "sender"
	settingWebhookSecret = "webhook_secret"
	settingHMACHeader    = "webhook_hmac_header"
)

// defaultHMACHeader is the header most public receivers expect; Infobip's OpenAPI names none.
const defaultHMACHeader = "X-Hub-Signature"

// viberMaxText is the longest "text" of Viber v2, in characters.
const viberMaxText = 1000

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "infobip",
		Channels: []policy.Channel{policy.ZNS, policy.Viber, policy.SMS},
		Fields: []channels.Field{
			{
				Name: settingBaseURL, Label: "API base URL", Required: true, Example: "https://abc123.api.infobip.com",
				Help:   "the account's own address, shown in the Infobip portal",
				HelpVI: "địa chỉ riêng của tài khoản, hiển thị trên cổng Infobip",
			},
			{
				Name: settingAPIKey, Required: true, Secret: true,
				Help:   "an API key with the message:send scope of the channel",
				HelpVI: "API key có quyền message:send của kênh này",
			},
			{
				Name: settingSender, Required: true, Example: "MYBRAND",
				Help:   "brandname for SMS, service name for Viber, OA id for ZNS",
				HelpVI: "brandname cho SMS, tên dịch vụ cho Viber, OA id cho ZNS",
			},
			{
				Name: settingWebhookSecret, Secret: true,
				Help:   "what callbacks must prove to know; without it every callback is refused",
				HelpVI: "bí mật mà callback phải chứng minh là biết; nếu để trống, mọi callback đều bị từ chối",
			},
			{
				Name: settingHMACHeader, LabelVI: "Header HMAC của webhook", Default: defaultHMACHeader, Example: defaultHMACHeader,
				Help:   "header that carries the HMAC of a subscription's security profile",
				HelpVI: "header mang HMAC theo security profile của subscription",
			},
		},
		Blank: func(ch policy.Channel) channels.Adapter { return &adapter{channel: ch, wire: wires[ch]} },
		New:   newAdapter,
	}
}

// adapter is one Infobip account on one channel.
type adapter struct {
	channel    policy.Channel
	wire       wire
	baseURL    string
	apiKey     string
	sender     string
	secret     string
	hmacHeader string
	client     *http.Client
	now        func() time.Time
}

// wire is what differs between the channels on Infobip's side.
type wire struct {
	sendPath string
	// logsPath lists messages of the last 48 hours as often as asked. The reports beside it are told once only, so
	// that a report that we fetched and lost would be gone.
	logsPath string
	receipts []policy.Receipt
	maxText  int
}

// Source: Infobip's OpenAPI 3.210.0. Seen reports exist for Viber only.
var wires = map[policy.Channel]wire{
	policy.ZNS: {
		sendPath: "/zalo/2/messages", logsPath: "/zalo/1/logs",
		receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered},
	},
	policy.Viber: {
		sendPath: "/viber/2/messages", logsPath: "/viber/2/logs", maxText: viberMaxText,
		receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered, policy.ReceiptRead},
	},
	policy.SMS: {
		sendPath: "/sms/3/messages", logsPath: "/sms/3/logs",
		receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered},
	},
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	a := &adapter{
		channel: c.Channel, wire: wires[c.Channel], client: c.HTTP, now: c.Now,
		apiKey: c.String(settingAPIKey), sender: c.String(settingSender), secret: c.String(settingWebhookSecret),
		hmacHeader: cmp.Or(c.String(settingHMACHeader), defaultHMACHeader),
	}
	base, err := url.Parse(c.String(settingBaseURL))
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" {
		return nil, &channels.SettingError{Field: settingBaseURL, Message: "must be an address such as https://abc123.api.infobip.com"}
	}
	a.baseURL = strings.TrimRight(base.String(), "/")
	switch {
	case a.apiKey == "":
		return nil, &channels.SettingError{Field: settingAPIKey, Message: "is empty: take a key from the portal's developer tools"}
	case strings.ContainsAny(a.apiKey, "\r\n"):
		return nil, &channels.SettingError{Field: settingAPIKey, Message: "must be one line"}
	case a.sender == "":
		return nil, &channels.SettingError{Field: settingSender, Message: "is empty: name the brandname, Viber service or OA id"}
	}
	return a, nil
}

// Capabilities answers what Infobip documents for the channel. A repeated messageId is rejected with status 23.
func (a *adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: a.wire.receipts, QueryByReference: true, Dedupe: true, MaxText: a.wire.maxText}
}

// authorize sets the account's key.
func (a *adapter) authorize(r *http.Request) {
	r.Header.Set("Authorization", "App "+a.apiKey)
	r.Header.Set("Accept", "application/json")
}
