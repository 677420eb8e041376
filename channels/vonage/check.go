package vonage

import (
	"context"
	"fmt"

	"cascade/channels"
	"cascade/policy"
)

// Check asks for nothing to be sent: a message without a recipient, sender or text is refused for what is missing, but
// only after the token was found good. The balance cannot be asked for with an application's key.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	findings := []channels.Finding{a.checkToken(ctx)}
	if a.secret == "" {
		findings = append(findings, finding("warning", "no_signature_secret", said{
			"signature_secret is not set, so every callback is refused.", "Chưa đặt signature_secret nên mọi lệnh gọi webhook đều bị từ chối.",
		}, adviceSecret))
	}
	return findings
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

func finding(level, code string, what said, ad advice) channels.Finding {
	return channels.Finding{Level: level, Code: code, Message: what.en, MessageVI: what.vi, Advice: ad.en, AdviceVI: ad.vi}
}

func (a *adapter) checkToken(ctx context.Context) channels.Finding {
	_, f := a.post(ctx, struct{}{})
	switch {
	case f == nil:
		return finding("warning", "unreadable_answer", said{
			"Vonage took an empty message, which it should refuse; is base_url Vonage's?",
			"Vonage đã nhận một tin rỗng mà lẽ ra phải từ chối; base_url có đúng là của Vonage không?",
		}, adviceAddress)
	case judged(f):
		return finding("ok", "authorized", said{"Vonage accepts the application's key.", "Vonage chấp nhận khóa của ứng dụng."}, adviceNone)
	}
	f = a.clean(f, "")
	ad := advice{f.Advice, f.AdviceVI}
	if ad == adviceNone {
		ad = adviceAddress
	}
	return finding("error", f.Code, said{
		fmt.Sprintf("The check of the application's key failed: %v", f), "Không kiểm tra được khóa của ứng dụng: " + f.VI(),
	}, ad)
}

// judged reports whether the message itself was refused, so that the token was not. A 404 says that the address is wrong.
func judged(f *channels.Failure) bool {
	missing := f.ProviderCode == "404" || f.ProviderCode == "not-found"
	return !missing && (f.Class == policy.ClassRequest || f.Class == policy.ClassRecipient)
}
