// Package vonage speaks Vonage's Messages API: Viber business messages and SMS, one channel an account.
//
// What Vonage's documents leave open, and what holds it here:
//   - the unit of an SMS's ttl (one of Vonage's SDKs says seconds, another milliseconds): it is not sent;
//   - client_ref is at most 100 characters by the documentation and 40 by an SDK: ours has 32;
//   - a Viber message whose ttl ran out may end in silence, without callback and charge (1360): the step's own timer is
//     the only truth, and no failure is made up;
//   - whether a callback that is repeated after a day is signed anew: one signed longer ago than five minutes is refused;
//   - a callback that comes without a signature, as one rarely does, is refused, and repeated signed;
//   - messages cannot be asked about with an application's key: the adapter is no StatusQuerier;
//   - whether the token is judged before the body, on which the account check rests.
package vonage

import (
	"cmp"
	"crypto/rsa"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"cascade/channels"
	"cascade/policy"
)

// Settings of an account.
const (
	settingBaseURL         = "base_url"
	settingApplicationID   = "application_id"
	settingPrivateKey      = "private_key"
	settingSignatureSecret = "signature_secret"
	settingFrom            = "from"
)

const defaultBaseURL = "https://api.nexmo.com"

// Bounds of the request, in characters.
const (
	maxText = 1000
	maxFrom = 50
)

var applicationPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "vonage",
		Channels: []policy.Channel{policy.Viber, policy.SMS},
		Fields: []channels.Field{
			{
				Name: settingBaseURL, Default: defaultBaseURL, Example: defaultBaseURL,
				Help:   "address of the API; set it for a region such as https://api-eu.vonage.com, or a proxy",
				HelpVI: "địa chỉ của API; chỉ đặt khi dùng khu vực riêng như https://api-eu.vonage.com, hoặc qua proxy",
			},
			{
				Name: settingApplicationID, Required: true, Example: "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
				Help:   "id of a Vonage application with the Messages capability",
				HelpVI: "id của một ứng dụng Vonage có bật Messages",
			},
			{
				Name: settingPrivateKey, Required: true, Secret: true, Example: "-----BEGIN PRIVATE KEY-----…",
				Help:   "the application's private key, the whole PEM text",
				HelpVI: "private key của ứng dụng, dán toàn bộ văn bản PEM",
			},
			{
				Name: settingSignatureSecret, Secret: true,
				Help:   "signature secret from the account's API settings; without it every callback is refused",
				HelpVI: "signature secret trong phần cài đặt API của tài khoản; nếu để trống, mọi callback đều bị từ chối",
			},
			{
				Name: settingFrom, LabelVI: "Người gửi", Required: true, Example: "MyBrand",
				Help:   "Viber service id or name, or the sender of SMS",
				HelpVI: "id hoặc tên dịch vụ Viber, hoặc tên người gửi SMS",
			},
		},
		Blank: func(ch policy.Channel) channels.Adapter { return &adapter{channel: ch} },
		New:   newAdapter,
	}
}

// adapter is one Vonage application on one channel.
type adapter struct {
	channel       policy.Channel
	baseURL       string
	applicationID string
	key           *rsa.PrivateKey
	secret        string
	from          string
	client        *http.Client
	now           func() time.Time
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	a := &adapter{
		channel: c.Channel, applicationID: strings.TrimSpace(c.String(settingApplicationID)), secret: c.String(settingSignatureSecret),
		from: strings.TrimSpace(c.String(settingFrom)), client: c.HTTP, now: c.Now,
	}
	base, err := url.Parse(cmp.Or(c.String(settingBaseURL), defaultBaseURL))
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" {
		return nil, &channels.SettingError{Field: settingBaseURL, Message: "must be an address such as " + defaultBaseURL}
	}
	a.baseURL = strings.TrimRight(base.String(), "/")
	if !applicationPattern.MatchString(a.applicationID) {
		return nil, &channels.SettingError{Field: settingApplicationID, Message: "must be the id of an application, as the Vonage dashboard shows it"}
	}
	if n := len([]rune(a.from)); n == 0 || n > maxFrom {
		return nil, &channels.SettingError{Field: settingFrom, Message: "must be the sender, of 1 to 50 characters"}
	}
	if a.key, err = readKey(c.String(settingPrivateKey)); err != nil {
		return nil, &channels.SettingError{Field: settingPrivateKey, Message: "must be the application's RSA private key as PEM text, from -----BEGIN to the end of the last line"}
	}
	return a, nil
}

// readKey reads PEM, also where its line breaks were written as \n on the way here. The error is kept back: it may
// quote the key.
func readKey(text string) (*rsa.PrivateKey, error) {
	return jwt.ParseRSAPrivateKeyFromPEM([]byte(strings.ReplaceAll(strings.TrimSpace(text), `\n`, "\n")))
}

// Capabilities answers what Vonage documents for the channel: nothing to ask, nothing against repeats.
func (a *adapter) Capabilities() channels.Capabilities {
	c := channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}, MaxText: maxText}
	if a.channel == policy.Viber {
		c.Receipts = append(c.Receipts, policy.ReceiptRead)
	}
	return c
}
