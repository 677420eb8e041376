package httpgw

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// The variables that each place knows; secret.NAME and value.NAME are known everywhere, params.NAME where params is.
var (
	sendNames = []string{
		"button_text", "button_url", "callback_url", "category", "encoding", "from", "id", "image_url", "layout", "now", "now_unix", "now_unix_ms",
		"params", "segments", "template_id", "text", "text_ascii", "to", "to_digits", "to_national", "ttl_seconds",
	}
	queryNames  = []string{"from", "id", "now", "now_unix", "now_unix_ms", "provider_id", "to", "to_digits", "to_national"}
	verifyNames = []string{"from"}
	// paramNames are known inside each_param.
	paramNames = []string{"param_name", "param_value"}
)

// scope answers the check of a place's variables.
func scope(names []string, t tree) func(string) error {
	return func(name string) error {
		if secret, ok := strings.CutPrefix(name, "secret."); ok {
			if _, there := t.Secrets[secret]; !there {
				return fmt.Errorf("reads {{%s}}: add it to settings.secrets", name)
			}
			return nil
		}
		if value, ok := strings.CutPrefix(name, "value."); ok {
			if _, there := t.Values[value]; !there {
				return fmt.Errorf("reads {{%s}}: add it to settings.values", name)
			}
			return nil
		}
		if param, ok := strings.CutPrefix(name, "params."); ok && param != "" && slices.Contains(names, "params") {
			return nil
		}
		if !slices.Contains(names, name) {
			return fmt.Errorf("reads {{%s}}, which is not known here; use one of %s, secret.NAME, value.NAME", name, strings.Join(names, ", "))
		}
		return nil
	}
}

// constants are the account's own values.
func constants(t tree) map[string]string {
	text := map[string]string{"from": t.From}
	for name, value := range t.Secrets {
		text["secret."+name] = value
	}
	for name, value := range t.Values {
		text["value."+name] = value
	}
	return text
}

// sendVars are the values of one message. Where no JSON object can stand, "params" is the object's text.
func (a *adapter) sendVars(out channels.Outbound) vars {
	text := a.queryVars(out.Reference, "", out.To)
	segments, encoding := policy.Segments(out.Content.Text)
	maps.Copy(text, map[string]string{
		"callback_url": a.callbackURL(out.CallbackURL),
		"category":     string(out.Category),
		"encoding":     string(encoding),
		"image_url":    out.Content.ImageURL,
		"layout":       layoutOf(out.Content),
		"segments":     strconv.Itoa(segments),
		"template_id":  out.Content.TemplateID,
		"text":         out.Content.Text,
		"text_ascii":   ascii(out.Content.Text),
		"ttl_seconds":  strconv.FormatInt(int64((out.ValidFor+time.Second-1)/time.Second), 10),
		"button_text":  "",
		"button_url":   "",
	})
	if b := out.Content.Button; b != nil {
		text["button_text"], text["button_url"] = b.Text, b.URL
	}
	params := out.Content.TemplateData
	if params == nil {
		params = map[string]string{}
	}
	object, _ := marshal(params) // a map of texts always has a JSON form
	text["params"] = string(object)
	return vars{text: text, params: params}
}

// layoutOf is the value of {{layout}}: gateways want different requests for different make-ups.
func layoutOf(c channels.Content) string {
	switch {
	case c.Button != nil && c.ImageURL != "":
		return "image_button"
	case c.Button != nil:
		return "button"
	case c.ImageURL != "":
		return "image"
	default:
		return "text"
	}
}

func (a *adapter) queryVars(reference, providerID, to string) map[string]string {
	now := a.now().UTC()
	text := maps.Clone(a.constants)
	maps.Copy(text, map[string]string{
		"id": reference, "provider_id": providerID,
		"to": to, "to_digits": strings.TrimPrefix(to, "+"), "to_national": national(to),
		"now": now.Format(time.RFC3339), "now_unix": strconv.FormatInt(now.Unix(), 10), "now_unix_ms": strconv.FormatInt(now.UnixMilli(), 10),
	})
	return text
}

// national is the Vietnamese form with a leading zero; a number of another country stays international, in digits.
func national(e164 string) string {
	if rest, ok := strings.CutPrefix(e164, "+84"); ok {
		return "0" + rest
	}
	return strings.TrimPrefix(e164, "+")
}
