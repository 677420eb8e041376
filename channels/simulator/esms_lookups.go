package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// esmsReach is how far back the look-ups go.
const esmsReach = 7 * 24 * time.Hour

// esmsState is what eSMS knows of a message with one recipient.
type esmsState struct {
	status, success, failed int
	price                   string
	sent                    int
	reason                  string // Zalo's code of a failure
}

// esmsStateOf answers the state by now. eSMS learns of no reading.
func esmsStateOf(c Call) esmsState {
	st := esmsState{status: 7, price: c.Price, sent: max(1, c.Segments)}
	switch {
	case c.DeliveredAt != nil:
		st.status, st.success = 5, 1
	case c.FailedAt != nil:
		st.status, st.failed, st.reason = 5, 1, c.Code
		if c.Channel == ZNS {
			st.sent = 0
		}
	}
	return st
}

// find answers a message of the account that is not too old to be asked about.
func (e *esms) find(acc *account, id string) (Call, bool) {
	e.s.queries.Add(1)
	rec, ok := e.s.book.find(ESMS, acc.ID, id)
	if !ok {
		return Call{}, false
	}
	c := rec.view()
	return c, c.ProviderID == id && e.s.opt.Now().Sub(c.At) < esmsReach
}

// byQuery answers the account of the keys in the query. With ok false the answer was written.
func (e *esms) byQuery(w http.ResponseWriter, r *http.Request) (*account, bool) {
	acc, ok := e.account(r.FormValue("ApiKey"), r.FormValue("SecretKey"))
	if !ok {
		e.s.plain(w, r, http.StatusOK, map[string]string{"CodeResponse": esmsBadKeys, "SMSID": r.FormValue("RefId")})
		return nil, false
	}
	return acc, !e.s.broken(w, r, acc)
}

// byBody reads the body and answers the account of its keys. With ok false the answer was written.
func (e *esms) byBody(w http.ResponseWriter, r *http.Request) (m esmsMessage, acc *account, ok bool) {
	if json.Unmarshal(body(r), &m) != nil {
		e.s.plain(w, r, http.StatusOK, map[string]string{"error": "Invalid request"})
		return m, nil, false
	}
	acc, ok = e.account(string(m.APIKey), string(m.SecretKey))
	if !ok {
		e.s.plain(w, r, http.StatusOK, map[string]string{"CodeResult": esmsBadKeys, "ErrorMessage": esmsWords[esmsBadKeys]})
		return m, nil, false
	}
	return m, acc, !e.s.broken(w, r, acc)
}

func (e *esms) sendStatus(w http.ResponseWriter, r *http.Request) {
	acc, ok := e.byQuery(w, r)
	if !ok {
		return
	}
	id := r.FormValue("RefId")
	c, ok := e.find(acc, id)
	if !ok {
		e.s.plain(w, r, http.StatusOK, map[string]string{"CodeResponse": esmsUnknownID, "SMSID": id})
		return
	}
	st := esmsStateOf(c)
	e.s.plain(w, r, http.StatusOK, map[string]any{
		"CodeResponse": esmsTaken, "SMSID": id, "SendFailed": st.failed, "SendStatus": st.status, "SendSuccess": st.success,
		"TotalPrice": json.Number(st.price + ".0000"), "TotalReceiver": 1, "TotalSent": st.sent,
	})
}

func (e *esms) znsStatus(w http.ResponseWriter, r *http.Request) {
	m, acc, ok := e.byBody(w, r)
	if !ok {
		return
	}
	c, ok := e.find(acc, string(m.SMSID))
	switch {
	case m.SMSID == "":
		e.s.plain(w, r, http.StatusOK, esmsAnswer{CodeResult: esmsNoSMSID})
		return
	case !ok || c.Channel != ZNS:
		e.s.plain(w, r, http.StatusOK, esmsAnswer{CodeResult: esmsNoData})
		return
	}
	st := esmsStateOf(c)
	data := map[string]any{
		"ErrorInfo": nil, "FinalStatus": "0", "SMSID": c.ProviderID, "SendFailed": st.failed, "SendStatus": st.status, "SendSuccess": st.success,
		"TotalPrice": json.Number(st.price + ".0"), "TotalReceiver": 1, "TotalSent": st.sent, "ZaloMsgId": "",
	}
	if st.status == 5 {
		data["ErrorInfo"], data["FinalStatus"] = cmp.Or(st.reason, "0"), "1"
	}
	if st.success > 0 {
		data["ZaloMsgId"], data["ErrorInfo"] = esmsZaloID(c), "0"
	}
	e.s.plain(w, r, http.StatusOK, map[string]any{"CodeResult": esmsTaken, "Data": data})
}

