//go:build chaos

package chaostest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay passes connections on to a server until it is cut.
type relay struct {
	port int
	// before may hold up what a client sends; nil passes it on.
	before func(sent []byte)

	mu     sync.Mutex
	target int
	cut    bool
	open   map[net.Conn]bool
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{port: l.Addr().(*net.TCPAddr).Port, open: map[net.Conn]bool{}}
	t.Cleanup(func() {
		l.Close()
		r.sever()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return r
}

// lead has the relay lead to a port.
func (r *relay) lead(port int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target, r.cut = port, false
}

// sever ends every connection and lets none through until lead.
func (r *relay) sever() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = true
	for c := range r.open {
		c.Close()
	}
	clear(r.open)
}

// keep remembers an end, unless the relay is cut.
func (r *relay) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		c.Close()
		return false
	}
	r.open[c] = true
	return true
}

func (r *relay) drop(c net.Conn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
}

func (r *relay) serve(client net.Conn) {
	if !r.keep(client) {
		return
	}
	defer r.drop(client)
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", itoa(target)))
	if err != nil || !r.keep(server) {
		return
	}
	defer r.drop(server)
	go func() {
		_, _ = io.Copy(client, server) // either end may go
		client.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if r.before != nil {
			r.before(buf[:n])
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}
