package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// vonageErrors is where Vonage explains its codes; a problem's type is that address with the code behind "#".
const vonageErrors = "https://developer.vonage.com/api-errors"

// Codes of Vonage's: of all its APIs, and of the Messages API.
const (
	vonageUnauthorized = "unauthorized"
	vonageLowBalance   = "low-balance"
	vonageThrottled    = "1000"
	vonageInternal     = "1030"
	vonageBadMessage   = "1040"
	vonageNoCredit     = "1070"
	vonageBadParams    = "1150"
	vonageInactive     = "1190"
	vonageNotAUser     = "1300"
	vonageUnknown      = "1330"
)

// vonageStatus are the HTTP statuses other than 422.
var vonageStatus = map[string]int{
	vonageUnauthorized: http.StatusUnauthorized, vonageLowBalance: http.StatusPaymentRequired,
	vonageThrottled: http.StatusTooManyRequests, vonageInternal: http.StatusInternalServerError,
}

// vonageAtOnce are the codes that a call is refused with; every other comes by callback.
var vonageAtOnce = []string{
	"", CodeQuota, CodeToken, vonageThrottled, "1010", "1020", "1021", "1022", vonageInternal, vonageBadMessage, "1060", vonageNoCredit, "1080", "1090",
	"1120", "1130", "1140", vonageBadParams, "1160", "1400", "1410", "1420", "1430", "1440", "1450",
}

func (s *Simulator) routesVonage() {
	s.mux.HandleFunc("POST /vonage/v1/messages", s.vonageSend)
	s.mux.HandleFunc("/vonage/", func(w http.ResponseWriter, r *http.Request) {
		s.plain(w, r, http.StatusNotFound, s.vonageProblem("not-found", nil))
	})
}

// vonageMessage is the body of a send.
type vonageMessage struct {
	Channel string `json:"channel"`
	Type    string `json:"message_type"`
	To      string `json:"to"`
	From    string `json:"from"`
	Text    string `json:"text"`
	Image   *struct {
		URL     string `json:"url"`
		Caption string `json:"caption"`
	} `json:"image"`
	Viber *struct {
		Category string `json:"category"`
		TTL      *int64 `json:"ttl"`
		Action   *struct {
			URL  string `json:"url"`
			Text string `json:"text"`
		} `json:"action"`
	} `json:"viber_service"`
	SMS *struct {
		Encoding string `json:"encoding_type"`
	} `json:"sms"`
	ClientRef      string `json:"client_ref"`
	WebhookURL     string `json:"webhook_url"`
	WebhookVersion string `json:"webhook_version"`
}

type vonageInvalid struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// check lists what is wrong with the message.
func (m vonageMessage) check(acc *account) []vonageInvalid {
	var wrong []vonageInvalid
	need := func(ok bool, name, reason string) {
		if !ok {
			wrong = append(wrong, vonageInvalid{name, reason})
		}
	}
	need(m.Channel == "viber_service" || m.Channel == "sms", "channel", "must be viber_service or sms")
	need(e164Digits.MatchString(m.To), "to", "must be international digits without a plus")
	need(m.From != "" && utf8.RuneCountInString(m.From) <= 50 && acc.mayUse(m.From), "from", "must be a sender of the account")
	need(utf8.RuneCountInString(m.ClientRef) <= 100, "client_ref", "must be at most 100 characters")
	hook, err := url.Parse(m.WebhookURL)
	need(m.WebhookURL == "" || err == nil && hook.Host != "", "webhook_url", "must be an address")
	need(slices.Contains([]string{"", "v0.1", "v1"}, m.WebhookVersion), "webhook_version", "must be v0.1 or v1")
	switch {
	case m.Type == "text":
		need(m.Text != "" && utf8.RuneCountInString(m.Text) <= 1000, "text", "must be 1 to 1000 characters")
	case m.Type == "image" && m.Channel == "viber_service":
		need(m.Image != nil && m.Image.URL != "", "image.url", "is required")
	default:
		need(false, "message_type", "is not supported for the channel")
	}
	return append(wrong, m.checkViber()...)
}

func (m vonageMessage) checkViber() []vonageInvalid {
	var wrong []vonageInvalid
	v := m.Viber
	switch {
	case v == nil:
		return nil
	case m.Channel != "viber_service":
		return []vonageInvalid{{"viber_service", "is not for this channel"}}
	}
	if !slices.Contains([]string{"", "transaction", "promotion"}, v.Category) {
		wrong = append(wrong, vonageInvalid{"viber_service.category", "must be transaction or promotion"})
	}
	if v.TTL != nil && (*v.TTL < 30 || *v.TTL > 259_200) {
		wrong = append(wrong, vonageInvalid{"viber_service.ttl", "invalid value"})
	}
	if v.Action != nil && (v.Action.URL == "" || v.Action.Text == "" || utf8.RuneCountInString(v.Action.Text) > 30) {
		wrong = append(wrong, vonageInvalid{"viber_service.action", "needs a url and a text of at most 30 characters"})
	}
	return wrong
}

