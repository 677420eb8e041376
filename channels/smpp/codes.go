package smpp

import (
	"fmt"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// The command_status values that have a meaning of their own in the code. Source: SMPP 3.4 §5.1.3.
const (
	statusOK         uint32 = 0x00
	statusBadCommand uint32 = 0x03
	statusBadState   uint32 = 0x04
	statusBound      uint32 = 0x05
	statusBindFailed uint32 = 0x0D
	statusPassword   uint32 = 0x0E
	statusSystemID   uint32 = 0x0F
	statusQueueFull  uint32 = 0x14
	statusThrottled  uint32 = 0x58
	statusTryLater   uint32 = 0x64

	// vendorStatus is the first of the operators' own.
	vendorStatus uint32 = 0x400
)

// meaning is our reading of a status.
type meaning struct {
	class policy.Class
	code  string
	advice
}

// advice says what to do, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceSender = advice{
		"The operator refuses the sender: check source_addr, source_ton and source_npi, and that the brandname is registered with this operator.",
		"Nhà mạng từ chối tên người gửi: kiểm tra source_addr, source_ton, source_npi và việc đăng ký brandname với nhà mạng này.",
	}
	adviceBind = advice{
		"The operator refuses the bind: check system_id, password, system_type, the allowed IP addresses, and that no more binds are open than max_binds.",
		"Nhà mạng từ chối kết nối (bind): kiểm tra system_id, password, system_type, danh sách IP được phép và số bind đang mở không vượt max_binds.",
	}
	adviceBinds = advice{
		"The operator says that this account is bound already: no more replicas may bind than max_binds allows.",
		"Nhà mạng báo tài khoản này đã bind: số bản chạy không được vượt quá max_binds.",
	}
	adviceFields = advice{
		"The operator does not accept a field that this account sets; ask it for its SMPP parameters and compare the settings.",
		"Nhà mạng không chấp nhận một trường của tài khoản này; hãy xin tham số SMPP của nhà mạng và so với cấu hình.",
	}
	adviceVendor = advice{
		"This status is the operator's own; look it up in its documents and give it a class in the setting codes.",
		"Mã này là của riêng nhà mạng; hãy tra trong tài liệu của nhà mạng và khai báo trong cấu hình codes.",
	}
	adviceLink = advice{
		"Check address, tls and the network way to the operator (VPN, firewall); the session is tried again by itself.",
		"Kiểm tra address, tls và đường mạng đến nhà mạng (VPN, tường lửa); hệ thống sẽ tự kết nối lại.",
	}
	adviceReceipts = advice{
		"Messages are taken but no receipt comes: ask the operator to switch receipts on for this account, and where it wants a receiver bind, set bind to pair.",
		"Tin được nhận nhưng không có báo cáo: hãy yêu cầu nhà mạng bật báo cáo cho tài khoản; nếu cần kết nối nhận riêng, đặt bind là pair.",
	}
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
)

