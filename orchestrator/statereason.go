package orchestrator

import (
	"strings"

	"cascade/channels"
)

// Why an account waits for a person, where no provider says so.
const (
	mustRenew    = "the account has to be authorised again"
	renewalLost  = "a token refresh was cut off and may have spent the refresh token"
	pairNotKept  = "the renewed token could not be stored: "
	pairNotKnown = "the stored token cannot be read: "
)

// stateReasonsVI are our own sentences in Vietnamese; what stands behind a colon at the end is a program's words.
var stateReasonsVI = []struct{ en, vi string }{
	{mustLink, "tài khoản chưa được liên kết: chạy `cascade channels link TÊN` hoặc POST /v1/channels/{id}/authorize, rồi mở url"},
	{mustRenew, "tài khoản cần được cấp quyền lại"},
	{renewalLost, "một lần gia hạn token bị ngắt giữa chừng và refresh token có thể đã được dùng"},
	{pairNotKept, "không lưu được token mới: "},
	{pairNotKnown, "không đọc được token đã lưu: "},
}

// StateReasonVI tells in Vietnamese why an account's state was set: a sentence of ours, or what our code means with the
// provider's words. What is neither stays as it is.
func StateReasonVI(reason string) string {
	code, words, coded := strings.Cut(reason, ": ")
	if coded && channels.CodeVI(code) != code {
		return (&channels.Failure{Code: code, Detail: ownVI(words)}).VI()
	}
	return ownVI(reason)
}

func ownVI(reason string) string {
	for _, own := range stateReasonsVI {
		rest, is := strings.CutPrefix(reason, own.en)
		if is && (rest == "" || strings.HasSuffix(own.en, ": ")) {
			return own.vi + rest
		}
	}
	return channels.DetailVI(reason)
}
