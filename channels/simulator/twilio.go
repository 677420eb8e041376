package simulator

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// twilioPath is where an account's resources begin; the part before it stands for the host.
const twilioPath = "/twilio/2010-04-01/Accounts/{account}"

// Codes of Twilio's.
const (
	twilioBadParam    = "20001"
	twilioBadAuth     = "20003"
	twilioSuspended   = "20403"
	twilioNotFound    = "20404"
	twilioThrottled   = "20429"
	twilioBadTo       = "21211"
	twilioBadFrom     = "21212"
	twilioNoText      = "21602"
	twilioForeignFrom = "21606"
	twilioBadCallback = "21609"
	twilioQueueFull   = "21611"
	twilioNotMobile   = "21614"
	twilioTooLong     = "21617"
	twilioBadService  = "21705"
	twilioOverflow    = "30001"
	twilioUnknownTo   = "30005"
	twilioUnknown     = "30008"
)

// twilioWords are what some of the codes say.
var twilioWords = map[string]string{
	twilioBadAuth: "Authenticate", twilioNotFound: "The requested resource was not found", twilioThrottled: "Too Many Requests",
	twilioBadTo: "Invalid 'To' Phone Number", twilioNoText: "Message body is required.", twilioSuspended: "Account is not active",
}

// twilioStatus are the HTTP statuses other than 400.
var twilioStatus = map[string]int{
	twilioBadAuth: http.StatusUnauthorized, twilioSuspended: http.StatusForbidden, twilioNotFound: http.StatusNotFound, twilioThrottled: http.StatusTooManyRequests,
}

func (s *Simulator) routesTwilio() {
	s.mux.HandleFunc("POST "+twilioPath+"/Messages.json", s.twilioSend)
	s.mux.HandleFunc("GET "+twilioPath+"/Messages/{message}", s.twilioAsk(s.twilioMessage))
	s.mux.HandleFunc("GET "+twilioPath+"/Balance.json", s.twilioAsk(s.twilioBalance))
	s.mux.HandleFunc("GET "+twilioPath+"/IncomingPhoneNumbers.json", s.twilioAsk(s.twilioNumbers))
	s.mux.HandleFunc("GET "+twilioPath, s.twilioAsk(s.twilioAccount))
	s.mux.HandleFunc("/twilio/", func(w http.ResponseWriter, r *http.Request) { s.twilioRefuse(w, r, verdict{}, twilioNotFound) })
}

// twilioForm is the form of a send.
type twilioForm struct{ to, from, service, body, callback, validity string }

func readTwilio(raw []byte) twilioForm {
	f, err := url.ParseQuery(string(raw))
	if err != nil {
		return twilioForm{}
	}
	return twilioForm{
		to: f.Get("To"), from: f.Get("From"), service: f.Get("MessagingServiceSid"), body: f.Get("Body"),
		callback: f.Get("StatusCallback"), validity: f.Get("ValidityPeriod"),
	}
}

// sender is what the message comes from.
func (f twilioForm) sender() string {
	if f.service != "" {
		return f.service
	}
	return f.from
}

var twilioService = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)

// check answers the code of what is wrong with the form, "" if nothing is.
func (f twilioForm) check(acc *account) string {
	digits, plus := strings.CutPrefix(f.to, "+")
	callback, err := url.Parse(f.callback)
	seconds, numErr := strconv.Atoi(f.validity)
	switch {
	case !plus || !e164Digits.MatchString(digits):
		return twilioBadTo
	case f.sender() == "":
		return twilioBadFrom
	case f.service != "" && (!twilioService.MatchString(f.service) || !acc.mayUse(f.service)):
		return twilioBadService
	case f.service == "" && !acc.mayUse(f.from):
		return twilioForeignFrom
	case f.body == "":
		return twilioNoText
	case utf8.RuneCountInString(f.body) > 1600:
		return twilioTooLong
	case f.callback != "" && (err != nil || callback.Host == ""):
		return twilioBadCallback
	case f.validity != "" && (numErr != nil || seconds < 1 || seconds > 36_000):
		return twilioBadParam
	}
	return ""
}

// reference is what the callback's address says under that name: nothing else of a message comes from its sender.
func (f twilioForm) reference() string {
	u, err := url.Parse(f.callback)
	if err != nil {
		return ""
	}
	return u.Query().Get("reference")
}

