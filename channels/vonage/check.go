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
		findings = append(findings, finding("warning", "no_signature_secret", "signature_secret is not set, so every callback is refused.", adviceSecret))
	}
	return findings
}

func finding(level, code, message string, ad advice) channels.Finding {
	return channels.Finding{Level: level, Code: code, Message: message, Advice: ad.en, AdviceVI: ad.vi}
}

func (a *adapter) checkToken(ctx context.Context) channels.Finding {
	_, f := a.post(ctx, struct{}{})
	switch {
	case f == nil:
		return finding("warning", "unreadable_answer", "Vonage took an empty message, which it should refuse; is base_url Vonage's?", adviceAddress)
	case judged(f):
		return finding("ok", "authorized", "Vonage accepts the application's key.", adviceNone)
	}
	f = a.clean(f, "")
	ad := advice{f.Advice, f.AdviceVI}
	if ad == adviceNone {
		ad = adviceAddress
	}
	return finding("error", f.Code, fmt.Sprintf("The check of the application's key failed: %v", f), ad)
}

// judged reports whether the message itself was refused, so that the token was not. A 404 says that the address is wrong.
func judged(f *channels.Failure) bool {
	missing := f.ProviderCode == "404" || f.ProviderCode == "not-found"
	return !missing && (f.Class == policy.ClassRequest || f.Class == policy.ClassRecipient)
}
