package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How eSMS may pack in the error_info of a ZNS, for Account.ErrorInfo: its own samples show all three.
const (
	ErrorInfoPlain  = ""       // JSON
	ErrorInfoString = "string" // JSON inside a JSON string
	ErrorInfoTwice  = "twice"  // JSON percent-encoded once more, with a date behind
)

// esmsPause makes five calls in all. eSMS documents neither the pause nor how long the receiver may take.
func esmsPause(tries int) (time.Duration, bool) { return 30 * time.Second, tries < 5 }

const esmsBudget = 10 * time.Second

// esmsHook makes the one callback of a message, by GET to the address in its request: once it is delivered or failed,
// and never for less or for reading.
func esmsHook(acc *account, channel string, m esmsMessage) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		if m.CallbackURL == "" || (e.Kind != delivered && e.Kind != failed) {
			return delivery{}, false
		}
		join := "?"
		if strings.Contains(m.CallbackURL, "?") && !acc.BareAppend {
			join = "&"
		}
		return delivery{
			acc: acc, provider: ESMS, method: http.MethodGet, url: m.CallbackURL + join + esmsQuery(acc, channel, m, rec.view(), e),
			budget: esmsBudget, pause: esmsPause, anyAnswer: true,
		}, true
	}
}

// esmsQuery writes the fields in their documented order. The state is the event's: a later one does not change it.
func esmsQuery(acc *account, channel string, m esmsMessage, c Call, e event) string {
	if e.Kind == failed {
		c.DeliveredAt = nil
	}
	st := esmsStateOf(c)
	fields := []string{
		"SMSID", c.ProviderID, "SendFailed", strconv.Itoa(st.failed), "SendStatus", strconv.Itoa(st.status), "SendSuccess", strconv.Itoa(st.success),
		"TotalPrice", st.price + ".0000", "TotalReceiver", "1", "TotalSent", strconv.Itoa(st.sent), "RequestId", m.RequestID,
		"TypeId", esmsTypeID(channel, m), "telcoid", esmsTelco(c.To), "phonenumber", esmsPhone(c.To),
	}
	switch channel {
	case SMS:
		fields = append(fields, "switchsmsid", "")
	case ZNS:
		partner := ""
		if st.success > 0 {
			partner = esmsZaloID(c)
		}
		fields = append(fields, "partnerids", partner, "error_info", esmsErrorInfo(acc.ErrorInfo, st, e), "oaid", string(m.OAID), "tempid", string(m.TempID))
	}
	var query strings.Builder
	for i := 0; i < len(fields); i += 2 {
		if i > 0 {
			query.WriteByte('&')
		}
		query.WriteString(fields[i] + "=" + url.QueryEscape(fields[i+1]))
	}
	return query.String()
}

// esmsPhone writes a Vietnamese number with its trunk 0.
func esmsPhone(to string) string {
	if national, ok := strings.CutPrefix(to, "84"); ok {
		return "0" + national
	}
	return to
}

func esmsTypeID(channel string, m esmsMessage) string {
	switch {
	case channel == ZNS:
		return "25"
	case m.SMSType != "":
		return string(m.SMSType)
	default:
		return "2"
	}
}

// esmsTelco guesses the operator from the first digits, in eSMS's numbers.
func esmsTelco(to string) string {
	national := strings.TrimPrefix(to, "84")
	for telco, prefixes := range [][]string{
		{}, {"3", "86", "96", "97", "98"}, {"70", "76", "77", "78", "79", "89", "90", "93"}, {"81", "82", "83", "84", "85", "88", "91", "94"}, {"52", "56", "58", "92"},
	} {
		for _, p := range prefixes {
			if strings.HasPrefix(national, p) {
				return strconv.Itoa(telco)
			}
		}
	}
	return "5"
}

// esmsErrorInfo is Zalo's word on the message, dressed as the account wants it.
func esmsErrorInfo(dress string, st esmsState, e event) string {
	code, err := strconv.Atoi(st.reason)
	info := map[string]any{"error": code, "message": "Zalo error " + st.reason}
	switch {
	case st.success > 0:
		info = map[string]any{"error": 0, "message": "Success", "data": map[string]any{"delivery_time": nil, "message": "User received the message", "status": 1}}
	case err != nil:
		info["error"] = -100
	}
	raw, err := json.Marshal(info)
	if err != nil {
		return ""
	}
	switch dress {
	case ErrorInfoString:
		return strconv.Quote(string(raw))
	case ErrorInfoTwice:
		return fmt.Sprintf("%s____%s", url.QueryEscape(string(raw)), e.At.In(vietnam).Format("02/01/2006 15:04:05"))
	default:
		return string(raw)
	}
}
