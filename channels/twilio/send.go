package twilio

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"time"

	"cascade/channels"
)

// Bounds of ValidityPeriod, in seconds. It is documented from 1 on, with the advice to give more than 5.
const leastValidity, mostValidity = 6, 36_000

// referenceParam carries our reference in the callback's address.
const referenceParam = "reference"

// Send posts the one message. 201 with an id means that Twilio queued it.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	raw, f := a.post(ctx, a.accountPath()+"/Messages.json", a.form(out))
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	taken, f := readTaken(raw)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	return taken, nil
}

func readTaken(raw []byte) (channels.Taken, *channels.Failure) {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return channels.Taken{}, unreadable("the answer is not the documented JSON", err)
	}
	if m.SID == "" {
		return channels.Taken{}, unreadable("the answer has no sid", nil)
	}
	return channels.Taken{ProviderID: string(m.SID), At: parseDate(m.DateCreated)}, nil
}

func (a *adapter) form(out channels.Outbound) url.Values {
	form := url.Values{"To": {out.To}, "Body": {out.Content.Text}}
	if a.isService() {
		form.Set("MessagingServiceSid", a.from)
	} else {
		form.Set("From", a.from)
	}
	if out.CallbackURL != "" {
		form.Set("StatusCallback", withReference(out.CallbackURL, out.Reference))
	}
	if seconds := validity(out.ValidFor); seconds > 0 {
		form.Set("ValidityPeriod", strconv.FormatInt(seconds, 10))
	}
	return form
}

// validity is how long Twilio may keep the message in its queue, in seconds, rounded up; 0 is not told.
func validity(d time.Duration) int64 {
	if d <= 0 {
		return 0
	}
	return min(max(int64((d+time.Second-1)/time.Second), leastValidity), mostValidity)
}

// withReference adds our reference to the callback's address.
func withReference(address, reference string) string {
	u, err := url.Parse(address)
	if err != nil || reference == "" {
		return address
	}
	q := u.Query()
	q.Set(referenceParam, reference)
	u.RawQuery = q.Encode()
	return u.String()
}
