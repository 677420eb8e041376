package policy

import (
	"slices"
	"testing"
)

// What evidence proves, weakest first. Statuses in one row are equals: neither replaces the other.
func TestStatusesInOrder(t *testing.T) {
	t.Run("message", func(t *testing.T) {
		inOrder(t, messageStatuses, [][]MessageStatus{{Accepted, Scheduled}, {Sending}, {Failed, Expired, Canceled}, {Sent}, {Delivered}, {Read}})
	})
	t.Run("attempt", func(t *testing.T) {
		inOrder(t, attemptStatuses, [][]AttemptStatus{
			{AttemptPending},
			{AttemptSending},
			{AttemptUnknown},
			{AttemptSent},
			{AttemptSkipped, AttemptCanceled},
			{AttemptTimedOut},
			{AttemptFailed},
			{AttemptDelivered},
			{AttemptRead},
		})
	})
	for s, want := range map[MessageStatus][2]bool{ // final, reached
		Accepted: {false, false}, Scheduled: {false, false}, Sending: {false, false}, Failed: {true, false}, Expired: {true, false},
		Canceled: {true, false}, Sent: {true, true}, Delivered: {true, true}, Read: {true, true},
	} {
		if got := [2]bool{s.Final(), s.Reached()}; got != want {
			t.Errorf("%s: final and reached are %v, want %v", s, got, want)
		}
	}
}

func inOrder[S lattice[S]](t *testing.T, all []S, rows [][]S) {
	t.Helper()
	if n := len(slices.Concat(rows...)); n != len(all) {
		t.Errorf("%d statuses are in order, there are %d", n, len(all))
	}
	for i, weak := range rows {
		for j, strong := range rows {
			for _, a := range weak {
				for _, b := range strong {
					want := a
					if i < j {
						want = b
					}
					if got := a.Raise(b); got != want {
						t.Errorf("%s raised by %s is %s, want %s", a, b, got, want)
					}
				}
			}
		}
	}
}
