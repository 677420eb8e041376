package orchestrator

import (
	"strings"
	"testing"
)

func TestStateReasonInVietnamese(t *testing.T) {
	for reason, want := range map[string]string{
		"":                                 "",
		"the provider's own words":         "the provider's own words",
		"no_balance: Not enough: money":    "tài khoản hết tiền: Not enough: money",
		"there is no refresh token":        "chưa có refresh token",
		"code_of_tomorrow: no":             "code_of_tomorrow: no",
		pairNotKept + "disk full":          "không lưu được token mới: disk full",
		codeNeedsReauth + ": " + mustRenew: "tài khoản cần liên kết lại: tài khoản cần được cấp quyền lại",
	} {
		if got := StateReasonVI(reason); got != want {
			t.Errorf("%q is %q, want %q", reason, got, want)
		}
	}
	for _, own := range stateReasonsVI {
		if got := StateReasonVI(own.en); got != own.vi || strings.HasSuffix(own.en, ": ") != strings.HasSuffix(own.vi, ": ") {
			t.Errorf("%q is %q", own.en, got)
		}
	}
}
