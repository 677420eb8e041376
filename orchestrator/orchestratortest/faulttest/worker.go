package faulttest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// variable makes a test binary a worker; its value is the worker's configuration as JSON.
const variable = "CASCADE_FAULTTEST_WORKER"

// Main is a test binary's TestMain: it runs the tests, or, in a process that StartWorker began, work with its configuration.
func Main(m *testing.M, work func(config []byte) error) {
	config := os.Getenv(variable)
	if config == "" {
		os.Exit(m.Run())
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		os.Exit(2)
	}()
	if err := work([]byte(config)); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// Serve answers the parent on a free port until ctx ends or the server fails. Requests under way are the caller's to end.
func Serve(ctx context.Context, handler http.Handler) (server *http.Server, err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server = &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	fmt.Println(listener.Addr())
	select {
	case err := <-failed:
		return server, err
	case <-ctx.Done():
		return server, nil
	}
}

// Worker is this test binary once more, as a process that can be killed.
type Worker struct {
	URL    string
	Client *http.Client
	cmd    *exec.Cmd
	log    bytes.Buffer
	ended  chan struct{}
	err    error // of the exit; after ended
}

// StartWorker runs a worker until the test ends, and waits until it listens.
func StartWorker(t testing.TB, config any) *Worker {
	t.Helper()
	raw, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &Worker{
		cmd: exec.CommandContext(t.Context(), os.Args[0]), ended: make(chan struct{}),
		Client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	w.cmd.Env, w.cmd.Stderr = append(os.Environ(), variable+"="+string(raw)), &w.log
	if _, err = w.cmd.StdinPipe(); err != nil { // open for as long as we live
		t.Fatal(err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, listens := bufio.NewReader(out).ReadString('\n')
	go func() {
		w.err = w.cmd.Wait()
		close(w.ended)
	}()
	t.Cleanup(func() {
		w.Kill()
		w.Client.CloseIdleConnections()
		if text := w.log.String(); t.Failed() && text != "" {
			t.Logf("worker %s:\n%s", w.URL, text[max(0, len(text)-4000):])
		}
	})
	if listens != nil {
		w.Kill()
		t.Fatalf("the worker did not start: %v\n%s", w.err, &w.log)
	}
	w.URL = "http://" + strings.TrimSpace(address)
	return w
}

// Signal sends the process a signal.
func (w *Worker) Signal(s syscall.Signal) error { return w.cmd.Process.Signal(s) }

// Kill ends the process at once, as a power cut does, also one that is frozen.
func (w *Worker) Kill() {
	_ = w.cmd.Process.Kill() // it may be dead already
	<-w.ended
}

// Ended is closed when the process is gone.
func (w *Worker) Ended() <-chan struct{} { return w.ended }

// Err says how the process ended, with what it wrote; nil if well. It waits for the end.
func (w *Worker) Err() error {
	<-w.ended
	if w.err == nil {
		return nil
	}
	return fmt.Errorf("the worker ended with %w\n%s", w.err, &w.log)
}

// Ask calls the worker; into, if not nil, takes the answer.
func (w *Worker) Ask(ctx context.Context, method, path string, body, into any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, w.URL+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	resp, err := w.Client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err = io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode >= 300:
		return fmt.Errorf("%s answered %d: %s", path, resp.StatusCode, raw)
	case into == nil:
		return nil
	}
	return json.Unmarshal(raw, into)
}
