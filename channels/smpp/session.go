package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"cascade/channels"
)

// How long to wait at the end, for answers that are under way and for the leave-taking, and at most for a test of the link.
const (
	drainWithin   = 5 * time.Second
	unbindWithin  = 2 * time.Second
	enquireWithin = 30 * time.Second
)

// session is what Send works with: one transceiver, or a transmitter and a receiver.
type session struct {
	tx, rx *link
	// window holds a place for every message that waits for its answer.
	window chan struct{}

	mu      sync.Mutex
	closing bool
	senders int
	idle    chan struct{}
}

// enter counts a Send in; false once the session is being ended.
func (s *session) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.senders++
	return true
}

func (s *session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.senders--
	if s.closing && s.senders == 0 {
		close(s.idle)
	}
}

// drain refuses new Sends and waits for those under way.
func (s *session) drain(within time.Duration) {
	s.mu.Lock()
	s.closing = true
	if s.senders == 0 {
		close(s.idle)
	}
	s.mu.Unlock()
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-s.idle:
	case <-s.tx.lost:
	case <-t.C:
	}
}

// Keep holds a session with the SMS centre until ctx ends, and binds again after every loss: after 1 s, then twice as long
// each time up to a minute, and not before a minute where the credentials are refused. A second Keep waits for the first.
func (a *adapter) Keep(ctx context.Context, hand func(context.Context, []channels.Receipt) error) error {
	select {
	case a.keeping <- struct{}{}:
		defer func() { <-a.keeping }()
	case <-ctx.Done():
		return nil
	}
	a.state.kept(true)
	defer a.state.kept(false)
	defer a.hands.Wait()
	for tries := 0; ctx.Err() == nil; {
		s, err := a.bind(ctx, hand)
		if err == nil {
			tries = 0
			err = a.hold(ctx, s)
		}
		if ctx.Err() != nil {
			return nil
		}
		tries++
		refused := a.state.unbound(err)
		a.log.WarnContext(ctx, "smpp session is down", "address", a.set.address, "tries", tries, "error", a.describe(err))
		wait(ctx, jitter(a.rebind.after(tries, refused)))
	}
	return nil
}

// jitter adds up to a fifth, so that replicas do not come back in step.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/5+1) }

// hold lets Sends at the session until it is lost or ctx ends, and answers what it was lost for.
func (a *adapter) hold(ctx context.Context, s *session) error {
	a.state.bound(a.now())
	a.log.InfoContext(ctx, "smpp session is up", "address", a.set.address)
	a.current.Store(s)
	var cause error
	select {
	case <-s.tx.lost:
		cause = s.tx.why()
	case <-s.rx.lost:
		cause = s.rx.why()
	case <-ctx.Done():
	}
	a.current.Store(nil)
	if cause == nil {
		s.drain(min(drainWithin, a.set.answerWithin))
	}
	a.unbind(ctx, s)
	return cause
}

// unbind takes leave on every link that is still up.
func (a *adapter) unbind(ctx context.Context, s *session) {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), unbindWithin)
	defer cancel()
	s.tx.unbind(bye)
	if s.rx != s.tx {
		s.rx.unbind(bye)
	}
}

// bindError is a bind that the SMS centre refused.
type bindError struct{ status uint32 }

func (e *bindError) Error() string {
	return fmt.Sprintf("the bind was refused with status 0x%08X", e.status)
}

// bind opens the account's connections. The receiver of a pair goes first, so that no receipt finds nobody.
func (a *adapter) bind(ctx context.Context, hand func(context.Context, []channels.Receipt) error) (*session, error) {
	deliver := a.receiver(ctx, hand)
	s := &session{window: make(chan struct{}, a.set.window), idle: make(chan struct{})}
	if !a.set.pair {
		l, err := a.connect(ctx, pdu.Transceiver, deliver)
		s.tx, s.rx = l, l
		return s, err
	}
	var err error
	if s.rx, err = a.connect(ctx, pdu.Receiver, deliver); err != nil {
		return nil, err
	}
	if s.tx, err = a.connect(ctx, pdu.Transmitter, deliver); err != nil {
		s.tx = s.rx
		a.unbind(ctx, s)
		return nil, err
	}
	return s, nil
}

