package channels

import "strconv"

// wordsVI are the codes of failures that tell of an account, a call or an answer, in Vietnamese.
var wordsVI = map[string]string{
	"account_barred":          "tài khoản bị cấm",
	"account_blocked":         "tài khoản bị chặn",
	"account_gone":            "tài khoản đã bị gỡ hoặc thiết lập bị hỏng",
	"account_issue":           "tài khoản gặp sự cố tại nhà cung cấp",
	"account_locked":          "tài khoản bị khóa",
	"account_suspended":       "tài khoản bị tạm khóa",
	"adapter_panic":           "lỗi trong hệ thống này",
	"address_forbidden":       "địa chỉ của tài khoản không được phép",
	"address_invalid":         "địa chỉ của tài khoản sai",
	"address_unknown":         "nhà cung cấp không biết địa chỉ này",
	"already_bound":           "tài khoản đã bind ở nơi khác",
	"answer_cut":              "câu trả lời bị ngắt",
	"app_inactive":            "ứng dụng chưa hoạt động",
	"app_invalid":             "ứng dụng không hợp lệ",
	"app_not_permitted":       "ứng dụng chưa được cấp quyền",
	"app_secret_invalid":      "app_secret sai",
	"appsecret_proof_invalid": "appsecret_proof sai",
	"bad_bind_state":          "phiên kết nối không đúng trạng thái",
	"bad_sender":              "tên người gửi bị từ chối",
	"bad_system_type":         "system_type bị từ chối",
	"balance_low":             "số dư không đủ",
	"billing":                 "thanh toán của tài khoản gặp sự cố",
	"bind_refused":            "nhà mạng từ chối bind",
	"brandname_unknown":       "brandname chưa đăng ký",
	"breaker_open":            "tài khoản tạm nghỉ sau các lệnh gọi không được trả lời",
	"claim_old":               "chưa gọi kịp lúc",
	"connection_lost":         "mất kết nối",
	"daily_quota":             "hết hạn mức ngày",
	"forbidden":               "tài khoản chưa được cấp quyền",
	"ip_not_allowed":          "địa chỉ máy chủ chưa được phép",
	"key_unusable":            "private key không ký được",
	"lease_lost":              "kết quả của lệnh gọi không được ghi lại kịp lúc",
	"monthly_quota":           "hết hạn mức tháng",
	"needs_reauth":            "tài khoản cần liên kết lại",
	"no_answer":               "nhà cung cấp không trả lời",
	"no_balance":              "tài khoản hết tiền",
	"no_credit":               "tài khoản hết tiền",
	"no_price_list":           "tài khoản chưa có bảng giá",
	"no_token":                "chưa lấy được token",
	"not_authorized":          "tài khoản chưa được cấp quyền",
	"not_bound":               "chưa có phiên kết nối với SMSC",
	"not_enabled":             "tài khoản chưa bật tính năng này",
	"not_sent_in_time":        "nhà cung cấp không gửi kịp giờ",
	"oa_blocked":              "Official Account bị chặn",
	"oa_inactive":             "Official Account chưa hoạt động",
	"oa_invalid":              "Official Account không hợp lệ",
	"oa_not_permitted":        "Official Account chưa được cấp quyền",
	"oa_unknown":              "nhà cung cấp không biết Official Account này",
	"oauth_refused":           "tài khoản cần liên kết lại",
	"package_expired":         "gói dịch vụ đã hết hạn",
	"policy_violation":        "vi phạm quy định của nhà cung cấp",
	"provider_error":          "nhà cung cấp gặp sự cố",
	"provider_timeout":        "nhà cung cấp quá thời gian",
	"provider_trouble":        "nhà cung cấp gặp sự cố",
	"queue_full":              "hàng đợi của SMSC đã đầy",
	"quota":                   "hết hạn mức",
	"quota_exceeded":          "hết hạn mức",
	"quota_reached":           "hết hạn mức",
	"quota_used_up":           "hết hạn mức",
	"redirected":              "nhà cung cấp chuyển hướng sang địa chỉ khác",
	"request_refused":         "nhà cung cấp từ chối yêu cầu",
	"sender_not_registered":   "tên người gửi chưa đăng ký",
	"sender_refused":          "tên người gửi bị từ chối",
	"sender_unknown":          "không rõ tên người gửi",
	"template_quota":          "mẫu tin hết hạn mức",
	"temporary_failure":       "lỗi tạm thời",
	"throttled":               "nhà cung cấp giới hạn tốc độ",
	"token_expired":           "mã truy cập của tài khoản hết hạn",
	"token_refresh_slow":      "mã truy cập đang được gia hạn",
	"token_refused":           "mã truy cập của tài khoản bị từ chối",
	"token_revoked":           "mã truy cập của tài khoản đã bị thu hồi",
	"token_unavailable":       "không đọc hoặc không lưu được mã truy cập",
	"trial_account":           "tài khoản dùng thử",
	"try_later":               "nhà cung cấp yêu cầu thử lại sau",
	"unauthorized":            "tài khoản chưa được cấp quyền",
	"unclassified":            "chưa rõ kết quả",
	"unknown_refusal":         "bị từ chối vì lý do chưa rõ",
	"unreachable":             "không kết nối được nhà cung cấp",
	"unreadable_answer":       "không đọc được câu trả lời",
	"wrong_password":          "mật khẩu sai",
	"wrong_system_id":         "system_id sai",
	"zbs_not_linked":          "tài khoản chưa liên kết ZBS",
}

// saysAll are the codes whose detail is a sentence of ours that says no more than the code.
var saysAll = map[string]bool{
	"account_gone": true, "breaker_open": true, "claim_old": true, "key_unusable": true, "lease_lost": true,
	"token_refresh_slow": true, "token_unavailable": true, "unreadable_answer": true,
}

// detailsVI are the sentences about an account that adapters write themselves where the provider says nothing.
var detailsVI = map[string]string{
	"api_url is not an address":                          "api_url không phải là địa chỉ",
	"api_url or openapi_url is not an address":           "api_url hoặc openapi_url không phải là địa chỉ",
	"base_url is not an address":                         "base_url không phải là địa chỉ",
	"oauth_url is not an address":                        "oauth_url không phải là địa chỉ",
	"no reason given":                                    "không nêu lý do",
	"the access token was refused and nothing renews it": "access token bị từ chối và không có gì để gia hạn",
	"there is no access token":                           "chưa có access token",
	"there is no refresh token":                          "chưa có refresh token",
	"there is no session with the SMS centre":            "chưa có phiên kết nối với SMSC",
}

// CodeVI is a failure's code in Vietnamese words; the code itself where there are none.
func CodeVI(code string) string {
	if words, ok := wordsVI[code]; ok {
		return words
	}
	return code
}

// DetailVI is a failure's detail in Vietnamese; a provider's words stay as they are.
func DetailVI(detail string) string {
	if words, ok := detailsVI[detail]; ok {
		return words
	}
	return detail
}

// VI tells code and the provider's words, in Vietnamese.
func (f *Failure) VI() string {
	said := CodeVI(f.Code)
	if saysAll[f.Code] {
		return said
	}
	if f.ProviderCode != "" {
		said += " (" + f.ProviderCode + ")"
	}
	if f.Detail != "" {
		said += ": " + DetailVI(f.Detail)
	}
	return said
}

// NumberVI writes a number as Vietnamese does: 1.234.567.
func NumberVI(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}
