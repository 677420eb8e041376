package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

func (s *Simulator) routesInfobip() {
	s.mux.HandleFunc("POST /infobip/zalo/2/messages", s.infobipSend(ZNS, checkInfobipZNS))
	s.mux.HandleFunc("POST /infobip/viber/2/messages", s.infobipSend(Viber, checkInfobipViber))
	s.mux.HandleFunc("POST /infobip/sms/3/messages", s.infobipSend(SMS, checkInfobipSMS))
	s.mux.HandleFunc("GET /infobip/zalo/1/logs", s.infobipLogs(ZNS))
	s.mux.HandleFunc("GET /infobip/viber/2/logs", s.infobipLogs(Viber))
	s.mux.HandleFunc("GET /infobip/sms/3/logs", s.infobipLogs(SMS))
	s.mux.HandleFunc("GET /infobip/account/1/balance", s.infobipBalance)
	s.mux.HandleFunc("/infobip/", func(w http.ResponseWriter, r *http.Request) {
		s.plain(w, r, http.StatusNotFound, newInfobipError("E404", "Requested resource does not exist."))
	})
}

type infobipRequest struct {
	Messages []infobipMessage `json:"messages"`
	Options  struct {
		IncludeSMSCount bool `json:"includeSmsCountInResponse"`
	} `json:"options"`
}

type infobipMessage struct {
	Sender       string `json:"sender"`
	Destinations []struct {
		To        string `json:"to"`
		MessageID string `json:"messageId"`
	} `json:"destinations"`
	Content struct {
		Type         string                     `json:"type"`
		Text         string                     `json:"text"`
		MediaURL     string                     `json:"mediaUrl"`
		TemplateName *int64                     `json:"templateName"`
		TemplateData map[string]json.RawMessage `json:"templateData"`
		Button       *struct {
			Title  string `json:"title"`
			Action string `json:"action"`
		} `json:"button"`
	} `json:"content"`
	Options struct {
		Validity *struct {
			Amount   int64  `json:"amount"`
			TimeUnit string `json:"timeUnit"`
		} `json:"validityPeriod"`
	} `json:"options"`
	Webhooks struct {
		Delivery struct {
			URL          string `json:"url"`
			Intermediate bool   `json:"intermediateReport"`
			Notify       *bool  `json:"notify"`
		} `json:"delivery"`
		Seen struct {
			URL string `json:"url"`
		} `json:"seen"`
		CallbackData string `json:"callbackData"`
	} `json:"webhooks"`
}

type infobipViolation struct {
	Property  string `json:"property"`
	Violation string `json:"violation"`
}

type infobipError struct {
	ErrorCode   string              `json:"errorCode"`
	Description string              `json:"description"`
	Action      string              `json:"action"`
	Violations  []infobipViolation  `json:"violations"`
	Resources   []map[string]string `json:"resources"`
}

func newInfobipError(code, text string) infobipError {
	e := infobipError{ErrorCode: code, Description: text, Action: "See the documentation.", Violations: []infobipViolation{}, Resources: []map[string]string{}}
	if code == "E401" || code == "E403" {
		e.Resources = append(e.Resources, map[string]string{"name": "Authentication", "url": "https://www.infobip.com/docs/essentials/api-authentication"})
	}
	return e
}

// infobipAccount answers the account of an API key. With ok false the answer was written.
func (s *Simulator) infobipAccount(w http.ResponseWriter, r *http.Request) (*account, bool) {
	key, isApp := strings.CutPrefix(r.Header.Get("Authorization"), "App ")
	acc, ok := s.byKey(Infobip, key)
	if !isApp || !ok {
		s.plain(w, r, http.StatusUnauthorized, newInfobipError("E401", "Invalid credentials."))
		return nil, false
	}
	return acc, true
}

func (s *Simulator) infobipSend(channel string, check func(infobipMessage) []infobipViolation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw := body(r)
		acc, ok := s.infobipAccount(w, r)
		if !ok {
			s.refusedCall(Infobip, "", channel, "E401")
			return
		}
		if acc.faultNow() == FaultSlow {
			s.pause(r.Context(), slowness)
		}
		req, wrong := readInfobip(r, raw, check)
		if len(wrong) > 0 {
			s.refusedCall(Infobip, acc.ID, channel, "E400")
			e := newInfobipError("E400", "Request cannot be processed.")
			e.Violations = wrong
			s.plain(w, r, http.StatusBadRequest, e)
			return
		}
		s.infobipTake(w, r, acc, channel, req)
	}
}

