package twilio

import (
	"cmp"
	"encoding/json"
	"net/http"

	"cascade/channels"
	"cascade/policy"
)

// codeNotFound is told with 404: of a send the account, of a look-up the message.
const codeNotFound = "20404"

// entry is one row of the table: what a code means for the ladder, our stable word for it, and what to do.
type entry struct {
	class  policy.Class
	code   string
	advice advice
}

// codes are Twilio's error codes, of refused calls and of callbacks alike. Trouble on the way is over by the time a
// callback tells of it: another account or the next step goes on at once. In the answer to a call it leaves the outcome
// unknown. Source: Twilio's error dictionary.
var codes = map[string]entry{
	"20003":      {policy.ClassAccount, "not_authorized", adviceCredentials},
	"20403":      {policy.ClassAccount, "account_suspended", adviceSuspended},
	codeNotFound: {policy.ClassAccount, "account_unknown", adviceCredentials},
	"20429":      {policy.ClassThrottled, "throttled", adviceRate},
	"21211":      {policy.ClassRecipient, "invalid_number", advicePhone},
	"21212":      {policy.ClassAccount, "bad_sender", adviceSender},
	"21408":      {policy.ClassAccount, "country_not_enabled", adviceCountry},
	"21602":      {policy.ClassRequest, "no_text", adviceText},
	"21606":      {policy.ClassAccount, "bad_sender", adviceSender},
	"21608":      {policy.ClassAccount, "trial_account", adviceTrial},
	"21610":      {policy.ClassRecipient, "opted_out", adviceOptedOut},
	"21611":      {policy.ClassThrottled, "queue_full", adviceRate},
	"21612":      {policy.ClassRecipient, "not_reachable", adviceReach},
	"21614":      {policy.ClassRecipient, "not_mobile", advicePhone},
	"21617":      {policy.ClassRequest, "too_long", adviceText},
	"21703":      {policy.ClassAccount, "service_without_sender", adviceService},
	"21705":      {policy.ClassAccount, "service_unknown", adviceService},
	"30001":      {policy.ClassDown, "queue_overflow", adviceRate},
	"30002":      {policy.ClassAccount, "account_suspended", adviceSuspended},
	"30003":      {policy.ClassRecipient, "handset_unreachable", adviceNone},
	"30004":      {policy.ClassRecipient, "blocked", adviceNone},
	"30005":      {policy.ClassRecipient, "unknown_handset", advicePhone},
	"30006":      {policy.ClassRecipient, "landline", advicePhone},
	"30007":      {policy.ClassRequest, "filtered", adviceFiltered},
	"30008":      {policy.ClassDown, "operator_error", adviceNone},
	"30010":      {policy.ClassRequest, "price_too_high", adviceReport},
	"30017":      {policy.ClassDown, "congestion", adviceNone},
	"30018":      {policy.ClassAccount, "sender_not_registered", adviceRegister},
	"30024":      {policy.ClassAccount, "sender_not_provisioned", adviceRegister},
	"30410":      {policy.ClassDown, "provider_timeout", adviceNone},
}

// explain adds Twilio's own code and words to the failure that the status alone makes. A code decides the class of a
// 4xx only: a 5xx may come after the message was taken, whatever it says.
func explain(f *channels.Failure, resp *channels.Response) *channels.Failure {
	var said struct {
		Code    channels.Text `json:"code"`
		Message channels.Text `json:"message"`
	}
	if json.Unmarshal(resp.Body, &said) != nil || said.Code == "" {
		return f
	}
	f.ProviderCode, f.Detail = string(said.Code), cmp.Or(string(said.Message), f.Detail)
	if resp.Status < 400 || resp.Status >= 500 || resp.Status == http.StatusRequestTimeout {
		return f
	}
	e, ok := codes[f.ProviderCode]
	switch {
	case ok:
		f.Class, f.Code, f.Advice, f.AdviceVI = e.class, e.code, e.advice.en, e.advice.vi
		if f.Class == policy.ClassDown { // trouble on the way, after the request was read
			f.Class = policy.ClassUnknown
		}
	case f.Advice == "":
		f.Advice, f.AdviceVI = adviceLookUp.en, adviceLookUp.vi
	}
	return f
}
