package esms

import (
	"crypto/subtle"
	"fmt"
	"net/url"
	"strings"

	"cascade/channels"
)

// tokenParam carries webhook_secret in the callback address.
const tokenParam = "token"

// ReadHook reads the report in a callback's query. eSMS signs nothing, so the token of our own address is checked, and
// the receipt is a Hint all the same: the address is known to eSMS and to every proxy on the way.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	fields := callbackFields(h.URL)
	if !a.genuine(fields[tokenParam]) {
		return nil, channels.ErrForged
	}
	if count(fields["totalreceiver"]) > 1 {
		return nil, nil // an advertising batch: counts that name nobody
	}
	r := report{
		smsID: fields["smsid"], requestID: fields["requestid"], status: fields["sendstatus"],
		success: fields["sendsuccess"], failed: fields["sendfailed"],
		typeID: fields["typeid"], price: fields["totalprice"], reason: fields["error_info"],
	}
	switch {
	case r.smsID == "" && !isReference(r.requestID):
		return nil, fmt.Errorf("%w: neither SMSID nor RequestId names a message", channels.ErrUnreadable)
	case !r.known():
		return nil, fmt.Errorf("%w: SendStatus %q is not documented", channels.ErrUnreadable, a.redact(r.status))
	}
	rec, ok := a.receipt(r, "callback/")
	if !ok {
		return nil, nil
	}
	rec.Hint = true
	return []channels.Receipt{rec}, nil
}

// genuine compares in constant time. Without a configured secret nothing is genuine.
func (a *adapter) genuine(token string) bool {
	return a.secret != "" && subtle.ConstantTimeCompare([]byte(token), []byte(a.secret)) == 1
}

// callbackFields reads the query by lower-case names, of which eSMS writes some in two ways. Where eSMS put a second
// "?" behind our token instead of "&", it is read as one.
func callbackFields(address string) map[string]string {
	_, query, _ := strings.Cut(address, "?")
	if ours, theirs, twice := strings.Cut(query, "?"); twice && !strings.Contains(strings.ToLower(ours), "smsid=") {
		query = ours + "&" + theirs
	}
	fields := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		if key := strings.ToLower(name); fields[key] == "" {
			fields[key] = value
		}
	}
	return fields
}
