package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// zaloPauses are the waits between calls of a webhook that is not answered; after the last it is switched off.
var zaloPauses = []time.Duration{30 * time.Second, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}

func zaloPause(tries int) (time.Duration, bool) {
	if tries > len(zaloPauses) {
		return 0, false
	}
	return zaloPauses[tries-1], true
}

type zaloParty struct {
	ID string `json:"id"`
}

// zaloEvent is a webhook's body. Its members stand in the order in which Zalo prints them.
type zaloEvent struct {
	Sender    zaloParty    `json:"sender"`
	Recipient zaloParty    `json:"recipient"`
	EventName string       `json:"event_name"`
	Message   zaloReceived `json:"message"`
	AppID     string       `json:"app_id"`
	Timestamp string       `json:"timestamp"`
}

type zaloReceived struct {
	DeliveryTime string   `json:"delivery_time,omitempty"`
	MsgID        string   `json:"msg_id,omitempty"`
	MsgIDs       []string `json:"msg_ids,omitempty"`
	TrackingID   string   `json:"tracking_id,omitempty"`
}

// zaloHook makes the webhooks of a message: user_received_message for the delivery and, for rules that ask for a
// reading, user_seen_message.
func (s *Simulator) zaloHook(acc *account, tracking string) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		c := &rec.call
		ev := zaloEvent{Sender: zaloParty{acc.ID}, Recipient: zaloParty{c.To}, AppID: acc.AppID, Timestamp: millis(s.opt.Now())}
		server := "ZNS"
		switch e.Kind {
		case delivered:
			ev.EventName = "user_received_message"
			ev.Message = zaloReceived{DeliveryTime: millis(e.At), MsgID: c.ProviderID, TrackingID: tracking}
		case read:
			server = "OA OpenAPI"
			ev.EventName = "user_seen_message"
			ev.Message = zaloReceived{MsgIDs: []string{c.ProviderID}}
		default:
			return delivery{}, false
		}
		raw, err := json.Marshal(ev)
		if err != nil {
			return delivery{}, false
		}
		return delivery{
			acc: acc, provider: Zalo, url: acc.WebhookURL, body: raw, budget: 2 * time.Second,
			pause: zaloPause, retryHeader: "num_retry", offAfter: true,
			header: map[string]string{
				"Content-Type": "application/json", "User-Agent": "ZaloWebhook", "X-ZEvent-Server": server,
				"X-ZEvent-Signature": "mac=" + zaloMAC(acc.AppID, raw, ev.Timestamp, acc.OASecret),
			},
		}, true
	}
}

// zaloMAC signs a webhook: SHA-256 over app id, raw body, its timestamp and the OA secret, in lower-case hex.
func zaloMAC(appID string, raw []byte, timestamp, secret string) string {
	h := sha256.New()
	h.Write([]byte(appID))
	h.Write(raw)
	h.Write([]byte(timestamp))
	h.Write([]byte(secret))
	return hex.EncodeToString(h.Sum(nil))
}
