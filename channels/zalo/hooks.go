package zalo

import (
	"cmp"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// event is every callback (§4.4). Ids are strings, but numbers are accepted.
type event struct {
	Name      channels.Text `json:"event_name"`
	Timestamp channels.Text `json:"timestamp"`
	// The Official Account is named in one of these, or is a party.
	OA        channels.Text `json:"oa_id"`
	OACamel   channels.Text `json:"oaId"`
	Sender    party         `json:"sender"`
	Recipient party         `json:"recipient"`
	// MessageID stands at the top in user_click_response_button only.
	MessageID channels.Text   `json:"msg_id"`
	Message   json.RawMessage `json:"message"`
}

// party is the id of who sent or got something; "" if it is not told the usual way.
type party string

// UnmarshalJSON reads {"id": …}, and anything else as nobody.
func (p *party) UnmarshalJSON(b []byte) error {
	var who struct {
		ID channels.Text `json:"id"`
	}
	_ = json.Unmarshal(b, &who)
	*p = party(who.ID)
	return nil
}

type eventMessage struct {
	ID           channels.Text   `json:"msg_id"`
	IDs          []channels.Text `json:"msg_ids"`
	TrackingID   channels.Text   `json:"tracking_id"`
	DeliveryTime channels.Text   `json:"delivery_time"`
	SubmitTime   channels.Text   `json:"submit_time"`
	answered
}

// ReadHook checks the signature and reads the receipts. Order and repetition are not guaranteed (§4.1); Receipt.Key
// tells repetitions (§8.5). Age is not checked: Zalo repeats for two hours. An application has one webhook for all its
// Official Accounts, so events of another one come here too, and are of no consequence.
func (a *Adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	var e event
	if err := json.Unmarshal(h.Body, &e); err != nil || !a.genuine(h, e) {
		return nil, channels.ErrForged
	}
	switch e.Name {
	case eventReceived, eventSeen, eventFeedback, eventButton, eventText:
	default: // what ReadNotices reads, and chat events; a console's probe has no name at all
		return nil, nil
	}
	if a.foreign(e) {
		return nil, nil
	}
	var m eventMessage
	if err := json.Unmarshal(e.Message, &m); err != nil {
		return nil, fmt.Errorf("%w: %s without a readable message", channels.ErrUnreadable, e.Name)
	}
	m.ID = cmp.Or(m.ID, e.MessageID)
	switch e.Name {
	case eventReceived:
		// Of a message by phone the moment is delivery_time, not timestamp. The same name without it stands for a message to
		// a user id, or one of a chat that matches nothing (§4.4).
		return one(e, m, policy.ReceiptDelivered, m.DeliveryTime)
	case eventSeen:
		return seen(e, m)
	default:
		return replied(e, m)
	}
}

// The events that concern a message (§4.4).
const (
	eventReceived = "user_received_message"
	eventSeen     = "user_seen_message"
	eventFeedback = "user_feedback"
	eventButton   = "user_click_response_button"
	eventText     = "user_send_text"
)

// foreign reports whether an event names another Official Account than ours. Where it names two parties without saying
// which is the person, one of them has to be ours: public code disagrees on who is the sender (§4.4).
func (a *Adapter) foreign(e event) bool {
	if oa := cmp.Or(e.OA, e.OACamel); oa != "" {
		return string(oa) != a.oaID
	}
	ours := party(a.oaID)
	return e.Sender != "" && e.Recipient != "" && e.Sender != ours && e.Recipient != ours
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

// seen reads what is documented for chat messages. It fits messages by user id, which nobody has proven (§4.5).
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
	at = cmp.Or(at, e.Timestamp)
	return []channels.Receipt{{
		Reference: string(m.TrackingID), ProviderID: string(m.ID), Kind: kind, At: millis(at),
		Key: eventKey(e.Name, cmp.Or(m.ID, m.TrackingID), at),
	}}, nil
}

// eventKey tells an event from every other of the account (§8.5). The key of a delivery that a status query told is
// the same, so that both count once.
func eventKey(name, id, at channels.Text) string {
	return fmt.Sprintf("%s/%s/%s", name, id, at)
}
