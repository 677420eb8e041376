//go:build chaos

package chaostest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"cascade/orchestrator/orchestratortest/faulttest"
)

// cutter stands between the engine and Postgres. Of the commits that pass, some are let through, and the connection is
// cut before their answer comes back: the transaction happened, and nobody was told.
type cutter struct {
	server string
	one    int32 // in so many commits is cut
	cuts   atomic.Int64
}

func (c *cutter) listen(t *testing.T) string {
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
			go c.serve(conn)
		}
	}()
	return l.Addr().String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	var cutting atomic.Bool
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || cutting.Load() { // the commit is done
				client.Close()
				server.Close()
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if one := atomic.LoadInt32(&c.one); one > 0 && bytes.Contains(bytes.ToLower(buf[:n]), []byte("commit\x00")) && rand.Int32N(one) == 0 {
			c.cuts.Add(1)
			cutting.Store(true)
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

// A commit whose answer is lost has happened. The app that sends again with its key finds its own message, and nobody
// gets two.
func TestCommitWhoseAnswerIsLost(t *testing.T) {
	const cuts = 200
	pg := newServer(t)
	s, err := openStore(t.Context(), pg.address()) // migrated without the cutter
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := &cutter{server: net.JoinHostPort("127.0.0.1", itoa(pg.port))}
	r := newRig(t, "postgres://postgres@"+c.listen(t)+"/postgres?sslmode=disable")
	atomic.StoreInt32(&c.one, 10)
	l := startLoad(r, 200, true)
	for limit := time.Now().Add(2 * time.Minute); c.cuts.Load() < cuts; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("only %d commits were cut in two minutes", c.cuts.Load())
		}
	}
	atomic.StoreInt32(&c.one, 0)
	ids := l.End(t)
	settle(t, r, ids)
	t.Logf("%d commits were cut: %d accepted, %d told to come back", c.cuts.Load(), len(ids), l.Busy())
	if l.Busy() == 0 {
		t.Error("no app met a cut commit")
	}
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
	if twice := one[int](t, "pgx", pg.address(), `SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY to_phone HAVING count(*) > 1) x`); twice != 0 {
		t.Errorf("%d numbers have two messages under one idempotency key", twice)
	}
	if rows := one[int](t, "pgx", pg.address(), `SELECT count(*) FROM messages`); rows != len(ids) {
		t.Errorf("%d messages are stored, and %d apps were told theirs", rows, len(ids))
	}
}
