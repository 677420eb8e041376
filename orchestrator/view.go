package orchestrator

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/policy"
)

// Caller is who asks: a tenant by one of its keys.
type Caller struct {
	TenantID uuid.UUID
	// Test: the key is a test key. Every account is answered by the built-in simulator.
	Test bool
}

// Submission is a send call, decoded and not yet checked.
type Submission struct {
	To            string
	Template      string
	Params        map[string]string
	Content       map[policy.Channel]channels.Content
	Category      policy.Category
	TransactionID string
	// PolicyName or Policy (inline JSON), or neither: the tenant's routes choose.
	PolicyName string
	Policy     json.RawMessage
	SendAt     time.Time
	TTL        policy.Duration
	Metadata   map[string]string
	// UserIDs are the provider's own ids of the person, by channel; they go with a template.
	UserIDs        map[policy.Channel]string
	IdempotencyKey string
	// RequestHash is a hash, as text, of the request as it came; needed with an IdempotencyKey.
	RequestHash string
}

// Accepted is a message that is on disk.
type Accepted struct {
	Message  MessageView
	Replayed bool
}

// Outcome is the end of one item of a batch: one of the two is set.
type Outcome struct {
	Accepted *Accepted
	Err      error
}

// MessageView is a message as the API, callbacks and the command line show it.
type MessageView struct {
	ID            uuid.UUID            `json:"id"`
	Status        policy.MessageStatus `json:"status"`
	Reason        policy.Reason        `json:"reason,omitempty"`
	Channel       policy.Channel       `json:"channel"`
	To            string               `json:"to"`
	Category      policy.Category      `json:"category"`
	Template      string               `json:"template,omitempty"`
	TransactionID string               `json:"transaction_id,omitempty"`
	Policy        PolicyRef            `json:"policy"`
	Test          bool                 `json:"test"`
	CreatedAt     Time                 `json:"created_at"`
	SendAt        *Time                `json:"send_at"`
	ExpiresAt     Time                 `json:"expires_at"`
	CompletedAt   *Time                `json:"completed_at"`
	NextAt        *Time                `json:"next_at"` // when the ladder looks again
	Metadata      json.RawMessage      `json:"metadata"`
	Cost          policy.Money         `json:"cost"`
	Attempts      []AttemptView        `json:"attempts"`
	Timeline      []Event              `json:"timeline"`
	Replies       []ReplyView          `json:"replies,omitempty"`
}

// PolicyRef names the policy version that a message runs under; an inline policy has no name and version 0.
type PolicyRef struct {
	Name    string `json:"name"`
	Version int64  `json:"version"`
}

// AttemptView is one attempt.
type AttemptView struct {
	ID                uuid.UUID            `json:"id"`
	Step              int                  `json:"step"` // from 1
	Channel           policy.Channel       `json:"channel"`
	Account           string               `json:"account"`
	Status            policy.AttemptStatus `json:"status"`
	Reason            policy.Reason        `json:"reason,omitempty"`
	ProviderMessageID string               `json:"provider_message_id"`
	Segments          int64                `json:"segments,omitempty"`
	Calls             int64                `json:"calls"`
	CreatedAt         Time                 `json:"created_at"`
	SentAt            *Time                `json:"sent_at"`
	DeliveredAt       *Time                `json:"delivered_at"`
	ReadAt            *Time                `json:"read_at"`
	FailedAt          *Time                `json:"failed_at"`
	EndedAt           *Time                `json:"ended_at"`
	Error             *ErrorView           `json:"error"`
	Cost              policy.Money         `json:"cost"`
}

// ErrorView is why an attempt failed, and what to do about it.
type ErrorView struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	ProviderCode string `json:"provider_code"`
	Advice       string `json:"advice"`
}

// Event is one line of a message's timeline.
type Event struct {
	At        Time          `json:"at"`
	Type      string        `json:"type"`
	AttemptID *uuid.UUID    `json:"attempt_id,omitempty"`
	Reason    policy.Reason `json:"reason,omitempty"`
	// Channel is the one that a message which reached its person is owed to, when it did and where a receipt raised that later.
	Channel   policy.Channel `json:"channel,omitempty"`
	InsteadOf *InsteadOf     `json:"instead_of,omitempty"`
	Detail    string         `json:"detail"`
}

// Time is an instant as the API writes it: RFC 3339 in UTC with milliseconds.
type Time int64

// timeLayout always has three decimals, so that times sort as text.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Std answers the instant; the zero Time is the zero time.Time.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(t)).UTC()
}

// MarshalJSON writes the instant.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(t.Std().Format(`"` + timeLayout + `"`)), nil
}

// UnmarshalJSON reads any RFC 3339 instant.
func (t *Time) UnmarshalJSON(b []byte) error {
	var std time.Time
	if err := json.Unmarshal(b, &std); err != nil {
		return err
	}
	*t = Time(std.UnixMilli())
	return nil
}

// at answers a pointer for a time that may be missing.
func at(ms int64) *Time {
	if ms == 0 {
		return nil
	}
	t := Time(ms)
	return &t
}

// Preview is what would happen to a submission, had it been sent.
type Preview struct {
	Policy    PolicyRef        `json:"policy"`
	Why       string           `json:"why"` // how the policy was chosen
	Warnings  []policy.Warning `json:"warnings"`
	Steps     []PreviewStep    `json:"steps"`
	WorstCost policy.Money     `json:"worst_cost"`
	// WorstTime is how long the whole ladder takes when nothing answers.
	WorstTime policy.Duration `json:"worst_time"`
	Decision  DecisionView    `json:"decision"`
}

// PreviewStep is one step of a Preview.
type PreviewStep struct {
	Step     int               `json:"step"`
	Channel  policy.Channel    `json:"channel"`
	Account  string            `json:"account"`
	Until    policy.Receipt    `json:"until"`
	Timeout  policy.Duration   `json:"timeout"`
	StartsAt *Time             `json:"starts_at"` // if every step before it ends in silence
	Content  *channels.Content `json:"content"`
	Segments int               `json:"segments,omitempty"`
	Encoding policy.Encoding   `json:"encoding,omitempty"`
	Price    policy.Money      `json:"price"`
	Skip     policy.Reason     `json:"skip,omitempty"`
	Detail   string            `json:"detail,omitempty"`
}

// DecisionView is a decision for people.
type DecisionView struct {
	Action policy.Action `json:"action"`
	Reason policy.Reason `json:"reason"`
	At     *Time         `json:"at"`
	Detail string        `json:"detail"`
}

// HookAnswer is what a provider's callback is answered with.
type HookAnswer struct {
	Status      int
	ContentType string
	Body        []byte
	// Receipts is how many receipts the callback held.
	Receipts int
}
