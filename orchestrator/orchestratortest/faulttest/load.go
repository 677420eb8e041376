// Package faulttest is what the tests of real faults share: apps that send while something breaks, workers in processes of
// their own, and what the provider's log must look like afterwards.
package faulttest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Apps say how a load is made. Apps send messages 1, 2, 3 and so on, each once.
type Apps struct {
	Apps int
	Rate int // messages a second, of all together
	// Send has message i accepted.
	Send func(i int64) (uuid.UUID, error)
	// Busy tells which errors mean that the app is to come back; nil: all do.
	Busy func(error) bool
	// Insist: what was told to come back is sent again until it is accepted.
	Insist bool
}

// Load is a number of apps that send without a break.
type Load struct {
	apps Apps

	mu       sync.Mutex
	accepted []uuid.UUID
	at       []time.Time // when accepted
	busy     int
	wrong    []error
	i        atomic.Int64
	stop     chan struct{}
	wg       sync.WaitGroup
}

// comeBack is how long an app waits that was told to come back.
const comeBack = 20 * time.Millisecond

// Start has apps send until End.
func (a Apps) Start() *Load {
	l := &Load{apps: a, stop: make(chan struct{})}
	for range a.Apps {
		l.wg.Go(func() {
			tick := time.NewTicker(time.Duration(a.Apps) * time.Second / time.Duration(a.Rate))
			defer tick.Stop()
			for {
				select {
				case <-l.stop:
					return
				case <-tick.C:
					l.send(l.i.Add(1))
				}
			}
		})
	}
	return l
}

func (l *Load) send(i int64) {
	for l.note(l.apps.Send(i)) && l.apps.Insist {
		time.Sleep(comeBack)
	}
}

// note keeps an answer, and reports whether it was to come back.
func (l *Load) note(id uuid.UUID, err error) (busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err == nil:
		l.accepted, l.at = append(l.accepted, id), append(l.at, time.Now())
	case l.apps.Busy == nil || l.apps.Busy(err):
		l.busy++
		return true
	default:
		l.wrong = append(l.wrong, err)
	}
	return false
}

// Count is how many messages have been accepted.
func (l *Load) Count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.accepted)
}

// Busy is how often an app was told to come back.
func (l *Load) Busy() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.busy
}

// AcceptedBetween counts what was accepted from a to b.
func (l *Load) AcceptedBetween(a, b time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.at {
		if !t.Before(a) && t.Before(b) {
			n++
		}
	}
	return n
}

// AwaitMore waits until n more messages have been accepted.
func (l *Load) AwaitMore(t testing.TB, n int) {
	t.Helper()
	want := l.Count() + n
	await(t, fmt.Sprintf("%d more messages are accepted", n), time.Millisecond, func() bool { return l.Count() >= want })
}

// End stops the load and answers the ids of all that was accepted. It fails the test for answers other than yes and come back.
func (l *Load) End(t testing.TB) []uuid.UUID {
	t.Helper()
	close(l.stop)
	l.wg.Wait()
	for _, err := range l.wrong[:min(5, len(l.wrong))] {
		t.Errorf("an app was answered %v", err)
	}
	return l.accepted
}

// Until waits for something that comes within 30 s.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	await(t, what, 10*time.Millisecond, ok)
}

func await(t testing.TB, what string, every time.Duration, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(30 * time.Second); !ok(); time.Sleep(every) {
		if time.Now().After(limit) {
			t.Fatalf("within 30 s it did not come to this: %s", what)
		}
	}
}
