//go:build chaos

package chaostest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// server is a PostgreSQL of the test's own, which it may stop and start.
type server struct {
	t        *testing.T
	bin, dir string
	port     int
	cred     *syscall.Credential // root must not run it
	settings []string            // name=value
}

// newServer starts an empty server.
func newServer(t *testing.T, settings ...string) *server {
	t.Helper()
	s := prepare(t)
	s.settings = settings
	s.init()
	s.start()
	return s
}

// init makes an empty data directory.
func (s *server) init(options ...string) {
	s.t.Helper()
	s.must(s.run("initdb", append([]string{
		"-D", s.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
	}, options...)...))
}

// prepare finds a folder and a port for a server, which goes with the test.
func prepare(t *testing.T) *server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	slices.Sort(found)
	if path, err := exec.LookPath("pg_ctl"); err == nil && len(found) == 0 {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Fatal("no PostgreSQL server is installed; run .ci/tools, or install the package postgresql")
	}
	home, err := os.MkdirTemp("", "cascade-chaos")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, bin: filepath.Dir(found[len(found)-1]), dir: home}
	if os.Getuid() == 0 {
		s.stepDown()
	}
	t.Cleanup(func() {
		_ = s.run("pg_ctl", "-D", s.data(), "-m", "immediate", "stop")
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	s.port = freePort(t)
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// stepDown gives the folder to somebody who may run the server.
func (s *server) stepDown() {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		s.must(os.Chown(s.dir, int(uid), int(gid)))
		return
	}
	s.t.Fatal("there is neither a user postgres nor nobody to run the server")
}

func (s *server) data() string { return filepath.Join(s.dir, "data") }

func (s *server) log() string { return filepath.Join(s.dir, "log") }

// start starts the server and waits until it serves.
func (s *server) start() {
	s.t.Helper()
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories=%s -c max_connections=100", s.port, s.dir)
	for _, setting := range s.settings {
		options += " -c " + setting
	}
	s.must(s.run("pg_ctl", "-D", s.data(), "-l", s.log(), "-w", "-t", "60", "-o", options, "start"))
}

// crash stops the server as a power cut does, short of losing what the kernel has.
func (s *server) crash() {
	s.t.Helper()
	s.must(s.run("pg_ctl", "-D", s.data(), "-m", "immediate", "-w", "stop"))
}

func (s *server) address() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

func (s *server) run(program string, args ...string) error {
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred}
	out, err := os.CreateTemp(s.dir, program)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out // a file: the server keeps it open
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w\n%s", program, err, bytes.TrimSpace(text))
	}
	return nil
}

func (s *server) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
