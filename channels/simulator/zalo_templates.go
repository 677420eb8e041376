package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

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
		t, quality := s.zalo.template(acc.ID, t)
		if want == "" || t.status() == want {
			rows = append(rows, map[string]any{
				"templateId": t.ID, "templateName": t.Name, "createdTime": 1767225600000, "status": t.status(), "templateQuality": quality,
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
	t, quality := s.zalo.template(acc.ID, t)
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
		"templateQuality": quality, "templateTag": tag, "price": fmt.Sprintf("%d.0", t.price()),
		"price_uid": fmt.Sprintf("%d.0", userPrice(t.price())),
	}
	if t.Reason != "" {
		detail["reason"] = t.Reason
	}
	return zaloOK(detail)
}
