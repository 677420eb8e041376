package zalo

import (
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

func TestQuota(t *testing.T) {
	midnight := testNow.Add(3 * time.Hour)
	tests := map[string]struct {
		answer string
		want   channels.Quota
		class  policy.Class
	}{
		"texts":        {answer: `{"error":0,"data":{"dailyQuota":"20000","remainingQuota":"19000","dailyQuotaPromotion":null}}`, want: channels.Quota{Left: 19000, Total: 20000, ResetsAt: midnight}},
		"numbers":      {answer: `{"error":0,"data":{"dailyQuota":500,"remainingQuota":0}}`, want: channels.Quota{Total: 500, ResetsAt: midnight}},
		"no limit":     {answer: `{"error":0,"data":{"dailyQuota":-1,"remainingQuota":-1}}`},
		"in words":     {answer: `{"error":0,"data":{"dailyQuota":"unlimited","remainingQuota":""}}`},
		"0 of 0":       {answer: `{"error":0,"data":{"dailyQuota":"0","remainingQuota":"0"}}`},
		"no data":      {answer: `{"error":0,"data":null}`},
		"refused":      {answer: `{"error":-138,"message":"x"}`, class: policy.ClassAccount},
		"not answered": {answer: `<html>`, class: policy.ClassUnknown},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, calls := answering(t, &tokens{}, tt.answer)
			got, err := a.Quota(t.Context())
			if calls()[0] != "GET /message/quota [AT-secret-1] " {
				t.Errorf("asked %q", calls()[0])
			}
			if tt.class != "" {
				if f := channels.AsFailure(err); err == nil || f.Class != tt.class {
					t.Errorf("got %v, want %s", err, tt.class)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Error(err, diff)
			}
		})
	}
}

// TestBeyondQuota: what sends without regard to the daily quota must not be stopped for it.
func TestBeyondQuota(t *testing.T) {
	const used = `"dailyQuota":"500","remainingQuota":"0"`
	a, _ := answeringWith(t, map[string]string{"sending_mode": "3"}, &tokens{},
		`{"error":0,"data":{"msg_id":"m1","quota":{`+used+`}}}`, `{"error":0,"data":{`+used+`}}`)
	taken, err := a.Send(t.Context(), testOutbound)
	quota, err2 := a.Quota(t.Context())
	if err != nil || err2 != nil || taken.ProviderID != "m1" || taken.Quota != nil || quota != (channels.Quota{}) {
		t.Errorf("got %+v, %+v, %v, %v", taken, quota, err, err2)
	}
}

func TestQuality(t *testing.T) {
	tests := map[string]struct {
		answer, want string
		class        policy.Class
	}{
		"high":           {answer: `{"error":0,"data":{"oaCurrentQuality":"HIGH","oa7dayQuality":"LOW"}}`, want: "HIGH"},
		"small letters":  {answer: `{"error":0,"data":{"oaCurrentQuality":"low"}}`, want: "LOW"},
		"not judged yet": {answer: `{"error":0,"data":{"oaCurrentQuality":null}}`, want: "UNDEFINED"},
		"no object":      {answer: `{"error":0,"data":"HIGH"}`, class: policy.ClassUnknown},
		"refused":        {answer: `{"error":-138,"message":"x"}`, class: policy.ClassAccount},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, calls := answering(t, &tokens{}, tt.answer)
			got, err := a.Quality(t.Context())
			if calls()[0] != "GET /quality [AT-secret-1] " || got != tt.want {
				t.Errorf("asked %q, got %q", calls()[0], got)
			}
			if (err != nil) != (tt.class != "") || (err != nil && channels.AsFailure(err).Class != tt.class) {
				t.Errorf("got %v, want class %q", err, tt.class)
			}
		})
	}
}
