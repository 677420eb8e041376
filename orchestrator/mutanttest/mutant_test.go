//go:build mutants

// Package mutanttest plants known bugs in the code, one at a time, and expects a named test to catch each: it tests the
// tests. The tree stays as it is, since the compiler is handed the changed file as an overlay. Run it with make mutants,
// or a single bug with
//
//	go test -tags mutants -count=1 -timeout 0 -v ./orchestrator/mutanttest -run 'TestMutants/NAME'
package mutanttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

const (
	root = "../.." // of the module
	// atOnce is how many bugs are tried beside each other: each compiles, links and runs.
	atOnce = 2
	// testTime bounds a test; a bug that makes it hang is not caught. wholeTime is the time with compilation.
	testTime, wholeTime = 2 * time.Minute, 10 * time.Minute
)

// mutant is one bug and who must catch it.
type mutant struct {
	name string // kebab-case, unique
	rule string // what it breaks: an invariant (I1 to I24) or a sentence of the design
	file string // from the module's root
	// find stands in file exactly once; it becomes replace.
	find, replace string
	test          command
}

// command is a run of go test.
type command struct {
	pkg, run string
	args     string // of the test binary, separated by spaces
}

// mutants lists every bug, package by package.
func mutants() []mutant {
	return slices.Concat(policyMutants(), modelsMutants(), orchestratorMutants(), edgeMutants())
}

// TestMutantsFit checks that every bug can still be planted. A row that fails is to be renewed after the code has moved.
func TestMutantsFit(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range mutants() {
		if _, err := m.planted(); err != nil {
			t.Error(err)
		}
		if seen[m.name] {
			t.Errorf("two bugs are called %s", m.name)
		}
		seen[m.name] = true
	}
}

// TestMutants plants every bug and expects its test to fail, which passes without the bug.
func TestMutants(t *testing.T) {
	began := time.Now()
	var caught table
	places := make(chan struct{}, atOnce)
	sound := baselines{known: map[command]func() error{}}
	t.Run("all", func(t *testing.T) {
		for _, m := range mutants() {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				places <- struct{}{}
				defer func() { <-places }()
				if err := sound.check(t.Context(), m.test); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				by, err := m.try(t.Context(), t.TempDir())
				if err != nil {
					by = "nobody"
					t.Error(err)
				}
				caught.add(m, by, time.Since(start))
			})
		}
	})
	t.Logf("%d bugs in %v\n%s", len(caught.rows), time.Since(began).Round(time.Second), caught.text())
}

// planted is the file with the bug in it.
func (m mutant) planted() ([]byte, error) {
	sound, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	if n := bytes.Count(sound, []byte(m.find)); n != 1 {
		return nil, fmt.Errorf("%s: %s holds this %d times, it must be once; renew the row:\n%s", m.name, m.file, n, m.find)
	}
	return bytes.Replace(sound, []byte(m.find), []byte(m.replace), 1), nil
}

// try plants the bug and answers the first test that fails. The error says why none did.
func (m mutant) try(ctx context.Context, dir string) (by string, err error) {
	text, err := m.planted()
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(filepath.Join(root, m.file))
	if err != nil {
		return "", err
	}
	changed := filepath.Join(dir, filepath.Base(m.file))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := errors.Join(os.WriteFile(changed, text, 0o600), os.WriteFile(list, overlay, 0o600)); err != nil {
		return "", err
	}
	out := m.test.play(ctx, "-overlay="+list)
	switch {
	case out.failed != "" && !out.late:
		return out.failed, nil
	case out.broken:
		return "", fmt.Errorf("%s does not compile:\n%s", m.name, out.log)
	case out.late:
		return "", fmt.Errorf("%s: %s ran out of time, which proves nothing:\n%s", m.name, m.test, out.log)
	case out.err != nil:
		return "", fmt.Errorf("%s: %s: %w\n%s", m.name, m.test, out.err, out.log)
	}
	return "", fmt.Errorf("%s (%s) survived %s", m.name, m.rule, m.test)
}

func (c command) String() string {
	return strings.TrimSpace(fmt.Sprintf("go test %s -run '%s' %s", c.pkg, c.run, c.args))
}

// outcome is how a run of go test ended.
type outcome struct {
	passed int    // tests
	failed string // the first test that failed
	broken bool   // it did not compile
	late   bool   // it was stopped for its time
	err    error
	log    string
}

// play runs the command on SQLite alone.
func (c command) play(ctx context.Context, flags ...string) outcome {
	ctx, cancel := context.WithTimeout(ctx, wholeTime)
	defer cancel()
	args := append([]string{"test", "-json", "-vet=off", "-count=1", "-failfast", "-timeout", testTime.String(), "-run", c.run}, flags...)
	args = append(append(args, c.pkg, "-args"), strings.Fields(c.args)...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.WaitDelay = root, 5*time.Second
	cmd.Env = append(os.Environ(), "CASCADE_TEST_POSTGRES=", "CGO_ENABLED=0")
	raw, err := cmd.CombinedOutput()
	out := read(raw)
	out.err = err
	return out
}

// read takes the events of go test apart. Lines that are no event come from the go command itself.
func read(raw []byte) outcome {
	var out outcome
	var log strings.Builder
	for line := range bytes.Lines(raw) {
		var e struct{ Action, Test, Output, FailedBuild string }
		if json.Unmarshal(line, &e) != nil {
			log.Write(line)
			continue
		}
		log.WriteString(e.Output)
		out.late = out.late || strings.Contains(e.Output, "panic: test timed out")
		out.broken = out.broken || e.Action == "build-fail" || e.FailedBuild != ""
		switch {
		case e.Test == "":
		case e.Action == "pass":
			out.passed++
		case e.Action == "fail" && out.failed == "":
			out.failed = e.Test
		}
	}
	out.log = tail(log.String())
	return out
}

// tail keeps what a person reads of a long log.
func tail(log string) string {
	const most = 4000
	return log[max(0, len(log)-most):]
}

// baselines runs every command once on the sound code.
type baselines struct {
	mu    sync.Mutex
	known map[command]func() error
}

// check answers whether a command passes without any bug.
func (b *baselines) check(ctx context.Context, c command) error {
	b.mu.Lock()
	passes := b.known[c]
	if passes == nil {
		passes = sync.OnceValue(func() error {
			out := c.play(context.WithoutCancel(ctx))
			if out.err == nil && out.passed == 0 {
				out.err = errors.New("it has no test")
			}
			if out.err != nil {
				return fmt.Errorf("%s fails without any bug: %w\n%s", c, out.err, out.log)
			}
			return nil
		})
		b.known[c] = passes
	}
	b.mu.Unlock()
	return passes()
}

// table is who caught what.
type table struct {
	mu   sync.Mutex
	rows []string
}

func (t *table) add(m mutant, by string, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, fmt.Sprintf("%s\t%s\t%s %s\t%.1f\n", m.name, m.rule, m.test.pkg, by, took.Seconds()))
}

func (t *table) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = io.WriteString(w, "bug\trule\tcaught by\tseconds\n"+strings.Join(slices.Sorted(slices.Values(t.rows)), ""))
	_ = w.Flush()
	return b.String()
}
