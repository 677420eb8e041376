package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

const vonageBudget = 10 * time.Second

// vonagePause is Vonage's plan: 5 s, doubled up to 640 s, then every 900 s for a day in all.
func vonagePause(tries int) (time.Duration, bool) {
	if tries <= 8 {
		return 5 * time.Second << (tries - 1), true
	}
	return 900 * time.Second, tries < 8+95
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// vonageEventStatus is the status that an event brings about.
func vonageEventStatus(e event) string {
	switch e.Kind {
	case accepted:
		return "submitted"
	case failed:
		return "rejected"
	default:
		return e.Kind
	}
}

// vonageHook makes the status callbacks of a message, one a change, signed with the account's secret. A Viber message
// whose ttl ran out ends in silence, as 1360 has it.
func (s *Simulator) vonageHook(acc *account, m vonageMessage) func(*record, event) (delivery, bool) {
	channel := m.channel()
	return func(rec *record, e event) (delivery, bool) {
		expired := e.Kind == failed && e.Code == codeExpired
		if m.WebhookURL == "" || acc.WebhookSecret == "" || expired || e.Kind == read && channel != Viber {
			return delivery{}, false
		}
		raw, err := json.Marshal(vonageStatusBody(m, rec.view(), e))
		if err != nil {
			return delivery{}, false
		}
		return delivery{
			acc: acc, provider: Vonage, url: m.WebhookURL, body: raw, budget: vonageBudget, pause: vonagePause,
			header: map[string]string{"Content-Type": "application/json", "Authorization": "Bearer " + vonageSign(acc, s.opt.Now(), raw)},
		}, true
	}
}

// vonageStatusBody is a callback of version v1. What was charged stands beside the change that caused it, and for SMS,
// charged when submitted, beside the delivery too.
func vonageStatusBody(m vonageMessage, c Call, e event) map[string]any {
	status := map[string]any{
		"message_uuid": c.ProviderID, "to": m.To, "from": m.From, "timestamp": e.At.UTC().Format("2006-01-02T15:04:05.000Z"),
		"status": vonageEventStatus(e), "channel": m.Channel,
	}
	if m.ClientRef != "" {
		status["client_ref"] = m.ClientRef
	}
	if c.Channel == SMS {
		status["destination"] = map[string]string{"network_code": "45204"}
		status["sms"] = map[string]string{"count_total": strconv.Itoa(max(1, c.Segments))}
	}
	switch {
	case e.Kind == failed:
		status["error"] = vonageError(e.Code)
	case e.Kind == delivered, e.Kind == accepted && c.Channel == SMS:
		status["usage"] = map[string]string{"currency": "VND", "price": c.Price + ".0000"}
	}
	return status
}

// vonageError is an error as callbacks tell it: its title is the code as a number.
func vonageError(code string) map[string]any {
	number, err := strconv.Atoi(code)
	if err != nil {
		number = 1330
	}
	words := "Unknown"
	if code == vonageNotAUser {
		words = "Not part of the provider network"
	}
	return map[string]any{"type": vonageType(code), "title": number, "detail": words, "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"}
}

// vonageSign makes the token of a callback: HS256, with the hash of the body in it.
func vonageSign(acc *account, now time.Time, body []byte) string {
	sum := sha256.Sum256(body)
	claims := fmt.Sprintf(`{"iat":%d,"jti":%q,"iss":"Vonage","payload_hash":%q,"api_key":"a1b2c3d4","application_id":%q}`,
		now.Unix(), newToken(""), hex.EncodeToString(sum[:]), acc.ID)
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	mac := hmac.New(sha256.New, []byte(acc.WebhookSecret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
