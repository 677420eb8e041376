package simtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/models"
)

// appURL is where the tenant's app listens for callbacks.
const appURL = "http://127.0.0.1:3/events"

// promptly is how soon a healthy service tells a healthy app, however slow, of an event in a run of this size.
const promptly = 15 * time.Second

// app is the tenant's app: it hears of events, and is not always well.
type app struct {
	w  *world
	mu sync.Mutex
	// taken are the sequence numbers answered with a 2xx, by message; heard is when each came first.
	taken map[uuid.UUID]map[int64]bool
	heard map[uuid.UUID]map[int64]time.Time
	types map[uuid.UUID]map[string]bool
}

func newApp(w *world) *app {
	return &app{w: w, taken: map[uuid.UUID]map[int64]bool{}, heard: map[uuid.UUID]map[int64]time.Time{}, types: map[uuid.UUID]map[string]bool{}}
}

// listen makes the app known to the service.
func (a *app) listen(ctx context.Context, tenant uuid.UUID, now int64) {
	row := models.Callback{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), URL: appURL, State: models.CallbackActive, CreatedAt: now, UpdatedAt: now}
	var err error
	row.Secret, err = a.w.store.SealCallbackSecret(row, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))))
	a.w.must(err)
	a.w.must(a.w.store.InsertCallback(ctx, row))
}

// appEvent is what the app reads of a callback.
type appEvent struct {
	Type string `json:"type"`
	Data struct {
		MessageID uuid.UUID `json:"message_id"`
		Sequence  int64     `json:"sequence"`
		Message   struct {
			To string `json:"to"`
		} `json:"message"`
	} `json:"data"`
}

// appWire carries a replica's callbacks to the app, and loses some.
type appWire struct{ r *replica }

// RoundTrip delivers an event.
func (t *appWire) RoundTrip(req *http.Request) (*http.Response, error) {
	w := t.r.w
	var e appEvent
	if err := json.Unmarshal(readAll(req), &e); err != nil {
		w.judge.blame("a callback is not JSON: %v", err)
	}
	key := fmt.Sprint("app ", e.Data.Message.To, e.Data.Sequence)
	n, f := w.count(key), w.s.app
	chance := func(what string, p float64) bool { return w.faulty() && w.s.roll(what+key, n) < p }
	if !t.r.stand() || chance("lost ", f.lost) {
		return nil, errDown
	}
	select {
	case <-time.After(f.takes):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if t.r.dead.Load() {
		return nil, errDown
	}
	status := http.StatusOK
	if chance("failed ", f.failed) {
		status = http.StatusInternalServerError
	}
	w.app.hear(e, status == http.StatusOK)
	if chance("answer lost ", f.answerLost) || !t.r.stand() {
		return nil, errDown
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
}

// hear notes an event. It must not come before the one before it was taken.
func (a *app) hear(e appEvent, took bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, n := e.Data.MessageID, e.Data.Sequence
	if a.heard[id] == nil {
		a.heard[id], a.taken[id], a.types[id] = map[int64]time.Time{}, map[int64]bool{}, map[string]bool{}
	}
	if n > 1 && !a.taken[id][n-1] {
		a.w.judge.blame("%s: event %d came before event %d was taken", id, n, n-1)
	}
	if a.heard[id][n].IsZero() {
		a.heard[id][n] = time.Now()
	} else {
		a.w.reach("callback_repeated")
	}
	if took {
		a.taken[id][n], a.types[id][e.Type] = true, true
	}
}

// waits reports whether the app has not heard of everything yet.
func (a *app) waits() bool {
	if a == nil {
		return false
	}
	next, err := a.w.store.NextDelivery(context.Background())
	a.w.must(err)
	return next != 0
}

// judge checks that every event arrived.
func (a *app) judge(states map[uuid.UUID]*models.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, st := range states {
		m := st.Message
		for n := int64(1); n <= m.Sequence; n++ {
			if !a.taken[id][n] {
				a.w.judge.blame("%s: the app never heard of event %d of %d", id, n, m.Sequence)
			}
		}
		if end := "message." + string(m.Status); !a.types[id][end] {
			a.w.judge.blame("%s: the app never heard of its end, %s", id, end)
		}
		if a.w.s.serene() {
			a.prompt(id)
		}
	}
}

// prompt checks that nobody but the app itself held its events up.
func (a *app) prompt(id uuid.UUID) {
	last := time.Time{}
	for n := int64(1); n <= int64(len(a.heard[id])); n++ {
		due := a.w.judge.announced(id, n)
		if last.After(due) {
			due = last
		}
		last = a.heard[id][n]
		if late := last.Sub(due); !due.IsZero() && late > promptly {
			a.w.judge.blame("%s: the app heard of event %d only after %v", id, n, late)
		}
	}
}