// esmsZaloID is Zalo's own id of a message that it took from eSMS.
func esmsZaloID(c Call) string { return "zalo" + strconv.FormatUint(c.ID, 16) }

func (e *esms) balance(w http.ResponseWriter, r *http.Request) {
	var m esmsMessage
	acc, ok := (*account)(nil), json.Unmarshal(body(r), &m) == nil
	if ok {
		acc, ok = e.account(string(m.APIKey), string(m.SecretKey))
	}
	if !ok {
		e.s.plain(w, r, http.StatusOK, map[string]any{"Balance": 0, "CodeResponse": esmsBadKeys, "ErrorMessage": esmsWords[esmsBadKeys]})
		return
	}
	if e.s.broken(w, r, acc) {
		return
	}
	left := 1000000
	if acc.NoBalance {
		left = 0
	}
	e.s.plain(w, r, http.StatusOK, map[string]any{"Balance": left, "CodeResponse": esmsTaken, "UserID": 1234})
}

// brandnames lists the account's senders that are no numbers, for care SMS and for Viber.
func (e *esms) brandnames(w http.ResponseWriter, r *http.Request) {
	acc, ok := e.account(r.PathValue("key"), r.PathValue("secret"))
	if !ok {
		e.s.plain(w, r, http.StatusOK, map[string]string{"CodeResult": esmsBadKeys, "ErrorMessage": esmsWords[esmsBadKeys]})
		return
	}
	if e.s.broken(w, r, acc) {
		return
	}
	list := []map[string]any{}
	for _, sender := range acc.Senders {
		if strings.Trim(sender, "0123456789") != "" {
			list = append(list, map[string]any{"Brandname": sender, "Type": 2}, map[string]any{"Brandname": sender, "Type": 23})
		}
	}
	e.s.plain(w, r, http.StatusOK, map[string]any{"CodeResponse": esmsTaken, "ListBrandName": list})
}

func (e *esms) quota(w http.ResponseWriter, r *http.Request) {
	if _, acc, ok := e.byBody(w, r); ok {
		e.s.plain(w, r, http.StatusOK, map[string]any{
			"CodeResult": esmsTaken, "ErrorMessage": "success", "DailyQuota": acc.daily(), "RemainingQuota": acc.left(e.s.opt.Now()),
		})
	}
}

func (e *esms) quality(w http.ResponseWriter, r *http.Request) {
	if _, _, ok := e.byBody(w, r); ok {
		e.s.plain(w, r, http.StatusOK, map[string]any{
			"CodeResult": esmsTaken, "ErrorMessage": "success", "Oa7dayQuality": "HIGH", "OaCurrentQuality": "HIGH",
		})
	}
}

func (e *esms) templates(w http.ResponseWriter, r *http.Request) {
	_, acc, ok := e.byBody(w, r)
	if !ok {
		return
	}
	list := []map[string]any{}
	for _, t := range acc.Templates {
		params := []map[string]any{}
		for i, p := range t.Params {
			params = append(params, map[string]any{"Limit": cmp.Or(p.MaxLength, 30), "Param": p.Name, "ParamLevel": i + 1, "RequireType": "type_text"})
		}
		list = append(list, map[string]any{"TempContent": "<div></div>", "TempId": t.ID, "TempName": t.Name, "ZNSTempDetail": params})
	}
	e.s.plain(w, r, http.StatusOK, map[string]any{"CodeResult": esmsTaken, "ErrorMessage": "success", "ZNSTemplates": list})
}

func (e *esms) template(w http.ResponseWriter, r *http.Request) {
	acc, ok := e.byQuery(w, r)
	if !ok {
		return
	}
	for _, t := range acc.Templates {
		if itoa(t.ID) != r.FormValue("TemplateId") {
			continue
		}
		params := []map[string]any{}
		for _, p := range t.Params {
			params = append(params, map[string]any{
				"AcceptNull": p.Optional, "MaxLength": cmp.Or(p.MaxLength, 30), "MinLength": 0, "Name": p.Name, "Require": !p.Optional, "Type": "STRING",
			})
		}
		e.s.plain(w, r, http.StatusOK, map[string]any{"Error": 0, "Message": "Success", "Data": map[string]any{
			"ListParams": params, "Status": cmp.Or(t.Status, "ENABLE"), "TemplateId": t.ID, "TemplateName": t.Name,
			"TemplateQuality": "UNDEFINED", "TemplateTag": t.Tag, "Timeout": cmp.Or(t.Timeout, CommitWindow).Milliseconds(),
		}})
		return
	}
	e.s.plain(w, r, http.StatusOK, map[string]any{"Error": -109, "Message": "Template is invalid", "Data": nil})
}
