package esms

// advice says what to do about a refusal, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
	adviceKeys = advice{
		"Copy ApiKey and SecretKey again from the account's API settings at eSMS into api_key and secret_key.",
		"Sao chép lại ApiKey và SecretKey từ phần cấu hình API của tài khoản eSMS vào api_key và secret_key.",
	}
	adviceESMS = advice{
		"The account is not ready for this at eSMS (locked, or without a price list or registration); contact eSMS support.",
		"Tài khoản chưa sẵn sàng tại eSMS (bị khóa, chưa có bảng giá hoặc chưa đăng ký xong); hãy liên hệ hỗ trợ eSMS.",
	}
	adviceMoney = advice{
		"Top up the eSMS account.",
		"Hãy nạp tiền vào tài khoản eSMS.",
	}
	adviceBrandname = advice{
		"Check brandname: it must be registered at eSMS for this kind of message and be active.",
		"Kiểm tra brandname: tên phải được đăng ký tại eSMS cho đúng loại tin và đang hoạt động.",
	}
	advicePhone = advice{
		"Check the recipient's phone number; it must be a mobile number.",
		"Kiểm tra số điện thoại người nhận; phải là số di động.",
	}
	adviceContent = advice{
		"eSMS found a field missing or malformed; check the text, links and image of the message.",
		"eSMS báo thiếu hoặc sai dữ liệu; hãy kiểm tra nội dung, liên kết và hình ảnh của tin.",
	}
	adviceType = advice{
		"Check sms_type; ask eSMS which message types are open for the account.",
		"Kiểm tra sms_type; hãy hỏi eSMS các loại tin đã mở cho tài khoản.",
	}
	adviceDuplicate = advice{
		"eSMS saw this request before and refuses to repeat it; a receipt or eSMS's message list tells what became of it.",
		"eSMS đã nhận yêu cầu này trước đó và từ chối gửi lại; báo cáo gửi tin hoặc danh sách tin tại eSMS cho biết kết quả.",
	}
	adviceIP = advice{
		"Add this service's IP address to the allow-list of the account at eSMS.",
		"Thêm địa chỉ IP của hệ thống vào danh sách cho phép của tài khoản tại eSMS.",
	}
	adviceTemplateText = advice{
		"Write the text exactly as a template registered for the brandname, or register this text at eSMS.",
		"Viết nội dung đúng với mẫu đã đăng ký cho brandname, hoặc đăng ký nội dung này tại eSMS.",
	}
	adviceRate = advice{
		"Lower the account's rate; eSMS limits the calls a second.",
		"Hãy giảm tốc độ gửi của tài khoản; eSMS giới hạn số lệnh gọi mỗi giây.",
	}
	adviceOperator = advice{
		"The recipient's operator has not registered the brandname; have eSMS register it there.",
		"Nhà mạng của người nhận chưa khai báo brandname; hãy đề nghị eSMS khai báo với nhà mạng đó.",
	}
	adviceKeyword = advice{
		"The text holds a word that is blocked; reword it.",
		"Nội dung có từ khóa bị chặn; hãy viết lại nội dung.",
	}
	adviceOA = advice{
		"Check oa_id: the Official Account must be added to this eSMS account, active, and allowed to send this way.",
		"Kiểm tra oa_id: OA phải được thêm vào tài khoản eSMS này, đang hoạt động và được phép gửi theo cách này.",
	}
	adviceTemplate = advice{
		"Check template_id and oa_id: the template must be set up at eSMS for this Official Account.",
		"Kiểm tra template_id và oa_id: mẫu tin phải được cấu hình tại eSMS cho OA này.",
	}
	adviceParams = advice{
		"Compare template_data with the template's parameters: same names, none missing, none too long.",
		"So sánh template_data với tham số của mẫu tin: đúng tên, không thiếu, không quá dài.",
	}
	adviceShape = advice{
		"eSMS takes text, image, text with button, or text with image and button; add a button or leave out the image.",
		"eSMS nhận tin chỉ chữ, chỉ hình, chữ kèm nút, hoặc chữ kèm hình và nút; hãy thêm nút hoặc bỏ hình.",
	}
	adviceSecret = advice{
		"Set webhook_secret; it is then added to the callback address of every message.",
		"Đặt webhook_secret; giá trị này sẽ được thêm vào địa chỉ callback của mỗi tin.",
	}
	adviceQuality = advice{
		"People report or block these messages; Zalo will lower the quota. Send fewer and only wanted ones.",
		"Người dùng báo cáo hoặc chặn tin; Zalo sẽ giảm hạn mức. Hãy gửi ít hơn và chỉ gửi tin cần thiết.",
	}
	adviceQuota = advice{
		"The Official Account's quota is used up until Zalo resets it; spread the messages or have the quota raised.",
		"OA đã hết hạn mức cho đến khi Zalo đặt lại; hãy giãn số tin hoặc đề nghị tăng hạn mức.",
	}
	adviceApproval = advice{
		"Register a ZNS template through eSMS and wait until Zalo has approved it.",
		"Hãy đăng ký mẫu ZNS qua eSMS và chờ Zalo duyệt.",
	}
	adviceTemplateState = advice{
		"Zalo does not deliver these templates, or will stop to; correct them or use others.",
		"Zalo không gửi hoặc sắp ngừng gửi các mẫu này; hãy chỉnh sửa hoặc dùng mẫu khác.",
	}
	adviceAddress = advice{
		"Check api_url and try again.",
		"Kiểm tra api_url rồi thử lại.",
	}
	adviceSandbox = advice{
		"Take sandbox out of the settings before real messages are sent: nothing is delivered with it.",
		"Bỏ sandbox khỏi cấu hình trước khi gửi tin thật: khi bật sẽ không có tin nào được gửi đi.",
	}
)
