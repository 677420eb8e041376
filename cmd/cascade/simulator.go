package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cascade/channels/simulator"
)

// simulatorCmd runs the providers' side alone, for tests of other programs and for load.
type simulatorCmd struct {
	Listen  string  `help:"Address; keep it on loopback." default:"127.0.0.1:9090" env:"CASCADE_SIMULATOR_LISTEN"`
	SMPP    string  `name:"smpp" help:"Address of an SMS centre that speaks SMPP; none without it." placeholder:"HOST:PORT" env:"CASCADE_SIMULATOR_SMPP"`
	Log     string  `help:"File for the call log, JSON lines; continued if it exists." placeholder:"FILE"`
	Scale   float64 `help:"Multiplies delays of receipts and of webhook retries: 0.1 is ten times faster." default:"1"`
	Seed    uint64  `help:"Other than 0: ordinary numbers get the mix of real traffic, the same for the same seed." default:"0"`
	Closed  bool    `help:"Refuse accounts that PUT /script has not registered, instead of taking every credential."`
	logging `embed:""`
}

// Validate names the variable at fault.
func (c *simulatorCmd) Validate() error { return c.validate() }

// Run serves until it is told to stop.
func (c *simulatorCmd) Run(ctx context.Context, std *streams) error {
	log := c.logger(std.err)
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("CASCADE_SIMULATOR_LISTEN: %w", err)
	}
	sim, err := simulator.New(simulator.Options{LogPath: c.Log, Scale: c.Scale, Seed: c.Seed, Open: !c.Closed, Log: log})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	base := "http://" + ln.Addr().String()
	log.Info("simulating", "zalo", base+"/zalo/api", "zalo_oauth", base+"/zalo/oauth", "infobip", base+"/infobip", "esms", base+"/esms/MainService.svc/json",
		"twilio", base+"/twilio", "vonage", base+"/vonage", "gateway", base+"/gateway/send", "calls", base+"/calls", "script", base+"/script")
	for _, p := range providers {
		if p.wire != nil {
			wire := p.wire()
			sim.Add(wire)
			log.Info("simulating", wire.Provider, base+"/"+wire.Provider)
		}
	}
	ended, err := c.serveSMPP(sim, log)
	if err != nil {
		return errors.Join(err, ln.Close(), sim.Close())
	}
	return errors.Join(serveUntil(ctx, ln, sim.Handler(), log), sim.Close(), <-ended)
}

// serveSMPP runs the SMS centre, if one is wanted, until the simulator is closed.
func (c *simulatorCmd) serveSMPP(sim *simulator.Simulator, log *slog.Logger) (ended <-chan error, err error) {
	done := make(chan error, 1)
	if c.SMPP == "" {
		close(done)
		return done, nil
	}
	ln, err := net.Listen("tcp", c.SMPP)
	if err != nil {
		return nil, fmt.Errorf("CASCADE_SIMULATOR_SMPP: %w", err)
	}
	log.Info("simulating", "smpp", ln.Addr().String())
	go func() { done <- sim.ServeSMPP(ln) }()
	return done, nil
}

// serveUntil serves a handler until ctx ends, and lets requests under way end.
func serveUntil(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		return server.Close() // a call that is scripted to hang
	}
	return nil
}
