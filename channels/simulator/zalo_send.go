package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type zaloMessage struct {
	Phone        *string                    `json:"phone"`
	HashPhone    *string                    `json:"hash_phone"`
	UserID       *string                    `json:"user_id"`
	TemplateID   *string                    `json:"template_id"`
	TemplateData map[string]json.RawMessage `json:"template_data"`
	TrackingID   string                     `json:"tracking_id"`
	SendingMode  string                     `json:"sending_mode"`
}

// zaloWay is one of the ways to name a recipient.
type zaloWay struct {
	// person reads whom a message is for; code 0 is good.
	person func(s *Simulator, acc *account, m zaloMessage) (p zaloPerson, code int)
	// user: the message goes by user id, and the answer is the Official Account API's.
	user bool
}

// zaloPerson is a recipient: To as rules and the call log know them, Name as webhooks do.
type zaloPerson struct{ To, Name string }

var zaloByPhone = zaloWay{person: func(_ *Simulator, _ *account, m zaloMessage) (zaloPerson, int) {
	if m.Phone == nil || !vnMobile.MatchString(*m.Phone) {
		return zaloPerson{}, -108
	}
	to := digits(*m.Phone)
	return zaloPerson{to, to}, 0
}}

// number is a code of the business host in the words of the host that is asked.
func (way zaloWay) number(code int) int {
	if way.user {
		return zaloUserCode(code)
	}
	return code
}

func (way zaloWay) logCode(v verdict) string {
	if v.outcome == OutcomeRefused {
		return strconv.Itoa(way.number(zaloCode(v.refuse)))
	}
	return v.spoil
}

// zaloSend takes template messages whose recipient is named the given way.
func (s *Simulator) zaloSend(way zaloWay) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		raw := body(r)
		refuse := func(account string, code int) {
			code = way.number(code)
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
		msg, bill, code := s.readZalo(acc, r, raw)
		person := zaloPerson{}
		if code == 0 {
			person, code = way.person(s, acc, msg)
		}
		if way.user {
			msg.TrackingID, bill.Amount = "", userPrice(bill.Amount)
			if code == 0 && acc.oneTime(*msg.TemplateID) {
				code = -249
			}
		}
		if code != 0 {
			refuse(acc.ID, code)
			return
		}
		s.zaloTake(w, r, way, msg, order{
			provider: Zalo, channel: ZNS, acc: acc, ref: msg.TrackingID, to: person.To, bill: bill,
			hook: s.zaloHook(acc, way, person, msg.TrackingID),
		})
	}
}

// zaloTake places a message and answers.
func (s *Simulator) zaloTake(w http.ResponseWriter, r *http.Request, way zaloWay, msg zaloMessage, o order) {
	rec, v := s.place(o, way.logCode)
	if v.refuse == CodeToken {
		o.acc.refuseRefresh(s.opt.Now().Add(s.scaled(5 * time.Second)))
	}
	if v.refuse == Throttle {
		throttled(w, v.retry)
		s.answer(w, r, v, http.StatusTooManyRequests, zaloError(-32))
		return
	}
	if v.outcome == OutcomeRefused {
		s.answer(w, r, v, http.StatusOK, zaloError(way.number(zaloCode(v.refuse))))
		return
	}
	if way.user {
		s.answer(w, r, v, http.StatusOK, zaloOK(zaloUserTaken(rec, *msg.UserID)))
		return
	}
	s.answer(w, r, v, http.StatusOK, zaloOK(map[string]any{
		"msg_id": rec.call.ProviderID, "sent_time": millis(rec.call.At), "sending_mode": cmp.Or(msg.SendingMode, "1"),
		"quota": map[string]string{"dailyQuota": itoa(o.acc.daily()), "remainingQuota": itoa(o.acc.left(s.opt.Now()))},
	}))
}

var (
	vnMobile   = regexp.MustCompile(`^(\+?84|0)[35789]\d{8}$`)
	trackingID = regexp.MustCompile(`^[A-Za-z0-9]{0,48}$`)
)

// readZalo checks a send in Zalo's order as far as the recipient, who comes last: body, template, parameters, the
// rest. code 0 is good.
func (s *Simulator) readZalo(acc *account, r *http.Request, raw []byte) (msg zaloMessage, b bill, code int) {
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
		t, ok := acc.zaloTemplate(*msg.TemplateID)
		if !ok {
			return msg, b, -109
		}
		t, _ = s.zalo.template(acc.ID, t)
		if t.status() != "ENABLE" {
			return msg, b, -131
		}
		if code := t.check(msg.TemplateData); code != 0 {
			return msg, b, code
		}
		if msg.SendingMode == "3" && t.Tag != "PROMOTION" {
			return msg, b, -162
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
	}
	return msg, b, 0
}

// zaloTemplate answers one of the account's templates as it was registered.
func (a *account) zaloTemplate(id string) (Template, bool) {
	i := slices.IndexFunc(a.Templates, func(t Template) bool { return itoa(t.ID) == id })
	if i < 0 {
		return Template{}, false
	}
	return a.Templates[i], true
}

// oneTime reports whether a template is one for one-time passwords.
func (a *account) oneTime(id string) bool {
	t, _ := a.zaloTemplate(id)
	return t.Tag == "OTP"
}
