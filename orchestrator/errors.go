package orchestrator

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/policy"
)

// Errors that callers tell apart. Everything else is internal.
var (
	ErrNotFound = errors.New("not found")
	// ErrForged: a provider's callback whose signature is wrong. Nothing was kept.
	ErrForged = errors.New("callback signature is wrong")
	// ErrIdempotencyConflict: the key was used with another body.
	ErrIdempotencyConflict = errors.New("this Idempotency-Key was used with another request")
)

// InvalidError is a request that cannot be accepted as it is; nothing was stored.
type InvalidError struct{ Fields []policy.FieldError }

// Error lists the fields at fault.
func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Error()
	}
	return strings.Join(parts, "; ")
}

// Invalid is an InvalidError about one field.
func Invalid(field, format string, args ...any) *InvalidError {
	return &InvalidError{Fields: []policy.FieldError{{Field: field, Message: fmt.Sprintf(format, args...)}}}
}

// RefusedError is a message that no step of its policy can carry, with the reason per step.
type RefusedError struct{ Steps []StepRefusal }

// StepRefusal says why one step cannot carry the message.
type StepRefusal struct {
	Step    int            `json:"step"` // from 1
	Channel policy.Channel `json:"channel"`
	Reason  policy.Reason  `json:"reason"`
	Detail  string         `json:"detail"`
}

// Error names every step's reason.
func (e *RefusedError) Error() string {
	parts := make([]string, len(e.Steps))
	for i, s := range e.Steps {
		parts[i] = fmt.Sprintf("step %d (%s): %s", s.Step, s.Channel, s.Detail)
	}
	return "no step can carry the message: " + strings.Join(parts, "; ")
}

// DuplicateError is a second message of one transaction.
type DuplicateError struct{ MessageID uuid.UUID }

// Error names the first message.
func (e *DuplicateError) Error() string {
	return "a message for this recipient, template and transaction exists: " + e.MessageID.String()
}

// BusyError is work refused before anything was stored; the caller may come back.
type BusyError struct {
	RetryAfter time.Duration
	Cause      error
}

// Error says why.
func (e *BusyError) Error() string {
	if e.Cause == nil {
		return "too much work is waiting"
	}
	return "not stored: " + e.Cause.Error()
}

// Unwrap answers the cause.
func (e *BusyError) Unwrap() error { return e.Cause }
