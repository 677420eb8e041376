// Package twilio speaks Twilio's Programmable Messaging API of 2010-04-01 for SMS.
//
// What Twilio's documents leave open, and what holds it here:
//   - a callback names its message by Twilio's id alone, which a call that was cut never told. Our reference therefore
//     stands in the query of every StatusCallback: Twilio calls that address as it is, and signs it;
//   - whether the signed address has the default port written out: it is accepted with and without;
//   - whether a callback that was not answered with 2xx is repeated (by default only a failed connection is, once):
//     a silent message is asked about by Query;
//   - RawDlrDoneDate has no time zone and no seconds: a callback's time is when it was received;
//   - a repeated request is sent and billed again: nothing here is refused as a duplicate.
package twilio

import (
	"cmp"
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
	settingBaseURL      = "base_url"
	settingAccountSID   = "account_sid"
	settingAuthToken    = "auth_token"
	settingFrom         = "from"
	settingAPIKeySID    = "api_key_sid"
	settingAPIKeySecret = "api_key_secret"
)

const defaultBaseURL = "https://api.twilio.com"

// maxText is the longest Body, in characters.
const maxText = 1600

var (
	sidPattern     = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)
	servicePattern = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	numberPattern  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// shortPattern is a short code; wordPattern an alphanumeric sender, which has a letter.
	shortPattern = regexp.MustCompile(`^[0-9]{3,8}$`)
	wordPattern  = regexp.MustCompile(`^[A-Za-z0-9 &_+-]{0,10}[A-Za-z][A-Za-z0-9 &_+-]{0,10}$`)
)

// maxWord is the longest alphanumeric sender, in characters.
const maxWord = 11

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{
		Name:     "twilio",
		Channels: []policy.Channel{policy.SMS},
		Fields: []channels.Field{
			{
				Name: settingBaseURL, Default: defaultBaseURL, Example: defaultBaseURL,
				Help:   "address of the API; set it for a region of Twilio's or a proxy",
				HelpVI: "địa chỉ của API; chỉ đặt khi dùng khu vực riêng của Twilio hoặc qua proxy",
			},
			{
				Name: settingAccountSID, Label: "Account SID", Required: true, Example: "AC0123456789abcdef0123456789abcdef",
				Help:   "Account SID, shown on the front page of the Twilio console",
				HelpVI: "Account SID, hiển thị ở trang đầu của Twilio Console",
			},
			{
				Name: settingAuthToken, Label: "Auth Token", Required: true, Secret: true,
				Help:   "Auth Token, shown beside the Account SID; Twilio signs its callbacks with it",
				HelpVI: "Auth Token, hiển thị bên cạnh Account SID; Twilio dùng nó để ký các callback",
			},
			{
				Name: settingFrom, LabelVI: "Người gửi", Required: true, Example: "+15005550006",
				Help:   "a number in E.164, a short code, an alphanumeric sender of up to 11 characters, or a messaging service (MG…)",
				HelpVI: "số dạng E.164, đầu số ngắn, tên người gửi tối đa 11 ký tự chữ và số, hoặc một messaging service (MG…)",
			},
			{
				Name: settingAPIKeySID, Example: "SK0123456789abcdef0123456789abcdef",
				Help:   "API key to call with instead of the Auth Token",
				HelpVI: "API key dùng để gọi thay cho Auth Token",
			},
			{
				Name: settingAPIKeySecret, Secret: true,
				Help:   "secret of the API key",
				HelpVI: "secret của API key",
			},
		},
		Blank: func(policy.Channel) channels.Adapter { return &adapter{} },
		New:   newAdapter,
	}
}

// adapter is one Twilio account with one sender.
type adapter struct {
	baseURL    string
	accountSID string
	authToken  string
	// user and password are what calls are made with: an API key's, or the account's own.
	user, password string
	from           string
	client         *http.Client
	now            func() time.Time
}

func newAdapter(c channels.Config) (channels.Adapter, error) {
	a := &adapter{
		accountSID: c.String(settingAccountSID), authToken: c.String(settingAuthToken), from: strings.TrimSpace(c.String(settingFrom)),
		client: c.HTTP, now: c.Now,
	}
	for _, check := range []func(channels.Config) *channels.SettingError{a.readURL, a.readCredentials, a.readFrom} {
		if err := check(c); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *adapter) readURL(c channels.Config) *channels.SettingError {
	base, err := url.Parse(cmp.Or(c.String(settingBaseURL), defaultBaseURL))
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") || base.RawQuery != "" {
		return &channels.SettingError{Field: settingBaseURL, Message: "must be an address such as " + defaultBaseURL}
	}
	a.baseURL = strings.TrimRight(base.String(), "/")
	return nil
}

func (a *adapter) readCredentials(c channels.Config) *channels.SettingError {
	key, secret := c.String(settingAPIKeySID), c.String(settingAPIKeySecret)
	switch {
	case !sidPattern.MatchString(a.accountSID):
		return &channels.SettingError{Field: settingAccountSID, Message: "must be the Account SID from the Twilio console: AC and 32 hex digits"}
	case a.authToken == "":
		return &channels.SettingError{Field: settingAuthToken, Message: "is empty: take the Auth Token from the Twilio console; callbacks are checked with it even if calls use an API key"}
	case key != "" && !sidPattern.MatchString(key):
		return &channels.SettingError{Field: settingAPIKeySID, Message: "must be the SID of an API key: SK and 32 hex digits"}
	case key != "" && secret == "":
		return &channels.SettingError{Field: settingAPIKeySecret, Message: "is required with api_key_sid; Twilio showed it once, when the key was made"}
	case key == "" && secret != "":
		return &channels.SettingError{Field: settingAPIKeySID, Message: "is required with api_key_secret"}
	}
	a.user, a.password = a.accountSID, a.authToken
	if key != "" {
		a.user, a.password = key, secret
	}
	return nil
}

func (a *adapter) readFrom(channels.Config) *channels.SettingError {
	word := len(a.from) <= maxWord && wordPattern.MatchString(a.from)
	if a.isService() || a.isNumber() || shortPattern.MatchString(a.from) || word {
		return nil
	}
	return &channels.SettingError{
		Field: settingFrom, Message: "must be a number such as +15005550006, a short code, a sender of up to 11 letters and digits, or a messaging service SID (MG and 32 hex digits)",
	}
}

func (a *adapter) isService() bool { return servicePattern.MatchString(a.from) }

func (a *adapter) isNumber() bool { return numberPattern.MatchString(a.from) }

// Capabilities answers what Twilio documents for SMS: no reading, look-ups by its own id, nothing against repeats.
func (a *adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{
		Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}, QueryByProviderID: true, MaxText: maxText,
	}
}
