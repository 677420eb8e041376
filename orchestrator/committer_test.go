package orchestrator

import (
	"slices"
	"testing"
)

// A flood of sends must not make receipts late: a late receipt is a second message.
func TestReceiptsGoFirst(t *testing.T) {
	kinds := map[*fact]string{}
	put := func(c chan *fact, kind string, n int) {
		for range n {
			f := &fact{}
			kinds[f] = kind
			c <- f
		}
	}
	q := &committer{make(chan *fact, queueMost), make(chan *fact, queueMost), make(chan *fact, queueMost)}
	put(q.accepts, "accept", 2*batchMost)
	put(q.results, "result", batchMost/2)
	put(q.receipts, "receipt", 3)
	batch := q.fill(nil)
	var got []string
	for _, f := range batch {
		got = append(got, kinds[f])
	}
	want := slices.Concat(slices.Repeat([]string{"receipt"}, 3), slices.Repeat([]string{"result"}, batchMost/2),
		slices.Repeat([]string{"accept"}, batchMost-3-batchMost/2))
	if !slices.Equal(got, want) {
		t.Errorf("a batch of %d does not take receipts, then results, then new messages: %v…", len(got), got[:min(len(got), 8)])
	}
}
