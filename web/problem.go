package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// problem is an error as a caller sees it (RFC 9457). Code is stable; the texts are for people and may change.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Code      string         `json:"code"`
	RequestID string         `json:"request_id,omitempty"`
	Errors    []problemField `json:"errors,omitempty"`
	// MessageID is the first message of a transaction, for duplicate_transaction.
	MessageID *uuid.UUID `json:"message_id,omitempty"`

	retryAfter time.Duration
	cause      error // logged, never shown
}

// problemField is one finding. Reason is set for the steps of a refused message only.
type problemField struct {
	Field   string        `json:"field"`
	Message string        `json:"message"`
	Reason  policy.Reason `json:"reason,omitempty"`
}

// Error lets a problem travel as an error from the helpers of this package.
func (p *problem) Error() string { return p.Code + ": " + p.Detail }

func newProblem(status int, code, format string, args ...any) *problem {
	return &problem{
		Type: "urn:cascade:problem:" + code, Title: http.StatusText(status), Status: status, Code: code,
		Detail: fmt.Sprintf(format, args...),
	}
}

// Problems that this package finds by itself.
func badJSON(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "malformed_json", format, args...)
}

func tooLarge(limit int64) *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "body_too_large", "The body may hold at most %d KiB.", limit/1024)
}

func unauthorized(detail string) *problem {
	return newProblem(http.StatusUnauthorized, "unauthorized", "%s", detail)
}

func forbidden(format string, args ...any) *problem {
	return newProblem(http.StatusForbidden, "forbidden", format, args...)
}

func notFound() *problem {
	return newProblem(http.StatusNotFound, "not_found", "There is no such thing here for this key.")
}

func notReady(format string, args ...any) *problem {
	p := newProblem(http.StatusServiceUnavailable, "not_ready", format, args...)
	p.retryAfter = time.Second
	return p
}

func methodNotAllowed() *problem {
	return newProblem(http.StatusMethodNotAllowed, "method_not_allowed", "This address does not answer that method; see the Allow header.")
}

func conflict(code, detail string) *problem {
	return newProblem(http.StatusConflict, code, "%s", detail)
}

func internal(cause error) *problem {
	p := newProblem(http.StatusInternalServerError, "internal", "Something failed here. The log has it under this request_id.")
	p.cause = cause
	return p
}

// invalid is a body or a query that does not validate.
func invalid(fields ...policy.FieldError) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "validation_failed", "%s.", counted(len(fields)))
	for _, f := range fields {
		p.Errors = append(p.Errors, problemField{Field: f.Field, Message: f.Message})
	}
	return p
}

func invalidField(field, format string, args ...any) *problem {
	return invalid(policy.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func counted(n int) string {
	if n == 1 {
		return "1 field has to be mended; see errors"
	}
	return strconv.Itoa(n) + " fields have to be mended; see errors"
}

// problemOf translates an error of the layers below. Whatever it does not know is internal, and its text stays here.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*orchestrator.InvalidError](err); ok {
		return invalid(e.Fields...)
	}
	if e, ok := errors.AsType[*orchestrator.RefusedError](err); ok {
		return refused(e)
	}
	if e, ok := errors.AsType[*orchestrator.DuplicateError](err); ok {
		p := conflict("duplicate_transaction", "A message for this recipient, template and transaction exists already.")
		p.MessageID = &e.MessageID
		return p
	}
	if e, ok := errors.AsType[*orchestrator.CapError](err); ok {
		p := newProblem(http.StatusTooManyRequests, "spending_cap_reached", "The %s. Raise it with PUT /v1/limits, or send again when the %s is over.",
			strings.TrimPrefix(e.Error(), "the "), e.Period)
		p.retryAfter = e.RetryAfter
		return p
	}
	if e, ok := errors.AsType[*orchestrator.BusyError](err); ok {
		return busy(e)
	}
	if e, ok := errors.AsType[*channels.SettingError](err); ok {
		return invalidField("settings."+e.Field, "%s", e.Message)
	}
	if e, ok := errors.AsType[policy.FieldError](err); ok {
		return invalid(e)
	}
	switch {
	case errors.Is(err, models.ErrCursor):
		return badCursor()
	case errors.Is(err, models.ErrGroup):
		return invalidField("group_by", "takes %s, each once", strings.Join(models.CostGroups(), ", "))
	case errors.Is(err, models.ErrDeliveryGroup):
		return deliveryGroups()
	case errors.Is(err, orchestrator.ErrNotFound), errors.Is(err, models.ErrNotFound):
		return notFound()
	case errors.Is(err, orchestrator.ErrForged), errors.Is(err, channels.ErrForged):
		return unauthorized("The signature of this callback is wrong.")
	case errors.Is(err, orchestrator.ErrIdempotencyConflict):
		return conflict("idempotency_conflict", "This Idempotency-Key was used with another request. Use a new key for a new request.")
	case errors.Is(err, models.ErrDuplicate):
		return conflict("already_exists", "Something of this name exists already.")
	case errors.Is(err, models.ErrStale):
		return conflict("changed_meanwhile", "It was changed by another request meanwhile. Read it again and repeat.")
	case models.Unavailable(err):
		return unavailable(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		p := newProblem(http.StatusGatewayTimeout, "timed_out",
			"The request ended before its answer was known. Repeat it with the same Idempotency-Key.")
		p.cause = err
		return p
	default:
		return internal(err)
	}
}

func refused(e *orchestrator.RefusedError) *problem {
	p := newProblem(http.StatusUnprocessableEntity, "no_usable_step", "No step of the policy can carry this message; see errors for the reason per step.")
	for _, s := range e.Steps {
		p.Errors = append(p.Errors, problemField{
			Field:   fmt.Sprintf("steps[%d]", s.Step-1),
			Message: fmt.Sprintf("%s: %s", s.Channel, s.Detail),
			Reason:  s.Reason,
		})
	}
	return p
}

func busy(e *orchestrator.BusyError) *problem {
	if models.Unavailable(e.Cause) {
		return unavailable(e.Cause)
	}
	p := newProblem(http.StatusServiceUnavailable, "busy", "Too much work is waiting. Nothing was stored; repeat the request later.")
	p.retryAfter = max(e.RetryAfter, time.Second)
	p.cause = e.Cause
	return p
}

// unavailable is a database that cannot serve now. Whether a write took hold is not known when its connection broke,
// so nothing is said of it.
func unavailable(cause error) *problem {
	p := newProblem(http.StatusServiceUnavailable, "unavailable",
		"The database does not answer. Repeat the request later, with the same Idempotency-Key if it has one.")
	p.retryAfter = time.Second
	p.cause = cause
	return p
}

// fail ends the request with err as a problem. It is the only way a handler answers an error.
func fail(c *gin.Context, err error) {
	p := *problemOf(err)
	p.RequestID = requestID(c)
	if p.retryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	if p.Status == http.StatusUnauthorized {
		c.Header("WWW-Authenticate", "Bearer")
	}
	if p.cause != nil {
		loggerOf(c).LogAttrs(c.Request.Context(), slog.LevelError, "request failed",
			slog.String("request_id", p.RequestID), slog.String("route", c.FullPath()), slog.Any("error", p.cause))
	}
	c.Abort()
	c.Set(keyProblem, &p)
	c.Header("Content-Type", "application/problem+json")
	c.JSON(p.Status, p)
}
