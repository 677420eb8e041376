//go:build chaos

package chaostest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/orchestrator/orchestratortest/faulttest"
)

// deadline is how long an app waits for an answer.
const deadline = 20 * time.Second

// calling is how many goroutines the calls that the accounts allow at a time may have, on all sides, idle ones included.
const calling = 3 * 256 * 4

// crowd is a number of apps of which each sends as soon as it has its answer, and comes back when it is told to.
type crowd struct {
	r       *orchestratortest.Rig
	ctx     context.Context
	leave   context.CancelFunc
	apps    sync.WaitGroup
	i       atomic.Int64
	busy    atomic.Int64
	newest  atomic.Int64 // when the last accepted message was sent off, in Unix nanoseconds
	slowest atomic.Int64 // the slowest answer, in nanoseconds
	most    atomic.Int64 // goroutines

	mu       sync.Mutex
	accepted []uuid.UUID
	wrong    []error
}

func startCrowd(t *testing.T, r *orchestratortest.Rig, apps int) *crowd {
	t.Helper()
	c := &crowd{r: r}
	c.ctx, c.leave = context.WithCancel(context.Background())
	t.Cleanup(c.leave)
	for range apps {
		c.apps.Go(func() {
			for c.ctx.Err() == nil {
				c.send(c.i.Add(1))
			}
		})
	}
	c.apps.Go(func() {
		for c.pause(20 * time.Millisecond) {
			raise(&c.most, int64(runtime.NumGoroutine()))
		}
	})
	return c
}

func (c *crowd) pause(d time.Duration) bool {
	select {
	case <-c.ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// send has a message accepted under its key, and gives up only when the crowd leaves.
func (c *crowd) send(i int64) {
	sub := c.r.Submission(faulttest.Number(i))
	sub.IdempotencyKey, sub.RequestHash = fmt.Sprint("key-", i), fmt.Sprint("hash-", i)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		begun := time.Now()
		acc, err := c.r.Engine.Accept(ctx, c.r.Caller, sub)
		cancel()
		raise(&c.slowest, int64(time.Since(begun)))
		busy, refused := errors.AsType[*orchestrator.BusyError](err)
		switch {
		case err == nil:
			raise(&c.newest, begun.UnixNano())
			c.mu.Lock()
			c.accepted = append(c.accepted, acc.Message.ID)
			c.mu.Unlock()
			return
		case refused && busy.RetryAfter > 0:
			c.busy.Add(1)
			if !c.pause(busy.RetryAfter + rand.N(busy.RetryAfter)) {
				return
			}
		default:
			c.mu.Lock()
			c.wrong = append(c.wrong, err)
			c.mu.Unlock()
			return
		}
	}
}

func raise(to *atomic.Int64, v int64) {
	for {
		old := to.Load()
		if old >= v || to.CompareAndSwap(old, v) {
			return
		}
	}
}

// recovers waits until a message is accepted that was sent after from.
func (c *crowd) recovers(t *testing.T, from time.Time) {
	t.Helper()
	faulttest.Until(t, "a new message is accepted again", func() bool { return c.newest.Load() > from.UnixNano() })
}

func (c *crowd) end(t *testing.T) []uuid.UUID {
	t.Helper()
	c.leave()
	c.apps.Wait()
	for i, err := range c.wrong {
		if i < 5 {
			t.Errorf("an app was answered %v", err)
		}
	}
	return c.accepted
}

// stall has a crowd send to a database that is held up for a time, and checks what it was told meanwhile and that
// nothing of it stays. hold is asked before what the engine sends goes on to the server.
func stall(t *testing.T, apps int, during time.Duration, hold func(sent []byte, over <-chan struct{})) {
	t.Helper()
	pg := newServer(t)
	link := newRelay(t)
	var over atomic.Pointer[chan struct{}]
	link.before = func(sent []byte) {
		if c := over.Load(); c != nil {
			hold(sent, *c)
		}
	}
	link.lead(pg.port)
	r := newRig(t, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", link.port))
	r.Await(r.Send(faulttest.Number(9_999_999)), orchestratortest.Final)
	idle := goroutines(t)

	c := startCrowd(t, r, apps)
	faulttest.Until(t, "the crowd sends", func() bool { return c.newest.Load() > 0 })
	held := make(chan struct{})
	over.Store(&held)
	time.Sleep(during / 2) // the fault itself: it lasts as long as it is said to
	half := c.most.Load()
	time.Sleep(during / 2)
	whole := c.most.Load()
	over.Store(nil)
	close(held)
	freed := time.Now()
	c.recovers(t, freed)
	recovered := time.Since(freed)
	ids := c.end(t)
	t.Logf("%d apps, %s: %d accepted, %d told to come back; the slowest answer took %s; accepting again within %s",
		apps, during, len(ids), c.busy.Load(), time.Duration(c.slowest.Load()).Round(time.Millisecond), recovered.Round(time.Millisecond))
	settle(t, r, append(ids, r.Send(faulttest.Number(9_999_998))))
	faulttest.Until(t, fmt.Sprintf("the goroutines are gone that were not there before (%d)", idle), func() bool { return goroutines(t) <= idle+20 })
	t.Logf("goroutines: at most %d in the first half, %d in all; %d idle before, %d afterwards", half, whole, idle, goroutines(t))
	if slowest := time.Duration(c.slowest.Load()); slowest > deadline+time.Second {
		t.Errorf("an app waited %s for its answer; want at most %s", slowest, deadline)
	}
	if recovered > 10*time.Second {
		t.Errorf("it took %s to accept again", recovered)
	}
	if limit := int64(idle + apps + calling); whole > limit {
		t.Errorf("there were %d goroutines; an app has one, and calls have %d at most", whole, calling)
	}
	faulttest.CalledOnce(t, r.Sim)
	r.Verify()
}

var counted = regexp.MustCompile(`(?m)^(\d+) @ `)

// goroutines counts all but those of idle HTTP connections and of those to the database, which their pools bound.
func goroutines(t *testing.T) (n int) {
	t.Helper()
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		t.Fatal(err)
	}
	for group := range strings.SplitSeq(text.String(), "\n\n") {
		count := 0
		if m := counted.FindStringSubmatch(group); m != nil {
			count, _ = strconv.Atoi(m[1])
		}
		if !strings.Contains(group, "net/http.") && !strings.Contains(group, "(*relay).serve") {
			n += count
		}
	}
	return n
}

// Every commit takes 0.1 to 2 s, under more requests than that can serve.
func TestSlowCommits(t *testing.T) {
	stall(t, 6000, 12*time.Second, func(sent []byte, over <-chan struct{}) {
		if bytes.Contains(bytes.ToLower(sent), []byte("commit\x00")) {
			select {
			case <-time.After(100*time.Millisecond + rand.N(1900*time.Millisecond)):
			case <-over:
			}
		}
	})
}

// Every connection of the pool stands still: none is left for whoever comes.
func TestPoolExhausted(t *testing.T) {
	stall(t, 1000, 25*time.Second, func(_ []byte, over <-chan struct{}) { <-over })
}
