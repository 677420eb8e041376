package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// ZaloEvent is a webhook that Zalo sends for another reason than a message's delivery. It is the body of POST
// /zalo/events too.
type ZaloEvent struct {
	// Account is the OA's id, Event one of the names below.
	Account string `json:"account"`
	Event   string `json:"event"`

	// MsgID is the message that a person answers: Zalo's id or our reference. Text is the note, the pressed button's data or
	// the reply; Rating and Options go with ZaloFeedback.
	MsgID   string   `json:"msg_id,omitempty"`
	Text    string   `json:"text,omitempty"`
	Rating  int      `json:"rating,omitempty"`
	Options []string `json:"options,omitempty"`

	// TemplateID has Status or Quality from now on, for Reason.
	TemplateID int64  `json:"template_id,omitempty"`
	Status     string `json:"status,omitempty"`
	Quality    string `json:"quality,omitempty"`
	Reason     string `json:"reason,omitempty"`

	// Quota is how many messages a day the account may send from now on.
	Quota int64 `json:"quota,omitempty"`

	// Phone is the number that a person puts in; UserID is who, by default ZaloUserID of Phone.
	Phone  string `json:"phone,omitempty"`
	UserID string `json:"user_id,omitempty"`
}

// The events that EmitZalo knows, by Zalo's names.
const (
	ZaloFeedback        = "user_feedback"
	ZaloButton          = "user_click_response_button"
	ZaloText            = "user_send_text"
	ZaloTemplateStatus  = "change_template_status"
	ZaloTemplateQuality = "change_template_quality"
	ZaloQuota           = "change_oa_daily_quota"
	ZaloSubmitInfo      = "user_submit_info"
	ZaloWithdraw        = "user_withdraw"
)

// EmitZalo makes a change true at the simulator and sends the webhook that tells of it. An answer to a message proves
// that it was delivered and read, which the call log then says. Errors: the event or what it is about is not known.
func (s *Simulator) EmitZalo(e ZaloEvent) error {
	acc, ok := s.accounts.get(Zalo, e.Account)
	if !ok {
		return fmt.Errorf("account: %q is no Zalo account of the simulator", e.Account)
	}
	var body map[string]any
	var err error
	server := zaloServerZNS
	switch e.Event {
	case ZaloFeedback, ZaloButton, ZaloText:
		body, err = s.zaloAnswered(acc, e)
	case ZaloTemplateStatus, ZaloTemplateQuality:
		body, err = s.zaloTemplateChanged(acc, e)
	case ZaloQuota:
		before := acc.setQuota(e.Quota)
		body = map[string]any{"oaId": acc.ID, "quota": map[string]string{"prev_value": itoa(before), "new_value": itoa(acc.daily())}}
	case ZaloSubmitInfo, ZaloWithdraw:
		body, err = s.zaloUserChanged(acc, e)
	default:
		err = fmt.Errorf("event: %q is not one that the simulator sends", e.Event)
	}
	if err != nil {
		return err
	}
	if slices.Contains([]string{ZaloText, ZaloSubmitInfo, ZaloWithdraw}, e.Event) {
		server = zaloServerOA
	}
	at := millis(s.opt.Now())
	body["app_id"], body["event_name"], body["timestamp"] = acc.AppID, e.Event, at
	if d, ok := zaloDelivery(acc, server, body, at); ok {
		s.hooks.send(d)
	}
	return nil
}

