package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"time"

	"cascade/channels/simulator"
)

// warmup is left out of the rate: before it no timer has ended yet. The rate runs to the end of the feed; that of a
// short one is taken whole, until its last message has ended.
const warmup = 3 * time.Second

// drainTimeout bounds the wait for the last message's end.
const drainTimeout = 60 * time.Second

// target is what the load runs against.
type target interface {
	doors() doors
	accounts() []simulator.Account // what the simulator has to know
	// prepare is what goes before the load and does not count; the simulator knows the accounts by then.
	prepare(ctx context.Context) error
	mark(accepted bool) mark
	drain(ctx context.Context, n int) error
	// conclude takes the figures that only a running service gives, after the load.
	conclude(ctx context.Context) error
	stop() error
}

// doors are where the load comes in: each message takes the next of each.
type doors struct {
	URLs, Keys []string
	// Policies are named by the messages; with none they name no policy.
	Policies []string
}

// mark is how many messages were through at an instant.
type mark struct {
	at time.Time
	n  int
}

// run is what one run of the load gave.
type run struct {
	fed       fed
	volleyed  volleyed
	seen      seen
	used      usage
	ended     int
	perSecond float64
	drained   time.Duration
}

// measure runs the load once.
func measure(ctx context.Context, o Options, db *database, start func(simulator string) (target, error)) (_ *run, err error) {
	c, err := startChild(ctx, o.Child)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	t, err := start(c.simulator)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	if err := c.setUp(o, t); err != nil {
		return nil, err
	}
	if err := t.prepare(ctx); err != nil {
		return nil, err
	}
	profiled, err := profile(o)
	if err != nil {
		return nil, err
	}
	before, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	r, err := feed(ctx, o, c, t)
	if err != nil {
		return nil, err
	}
	after, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	if err := profiled(); err != nil {
		return nil, err
	}
	r.used, r.ended = after.minus(before), t.mark(o.AcceptOnly).n
	if err := t.conclude(ctx); err != nil {
		return nil, err
	}
	r.seen, err = c.finish()
	return r, err
}

// setUp tells the child what its providers have to know.
func (c *child) setUp(o Options, t target) error {
	s := setup{Accounts: t.accounts(), URLs: t.doors().URLs, Receipts: o.Receipts}
	if o.Ladder || o.Burst > 0 {
		s.Receipts = 0 // in a burst they come when they are told to
	}
	return c.do(order{Setup: &s}, &struct{}{})
}

// feed sends the load and waits until its last message has ended.
func feed(ctx context.Context, o Options, c *child, t target) (*run, error) {
	r := &run{}
	j := job{
		doors: t.doors(), Messages: o.Messages, For: o.For, Clients: o.Clients, Rate: o.Rate, AcceptOnly: o.AcceptOnly, Viber: o.Ladder,
	}
	if o.Burst > 0 {
		j.Messages, j.For = o.inBurst(), 0
	}
	began := time.Now()
	warm := make(chan mark, 1)
	timer := time.AfterFunc(warmup, func() { warm <- t.mark(o.AcceptOnly) })
	defer timer.Stop()
	if err := c.do(order{Job: &j}, &r.fed); err != nil {
		return nil, err
	}
	end, fedAt := t.mark(o.AcceptOnly), time.Now()
	if err := r.drain(ctx, o, c, t); err != nil {
		return nil, err
	}
	r.drained = time.Since(fedAt)
	from := mark{at: began}
	if end.at.Sub(began) > 2*warmup && o.Burst == 0 {
		from = <-warm
	} else {
		end = t.mark(o.AcceptOnly)
	}
	r.perSecond = float64(end.n-from.n) / end.at.Sub(from.at).Seconds()
	return r, nil
}

// drain waits for the end of what was fed.
func (r *run) drain(ctx context.Context, o Options, c *child, t target) error {
	if o.AcceptOnly {
		return nil
	}
	if s, is := t.(*service); is && o.Burst > 0 {
		return r.volley(ctx, o, c, s)
	}
	return t.drain(ctx, r.fed.Accepted)
}

// until waits until count answers n.
func until(ctx context.Context, most time.Duration, count func() int, n int) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for count() < n {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages did not end in %s", n-count(), n, most)
		case <-tick.C:
		}
	}
	return nil
}

// profile starts the profiles that are wanted, and answers how to end them.
func profile(o Options) (end func() error, err error) {
	var cpu *os.File
	if o.CPUProfile != "" {
		if cpu, err = os.Create(o.CPUProfile); err != nil {
			return nil, err
		}
		if err := pprof.StartCPUProfile(cpu); err != nil {
			return nil, errors.Join(err, cpu.Close())
		}
	}
	return func() error {
		if cpu != nil {
			pprof.StopCPUProfile()
			if err := cpu.Close(); err != nil {
				return err
			}
		}
		if o.MemProfile == "" {
			return nil
		}
		mem, err := os.Create(o.MemProfile)
		if err != nil {
			return err
		}
		return errors.Join(pprof.Lookup("allocs").WriteTo(mem, 0), mem.Close())
	}, nil
}
