package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"cascade/channels/simulator"
)

// demoCmd runs the whole product on this machine: nothing leaves it, and nothing has to be installed.
type demoCmd struct {
	Listen   string        `help:"Address of the API and the console; a free port if it is taken." default:"127.0.0.1:8080" env:"CASCADE_LISTEN"`
	Database string        `help:"SQLite file to keep; left out, a fresh one that is removed at the end." placeholder:"FILE" type:"path"`
	For      time.Duration `help:"Stop by itself after this long, such as 45s."`
	Console  string        `help:"Folder of the console's files to serve instead of those in the binary, for those who work on them." placeholder:"DIR" type:"path"`
}

// The demo's providers answer sooner than real ones, so that a ladder ends while one looks at it.
const (
	demoDeliver = 1500 * time.Millisecond
	demoRead    = 3 * time.Second
)

// demo is the running demo.
type demo struct {
	service *service
	sim     *simulator.Simulator
	simURL  string
	// smscAddress is where the simulated SMS centre listens.
	smscAddress string
	app         demoApp
	tenant      demoTenant
	trace       *trace
}

// Run plays until it is interrupted or its time is over, and sums up.
func (c *demoCmd) Run(ctx context.Context, std *streams) (err error) {
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	file, remove, err := c.database()
	if err != nil {
		return err
	}
	defer remove()
	ln, err := listenOrFree(c.Listen)
	if err != nil {
		return fmt.Errorf("CASCADE_LISTEN: %w", err)
	}
	d := &demo{trace: newTrace(std.out)}
	conf := settings{
		AdminKey: "demo-admin-" + rand.Text(), EgressAllow: "127.0.0.0/8", ForgedPerMinute: 100, Console: c.Console,
		storage: storage{DatabaseURL: "sqlite://" + file}, logging: logging{LogFormat: "text", LogLevel: "error"},
	}
	if d.service, err = newService(context.WithoutCancel(ctx), conf, ln, conf.logger(std.err), d.trace.watch); err != nil {
		return err
	}
	return d.play(ctx, std)
}

// play runs the service, the providers and the traffic. The providers outlive the service, whose last calls they
// answer.
func (d *demo) play(ctx context.Context, std *streams) error {
	stopProviders, err := d.startProviders()
	if err != nil {
		return errors.Join(err, d.service.close(ctx))
	}
	if d.tenant, err = d.furnish(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(err, stopProviders(), d.service.close(ctx))
	}
	d.greet(std)
	traced := make(chan struct{})
	go func() { defer close(traced); d.trace.print() }()
	go d.traffic(ctx)
	err = d.service.run(ctx)
	d.trace.close()
	<-traced
	d.trace.summary()
	return errors.Join(err, stopProviders())
}

// startProviders runs the simulator, and the tenant's app, on free loopback ports.
func (d *demo) startProviders() (stop func() error, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.sim, err = simulator.New(simulator.Options{DeliverAfter: demoDeliver, ReadAfter: demoRead})
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	for _, p := range providers {
		if p.wire != nil {
			d.sim.Add(p.wire())
		}
	}
	smsc, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	d.simURL, d.smscAddress = "http://"+ln.Addr().String(), smsc.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	app, err := d.startApp(ctx)
	if err != nil {
		cancel()
		return nil, errors.Join(err, ln.Close(), smsc.Close())
	}
	ended := make(chan error, 2)
	go func() { ended <- serveUntil(ctx, ln, d.sim.Handler(), d.service.log) }()
	go func() { ended <- d.sim.ServeSMPP(smsc) }()
	return func() error {
		cancel()
		return errors.Join(d.sim.Close(), <-ended, <-ended, <-app)
	}, nil
}

// database answers the file to use and what to do with it in the end.
func (c *demoCmd) database() (file string, remove func(), err error) {
	if c.Database != "" {
		return c.Database, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "cascade-demo-")
	if err != nil {
		return "", nil, err
	}
	return filepath.Join(dir, "demo.db"), func() { _ = os.RemoveAll(dir) }, nil
}

// listenOrFree listens on address, or on a free port of the same host if somebody else does already.
func listenOrFree(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err == nil {
		return ln, nil
	}
	host, _, split := net.SplitHostPort(address)
	if split != nil {
		return nil, err
	}
	free, second := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if second != nil {
		return nil, err
	}
	return free, nil
}

// greet says where to look and what to try.
func (d *demo) greet(std *streams) {
	p := paintFor(std.out)
	url := d.service.publicURL
	fmt.Fprintf(std.out, "\n%s\n\n", p.as(bold, "Cascade demo: Zalo first, then Viber, then SMS. Nothing leaves this machine."))
	for _, row := range [][2]string{
		{"Console", url + "/"},
		{"API docs", url + "/docs"},
		{"API key", d.tenant.key},
		{"Admin key", d.service.adminKey},
		{"Providers", d.simURL + "  (simulated; /calls lists what they were asked)"},
	} {
		fmt.Fprintf(std.out, "  %s %s\n", cell(row[0], 10), p.as(cyan, row[1]))
	}
	fmt.Fprintf(std.out, "\n  Send one yourself; any number works:\n\n")
	fmt.Fprintf(std.out, "    curl %s/v1/messages -H 'Authorization: Bearer %s' \\\n", url, d.tenant.key)
	fmt.Fprintf(std.out, "      -d '{\"to\": \"+84912345678\", \"template\": \"order_shipped\", \"params\": {\"customer\": \"Lan\", \"order_id\": \"A-1029\"}}'\n\n")
	fmt.Fprintf(std.out, "  Policy: %s\n\n", d.tenant.sentence)
}
