package simtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
)

// errDown is what a store or a wire says that fails: models.Unavailable takes it for an outage.
var errDown = fmt.Errorf("simulated outage: %w", io.ErrUnexpectedEOF)

// replica is one engine with its own connection to the database, its own wire and its own clock.
type replica struct {
	w      *world
	slot   int
	engine *orchestrator.Engine
	dead   atomic.Bool
	// leaving: it is being stopped in good order. fated: what replaces it is decided, its crash or its deploy.
	leaving, fated atomic.Bool
	// life ends with a crash; duty, which is the upkeep's, with an orderly stop too.
	life, duty context.Context
	end, rest  context.CancelFunc
	// clock is how wrong the replica's clock is; frozen is until when it stands still, in Unix nanoseconds.
	clock, frozen atomic.Int64
	crash         atomic.Pointer[crash]
	ended         sync.WaitGroup
}

// newReplica starts an engine in a slot.
func newReplica(w *world, slot int) *replica {
	r := &replica{w: w, slot: slot}
	r.life, r.end = context.WithCancel(context.Background())
	r.duty, r.rest = context.WithCancel(r.life)
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		w.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	if *trace {
		log = slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})).With("replica", slot)
	}
	r.engine = orchestrator.New(orchestrator.Options{
		Store: w.store.Faulty(r.storeFault), Registry: registry,
		HTTP:      &http.Client{Transport: &wire{r}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		Callbacks: &http.Client{Transport: &appWire{r}}, PublicURL: hooksURL, CallTimeout: callTimeout, Lease: lease, Log: log,
		Now:   func() time.Time { return time.Now().Add(time.Duration(r.clock.Load())) },
		Watch: func(st models.State) { w.judge.watch(r, st) },
	})
	if err := r.engine.Start(r.life); err != nil {
		w.t.Fatal("start a replica: ", err)
	}
	r.ended.Go(r.upkeep)
	return r
}

// upkeep runs the engine's jobs that matter within minutes, as the service's cron does.
func (r *replica) upkeep() {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-r.duty.Done():
			return
		case <-tick.C:
		}
		for _, job := range r.engine.Upkeep() {
			if job.Name == "clock" || job.Name == "tokens" {
				_ = job.Run(r.duty) // comes again
			}
		}
	}
}

// kill ends the replica at once: from here on nothing of it has any effect. False: it was dead already.
func (r *replica) kill() bool {
	if r.fated.Swap(true) {
		return false
	}
	r.dead.Store(true)
	r.end()
	r.w.bodies.Go(r.bury)
	return true
}

// bury ends the goroutines of a dead engine.
func (r *replica) bury() {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.engine.Stop(gone) // calls under way are cut off, as they should be
	r.ended.Wait()
}

// stop ends a living replica in good order.
func (r *replica) stop() error {
	r.rest()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := r.engine.Stop(ctx)
	r.ended.Wait()
	r.end()
	return err
}

// remembers reports whether what the replica learned has to be written down in the end. One that was stopped while the
// database was away could not.
func (r *replica) remembers() bool {
	return !r.dead.Load() && (!r.leaving.Load() || r.w.s.storeIsWell())
}

// stand holds the replica up while it is frozen, and reports whether it is alive.
func (r *replica) stand() bool {
	for {
		rest := time.Until(time.Unix(0, r.frozen.Load()))
		if rest <= 0 || r.dead.Load() {
			return !r.dead.Load()
		}
		select {
		case <-time.After(rest):
		case <-r.life.Done(): // dead, or stopped in good order
			return !r.dead.Load()
		}
	}
}

// crashes reports whether the replica is to crash at this moment, which happens then.
func (r *replica) crashes(kind string) bool {
	c := r.crash.Load()
	if c == nil || c.kind != kind || !r.w.faulty() || !r.crash.CompareAndSwap(c, nil) || !r.kill() {
		return false
	}
	r.w.reach("crash_" + kind)
	r.w.restart(r.slot, c.back)
	return true
}

// storeFault is asked by the database at every point.
func (r *replica) storeFault(_ context.Context, point models.FaultPoint) error {
	if point == models.BeforeBegin {
		r.w.travel(r.slot)
		r.stand()
	}
	if r.dead.Load() {
		return errDown
	}
	if r.crashes(string(point)) {
		return errDown
	}
	if r.w.storeFails(r.slot, point) {
		if point == models.AfterCommit {
			r.w.reach("commit_unknown")
		}
		return errDown
	}
	return nil
}

// hook gives the replica a provider's callback, as package web does, and answers the HTTP status; 0 is no answer.
func (r *replica) hook(ctx context.Context, adapter string, account uuid.UUID, h channels.Hook) int {
	if !r.stand() {
		return 0
	}
	_, err := r.engine.Hook(ctx, adapter, account, h)
	if r.dead.Load() || r.crashes(afterHook) {
		return 0
	}
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, orchestrator.ErrForged):
		return http.StatusUnauthorized
	case errors.Is(err, models.ErrNotFound):
		return http.StatusNotFound
	default:
		return http.StatusServiceUnavailable
	}
}

// readAll reads a body that is in memory.
func readAll(req *http.Request) []byte {
	if req.Body == nil {
		return nil
	}
	var b bytes.Buffer
	_, _ = b.ReadFrom(req.Body) // cannot fail
	_ = req.Body.Close()
	return b.Bytes()
}
