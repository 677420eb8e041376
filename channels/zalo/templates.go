package zalo

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// The list comes in pages of at most 100 (§5.2); maxPages stops a list that never ends.
const (
	pageSize = 100
	maxPages = 50
)

// listed is a template in the list, detail what info/v2 adds.
type listed struct {
	ID      channels.Text `json:"templateId"`
	Name    channels.Text `json:"templateName"`
	Status  channels.Text `json:"status"`
	Quality channels.Text `json:"templateQuality"`
}

type detail struct {
	listed
	Params []struct {
		Name      channels.Text `json:"name"`
		Require   channels.Text `json:"require"`
		Type      channels.Text `json:"type"`
		MaxLength channels.Text `json:"maxLength"`
	} `json:"listParams"`
	// Timeout is the commit window in milliseconds.
	Timeout    channels.Text `json:"timeout"`
	Price      channels.Text `json:"price"`
	PhonePrice channels.Text `json:"price_sdt"`
	UserPrice  channels.Text `json:"price_uid"`
	Reason     channels.Text `json:"reason"` // on REJECT
}

// Templates lists every template of the account with its parameters: one call a page, one a template. A template
// whose details Zalo refuses is listed without them.
func (a *Adapter) Templates(ctx context.Context) ([]channels.ProviderTemplate, error) {
	all, f := a.list(ctx, maxPages)
	if f != nil {
		return nil, f
	}
	templates := make([]channels.ProviderTemplate, 0, len(all))
	for _, l := range all {
		d, f := a.detail(ctx, l)
		if f != nil && f.Class != policy.ClassRequest {
			return nil, f
		}
		templates = append(templates, d.template())
	}
	return templates, nil
}

func (a *Adapter) list(ctx context.Context, pages int) ([]listed, *channels.Failure) {
	var all []listed
	for page := range pages {
		q := url.Values{"offset": {strconv.Itoa(page * pageSize)}, "limit": {strconv.Itoa(pageSize)}}
		env, f := a.ask(ctx, http.MethodGet, a.api+"/template/all?"+q.Encode(), nil)
		if f != nil {
			return nil, f
		}
		var got []listed
		if err := json.Unmarshal(env.Data, &got); err != nil {
			return nil, &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "Zalo's template list is not a list", Err: err}
		}
		for _, l := range got {
			if l.ID != "" {
				all = append(all, l)
			}
		}
		if len(got) < pageSize {
			break
		}
	}
	return all, nil
}

func (a *Adapter) detail(ctx context.Context, l listed) (detail, *channels.Failure) {
	d := detail{listed: l}
	env, f := a.ask(ctx, http.MethodGet, a.api+"/template/info/v2?"+url.Values{"template_id": {string(l.ID)}}.Encode(), nil)
	if f != nil {
		return d, f
	}
	if err := json.Unmarshal(env.Data, &d); err != nil {
		return detail{listed: l}, &channels.Failure{Class: policy.ClassRequest, Code: "unreadable_answer", Detail: "Zalo's template details are not readable", Err: err}
	}
	d.ID = l.ID
	return d, nil
}

func (d detail) template() channels.ProviderTemplate {
	t := channels.ProviderTemplate{
		ID: string(d.ID), Name: string(d.Name), Quality: strings.ToUpper(string(d.Quality)),
		Status: statusWord(d.Status), Price: string(cmp.Or(d.PhonePrice, d.Price)), UserPrice: string(d.UserPrice), Reason: string(d.Reason),
	}
	if ms, ok := d.Timeout.Int64(); ok && ms > 0 && ms <= (7*24*time.Hour).Milliseconds() {
		t.Commit = time.Duration(ms) * time.Millisecond
	}
	for _, p := range d.Params {
		longest, _ := p.MaxLength.Int64()
		t.Params = append(t.Params, channels.TemplateParam{
			Name: string(p.Name), Required: p.Require == "true", Type: string(p.Type), MaxLength: int(longest),
		})
	}
	return t
}

// statusWord is the status as a word; the list's filter counts them 1 to 4, and an answer may do so too (§5.2).
func statusWord(s channels.Text) string {
	switch s {
	case "1":
		return "ENABLE"
	case "2":
		return "PENDING_REVIEW"
	case "3":
		return "REJECT"
	case "4":
		return "DISABLE"
	default:
		return strings.ToUpper(string(s))
	}
}
