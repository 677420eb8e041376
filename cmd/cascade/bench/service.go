package bench

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/web"
)

// service is what is measured: a replica or several, and the tenants that the load is for.
type service struct {
	o        Options
	db       *database
	replicas []*replica
	tenants  []tenant
	known    []simulator.Account
	watched  *watched
	figures  figures
	check    *verifying // nil unless it was asked for
}

// figures are what only a running service gives.
type figures struct {
	stored     []Stored
	memory     *Memory
	costReport float64 // milliseconds
	verified   *Verified
	statements []Statement
	retries    uint64
	timers     int64
	stale      int64
	overlap    int64
}

// replica is an engine with a store of its own behind HTTP.
type replica struct {
	store  *models.Store
	listen string
	url    string
	engine *orchestrator.Engine
	server *http.Server // nil while it does not run
}

// startService runs as many replicas as are wanted, with tenants whose accounts are the simulator's.
func startService(ctx context.Context, o Options, db *database, simulatorURL string) (*service, error) {
	s := &service{o: o, db: db, watched: &watched{}}
	for i := range o.Replicas {
		store := db.store
		if i > 0 {
			var err error
			if store, err = db.open(ctx); err != nil {
				return nil, err
			}
		}
		s.replicas = append(s.replicas, &replica{store: store, listen: "127.0.0.1:0"})
	}
	if err := s.run(ctx); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	if err := s.furnish(ctx, simulatorURL); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// run starts every replica; it may be called again after stop.
func (s *service) run(ctx context.Context) error {
	for _, r := range s.replicas {
		if err := r.run(ctx, s.watched.see); err != nil {
			return err
		}
	}
	return nil
}

// run serves at the address that it had before, if any: the providers know it.
func (r *replica) run(ctx context.Context, watch func(models.State)) error {
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", r.listen)
	if err != nil {
		return err
	}
	r.listen = ln.Addr().String()
	r.url = "http://" + r.listen
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	r.engine = orchestrator.New(orchestrator.Options{
		Store: r.store, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil),
		PublicURL: r.url, Now: time.Now, Watch: watch, Log: log,
	})
	if err := r.engine.Start(ctx); err != nil {
		return errors.Join(err, ln.Close())
	}
	handler := web.New(web.Deps{
		Engine: r.engine, Store: r.store, PublicURL: r.url, Registry: registry, Now: time.Now, Log: log, Metrics: http.NotFoundHandler(),
	})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	r.server = server
	go func() { _ = server.Serve(ln) }() // ends with stop
	return nil
}

// stop ends every replica that runs.
func (s *service) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var errs []error
	for _, r := range s.replicas {
		if r.server != nil {
			errs = append(errs, r.server.Close(), r.engine.Stop(ctx))
			r.server = nil
		}
	}
	return errors.Join(errs...)
}

func (s *service) accounts() []simulator.Account { return s.known }
func (s *service) mark(accepted bool) mark       { return s.watched.mark(accepted) }

func (s *service) doors() doors {
	var d doors
	for _, r := range s.replicas {
		d.URLs = append(d.URLs, r.url)
	}
	for _, t := range s.tenants {
		d.Keys = append(d.Keys, t.key)
	}
	for i := range s.o.ZNSAccounts {
		if s.o.ZNSAccounts > 1 {
			d.Policies = append(d.Policies, policyName(i))
		}
	}
	return d
}

// drain waits until n messages have ended.
func (s *service) drain(ctx context.Context, n int) error {
	return until(ctx, drainTimeout, func() int { return s.watched.mark(false).n }, n)
}

// prepare stores what is to be there before the load, so that it does not count.
func (s *service) prepare(ctx context.Context) error {
	if err := s.fill(ctx); err != nil {
		return err
	}
	if s.o.Verify {
		s.check = s.db.startVerify(ctx, s.o.Finished+s.o.Pending)
	}
	if s.o.Statements {
		return s.db.resetStatements(ctx)
	}
	return nil
}

func (s *service) conclude(ctx context.Context) (err error) {
	for _, r := range s.replicas {
		c := &r.engine.Counters
		s.figures.timers += c.Timers.Load()
		s.figures.stale += c.Stale.Load()
		s.figures.overlap += c.Overlap.Load()
		s.figures.retries += r.store.Stats().Retries
	}
	if s.check != nil {
		if s.figures.verified, err = s.check.end(); err != nil {
			return err
		}
	}
	if s.o.Statements {
		if s.figures.statements, err = s.db.statements(ctx); err != nil {
			return err
		}
	}
	if s.figures.memory != nil {
		s.figures.memory.end()
	}
	if s.o.Finished > 0 {
		s.figures.costReport, err = s.timeCostReport(ctx)
	}
	return err
}
