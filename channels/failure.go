package channels

import (
	"errors"
	"fmt"
	"time"

	"cascade/policy"
)

// Errors of HookReader.
var (
	ErrForged     = errors.New("callback signature is wrong")
	ErrUnreadable = errors.New("callback is genuine but not understood")
)

// Failure is how a call ends when the message was not, or perhaps not, taken. Decide reads Class; the rest is for people.
type Failure struct {
	Class policy.Class
	// Code is ours, stable, snake_case ("not_reachable"); the API shows it.
	Code string
	// ProviderCode is the provider's own, verbatim ("-118"); "" if none.
	ProviderCode string
	// Detail is the provider's words with secrets and phone numbers masked.
	Detail string
	// Advice says what to do about it, in English and in Vietnamese; "" if nothing.
	Advice, AdviceVI string
	// RetryAfter is how long to wait, by the provider's hint or a documented reset; 0 if none.
	RetryAfter time.Duration
	// Err is the cause, for errors.Is; may be nil.
	Err error
}

// Error tells class, code and the provider's words.
func (f *Failure) Error() string {
	if f.ProviderCode == "" {
		return fmt.Sprintf("%s: %s: %s", f.Class, f.Code, f.Detail)
	}
	return fmt.Sprintf("%s: %s (%s): %s", f.Class, f.Code, f.ProviderCode, f.Detail)
}

// Unwrap answers the cause.
func (f *Failure) Unwrap() error { return f.Err }

// AsFailure answers err as a *Failure. Anything else that comes out of an adapter, a panic's error included, is
// ClassUnknown: we cannot prove that the message was not taken.
func AsFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Class: policy.ClassUnknown, Code: "unclassified", Detail: err.Error(), Err: err}
}
