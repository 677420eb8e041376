package policy

import "testing"

var messageStatuses = []MessageStatus{Accepted, Scheduled, Sending, Failed, Expired, Canceled, Sent, Delivered, Read}

var attemptStatuses = []AttemptStatus{
	AttemptPending, AttemptSending, AttemptUnknown, AttemptSent, AttemptSkipped, AttemptCanceled, AttemptTimedOut, AttemptFailed,
	AttemptDelivered, AttemptRead,
}

// Receipts come in any order and any number of times. The laws of a join are what makes that harmless.
func TestRaiseIsAJoin(t *testing.T) {
	t.Run("message", func(t *testing.T) { join(t, messageStatuses) })
	t.Run("attempt", func(t *testing.T) { join(t, attemptStatuses) })
}

type lattice[S any] interface {
	~string
	Raise(S) S
	Valid() bool
	rank() int
}

// join checks every triple. Statuses of one rank are equals: neither replaces the other.
func join[S lattice[S]](t *testing.T, all []S) {
	for _, a := range all {
		if !a.Valid() {
			t.Errorf("%s is not valid", a)
		}
		if got := a.Raise(a); got != a {
			t.Errorf("not idempotent: %s with itself is %s", a, got)
		}
		for _, b := range all {
			if ab, ba := a.Raise(b), b.Raise(a); ab.rank() != ba.rank() {
				t.Errorf("not commutative: %s, %s is %s, but the other way round %s", a, b, ab, ba)
			}
			if got := a.Raise(b); got.rank() < a.rank() || got.rank() < b.rank() {
				t.Errorf("%s, %s fell to %s", a, b, got)
			}
			for _, c := range all {
				if left, right := a.Raise(b).Raise(c), a.Raise(b.Raise(c)); left != right {
					t.Errorf("not associative: (%s, %s), %s is %s, but %s, (%s, %s) is %s", a, b, c, left, a, b, c, right)
				}
			}
		}
	}
}

func TestFinalStatusesYieldOnlyToProof(t *testing.T) {
	for _, from := range messageStatuses {
		for _, to := range messageStatuses {
			got := from.Raise(to)
			if from.Final() && !got.Final() {
				t.Errorf("%s was opened again by %s", from, to)
			}
			if from.Final() && got != from && !got.Reached() {
				t.Errorf("%s was replaced by %s", from, got)
			}
			if from.Reached() && !got.Reached() {
				t.Errorf("%s was taken back by %s", from, to)
			}
		}
	}
}

func TestUnknownStatuses(t *testing.T) {
	if MessageStatus("lost").Valid() || AttemptStatus("lost").Valid() {
		t.Error("a status that nobody knows is valid")
	}
	if got := Accepted.Raise("lost"); got != Accepted {
		t.Errorf("an unknown status raised accepted to %s", got)
	}
}

func TestAttemptOpen(t *testing.T) {
	open := map[AttemptStatus]bool{AttemptPending: true, AttemptSending: true, AttemptUnknown: true, AttemptSent: true}
	for _, s := range attemptStatuses {
		if s.Open() != open[s] {
			t.Errorf("%s open: %v", s, s.Open())
		}
	}
}
