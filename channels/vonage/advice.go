package vonage

// advice says what to do about a refusal, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceNone   = advice{}
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
	adviceLookUp = advice{
		"Look the code up in Vonage's list of API errors.",
		"Hãy tra mã lỗi trong danh mục lỗi API của Vonage.",
	}
	adviceCredentials = advice{
		"Check application_id and private_key: they must belong to the same Vonage application, which has the Messages capability.",
		"Kiểm tra application_id và private_key: phải thuộc cùng một ứng dụng Vonage có bật Messages.",
	}
	adviceClock = advice{
		"Set this machine's clock; the token is valid for 15 minutes by it.",
		"Chỉnh lại đồng hồ của máy chủ; token có hiệu lực 15 phút theo đồng hồ này.",
	}
	adviceRate = advice{
		"Lower the account's rate, or have Vonage raise its limit.",
		"Hãy giảm tốc độ gửi của tài khoản, hoặc đề nghị Vonage nâng giới hạn.",
	}
	adviceContent = advice{
		"Vonage found a part of the message missing or malformed; check the text, links and image of the message.",
		"Vonage báo thiếu hoặc sai dữ liệu; hãy kiểm tra nội dung, liên kết và hình ảnh của tin.",
	}
	adviceVonage = advice{
		"The account is not ready for this at Vonage (barred, limited, or not enabled for the channel); contact Vonage support.",
		"Tài khoản chưa sẵn sàng tại Vonage (bị chặn, bị giới hạn hoặc chưa bật kênh); hãy liên hệ hỗ trợ Vonage.",
	}
	adviceMoney = advice{
		"Top up the Vonage account.",
		"Hãy nạp tiền vào tài khoản Vonage.",
	}
	adviceSender = advice{
		"Check from: it must be registered at Vonage for the channel and the recipient's country.",
		"Kiểm tra from: phải được đăng ký tại Vonage cho kênh và quốc gia của người nhận.",
	}
	adviceAllowList = advice{
		"The account may send to listed numbers only; add the number in the Vonage dashboard, or have the limit lifted.",
		"Tài khoản chỉ được gửi đến các số trong danh sách; hãy thêm số trong trang quản trị Vonage hoặc đề nghị gỡ giới hạn.",
	}
	advicePhone = advice{
		"Check the recipient's phone number; it must be a mobile number in use.",
		"Kiểm tra số điện thoại người nhận; phải là số di động đang hoạt động.",
	}
	adviceFiltered = advice{
		"The text was taken for spam; reword it, leave out short links, and use a registered sender.",
		"Nội dung bị xem là tin rác; hãy viết lại, bỏ liên kết rút gọn và dùng người gửi đã đăng ký.",
	}
	adviceOptedOut = advice{
		"The person opted out of these messages; do not write to them until they opt in again.",
		"Người nhận đã từ chối nhận tin; không gửi cho đến khi họ đăng ký lại.",
	}
	adviceOften = advice{
		"This person got too many messages lately; send fewer.",
		"Người nhận đã nhận quá nhiều tin gần đây; hãy gửi ít hơn.",
	}
	adviceCountry = advice{
		"Ask Vonage whether the sender is enabled for the recipient's country.",
		"Hãy hỏi Vonage xem người gửi đã được bật cho quốc gia của người nhận chưa.",
	}
	adviceWindow = advice{
		"The first message to a person must not be promotional, and a reply is allowed for a limited time only.",
		"Tin đầu tiên gửi cho một người không được là tin quảng cáo, và chỉ được trả lời trong thời gian giới hạn.",
	}
	adviceMedia = advice{
		"Check image_url: it must be a public address of an image that Viber takes.",
		"Kiểm tra image_url: phải là địa chỉ công khai của hình mà Viber chấp nhận.",
	}
	adviceFraud = advice{
		"Vonage's Fraud Defender stopped the traffic; review its rules in the Vonage dashboard.",
		"Fraud Defender của Vonage đã chặn lưu lượng; hãy xem lại quy tắc trong trang quản trị Vonage.",
	}
	adviceRegister = advice{
		"The recipient's country wants sender, text or consent registered first; register them through Vonage.",
		"Quốc gia của người nhận yêu cầu đăng ký người gửi, nội dung hoặc sự đồng ý; hãy đăng ký qua Vonage.",
	}
	adviceAddress = advice{
		"Check base_url and try again.",
		"Kiểm tra base_url rồi thử lại.",
	}
	adviceSecret = advice{
		"Copy the signature secret from the account's API settings in the Vonage dashboard into signature_secret.",
		"Sao chép signature secret từ phần cấu hình API trong trang quản trị Vonage vào signature_secret.",
	}
)
