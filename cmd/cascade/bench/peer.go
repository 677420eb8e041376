package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"

	"cascade/models"
)

// Peer is a program that was run beside the service, and what it said of itself. It is started by the shell, with PG_DSN
// naming an empty database on the run's server where that is Postgres. The last line of its output that has a figure counts:
// "N msg/s", "CPU a N us, b N us" of application and database, "N statements" and "WAL N B", all but the first a message.
type Peer struct {
	Name       string  `json:"name"`
	PerSecond  float64 `json:"messages_per_second"`
	CPU        float64 `json:"cpu_us_per_message"`
	Statements float64 `json:"statements_per_message"`
	Written    float64 `json:"written_bytes_per_message"`
	Ratio      Ratio   `json:"ratio"`
}

var (
	peerRate       = regexp.MustCompile(`([\d.]+) msg/s`)
	peerCPU        = regexp.MustCompile(`CPU \w+ ([\d.]+) us(?:/msg)?, \w+ ([\d.]+) us`)
	peerStatements = regexp.MustCompile(`([\d.]+) statements`)
	peerWritten    = regexp.MustCompile(`WAL ([\d.]+) B`)
)

// beside runs the programs, one after another, and sets the service beside them.
func (r *Report) beside(ctx context.Context, o Options, db *database) error {
	for _, given := range o.Beside {
		name, command, _ := strings.Cut(given, "=")
		fmt.Fprintf(o.Progress, "running %s\n", name)
		said, err := db.runPeer(ctx, command)
		if err != nil {
			return fmt.Errorf("--beside %s: %w", name, err)
		}
		p := readPeer(name, said)
		if p.PerSecond == 0 {
			return fmt.Errorf("--beside %s: its output has no line with %q", name, "N msg/s")
		}
		p.Ratio = Ratio{
			Rate: ratio(r.PerSecond, p.PerSecond), CPU: ratio(r.CPU, p.CPU), Statements: ratio(r.Statements, p.Statements), Written: ratio(r.Written, p.Written),
		}
		r.Peers = append(r.Peers, p)
	}
	return nil
}

func (db *database) runPeer(ctx context.Context, command string) (said string, err error) {
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Stderr, cmd.Env = os.Stderr, os.Environ()
	if db.store.Dialect() == models.Postgres {
		own := &database{}
		if err := own.create(ctx, db.url); err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, own.drop()) }()
		if err := countStatements(ctx, own.url); err != nil {
			return "", err
		}
		cmd.Env = append(cmd.Env, "PG_DSN="+own.url)
	}
	out, err := cmd.Output()
	return string(out), err
}

// countStatements lets a peer count its statements, if the server can.
func countStatements(ctx context.Context, address string) error {
	conn, err := sql.Open("pgx", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	return err
}

func readPeer(name, said string) Peer {
	p := Peer{Name: name}
	for line := range strings.Lines(said) {
		for pattern, figure := range map[*regexp.Regexp]*float64{
			peerRate: &p.PerSecond, peerCPU: &p.CPU, peerStatements: &p.Statements, peerWritten: &p.Written,
		} {
			if found := pattern.FindStringSubmatch(line); found != nil {
				*figure = 0
				for _, text := range found[1:] {
					n, _ := strconv.ParseFloat(text, 64)
					*figure += n
				}
			}
		}
	}
	return p
}
