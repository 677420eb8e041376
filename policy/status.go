package policy

// MessageStatus is where a message has come to.
type MessageStatus string

// The statuses of a message. Accepted, Scheduled and Sending are open; the others are final, and only a stronger
// one may follow.
const (
	Accepted  MessageStatus = "accepted"  // on disk; no call has begun
	Scheduled MessageStatus = "scheduled" // waits for its send_at or the end of quiet hours
	Sending   MessageStatus = "sending"   // a step is under way
	Failed    MessageStatus = "failed"    // no step is left
	Expired   MessageStatus = "expired"   // its ttl passed
	Canceled  MessageStatus = "canceled"  // the app took it back
	Sent      MessageStatus = "sent"      // the last channel took it and gives no receipts
	Delivered MessageStatus = "delivered"
	Read      MessageStatus = "read"
)

// rank orders the lattice. The final statuses without success share a rank: none replaces another.
func (s MessageStatus) rank() int {
	switch s {
	case Accepted, Scheduled:
		return 0
	case Sending:
		return 1
	case Failed, Expired, Canceled:
		return 2
	case Sent:
		return 3
	case Delivered:
		return 4
	case Read:
		return 5
	default:
		return -1
	}
}

// Valid reports whether s is a known status.
func (s MessageStatus) Valid() bool { return s.rank() >= 0 }

// Final reports whether no further step starts for a message in s.
func (s MessageStatus) Final() bool { return s.rank() >= 2 }

// Reached reports whether the person is proven to have the message, or as good as the channel can prove.
func (s MessageStatus) Reached() bool { return s.rank() >= 3 }

// Raise is the join of the lattice: the stronger of the two, and s where neither is.
func (s MessageStatus) Raise(to MessageStatus) MessageStatus {
	if to.rank() > s.rank() {
		return to
	}
	return s
}

// AttemptStatus is where one attempt has come to.
type AttemptStatus string

// The statuses of an attempt.
const (
	AttemptPending   AttemptStatus = "pending"   // waits for its account, or for another try
	AttemptSending   AttemptStatus = "sending"   // a call is claimed or under way
	AttemptUnknown   AttemptStatus = "unknown"   // the provider may or may not have taken it
	AttemptSent      AttemptStatus = "sent"      // the provider took it
	AttemptSkipped   AttemptStatus = "skipped"   // the ladder passed over this step
	AttemptCanceled  AttemptStatus = "canceled"  // stopped before its call
	AttemptFailed    AttemptStatus = "failed"    // refused, or reported failed
	AttemptTimedOut  AttemptStatus = "timed_out" // the receipt did not come in time
	AttemptDelivered AttemptStatus = "delivered"
	AttemptRead      AttemptStatus = "read"
)

// Open reports whether an attempt in s may still make the message reach its person, as far as the ladder cares.
func (s AttemptStatus) Open() bool {
	return s == AttemptPending || s == AttemptSending || s == AttemptUnknown || s == AttemptSent
}

// rank orders what evidence proves. What the ladder decided (timed out) and what the provider refused yield to any
// proof of delivery, whenever it comes.
func (s AttemptStatus) rank() int {
	switch s {
	case AttemptPending:
		return 0
	case AttemptSending:
		return 1
	case AttemptUnknown:
		return 2
	case AttemptSent:
		return 3
	case AttemptSkipped, AttemptCanceled:
		return 4
	case AttemptTimedOut:
		return 5
	case AttemptFailed:
		return 6
	case AttemptDelivered:
		return 7
	case AttemptRead:
		return 8
	default:
		return -1
	}
}

// Valid reports whether s is a known status.
func (s AttemptStatus) Valid() bool { return s.rank() >= 0 }

// Raise is the join of the lattice of evidence: the stronger of the two.
func (s AttemptStatus) Raise(to AttemptStatus) AttemptStatus {
	if to.rank() > s.rank() {
		return to
	}
	return s
}
