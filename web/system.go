package web

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"github.com/gin-gonic/gin"

	"cascade/models"
	"cascade/orchestrator"
)

// JobState is what one replica knows of a job of its upkeep. Times are zero for never.
type JobState struct {
	Name, Schedule    string
	LastRunAt, NextAt time.Time
	LastError         string // of the last run; empty: it did well
	Running           bool
}

// System is what the process tells of itself.
type System struct {
	Version, Replica string
	StartedAt        time.Time
	Jobs             func() []JobState
}

type systemStore interface {
	Dialect() string
	System(ctx context.Context) (models.System, error)
}

// system tells those who run the service how it is.
type system struct {
	store   systemStore
	about   System
	streams *streams
}

type systemView struct {
	Version        string             `json:"version"`
	Go             string             `json:"go"`
	Database       databaseView       `json:"database"`
	Replica        string             `json:"replica"`
	StartedAt      *orchestrator.Time `json:"started_at"`
	Queue          queueView          `json:"queue"`
	Callbacks      pendingView        `json:"callbacks"`
	ReceiptsParked models.Count       `json:"receipts_parked"`
	Jobs           []jobView          `json:"jobs"`
	Streams        int                `json:"streams"`
	MemoryBytes    uint64             `json:"memory_bytes"`
}

type databaseView struct {
	Dialect   string `json:"dialect"`
	Version   string `json:"version"`
	SizeBytes int64  `json:"size_bytes"`
}

type queueView struct {
	DueNow      models.Count       `json:"due_now"`
	OldestDueAt *orchestrator.Time `json:"oldest_due_at"` // the next one, where none is due
	Pending     models.Count       `json:"pending"`
	Claimed     models.Count       `json:"claimed"`
}

type pendingView struct {
	Pending  models.Count       `json:"pending"`
	OldestAt *orchestrator.Time `json:"oldest_at"`
}

type jobView struct {
	Name      string             `json:"name"`
	Schedule  string             `json:"schedule"`
	LastRunAt *orchestrator.Time `json:"last_run_at"`
	LastError *string            `json:"last_error"`
	NextRunAt *orchestrator.Time `json:"next_run_at"`
	Running   bool               `json:"running"`
}

func (h *system) get(c *gin.Context) {
	db, err := h.store.System(c.Request.Context())
	if err != nil {
		fail(c, err)
		return
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	view := systemView{
		Version: h.about.Version, Go: runtime.Version(), Database: databaseView{h.store.Dialect(), db.Version, db.Size},
		Replica: h.about.Replica, StartedAt: stdOrNull(h.about.StartedAt),
		Queue:          queueView{db.DueNow, timeOrNull(db.OldestDueAt), db.Pending, db.Claimed},
		Callbacks:      pendingView{db.Callbacks, timeOrNull(db.OldestCallbackAt)},
		ReceiptsParked: db.Receipts, Jobs: []jobView{}, Streams: h.streams.count(), MemoryBytes: memory.Sys,
	}
	if h.about.Jobs != nil {
		for _, j := range h.about.Jobs() {
			view.Jobs = append(view.Jobs, viewJob(j))
		}
	}
	c.JSON(http.StatusOK, view)
}

func viewJob(j JobState) jobView {
	v := jobView{Name: j.Name, Schedule: j.Schedule, LastRunAt: stdOrNull(j.LastRunAt), NextRunAt: stdOrNull(j.NextAt), Running: j.Running}
	if j.LastError != "" {
		v.LastError = &j.LastError
	}
	return v
}

func stdOrNull(t time.Time) *orchestrator.Time {
	if t.IsZero() {
		return nil
	}
	return timeOrNull(t.UnixMilli())
}
