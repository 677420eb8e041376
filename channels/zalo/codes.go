package zalo

import (
	"strconv"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// kind is what a refusal means for the ladder: the classes of §2.1 in the engine's words.
type kind uint8

const (
	recipient kind = iota // R: this person cannot get it
	request               // C about the template, its parameters or the body
	account               // C about the application, the OA or a permission; B, money
	tomorrow              // Q: account, until midnight in Vietnam
	nextMonth             // Q: account, until the month ends in Vietnam
	morning               // H: throttled until 06:00 in Vietnam
	moment                // T: throttled
	ambiguous             // may have been taken
)

func (k kind) class() policy.Class {
	switch k {
	case recipient:
		return policy.ClassRecipient
	case request:
		return policy.ClassRequest
	case morning, moment:
		return policy.ClassThrottled
	case ambiguous:
		return policy.ClassUnknown
	default:
		return policy.ClassAccount
	}
}

func (k kind) wait(now time.Time) time.Duration {
	switch k {
	case tomorrow:
		return untilHour(now, 0)
	case nextMonth:
		return untilMonth(now)
	case morning:
		return untilHour(now, 6)
	default:
		return 0
	}
}

// entry is one row of a table: what the number means, our stable word for it, and what to do.
type entry struct {
	kind   kind
	code   string
	advice advice
}

// Words of ours that the code itself looks at.
const (
	codeTokenRefused = "token_refused"
	codeNeedsReauth  = "needs_reauth"
)

// znsCodes are the answers of the business host. Source: §2.2.
var znsCodes = map[int]entry{
	// "Unknown error, try again" does not say whether it was taken: RELIABILITY §4.
	-100: {ambiguous, "provider_error", adviceWatch},

	-101: {account, "app_invalid", adviceApp},
	-102: {account, "app_missing", adviceApp},
	-103: {account, "app_inactive", adviceActivate},
	-104: {account, "app_secret_invalid", adviceAppSecret},
	-105: {account, "app_not_linked", adviceLink},
	-106: {account, "method_unsupported", adviceAddress},
	-107: {request, "message_id_invalid", adviceReport},

	-108:  {recipient, "phone_invalid", advicePhone},
	-109:  {request, "template_invalid", adviceTemplateID},
	-1091: {request, "template_not_editable", adviceTemplateAdmin},
	-110:  {recipient, "app_outdated", adviceUnreachable},
	-111:  {request, "params_empty", adviceParams},
	-112:  {request, "params_invalid", adviceParams},
	-1121: {request, "param_too_long", adviceLength},
	-1122: {request, "param_missing", adviceParams},
	-1123: {request, "qr_invalid", adviceParams},
	-1124: {request, "param_format", adviceFormat},
	-113:  {request, "button_invalid", adviceButton},
	-1131: {request, "button_content_invalid", adviceButton},
	-1132: {request, "button_missing", adviceButton},
	-114:  {recipient, "not_reachable", adviceUnreachable},
	-115:  {account, "balance_low", adviceMoney},
	-116:  {request, "text_invalid", adviceTemplateAdmin},
	-117:  {account, "template_not_allowed", adviceTemplateOwner},
	-118:  {recipient, "no_zalo_account", adviceUnreachable},
	-119:  {recipient, "cannot_receive", adviceUnreachable},
	-120:  {account, "feature_not_permitted", advicePackage},
	-1201: {account, "promotion_not_permitted", advicePackage},
	-1202: {account, "media_not_permitted", advicePermission},
	-121:  {request, "body_empty", adviceReport},
	-122:  {request, "body_invalid", adviceReport},
	-123:  {request, "encryption_invalid", adviceReport},
	-124:  {account, codeTokenRefused, adviceToken},
	-1241: {account, "appsecret_proof_invalid", adviceProof},
	-125:  {account, "oa_invalid", adviceOA},
	-126:  {account, "test_balance_low", adviceTestMode},
	-127:  {request, "test_template", adviceTestMode},
	-128:  {account, "encryption_key_missing", adviceKeys},
	-129:  {account, "encryption_key_failed", adviceKeys},
	-130:  {request, "text_too_long", adviceLength},
	-131:  {request, "template_not_approved", adviceApproval},
	-132:  {request, "param_invalid", adviceParams},
	-133:  {morning, "quiet_hours", adviceNight},
	-134:  {recipient, "opt_in_missing", adviceConsent},
	-135:  {account, "oa_not_permitted", advicePackage},
	-1351: {account, "oa_blocked", adviceBlocked},
	-136:  {account, "zbs_not_linked", adviceZBS},
	-137:  {account, "charge_failed", adviceMoney},
	-138:  {account, "app_not_permitted", advicePermission},
	-1381: {account, "extension_not_permitted", advicePermission},
	-139:  {recipient, "refuses_type", adviceConsent},
	-140:  {recipient, "delivery_policy", adviceConsent},
	-141:  {recipient, "refuses_sender", adviceConsent},
	-142:  {account, "rsa_key_missing", adviceKeys},
	-143:  {account, "rsa_key_exists", adviceKeys},
	-144:  {tomorrow, "daily_quota", adviceQuota},
	-1441: {nextMonth, "monthly_quota", adviceQuota},
	-145:  {account, "content_not_permitted", adviceTag},
	-146:  {request, "template_disabled", adviceQuality},
	-147:  {tomorrow, "template_quota", adviceQuota},
	-1471: {recipient, "recipient_monthly_limit", adviceFrequency},
	-1472: {recipient, "recipient_daily_limit", adviceFrequency},
	-148:  {request, "journey_token_missing", adviceJourney},
	-149:  {request, "journey_token_invalid", adviceJourney},
	-1491: {request, "journey_token_mismatch", adviceJourney},
	-150:  {request, "journey_token_expired", adviceJourney},
	-151:  {request, "e2ee_invalid", adviceReport},
	-152:  {request, "e2ee_invalid", adviceReport},
	-153:  {request, "e2ee_invalid", adviceReport},
	-158:  {request, "file_too_large", adviceTemplateAdmin},
	-159:  {request, "file_type_invalid", adviceTemplateAdmin},
	-160:  {tomorrow, "template_call_quota", adviceQuota},
	-161:  {request, "sending_mode_invalid", adviceTag},
	-162:  {request, "sending_mode_not_allowed", adviceTag},
	-249:  {request, "template_not_by_user_id", adviceTag},
}

// oaCodes are the answers of the Official Account API, which takes messages by user id; the business host relays some.
// Source: §2.3. Its -100, an attachment that expired, is left to the table above: a template message has none, so
// there too it may say that something unknown went wrong. No other number means two things.
var oaCodes = map[int]entry{
	-32:  {moment, "throttled", adviceRate},
	-200: {moment, "send_failed", adviceWatch},
	-201: {request, "param_invalid", adviceParams},
	-204: {account, "oa_disabled", adviceOA},
	-205: {account, "oa_missing", adviceOA},
	-209: {account, "app_inactive", adviceActivate},
	-210: {request, "limit_exceeded", adviceLength},
	-211: {tomorrow, "quota", adviceQuota},
	-212: {account, "api_not_registered", advicePermission},
	-213: {recipient, "not_a_follower", adviceConsent},
	-216: {account, codeTokenRefused, adviceToken},
	-217: {recipient, "refuses_sender", adviceConsent},
	-218: {recipient, "recipient_limit", adviceFrequency},
	-219: {account, "app_removed", adviceActivate},
	-220: {account, codeTokenRefused, adviceToken},
	-221: {account, "oa_not_verified", advicePackage},
	-223: {account, "oa_not_authorized", advicePermission},
	-224: {account, "package_too_small", advicePackage},
	-227: {recipient, "recipient_inactive", adviceUnreachable},
	-230: {recipient, "no_recent_interaction", adviceConsent},
	-232: {recipient, "no_recent_interaction", adviceConsent},
	-233: {request, "message_type_unsupported", adviceTag},
	-234: {morning, "quiet_hours", adviceNight},
	-235: {account, "api_unsupported", advicePackage},
	-240: {account, "api_retired", adviceAddress},
	-242: {account, "appsecret_proof_invalid", adviceProof},
	-244: {recipient, "refuses_type", adviceConsent},
	-248: {request, "policy_violation", adviceTag},
	-249: {request, "template_not_by_user_id", adviceTag},
	-320: {account, "zbs_required", adviceZBS},
	-321: {account, "balance_low", adviceMoney},
}

// oauthCodes are the answers of the OAuth host. Source: §3.4.
var oauthCodes = map[int]entry{
	-14002: {account, "app_invalid", adviceApp},
	-14003: {account, "redirect_invalid", adviceApp},
	-14004: {account, "app_secret_invalid", adviceAppSecret},
	-14005: {account, codeNeedsReauth, adviceReauth},
	-14012: {account, "oauth_refused", adviceReauth},
	-14014: {account, codeNeedsReauth, adviceReauth},
	-14018: {account, "grant_type_invalid", adviceReport},
	-14024: {account, "oauth_refused", adviceReauth},
}

// refusal classifies a negative error number of the business host or the Official Account API. A number that nobody documented is still Zalo's
// word that it did not take the message.
func refusal(code int, now time.Time) *channels.Failure {
	e, ok := znsCodes[code]
	if !ok {
		e, ok = oaCodes[code]
	}
	if !ok {
		e = entry{request, "unknown_refusal", adviceReport}
	}
	f := failureOf(e, now)
	f.ProviderCode = strconv.Itoa(code)
	return f
}

// oauthRefusal classifies a refusal of the OAuth host, which sometimes has a name and no number.
func oauthRefusal(code int, name string) *channels.Failure {
	if code == 0 && strings.Contains(strings.ToLower(name), "refresh token") {
		return needsReauth("", name)
	}
	e, ok := oauthCodes[code]
	if !ok {
		e = entry{account, "oauth_refused", adviceReauth}
	}
	f := failureOf(e, time.Time{})
	if code != 0 {
		f.ProviderCode = strconv.Itoa(code)
	}
	return f
}

// needsReauth: only a person with admin rights on the OA can go on from here.
func needsReauth(providerCode, detail string) *channels.Failure {
	f := failureOf(entry{account, codeNeedsReauth, adviceReauth}, time.Time{})
	f.ProviderCode, f.Detail = providerCode, detail
	return f
}

func failureOf(e entry, now time.Time) *channels.Failure {
	return &channels.Failure{
		Class: e.kind.class(), Code: e.code, Advice: e.advice.en, AdviceVI: e.advice.vi, RetryAfter: e.kind.wait(now),
	}
}
