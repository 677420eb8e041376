// Package sinch speaks Sinch's SMS REST API ("XMS").
//
// Documented: batches, batch and recipient delivery reports with their statuses and codes, the error bodies of 400 and 403,
// client_reference echoed in reports and as a filter of the list of batches, callbacks repeated for most of a day.
// Source: https://developers.sinch.com/docs/sms/api-reference
//
// What the documents leave open, and what holds it here:
//   - callbacks are unsigned unless Sinch's account manager switches HMAC on: without webhook_secret each is a hint, and
//     is confirmed by asking. The reference does not spell the signed text out; Sinch's public SDKs do: body, nonce and
//     timestamp with dots between, HMAC-SHA256, base64. Whether a repeated callback is signed afresh is not said, so its
//     age is not judged: a receipt that comes again has the Key of the first;
//   - whether a batch is in the list the moment it was taken: "not found" right after a send means no more than "too early";
//   - the operators' codes, "a combination of SMPP error codes": only Sinch's own, from 400 on, are read, and of any other
//     the status beside it decides;
//   - what becomes of "${…}" in a body that has no parameters: it goes out as it stands;
//   - a repeated request is sent and billed again: nothing here is refused as a duplicate.
package sinch

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Settings of an account.
const (
	settingBaseURL       = "base_url"
	settingServicePlanID = "service_plan_id"
	settingAPIToken      = "api_token"
	settingFrom          = "from"
	settingWebhookSecret = "webhook_secret"
)

const exampleURL = "https://eu.sms.api.sinch.com"

// maxText is the longest body, in characters. It is the older of the documented bounds; today's reference says 2000.
const maxText = 1600

var (
	planPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	numberPattern = regexp.MustCompile(`^\+?[0-9]{3,15}$`)
	// wordPattern is an alphanumeric sender, which has a letter; maxWord its length in characters.
	wordPattern = regexp.MustCompile(`^[A-Za-z0-9 &._+-]*[A-Za-z][A-Za-z0-9 &._+-]*$`)
)

const maxWord = 11

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "sinch",
		Channels: []policy.Channel{policy.SMS},
		Fields: []channels.Field{
			{
				Name: settingBaseURL, Required: true, Example: exampleURL,
				Help:   "address of the account's region: us, eu, au, br or ca",
				HelpVI: "địa chỉ theo khu vực của tài khoản: us, eu, au, br hoặc ca",
			},
			{
				Name: settingServicePlanID, Label: "Service plan ID", Required: true, Example: "0123456789abcdef0123456789abcdef",
				Help:   "service plan ID, shown in the Sinch dashboard under SMS, APIs",
				HelpVI: "service plan ID, hiển thị trong Sinch dashboard ở mục SMS, APIs",
			},
			{
				Name: settingAPIToken, Label: "API token", Required: true, Secret: true,
				Help:   "API token, shown beside the service plan ID",
				HelpVI: "API token, hiển thị bên cạnh service plan ID",
			},
			{
				Name: settingFrom, LabelVI: "Người gửi", Required: true, Example: "MYBRAND",
				Help:   "a number of the account, a short code, or an alphanumeric sender of up to 11 characters",
				HelpVI: "một số của tài khoản, đầu số ngắn, hoặc tên người gửi tối đa 11 ký tự chữ và số",
			},
			{
				Name: settingWebhookSecret, Secret: true,
				Help:   "HMAC secret of callbacks, if Sinch has switched it on; without it every callback is confirmed by a query",
				HelpVI: "bí mật HMAC của callback, nếu Sinch đã bật; nếu để trống, mỗi callback được xác nhận lại bằng một lần tra cứu",
			},
		},
		Blank: func(policy.Channel) channels.Adapter { return &adapter{} },
		New:   newAdapter,
	}
}

// adapter is one service plan with one sender.
type adapter struct {
	// planURL is where everything of the service plan lives.
	planURL string
	token   string
	from    string
	secret  string
	client  *http.Client
	now     func() time.Time
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	a := &adapter{
		token: c.String(settingAPIToken), from: strings.TrimSpace(c.String(settingFrom)), secret: c.String(settingWebhookSecret),
		client: c.HTTP, now: c.Now,
	}
	plan := c.String(settingServicePlanID)
	base, err := url.Parse(c.String(settingBaseURL))
	switch {
	case err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "":
		return nil, &channels.SettingError{Field: settingBaseURL, Message: "must be an address such as " + exampleURL}
	case !planPattern.MatchString(plan):
		return nil, &channels.SettingError{Field: settingServicePlanID, Message: "must be the service plan ID from the Sinch dashboard: letters and digits"}
	case a.token == "":
		return nil, &channels.SettingError{Field: settingAPIToken, Message: "is empty: take the API token of the service plan from the Sinch dashboard"}
	case strings.ContainsAny(a.token, "\r\n"):
		return nil, &channels.SettingError{Field: settingAPIToken, Message: "must be one line"}
	case !numberPattern.MatchString(a.from) && (len(a.from) > maxWord || !wordPattern.MatchString(a.from)):
		return nil, &channels.SettingError{Field: settingFrom, Message: "must be a number such as +15005550006, a short code, or a sender of up to 11 letters and digits"}
	}
	a.planURL = strings.TrimRight(base.String(), "/") + "/xms/v1/" + plan
	return a, nil
}

// Capabilities answers what Sinch documents for SMS: no reading, look-ups by its id and by ours, nothing against repeats.
func (a *adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		Receipts:          []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered},
		QueryByProviderID: true, QueryByReference: true, MaxText: maxText,
	}
}
