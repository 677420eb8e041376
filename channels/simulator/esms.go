package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// esmsPath is where eSMS's calls begin; the part before it stands for the host.
const esmsPath = "/esms/MainService.svc/json/"

// Codes of eSMS, as CodeResult and CodeResponse.
const (
	esmsTaken        = "100"
	esmsBlocked      = "99"
	esmsBadKeys      = "101"
	esmsNoBalance    = "103"
	esmsBadBrandname = "104"
	esmsUnknownID    = "105"
	esmsBadPhone     = "108"
	esmsBadData      = "110"
	esmsBadType      = "118"
	esmsDuplicate    = "124"
	esmsBadText      = "146"
	esmsThrottled    = "160"
	esmsUnknownOA    = "204"
	esmsNoTemplate   = "789"
	esmsBadTempData  = "790"
	esmsNothingNamed = "791"
	esmsNoSMSID      = "851"
	esmsNoData       = "854"
)

// esmsRepeat is how long a RequestId is remembered.
const esmsRepeat = 24 * time.Hour

// esmsWords are the error messages that eSMS's documents show.
var esmsWords = map[string]string{
	esmsBadKeys: "Authorize Failed", esmsBadBrandname: "Brand name code is not exist", esmsDuplicate: "Request exist 1",
	esmsBadText: "Sai template Brandname CSKH", esmsNoTemplate: "TemplateId is not config",
}

// esms is eSMS's side; under way holds the RequestIds of the calls that are being judged.
type esms struct {
	s        *Simulator
	mu       sync.Mutex
	underWay map[string]bool
}

func (s *Simulator) routesESMS() {
	e := &esms{s: s, underWay: map[string]bool{}}
	calls := map[string]http.HandlerFunc{
		"POST SendMultipleMessage_V4_post_json": e.send(SMS),
		"POST SendZaloMessage_V6":               e.send(ZNS),
		"POST Send_Multiple_Sms_OTT":            e.send(Viber),
		"GET GetSendStatus":                     e.sendStatus,
		"POST QueryZnsStatus":                   e.znsStatus,
		"POST GetBalance_json":                  e.balance,
		"GET GetListBrandname/{key}/{secret}":   e.brandnames,
		"POST ZNS/GetQuota":                     e.quota,
		"POST ZNS/GetQuality":                   e.quality,
		"POST GetTemplate":                      e.templates,
		"GET GetZnsTemplateInfo":                e.template,
	}
	for call, handler := range calls {
		method, name, _ := strings.Cut(call, " ")
		s.mux.HandleFunc(method+" "+esmsPath+name, handler)
		s.mux.HandleFunc(method+" "+esmsPath+name+"/{$}", handler)
	}
}

// loose is a JSON string or number as text: eSMS takes both.
type loose string

// UnmarshalJSON reads anything that is no string as its source text; null is "".
func (l *loose) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	*l = loose(text)
	return nil
}

// esmsMessage is the body of the three sending calls, and of those that ask.
type esmsMessage struct {
	APIKey      loose   `json:"ApiKey"`
	SecretKey   loose   `json:"SecretKey"`
	Phone       loose   `json:"Phone"`
	Phones      []loose `json:"Phones"`
	Content     string  `json:"Content"`
	Brandname   string  `json:"Brandname"`
	SMSType     loose   `json:"SmsType"`
	OAID        loose   `json:"OAID"`
	TempID      loose   `json:"TempID"`
	TempData    map[string]json.RawMessage
	ImageURL    string `json:"OttImgUrl"`
	ButtonURL   string `json:"OttUrl"`
	Button      string `json:"OTTLabel"`
	Sandbox     loose  `json:"Sandbox"`
	IsSandbox   loose  `json:"IsSandBox"`
	RequestID   string `json:"RequestId"`
	CallbackURL string `json:"CallbackUrl"`
	SMSID       loose  `json:"SmsId"`
}

// to is the one number that the message is for, "" for none or several.
func (m esmsMessage) to() string {
	phone := string(m.Phone)
	if len(m.Phones) == 1 {
		phone = string(m.Phones[0])
	}
	if to := digits(phone); len(m.Phones) < 2 && e164Digits.MatchString(to) {
		return to
	}
	return ""
}

