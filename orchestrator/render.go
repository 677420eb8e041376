package orchestrator

import (
	"fmt"
	"strconv"

	"github.com/cbroglie/mustache"

	"cascade/channels"
)

// Where a placeholder may stand in a content.
const (
	inText   = "text"
	inImage  = "image_url"
	inButton = "button.text"
	inLink   = "button.url"
	inData   = "template_data."
)

// The library's switch is global: a parameter that is not there is an error, not an empty string.
func init() { mustache.AllowMissingVariables = false }

// noPartials keeps a text from naming a file, which the library would read by default.
var noPartials = &mustache.StaticProvider{}

// parseRendering parses every placeholder of one channel's content. The error names where a broken one stands.
func parseRendering(raw channels.Content) (rendering, error) {
	r := rendering{raw: raw, text: map[string]*mustache.Template{}}
	parse := func(where, text string) error {
		if text == "" {
			return nil
		}
		t, err := mustache.ParseStringPartialsRaw(text, noPartials, true)
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		r.text[where] = t
		return nil
	}
	places := map[string]string{inText: raw.Text, inImage: raw.ImageURL}
	if raw.Button != nil {
		places[inButton], places[inLink] = raw.Button.Text, raw.Button.URL
	}
	for name, value := range raw.TemplateData {
		places[inData+name] = value
	}
	for where, text := range places {
		if err := parse(where, text); err != nil {
			return rendering{}, err
		}
	}
	return r, nil
}

// render fills the placeholders in. A parameter that is not given is an error.
func (r rendering) render(params map[string]string) (channels.Content, error) {
	out := channels.Content{TemplateID: r.raw.TemplateID}
	var failed error
	fill := func(where string) string {
		t := r.text[where]
		if t == nil {
			return ""
		}
		s, err := t.Render(params)
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", where, err)
		}
		return s
	}
	out.Text, out.ImageURL = fill(inText), fill(inImage)
	if r.raw.Button != nil {
		out.Button = &channels.Button{Text: fill(inButton), URL: fill(inLink)}
	}
	if r.raw.TemplateData != nil {
		out.TemplateData = make(map[string]string, len(r.raw.TemplateData))
		for name := range r.raw.TemplateData {
			out.TemplateData[name] = fill(inData + name)
		}
	}
	return out, failed
}

// tooLong tells why text does not fit a channel; "" if it does.
func tooLong(text string, most int) string {
	if n := len([]rune(text)); most > 0 && n > most {
		return "text has " + strconv.Itoa(n) + " characters; the channel carries " + strconv.Itoa(most)
	}
	return ""
}
