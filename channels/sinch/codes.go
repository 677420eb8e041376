package sinch

import (
	"cmp"
	"encoding/json"
	"net/http"

	"cascade/channels"
	"cascade/policy"
)

// codeAddressUnknown is our word for a 404 that names no batch.
const codeAddressUnknown = "address_unknown"

// entry is one row of a table: what a code means for the ladder, our stable word for it, and what to do.
type entry struct {
	class  policy.Class
	code   string
	advice advice
}

// refusals are the codes in the body of a 400 or 403.
// Source: Sinch's "HTTP Status Codes for the SMS REST API".
var refusals = map[string]entry{
	"syntax_invalid_json":             {policy.ClassRequest, "invalid_json", adviceReport},
	"syntax_invalid_parameter_format": {policy.ClassRequest, "invalid_parameter", adviceContent},
	"syntax_constraint_violation":     {policy.ClassRequest, "constraint_violated", adviceContent},
	"blocked_account":                 {policy.ClassAccount, "account_blocked", adviceSinch},
	"illegal_number_type":             {policy.ClassRecipient, "number_type", advicePhone},
	"missing_callback_url":            {policy.ClassRequest, "missing_callback_url", adviceReport},
	"unknown_campaign":                {policy.ClassAccount, "unknown_campaign", adviceSender},
	"unknown_group":                   {policy.ClassRequest, "unknown_group", adviceReport},
}

// failures are Sinch's own codes in delivery reports; those of 414 to 418 are for MMS alone. What failed on the way is over
// by the time a report tells of it: another account or the next step goes on at once.
// Source: Sinch's "Delivery report error codes".
var failures = map[string]entry{
	"402": {policy.ClassRecipient, "unroutable", advicePhone},
	"403": {policy.ClassDown, "provider_error", adviceNone},
	"404": {policy.ClassDown, "temporary_failure", adviceNone},
	"405": {policy.ClassRequest, "unmatched_parameter", adviceContent},
	"406": {policy.ClassRecipient, "expired", adviceNone},
	"407": {policy.ClassRequest, "canceled", adviceNone},
	"408": {policy.ClassRequest, "rejected", adviceRejected},
	"410": {policy.ClassAccount, "no_sender", adviceSender},
	"411": {policy.ClassRequest, "too_long", adviceLength},
	"412": {policy.ClassAccount, "region_not_enabled", adviceRegion},
	"413": {policy.ClassAccount, "account_blocked", adviceSinch},
}

// explain adds Sinch's own code and words to the failure that the status alone makes. A code decides the class of a 4xx
// only: a 5xx may come after the message was taken, whatever it says.
func explain(f *channels.Failure, resp *channels.Response) *channels.Failure {
	if resp.Status == http.StatusNotFound { // of a send: there is no such path, or no such service plan
		f.Class, f.Code, f.Advice, f.AdviceVI = policy.ClassAccount, codeAddressUnknown, adviceAddress.en, adviceAddress.vi
	}
	var said struct {
		Code channels.Text `json:"code"`
		Text channels.Text `json:"text"`
	}
	if json.Unmarshal(resp.Body, &said) != nil || said.Code == "" {
		return f
	}
	f.ProviderCode, f.Detail = string(said.Code), cmp.Or(string(said.Text), f.Detail)
	if resp.Status != http.StatusBadRequest && resp.Status != http.StatusForbidden {
		return f
	}
	e, ok := refusals[f.ProviderCode]
	if !ok {
		e = entry{f.Class, "unknown_refusal", adviceLookUp}
	}
	f.Class, f.Code, f.Advice, f.AdviceVI = e.class, e.code, e.advice.en, e.advice.vi
	return f
}
