package simulator

import (
	"crypto/hmac"
	"crypto/sha1" // Twilio's choice
	"encoding/base64"
	"net/url"
	"sort"
	"time"
)

const twilioBudget = 15 * time.Second

// twilioPause makes one more call, and only after silence.
func twilioPause(tries int) (time.Duration, bool) { return time.Second, tries < 2 }

// twilioEventStatus is the status that an event brings about.
func twilioEventStatus(e event) string {
	switch e.Kind {
	case accepted:
		return "sent"
	case failed:
		return "undelivered"
	default:
		return e.Kind
	}
}

// twilioHook makes the status callbacks of a message, one a change, signed by the account's Auth Token.
func twilioHook(acc *account, f twilioForm) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		if f.callback == "" || acc.AppSecret == "" {
			return delivery{}, false
		}
		status, sid := twilioEventStatus(e), rec.view().ProviderID
		form := url.Values{
			"MessageSid": {sid}, "SmsSid": {sid}, "MessageStatus": {status}, "SmsStatus": {status}, "AccountSid": {acc.ID},
			"ApiVersion": {"2010-04-01"}, "From": {f.from}, "To": {f.to},
		}
		if f.service != "" {
			form.Set("MessagingServiceSid", f.service)
			form.Del("From")
		}
		if e.Kind == failed {
			form.Set("ErrorCode", e.Code)
		}
		return delivery{
			acc: acc, provider: Twilio, url: f.callback, body: []byte(form.Encode()), budget: twilioBudget, pause: twilioPause, anyAnswer: true,
			header: map[string]string{
				"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "X-Twilio-Signature": twilioSign(acc.AppSecret, f.callback, form),
			},
		}, true
	}
}

// twilioSign signs the address and the form's fields in the order of their names.
func twilioSign(token, address string, form url.Values) string {
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	sort.Strings(names)
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	for _, name := range names {
		mac.Write([]byte(name))
		mac.Write([]byte(form.Get(name)))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
