package sinch

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// listReach is how far back the list of batches goes; listSlack is how far Sinch's clock and ours may be apart.
const (
	listReach = 14 * 24 * time.Hour
	listSlack = time.Hour
)

// Query asks by Sinch's id; where there is none yet, it looks for the batch by our reference first, and then asks. A batch
// older than the list reaches cannot be looked for, which is ClassUnknown and not "not found".
func (a *adapter) Query(ctx context.Context, q channels.Query) (channels.Answer, error) {
	answer, f := a.answer(ctx, q)
	if f != nil {
		return channels.Answer{}, a.clean(f, q.To)
	}
	return answer, nil
}

func (a *adapter) answer(ctx context.Context, q channels.Query) (channels.Answer, *channels.Failure) {
	if q.ProviderID == "" {
		id, f := a.find(ctx, q)
		if f != nil || id == "" {
			return channels.Answer{}, f
		}
		q.ProviderID = id
	}
	r, f := a.report(ctx, q.ProviderID, strings.TrimPrefix(q.To, "+"))
	switch {
	case f != nil && f.Code == codeNotFound:
		return channels.Answer{}, nil
	case f != nil:
		return channels.Answer{}, f
	case string(r.BatchID) != q.ProviderID:
		return channels.Answer{}, unreadable("the answer is about another batch", nil)
	case !r.known():
		return channels.Answer{}, unreadable(fmt.Sprintf("the status %q is not documented", r.Status), nil)
	}
	answer := channels.Answer{Found: true}
	answer.Receipt, _ = r.receipt("lookup/")
	return answer, nil
}

// find answers the id of the batch with our reference; "" if there is none.
func (a *adapter) find(ctx context.Context, q channels.Query) (string, *channels.Failure) {
	since := a.now().Add(-listReach)
	switch {
	case !isReference(q.Reference):
		return "", &channels.Failure{
			Class: policy.ClassRequest, Code: "no_message_id", Detail: "neither an id nor a reference names the message", Advice: adviceReport.en, AdviceVI: adviceReport.vi,
		}
	case !q.SentAt.IsZero() && q.SentAt.Before(since):
		return "", &channels.Failure{Class: policy.ClassUnknown, Code: "too_old", Detail: "the list of batches reaches back 14 days"}
	case !q.SentAt.IsZero():
		since = q.SentAt.Add(-listSlack)
	}
	var list struct {
		Batches []struct {
			ID        channels.Text `json:"id"`
			Reference channels.Text `json:"client_reference"`
		} `json:"batches"`
	}
	query := url.Values{"client_reference": {q.Reference}, "start_date": {since.UTC().Format(timeFormat)}}
	if f := a.getInto(ctx, batchesPath+"?"+query.Encode(), &list); f != nil {
		return "", f
	}
	if list.Batches == nil {
		return "", unreadable("the answer has no list of batches", nil)
	}
	for _, b := range list.Batches {
		if string(b.Reference) == q.Reference && b.ID != "" {
			return string(b.ID), nil
		}
	}
	return "", nil
}

// report asks for the report of the batch's recipient. Who confirms an early callback may not know the number yet; the report
// of the whole batch says the same of its one recipient, but for the time.
func (a *adapter) report(ctx context.Context, id, number string) (report, *channels.Failure) {
	path := batchesPath + "/" + url.PathEscape(id) + "/delivery_report"
	if number != "" {
		var r report
		f := asLookUp(a.getInto(ctx, path+"/"+url.PathEscape(number), &r))
		return r, f
	}
	var whole struct {
		BatchID         channels.Text `json:"batch_id"`
		ClientReference channels.Text `json:"client_reference"`
		Statuses        []struct {
			Code   channels.Text `json:"code"`
			Status channels.Text `json:"status"`
		} `json:"statuses"`
	}
	if f := asLookUp(a.getInto(ctx, path+"?type=summary", &whole)); f != nil {
		return report{}, f
	}
	if len(whole.Statuses) != 1 {
		return report{}, unreadable(fmt.Sprintf("the batch has %d statuses, and one recipient", len(whole.Statuses)), nil)
	}
	s := whole.Statuses[0]
	return report{BatchID: whole.BatchID, ClientReference: whole.ClientReference, Code: s.Code, Status: s.Status}, nil
}

const codeNotFound = "not_found"

// asLookUp reads a 404 as a look-up's: there is no such batch.
func asLookUp(f *channels.Failure) *channels.Failure {
	if f != nil && f.Code == codeAddressUnknown {
		f.Code = codeNotFound
	}
	return f
}
