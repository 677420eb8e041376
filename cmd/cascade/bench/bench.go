// Package bench measures the service on this machine: it drives accept → send → receipt → final over HTTP and sets the
// figures beside what the machine's database can do at all, measured in the same run. The service runs in this process;
// load generator and provider simulator run in a child, so that their CPU is not counted.
package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

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
	// Ladder sends every message down ZNS, Viber and SMS; the first two stay silent for Wait each.
	Ladder bool
	// Burst holds back the receipts of BurstFor's worth of messages, and then brings so many of them a second. BurstFor is
	// ten seconds where it is 0.
	Burst    float64
	BurstFor time.Duration

	// Pending and Finished are stored before the load: messages that wait for their receipt for days, and messages that
	// were delivered in the last 30 days.
	Pending, Finished int
	// Verify checks everything that is stored while the load runs.
	Verify bool
	// Overdue stores messages whose wait is over, starts the service over them and measures that alone.
	Overdue int
	// Stale leaves what was stored before without VACUUM (ANALYZE), on Postgres.
	Stale bool
	// Replicas, Tenants and ZNSAccounts share the load; 0 is 1. Replicas need Postgres. ZNSAccounts is for each tenant.
	Replicas, Tenants, ZNSAccounts int
	// Statements lists the statements that took the most of the server's time. It needs Postgres with pg_stat_statements.
	Statements bool

	// Ceiling runs the same load against the bare pipeline too, and reports its figures as a ratio.
	Ceiling bool
	// Beside are programs that do such work in their own way, run after the service on the same server; see Peer.
	Beside []string
	JSON   bool
	// CPUProfile and MemProfile are files for pprof; "" for none.
	CPUProfile, MemProfile string
	// Child starts a process that calls Child: its program and arguments.
	Child []string
	// Progress hears how far the storing before the load is; nil: nobody does.
	Progress io.Writer
}

// Wait is how long a silent channel's receipt is waited for.
const Wait = 2 * time.Second

// check fills in what was left out, and refuses what makes no sense together.
func (o *Options) check() error {
	o.Replicas, o.Tenants, o.ZNSAccounts = max(o.Replicas, 1), max(o.Tenants, 1), max(o.ZNSAccounts, 1)
	o.BurstFor = cmp.Or(o.BurstFor, 10*time.Second)
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	alone := 0
	for _, is := range []bool{o.AcceptOnly, o.Ladder, o.Burst > 0, o.Overdue > 0} {
		if is {
			alone++
		}
	}
	for _, peer := range o.Beside {
		if name, command, _ := strings.Cut(peer, "="); name == "" || command == "" {
			return fmt.Errorf("--beside %q must be NAME=COMMAND", peer)
		}
	}
	postgres := o.Database != "" && o.Database != models.SQLite
	switch {
	case o.Messages <= 0 && o.For <= 0 && o.Burst <= 0 && o.Overdue <= 0:
		return errors.New("give --messages or --for above 0")
	case o.Clients <= 0:
		return errors.New("--clients must be above 0")
	case o.Receipts < 0 || o.Receipts > 1:
		return errors.New("--receipts must be from 0 to 1")
	case min(o.Pending, o.Finished, o.Overdue) < 0 || max(o.Pending, o.Finished, o.Overdue) > storedMost:
		return fmt.Errorf("--pending, --finished and --overdue must be from 0 to %d", storedMost)
	case o.Burst < 0:
		return errors.New("--burst must be above 0")
	case alone > 1:
		return errors.New("--accept-only, --ladder, --burst and --overdue exclude one another")
	case o.Overdue > 0 && o.Pending+o.Finished > 0:
		return errors.New("--overdue goes without --pending and --finished")
	case o.Ceiling && (o.Ladder || o.Burst > 0 || o.Overdue > 0):
		return errors.New("--ceiling compares the usual load and --accept-only; leave out --ladder, --burst and --overdue")
	case !postgres && o.Replicas > 1:
		return errors.New("--replicas needs Postgres: an SQLite file belongs to one process; give --db postgres://…")
	case !postgres && o.Statements:
		return errors.New("--statements needs Postgres with pg_stat_statements; give --db postgres://…")
	}
	return nil
}

// Run measures and writes its report to w. It ends early with ctx.
func Run(ctx context.Context, o Options, w io.Writer) error {
	if err := o.check(); err != nil {
		return err
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
	if o.Statements {
		if err := db.watchStatements(ctx); err != nil {
			return err
		}
	}
	r, err := measured(ctx, o, db)
	if err != nil {
		return err
	}
	r.Database = db.store.Dialect()
	if o.JSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return r.print(w)
}

// measured is the report of what was asked for.
func measured(ctx context.Context, o Options, db *database) (*Report, error) {
	if o.Overdue > 0 {
		return measureBacklog(ctx, o, db)
	}
	var s *service
	m, err := measure(ctx, o, db, func(simulator string) (_ target, err error) {
		s, err = startService(ctx, o, db, simulator)
		return s, err
	})
	if err != nil {
		return nil, err
	}
	r := report(s, m)
	if o.Ladder || o.Burst > 0 { // not about what can be written at most
		return r, nil
	}
	if o.Ceiling {
		o.CPUProfile, o.MemProfile = "", ""
		var bare *ceiling
		m, err := measure(ctx, o, db, func(simulator string) (_ target, err error) {
			bare, err = startCeiling(db, o.AcceptOnly, simulator)
			return bare, err
		})
		if err != nil {
			return nil, fmt.Errorf("measure the bare pipeline: %w", err)
		}
		r.ceiling(m, bare)
	}
	if err := r.beside(ctx, o, db); err != nil {
		return nil, err
	}
	// Afterwards: the server's tidying up behind so many rows is not to count for the service.
	limit, err := db.limit(ctx)
	if err != nil {
		return nil, fmt.Errorf("measure the machine's limit: %w", err)
	}
	r.limit(limit)
	return r, nil
}
