package sinch

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

const (
	listPath   = "/xms/v1/plan1/batches"
	reportPath = listPath + "/" + batchID + "/delivery_report"
)

func TestQuery(t *testing.T) {
	recipient, whole := reportPath+"/84912345678", `{"type":"delivery_report_sms","batch_id":"`+batchID+`","total_message_count":1,"statuses":[`
	listed := answer{200, `{"count":1,"page":0,"page_size":1,"batches":[{"id":"` + batchID + `","client_reference":"` + reference + `"}]}`}
	delivered := channels.Receipt{
		Reference: reference, ProviderID: batchID, Kind: policy.ReceiptDelivered, At: now.Add(4300 * time.Millisecond), Key: "lookup/" + batchID + "/delivered",
	}
	brief := delivered
	brief.Reference, brief.At = "", time.Time{}
	byID, byHint := channels.Query{ProviderID: batchID, Reference: reference, To: "+84912345678"}, channels.Query{ProviderID: batchID, Reference: reference}
	byReference := channels.Query{Reference: reference, To: "+84912345678", SentAt: now}
	tests := map[string]struct {
		query   channels.Query
		answers map[string]answer
		want    channels.Answer
		class   policy.Class // of a failure
		calls   []string
	}{
		"delivered": {
			byID, map[string]answer{recipient: {200, reported("Delivered", "0", "")}}, channels.Answer{Found: true, Receipt: delivered}, "", []string{recipient},
		},
		"queued":       {byID, map[string]answer{recipient: {200, reported("Queued", "400", "")}}, channels.Answer{Found: true}, "", []string{recipient}},
		"not known":    {byID, map[string]answer{recipient: {404, ``}}, channels.Answer{}, "", []string{recipient}},
		"no access":    {byID, map[string]answer{recipient: {401, ``}}, channels.Answer{}, policy.ClassAccount, []string{recipient}},
		"a new status": {byID, map[string]answer{recipient: {200, reported("Teleported", "0", "")}}, channels.Answer{}, policy.ClassUnknown, []string{recipient}},
		"another's": {
			byID, map[string]answer{recipient: {200, `{"batch_id":"2","status":"Delivered"}`}}, channels.Answer{}, policy.ClassUnknown, []string{recipient},
		},
		"without the number": {
			byHint,
			map[string]answer{reportPath: {200, whole + `{"code":0,"count":1,"status":"Delivered"}]}`}},
			channels.Answer{Found: true, Receipt: brief},
			"",
			[]string{reportPath + "?type=summary"},
		},
		"without the number, of many": {
			byHint,
			map[string]answer{reportPath: {200, whole + `{"code":0,"status":"Delivered"},{"code":400,"status":"Queued"}]}`}},
			channels.Answer{},
			policy.ClassUnknown,
			[]string{reportPath + "?type=summary"},
		},
		"by our reference": {
			byReference,
			map[string]answer{listPath: listed, recipient: {200, reported("Delivered", "0", "")}},
			channels.Answer{Found: true, Receipt: delivered},
			"",
			[]string{listPath + "?client_reference=" + reference + "&start_date=2026-11-20T00%3A00%3A00.000Z", recipient},
		},
		"by our reference, not there": {
			byReference,
			map[string]answer{listPath: {200, `{"count":0,"batches":[]}`}},
			channels.Answer{},
			"",
			[]string{listPath + "?client_reference=" + reference + "&start_date=2026-11-20T00%3A00%3A00.000Z"},
		},
		"by our reference, of a server that does not filter": {
			channels.Query{Reference: reference},
			map[string]answer{listPath: {200, `{"batches":[{"id":"1","client_reference":"theirs"}]}`}},
			channels.Answer{},
			"",
			[]string{listPath + "?client_reference=" + reference + "&start_date=2026-11-06T01%3A00%3A00.000Z"},
		},
		"by our reference, no list": {
			channels.Query{Reference: reference},
			map[string]answer{listPath: {200, `{}`}},
			channels.Answer{},
			policy.ClassUnknown,
			[]string{listPath + "?client_reference=" + reference + "&start_date=2026-11-06T01%3A00%3A00.000Z"},
		},
		"by our reference, too old": {
			channels.Query{Reference: reference, SentAt: now.Add(-15 * 24 * time.Hour)}, nil, channels.Answer{}, policy.ClassUnknown, nil,
		},
		"by nothing": {channels.Query{To: "+84912345678"}, nil, channels.Answer{}, policy.ClassRequest, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			url, calls := provider(t, tt.answers)
			got, err := build(t, url).Query(t.Context(), tt.query)
			class := policy.Class("")
			if err != nil {
				class = channels.AsFailure(err).Class
			}
			if class != tt.class {
				t.Errorf("got %v, want class %q", err, tt.class)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			var asked []string
			for _, c := range *calls {
				asked = append(asked, c.URI)
			}
			if diff := cmp.Diff(tt.calls, asked); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}
