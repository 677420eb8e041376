package web

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
)

// Keys of what middleware leaves in a gin.Context.
const (
	keyRequestID = "request_id"
	keyLogger    = "logger"
	keyCaller    = "caller"
	keyScopes    = "scopes" // []string: what the caller may do
	keyStanding  = "standing"
	keyStreams   = "streams"
	keyPerson    = "person"   // person
	keyActor     = "actor"    // actor
	keyConcerns  = "concerns" // uuid.UUID: the tenant of the audit row, where it is not the caller's
	keyRecorded  = "recorded" // the handler wrote the audit row itself
	keyCharge    = "charge"   // func(int), where limits are set
	keyAsked     = "asked"    // uuid.UUID: the tenant whose key asks, also where it may not do this
	keyProblem   = "problem"  // *problem that was answered
	keyPassing   = "passing"  // the answer tells of a passing trouble: it is not kept for a repetition
)

func requestID(c *gin.Context) string { return c.GetString(keyRequestID) }

func loggerOf(c *gin.Context) *slog.Logger {
	if log, ok := c.Value(keyLogger).(*slog.Logger); ok {
		return log
	}
	return slog.New(slog.DiscardHandler)
}

// observe gives the request an id, keeps the answer out of caches and frames, turns a panic into a problem, and logs
// the request. The log knows the route and the names of the query's fields, never their values: those can be phone
// numbers, or a key that was put where it does not belong.
func observe(log *slog.Logger, now func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := now()
		id := uuid.Must(uuid.NewV7()).String()
		c.Set(keyRequestID, id)
		c.Set(keyLogger, log)
		h := c.Writer.Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		defer func() {
			if cause := recover(); cause != nil {
				recovered(c, cause)
			}
			logRequest(c, log, id, now().Sub(start))
		}()
		c.Next()
	}
}

func recovered(c *gin.Context, cause any) {
	if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(cause) // net/http's own word for hanging up
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if c.Writer.Written() {
		loggerOf(c).ErrorContext(c.Request.Context(), "request failed", slog.String("request_id", requestID(c)), slog.Any("error", err))
		c.Abort()
		return
	}
	fail(c, internal(err))
}

func logRequest(c *gin.Context, log *slog.Logger, id string, took time.Duration) {
	level := slog.LevelInfo
	if c.Writer.Status() >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	ctx := c.Request.Context()
	if !log.Enabled(ctx, level) {
		return
	}
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	attrs := make([]slog.Attr, 0, 8)
	attrs = append(attrs, slog.String("request_id", id), slog.String("method", c.Request.Method), slog.String("route", route),
		slog.Int("status", c.Writer.Status()), slog.Duration("took", took), slog.Int("bytes", c.Writer.Size()))
	if caller, ok := callerOf(c); ok {
		attrs = append(attrs, slog.String("tenant", caller.TenantID.String()))
	}
	if c.Request.URL.RawQuery != "" {
		names := slices.Sorted(maps.Keys(c.Request.URL.Query()))
		attrs = append(attrs, slog.String("query", strings.Join(names[:min(len(names), 16)], ",")))
	}
	log.LogAttrs(ctx, level, "request", attrs...)
}
