package twilio

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"cascade/channels"
)

// Check asks for the balance, which proves address and credentials, then for the account's state and its sender. It
// sends nothing. A messaging service is kept behind another address of Twilio's and is not asked about; nor can an
// alphanumeric sender be, which has no entry anywhere.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	balance, ok := a.checkBalance(ctx)
	findings := []channels.Finding{balance}
	if !ok {
		return findings // the other calls would say the same
	}
	if a.user == a.accountSID { // a standard API key may not ask about accounts
		findings = append(findings, a.checkAccount(ctx))
	}
	if a.isNumber() {
		findings = append(findings, a.checkNumber(ctx))
	}
	return findings
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

func finding(level, code string, what said, ad advice) channels.Finding {
	return channels.Finding{Level: level, Code: code, Message: what.en, MessageVI: what.vi, Advice: ad.en, AdviceVI: ad.vi}
}

// failedCheck is a look-up that Twilio did not answer as hoped.
func (a *adapter) failedCheck(level string, what said, f *channels.Failure) channels.Finding {
	f = a.clean(f, a.from)
	ad := advice{f.Advice, f.AdviceVI}
	if ad == adviceNone {
		ad = adviceAddress
	}
	return finding(level, f.Code, said{fmt.Sprintf("The check of %s failed: %v", what.en, f), "Không kiểm tra được " + what.vi + ": " + f.VI()}, ad)
}

func (a *adapter) checkBalance(ctx context.Context) (channels.Finding, bool) {
	var answer struct {
		Balance  channels.Text `json:"balance"`
		Currency channels.Text `json:"currency"`
	}
	if f := a.getInto(ctx, a.accountPath()+"/Balance.json", &answer); f != nil {
		return a.failedCheck("error", said{"the balance", "số dư"}, f), false
	}
	left, err := strconv.ParseFloat(string(answer.Balance), 64)
	if err != nil {
		return finding("warning", "unreadable_answer", said{"The balance is not a number.", "Số dư không phải là con số."}, adviceAddress), true
	}
	what := said{fmt.Sprintf("The balance is %s %s.", answer.Balance, answer.Currency), fmt.Sprintf("Số dư là %s %s.", answer.Balance, answer.Currency)}
	if left <= 0 {
		return finding("error", "no_balance", what, adviceMoney), true
	}
	return finding("ok", "balance", what, adviceNone), true
}

func (a *adapter) checkAccount(ctx context.Context) channels.Finding {
	var answer struct {
		Status channels.Text `json:"status"`
		Type   channels.Text `json:"type"`
	}
	if f := a.getInto(ctx, a.accountPath()+".json", &answer); f != nil {
		return a.failedCheck("warning", said{"the account", "tài khoản"}, f)
	}
	switch {
	case answer.Status != "active":
		state := a.redact(string(answer.Status))
		return finding("error", "account_suspended", said{
			fmt.Sprintf("The account is %q, not active.", state), fmt.Sprintf("Tài khoản đang ở trạng thái %q, không hoạt động.", state),
		}, adviceSuspended)
	case answer.Type == "Trial":
		return finding("warning", "trial_account", said{"The account is a trial account.", "Tài khoản đang ở chế độ dùng thử."}, adviceTrial)
	}
	return finding("ok", "account_active", said{"The account is active.", "Tài khoản đang hoạt động."}, adviceNone)
}

// checkNumber looks for the sender among the account's numbers. One that is not there may still be hosted elsewhere.
func (a *adapter) checkNumber(ctx context.Context) channels.Finding {
	var answer struct {
		Numbers []struct {
			Number       channels.Text `json:"phone_number"`
			Capabilities struct {
				SMS bool `json:"sms"`
			} `json:"capabilities"`
		} `json:"incoming_phone_numbers"`
	}
	query := url.Values{"PhoneNumber": {a.from}}
	if f := a.getInto(ctx, a.accountPath()+"/IncomingPhoneNumbers.json?"+query.Encode(), &answer); f != nil {
		return a.failedCheck("warning", said{"the sender", "người gửi"}, f)
	}
	for _, n := range answer.Numbers {
		if string(n.Number) != a.from {
			continue
		}
		if !n.Capabilities.SMS {
			return finding("error", "sender_without_sms", said{"The sender's number cannot send SMS.", "Số của người gửi không gửi được SMS."}, adviceSender)
		}
		return finding("ok", "sender_ok", said{
			"The sender's number belongs to the account and can send SMS.", "Số của người gửi thuộc tài khoản và gửi được SMS.",
		}, adviceNone)
	}
	return finding("warning", "sender_unknown", said{
		"The sender is not among the account's numbers.", "Người gửi không nằm trong các số của tài khoản.",
	}, adviceSender)
}
