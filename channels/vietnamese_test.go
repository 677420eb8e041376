package channels

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFailureInVietnamese(t *testing.T) {
	for want, f := range map[string]Failure{
		"tài khoản hết tiền: Not enough money":                      {Code: "no_balance", Detail: "Not enough money"},
		"tài khoản hết tiền (20003): Not enough money":              {Code: "no_balance", ProviderCode: "20003", Detail: "Not enough money"},
		"tài khoản hết tiền (20003)":                                {Code: "no_balance", ProviderCode: "20003"},
		"địa chỉ của tài khoản sai: base_url không phải là địa chỉ": {Code: "address_invalid", Detail: "base_url is not an address"},
		"mẫu tin hết hạn mức":                                       {Code: "template_quota"},
		"không đọc được câu trả lời":                                {Code: "unreadable_answer", ProviderCode: "200", Detail: "the answer is not the documented JSON"},
		"code_of_tomorrow (7): what the provider has to say":        {Code: "code_of_tomorrow", ProviderCode: "7", Detail: "what the provider has to say"},
	} {
		if got := f.VI(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNumberInVietnamese(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.000", 1234567: "1.234.567", -100: "-100", -123456: "-123.456"} {
		if got := NumberVI(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// A sentence that no adapter writes any more needs no Vietnamese, and one that was reworded needs a new one.
func TestDetailsAreWrittenByAdapters(t *testing.T) {
	files, err := filepath.Glob("*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	for detail := range detailsVI {
		if !strings.Contains(all.String(), `"`+detail+`"`) {
			t.Errorf("nobody writes %q", detail)
		}
	}
}
