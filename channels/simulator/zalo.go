package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// zaloTexts are the codes that the simulator answers, with the words Zalo uses or a paraphrase.
var zaloTexts = map[int]string{
	-100:  "Unknown error",
	-106:  "Method unsupported",
	-107:  "Message id invalid",
	-108:  "Phone number invalid",
	-109:  "Template id invalid",
	-111:  "Template data empty",
	-112:  "Template data invalid",
	-114:  "User is inactive, or reject the message, or using an outdated Zalo version, or other internal errors",
	-115:  "Out of quota",
	-118:  "Zalo account not existed",
	-121:  "Body empty",
	-122:  "Body is not valid JSON",
	-124:  "Access token invalid",
	-131:  "Template is not approved",
	-132:  "Parameter invalid",
	-139:  "User refuses this type of message",
	-141:  "User refuses messages from this OA",
	-144:  "ZNS daily quota exceeded",
	-32:   "Rate limit reached",
	-1121: "A parameter is break max length",
	-1122: "A parameter is missing",
	-1241: "appsecret_proof invalid",
}

// zaloCode turns a Rule's code into Zalo's.
func zaloCode(code string) int {
	switch code {
	case "", CodeUnknownUser:
		return -118
	case CodeQuota:
		return -144
	case CodeToken:
		return -124
	case codeBalance:
		return -115
	case Throttle:
		return -32
	}
	n, err := strconv.Atoi(code)
	if err != nil {
		return -100
	}
	return n
}

type zaloEnvelope struct {
	Error    int    `json:"error"`
	Message  string `json:"message"`
	Data     any    `json:"data,omitempty"`
	Metadata any    `json:"metadata,omitempty"`
}

func zaloError(code int) zaloEnvelope {
	text, ok := zaloTexts[code]
	if !ok {
		text = "Error " + strconv.Itoa(code)
	}
	return zaloEnvelope{Error: code, Message: text}
}

func zaloOK(data any) zaloEnvelope { return zaloEnvelope{Message: "Success", Data: data} }

func (s *Simulator) routesZalo() {
	s.mux.HandleFunc("/zalo/api/message/template", s.zaloSend)
	s.mux.HandleFunc("/zalo/api/message/status", s.zaloGet(s.zaloStatus))
	s.mux.HandleFunc("/zalo/api/message/quota", s.zaloGet(s.zaloQuota))
	s.mux.HandleFunc("/zalo/api/template/all", s.zaloGet(s.zaloTemplates))
	s.mux.HandleFunc("/zalo/api/template/info/v2", s.zaloGet(s.zaloTemplate))
	s.mux.HandleFunc("/zalo/api/quality", s.zaloGet(func(*account, *http.Request) zaloEnvelope {
		return zaloOK(map[string]string{"oaCurrentQuality": "HIGH", "oa7dayQuality": "HIGH"})
	}))
	s.mux.HandleFunc("/zalo/api/", func(w http.ResponseWriter, r *http.Request) { s.plain(w, r, http.StatusOK, zaloError(-106)) })
	s.mux.HandleFunc("/zalo/oauth/v4/oa/access_token", s.zaloToken)
}

// zaloAccount checks the token and, where the account wants it, appsecret_proof. code 0 is good.
func (s *Simulator) zaloAccount(r *http.Request) (acc *account, code int) {
	token := r.Header.Get("access_token")
	acc, ok := s.byToken(token)
	if !ok {
		return nil, -124
	}
	if acc.RequireProof {
		mac := hmac.New(sha256.New, []byte(acc.AppSecret))
		mac.Write([]byte(token))
		if r.Header.Get("appsecret_proof") != hex.EncodeToString(mac.Sum(nil)) {
			return acc, -1241
		}
	}
	return acc, 0
}

func (s *Simulator) zaloGet(answer func(*account, *http.Request) zaloEnvelope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			s.plain(w, r, http.StatusOK, zaloError(-106))
			return
		}
		acc, code := s.zaloAccount(r)
		if code != 0 {
			s.plain(w, r, http.StatusOK, zaloError(code))
			return
		}
		if s.broken(w, r, acc) {
			return
		}
		s.plain(w, r, http.StatusOK, answer(acc, r))
	}
}

// broken plays an account's faults that concern any call: it waits when slow, and answers for one that is down.
func (s *Simulator) broken(w http.ResponseWriter, r *http.Request, acc *account) bool {
	switch acc.faultNow() {
	case FaultSlow:
		s.pause(r.Context(), slowness)
	case FaultDown:
		webPage(w, http.StatusBadGateway)
		return true
	}
	return false
}

