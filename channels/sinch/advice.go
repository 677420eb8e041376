package sinch

// advice says what to do about a refusal, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceNone   = advice{}
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
	adviceLookUp = advice{
		"Look the code up in Sinch's list of SMS status codes.",
		"Hãy tra mã lỗi trong danh mục mã trạng thái SMS của Sinch.",
	}
	adviceAddress = advice{
		"Check base_url: it must be the address of the region in which the service plan was made.",
		"Kiểm tra base_url: phải là địa chỉ của khu vực nơi service plan được tạo.",
	}
	adviceContent = advice{
		"Sinch found a field missing or malformed; check the text, the sender and the recipient's number.",
		"Sinch báo thiếu hoặc sai dữ liệu; hãy kiểm tra nội dung, người gửi và số điện thoại người nhận.",
	}
	adviceLength = advice{
		"Shorten the text.",
		"Hãy rút ngắn nội dung tin.",
	}
	adviceSinch = advice{
		"The account is blocked or out of credit at Sinch; top it up or contact Sinch support.",
		"Tài khoản bị chặn hoặc hết tiền tại Sinch; hãy nạp tiền hoặc liên hệ hỗ trợ Sinch.",
	}
	adviceRegion = advice{
		"Have Sinch enable the service plan for the recipient's country.",
		"Hãy đề nghị Sinch bật service plan cho quốc gia của người nhận.",
	}
	adviceSender = advice{
		"Check from: Sinch has no sender for the recipient's country.",
		"Kiểm tra from: Sinch không có người gửi cho quốc gia của người nhận.",
	}
	advicePhone = advice{
		"Check the recipient's phone number; it must be a mobile number in use.",
		"Kiểm tra số điện thoại người nhận; phải là số di động đang hoạt động.",
	}
	adviceRejected = advice{
		"The operator rejects the message; check that sender and text are registered for the recipient's country.",
		"Nhà mạng từ chối tin; hãy kiểm tra người gửi và nội dung đã được đăng ký cho quốc gia của người nhận.",
	}
)