func (m esmsMessage) sandbox() bool { return m.Sandbox == "1" || m.IsSandbox == "1" }

type esmsAnswer struct {
	CodeResult      string `json:"CodeResult"`
	CountRegenerate int    `json:"CountRegenerate"`
	ErrorMessage    string `json:"ErrorMessage,omitempty"`
	SMSID           string `json:"SMSID,omitempty"`
	SendStatus      string `json:"SendStatus,omitempty"`
}

// account answers the account of a pair of keys.
func (e *esms) account(key, secret string) (*account, bool) {
	acc, ok := e.s.byKey(ESMS, key)
	return acc, ok && (acc.AppSecret == "" || acc.AppSecret == secret)
}

// send takes a message or says why not, in eSMS's order: keys, balance, phone, repeated RequestId, sender, template.
func (e *esms) send(channel string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var m esmsMessage
		if json.Unmarshal(body(r), &m) != nil {
			e.s.refusedCall(ESMS, "", channel, esmsBlocked)
			e.s.plain(w, r, http.StatusOK, map[string]string{"error": "Invalid request"})
			return
		}
		acc, ok := e.account(string(m.APIKey), string(m.SecretKey))
		if !ok {
			e.s.refusedCall(ESMS, "", channel, esmsBadKeys)
			e.refuse(w, r, verdict{}, esmsBadKeys)
			return
		}
		if acc.faultNow() == FaultSlow {
			e.s.pause(r.Context(), slowness)
		}
		switch {
		case acc.NoBalance:
			e.refuseCall(w, r, acc, channel, m, esmsNoBalance)
		case m.to() == "":
			e.refuseCall(w, r, acc, channel, m, esmsBadPhone)
		case !e.claim(acc, m.RequestID):
			e.refuseCall(w, r, acc, channel, m, esmsDuplicate)
		default:
			defer e.release(acc, m.RequestID)
			e.take(w, r, acc, channel, m)
		}
	}
}

func (e *esms) take(w http.ResponseWriter, r *http.Request, acc *account, channel string, m esmsMessage) {
	if code := m.check(acc, channel); code != "" {
		e.refuseCall(w, r, acc, channel, m, code)
		return
	}
	if m.sandbox() {
		e.s.plain(w, r, http.StatusOK, esmsAnswer{CodeResult: esmsTaken, SMSID: e.s.providerID(e.s.seq.Add(1))})
		return
	}
	rec, v := e.s.place(e.order(acc, channel, m), esmsLogCode)
	if v.outcome == OutcomeRefused {
		e.refuse(w, r, v, esmsLogCode(v))
		return
	}
	e.s.answer(w, r, v, http.StatusOK, esmsAnswer{CodeResult: esmsTaken, SMSID: rec.call.ProviderID})
}

func (e *esms) order(acc *account, channel string, m esmsMessage) order {
	parts := 0
	if channel == SMS {
		parts = segments(m.Content)
	}
	return order{
		provider: ESMS, channel: channel, acc: acc, ref: m.RequestID, to: m.to(), segments: parts,
		bill: billFor(channel, parts), hook: esmsHook(acc, channel, m), tellsLater: func(code string) bool { return esmsTellsLater(channel, code) },
		failCode: func(code string) string { return esmsFailure(channel, code) },
	}
}

// claim reserves a RequestId; false if it was taken within 24 hours, or is being judged.
func (e *esms) claim(acc *account, id string) bool {
	if id == "" {
		return true
	}
	key := idKey(ESMS, acc.ID, id)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.underWay[key] {
		return false
	}
	if rec, ok := e.s.book.find(ESMS, acc.ID, id); ok && e.s.opt.Now().Sub(rec.view().At) < esmsRepeat {
		return false
	}
	e.underWay[key] = true
	return true
}

func (e *esms) release(acc *account, id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.underWay, idKey(ESMS, acc.ID, id))
}

// refuseCall keeps a call that was refused before it was judged, and answers it.
func (e *esms) refuseCall(w http.ResponseWriter, r *http.Request, acc *account, channel string, m esmsMessage, code string) {
	e.s.book.add(&record{call: Call{
		ID: e.s.seq.Add(1), At: e.s.opt.Now(), Provider: ESMS, Account: acc.ID, Channel: channel,
		Reference: m.RequestID, To: m.to(), Outcome: OutcomeRefused, Code: code,
	}})
	e.refuse(w, r, verdict{}, code)
}