type zaloMessage struct {
	Phone        *string                    `json:"phone"`
	TemplateID   *string                    `json:"template_id"`
	TemplateData map[string]json.RawMessage `json:"template_data"`
	TrackingID   string                     `json:"tracking_id"`
	SendingMode  string                     `json:"sending_mode"`
}

func (s *Simulator) zaloSend(w http.ResponseWriter, r *http.Request) {
	raw := body(r)
	refuse := func(account string, code int) {
		s.refusedCall(Zalo, account, ZNS, strconv.Itoa(code))
		s.plain(w, r, http.StatusOK, zaloError(code))
	}
	if r.Method != http.MethodPost {
		refuse("", -106)
		return
	}
	acc, code := s.zaloAccount(r)
	if code != 0 {
		id := ""
		if acc != nil {
			id = acc.ID
		}
		refuse(id, code)
		return
	}
	if acc.faultNow() == FaultSlow {
		s.pause(r.Context(), slowness)
	}
	msg, bill, code := readZalo(acc, r, raw)
	if code != 0 {
		refuse(acc.ID, code)
		return
	}
	o := order{
		provider: Zalo, channel: ZNS, acc: acc, ref: msg.TrackingID, to: digits(*msg.Phone), bill: bill,
		hook: s.zaloHook(acc, msg.TrackingID),
	}
	rec, v := s.place(o, zaloLogCode)
	if v.refuse == CodeToken {
		acc.refuseRefresh(s.opt.Now().Add(s.scaled(5 * time.Second)))
	}
	if v.refuse == Throttle {
		throttled(w, v.retry)
		s.answer(w, r, v, http.StatusTooManyRequests, zaloError(-32))
		return
	}
	if v.outcome == OutcomeRefused {
		s.answer(w, r, v, http.StatusOK, zaloError(zaloCode(v.refuse)))
		return
	}
	now := s.opt.Now()
	s.answer(w, r, v, http.StatusOK, zaloOK(map[string]any{
		"msg_id": rec.call.ProviderID, "sent_time": millis(rec.call.At), "sending_mode": "1",
		"quota": map[string]string{"dailyQuota": itoa(acc.daily()), "remainingQuota": itoa(acc.left(now))},
	}))
}

func zaloLogCode(v verdict) string {
	if v.outcome == OutcomeRefused {
		return strconv.Itoa(zaloCode(v.refuse))
	}
	return v.spoil
}

var (
	vnMobile   = regexp.MustCompile(`^(\+?84|0)[35789]\d{8}$`)
	trackingID = regexp.MustCompile(`^[A-Za-z0-9]{0,48}$`)
)

