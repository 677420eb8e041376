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

// zaloEvent is the webhook of a message. Its members stand in the order in which Zalo prints them.
type zaloEvent struct {
	Sender      zaloParty    `json:"sender"`
	Recipient   zaloParty    `json:"recipient"`
	UserIDByApp string       `json:"user_id_by_app,omitempty"`
	EventName   string       `json:"event_name"`
	Message     zaloReceived `json:"message"`
	AppID       string       `json:"app_id"`
	Timestamp   string       `json:"timestamp"`
}

type zaloReceived struct {
	DeliveryTime string   `json:"delivery_time,omitempty"`
	MsgID        string   `json:"msg_id,omitempty"`
	MsgIDs       []string `json:"msg_ids,omitempty"`
	TrackingID   string   `json:"tracking_id,omitempty"`
}

// What X-ZEvent-Server says of a webhook.
const (
	zaloServerZNS = "ZNS"
	zaloServerOA  = "OA OpenAPI"
)

// zaloHook makes the webhooks of a message: user_received_message for the delivery and, for rules that ask for a
// reading, user_seen_message. That both come for a message by user id too, as chat messages' do, is a guess.
func (s *Simulator) zaloHook(acc *account, way zaloWay, to zaloPerson, tracking string) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		id := rec.call.ProviderID
		ev := zaloEvent{Sender: zaloParty{acc.ID}, Recipient: zaloParty{to.Name}, AppID: acc.AppID, Timestamp: millis(s.opt.Now())}
		server := zaloServerOA
		if way.user {
			ev.UserIDByApp = zaloAppPrefix + to.To
		}
		switch {
		case e.Kind == delivered && way.user:
			ev.EventName, ev.Message = "user_received_message", zaloReceived{MsgID: id}
		case e.Kind == delivered:
			server = zaloServerZNS
			ev.EventName = "user_received_message"
			ev.Message = zaloReceived{DeliveryTime: millis(e.At), MsgID: id, TrackingID: tracking}
		case e.Kind == read:
			ev.EventName, ev.Message = "user_seen_message", zaloReceived{MsgIDs: []string{id}}
		default:
			return delivery{}, false
		}
		return zaloDelivery(acc, server, ev, ev.Timestamp)
	}
}

// zaloDelivery signs a webhook; timestamp is that in its body.
func zaloDelivery(acc *account, server string, ev any, timestamp string) (delivery, bool) {
	raw, err := json.Marshal(ev)
	if err != nil {
		return delivery{}, false
	}
	return delivery{
		acc: acc, provider: Zalo, url: acc.WebhookURL, body: raw, budget: 2 * time.Second,
		pause: zaloPause, retryHeader: "num_retry", offAfter: true,
		header: map[string]string{
			"Content-Type": "application/json", "User-Agent": "ZaloWebhook", "X-ZEvent-Server": server,
			"X-ZEvent-Signature": "mac=" + zaloMAC(acc.AppID, raw, timestamp, acc.OASecret),
		},
	}, true
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
