package web

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// How many live answers a replica keeps open, and how many of them for one caller.
const (
	maxStreams       = 200
	maxCallerStreams = 10
	// streamRetry is what a caller is told who finds no place.
	streamRetry = 5 * time.Second
)

// The pace of what a live answer shows.
const (
	everyMessage = 500 * time.Millisecond
	everyList    = time.Second
	// showFinal is how long a message is shown on after its end: receipts may still come.
	showFinal = 30 * time.Second
)

const eventStream = "text/event-stream"

// errShown ends a live answer: what it came with is the last that changes.
var errShown = errors.New("there is nothing more to show")

// liveTimes are the times of a stream apart from its pace. Tests shorten them.
type liveTimes struct {
	heartbeat time.Duration
	recheck   time.Duration // of the caller's right to ask; a key is remembered for keyLifetime besides
	write     time.Duration // bounds each write: a caller that takes nothing keeps no place
	final     time.Duration
}

func (t liveTimes) orDefault() liveTimes {
	if t == (liveTimes{}) {
		return liveTimes{15 * time.Second, time.Second, 10 * time.Second, showFinal}
	}
	return t
}

// standing is who a request is from, and whether they still may ask. Whatever lets a request pass leaves one under
// keyStanding.
type standing struct {
	who   string // counts its streams
	valid func(context.Context) error
}

// streams are the places of live answers on this replica.
type streams struct {
	times liveTimes
	done  <-chan struct{} // closed when the process stops
	now   func() time.Time

	mu       sync.Mutex
	open     int
	byCaller map[string]int
}

func newStreams(times liveTimes, done <-chan struct{}, now func() time.Time) *streams {
	return &streams{times: times.orDefault(), done: done, now: now, byCaller: map[string]int{}}
}

// count is how many are open.
func (s *streams) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// take answers whether there is a place for one more, which leave gives back.
func (s *streams) take(who string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= maxStreams || s.byCaller[who] >= maxCallerStreams {
		return false
	}
	s.open++
	s.byCaller[who]++
	return true
}

func (s *streams) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.byCaller[who]--; s.byCaller[who] == 0 {
		delete(s.byCaller, who)
	}
}

// wantsStream reports whether a request names text/event-stream among what it accepts.
func wantsStream(c *gin.Context) bool {
	for part := range strings.SplitSeq(c.GetHeader("Accept"), ",") {
		if kind, _, err := mime.ParseMediaType(part); err == nil && kind == eventStream {
			return true
		}
	}
	return false
}

// live answers what show gives. To a request that accepts text/event-stream it gives it again whenever it has changed,
// looking every so often, until the caller goes, loses its right, or the process stops.
func live(c *gin.Context, every time.Duration, show func(context.Context) (any, error)) {
	c.Header("Vary", "Accept")
	s, _ := c.Value(keyStreams).(*streams)
	if !wantsStream(c) || s == nil {
		v, err := show(c.Request.Context())
		if errors.Is(err, errShown) {
			err = nil
		}
		answer(c, v, err)
		return
	}
	from, _ := c.Value(keyStanding).(standing)
	if !s.take(from.who) {
		p := newProblem(http.StatusServiceUnavailable, "too_many_streams",
			"At most %d live answers are open at once, %d for one caller. Close one, or ask without Accept: %s.", maxStreams, maxCallerStreams, eventStream)
		p.retryAfter = streamRetry
		fail(c, p)
		return
	}
	defer s.leave(from.who)
	v, err := show(c.Request.Context())
	if err != nil && !errors.Is(err, errShown) { // as without a stream
		fail(c, err)
		return
	}
	w := &liveWriter{c: c, control: http.NewResponseController(c.Writer), now: s.now, bound: s.times.write, last: c.GetHeader("Last-Event-ID")}
	w.begin()
	w.state(shown(w.c, v))
	final := err != nil || w.follow(s, from, every, show)
	w.event(fmt.Sprintf("event: end\ndata: {\"final\": %t}\n\n", final))
}

// follow shows what changes; it returns true when nothing more can, false when the caller, its right to ask or the process
// is gone.
func (w *liveWriter) follow(s *streams, from standing, every time.Duration, show func(context.Context) (any, error)) bool {
	look, beat, recheck := time.NewTicker(every), time.NewTicker(s.times.heartbeat), time.NewTicker(s.times.recheck)
	defer look.Stop()
	defer beat.Stop()
	defer recheck.Stop()
	ctx := w.c.Request.Context()
	for w.err == nil {
		select {
		case <-ctx.Done():
			return false
		case <-s.done:
			return false
		case <-beat.C:
			w.event(": heartbeat\n\n")
		case <-recheck.C:
			if from.valid != nil && denied(from.valid(ctx)) {
				return false
			}
		case <-look.C:
			v, err := show(ctx)
			switch {
			case errors.Is(err, errShown):
				w.state(shown(w.c, v))
				return true
			case err != nil && ctx.Err() == nil:
				w.problem(err)
			case err == nil:
				w.state(shown(w.c, v))
			}
		}
	}
	return false
}

// denied reports whether a caller may ask no longer. That nobody can tell now takes no right away.
func denied(err error) bool {
	if err == nil {
		return false
	}
	status := problemOf(err).Status
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// liveWriter writes events. After its first error it writes nothing.
type liveWriter struct {
	c       *gin.Context
	control *http.ResponseController
	now     func() time.Time
	bound   time.Duration
	last    string // the id of the state that the caller has
	trouble string // the code of the problem that it was told last
	err     error
}

func (w *liveWriter) begin() {
	h := w.c.Writer.Header()
	h.Set("Content-Type", eventStream)
	h.Set("X-Accel-Buffering", "no") // a proxy is not to collect events
	w.c.Status(http.StatusOK)
	w.c.Writer.WriteHeaderNow()
	w.flush()
}

// state shows v unless the caller has it.
func (w *liveWriter) state(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		w.problem(err)
		return
	}
	w.trouble = ""
	sum := sha256.Sum256(data)
	id := base64.RawURLEncoding.EncodeToString(sum[:12])
	if id == w.last {
		return
	}
	w.last = id
	w.event(fmt.Sprintf("event: state\nid: %s\ndata: %s\n\n", id, data))
}

// problem tells of an error, once for as long as it stays the same.
func (w *liveWriter) problem(err error) {
	p := *problemOf(err)
	if p.Code == w.trouble {
		return
	}
	w.trouble, p.RequestID = p.Code, requestID(w.c)
	if p.cause != nil {
		loggerOf(w.c).LogAttrs(w.c.Request.Context(), slog.LevelError, "live answer failed",
			slog.String("request_id", p.RequestID), slog.String("route", w.c.FullPath()), slog.Any("error", p.cause))
	}
	data, err := json.Marshal(p)
	if err != nil {
		w.err = err
		return
	}
	w.last = "" // what is shown next tells that it is over
	w.event(fmt.Sprintf("event: problem\ndata: %s\n\n", data))
}

// event writes text in a time of its own, in place of whatever the server sets for a whole answer.
func (w *liveWriter) event(text string) {
	if w.err != nil {
		return
	}
	if err := w.control.SetWriteDeadline(w.now().Add(w.bound)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		w.err = err
		return
	}
	if _, w.err = w.c.Writer.WriteString(text); w.err == nil {
		w.flush()
	}
}

func (w *liveWriter) flush() {
	if err := w.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		w.err = err
	}
}
