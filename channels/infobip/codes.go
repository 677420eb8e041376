package infobip

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// status is what Infobip says of a message; GroupID nil is no status at all.
type status struct {
	GroupID     *int   `json:"groupId"`
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// reason is the error object beside a status.
type reason struct {
	ID          int    `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Status groups and the ids with a meaning of their own. Source: Infobip's status and error code page.
const (
	groupAccepted, groupPending, groupUndeliverable, groupDelivered, groupExpired, groupRejected = 0, 1, 2, 3, 4, 5

	deliveredToOperator = 2
	deliveredToHandset  = 5
	duplicateMessageID  = 23
	expiredDLRUnknown   = 29
)

// meaning is our reading of a provider code.
type meaning struct {
	class policy.Class
	code  string
}

// statusMeanings reads the status ids; what is not here is the recipient's.
var statusMeanings = map[int]meaning{
	4:   {policy.ClassRecipient, "rejected_by_operator"},
	6:   {policy.ClassRecipient, "network_not_covered"},
	8:   {policy.ClassRecipient, "invalid_number"},
	9:   {policy.ClassRecipient, "not_delivered"},
	10:  {policy.ClassRecipient, "do_not_disturb"},
	11:  {policy.ClassAccount, "sender_not_registered"},
	12:  {policy.ClassAccount, "no_credit"},
	13:  {policy.ClassAccount, "sender_refused"},
	14:  {policy.ClassRecipient, "blocklisted"},
	15:  {policy.ClassRecipient, "expired"},
	17:  {policy.ClassAccount, "package_expired"},
	18:  {policy.ClassAccount, "trial_account"},
	19:  {policy.ClassAccount, "no_route"},
	20:  {policy.ClassThrottled, "flooding_filter"},
	21:  {policy.ClassDown, "provider_trouble"},
	24:  {policy.ClassRequest, "bad_content"},
	25:  {policy.ClassRequest, "too_long"},
	51:  {policy.ClassRequest, "missing_recipient"},
	52:  {policy.ClassRecipient, "invalid_number"},
	87:  {policy.ClassRecipient, "fraud_filter"},
	100: {policy.ClassDown, "provider_trouble"},
}

// errorMeanings reads the error ids that say more than the status they come with.
var errorMeanings = map[int]meaning{
	1:    {policy.ClassRecipient, "invalid_number"},
	5:    {policy.ClassRecipient, "not_reachable"},
	6:    {policy.ClassRecipient, "not_reachable"},
	27:   {policy.ClassRecipient, "not_reachable"},
	351:  {policy.ClassRecipient, "invalid_number"},
	355:  {policy.ClassRequest, "too_long"},
	368:  {policy.ClassAccount, "sender_refused"},
	541:  {policy.ClassAccount, "limit_reached"},
	542:  {policy.ClassAccount, "quota_reached"},
	561:  {policy.ClassRequest, "content_blocked"},
	603:  {policy.ClassRequest, "content_blocked"},
	607:  {policy.ClassRequest, "content_blocked"},
	2052: {policy.ClassRecipient, "blocklisted"},
	2053: {policy.ClassAccount, "sender_refused"},
	4101: {policy.ClassRecipient, "expired"},
	7001: {policy.ClassAccount, "unknown_application"},
	7002: {policy.ClassRecipient, "not_on_channel"},
	7003: {policy.ClassRecipient, "blocked_by_user"},
	7004: {policy.ClassAccount, "unauthorized"},
	7005: {policy.ClassAccount, "forbidden"},
	7006: {policy.ClassRequest, "bad_request"},
	7007: {policy.ClassRequest, "wrong_traffic_type"},
	7008: {policy.ClassRequest, "bad_template_data"},
	7009: {policy.ClassRequest, "bad_template"},
	7010: {policy.ClassRecipient, "no_session"},
	7011: {policy.ClassAccount, "account_issue"},
	7016: {policy.ClassThrottled, "spam_rate"},
	7017: {policy.ClassThrottled, "too_many_requests"},
	7019: {policy.ClassAccount, "billing"},
	7024: {policy.ClassRequest, "not_allowed_now"},
	7025: {policy.ClassRecipient, "app_too_old"},
	7027: {policy.ClassRequest, "content_blocked"},
	7030: {policy.ClassRecipient, "template_blocked_by_user"},
	7032: {policy.ClassRecipient, "frequency_cap"},
	7033: {policy.ClassRecipient, "opted_out"},
	7034: {policy.ClassAccount, "sender_not_registered"},
	7036: {policy.ClassRequest, "bad_template"},
	7037: {policy.ClassRequest, "bad_template"},
	7050: {policy.ClassDown, "provider_trouble"},
	7051: {policy.ClassUnknown, "provider_timeout"},
	7080: {policy.ClassDown, "provider_trouble"},
	7081: {policy.ClassAccount, "configuration"},
	7082: {policy.ClassDown, "provider_trouble"},
	7083: {policy.ClassAccount, "service_not_activated"},
	7084: {policy.ClassAccount, "sender_not_registered"},
	7201: {policy.ClassRecipient, "unsupported_device"},
	7281: {policy.ClassAccount, "bad_origin"},
}

// refusal answers nil when the message was taken, now or by an earlier call with the same messageId.
func (s status) refusal() *channels.Failure {
	switch *s.GroupID {
	case groupAccepted, groupPending, groupDelivered:
		return nil
	case groupUndeliverable, groupExpired, groupRejected:
	default:
		return unknown("unknown_status", s.words(), nil)
	}
	if s.ID == duplicateMessageID {
		return nil
	}
	m := s.meaning(reason{})
	f := &channels.Failure{Class: m.class, Code: m.code, ProviderCode: strconv.Itoa(s.ID), Detail: s.words()}
	if m.class == policy.ClassAccount {
		f.Advice = "Check sender, credit and routes of this account in the Infobip portal."
		f.AdviceVI = "Kiểm tra tên người gửi, số dư và tuyến gửi của tài khoản này trên cổng Infobip."
	}
	return f
}

// meaning prefers the error, which tells why, to the status, which tells that.
func (s status) meaning(r reason) meaning {
	if m, ok := errorMeanings[r.ID]; ok {
		return m
	}
	if m, ok := statusMeanings[s.ID]; ok {
		return m
	}
	return meaning{policy.ClassRecipient, "rejected"}
}

func (s status) words() string { return strings.TrimSpace(s.Name + " " + s.Description) }

func (r reason) words() string { return strings.TrimSpace(r.Name + " " + r.Description) }

// explain adds the provider's words to the failure of an HTTP status. Both shapes of error body are read: errorCode
// of the new calls and requestError of the old.
func explain(f *channels.Failure, body []byte) *channels.Failure {
	var answer struct {
		ErrorCode   string `json:"errorCode"`
		Description string `json:"description"`
		Violations  []struct {
			Property  string `json:"property"`
			Violation string `json:"violation"`
		} `json:"violations"`
		RequestError struct {
			ServiceException struct {
				MessageID string `json:"messageId"`
				Text      string `json:"text"`
			} `json:"serviceException"`
		} `json:"requestError"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return f
	}
	old := answer.RequestError.ServiceException
	f.ProviderCode = cmp.Or(answer.ErrorCode, old.MessageID, f.ProviderCode)
	words := strings.TrimSpace(answer.Description + " " + old.Text)
	for _, v := range answer.Violations {
		words += " " + v.Property + ": " + v.Violation + "."
		if f.Class == policy.ClassRequest && strings.HasSuffix(v.Property, ".to") {
			f.Class, f.Code = policy.ClassRecipient, "invalid_number"
		}
	}
	if words != "" {
		f.Detail = words
	}
	return f
}

func refused(code, detail string) *channels.Failure {
	return &channels.Failure{Class: policy.ClassRequest, Code: code, Detail: detail}
}

func unknown(code, detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: code, Detail: detail, Err: err}
}

// clean masks the account's secrets and the recipient in what people will see.
func (a *adapter) clean(f *channels.Failure, to string) *channels.Failure {
	f.Detail = channels.Redact(f.Detail, a.apiKey, a.secret, to, strings.TrimPrefix(to, "+"))
	return f
}