func (e *esms) refuse(w http.ResponseWriter, r *http.Request, v verdict, code string) {
	a := esmsAnswer{CodeResult: code, ErrorMessage: cmp.Or(esmsWords[code], "Error "+code)}
	switch code {
	case esmsDuplicate:
		a.SendStatus = "5"
	case esmsBadText: // an id comes with this refusal all the same
		a.SMSID = e.s.providerID(e.s.seq.Add(1))
	}
	e.s.answer(w, r, v, http.StatusOK, a)
}

// check answers the code of a mistake in the sender or the content, "" for none.
func (m esmsMessage) check(acc *account, channel string) string {
	switch channel {
	case ZNS:
		return m.checkZNS(acc)
	case Viber:
		text, image, button := m.Content != "", m.ImageURL != "", m.Button != "" || m.ButtonURL != ""
		switch {
		case m.SMSType != "23":
			return esmsBadType
		case !acc.mayUse(m.Brandname):
			return esmsBadBrandname
		case !text && (button || !image), text && image && !button, button && (m.Button == "" || m.ButtonURL == ""):
			return esmsBadData
		}
	default:
		switch {
		case m.SMSType != "2" && m.SMSType != "8":
			return esmsBadType
		case m.SMSType == "2" && !acc.mayUse(m.Brandname):
			return esmsBadBrandname
		case m.Content == "":
			return esmsBadData
		}
	}
	return ""
}

func (m esmsMessage) checkZNS(acc *account) string {
	if m.OAID == "" || m.TempID == "" {
		return esmsNothingNamed
	}
	if !acc.mayUse(string(m.OAID)) {
		return esmsUnknownOA
	}
	if len(acc.Templates) == 0 {
		return ""
	}
	t, ok := acc.esmsTemplate(string(m.TempID))
	if !ok {
		return esmsNoTemplate
	}
	for _, p := range t.Params {
		raw, given := m.TempData[p.Name]
		var value loose
		if given && json.Unmarshal(raw, &value) != nil {
			return esmsBadTempData
		}
		if !p.Optional && value == "" || len([]rune(string(value))) > cmp.Or(p.MaxLength, 30) {
			return esmsBadTempData
		}
	}
	return ""
}

// mayUse reports whether the account has the brandname or the OA; with none registered it has all.
func (a *account) mayUse(sender string) bool {
	return sender != "" && (len(a.Senders) == 0 || slices.Contains(a.Senders, sender))
}

// esmsTemplate answers an approved template.
func (a *account) esmsTemplate(id string) (Template, bool) {
	for _, t := range a.Templates {
		if itoa(t.ID) == id {
			return t, cmp.Or(t.Status, "ENABLE") == "ENABLE"
		}
	}
	return Template{}, false
}

// esmsLogCode answers eSMS's own code of what went wrong.
func esmsLogCode(v verdict) string {
	switch {
	case v.outcome != OutcomeRefused:
		return v.spoil
	case v.refuse == Throttle:
		return esmsThrottled
	case v.refuse == CodeToken:
		return esmsBadKeys
	case v.refuse == CodeQuota, v.refuse == codeBalance:
		return esmsNoBalance
	default:
		return cmp.Or(v.refuse, esmsBlocked)
	}
}

// esmsTellsLater: eSMS answers before it asks Zalo, Viber or the operator, so their refusals come by callback. Its own
// codes have no sign; Zalo's are negative.
func esmsTellsLater(channel, code string) bool {
	switch code {
	case CodeUnknownUser:
		return true
	case CodeQuota:
		return channel == ZNS
	default:
		return strings.HasPrefix(code, "-")
	}
}

// esmsFailure says a failure told later in Zalo's code on ZNS; on the other channels eSMS tells none.
func esmsFailure(channel, code string) string {
	if channel != ZNS {
		return code
	}
	switch code {
	case CodeUnknownUser:
		return "-118"
	case CodeQuota:
		return "-144"
	case CodeToken:
		return "-124"
	}
	return code
}
