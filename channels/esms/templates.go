package esms

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// The calls about templates.
const (
	callTemplates    = "GetTemplate/"
	callTemplateInfo = "GetZnsTemplateInfo"
)

// listed is a template in the list; its state comes from a call of its own.
type listed struct {
	ID     channels.Text `json:"TempId"`
	Name   channels.Text `json:"TempName"`
	Params []struct {
		Name  channels.Text `json:"Param"`
		Type  channels.Text `json:"RequireType"`
		Limit channels.Text `json:"Limit"`
	} `json:"ZNSTempDetail"`
}

// details are Zalo's own of a template, as eSMS relays them. Their Timeout is left out: eSMS does not say of what.
type details struct {
	Status  channels.Text `json:"Status"`
	Quality channels.Text `json:"TemplateQuality"`
	Params  []struct {
		Name      channels.Text `json:"Name"`
		Require   channels.Text `json:"Require"`
		Type      channels.Text `json:"Type"`
		MaxLength channels.Text `json:"MaxLength"`
	} `json:"ListParams"`
}

// Templates lists the ZNS templates that eSMS has for the Official Account, and none on the other channels: one call
// for the list and one a template. One whose details are refused is listed without a status.
func (a *adapter) Templates(ctx context.Context) ([]channels.ProviderTemplate, error) {
	if a.channel != policy.ZNS {
		return nil, nil
	}
	all, f := a.list(ctx)
	if f != nil {
		return nil, a.clean(f, "")
	}
	templates := make([]channels.ProviderTemplate, 0, len(all))
	for _, l := range all {
		t, f := a.template(ctx, l)
		if f != nil {
			return nil, a.clean(f, "")
		}
		templates = append(templates, t)
	}
	return templates, nil
}

func (a *adapter) list(ctx context.Context) ([]listed, *channels.Failure) {
	raw, f := a.post(ctx, callTemplates, struct {
		keys
		OAID    string `json:"OAId"`
		SMSType string `json:"SmsType"`
	}{a.keys, a.oaID, a.smsType})
	var answer struct {
		Templates []listed `json:"ZNSTemplates"`
	}
	f = decode(raw, f, &answer)
	return answer.Templates, f
}

// template adds the details. The *Failure is one that the next template would meet too.
func (a *adapter) template(ctx context.Context, l listed) (channels.ProviderTemplate, *channels.Failure) {
	t := channels.ProviderTemplate{ID: string(l.ID), Name: string(l.Name)}
	for _, p := range l.Params {
		longest, _ := p.Limit.Int64()
		t.Params = append(t.Params, channels.TemplateParam{Name: string(p.Name), Required: true, Type: string(p.Type), MaxLength: int(longest)})
	}
	raw, f := a.get(ctx, callTemplateInfo, url.Values{"TemplateId": {t.ID}, "OAId": {a.oaID}})
	if f != nil {
		return t, f
	}
	var answer struct {
		Data  *details      `json:"Data"`
		Error channels.Text `json:"Error"`
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Data == nil || (answer.Error != "0" && answer.Error != "") {
		return t, nil
	}
	d := answer.Data
	t.Status, t.Quality = strings.ToUpper(string(d.Status)), strings.ToUpper(string(d.Quality))
	if len(d.Params) > 0 {
		t.Params = nil
	}
	for _, p := range d.Params {
		longest, _ := p.MaxLength.Int64()
		t.Params = append(t.Params, channels.TemplateParam{
			Name: string(p.Name), Required: p.Require == "true", Type: string(p.Type), MaxLength: int(longest),
		})
	}
	return t, nil
}
