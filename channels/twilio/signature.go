package twilio

import (
	"crypto/hmac"
	"crypto/sha1" // Twilio's choice
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/url"
	"slices"
	"strings"

	"cascade/channels"
)

const (
	signatureHeader = "X-Twilio-Signature"
	// bodyHashParam stands in the address of a callback whose body is no form.
	bodyHashParam = "bodySHA256"
)

// genuine checks X-Twilio-Signature: base64 of HMAC-SHA1 by the Auth Token over the address that Twilio called and the
// parameters of the form. Any other body is covered by its SHA-256 in the query of the signed address.
// Source: Twilio's security documentation and its helper libraries.
func (a *adapter) genuine(h channels.Hook) bool {
	given, err := base64.StdEncoding.DecodeString(h.Header.Get(signatureHeader))
	if err != nil || len(given) != sha1.Size {
		return false
	}
	form, ok := signedForm(h)
	if !ok {
		return false
	}
	for _, address := range spellings(h.URL) {
		mac := hmac.New(sha1.New, []byte(a.authToken))
		mac.Write([]byte(address + form))
		if hmac.Equal(mac.Sum(nil), given) {
			return true
		}
	}
	return false
}

// signedForm is what is signed behind the address. ok false: the body is not what its hash says, or no form.
func signedForm(h channels.Hook) (text string, ok bool) {
	if hash, hashed := bodyHash(h.URL); hashed {
		sum := sha256.Sum256(h.Body)
		return "", hmac.Equal([]byte(strings.ToLower(hash)), []byte(hex.EncodeToString(sum[:])))
	}
	form, err := url.ParseQuery(string(h.Body))
	if err != nil {
		return "", false
	}
	var signed strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) { // a repeated value counts once
			signed.WriteString(name + value)
		}
	}
	return signed.String(), true
}

func bodyHash(address string) (hash string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || !u.Query().Has(bodyHashParam) {
		return "", false
	}
	return u.Query().Get(bodyHashParam), true
}

// spellings are the address as it is, and with the default port added or left out.
func spellings(address string) []string {
	all := []string{address}
	scheme, rest, _ := strings.Cut(address, "://")
	port := map[string]string{"https": ":443", "http": ":80"}[scheme]
	if port == "" {
		return all
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if bare, ok := strings.CutSuffix(host, port); ok {
		return append(all, scheme+"://"+bare+path)
	}
	if strings.LastIndexByte(host, ':') <= strings.LastIndexByte(host, ']') {
		all = append(all, scheme+"://"+host+port+path)
	}
	return all
}
