package zalo

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// event is every callback that concerns a message (§4.4). Ids are strings, but numbers are accepted.
type event struct {
	Name      channels.Text `json:"event_name"`
	Timestamp channels.Text `json:"timestamp"`
	// MessageID stands at the top in user_click_response_button only.
	MessageID channels.Text   `json:"msg_id"`
	Message   json.RawMessage `json:"message"`
}

type eventMessage struct {
	ID           channels.Text   `json:"msg_id"`
	IDs          []channels.Text `json:"msg_ids"`
	TrackingID   channels.Text   `json:"tracking_id"`
	DeliveryTime channels.Text   `json:"delivery_time"`
	SubmitTime   channels.Text   `json:"submit_time"`
}

// ReadHook checks the signature and reads the receipts. Order and repetition are not guaranteed (§4.1); Receipt.Key
// tells repetitions (§8.5). Age is not checked: Zalo repeats for two hours.
func (a *Adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	var e event
	if err := json.Unmarshal(h.Body, &e); err != nil || !a.genuine(h, e) {
		return nil, channels.ErrForged
	}
	switch e.Name {
	case "user_received_message", "user_feedback", "user_click_response_button", "user_seen_message":
	default: // quota, template and chat events; a console's probe has no name at all
		return nil, nil
	}
	var m eventMessage
	if err := json.Unmarshal(e.Message, &m); err != nil {
		return nil, fmt.Errorf("%w: %s without a readable message", channels.ErrUnreadable, e.Name)
	}
	if m.ID == "" {
		m.ID = e.MessageID
	}
	switch e.Name {
	case "user_received_message":
		return delivered(h, e, m)
	case "user_seen_message":
		return seen(e, m)
	default: // a rating or a pressed button is proof of reading (§4.4)
		return one(e, m, policy.ReceiptRead, m.SubmitTime)
	}
}

// genuine checks mac = SHA-256(app id + raw body + the body's timestamp + OA secret key), §4.2.
func (a *Adapter) genuine(h channels.Hook, e event) bool {
	key, value, _ := strings.Cut(h.Header.Get("X-ZEvent-Signature"), "=")
	got, err := hex.DecodeString(strings.TrimSpace(value))
	if strings.TrimSpace(key) != "mac" || err != nil {
		return false
	}
	sum := sha256.New()
	sum.Write([]byte(a.appID))
	sum.Write(h.Body)
	sum.Write([]byte(e.Timestamp))
	sum.Write([]byte(a.oaSecret))
	return subtle.ConstantTimeCompare(got, sum.Sum(nil)) == 1
}

// delivered reads the one status event of a message by phone. The same name stands for chat messages, which have
// another server header and no delivery_time; the moment is delivery_time, not timestamp (§4.4).
func delivered(h channels.Hook, e event, m eventMessage) ([]channels.Receipt, error) {
	phone := strings.EqualFold(strings.TrimSpace(h.Header.Get("X-ZEvent-Server")), "ZNS")
	if !phone && (m.TrackingID == "" || m.DeliveryTime == "") {
		return nil, nil
	}
	return one(e, m, policy.ReceiptDelivered, m.DeliveryTime)
}

func seen(e event, m eventMessage) ([]channels.Receipt, error) {
	if m.ID != "" && len(m.IDs) == 0 {
		m.IDs = []channels.Text{m.ID}
	}
	if len(m.IDs) == 0 {
		return nil, fmt.Errorf("%w: %s without msg_ids", channels.ErrUnreadable, e.Name)
	}
	receipts := make([]channels.Receipt, 0, len(m.IDs))
	for _, id := range m.IDs {
		if id == "" {
			continue
		}
		receipts = append(receipts, channels.Receipt{
			ProviderID: string(id), Kind: policy.ReceiptRead, At: millis(e.Timestamp),
			Key: eventKey(e.Name, id, e.Timestamp),
		})
	}
	return receipts, nil
}

// one makes the receipt of an event about a single message that happened at.
func one(e event, m eventMessage, kind policy.Receipt, at channels.Text) ([]channels.Receipt, error) {
	if m.ID == "" && m.TrackingID == "" {
		return nil, fmt.Errorf("%w: %s names no message", channels.ErrUnreadable, e.Name)
	}
	if at == "" {
		at = e.Timestamp
	}
	id := m.ID
	if id == "" {
		id = m.TrackingID
	}
	return []channels.Receipt{{
		Reference: string(m.TrackingID), ProviderID: string(m.ID), Kind: kind, At: millis(at),
		Key: eventKey(e.Name, id, at),
	}}, nil
}

// eventKey tells an event from every other of the account (§8.5). The key of a delivery that a status query told is
// the same, so that both count once.
func eventKey(name, id, at channels.Text) string {
	return fmt.Sprintf("%s/%s/%s", name, id, at)
}