func (s *Simulator) infobipTake(w http.ResponseWriter, r *http.Request, acc *account, channel string, req infobipRequest) {
	rows := []any{}
	var whole verdict // what befalls the answer as a whole
	for _, m := range req.Messages {
		for _, dest := range m.Destinations {
			rec, v := s.place(infobipOrder(s, acc, channel, m, dest.To, dest.MessageID), infobipLogCode)
			switch v.refuse {
			case Throttle:
				throttled(w, v.retry)
				s.answer(w, r, v, http.StatusTooManyRequests, newInfobipError("E429", "Too many requests."))
				return
			case CodeToken:
				s.answer(w, r, v, http.StatusUnauthorized, newInfobipError("E401", "Invalid credentials."))
				return
			}
			if v.spoil != "" || whole.spoil == "" {
				whole = v
			}
			rows = append(rows, infobipRow(rec.view(), v, dest.MessageID, req.Options.IncludeSMSCount))
		}
	}
	s.answer(w, r, whole, http.StatusOK, map[string]any{"bulkId": s.providerID(s.seq.Load()), "messages": rows})
}

func infobipOrder(s *Simulator, acc *account, channel string, m infobipMessage, to, ref string) order {
	parts := 0
	if channel == SMS {
		parts = segments(m.Content.Text)
	}
	return order{
		provider: Infobip, channel: channel, acc: acc, ref: ref, to: to, segments: parts, claimRef: true,
		bill: billFor(channel, parts), validFor: m.validity(), hook: s.infobipHook(acc, channel, m),
		tellsLater: func(code string) bool {
			_, rejected := infobipRejections[code]
			return !rejected
		},
		failCode: func(code string) string { return strconv.Itoa(infobipFailure(channel, code).ID) },
	}
}

func infobipRow(c Call, v verdict, ref string, count bool) map[string]any {
	id := c.ProviderID
	if id == "" {
		id = ref
	}
	status := infobipStatus{1, "PENDING", 26, "PENDING_ACCEPTED", "Message sent to next instance"}
	if c.Channel == ZNS {
		status = infobipStatus{1, "PENDING", 7, "PENDING_ENROUTE", "Message sent to next instance"}
	}
	if v.outcome == OutcomeRefused {
		status = infobipRejection(infobipLogCode(v))
	}
	row := map[string]any{"messageId": id, "status": status, "destination": c.To}
	if count && c.Channel == SMS {
		row["details"] = map[string]int{"messageCount": c.Segments}
	}
	return row
}

// validity answers the message's validityPeriod, at most 48 h; 0 is none.
func (m infobipMessage) validity() time.Duration {
	v := m.Options.Validity
	if v == nil {
		return 0
	}
	unit := time.Minute
	switch v.TimeUnit {
	case "SECONDS":
		unit = time.Second
	case "HOURS":
		unit = time.Hour
	}
	return min(time.Duration(v.Amount)*unit, 48*time.Hour)
}

var e164Digits = regexp.MustCompile(`^[1-9]\d{7,14}$`)

func readInfobip(r *http.Request, raw []byte, check func(infobipMessage) []infobipViolation) (infobipRequest, []infobipViolation) {
	var req infobipRequest
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		return req, []infobipViolation{{"Content-Type", "must be application/json"}}
	}
	if err := json.Unmarshal(raw, &req); err != nil {
		return req, []infobipViolation{{"body", "must be valid JSON of the documented types"}}
	}
	if len(req.Messages) == 0 {
		return req, []infobipViolation{{"messages", "must not be empty"}}
	}
	var wrong []infobipViolation
	for i, m := range req.Messages {
		for _, v := range slices.Concat(m.checkEnvelope(), check(m)) {
			wrong = append(wrong, infobipViolation{fmt.Sprintf("messages[%d].%s", i, v.Property), v.Violation})
		}
	}
	return req, wrong
}

func (m infobipMessage) checkEnvelope() []infobipViolation {
	var wrong []infobipViolation
	if m.Sender == "" {
		wrong = append(wrong, infobipViolation{"sender", "must not be blank"})
	}
	if len(m.Destinations) == 0 {
		wrong = append(wrong, infobipViolation{"destinations", "must not be empty"})
	}
	for i, d := range m.Destinations {
		if !e164Digits.MatchString(d.To) {
			wrong = append(wrong, infobipViolation{fmt.Sprintf("destinations[%d].to", i), "must be international digits without a plus"})
		}
		if utf8.RuneCountInString(d.MessageID) > 200 {
			wrong = append(wrong, infobipViolation{fmt.Sprintf("destinations[%d].messageId", i), "size must be between 0 and 200"})
		}
	}
	if v := m.Options.Validity; v != nil && (v.Amount <= 0 || !slices.Contains([]string{"", "SECONDS", "MINUTES", "HOURS"}, v.TimeUnit)) {
		wrong = append(wrong, infobipViolation{"options.validityPeriod", "must be a positive amount of SECONDS, MINUTES or HOURS"})
	}
	if utf8.RuneCountInString(m.Webhooks.CallbackData) > 4000 {
		wrong = append(wrong, infobipViolation{"webhooks.callbackData", "size must be between 0 and 4000"})
	}
	return wrong
}

func checkInfobipZNS(m infobipMessage) []infobipViolation {
	var wrong []infobipViolation
	if m.Content.Type != "TEMPLATE" {
		wrong = append(wrong, infobipViolation{"content.type", "must be TEMPLATE outside a conversation"})
	}
	if m.Content.TemplateName == nil {
		wrong = append(wrong, infobipViolation{"content.templateName", "must not be null"})
	}
	if m.Content.TemplateData == nil {
		wrong = append(wrong, infobipViolation{"content.templateData", "must not be null"})
	}
	return wrong
}

