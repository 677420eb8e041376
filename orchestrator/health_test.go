package orchestrator

import (
	"strings"
	"testing"
	"time"

	"cascade/policy"
)

// An account that leaves calls without an answer gets a twentieth of its messages, and comes back by doubling.
func TestHealthMovesAndReturns(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var h health
	second := func(calls, silent int) (share float64, news bool) {
		for i := range calls {
			h.called(now, i < silent)
		}
		now = now.Add(time.Second)
		m, news := h.judge(now)
		return m.share, news
	}
	for range 60 {
		if share, news := second(2, 0); share != 1 || news {
			t.Fatalf("while all is well: %v", share)
		}
	}
	for i := range 30 {
		share, news := second(2, 1)
		if share == 1 {
			continue
		}
		if share != leastShare || !news || h.move.reason != policy.ReasonAccountFailing {
			t.Fatalf("moved to %v for %s", share, h.move.reason)
		}
		if silent, calls := i+1, 60; float64(silent) < failingShare*float64(calls)-1 {
			t.Errorf("moved after %d of %d calls had no answer", silent, calls)
		}
		break
	}
	if h.move.share != leastShare {
		t.Fatal("not moved")
	}
	if d := h.move.detail; !strings.HasSuffix(d.en, " calls had no answer") || !strings.HasSuffix(d.vi, " lệnh gọi gần nhất không được trả lời") {
		t.Errorf("moved, it says %+v", d)
	}
	for range 90 {
		if share, _ := second(1, 1); share != leastShare {
			t.Fatalf("still without answers, it gets %v", share)
		}
	}
	var shares []float64
	for range 600 {
		if share, news := second(1, 0); news {
			shares = append(shares, share)
		}
	}
	want := []float64{0.1, 0.2, 0.4, 0.8, 1}
	if len(shares) != len(want) {
		t.Fatalf("came back by %v", shares)
	}
	for i := range want {
		if shares[i] != want[i] {
			t.Fatalf("came back by %v", shares)
		}
	}
	if h.move.reason != "" {
		t.Errorf("well, and still %s", h.move.reason)
	}
	if d := h.move.detail; d != (said{"does well again", "đã gửi tốt trở lại"}) {
		t.Errorf("well, it says %+v", d)
	}
}

// A few calls say nothing, and neither does an hour without any.
func TestHealthNeedsEnough(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	var h health
	for range healthLeast - 1 {
		h.called(now, true)
	}
	if m, _ := h.judge(now); m.share != 1 {
		t.Errorf("%d calls moved it", healthLeast-1)
	}
	h.called(now.Add(time.Hour), true)
	if m, _ := h.judge(now.Add(time.Hour)); m.share != 1 {
		t.Error("calls of an hour ago count")
	}
}

func TestMedian(t *testing.T) {
	now := time.Unix(0, 0)
	var h health
	for _, took := range []time.Duration{0, time.Second, 3 * time.Second, 3 * time.Second, 8 * time.Second, 48 * time.Hour, -time.Second} {
		h.delivered(now, took)
	}
	if got := h.sum(now).median(); got < 2*time.Second || got > 4500*time.Millisecond {
		t.Errorf("the middle of seven is 3 s, told as %s", got)
	}
	if got := (slice{}).median(); got != 0 {
		t.Errorf("of none it is %s", got)
	}
}

func TestSlownessIsSaid(t *testing.T) {
	now := time.Unix(0, 0)
	var h health
	for range healthLeast {
		h.delivered(now, 8*time.Second)
	}
	reason, what := h.sum(now).trouble(healthLeast, time.Second)
	want := said{
		"the middle one of 20 deliveries took 6.144s, and 1s is usual", "một nửa trong 20 lần gửi lâu hơn 6.144s; bình thường là 1s",
	}
	if reason != policy.ReasonAccountSlow || what != want {
		t.Errorf("%s: %+v", reason, what)
	}
}
