package smpp

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/policy"
)

func remembered(ids ...string) (*memory, *group) {
	m := &memory{}
	m.init()
	g := m.begin(len(ids))
	for n, id := range ids {
		m.answered(g, n, id, time.Time{})
	}
	m.end(g)
	return m, g
}

func TestGather(t *testing.T) {
	const done, bad = policy.ReceiptDelivered, policy.ReceiptFailed
	type told struct {
		id   string
		kind policy.Receipt
	}
	tests := map[string]struct {
		reports []told
		want    []string
	}{
		"all delivered":            {[]told{{"b", done}, {"a", done}, {"c", done}}, []string{"a sent", "a sent", "a delivered"}},
		"one fails":                {[]told{{"a", done}, {"c", bad}, {"b", done}}, []string{"a sent", "a failed", "a sent"}},
		"repeated":                 {[]told{{"a", done}, {"a", done}, {"b", done}, {"c", done}, {"b", done}}, []string{"a sent", "a sent", "a sent", "a delivered", "a delivered"}},
		"another's, or forgotten":  {[]told{{"x", done}, {"y", bad}}, []string{"x delivered", "y failed"}},
		"a segment is on its way":  {[]told{{"b", policy.ReceiptSent}}, []string{"a sent"}},
		"delivered after a failed": {[]told{{"a", bad}, {"a", done}, {"b", done}, {"c", done}}, []string{"a failed", "a sent", "a sent", "a delivered"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m, _ := remembered("a", "b", "c")
			var got []string
			for _, r := range tt.reports {
				rec := m.gather(report{id: r.id, kind: r.kind, state: "DELIVRD"}).receipt()
				got = append(got, rec.ProviderID+" "+string(rec.Kind))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The engine never learnt the id of a message that ended unknown: its receipts name our reference.
func TestGatherByReference(t *testing.T) {
	m, g := remembered("a", "b", "")
	m.owe(g, "0198")
	for _, id := range []string{"a", "b"} {
		rec := m.gather(report{id: id, kind: policy.ReceiptDelivered}).receipt()
		if rec.Reference != "0198" || rec.ProviderID != "" || rec.Kind != policy.ReceiptSent {
			t.Errorf("got %+v, want sent: a segment is missing", rec)
		}
	}
}

// Some operators give all segments one id, and one receipt.
func TestGatherOneIDForAll(t *testing.T) {
	m, _ := remembered("a", "a", "a")
	if rec := m.gather(report{id: "a", kind: policy.ReceiptDelivered}).receipt(); rec.Kind != policy.ReceiptDelivered || rec.ProviderID != "a" {
		t.Errorf("got %+v, want delivered", rec)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	m, _ := remembered("a")
	m.most = 10
	now := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	for n := range 20 {
		m.answered(m.begin(1), 0, fmt.Sprint(n), now)
	}
	if len(m.parts) != 10 || m.known("a") || m.known("9") || !m.known("10") {
		t.Errorf("%d ids are kept, want the last 10", len(m.parts))
	}
	m.answered(m.begin(1), 0, "late", now.Add(partsKept+time.Second))
	if len(m.parts) != 1 || len(m.order) != 1 {
		t.Errorf("%d ids are kept after 48 hours, want the new one", len(m.parts))
	}
}
