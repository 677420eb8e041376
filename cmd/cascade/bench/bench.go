// Package bench measures the service on this machine: it drives accept → send → receipt → final over HTTP and sets the
// figures beside what the machine's database can do at all, measured in the same run. The service runs in this process;
// load generator and provider simulator run in a child, so that their CPU is not counted.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"time"

	"cascade/channels/simulator"
	"cascade/models"
)

// Options say what to measure.
type Options struct {
	// Database is "sqlite" for a temporary file, or a postgres:// address with the right to create databases; the
	// run gets a database of its own, which goes with it.
	Database string
	// Messages ends the feed by number, For by time, whichever comes first; 0 is no bound, but one is needed.
	Messages int
	For      time.Duration
	// Clients is how many requests are under way at most.
	Clients int
	// Rate offers so many messages a second whatever the answers take; 0 sends as fast as they are answered.
	Rate float64
	// Receipts is the share of messages, 0 to 1, that the first channel delivers within a second. The others go to the
	// second channel after Wait.
	Receipts float64
	// AcceptOnly stores messages that are to be sent much later.
	AcceptOnly bool
	// Ceiling runs the same load against the bare pipeline too, and reports its figures as a ratio.
	Ceiling bool
	JSON    bool
	// CPUProfile and MemProfile are files for pprof; "" for none.
	CPUProfile, MemProfile string
	// Child starts a process that calls Child: its program and arguments.
	Child []string
}

// Wait is how long the first channel's receipt is waited for.
const Wait = 2 * time.Second

// warmup is left out of the rate: before it no timer has ended yet. The rate runs to the end of the feed; that of a
// short one is taken whole, until its last message has ended.
const warmup = 3 * time.Second

// drainTimeout bounds the wait for the last message's end.
const drainTimeout = 60 * time.Second

// Run measures and writes its report to w. It ends early with ctx.
func Run(ctx context.Context, o Options, w io.Writer) error {
	switch {
	case o.Messages <= 0 && o.For <= 0:
		return errors.New("give --messages or --for above 0")
	case o.Clients <= 0:
		return errors.New("--clients must be above 0")
	case o.Receipts < 0 || o.Receipts > 1:
		return errors.New("--receipts must be from 0 to 1")
	}
	dir, err := os.MkdirTemp("", "cascade-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db, err := openDatabase(ctx, o.Database, dir)
	if err != nil {
		return err
	}
	defer db.close()
	var s *service
	run, err := measure(ctx, o, db, func(simulator string) (target, error) {
		s, err = startService(ctx, db.store, simulator)
		return s, err
	})
	if err != nil {
		return err
	}
	r := report(s, run)
	r.Database = db.store.Dialect()
	if o.Ceiling {
		o.CPUProfile, o.MemProfile = "", ""
		run, err := measure(ctx, o, db, func(simulator string) (target, error) { return startCeiling(db, o.AcceptOnly, simulator) })
		if err != nil {
			return fmt.Errorf("measure the bare pipeline: %w", err)
		}
		r.ceiling(run)
	}
	// Afterwards: the server's tidying up behind so many rows is not to count for the service.
	limit, err := db.limit(ctx)
	if err != nil {
		return fmt.Errorf("measure the machine's limit: %w", err)
	}
	r.limit(limit)
	if o.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return r.print(w)
}

// target is what the load runs against.
type target interface {
	address() (url, key string)
	accounts() []simulator.Account // what the simulator has to know
	mark(accepted bool) mark
	drain(ctx context.Context, n int) error
	stop() error
}

// run is what one run of the load gave.
type run struct {
	fed       fed
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
	var hello hello
	if err := c.receive(&hello); err != nil {
		return nil, err
	}
	s, err := start(hello.Simulator)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()

	profiled, err := profile(o)
	if err != nil {
		return nil, err
	}
	before, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	url, key := s.address()
	job := job{
		URL: url, Key: key, Accounts: s.accounts(), Messages: o.Messages, For: o.For, Clients: o.Clients, Rate: o.Rate,
		Receipts: o.Receipts, AcceptOnly: o.AcceptOnly,
	}
	if err := c.send(job); err != nil {
		return nil, err
	}
	warm := make(chan mark, 1)
	timer := time.AfterFunc(warmup, func() { warm <- s.mark(o.AcceptOnly) })
	defer timer.Stop()
	var fed fed
	if err := c.receive(&fed); err != nil {
		return nil, err
	}
	end, fedAt := s.mark(o.AcceptOnly), time.Now()
	if !o.AcceptOnly {
		if err := s.drain(ctx, fed.Accepted); err != nil {
			return nil, err
		}
	}
	drained := time.Since(fedAt)
	from := mark{at: began}
	if end.at.Sub(began) > 2*warmup {
		from = <-warm
	} else {
		end = s.mark(o.AcceptOnly)
	}
	after, err := db.usage(ctx)
	if err != nil {
		return nil, err
	}
	if err := profiled(); err != nil {
		return nil, err
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	var seen seen
	if err := c.receive(&seen); err != nil {
		return nil, err
	}
	return &run{
		fed: fed, seen: seen, used: after.minus(before), ended: s.mark(o.AcceptOnly).n, drained: drained,
		perSecond: float64(end.n-from.n) / end.at.Sub(from.at).Seconds(),
	}, nil
}

// until waits until count answers n, for a minute at most.
func until(ctx context.Context, count func() int, n int) error {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for count() < n {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d messages did not end in %s", n-count(), n, drainTimeout)
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

// child is the process that generates load and plays the providers.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startChild(ctx context.Context, argv []string) (*child, error) {
	if len(argv) == 0 {
		return nil, errors.New("bench: Options.Child names no program")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the load generator: %w", err)
	}
	return &child{cmd: cmd, in: in, out: json.NewDecoder(bufio.NewReader(out))}, nil
}

func (c *child) send(v any) error { return json.NewEncoder(c.in).Encode(v) }

func (c *child) receive(v any) error {
	if err := c.out.Decode(v); err != nil {
		return fmt.Errorf("the load generator ended early: %w", err)
	}
	return nil
}

// finish tells the child that the last message has ended.
func (c *child) finish() error { return c.in.Close() }

func (c *child) stop() error {
	_ = c.in.Close() // it is closed already after a whole run
	return c.cmd.Wait()
}

// mark is how many messages were through at an instant.
type mark struct {
	at time.Time
	n  int
}

// database is the run's own database.
type database struct {
	store *models.Store
	url   string
	drop  func() error
}
