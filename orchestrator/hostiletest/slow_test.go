package hostiletest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// rawServer serves each connection's first request with a script that writes what it likes until the peer is gone.
func rawServer(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				req, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
				answer(conn)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// gone waits until the peer hangs up.
func gone(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 1))
}

// every writes b again and again, after each pause, until the peer hangs up.
func every(conn net.Conn, pause time.Duration, b []byte) {
	for {
		if _, err := conn.Write(b); err != nil {
			return
		}
		if pause > 0 {
			_ = conn.SetReadDeadline(time.Now().Add(pause))
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
		}
	}
}

// A provider that hangs, drips, floods or writes nonsense costs its own account the call's deadline and no more: memory
// stays flat, and another account's messages are sent meanwhile.
func TestHostileAnswersHurtNobodyElse(t *testing.T) {
	const calls, callTimeout = 40, 2 * time.Second
	blanks := bytes.Repeat([]byte(" "), 64<<10)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 1600 { // 100 MB
		_, _ = z.Write(blanks)
	}
	_ = z.Close()
	const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	answers := map[string]func(net.Conn){
		"hangs": gone,
		"hangs after the head": func(c net.Conn) {
			fmt.Fprint(c, head+"Content-Length: 20\r\n\r\n")
			gone(c)
		},
		"drips": func(c net.Conn) {
			fmt.Fprint(c, head+"Content-Length: 1000000\r\n\r\n")
			every(c, 100*time.Millisecond, []byte(" "))
		},
		"drips its head": func(c net.Conn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nX-A: ")
			every(c, 100*time.Millisecond, []byte("a"))
		},
		"never ends": func(c net.Conn) {
			fmt.Fprint(c, head+"Connection: close\r\n\r\n")
			every(c, 0, blanks)
		},
		"never ends its head": func(c net.Conn) {
			fmt.Fprint(c, head)
			every(c, 0, []byte("X-A: "+strings.Repeat("a", 1000)+"\r\n"))
		},
		"goes on and on with 103": func(c net.Conn) {
			every(c, 0, []byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"))
		},
		"100 MB": func(c net.Conn) {
			fmt.Fprintf(c, head+"Content-Length: %d\r\n\r\n", 1600*len(blanks))
			every(c, 0, blanks)
		},
		"gzip bomb": func(c net.Conn) {
			fmt.Fprintf(c, head+"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", bomb.Len())
			_, _ = c.Write(bomb.Bytes())
			gone(c)
		},
		"bad chunk size": func(c net.Conn) {
			fmt.Fprint(c, head+"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
			gone(c)
		},
		"huge chunk size": func(c net.Conn) {
			fmt.Fprint(c, head+"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\n{")
			every(c, 0, blanks)
		},
		"endless chunks of one byte": func(c net.Conn) {
			fmt.Fprint(c, head+"Transfer-Encoding: chunked\r\n\r\n")
			every(c, 0, bytes.Repeat([]byte("1\r\n \r\n"), 1000))
		},
		"two lengths": func(c net.Conn) {
			fmt.Fprint(c, head+"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}")
			gone(c)
		},
		"length and chunks": func(c net.Conn) {
			fmt.Fprint(c, head+"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
			gone(c)
		},
	}
	s := modelstest.Open(t, models.SQLite) // no answer of a provider is seen by the database
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, s, hostileTimes{call: callTimeout}, nil)
			gw := newLiar(t)
			h.gateway("bad", rawServer(t, answer))
			h.gateway("good", gw.URL)
			h.policy("bad", "1h", "2h", "bad")
			h.policy("good", "1h", "2h", "good")
			quiet := h.latency(20)

			runtime.GC()
			var before, peak runtime.MemStats
			runtime.ReadMemStats(&before)
			bad := h.sendMany("bad", calls)
			busy := h.latency(20)
			runtime.ReadMemStats(&peak)
			if grown := int64(peak.HeapInuse) - int64(before.HeapInuse); grown > 96<<20 {
				t.Errorf("the heap grew by %d MB", grown>>20)
			}
			if busy > quiet+callTimeout/2 { // the floods take both cores of a small machine for a while
				t.Errorf("the good account's messages took %s, against %s without the bad one", busy, quiet)
			}
			called := 0
			for _, id := range bad {
				// What was not called yet waits: the breaker keeps it from the provider.
				v := h.await(id, func(v orchestrator.MessageView) bool {
					return len(v.Attempts) == 0 || v.Attempts[0].Status != policy.AttemptSending
				})
				for _, a := range h.state(v.ID).Attempts {
					if a.Calls > 0 {
						called++
					}
					if a.Status != policy.AttemptUnknown && a.Status != policy.AttemptPending { // pending: it found no connection in time
						t.Errorf("after %d calls the attempt is %s %s", a.Calls, a.Status, a.Code)
					}
				}
			}
			if called < 10 {
				t.Errorf("only %d calls met the bad provider", called)
			}
			h.verify()
		})
	}
}

// latency is how long a message on the good account took from accept to taken, in the middle of n.
func (h *hostile) latency(n int) time.Duration {
	h.t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		began := time.Now()
		h.await(h.send("good", hostileNumber(500+i)), taken)
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[n/2]
}
