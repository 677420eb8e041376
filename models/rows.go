package models

import (
	"github.com/google/uuid"

	"cascade/policy"
)

// Times in rows are Unix milliseconds, 0 for none: an integer compares alike on both databases. Money is in micros, a millionth of the currency's unit.

// Message is a request to reach one person, and where it has come to.
type Message struct {
	TenantID, ID uuid.UUID
	To           string // E.164
	Country      string // ISO 3166-1 alpha-2
	Operator     string
	Category     policy.Category
	Template     string
	// TransactionID is the app's id of what the message is about; "" if none.
	TransactionID string
	PolicyName    string // "" for an inline policy
	PolicyVersion int64
	// Plan is the resolved ladder as JSON, pinned when the message was accepted: policy.Plan. It is kept in a row of its
	// own, which the messages of a policy share; PlanID is set when the message is stored or read.
	Plan   []byte `gorm:"-"`
	PlanID uuid.UUID
	// Content is what was rendered per channel, as JSON: map of channel to channels.Content.
	Content   []byte
	Metadata  []byte // JSON object
	Currency  string
	Test      bool
	Priority  int64 // policy.Category.Priority
	CreatedAt int64
	ExpiresAt int64
	SendAt    int64

	Status      policy.MessageStatus
	Reason      string // why it ended, or waits: a policy reason
	Channel     policy.Channel
	Attempts    int64 // how many attempt rows exist
	Cost        int64 // micros, the sum of its ledger lines
	Exposure    int64 // micros that it may come to cost, where its tenant has a cap; 0: what it cost
	CompletedAt int64
	CanceledAt  int64
	ConfirmedAt int64
	// DueAt is when somebody has to look at the message again: a timer's end, a send_at, the end of a lease. 0: nobody.
	DueAt int64
	// QueueAccount is the account whose free capacity the message waits for; uuid.Nil if it waits for none.
	QueueAccount uuid.UUID
	QueuedAt     int64
	// Sequence numbers the message's events for callbacks.
	Sequence int64
	// LeaseOwner is the replica whose call is under way until DueAt; uuid.Nil if none.
	LeaseOwner uuid.UUID
	// Version guards every change: an update names the version it read.
	Version int64
}

// Attempt is one step tried on one account. Its key is the message and N, counted from 1.
type Attempt struct {
	TenantID, MessageID uuid.UUID
	N                   int64
	Step                int64 // index in the plan, from 0
	AccountID           uuid.UUID
	Account             string // name when it was tried
	Channel             policy.Channel
	Status              policy.AttemptStatus
	// Class, Code, ProviderCode, Detail and Advice explain a failure.
	Class                              policy.Class
	Code, ProviderCode, Detail, Advice string
	// Reason is why the ladder moved on from here, or why it was skipped.
	Reason     string
	ProviderID string
	Segments   int64
	Cost       int64 // micros, the sum of its ledger lines
	ToldCost   int64 // micros that the provider says it charged; 0: it does not say; see ToldNothing
	Lines      int64 // how many ledger lines
	Calls      int64 // provider calls begun
	CreatedAt  int64
	// CalledAt is when the last call was claimed: an unknown outcome's window runs from here.
	CalledAt    int64
	SentAt      int64
	DeliveredAt int64
	ReadAt      int64
	FailedAt    int64
	EndedAt     int64 // when the ladder gave up waiting
	AskedAt     int64
	RetryAt     int64
}

// Receipt is a provider's report as it came in, kept even if it matches nothing yet.
type Receipt struct {
	TenantID, AccountID uuid.UUID
	EventKey            string // unique per account
	ReceivedAt          int64
	MessageID           uuid.UUID // uuid.Nil while parked
	N                   int64
	Kind                policy.Receipt
	At                  int64
	Reference           string // as the provider told it, where it is no attempt's id
	ProviderID          string
	State               ReceiptState
	Detail              string
	ToldCost            int64  // as Attempt's
	Reply               []byte // channels.Reply as JSON; empty if this is no answer
	Raw                 []byte
}

// ToldNothing is a ToldCost of a provider that says it charged nothing.
const ToldNothing = -1

// ReceiptState says what became of a receipt.
type ReceiptState string

// The states of a receipt.
const (
	ReceiptApplied     ReceiptState = "applied"     // its attempt is known
	ReceiptParked      ReceiptState = "parked"      // waits for its attempt to be known
	ReceiptQuarantined ReceiptState = "quarantined" // genuine but not understood
)

// Charge is a line of the ledger. It is never changed: late evidence adds a line.
type Charge struct {
	TenantID, MessageID uuid.UUID
	N, Line             int64 // the attempt, and the line's number within it from 1
	At                  int64
	Channel             policy.Channel
	AccountID           uuid.UUID
	Units               int64
	Amount              int64 // micros; negative for a correction in the tenant's favour
	Currency            string
	Reason              string // charge, correction
	Test                bool
}

// DedupeKey makes something happen once per tenant: an Idempotency-Key, or a transaction.
type DedupeKey struct {
	TenantID    uuid.UUID
	Kind        DedupeKind
	Key         string
	RequestHash string // of what was asked, as text
	MessageID   uuid.UUID
	// Response is the first answer; of a message's key, what of it would change later.
	Response  []byte
	Status    int64
	CreatedAt int64
}

// DedupeKind separates the uses of DedupeKey.
type DedupeKind string

// The kinds of DedupeKey.
const (
	DedupeIdempotency DedupeKind = "idempotency"
	DedupeTransaction DedupeKind = "transaction"
)

// Delivery is one event on its way to one callback endpoint: the outbox.
type Delivery struct {
	TenantID, ID, CallbackID, MessageID uuid.UUID
	Sequence                            int64
	Type                                string
	Payload                             []byte
	State                               DeliveryState
	Tries                               int64
	NextAt                              int64 // 0 once it is done
	LastStatus                          int64
	LastError                           string
	CreatedAt, DoneAt                   int64
}

// DeliveryState says how far a callback delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed" // given up after three days, or the endpoint said it is gone
)

// Ref names a message.
type Ref struct{ TenantID, ID uuid.UUID }

// AttemptRef names an attempt.
type AttemptRef struct {
	Ref
	N int64
}

// State is a message with its attempts in order: all that a decision is made from.
type State struct {
	Message  Message
	Attempts []Attempt
}

// ProviderRef names an attempt by the provider's id of it.
type ProviderRef struct {
	TenantID, AccountID uuid.UUID
	ProviderID          string
}

// AttemptID is the public id of attempt n: a message id ends in a zero byte, which n takes. It sorts after its
// message, needs no column or index of its own, and leads from a provider's echo straight to the row.
func AttemptID(message uuid.UUID, n int64) uuid.UUID {
	message[15] = byte(n)
	return message
}

// SplitAttemptID is the inverse of AttemptID.
func SplitAttemptID(attempt uuid.UUID) (message uuid.UUID, n int64) {
	n = int64(attempt[15])
	attempt[15] = 0
	return attempt, n
}

// NewMessageID makes a UUIDv7 whose last byte is zero, see AttemptID.
func NewMessageID() uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	id[15] = 0
	return id
}
