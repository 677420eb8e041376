package zalo

// advice says what to do about a refusal, in English and Vietnamese.
type advice struct{ en, vi string }

var (
	adviceWatch = advice{
		"Zalo had an internal error. If it lasts, look at Zalo's status or ask Zalo support.",
		"Zalo gặp lỗi nội bộ. Nếu kéo dài, hãy xem trạng thái dịch vụ hoặc liên hệ bộ phận hỗ trợ của Zalo.",
	}
	adviceReport = advice{
		"This should not happen in normal use; report the code to whoever runs this service.",
		"Lỗi này không xảy ra khi sử dụng bình thường; hãy báo mã lỗi cho người vận hành hệ thống.",
	}
	adviceApp = advice{
		"Check app_id at developers.zalo.me: the application must exist and be the one the Official Account authorised.",
		"Kiểm tra app_id tại developers.zalo.me: ứng dụng phải tồn tại và đúng là ứng dụng mà OA đã cấp quyền.",
	}
	adviceActivate = advice{
		"Activate the application at developers.zalo.me and see that the API is approved for it.",
		"Hãy kích hoạt ứng dụng tại developers.zalo.me và kiểm tra API đã được duyệt cho ứng dụng.",
	}
	adviceAppSecret = advice{
		"Copy the application's secret key from developers.zalo.me into app_secret.",
		"Sao chép khóa bí mật của ứng dụng tại developers.zalo.me vào app_secret.",
	}
	adviceLink = advice{
		"Link the application to the Official Account at developers.zalo.me.",
		"Hãy liên kết ứng dụng với Official Account tại developers.zalo.me.",
	}
	adviceAddress = advice{
		"Check api_url: Zalo does not know this address or method.",
		"Kiểm tra api_url: Zalo không hỗ trợ địa chỉ hoặc phương thức này.",
	}
	advicePhone = advice{
		"Check the recipient's phone number; it must be a Vietnamese mobile number.",
		"Kiểm tra số điện thoại người nhận; phải là số di động Việt Nam.",
	}
	adviceUnreachable = advice{
		"This person cannot be reached on Zalo now; another channel is the way.",
		"Hiện không thể gửi cho người này qua Zalo; hãy dùng kênh khác.",
	}
	adviceConsent = advice{
		"This person does not accept this kind of message from the Official Account; do not insist on Zalo.",
		"Người nhận không đồng ý nhận loại tin này từ OA; không nên tiếp tục gửi qua Zalo.",
	}
	adviceFrequency = advice{
		"This person had as many messages as Zalo allows for now; send less often.",
		"Người nhận đã đạt giới hạn số tin mà Zalo cho phép; hãy giảm tần suất gửi.",
	}
	adviceTemplateID = advice{
		"Check template_id: the template must exist and belong to this Official Account and application.",
		"Kiểm tra template_id: mẫu tin phải tồn tại và thuộc OA, ứng dụng này.",
	}
	adviceTemplateAdmin = advice{
		"Correct the template in Zalo's template console.",
		"Hãy chỉnh sửa mẫu tin trong trang quản lý mẫu tin của Zalo.",
	}
	adviceTemplateOwner = advice{
		"This Official Account or application may not use the template; use one of its own, or another account.",
		"OA hoặc ứng dụng này không được dùng mẫu tin; hãy dùng mẫu tin của chính OA hoặc tài khoản khác.",
	}
	adviceApproval = advice{
		"Wait until Zalo has approved the template, or use an approved one.",
		"Hãy chờ Zalo duyệt mẫu tin hoặc dùng mẫu tin đã được duyệt.",
	}
	adviceQuality = advice{
		"Zalo switched the template off for low quality; see the user reports and make a new template.",
		"Zalo đã tắt mẫu tin vì chất lượng thấp; hãy xem phản hồi của người dùng và tạo mẫu tin mới.",
	}
	adviceParams = advice{
		"Compare template_data with the template's parameters: same names, none missing, none more.",
		"So sánh template_data với tham số của mẫu tin: đúng tên, không thiếu, không thừa.",
	}
	adviceLength = advice{
		"Shorten the value that the answer names; the template's parameters list their maximum lengths.",
		"Rút ngắn giá trị được nêu trong thông báo; độ dài tối đa có trong danh sách tham số của mẫu tin.",
	}
	adviceFormat = advice{
		"Write the value in the parameter's format, such as dd/MM/yyyy for dates and digits only for money.",
		"Viết giá trị đúng định dạng của tham số, ví dụ ngày dd/MM/yyyy, số tiền chỉ gồm chữ số.",
	}
	adviceButton = advice{
		"Check the values that go into the template's buttons: links must be complete and allowed.",
		"Kiểm tra giá trị của các nút trong mẫu tin: liên kết phải đầy đủ và được phép.",
	}
	adviceTag = advice{
		"The Official Account or this way of sending does not allow the template's content tag; use a template with another tag.",
		"OA hoặc cách gửi này không cho phép loại nội dung của mẫu tin; hãy dùng mẫu tin có loại nội dung khác.",
	}
	adviceMoney = advice{
		"Top up the ZBS account that pays for this Official Account.",
		"Hãy nạp tiền vào tài khoản ZBS thanh toán cho OA này.",
	}
	adviceZBS = advice{
		"Link the application and the Official Account to a ZBS account.",
		"Hãy liên kết ứng dụng và OA với một tài khoản ZBS.",
	}
	advicePackage = advice{
		"See that the Official Account is verified and its paid package is valid and includes this feature.",
		"Kiểm tra OA đã xác thực, gói dịch vụ còn hạn và có tính năng này.",
	}
	advicePermission = advice{
		"Give the application this permission at developers.zalo.me, then let an admin of the Official Account authorise it again.",
		"Cấp quyền này cho ứng dụng tại developers.zalo.me rồi để quản trị viên OA cấp quyền lại.",
	}
	adviceBlocked = advice{
		"Zalo blocked the Official Account for a violation; contact Zalo.",
		"Zalo đã khóa OA do vi phạm; hãy liên hệ Zalo.",
	}
	adviceOA = advice{
		"Check oa_id and that the Official Account is active.",
		"Kiểm tra oa_id và trạng thái hoạt động của OA.",
	}
	adviceToken = advice{
		"Zalo refuses the access token even after it was renewed; let an admin of the Official Account authorise the application again.",
		"Zalo từ chối access token kể cả sau khi làm mới; hãy để quản trị viên OA cấp quyền lại cho ứng dụng.",
	}
	adviceReauth = advice{
		"There is no consent that is still good: link the account, which an admin of the Official Account has to agree to, or put a new refresh_token into its settings.",
		"Không có quyền truy cập còn hiệu lực: hãy liên kết tài khoản (quản trị viên OA phải đồng ý) hoặc nhập refresh_token mới vào cấu hình tài khoản.",
	}
	adviceProof = advice{
		`Check app_secret, and set appsecret_proof to "true" if the application demands it.`,
		`Kiểm tra app_secret và đặt appsecret_proof là "true" nếu ứng dụng yêu cầu.`,
	}
	adviceKeys = advice{
		"The application's encryption key at Zalo is missing or in the way; see its key settings.",
		"Khóa mã hóa của ứng dụng tại Zalo bị thiếu hoặc không hợp lệ; hãy xem cấu hình khóa.",
	}
	adviceTestMode = advice{
		"Development mode reaches admins only and has its own allowance; use an approved template in production.",
		"Chế độ phát triển chỉ gửi cho quản trị viên và có hạn mức riêng; hãy dùng mẫu tin đã duyệt.",
	}
	adviceNight = advice{
		"This template may not be sent from 22:00 to 06:00; send by day or give the policy quiet hours.",
		"Mẫu tin này không được gửi từ 22:00 đến 06:00; hãy gửi ban ngày hoặc đặt giờ yên lặng trong chính sách.",
	}
	adviceQuota = advice{
		"The quota is used up until Zalo resets it; spread the messages or ask Zalo for a higher quota.",
		"Đã hết hạn mức cho đến khi Zalo đặt lại; hãy giãn số tin hoặc đề nghị Zalo tăng hạn mức.",
	}
	adviceRate = advice{
		"Lower the account's rate; Zalo limits the calls a minute.",
		"Hãy giảm tốc độ gửi của tài khoản; Zalo giới hạn số lệnh gọi mỗi phút.",
	}
	adviceJourney = advice{
		"The message belongs to a journey whose token is missing or no longer valid; this service does not send journeys.",
		"Tin thuộc một hành trình có mã không hợp lệ hoặc đã hết hạn; hệ thống này không gửi tin theo hành trình.",
	}
)
