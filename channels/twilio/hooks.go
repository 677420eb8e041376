package twilio

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/url"

	"cascade/channels"
)

// ReadHook reads a status callback: a form, or a JSON object of the same names. A person's own message is of no
// consequence.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if !a.genuine(h) {
		return nil, channels.ErrForged
	}
	fields, err := readFields(h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", channels.ErrUnreadable, err)
	}
	r := report{
		sid: first(fields, "MessageSid", "SmsSid"), status: first(fields, "MessageStatus", "SmsStatus"),
		error: fields["ErrorCode"], words: fields["ErrorMessage"],
	}
	_, known := kinds[r.status]
	switch {
	case r.sid == "":
		return nil, fmt.Errorf("%w: there is no MessageSid", channels.ErrUnreadable)
	case !known:
		return nil, fmt.Errorf("%w: MessageStatus %q is not documented", channels.ErrUnreadable, a.redact(r.status))
	}
	rec, ok := a.receipt(r, "callback/")
	if !ok {
		return nil, nil
	}
	rec.Reference = referenceOf(h.URL)
	return []channels.Receipt{rec}, nil
}

// readFields reads the body, which the signature has covered, by its content type.
func readFields(h channels.Hook) (map[string]string, error) {
	fields := map[string]string{}
	if kind, _, _ := mime.ParseMediaType(h.Header.Get("Content-Type")); kind == "application/json" {
		var object map[string]channels.Text
		if err := json.Unmarshal(h.Body, &object); err != nil {
			return nil, err
		}
		for name, value := range object {
			fields[name] = string(value)
		}
		return fields, nil
	}
	form, err := url.ParseQuery(string(h.Body))
	if err != nil {
		return nil, err
	}
	for name := range form {
		fields[name] = form.Get(name)
	}
	return fields, nil
}

func first(fields map[string]string, names ...string) string {
	for _, name := range names {
		if fields[name] != "" {
			return fields[name]
		}
	}
	return ""
}

// referenceOf reads our reference, which stands in the signed address.
func referenceOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if ref := u.Query().Get(referenceParam); isReference(ref) {
		return ref
	}
	return ""
}
