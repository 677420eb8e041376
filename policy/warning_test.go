package policy

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPolicyWarnings(t *testing.T) {
	minutes := func(n int) Duration { return Duration(time.Duration(n) * time.Minute) }
	dear, cheap := vnd(820), vnd(200)
	know := func(_ int, s Step) (StepKnown, bool) {
		switch s.Channel {
		case ZNS:
			return StepKnown{Best: ReceiptDelivered, Least: &cheap}, true
		case Viber:
			return StepKnown{Best: ReceiptSent}, true
		default:
			return StepKnown{Best: ReceiptRead, Least: &dear}, true
		}
	}
	most := vnd(500)
	tests := map[string]struct {
		policy Policy
		want   []string // field, code, step
	}{
		"nothing to say": {Policy{Steps: []Step{{Channel: ZNS, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(10)}}}, nil},
		"weak receipts": {
			Policy{Steps: []Step{{Channel: ZNS, Until: ReceiptRead, Timeout: minutes(2)}, {Channel: SMS, Until: ReceiptRead, Timeout: minutes(2)}}},
			[]string{"steps[0].until receipt_not_given 1"},
		},
		"no receipts": {
			Policy{Steps: []Step{{Channel: Viber, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(2)}}},
			[]string{"steps[0].until receipt_not_given 1", "steps[1] step_only_if_refused 2"},
		},
		"sent is enough in between": {
			Policy{Steps: []Step{{Channel: ZNS, Until: ReceiptSent, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(2)}}},
			[]string{"steps[1] step_only_if_refused 2"},
		},
		"sent at the end": {
			Policy{Steps: []Step{{Channel: ZNS, Timeout: minutes(2)}, {Channel: Viber, Until: ReceiptSent, Timeout: Duration(time.Second)}}},
			[]string{"steps[1].until last_step_without_receipt 2"},
		},
		"always false": {
			Policy{Steps: []Step{{Channel: SMS, Timeout: minutes(2)}, {Channel: ZNS, Until: ReceiptRead, Timeout: minutes(2), When: "test && false"}}},
			[]string{"steps[1].when step_never_runs 2"},
		},
		"no such category": {
			Policy{Steps: []Step{{Channel: SMS, Timeout: minutes(2), When: "category == 'marketing' && country == 'VN'"}}},
			[]string{"steps[0].when step_never_runs 1"},
		},
		"dearer than all may cost": {
			Policy{MaxCost: &most, Steps: []Step{{Channel: ZNS, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(2)}}},
			[]string{"steps[1] step_never_runs 2"},
		},
		"a cap in another currency": {
			Policy{MaxCost: &Money{1, "USD"}, Steps: []Step{{Channel: SMS, Timeout: minutes(2)}}}, nil,
		},
		"as long as the channels need": {
			Policy{Steps: []Step{{Channel: ZNS, Timeout: Duration(15 * time.Second)}, {Channel: SMS, Timeout: Duration(30 * time.Second)}}}, nil,
		},
		"too short": {
			Policy{Steps: []Step{{Channel: ZNS, Timeout: Duration(14 * time.Second)}, {Channel: SMS, Timeout: Duration(20 * time.Second)}}},
			[]string{"steps[0].timeout wait_shorter_than_channel 1", "steps[1].timeout wait_shorter_than_channel 2"},
		},
		"cut short": {
			Policy{TTL: minutes(11), Steps: []Step{{Channel: ZNS, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(10)}}},
			[]string{"ttl timeouts_beyond_ttl 0"},
		},
		"too late to start": {
			Policy{TTL: minutes(2), Steps: []Step{{Channel: ZNS, Timeout: minutes(2)}, {Channel: SMS, Timeout: minutes(10)}}},
			[]string{"steps[1] timeouts_beyond_ttl 2"},
		},
		"what never runs takes no time": {
			Policy{TTL: minutes(12), Steps: []Step{{Channel: SMS, Timeout: minutes(10), When: "false"}, {Channel: ZNS, Timeout: minutes(10)}}},
			[]string{"steps[0].when step_never_runs 1"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range tt.policy.Warnings(know) {
				got = append(got, fmt.Sprint(w.Field, " ", w.Code, " ", w.Step))
				if !slices.Contains(WarningCodes(), w.Code) || w.Message == "" {
					t.Errorf("%+v is not of the closed list", w)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if got := (Policy{Steps: []Step{{Channel: ZNS, Until: ReceiptRead, Timeout: minutes(2)}}}).Warnings(nil); got != nil {
		t.Errorf("got %v", got)
	}
}

func TestLeastPrice(t *testing.T) {
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	line := func(amount int64, change func(*Price)) Price {
		p := Price{Channel: SMS, Unit: UnitSegment, Moment: MomentTaken, Price: vnd(amount)}
		if change != nil {
			change(&p)
		}
		return p
	}
	tests := map[string]struct {
		prices []Price
		want   int64 // 0: not known
	}{
		"none":                  {nil, 0},
		"one":                   {[]Price{line(820, nil)}, 820},
		"some messages are not": {[]Price{line(820, func(p *Price) { p.Operator = "viettel" })}, 0},
		"an operator's":         {[]Price{line(820, nil), line(300, func(p *Price) { p.Operator = "viettel" })}, 300},
		"another account's":     {[]Price{line(820, nil), line(300, func(p *Price) { p.Account = "other" })}, 820},
		"a former one":          {[]Price{line(300, nil), line(820, func(p *Price) { p.ValidFrom = at.AddDate(0, -1, 0) })}, 820},
		"a coming one":          {[]Price{line(820, nil), line(300, func(p *Price) { p.ValidFrom = at.AddDate(0, 1, 0) })}, 820},
		"another channel's":     {[]Price{line(820, nil), line(1, func(p *Price) { p.Channel, p.Unit = ZNS, UnitMessage })}, 820},
	}
	for name, tt := range tests {
		got, ok := PriceBook{tt.prices}.Least(SMS, "main", at)
		if ok != (tt.want > 0) || got.Micros != tt.want*1_000_000 {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
}
