package channeltest

import (
	"net"
	"sync/atomic"
	"testing"

	"cascade/policy"
)

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
