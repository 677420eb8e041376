// Package policy decides. It holds what an operator writes (policies, routes, prices, templates' units) and the one
// function that says what happens to a message next. It does no IO, reads no clock and imports no other package of ours.
package policy

import "time"

// Channel is a way to reach a person.
type Channel string

// The channels a step may name.
const (
	ZNS   Channel = "zns"
	Viber Channel = "viber"
	SMS   Channel = "sms"
)

// Channels lists every channel, in the order in which prices and content are shown.
func Channels() []Channel { return []Channel{ZNS, Viber, SMS} }

// Valid reports whether c is one of Channels.
func (c Channel) Valid() bool { return c == ZNS || c == Viber || c == SMS }

// Category is what a message is for; it sets priority, quiet hours and the law that applies.
type Category string

// The categories, most urgent first.
const (
	OTP         Category = "otp"
	Transaction Category = "transaction"
	Care        Category = "care"
	Promotion   Category = "promotion"
)

// Valid reports whether c is one of the four categories.
func (c Category) Valid() bool { return c.Priority() >= 0 }

// Priority orders the claim of due work: 0 is the most urgent, -1 is no category.
func (c Category) Priority() int {
	switch c {
	case OTP:
		return 0
	case Transaction:
		return 1
	case Care:
		return 2
	case Promotion:
		return 3
	default:
		return -1
	}
}

// Class says what a failed call means for the ladder. Every adapter's answer ends in one of these, or in success.
type Class string

// The classes of failure.
const (
	// ClassRecipient: this person cannot be reached on this channel now. The next step starts at once.
	ClassRecipient Class = "recipient"
	// ClassRequest: the provider refuses this request (template, parameters, content). No other account of the
	// channel is tried; the next step starts at once.
	ClassRequest Class = "request"
	// ClassAccount: the account cannot send now (credentials, balance, quota, permission). The step's next account
	// is tried, then the next step.
	ClassAccount Class = "account"
	// ClassThrottled: refused for the moment; the same account is tried again inside the step's time.
	ClassThrottled Class = "throttled"
	// ClassDown: the request never left. Another account, a few quick tries, then the next step.
	ClassDown Class = "down"
	// ClassUnknown: the provider may have taken the message. Never sent again on this step; a receipt or a status
	// query resolves it, else its window ends by policy.
	ClassUnknown Class = "unknown"
)

// Valid reports whether c is a known class.
func (c Class) Valid() bool {
	switch c {
	case ClassRecipient, ClassRequest, ClassAccount, ClassThrottled, ClassDown, ClassUnknown:
		return true
	}
	return false
}

// Receipt is a milestone that a provider can prove, and that a step's "until" waits for.
type Receipt string

// The receipts, weakest first.
const (
	ReceiptSent      Receipt = "sent"
	ReceiptDelivered Receipt = "delivered"
	ReceiptRead      Receipt = "read"
	// ReceiptFailed is the provider's word that the message will not arrive. No step waits for it.
	ReceiptFailed Receipt = "failed"
)

// Rank orders the milestones: 1 sent, 2 delivered, 3 read; 0 for anything else.
func (r Receipt) Rank() int {
	switch r {
	case ReceiptSent:
		return 1
	case ReceiptDelivered:
		return 2
	case ReceiptRead:
		return 3
	default:
		return 0
	}
}

// Limits that a policy is checked against.
const (
	MinTimeout = 100 * time.Millisecond
	MaxTimeout = 72 * time.Hour
	MaxSteps   = 16
	DefaultTTL = 24 * time.Hour
	MaxTTL     = 7 * 24 * time.Hour
)