func checkInfobipViber(m infobipMessage) []infobipViolation {
	var wrong []infobipViolation
	c := m.Content
	switch {
	case c.Type == "TEXT" && c.Text == "":
		wrong = append(wrong, infobipViolation{"content.text", "must not be blank"})
	case c.Type == "IMAGE" && c.MediaURL == "":
		wrong = append(wrong, infobipViolation{"content.mediaUrl", "must not be blank"})
	case c.Type == "IMAGE" && c.Button != nil && c.Text == "":
		wrong = append(wrong, infobipViolation{"content.text", "is required with a button"})
	case c.Type != "TEXT" && c.Type != "IMAGE":
		wrong = append(wrong, infobipViolation{"content.type", "must be TEXT or IMAGE"})
	}
	if utf8.RuneCountInString(c.Text) > 1000 {
		wrong = append(wrong, infobipViolation{"content.text", "size must be between 0 and 1000"})
	}
	if c.Button != nil && (c.Button.Title == "" || c.Button.Action == "") {
		wrong = append(wrong, infobipViolation{"content.button", "title and action must not be blank"})
	}
	return wrong
}

func checkInfobipSMS(m infobipMessage) []infobipViolation {
	if m.Content.Text == "" {
		return []infobipViolation{{"content.text", "must not be blank"}}
	}
	return nil
}

// infobipLogs answers the messages named by messageId, repeated or comma-separated, that the account sent on channel.
func (s *Simulator) infobipLogs(channel string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		acc, ok := s.infobipAccount(w, r)
		if !ok || s.broken(w, r, acc) {
			return
		}
		s.queries.Add(1)
		rows := []any{}
		for _, id := range strings.Split(strings.Join(r.URL.Query()["messageId"], ","), ",") {
			if rec, ok := s.book.find(Infobip, acc.ID, id); ok {
				if c := rec.view(); c.Channel == channel {
					rows = append(rows, infobipReport(c, lastEvent(c)))
				}
			}
		}
		s.plain(w, r, http.StatusOK, map[string]any{"results": rows})
	}
}

// lastEvent answers the event that a message's status rests on.
func lastEvent(c Call) event {
	switch {
	case c.DeliveredAt != nil:
		return event{Kind: delivered, At: *c.DeliveredAt}
	case c.FailedAt != nil:
		return event{Kind: failed, At: *c.FailedAt, Code: c.Code}
	default:
		return event{At: c.At}
	}
}

func (s *Simulator) infobipBalance(w http.ResponseWriter, r *http.Request) {
	acc, ok := s.infobipAccount(w, r)
	if !ok || s.broken(w, r, acc) {
		return
	}
	balance := 1000000.0
	if acc.NoBalance {
		balance = 0
	}
	s.plain(w, r, http.StatusOK, map[string]any{"balance": balance, "currency": "VND"})
}

// infobipLogCode answers Infobip's own code of what went wrong.
func infobipLogCode(v verdict) string {
	switch {
	case v.duplicate:
		return "23"
	case v.refuse == CodeToken:
		return "E401"
	case v.refuse == Throttle:
		return "E429"
	case v.refuse == CodeQuota, v.refuse == codeBalance:
		return "12"
	case v.outcome == OutcomeRefused && v.refuse == "":
		return "52"
	case v.outcome == OutcomeRefused:
		return v.refuse
	default:
		return v.spoil
	}
}

// infobipRejections are the codes that are told in the answer; every other one comes in a report. The words are the
// Rule's.
var infobipRejections = map[string]string{
	"": "", CodeQuota: "", CodeToken: "", codeBalance: "",
	"6": "REJECTED_NETWORK", "8": "REJECTED_PREFIX_MISSING", "10": "REJECTED_DND", "11": "REJECTED_SOURCE", "12": "REJECTED_NOT_ENOUGH_CREDITS",
	"13": "REJECTED_SENDER", "14": "REJECTED_DESTINATION_BLOCKLISTED", "17": "REJECTED_PREPAID_PACKAGE_EXPIRED",
	"18": "REJECTED_DESTINATION_NOT_REGISTERED", "19": "REJECTED_ROUTE_NOT_AVAILABLE", "20": "REJECTED_FLOODING_FILTER",
	"21": "REJECTED_SYSTEM_ERROR", "23": "REJECTED_DUPLICATE_MESSAGE_ID", "24": "REJECTED_INVALID_UDH", "25": "REJECTED_MESSAGE_TOO_LONG",
	"51": "REJECTED_MISSING_TO", "52": "REJECTED_DESTINATION", "99": "REJECTED", "100": "UNDELIVERABLE_REJECTED_PLATFORM",
}

func infobipRejection(code string) infobipStatus {
	id, err := strconv.Atoi(code)
	if err != nil {
		id, code = 99, "99"
	}
	return infobipStatus{5, "REJECTED", id, infobipRejections[code], "Message rejected"}
}
