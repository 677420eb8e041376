package esms

import (
	"cmp"

	"cascade/channels"
	"cascade/policy"
)

// Codes that the calls themselves look at.
const (
	codeMalformed = "99"
	codeTaken     = "100"
	codeNotFound  = "105"
	codeDuplicate = "124"
	codeNoData    = "854"
)

// entry is one row of the table: what a code means for the ladder, our stable word for it, and what to do.
type entry struct {
	class  policy.Class
	code   string
	advice advice
}

// codes are the documented refusals of CodeResult and CodeResponse. Source: eSMS's table of error codes.
var codes = map[string]entry{
	// A blocked number and a malformed request share this code, so the number is not blamed.
	codeMalformed: {policy.ClassRequest, "blocked_or_malformed", adviceReport},
	"101":         {policy.ClassAccount, "not_authorized", adviceKeys},
	"102":         {policy.ClassAccount, "no_price_list", adviceESMS},
	"103":         {policy.ClassAccount, "no_balance", adviceMoney},
	"104":         {policy.ClassAccount, "brandname_unknown", adviceBrandname},
	codeNotFound:  {policy.ClassRequest, "message_id_unknown", adviceReport},
	"106":         {policy.ClassRequest, "recording_missing", adviceReport},
	"107":         {policy.ClassRequest, "too_few_numbers", adviceReport},
	"108":         {policy.ClassRecipient, "invalid_number", advicePhone},
	"110":         {policy.ClassRequest, "bad_data", adviceContent},
	"115":         {policy.ClassRequest, "bad_phone_hash", adviceReport},
	"118":         {policy.ClassAccount, "message_type_unsupported", adviceType},
	"120":         {policy.ClassRequest, "too_many_numbers", adviceReport},
	// The earlier call with this RequestId was seen, whatever became of it, and its SMSID is not told.
	codeDuplicate: {policy.ClassUnknown, "duplicate", adviceDuplicate},
	"140":         {policy.ClassAccount, "ip_not_allowed", adviceIP},
	"143":         {policy.ClassAccount, "account_locked", adviceESMS},
	"146":         {policy.ClassRequest, "template_mismatch", adviceTemplateText},
	"160":         {policy.ClassThrottled, "throttled", adviceRate},
	"163":         {policy.ClassRequest, "more_than_one_number", adviceReport},
	"171":         {policy.ClassRequest, "code_invalid", adviceReport},
	"177":         {policy.ClassRequest, "operator_not_registered", adviceOperator},
	"199":         {policy.ClassRequest, "registration_pending", adviceESMS},
	"201":         {policy.ClassRequest, "content_blocked", adviceKeyword},
	"204":         {policy.ClassAccount, "oa_unknown", adviceOA},
	"210":         {policy.ClassRequest, "bad_payload", adviceReport},
	"300":         {policy.ClassAccount, "message_type_missing", adviceType},
	"301":         {policy.ClassRequest, "service_code_unsupported", adviceReport},
	"687":         {policy.ClassRequest, "too_many_in_bulk", adviceReport},
	"788":         {policy.ClassRequest, "template_data_invalid", adviceParams},
	"789":         {policy.ClassAccount, "template_not_configured", adviceTemplate},
	"790":         {policy.ClassRequest, "template_data_invalid", adviceParams},
	"791":         {policy.ClassAccount, "oa_or_template_missing", adviceTemplate},
	"799":         {policy.ClassAccount, "oa_inactive", adviceOA},
	"801":         {policy.ClassRequest, "over_quota_not_schedulable", adviceReport},
	"802":         {policy.ClassAccount, "over_quota_not_permitted", adviceOA},
	"851":         {policy.ClassRequest, "message_id_missing", adviceReport},
	"852":         {policy.ClassRequest, "zalo_uid_invalid", adviceReport},
	"853":         {policy.ClassRequest, "zalo_uid_missing", adviceReport},
	codeNoData:    {policy.ClassRequest, "no_data", adviceReport},
}

// refusal classifies a code other than 100. One that nobody documented is a refusal too, unless a message id came with
// it: then the message may have been taken.
func (v verdict) refusal(code string) *channels.Failure {
	e, ok := codes[code]
	switch {
	case ok:
	case v.SMSID != "":
		e = entry{policy.ClassUnknown, "unknown_code", adviceReport}
	default:
		e = entry{policy.ClassRequest, "unknown_refusal", adviceReport}
	}
	return &channels.Failure{
		Class: e.class, Code: e.code, ProviderCode: code, Detail: cmp.Or(string(v.Words), "no reason given"),
		Advice: e.advice.en, AdviceVI: e.advice.vi,
	}
}
