package channeltest

import (
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"cascade/policy"
)

// cut breaks the connection at every stage from the request's first byte on.
func (h Harness) cut(t *testing.T) {
	stages := map[string]string{
		"before the answer":          "",
		"inside the answer's status": "HTTP/1.1 2",
		"inside the answer's head":   "HTTP/1.1 200 OK\r\nContent-Type: appl",
		"after the answer's head":    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n",
		"inside the answer's body":   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{\"error\":0,",
		"inside a chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"error\":0",
	}
	for name, wire := range stages {
		t.Run(name, func(t *testing.T) {
			h.fails(t, policy.ClassUnknown, func(w http.ResponseWriter, _ *http.Request) {
				conn, buf, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				_, _ = buf.WriteString(wire)
				_ = buf.Flush()
				_ = conn.Close()
			})
		})
	}
	t.Run("reset before the answer", func(t *testing.T) {
		h.fails(t, policy.ClassUnknown, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0) // closed by a reset
			_ = conn.Close()
		})
	})
	t.Run("inside the request", func(t *testing.T) { h.cutRequest(t) })
}

// cutRequest breaks the connection after the first byte of the request, and counts the connections made.
func (h Harness) cutRequest(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var tries atomic.Int32
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			tries.Add(1)
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	_, err = h.send(t, "http://"+l.Addr().String())
	h.failure(t, err, policy.ClassUnknown)
	if n := tries.Load(); n != 1 {
		t.Errorf("%d tries, want exactly 1", n)
	}
}