func (m vonageMessage) channel() string {
	if m.Channel == "sms" {
		return SMS
	}
	return Viber
}

func (s *Simulator) vonageSend(w http.ResponseWriter, r *http.Request) {
	var m vonageMessage
	readable := json.Unmarshal(body(r), &m) == nil
	acc, ok := s.vonageOwner(r)
	if !ok {
		s.refusedCall(Vonage, "", m.channel(), vonageUnauthorized)
		s.vonageRefuse(w, r, verdict{}, vonageUnauthorized, nil)
		return
	}
	if acc.faultNow() == FaultSlow {
		s.pause(r.Context(), slowness)
	}
	if wrong := m.check(acc); !readable || len(wrong) > 0 {
		if m.To != "" { // without one it was no attempt to send
			s.refusedCall(Vonage, acc.ID, m.channel(), vonageBadParams)
		}
		s.vonageRefuse(w, r, verdict{}, vonageBadParams, wrong)
		return
	}
	rec, v := s.place(s.vonageOrder(acc, m), vonageLogCode)
	if v.outcome == OutcomeRefused {
		if v.refuse == Throttle {
			throttled(w, v.retry)
		}
		s.vonageRefuse(w, r, v, vonageLogCode(v), nil)
		return
	}
	s.answer(w, r, v, http.StatusAccepted, map[string]string{"message_uuid": rec.call.ProviderID})
}

func (s *Simulator) vonageOrder(acc *account, m vonageMessage) order {
	o := order{
		provider: Vonage, channel: m.channel(), acc: acc, ref: m.ClientRef, to: m.To,
		newID: vonageUUID, hook: s.vonageHook(acc, m),
		tellsLater: func(code string) bool { return !slices.Contains(vonageAtOnce, code) },
		failCode:   func(code string) string { return vonageFailure(m.channel(), code) },
	}
	if o.channel == SMS {
		o.segments = segments(m.Text)
	} else if m.Viber != nil && m.Viber.TTL != nil {
		o.validFor = seconds(*m.Viber.TTL)
	}
	o.bill = billFor(o.channel, o.segments)
	return o
}

// vonageUUID writes 20 hex digits as a UUID.
func vonageUUID(id string) string {
	return id[:8] + "-" + id[8:12] + "-4" + id[12:15] + "-8" + id[15:18] + "-" + id[18:] + strings.Repeat("0", 10)
}

// vonageRefuse answers a problem with the status that goes with its code.
func (s *Simulator) vonageRefuse(w http.ResponseWriter, r *http.Request, v verdict, code string, wrong []vonageInvalid) {
	status, ok := vonageStatus[code]
	if !ok {
		status = http.StatusUnprocessableEntity
	}
	s.answer(w, r, v, status, s.vonageProblem(code, wrong))
}

// vonageProblem is an error as calls tell it.
func (s *Simulator) vonageProblem(code string, wrong []vonageInvalid) map[string]any {
	p := map[string]any{"type": vonageType(code), "title": "Error " + code, "detail": "The request was refused.", "instance": s.providerID(s.seq.Load())}
	if len(wrong) > 0 {
		p["title"], p["detail"], p["invalid_parameters"] = "Invalid params", "The value of one or more parameters is invalid.", wrong
	}
	return p
}

func vonageType(code string) string {
	if _, err := strconv.Atoi(code); err == nil {
		return vonageErrors + "/messages#" + code
	}
	return vonageErrors + "/#" + code
}

// vonageLogCode answers Vonage's own code of what went wrong.
func vonageLogCode(v verdict) string {
	switch {
	case v.outcome != OutcomeRefused:
		return v.spoil
	case v.refuse == Throttle:
		return vonageThrottled
	case v.refuse == CodeToken:
		return vonageUnauthorized
	case v.refuse == CodeQuota, v.refuse == codeBalance:
		return vonageLowBalance
	case v.refuse == "":
		return vonageBadMessage
	default:
		return v.refuse
	}
}

// vonageFailure says a failure told later in Vonage's code.
func vonageFailure(channel, code string) string {
	switch {
	case code == CodeUnknownUser && channel == SMS:
		return vonageInactive
	case code == CodeUnknownUser:
		return vonageNotAUser
	case code == CodeQuota:
		return vonageNoCredit
	case strings.Trim(code, "0123456789") != "":
		return vonageUnknown
	default:
		return code
	}
}
