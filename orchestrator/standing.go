package orchestrator

import (
	"time"

	"github.com/google/uuid"
	"github.com/sony/gobreaker/v2"

	"cascade/policy"
)

// Standing is how an account does, as this replica has measured it of late.
type Standing struct {
	Breaker     string    // closed, open or half-open: whether calls are let through
	PausedUntil time.Time // no call begins before; zero: it does not rest
	// Calls of the last minute, and those of them that nobody answered.
	Calls, Silent int
	// Share of its messages that it gets where a step has other accounts; Reason and Detail, DetailVI in Vietnamese, say why it
	// is less than 1.
	Share            float64
	Reason           policy.Reason
	Detail, DetailVI string
}

// Replica is the id of this engine among those that share its database.
func (e *Engine) Replica() string { return e.replica.String() }

// Standings tells how accounts do. Those that nothing was sent with since the start are left out.
func (e *Engine) Standings(accounts []uuid.UUID) map[uuid.UUID]Standing {
	out := map[uuid.UUID]Standing{}
	for _, id := range accounts {
		e.lanes.mu.Lock()
		ln := e.lanes.byKey[laneKey{id, false}]
		e.lanes.mu.Unlock()
		if ln != nil {
			out[id] = ln.look()
		}
	}
	return out
}

// look reads a lane and leaves it as it is.
func (l *lane) look() Standing {
	now := l.now()
	s := Standing{Breaker: "closed", PausedUntil: l.unusable(now).Until, Share: 1}
	switch l.breaker.State() {
	case gobreaker.StateOpen:
		s.Breaker = "open"
	case gobreaker.StateHalfOpen:
		s.Breaker = "half-open"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.health // a copy: reading moves its slices on
	all := h.sum(now)
	s.Calls, s.Silent = all.calls, all.silent
	if now.Before(l.held) && l.held.After(s.PausedUntil) {
		s.PausedUntil = l.held
	}
	if h.move.share > 0 && h.move.share < 1 {
		s.Share, s.Reason, s.Detail, s.DetailVI = h.move.share, h.move.reason, h.move.detail.en, h.move.detail.vi
	}
	return s
}