// twilioOwner answers the account that the call's Basic credentials are for: its Auth Token, or an API key.
func (s *Simulator) twilioOwner(r *http.Request) (*account, bool) {
	sid := strings.TrimSuffix(r.PathValue("account"), ".json")
	user, password, given := r.BasicAuth()
	if _, known := s.accounts.get(Twilio, sid); !known && s.opt.Open && given && user == sid {
		s.Register(Account{Provider: Twilio, ID: sid, AppSecret: password})
	}
	acc, ok := s.accounts.get(Twilio, sid)
	if !ok || !given || acc.faultNow() == FaultReauth {
		return nil, false
	}
	byToken := user == sid && (acc.AppSecret == "" || acc.AppSecret == password)
	byKey := acc.APIKey != "" && acc.APIKey == user+":"+password
	return acc, byToken || byKey
}

func (s *Simulator) twilioSend(w http.ResponseWriter, r *http.Request) {
	f := readTwilio(body(r))
	acc, ok := s.twilioOwner(r)
	if !ok {
		s.refusedCall(Twilio, "", SMS, twilioBadAuth)
		s.twilioRefuse(w, r, verdict{}, twilioBadAuth)
		return
	}
	if acc.faultNow() == FaultSlow {
		s.pause(r.Context(), slowness)
	}
	if code := f.check(acc); code != "" {
		s.refusedCall(Twilio, acc.ID, SMS, code)
		s.twilioRefuse(w, r, verdict{}, code)
		return
	}
	rec, v := s.place(s.twilioOrder(acc, f), twilioLogCode)
	if v.outcome == OutcomeRefused {
		if v.refuse == Throttle {
			throttled(w, v.retry)
		}
		s.twilioRefuse(w, r, v, twilioLogCode(v))
		return
	}
	c := rec.view()
	m := twilioResource(c)
	m.Status, m.Body, m.From, m.Price, m.PriceUnit, m.ErrorCode = "queued", f.body, f.from, nil, nil, nil
	if f.service != "" {
		m.Status, m.Service = "accepted", &f.service
	}
	s.answer(w, r, v, http.StatusCreated, m)
}

func (s *Simulator) twilioOrder(acc *account, f twilioForm) order {
	parts := segments(f.body)
	return order{
		provider: Twilio, channel: SMS, acc: acc, ref: f.reference(), to: digits(f.to), segments: parts, bill: billFor(SMS, parts),
		newID:      func(id string) string { return "SM" + strings.Repeat("0", 32-len(id)) + id },
		hook:       twilioHook(acc, f),
		tellsLater: func(code string) bool { return code == CodeUnknownUser || strings.HasPrefix(code, "30") },
		failCode:   twilioFailure,
	}
}

// twilioRefuse answers an error with the status that goes with its code.
func (s *Simulator) twilioRefuse(w http.ResponseWriter, r *http.Request, v verdict, code string) {
	status, ok := twilioStatus[code]
	if !ok {
		status = http.StatusBadRequest
	}
	number, err := strconv.Atoi(code)
	if err != nil {
		number = status
	}
	words, ok := twilioWords[code]
	if !ok {
		words = "Error " + code
	}
	s.answer(w, r, v, status, map[string]any{
		"code": number, "message": words, "more_info": "https://www.twilio.com/docs/errors/" + code, "status": status,
	})
}

// twilioLogCode answers Twilio's own code of what went wrong.
func twilioLogCode(v verdict) string {
	switch {
	case v.outcome != OutcomeRefused:
		return v.spoil
	case v.refuse == Throttle:
		return twilioThrottled
	case v.refuse == CodeToken:
		return twilioBadAuth
	case v.refuse == CodeQuota:
		return twilioQueueFull
	case v.refuse == codeBalance:
		return twilioSuspended
	case v.refuse == "":
		return twilioNotMobile
	default:
		return v.refuse
	}
}

// twilioFailure says a failure told later in Twilio's code.
func twilioFailure(code string) string {
	switch {
	case code == CodeUnknownUser:
		return twilioUnknownTo
	case code == CodeQuota:
		return twilioOverflow
	case strings.Trim(code, "0123456789") != "":
		return twilioUnknown
	default:
		return code
	}
}