// zaloAnswered is the body of a person's answer to a message, which is thereby read.
func (s *Simulator) zaloAnswered(acc *account, e ZaloEvent) (map[string]any, error) {
	rec, ok := s.book.find(Zalo, acc.ID, e.MsgID)
	if !ok || rec.hook == nil { // or of an earlier run, whose webhooks are lost
		return nil, fmt.Errorf("msg_id: %q is no message of the account", e.MsgID)
	}
	s.happen(rec, Rule{}, delivered, "")
	now := s.opt.Now()
	s.book.settle(rec, event{Kind: read, ID: rec.call.ID, At: now})
	id, tracking := rec.call.ProviderID, rec.call.Reference
	switch e.Event {
	case ZaloFeedback:
		return map[string]any{"oa_id": acc.ID, "message": map[string]any{
			"note": e.Text, "rate": e.Rating, "submit_time": millis(now), "msg_id": id, "feedbacks": slices.Concat([]string{}, e.Options), "tracking_id": tracking,
		}}, nil
	case ZaloButton:
		return map[string]any{"oa_id": acc.ID, "msg_id": id, "message": map[string]any{
			"submit_time": millis(now), "button_type": "response", "data": e.Text, "tracking_id": tracking,
		}}, nil
	default:
		return map[string]any{
			"sender": zaloParty{cmp.Or(e.UserID, ZaloUserID(rec.call.To))}, "recipient": zaloParty{acc.ID}, "user_id_by_app": zaloAppPrefix + rec.call.To,
			"message": map[string]any{"text": e.Text, "msg_id": s.providerID(s.seq.Add(1)), "quote_msg_id": id},
		}, nil
	}
}

func (s *Simulator) zaloTemplateChanged(acc *account, e ZaloEvent) (map[string]any, error) {
	t, ok := acc.zaloTemplate(itoa(e.TemplateID))
	switch {
	case !ok && len(acc.Templates) > 0:
		return nil, fmt.Errorf("template_id: %d is no template of the account", e.TemplateID)
	case !ok:
		t = Template{ID: e.TemplateID}
	}
	was, quality := s.zalo.template(acc.ID, t)
	s.zalo.changeTemplate(acc.ID, e.TemplateID, templateChange{e.Status, e.Quality, e.Reason})
	body := map[string]any{"oa_id": acc.ID, "template_id": itoa(e.TemplateID)}
	if e.Event == ZaloTemplateQuality { // how it is nested is a guess
		body["quality"] = map[string]string{"prev_quality": quality, "new_quality": e.Quality}
		return body, nil
	}
	body["status"] = map[string]string{"prev_status": was.status(), "new_status": e.Status}
	body["reason"] = e.Reason
	return body, nil
}

func (s *Simulator) zaloUserChanged(acc *account, e ZaloEvent) (map[string]any, error) {
	phone := digits(e.Phone)
	id := cmp.Or(e.UserID, ZaloUserID(phone))
	if e.Event == ZaloWithdraw {
		if e.Phone == "" && e.UserID == "" {
			return nil, fmt.Errorf("user_id: say who withdraws")
		}
		s.zalo.setUser(acc.ID, id, "")
		return map[string]any{"user_id": id, "user_id_by_app": zaloAppPrefix + phone}, nil
	}
	if !vnMobile.MatchString(phone) {
		return nil, fmt.Errorf("phone: give a Vietnamese mobile number, as 84912345678")
	}
	s.zalo.setUser(acc.ID, id, phone)
	return map[string]any{
		"sender": zaloParty{id}, "recipient": zaloParty{acc.ID}, "user_id_by_app": zaloAppPrefix + phone,
		"info": map[string]string{"name": "Nguyễn Thị Lan", "phone": phone},
	}, nil
}

// postZaloEvent is EmitZalo for whoever has no Go at hand.
func (s *Simulator) postZaloEvent(w http.ResponseWriter, r *http.Request) {
	dec := json.NewDecoder(bytes.NewReader(body(r)))
	dec.DisallowUnknownFields()
	var e ZaloEvent
	err := dec.Decode(&e)
	if err == nil {
		err = s.EmitZalo(e)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// putZaloQuality is SetZaloQuality for the same: ?account=…&quality=LOW.
func (s *Simulator) putZaloQuality(w http.ResponseWriter, r *http.Request) {
	account, quality := r.FormValue("account"), r.FormValue("quality")
	if _, ok := s.accounts.get(Zalo, account); !ok || quality == "" {
		http.Error(w, "account, quality: name a Zalo account of the simulator, and HIGH, MEDIUM, LOW or UNDEFINED", http.StatusBadRequest)
		return
	}
	s.SetZaloQuality(account, quality)
	w.WriteHeader(http.StatusNoContent)
}