// readZalo checks a send in Zalo's order: body, template, parameters, phone. code 0 is good.
func readZalo(acc *account, r *http.Request, raw []byte) (msg zaloMessage, b bill, code int) {
	if len(raw) == 0 {
		return msg, b, -121
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || json.Unmarshal(raw, &msg) != nil {
		return msg, b, -122
	}
	if msg.TemplateID == nil || *msg.TemplateID == "" {
		return msg, b, -109
	}
	b = billFor(ZNS, 0)
	if len(acc.Templates) > 0 {
		i := slices.IndexFunc(acc.Templates, func(t Template) bool { return itoa(t.ID) == *msg.TemplateID })
		if i < 0 {
			return msg, b, -109
		}
		t := acc.Templates[i]
		if t.status() != "ENABLE" {
			return msg, b, -131
		}
		if code := t.check(msg.TemplateData); code != 0 {
			return msg, b, code
		}
		b.Amount, b.Within = t.price(), t.timeout()
	}
	switch {
	case msg.TemplateData == nil:
		return msg, b, -111
	case msg.SendingMode != "" && msg.SendingMode != "1" && msg.SendingMode != "3":
		return msg, b, -161
	case !trackingID.MatchString(msg.TrackingID):
		return msg, b, -132
	case msg.Phone == nil || !vnMobile.MatchString(*msg.Phone):
		return msg, b, -108
	}
	return msg, b, 0
}

// check compares a message's data with the template's parameters.
func (t Template) check(data map[string]json.RawMessage) int {
	known := map[string]bool{}
	for _, p := range t.Params {
		known[p.Name] = true
		raw, ok := data[p.Name]
		if !ok {
			if p.Optional {
				continue
			}
			return -1122
		}
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if utf8.RuneCountInString(text) > p.maxLength() {
			return -1121
		}
	}
	for name := range maps.Keys(data) {
		if !known[name] {
			return -112
		}
	}
	return 0
}

func (p TemplateParam) maxLength() int {
	if p.MaxLength == 0 {
		return 30
	}
	return p.MaxLength
}

func (t Template) status() string {
	if t.Status == "" {
		return "ENABLE"
	}
	return t.Status
}

func (t Template) price() int64 {
	if t.Price == 0 {
		return PriceZNS
	}
	return t.Price
}

func (t Template) timeout() time.Duration {
	if t.Timeout == 0 {
		return CommitWindow
	}
	return t.Timeout
}

func (s *Simulator) zaloStatus(acc *account, r *http.Request) zaloEnvelope {
	s.queries.Add(1)
	id := r.URL.Query().Get("message_id")
	if id == "" {
		return zaloError(-107)
	}
	rec, ok := s.book.find(Zalo, acc.ID, id)
	if !ok || rec.call.ProviderID != id {
		return zaloOK(map[string]any{"status": -1, "message": "The message does not exist"})
	}
	if c := rec.view(); c.DeliveredAt != nil {
		return zaloOK(map[string]any{
			"status": 1, "message": "The message was delivered to the user's phone", "delivery_time": millis(*c.DeliveredAt),
		})
	}
	return zaloOK(map[string]any{
		"status": 0, "message": "The message is pushed successfully to Zalo server but has not yet delivered to user's phone", "delivery_time": "",
	})
}

func (s *Simulator) zaloQuota(acc *account, _ *http.Request) zaloEnvelope {
	return zaloOK(map[string]any{
		"dailyQuota": itoa(acc.daily()), "remainingQuota": itoa(acc.left(s.opt.Now())),
		"dailyQuotaPromotion": nil, "remainingQuotaPromotion": nil,
	})
}

// zaloStatusNumbers are the values of the status filter.
var zaloStatusNumbers = map[string]string{"": "", "1": "ENABLE", "2": "PENDING_REVIEW", "3": "REJECT", "4": "DISABLE"}

func (s *Simulator) zaloTemplates(acc *account, r *http.Request) zaloEnvelope {
	q := r.URL.Query()
	offset, err1 := strconv.Atoi(q.Get("offset"))
	limit, err2 := strconv.Atoi(q.Get("limit"))
	want, known := zaloStatusNumbers[q.Get("status")]
	if err1 != nil || err2 != nil || offset < 0 || limit < 1 || limit > 100 || !known {
		return zaloError(-132)
	}
	rows := []any{}
	for _, t := range acc.Templates {
		if want == "" || t.status() == want {
			rows = append(rows, map[string]any{
				"templateId": t.ID, "templateName": t.Name, "createdTime": 1767225600000, "status": t.status(), "templateQuality": "HIGH",
			})
		}
	}
	total := len(rows)
	rows = rows[min(offset, total):min(offset+limit, total)]
	return zaloEnvelope{Message: "Success", Data: rows, Metadata: map[string]int{"total": total}}
}

func (s *Simulator) zaloTemplate(acc *account, r *http.Request) zaloEnvelope {
	id, err := strconv.ParseInt(r.URL.Query().Get("template_id"), 10, 64)
	if err != nil {
		return zaloError(-109)
	}
	t := Template{ID: id, Name: "Template " + itoa(id)}
	if i := slices.IndexFunc(acc.Templates, func(t Template) bool { return t.ID == id }); i >= 0 {
		t = acc.Templates[i]
	} else if len(acc.Templates) > 0 {
		return zaloError(-109)
	}
	params := []any{}
	for _, p := range t.Params {
		params = append(params, map[string]any{
			"name": p.Name, "require": !p.Optional, "type": "STRING", "maxLength": p.maxLength(), "minLength": 0, "acceptNull": p.Optional,
		})
	}
	tag := t.Tag
	if tag == "" {
		tag = "TRANSACTION"
	}
	detail := map[string]any{
		"templateId": t.ID, "templateName": t.Name, "status": t.status(), "listParams": params, "listButtons": []any{},
		"timeout": t.timeout().Milliseconds(), "previewUrl": "https://account.zalo.solutions/preview/" + itoa(t.ID),
		"templateQuality": "HIGH", "templateTag": tag, "price": fmt.Sprintf("%d.0", t.price()),
	}
	if t.Reason != "" {
		detail["reason"] = t.Reason
	}
	return zaloOK(detail)
}
