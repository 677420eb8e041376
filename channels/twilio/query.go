package twilio

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Query asks by Twilio's id, which is the only one it knows. The answer carries the price once Twilio has set it, some
// time after the delivery.
func (a *adapter) Query(ctx context.Context, q channels.Query) (channels.Answer, error) {
	if q.ProviderID == "" {
		return channels.Answer{}, &channels.Failure{
			Class: policy.ClassRequest, Code: "no_message_id", Detail: "Twilio is asked by its own id, and there is none yet",
			Advice: adviceReport.en, AdviceVI: adviceReport.vi,
		}
	}
	var m message
	f := a.getInto(ctx, a.accountPath()+"/Messages/"+url.PathEscape(q.ProviderID)+".json", &m)
	switch {
	case f != nil && f.ProviderCode == codeNotFound:
		return channels.Answer{}, nil
	case f != nil:
	case string(m.SID) != q.ProviderID:
		f = unreadable("the answer is about another message", nil)
	default:
		return a.answer(m, q)
	}
	return channels.Answer{}, a.clean(f, q.To)
}

func (a *adapter) answer(m message, q channels.Query) (channels.Answer, error) {
	if _, known := kinds[string(m.Status)]; !known {
		return channels.Answer{}, a.clean(unreadable("the status "+strconv.Quote(string(m.Status))+" is not documented", nil), q.To)
	}
	answer := channels.Answer{Found: true}
	r := report{sid: string(m.SID), status: string(m.Status), error: string(m.ErrorCode), words: string(m.ErrorMessage)}
	rec, ok := a.receipt(r, "lookup/")
	if !ok {
		return answer, nil
	}
	rec.At, rec.Price = m.reached(rec.Kind), charged(string(m.Price), string(m.PriceUnit))
	answer.Receipt = rec
	return answer, nil
}

// reached is when the message came to be what it is: the last change, which for a delivery may be as late as that of
// its price.
func (m message) reached(kind policy.Receipt) time.Time {
	if kind == policy.ReceiptSent {
		return parseDate(m.DateSent)
	}
	return parseDate(m.DateUpdated)
}
