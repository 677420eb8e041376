package vonage

import (
	"encoding/json"
	"net/http"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// codeAlreadySent says nothing of the message that it repeats.
const codeAlreadySent = "1320"

// entry is one row of the table: what a code means for the ladder, our stable word for it, and what to do.
type entry struct {
	class  policy.Class
	code   string
	advice advice
}

// codes are Vonage's error codes, of refused calls and of callbacks alike: the Messages API's are numbers, those of
// all its APIs are words. Trouble on the way is over by the time a callback tells of it: another account or the next
// step goes on at once. In the answer to a call it leaves the outcome unknown.
// Source: Vonage's lists "API Errors" and "API Errors, Messages API".
var codes = map[string]entry{
	"1000":          {policy.ClassThrottled, "throttled", adviceRate},
	"1010":          {policy.ClassRequest, "missing_params", adviceContent},
	"1020":          {policy.ClassRequest, "invalid_params", adviceContent},
	"1021":          {policy.ClassRequest, "invalid_tag", adviceReport},
	"1022":          {policy.ClassRequest, "invalid_template", adviceContent},
	"1030":          {policy.ClassDown, "provider_trouble", adviceNone},
	"1040":          {policy.ClassRequest, "invalid_message", adviceContent},
	"1050":          {policy.ClassRecipient, "number_barred", adviceNone},
	"1060":          {policy.ClassAccount, "account_barred", adviceVonage},
	"1070":          {policy.ClassAccount, "no_balance", adviceMoney},
	"1080":          {policy.ClassAccount, "not_enabled", adviceVonage},
	"1090":          {policy.ClassRequest, "too_long", adviceContent},
	"1100":          {policy.ClassDown, "provider_trouble", adviceNone},
	"1120":          {policy.ClassAccount, "bad_sender", adviceSender},
	"1130":          {policy.ClassRequest, "invalid_ttl", adviceReport},
	"1140":          {policy.ClassAccount, "not_enabled", adviceVonage},
	"1150":          {policy.ClassRequest, "invalid_params", adviceContent},
	"1160":          {policy.ClassAccount, "not_allow_listed", adviceAllowList},
	"1170":          {policy.ClassRecipient, "invalid_number", advicePhone},
	"1180":          {policy.ClassRecipient, "absent", adviceNone},
	"1190":          {policy.ClassRecipient, "number_inactive", advicePhone},
	"1200":          {policy.ClassRecipient, "ported", adviceNone},
	"1210":          {policy.ClassRequest, "filtered", adviceFiltered},
	"1220":          {policy.ClassRecipient, "handset_busy", adviceNone},
	"1230":          {policy.ClassDown, "network_error", adviceNone},
	"1240":          {policy.ClassRecipient, "opted_out", adviceOptedOut},
	"1241":          {policy.ClassRecipient, "too_many_to_recipient", adviceOften},
	"1250":          {policy.ClassRecipient, "unroutable", adviceNone},
	"1251":          {policy.ClassRecipient, "unroutable", adviceNone},
	"1260":          {policy.ClassRecipient, "not_reachable", adviceCountry},
	"1270":          {policy.ClassRecipient, "age_restricted", adviceNone},
	"1280":          {policy.ClassRecipient, "blocked_by_operator", adviceNone},
	"1282":          {policy.ClassRequest, "filtered", adviceFiltered},
	"1290":          {policy.ClassRecipient, "recipient_without_credit", adviceNone},
	"1300":          {policy.ClassRecipient, "not_on_channel", adviceNone},
	"1310":          {policy.ClassRecipient, "unsupported_device", adviceNone},
	codeAlreadySent: {policy.ClassUnknown, "duplicate", adviceReport},
	"1330":          {policy.ClassDown, "operator_error", adviceNone},
	"1331":          {policy.ClassDown, "provider_trouble", adviceNone},
	"1340":          {policy.ClassRequest, "outside_window", adviceWindow},
	"1350":          {policy.ClassAccount, "not_enabled", adviceVonage},
	"1360":          {policy.ClassRecipient, "expired", adviceNone},
	"1370":          {policy.ClassAccount, "not_authorized", adviceCredentials},
	"1380":          {policy.ClassRequest, "media_unreachable", adviceMedia},
	"1381":          {policy.ClassRequest, "media_too_large", adviceMedia},
	"1382":          {policy.ClassRequest, "media_type", adviceMedia},
	"1400":          {policy.ClassRequest, "channel_unsupported", adviceReport},
	"1410":          {policy.ClassRequest, "invalid_params", adviceContent},
	"1420":          {policy.ClassAccount, "bad_sender", adviceSender},
	"1430":          {policy.ClassRecipient, "invalid_number", advicePhone},
	"1440":          {policy.ClassRequest, "message_type_unsupported", adviceReport},
	"1450":          {policy.ClassRequest, "invalid_reference", adviceReport},
	"1451":          {policy.ClassRequest, "invalid_context", adviceReport},
	"1460":          {policy.ClassAccount, "daily_limit", adviceVonage},
	"1461":          {policy.ClassRecipient, "too_many_to_recipient", adviceOften},
	"1470":          {policy.ClassAccount, "prefix_blocked", adviceFraud},
	"1472":          {policy.ClassAccount, "burst_blocked", adviceFraud},
	"1473":          {policy.ClassAccount, "traffic_blocked", adviceFraud},
	"1480":          {policy.ClassAccount, "entity_not_registered", adviceRegister},
	"1481":          {policy.ClassAccount, "sender_not_registered", adviceRegister},
	"1482":          {policy.ClassRequest, "content_not_registered", adviceRegister},
	"1483":          {policy.ClassRequest, "consent_missing", adviceRegister},
	"1484":          {policy.ClassAccount, "regulation", adviceVonage},

	"low-balance":       {policy.ClassAccount, "no_balance", adviceMoney},
	"unauthorized":      {policy.ClassAccount, "not_authorized", adviceCredentials},
	"forbidden":         {policy.ClassAccount, "not_permitted", adviceVonage},
	"not-found":         {policy.ClassRequest, "not_found", adviceAddress},
	"unprovisioned":     {policy.ClassAccount, "not_enabled", adviceVonage},
	"account-suspended": {policy.ClassAccount, "account_suspended", adviceVonage},
	"jwt-expired":       {policy.ClassAccount, "token_expired", adviceClock},
	"jwt-revoked":       {policy.ClassAccount, "token_revoked", adviceCredentials},
	"invalid-api-key":   {policy.ClassAccount, "not_authorized", adviceCredentials},
	"invalid-params":    {policy.ClassRequest, "invalid_params", adviceContent},
	"invalid-signature": {policy.ClassAccount, "not_authorized", adviceCredentials},
}

// problem is an error as calls and callbacks tell it: RFC 9457, of which the type's fragment is the code. code and
// reason are the older form of callbacks.
type problem struct {
	Type    channels.Text `json:"type"`
	Title   channels.Text `json:"title"`
	Detail  channels.Text `json:"detail"`
	Code    channels.Text `json:"code"`
	Reason  channels.Text `json:"reason"`
	Invalid []struct {
		Name   channels.Text `json:"name"`
		Reason channels.Text `json:"reason"`
	} `json:"invalid_parameters"`
}

// id is the code; "" if there is none. Callbacks have it as the title too, as number or text.
func (p problem) id() string {
	if _, fragment, ok := strings.Cut(string(p.Type), "#"); ok && fragment != "" {
		return fragment
	}
	if _, known := codes[string(p.Title)]; known {
		return string(p.Title)
	}
	return string(p.Code)
}

// words joins what Vonage says.
func (p problem) words() string {
	said := make([]string, 0, 3+len(p.Invalid))
	for _, text := range []channels.Text{p.Title, p.Detail, p.Reason} {
		if text != "" && string(text) != p.id() {
			said = append(said, string(text))
		}
	}
	for _, param := range p.Invalid {
		said = append(said, strings.TrimSpace(string(param.Name)+" "+string(param.Reason)))
	}
	return strings.Join(said, "; ")
}

// explain adds Vonage's own code and words to the failure that the status alone makes. A code decides the class of a
// 4xx only: a 5xx may come after the message was taken, whatever it says.
func explain(f *channels.Failure, resp *channels.Response) *channels.Failure {
	if resp.Status == http.StatusPaymentRequired {
		e := codes["low-balance"]
		f.Class, f.Code, f.Advice, f.AdviceVI = e.class, e.code, e.advice.en, e.advice.vi
	}
	var p problem
	if err := json.Unmarshal(resp.Body, &p); err != nil && p.id() == "" { // an odd part beside a known code is left out
		return f
	}
	if words := p.words(); words != "" {
		f.Detail = words
	}
	if p.id() == "" {
		return f
	}
	f.ProviderCode = p.id()
	e, ok := codes[f.ProviderCode]
	if ok && resp.Status >= 400 && resp.Status < 500 && resp.Status != http.StatusRequestTimeout {
		f.Class, f.Code, f.Advice, f.AdviceVI = e.class, e.code, e.advice.en, e.advice.vi
		if f.Class == policy.ClassDown { // trouble on the way, after the request was read
			f.Class = policy.ClassUnknown
		}
	}
	if f.Advice == "" {
		f.Advice, f.AdviceVI = adviceLookUp.en, adviceLookUp.vi
	}
	return f
}