// meanings reads the statuses that answer a submit_sm or a bind: every one was refused, none was taken.
var meanings = map[uint32]meaning{
	0x01:             {policy.ClassRequest, "bad_length", adviceReport},
	0x02:             {policy.ClassRequest, "bad_length", adviceReport},
	statusBadCommand: {policy.ClassRequest, "bad_command", adviceReport},
	statusBadState:   {policy.ClassDown, "bad_bind_state", adviceLink},
	statusBound:      {policy.ClassDown, "already_bound", adviceBinds},
	0x06:             {policy.ClassAccount, "bad_priority", adviceFields},
	0x07:             {policy.ClassAccount, "bad_registered_delivery", adviceFields},
	0x08:             {policy.ClassDown, "provider_trouble", advice{}},
	0x0A:             {policy.ClassAccount, "sender_refused", adviceSender},
	0x0B:             {policy.ClassRecipient, "invalid_number", advice{}},
	0x0C:             {policy.ClassRequest, "bad_message_id", adviceReport},
	statusBindFailed: {policy.ClassAccount, "bind_refused", adviceBind},
	statusPassword:   {policy.ClassAccount, "wrong_password", adviceBind},
	statusSystemID:   {policy.ClassAccount, "wrong_system_id", adviceBind},
	0x11:             {policy.ClassRequest, "request_refused", adviceReport},
	0x13:             {policy.ClassRequest, "request_refused", adviceReport},
	statusQueueFull:  {policy.ClassThrottled, "queue_full", advice{}},
	0x15:             {policy.ClassAccount, "bad_service_type", adviceFields},
	0x33:             {policy.ClassRequest, "request_refused", adviceReport},
	0x34:             {policy.ClassRequest, "request_refused", adviceReport},
	0x40:             {policy.ClassRequest, "request_refused", adviceReport},
	0x42:             {policy.ClassRequest, "request_refused", adviceReport},
	0x43:             {policy.ClassAccount, "bad_esm_class", adviceFields},
	0x44:             {policy.ClassRequest, "request_refused", adviceReport},
	0x45:             {policy.ClassDown, "submit_failed", advice{}},
	0x48:             {policy.ClassAccount, "bad_source_ton", adviceSender},
	0x49:             {policy.ClassAccount, "bad_source_npi", adviceSender},
	0x50:             {policy.ClassAccount, "bad_destination_ton", adviceFields},
	0x51:             {policy.ClassAccount, "bad_destination_npi", adviceFields},
	0x53:             {policy.ClassAccount, "bad_system_type", adviceBind},
	0x54:             {policy.ClassRequest, "request_refused", adviceReport},
	0x55:             {policy.ClassRequest, "request_refused", adviceReport},
	statusThrottled:  {policy.ClassThrottled, "throttled", advice{}},
	0x61:             {policy.ClassAccount, "bad_schedule", adviceFields},
	0x62:             {policy.ClassAccount, "bad_validity", adviceFields},
	0x63:             {policy.ClassRequest, "request_refused", adviceReport},
	statusTryLater:   {policy.ClassDown, "try_later", advice{}},
	0x65:             {policy.ClassRecipient, "refused_for_good", advice{}},
	0x66:             {policy.ClassRecipient, "rejected", advice{}},
	0x67:             {policy.ClassRequest, "request_refused", adviceReport},
	0xC0:             {policy.ClassRequest, "bad_parameter", adviceReport},
	0xC1:             {policy.ClassRequest, "bad_parameter", adviceReport},
	0xC2:             {policy.ClassRequest, "bad_parameter", adviceReport},
	0xC3:             {policy.ClassRequest, "bad_parameter", adviceReport},
	0xC4:             {policy.ClassRequest, "bad_parameter", adviceReport},
	0xFE:             {policy.ClassRecipient, "not_delivered", advice{}},
	0xFF:             {policy.ClassDown, "provider_trouble", advice{}},
}

// refusal is the failure that a status other than 0 means. The account's own table goes first.
func (s settings) refusal(status uint32) *channels.Failure {
	m, known := meanings[status]
	switch {
	case known:
	case status >= vendorStatus:
		m = meaning{policy.ClassRequest, "vendor_code", adviceVendor}
	default:
		m = meaning{policy.ClassRequest, "request_refused", adviceReport}
	}
	if class, ok := s.codes[status]; ok {
		m.class = class
		if !known {
			m.code, m.advice = "vendor_code", advice{}
		}
	}
	return &channels.Failure{
		Class: m.class, Code: m.code, ProviderCode: fmt.Sprintf("0x%02X", status),
		Detail: fmt.Sprintf("the SMS centre answered with status 0x%08X", status), Advice: m.en, AdviceVI: m.vi,
	}
}

// forBind reports whether a bind with this status is refused for what a person has to mend.
func forBind(status uint32) bool {
	return status == statusBindFailed || status == statusPassword || status == statusSystemID
}

func down(code, detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassDown, Code: code, Detail: detail, Err: err}
}

func unknown(code, detail string, err error) *channels.Failure {
	return &channels.Failure{Class: policy.ClassUnknown, Code: code, Detail: detail, Err: err}
}

func throttled(code, detail string, after time.Duration) *channels.Failure {
	return &channels.Failure{Class: policy.ClassThrottled, Code: code, Detail: detail, RetryAfter: after}
}
