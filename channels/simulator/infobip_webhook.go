package simulator

import (
	"encoding/json"
	"strconv"
	"time"
)

// infobipTime is how Infobip writes a time: the zone has no colon.
const infobipTime = "2006-01-02T15:04:05.000-0700"

var vietnam = time.FixedZone("", 7*3600)

func infobipDate(t time.Time) string { return t.In(vietnam).Format(infobipTime) }

// infobipPause waits a minute and n² more before retry n; about two days in all.
func infobipPause(tries int) (time.Duration, bool) {
	return time.Duration(1+tries*tries) * time.Minute, tries <= 20
}

type infobipStatus struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type infobipReason struct {
	GroupID     int    `json:"groupId"`
	GroupName   string `json:"groupName"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Permanent   bool   `json:"permanent"`
}

type infobipPrice struct {
	PerMessage int64  `json:"pricePerMessage"`
	Currency   string `json:"currency"`
}

type infobipDLR struct {
	BulkID       string        `json:"bulkId"`
	MessageID    string        `json:"messageId"`
	To           string        `json:"to"`
	Sender       string        `json:"sender,omitempty"`
	SentAt       string        `json:"sentAt"`
	DoneAt       string        `json:"doneAt,omitempty"`
	MessageCount int           `json:"messageCount"`
	MccMnc       string        `json:"mccMnc"`
	CallbackData string        `json:"callbackData,omitempty"`
	Price        infobipPrice  `json:"price"`
	Status       infobipStatus `json:"status"`
	Error        infobipReason `json:"error"`
	Channel      string        `json:"channel,omitempty"`
}

type infobipSeen struct {
	MessageID string `json:"messageId"`
	From      string `json:"from"`
	To        string `json:"to"`
	SentAt    string `json:"sentAt"`
	SeenAt    string `json:"seenAt"`
}

// infobipReport tells of a message as a report or a log row. An event without a kind is "pending".
func infobipReport(c Call, e event) infobipDLR {
	status, reason := infobipWords(c.Channel, e)
	dlr := infobipDLR{
		BulkID: "bulk-" + strconv.FormatUint(c.ID, 10), MessageID: c.ProviderID, To: c.To, SentAt: infobipDate(c.At),
		MessageCount: max(1, c.Segments), MccMnc: "45204", Price: infobipPrice{infobipUnit(c.Channel), "VND"}, Status: status, Error: reason,
	}
	if e.Kind != "" {
		dlr.DoneAt = infobipDate(e.At)
	}
	if c.Channel == ZNS {
		dlr.Channel = "ZALO_NOTIFICATION_SERVICE"
	}
	return dlr
}

func infobipUnit(channel string) int64 {
	switch channel {
	case ZNS:
		return PriceZNS
	case Viber:
		return PriceViber
	default:
		return PriceSMS
	}
}

var noReason = infobipReason{0, "OK", 0, "NO_ERROR", "No Error", false}

// infobipWords answers the status and the error that tell of an event.
func infobipWords(channel string, e event) (infobipStatus, infobipReason) {
	switch {
	case e.Kind == delivered:
		return infobipStatus{3, "DELIVERED", 5, "DELIVERED_TO_HANDSET", "Message delivered to handset"}, noReason
	case e.Kind == accepted:
		return infobipStatus{3, "DELIVERED", 2, "DELIVERED_TO_OPERATOR", "Message delivered to operator"}, noReason
	case e.Kind == failed && e.Code == codeExpired:
		return infobipStatus{4, "EXPIRED", 15, "EXPIRED_EXPIRED", "Message expired"},
			infobipReason{3, "OPERATOR_ERRORS", 4101, "EC_VALIDITY_EXPIRED", "Validity expired", false}
	case e.Kind == failed:
		return infobipStatus{2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"}, infobipFailure(channel, e.Code)
	default:
		return infobipStatus{1, "PENDING", 26, "PENDING_ACCEPTED", "Message sent to next instance"}, noReason
	}
}

var infobipReasons = map[int]string{
	1: "EC_UNKNOWN_SUBSCRIBER", 6: "EC_ABSENT_SUBSCRIBER_SM", 13: "EC_CALL_BARRED", 32: "EC_SM_DELIVERY_FAILURE", 34: "EC_SYSTEM_FAILURE",
	2052: "EC_BLACKLISTED_DESTINATIONADDRESS", 7002: "EC_UNKNOWN_USER", 7003: "EC_BLOCKED_USER", 7016: "EC_SPAM_RATE",
	7027: "EC_BLOCKED_CONTENT", 7050: "EC_PROVIDER_INTERNAL_ERROR", 7080: "EC_INTERNAL_ERROR",
}

func infobipFailure(channel, code string) infobipReason {
	id, err := strconv.Atoi(code)
	switch {
	case err == nil:
	case channel == SMS:
		id = 1
	default:
		id = 7002
	}
	name, ok := infobipReasons[id]
	if !ok {
		name = "EC_" + strconv.Itoa(id)
	}
	return infobipReason{1, "HANDSET_ERRORS", id, name, name, true}
}

// infobipHook makes the reports of a message: to the addresses in its request, else to the account's.
func (s *Simulator) infobipHook(acc *account, channel string, m infobipMessage) func(*record, event) (delivery, bool) {
	to, seenTo := m.Webhooks.Delivery.URL, m.Webhooks.Seen.URL
	if to == "" {
		to = acc.WebhookURL
	}
	if seenTo == "" {
		seenTo = acc.WebhookURL
	}
	if n := m.Webhooks.Delivery.Notify; n != nil && !*n {
		to = ""
	}
	sender, callbackData, intermediate := m.Sender, m.Webhooks.CallbackData, m.Webhooks.Delivery.Intermediate
	return func(rec *record, e event) (delivery, bool) {
		c := rec.view()
		d := delivery{
			acc: acc, provider: Infobip, url: to, budget: 10 * time.Second, pause: infobipPause,
			header: map[string]string{"Content-Type": "application/json"},
		}
		var row any
		switch {
		case e.Kind == accepted && !intermediate, e.Kind == read && channel != Viber:
			return delivery{}, false
		case e.Kind == read:
			d.url = seenTo
			row = infobipSeen{c.ProviderID, c.To, sender, infobipDate(c.At), infobipDate(e.At)}
		default:
			dlr := infobipReport(c, e)
			dlr.CallbackData, dlr.Sender = callbackData, sender
			row = dlr
		}
		raw, err := json.Marshal(map[string]any{"results": []any{row}})
		d.body = raw
		return d, err == nil && d.url != ""
	}
}
