package orchestrator

import (
	"context"
	"fmt"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// TemplateDraft is a template that is being written, or the Name of one that is there, with the message to render it for.
type TemplateDraft struct {
	Name     string
	Category policy.Category
	Params   []TemplateParam
	Content  map[policy.Channel]channels.Content
	Values   map[string]string
	To       string
}

// TemplatePreview is a template as people would get it, by channel.
type TemplatePreview struct {
	Channels map[policy.Channel]ChannelPreview `json:"channels"`
	Errors   []policy.FieldError               `json:"errors"`
}

// ChannelPreview is a content as one channel carries it. Price is what the channel's first account takes for it, nil where the
// price book has no price; Problem is why it cannot go out.
type ChannelPreview struct {
	Content  channels.Content `json:"content"`
	Segments int              `json:"segments,omitempty"`
	Encoding policy.Encoding  `json:"encoding,omitempty"`
	Price    *policy.Money    `json:"price"`
	Problem  string           `json:"problem,omitempty"`
	Plain    *PlainPreview    `json:"plain,omitempty"`
}

// PlainPreview is an SMS without Vietnamese marks. Saves is what that saves, nil where there is no price.
type PlainPreview struct {
	Text     string          `json:"text"`
	Segments int             `json:"segments"`
	Encoding policy.Encoding `json:"encoding"`
	Price    *policy.Money   `json:"price"`
	Saves    *policy.Money   `json:"saves"`
}

// PreviewTemplate renders a template for every channel that it has content for; nothing is stored or sent. What is wrong with
// the draft is an answer. Errors: ErrNotFound, *BusyError.
func (e *Engine) PreviewTemplate(ctx context.Context, who Caller, d TemplateDraft) (TemplatePreview, error) {
	conf, err := e.dir.tenant(ctx, who.TenantID)
	if err != nil {
		return TemplatePreview{}, e.storeError(err)
	}
	v := TemplatePreview{Channels: map[policy.Channel]ChannelPreview{}, Errors: []policy.FieldError{}}
	t := conf.trial(PolicyDraft{To: d.To}, &v.Errors)
	tpl := conf.templates[d.Name]
	switch {
	case d.Name == "":
		t.category = d.Category
		tpl = d.parse(&v.Errors)
	case tpl == nil:
		v.Errors = append(v.Errors, policy.FieldError{Field: "name", Message: fmt.Sprintf("%q is not a template of this tenant", d.Name)})
		return v, nil
	default:
		t.template, t.category = tpl.Name, policy.Category(tpl.Category)
	}
	t.fill(tpl, d.Values, &v.Errors)
	now := e.now()
	for ch, rendering := range tpl.content {
		if why := t.refused[ch]; why != "" {
			v.Channels[ch] = ChannelPreview{Content: rendering.raw, Problem: why}
			continue
		}
		v.Channels[ch] = conf.previewChannel(t, ch, now)
	}
	return v, nil
}

// parse makes a template of the draft, of the contents that can be parsed.
func (d TemplateDraft) parse(bad *[]policy.FieldError) *templateConf {
	t := &templateConf{params: d.Params, content: map[policy.Channel]rendering{}}
	for _, ch := range policy.Channels() {
		raw, has := d.Content[ch]
		if !has {
			continue
		}
		r, err := parseRendering(raw)
		if err != nil {
			*bad = append(*bad, policy.FieldError{Field: "template.content." + string(ch), Message: err.Error()})
			continue
		}
		t.content[ch] = r
	}
	return t
}

func (c *tenantConf) previewChannel(t *trial, ch policy.Channel, now time.Time) ChannelPreview {
	content := t.content[ch]
	v := ChannelPreview{Content: content, Problem: unfit(ch, content)}
	if ch == policy.SMS {
		v.Segments, v.Encoding = policy.Segments(content.Text)
	}
	v.Price = c.trialPrice(t, ch, v.Segments, now)
	if ch != policy.SMS {
		return v
	}
	if text := policy.StripMarks(content.Text); text != content.Text {
		plain := &PlainPreview{Text: text}
		plain.Segments, plain.Encoding = policy.Segments(text)
		if plain.Price = c.trialPrice(t, ch, plain.Segments, now); plain.Price != nil && v.Price != nil {
			saves := v.Price.Add(plain.Price.Neg())
			plain.Saves = &saves
		}
		v.Plain = plain
	}
	return v
}

// trialPrice is what a channel's first account takes for the trial; nil where there is no price.
func (c *tenantConf) trialPrice(t *trial, ch policy.Channel, segments int, now time.Time) *policy.Money {
	account := ""
	if all := c.byChannel[ch]; len(all) > 0 {
		account = all[0].Name
	}
	terms := c.terms(&t.resolved, ch, account, segments, policy.RecipientPhone, now)
	if terms.Units == 0 {
		return nil
	}
	full := terms.Full()
	return &full
}