// connect dials, and binds as kind.
func (a *adapter) connect(ctx context.Context, kind pdu.BindingType, deliver func(*link, frame)) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, a.set.answerWithin)
	defer cancel()
	conn, err := a.dial(ctx, "tcp", a.set.address)
	if err != nil {
		return nil, err
	}
	if a.set.tls != nil {
		secure := tls.Client(conn, a.set.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	l := newLink(conn, deliver)
	f, err := l.exchange(ctx, a.bindRequest(kind), a.set.answerWithin, &request{})
	if err == nil && f.status != statusOK {
		err = &bindError{f.status}
	}
	if err == nil && f.command == data.GENERIC_NACK {
		err = &bindError{statusBindFailed}
	}
	if err != nil {
		l.end(err)
		l.running.Wait()
		return nil, err
	}
	l.running.Go(func() { l.enquire(a.set.enquireEvery, min(a.set.answerWithin, enquireWithin)) })
	return l, nil
}

func (a *adapter) bindRequest(kind pdu.BindingType) *pdu.BindRequest {
	p := pdu.NewBindRequest(kind)
	p.SystemID, p.Password, p.SystemType = a.set.systemID, a.set.password, a.set.systemType
	return p
}

// earlyWait is how long a receipt on an unknown id waits for the ids of long messages that are being sent.
const earlyWait = 2 * time.Second

// receiver makes what takes the deliver_sm of a session. Each is answered once it is on disk, and only then well.
func (a *adapter) receiver(ctx context.Context, hand func(context.Context, []channels.Receipt) error) func(*link, frame) {
	return func(l *link, f frame) {
		select {
		case a.handing <- struct{}{}:
		default:
			l.answerReceipt(f, statusTryLater)
			return
		}
		a.hands.Go(func() {
			defer func() { <-a.handing }()
			// A receipt that has come is written down though the session ends.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.set.answerWithin)
			defer cancel()
			l.answerReceipt(f, a.receipt(ctx, f, hand))
		})
	}
}

// statusRefused tells the SMS centre never to send a PDU again that cannot be read.
const statusRefused uint32 = 0x65

// receipt hands on what a deliver_sm proves, and answers the status for the SMS centre.
func (a *adapter) receipt(ctx context.Context, f frame, hand func(context.Context, []channels.Receipt) error) uint32 {
	p, ok := pdu.NewDeliverSM().(*pdu.DeliverSM)
	if err := f.decode(p); !ok || err != nil {
		a.log.WarnContext(ctx, "smpp deliver_sm is not readable")
		return statusRefused
	}
	r, ok := a.set.readReceipt(p)
	if !ok {
		return statusOK
	}
	if !a.parts.known(r.id) {
		a.awaitAnswers(ctx)
	}
	if err := hand(ctx, []channels.Receipt{a.parts.gather(r).receipt()}); err != nil {
		a.log.WarnContext(ctx, "smpp receipt is not on disk; the SMS centre will send it again", "error", channels.Redact(err.Error()))
		return statusTryLater
	}
	a.state.receipt(a.now())
	return statusOK
}

// awaitAnswers waits for the ids of the long messages that are under way: a receipt may outrun the answer, and one on a
// segment must find its message.
func (a *adapter) awaitAnswers(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, earlyWait)
	defer cancel()
	for _, answered := range a.parts.unanswered() {
		select {
		case <-answered:
		case <-ctx.Done():
			return
		}
	}
}

// describe is err fit to be shown.
func (a *adapter) describe(err error) string {
	if e, ok := errors.AsType[*bindError](err); ok {
		f := a.set.refusal(e.status)
		return f.Code + " (" + f.ProviderCode + ")"
	}
	return channels.Redact(err.Error(), a.set.password)
}
