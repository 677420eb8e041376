package channels

import "testing"

func TestFailureInVietnamese(t *testing.T) {
	for want, f := range map[string]Failure{
		"tài khoản hết tiền: Not enough money":               {Code: "no_balance", Detail: "Not enough money"},
		"tài khoản hết tiền (20003): Not enough money":       {Code: "no_balance", ProviderCode: "20003", Detail: "Not enough money"},
		"tài khoản hết tiền (20003)":                         {Code: "no_balance", ProviderCode: "20003"},
		"mẫu tin hết hạn mức":                                {Code: "template_quota"},
		"không đọc được câu trả lời":                         {Code: "unreadable_answer", ProviderCode: "200", Detail: "the answer is not the documented JSON"},
		"code_of_tomorrow (7): what the provider has to say": {Code: "code_of_tomorrow", ProviderCode: "7", Detail: "what the provider has to say"},
	} {
		if got := f.VI(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
