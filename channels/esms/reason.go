package esms

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// wrappings is how many times error_info may be packed in: eSMS's own samples show JSON, JSON inside a JSON string,
// and JSON percent-encoded twice, of which the query itself takes off one.
const wrappings = 4

// zaloReason reads error_info, and the ErrorInfo of a look-up, which may be the bare number. What surrounds the first
// JSON object, such as a date or a program's error text, is left out. code is "" if there is none.
func zaloReason(info string) (code, words string) {
	for range wrappings {
		info = strings.TrimSpace(info)
		if _, err := strconv.Atoi(info); err == nil {
			return info, ""
		}
		var reason struct {
			Error   channels.Text `json:"error"`
			Message channels.Text `json:"message"`
		}
		if json.Unmarshal([]byte(firstObject(info)), &reason) == nil {
			return string(reason.Error), string(reason.Message)
		}
		peeled := peel(info)
		if peeled == info {
			break
		}
		info = peeled
	}
	return "", ""
}

// peel takes off one wrapping: JSON's quotes, else percent-encoding.
func peel(info string) string {
	var inner string
	if strings.HasPrefix(info, `"`) && json.NewDecoder(strings.NewReader(info)).Decode(&inner) == nil {
		return inner
	}
	if plain, err := url.QueryUnescape(info); err == nil {
		return plain
	}
	return info
}

// firstObject cuts out the first balanced {…}; braces inside JSON strings do not count. "" if there is none.
func firstObject(text string) string {
	start := strings.IndexByte(text, '{')
	if start < 0 {
		return ""
	}
	depth, quoted := 0, false
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return text[start : i+1]
			}
		}
	}
	return ""
}

// meaning is our reading of a reason.
type meaning struct {
	class policy.Class
	code  string
}

// zaloMeanings reads the numbers with which Zalo ends a message that eSMS had taken; 1001 is eSMS's own. Quotas and
// night hours are over by the time a report tells of them: the account or the next step goes on at once.
var zaloMeanings = map[string]meaning{
	"1001":  {policy.ClassRecipient, "not_online_in_time"},
	"-100":  {policy.ClassDown, "provider_error"},
	"-108":  {policy.ClassRecipient, "phone_invalid"},
	"-109":  {policy.ClassRequest, "template_invalid"},
	"-110":  {policy.ClassRecipient, "app_outdated"},
	"-111":  {policy.ClassRequest, "params_empty"},
	"-112":  {policy.ClassRequest, "params_invalid"},
	"-1121": {policy.ClassRequest, "param_too_long"},
	"-1122": {policy.ClassRequest, "param_missing"},
	"-1123": {policy.ClassRequest, "qr_invalid"},
	"-1124": {policy.ClassRequest, "param_format"},
	"-113":  {policy.ClassRequest, "button_invalid"},
	"-114":  {policy.ClassRecipient, "not_reachable"},
	"-115":  {policy.ClassAccount, "balance_low"},
	"-116":  {policy.ClassRequest, "text_invalid"},
	"-117":  {policy.ClassAccount, "template_not_allowed"},
	"-118":  {policy.ClassRecipient, "no_zalo_account"},
	"-119":  {policy.ClassRecipient, "cannot_receive"},
	"-120":  {policy.ClassAccount, "feature_not_permitted"},
	"-124":  {policy.ClassAccount, "token_refused"},
	"-125":  {policy.ClassAccount, "oa_invalid"},
	"-130":  {policy.ClassRequest, "text_too_long"},
	"-131":  {policy.ClassRequest, "template_not_approved"},
	"-132":  {policy.ClassRequest, "param_invalid"},
	"-133":  {policy.ClassRequest, "quiet_hours"},
	"-134":  {policy.ClassRecipient, "opt_in_missing"},
	"-135":  {policy.ClassAccount, "oa_not_permitted"},
	"-1351": {policy.ClassAccount, "oa_blocked"},
	"-136":  {policy.ClassAccount, "zbs_not_linked"},
	"-137":  {policy.ClassAccount, "charge_failed"},
	"-138":  {policy.ClassAccount, "app_not_permitted"},
	"-139":  {policy.ClassRecipient, "refuses_type"},
	"-140":  {policy.ClassRecipient, "delivery_policy"},
	"-141":  {policy.ClassRecipient, "refuses_sender"},
	"-144":  {policy.ClassAccount, "daily_quota"},
	"-1441": {policy.ClassAccount, "monthly_quota"},
	"-145":  {policy.ClassAccount, "content_not_permitted"},
	"-146":  {policy.ClassRequest, "template_disabled"},
	"-147":  {policy.ClassAccount, "template_quota"},
	"-1471": {policy.ClassRecipient, "recipient_monthly_limit"},
	"-1472": {policy.ClassRecipient, "recipient_daily_limit"},
}

// zaloMeaning reads a number; one that nobody documented, or none, does not blame the person.
func zaloMeaning(code string) meaning {
	if m, ok := zaloMeanings[code]; ok {
		return m
	}
	return meaning{policy.ClassRequest, "unknown_refusal"}
}
