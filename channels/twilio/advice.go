package twilio

// advice says what to do about a refusal, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceNone   = advice{}
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
	adviceLookUp = advice{
		"Look the code up in Twilio's error dictionary.",
		"Hãy tra mã lỗi trong danh mục lỗi của Twilio.",
	}
	adviceCredentials = advice{
		"Copy Account SID and Auth Token again from the Twilio console; an API key must belong to the same account.",
		"Sao chép lại Account SID và Auth Token từ trang quản trị Twilio; API key phải thuộc cùng tài khoản.",
	}
	adviceRate = advice{
		"Lower the account's rate, or add numbers to the messaging service.",
		"Hãy giảm tốc độ gửi của tài khoản, hoặc thêm số vào messaging service.",
	}
	advicePhone = advice{
		"Check the recipient's phone number; it must be a mobile number in use.",
		"Kiểm tra số điện thoại người nhận; phải là số di động đang hoạt động.",
	}
	adviceSender = advice{
		"Check from: it must be a sender of this Twilio account that can send SMS to the recipient's country.",
		"Kiểm tra from: phải là người gửi thuộc tài khoản Twilio này và gửi được SMS đến quốc gia của người nhận.",
	}
	adviceCountry = advice{
		"Enable the recipient's country under Messaging, Geo permissions in the Twilio console.",
		"Bật quốc gia của người nhận trong mục Messaging, Geo permissions của trang quản trị Twilio.",
	}
	adviceText = advice{
		"Check the text: it must not be empty and at most 1,600 characters long.",
		"Kiểm tra nội dung: không được để trống và tối đa 1.600 ký tự.",
	}
	adviceTrial = advice{
		"A trial account sends to verified numbers only; upgrade the Twilio account.",
		"Tài khoản dùng thử chỉ gửi được đến số đã xác minh; hãy nâng cấp tài khoản Twilio.",
	}
	adviceOptedOut = advice{
		"The person answered STOP; do not write to them by SMS until they opt in again.",
		"Người nhận đã trả lời STOP; không gửi SMS cho đến khi họ đăng ký lại.",
	}
	adviceReach = advice{
		"This sender cannot reach this number; another sender or channel may.",
		"Người gửi này không gửi được đến số này; hãy dùng người gửi hoặc kênh khác.",
	}
	adviceService = advice{
		"Check from: the messaging service must exist in this account and have a sender in its pool.",
		"Kiểm tra from: messaging service phải thuộc tài khoản này và có người gửi trong danh sách.",
	}
	adviceSuspended = advice{
		"Twilio suspended the account; top it up or contact Twilio support.",
		"Twilio đã tạm khóa tài khoản; hãy nạp tiền hoặc liên hệ hỗ trợ Twilio.",
	}
	adviceFiltered = advice{
		"The text was taken for spam; reword it, leave out short links, and use a registered sender.",
		"Nội dung bị xem là tin rác; hãy viết lại, bỏ liên kết rút gọn và dùng người gửi đã đăng ký.",
	}
	adviceRegister = advice{
		"The recipient's operators want the sender registered first; register it with Twilio for that country.",
		"Nhà mạng của người nhận yêu cầu đăng ký người gửi trước; hãy đăng ký với Twilio cho quốc gia đó.",
	}
	adviceMoney = advice{
		"Top up the Twilio account.",
		"Hãy nạp tiền vào tài khoản Twilio.",
	}
	adviceAddress = advice{
		"Check base_url and try again.",
		"Kiểm tra base_url rồi thử lại.",
	}
)