// twilioMessageBody is the resource of a message. Its numbers are text, but for the error's code.
type twilioMessageBody struct {
	SID         string  `json:"sid"`
	AccountSID  string  `json:"account_sid"`
	APIVersion  string  `json:"api_version"`
	Body        string  `json:"body"`
	DateCreated string  `json:"date_created"`
	DateSent    *string `json:"date_sent"`
	DateUpdated string  `json:"date_updated"`
	Direction   string  `json:"direction"`
	ErrorCode   *int    `json:"error_code"`
	ErrorText   *string `json:"error_message"`
	From        string  `json:"from"`
	To          string  `json:"to"`
	Service     *string `json:"messaging_service_sid"`
	Media       string  `json:"num_media"`
	Segments    string  `json:"num_segments"`
	Price       *string `json:"price"`
	PriceUnit   *string `json:"price_unit"`
	Status      string  `json:"status"`
	URI         string  `json:"uri"`
}

func twilioDate(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }

// twilioResource is the message as it is by now. The price is set once the message has come to an end.
func twilioResource(c Call) twilioMessageBody {
	e := lastEvent(c)
	m := twilioMessageBody{
		SID: c.ProviderID, AccountSID: c.Account, APIVersion: "2010-04-01", DateCreated: twilioDate(c.At), DateUpdated: twilioDate(e.At),
		Direction: "outbound-api", To: "+" + c.To, Media: "0", Segments: strconv.Itoa(max(1, c.Segments)), Status: "queued",
		URI: "/2010-04-01/Accounts/" + c.Account + "/Messages/" + c.ProviderID + ".json",
	}
	if e.Kind == "" {
		return m
	}
	m.Status, m.DateSent = twilioEventStatus(e), new(twilioDate(c.At))
	m.Price, m.PriceUnit = new("-"+c.Price), new("VND")
	if code, err := strconv.Atoi(e.Code); e.Kind == failed && err == nil {
		m.ErrorCode = &code
	}
	return m
}

// twilioAsk guards a look-up.
func (s *Simulator) twilioAsk(answer func(http.ResponseWriter, *http.Request, *account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		acc, ok := s.twilioOwner(r)
		switch {
		case !ok:
			s.twilioRefuse(w, r, verdict{}, twilioBadAuth)
		case !s.broken(w, r, acc):
			answer(w, r, acc)
		}
	}
}

func (s *Simulator) twilioMessage(w http.ResponseWriter, r *http.Request, acc *account) {
	s.queries.Add(1)
	sid, _ := strings.CutSuffix(r.PathValue("message"), ".json")
	rec, ok := s.book.find(Twilio, acc.ID, sid)
	if !ok || !strings.HasPrefix(sid, "SM") {
		s.twilioRefuse(w, r, verdict{}, twilioNotFound)
		return
	}
	s.plain(w, r, http.StatusOK, twilioResource(rec.view()))
}

func (s *Simulator) twilioBalance(w http.ResponseWriter, r *http.Request, acc *account) {
	balance := "1000000.00"
	if acc.NoBalance {
		balance = "0.00"
	}
	s.plain(w, r, http.StatusOK, map[string]string{"account_sid": acc.ID, "balance": balance, "currency": "VND"})
}

func (s *Simulator) twilioAccount(w http.ResponseWriter, r *http.Request, acc *account) {
	status := "active"
	if acc.NoBalance {
		status = "suspended"
	}
	s.plain(w, r, http.StatusOK, map[string]string{"sid": acc.ID, "friendly_name": "Simulated", "status": status, "type": "Full"})
}

// twilioNumbers lists the account's senders that are numbers; without registered senders, whatever is asked for.
func (s *Simulator) twilioNumbers(w http.ResponseWriter, r *http.Request, acc *account) {
	numbers := []any{}
	if asked := r.FormValue("PhoneNumber"); acc.mayUse(asked) {
		numbers = append(numbers, map[string]any{"phone_number": asked, "capabilities": map[string]bool{"sms": true, "voice": false, "mms": false}})
	}
	s.plain(w, r, http.StatusOK, map[string]any{"incoming_phone_numbers": numbers, "page": 0, "page_size": 50})
}
