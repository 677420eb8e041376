package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/robfig/cron/v3"

	"cascade/channels"
	"cascade/channels/esms"
	"cascade/channels/httpgw"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/sinch"
	"cascade/channels/sinch/sinchsim"
	"cascade/channels/smpp"
	"cascade/channels/twilio"
	"cascade/channels/vonage"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/web"
)

// providers is the only list of those that this binary speaks to, each with its side of the wire where the adapter's folder
// has it for the simulator.
var providers = []struct {
	spec func() channels.Spec
	wire func() simulator.Wire
}{
	{zalo.Spec, nil},
	{infobip.Spec, nil},
	{esms.Spec, nil},
	{smpp.Spec, nil},
	{sinch.Spec, sinchsim.Wire},
	{twilio.Spec, nil},
	{vonage.Spec, nil},
	{httpgw.Spec, nil},
}

// adapters is the registry of the providers. test is nil where nothing sends.
func adapters(test *testMode) (*channels.Registry, error) {
	specs := make([]channels.Spec, 0, len(providers))
	for _, p := range providers {
		spec := p.spec()
		if test != nil {
			spec = test.detach(spec)
		}
		specs = append(specs, spec)
	}
	return channels.NewRegistry(specs...)
}

// service is the whole of a running Cascade.
type service struct {
	log       *slog.Logger
	listener  net.Listener
	store     *models.Store
	engine    *orchestrator.Engine
	journal   *orchestrator.Journal
	journaled sync.WaitGroup
	test      *testMode
	server    *http.Server
	upkeep    *cron.Cron
	ran       jobBook
	halt      context.CancelFunc // ends upkeep that is running, and live answers
	// endJournal has the journal write what is waiting, and end.
	endJournal context.CancelFunc
	publicURL  string
	adminKey   string
	// adminKeyFile is where a key is kept that was made at this start.
	adminKeyFile string
}

// The service's times.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 30 * time.Second
	idleTimeout       = 90 * time.Second
	// drainTimeout bounds each half of a stop: requests under way, then provider calls under way. The engine's own
	// bound on a call is below it, so a stop loses no answer.
	drainTimeout = 12 * time.Second
)

// openStore opens the database and brings its schema up to date.
func openStore(ctx context.Context, s storage, log *slog.Logger) (*models.Store, error) {
	keys, err := s.keyring()
	if err != nil {
		return nil, err
	}
	store, err := models.Open(ctx, models.Options{URL: s.DatabaseURL, Keys: keys, Now: time.Now, Log: log})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if err := store.CheckKey(ctx); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// newService builds the service around a listener that is open already, since its address is part of the webhooks'.
// watch may be nil. The service owns the listener from here on.
func newService(ctx context.Context, conf settings, ln net.Listener, log *slog.Logger, watch func(models.State)) (*service, error) {
	s := &service{log: log, listener: ln, publicURL: conf.PublicURL}
	if s.publicURL == "" {
		s.publicURL = localURL(ln.Addr())
	}
	if err := s.build(ctx, conf, watch); err != nil {
		return nil, errors.Join(err, s.close(ctx))
	}
	return s, nil
}

func (s *service) build(ctx context.Context, conf settings, watch func(models.State)) error {
	rules, err := parseEgress(conf.EgressAllow)
	if err != nil {
		return err
	}
	if s.store, err = openStore(ctx, conf.storage, s.log); err != nil {
		return err
	}
	if s.adminKey, s.adminKeyFile, err = conf.adminKey(); err != nil {
		return err
	}
	if s.test, err = startTestMode(localURL(s.listener.Addr()), s.log); err != nil {
		return fmt.Errorf("test mode: %w", err)
	}
	registry, err := adapters(s.test)
	if err != nil {
		return err
	}
	providers := channels.NewHTTPClient(rules.check)
	providers.Transport = s.test.transport(providers.Transport)
	s.journal = orchestrator.NewJournal(s.store, time.Now, s.log)
	s.engine = orchestrator.New(orchestrator.Options{
		Store: s.store, Registry: registry, HTTP: providers, Callbacks: channels.NewHTTPClient(rules.check),
		Dial: channels.NewDial(rules.check), PublicURL: s.publicURL,
		Now: time.Now, Log: s.log, TestTwin: s.test.twin, Watch: watch, Journal: s.journal,
	})
	proxies, err := networks("CASCADE_TRUSTED_PROXIES", conf.TrustedProxies)
	if err != nil {
		return err
	}
	life, halt := context.WithCancel(context.Background())
	s.halt = halt
	handler := web.New(web.Deps{
		Engine: s.engine, Store: s.store, AdminKey: s.adminKey, PublicURL: s.publicURL, Registry: registry, Egress: rules.allow,
		Now: time.Now, Log: s.log, Metrics: metricsHandler(&s.engine.Counters, &s.journal.Dropped), Journal: s.journal, Version: version(),
		TrustedProxies: proxies, ForgedPerMinute: conf.ForgedPerMinute,
		Console:  conf.pages(),
		KeyLimit: web.Limit{PerSecond: conf.KeyPerSecond}, TenantLimit: web.Limit{PerSecond: conf.TenantPerSecond},
		Done: life.Done(),
		System: web.System{
			Version: version(), Replica: s.engine.Replica(), StartedAt: time.Now(),
			Jobs: func() []web.JobState { return s.ran.read(s.upkeep) },
		},
	})
	s.server = &http.Server{
		Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.upkeep, err = scheduled(life, s.ran.watch(s.jobs()), s.log)
	return err
}

// run serves until ctx ends, then stops in the order that loses nothing: no new requests, then no new calls, and the
// answers of those under way are written down.
func (s *service) run(ctx context.Context) error {
	if err := s.engine.Start(ctx); err != nil {
		return errors.Join(err, s.close(ctx))
	}
	s.upkeep.Start()
	journaling, written := context.WithCancel(context.WithoutCancel(ctx))
	s.journaled.Go(func() { s.journal.Run(journaling) })
	s.endJournal = written
	failed := make(chan error, 1)
	go func() { failed <- s.server.Serve(s.listener) }()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, s.stop())
}

func (s *service) stop() error {
	s.halt()
	<-s.upkeep.Stop().Done()
	requests, done := context.WithTimeout(context.Background(), drainTimeout)
	defer done()
	err := s.server.Shutdown(requests)
	if errors.Is(err, context.DeadlineExceeded) { // somebody does not take their answer
		err = s.server.Close()
	}
	calls, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	err = errors.Join(err, s.engine.Stop(calls))
	s.endJournal()
	s.journaled.Wait()
	return errors.Join(err, s.close(calls))
}

// close lets go of what build opened.
func (s *service) close(ctx context.Context) error {
	var errs []error
	if s.halt != nil {
		s.halt()
	}
	if s.test != nil {
		errs = append(errs, s.test.stop(ctx))
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// localURL is how this machine reaches a listener.
func localURL(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return "http://" + a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
