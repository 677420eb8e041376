package smpp

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// Ends of a link and of a wait for an answer.
var (
	errLost    = errors.New("the link was lost")
	errNotLeft = errors.New("nothing was written")
	errSilent  = errors.New("the SMS centre stays silent on a link that looks alive")
	errOverdue = errors.New("the answer did not come in time")
	errUnbound = errors.New("the SMS centre unbound the session")
	errEnded   = errors.New("the session was ended")
)

// tooSilent is how many messages in a row may go without an answer before the link is given up.
const tooSilent = 3

// link is one connection to the SMS centre: it numbers requests and finds their answers.
type link struct {
	conn net.Conn
	// writing is held by the one who writes.
	writing chan struct{}
	// deliver takes a deliver_sm; it must not block.
	deliver func(*link, frame)
	heard   chan struct{}
	lost    chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	cause    error
	sequence int32
	waiting  map[int32]*request
	// silent counts the messages in a row that got no answer. Answers to other requests do not matter: there are SMS
	// centres that answer every test of the link and no message.
	silent int
}

// request is one that was written, or is about to be.
type request struct {
	answer chan frame
	timer  *time.Timer
	// message: it is a submit_sm. overdue: the answer's time is over. gaveUp: nobody waits any more.
	message         bool
	overdue, gaveUp bool
	// done is called once the SMS centre no longer counts the request; late with an answer nobody waits for. Either may be nil.
	done  func()
	late  func(frame)
	freed sync.Once
}

// writeWithin is the longest that the network may take for one PDU.
const writeWithin = 10 * time.Second

func newLink(conn net.Conn, deliver func(*link, frame)) *link {
	l := &link{
		conn: conn, writing: make(chan struct{}, 1), deliver: deliver,
		heard: make(chan struct{}, 1), lost: make(chan struct{}), waiting: map[int32]*request{},
	}
	l.running.Go(l.read)
	return l
}

// end closes the link for cause, the first of which is kept. Whoever waits for an answer is let go.
func (l *link) end(cause error) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = cause
	for _, r := range l.waiting {
		r.timer.Stop()
	}
	l.mu.Unlock()
	_ = l.conn.Close()
	close(l.lost)
}

// why is what ended the link; nil while it is up.
func (l *link) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// write writes p. left false: not an octet went out. A broken write ends the link.
func (l *link) write(ctx context.Context, p pdu.PDU) (left bool, err error) {
	select {
	case l.writing <- struct{}{}:
		defer func() { <-l.writing }()
	case <-l.lost:
		return false, errLost
	case <-ctx.Done():
		return false, ctx.Err()
	}
	n, err := writePDU(l.conn, p, writeWithin)
	if err != nil {
		l.end(errLost)
	}
	return n > 0, err
}

// exchange writes p and waits for its answer until within is over or ctx ends. Errors: errNotLeft when p cannot have
// reached the SMS centre; errLost, errOverdue and ctx's when it may have. r.done is called once the place is free again,
// which may be later.
func (l *link) exchange(ctx context.Context, p pdu.PDU, within time.Duration, r *request) (frame, error) {
	r.answer = make(chan frame, 1)
	sequence, ok := l.register(r, within)
	if !ok {
		r.free()
		return frame{}, errNotLeft
	}
	p.SetSequenceNumber(sequence)
	if left, err := l.write(ctx, p); err != nil {
		l.forget(sequence)
		r.free()
		if !left {
			return frame{}, errNotLeft
		}
		return frame{}, errLost
	}
	select {
	case f, ok := <-r.answer:
		if !ok {
			return frame{}, errOverdue
		}
		return f, nil
	case <-ctx.Done():
		return l.giveUp(sequence, r, ctx.Err())
	case <-l.lost:
		defer r.free()
		return l.giveUp(sequence, r, errLost)
	}
}

// free calls done once.
func (r *request) free() {
	if r.done != nil {
		r.freed.Do(r.done)
	}
}

func (l *link) register(r *request, within time.Duration) (sequence int32, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		return 0, false
	}
	l.sequence = l.sequence%0x7FFFFFFF + 1
	sequence = l.sequence
	r.timer = time.AfterFunc(within, func() { l.overdue(sequence) })
	l.waiting[sequence] = r
	return sequence, true
}

func (l *link) forget(sequence int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.waiting[sequence]; r != nil {
		r.timer.Stop()
		delete(l.waiting, sequence)
	}
}

// giveUp leaves a request to itself, unless its answer has just come.
func (l *link) giveUp(sequence int32, r *request, cause error) (frame, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case f, ok := <-r.answer:
		if ok {
			return f, nil
		}
		return frame{}, errOverdue
	default:
	}
	if l.waiting[sequence] == r {
		r.gaveUp = true
	}
	return frame{}, cause
}

// overdue lets the one go who waits for an answer. The request stays known, for its answer may still come.
func (l *link) overdue(sequence int32) {
	l.mu.Lock()
	r := l.waiting[sequence]
	if r == nil || r.overdue || l.cause != nil {
		l.mu.Unlock()
		return
	}
	r.overdue = true
	if !r.gaveUp {
		r.gaveUp = true
		close(r.answer)
	}
	r.free()
	if r.message {
		l.silent++
	}
	dead := l.silent >= tooSilent
	l.mu.Unlock()
	if dead {
		l.end(errSilent)
	}
}

// settle hands an answer to the one who waits for it.
func (l *link) settle(f frame) {
	l.mu.Lock()
	r := l.waiting[f.sequence]
	if r == nil {
		l.mu.Unlock()
		return
	}
	delete(l.waiting, f.sequence)
	r.timer.Stop()
	if r.message {
		l.silent = 0
	}
	r.free()
	if !r.gaveUp {
		r.answer <- f
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	if r.late != nil {
		r.late(f)
	}
}

// read takes PDUs off the wire until the link ends.
func (l *link) read() {
	in := bufio.NewReader(l.conn)
	for {
		f, err := readFrame(in)
		if err != nil {
			if !errors.Is(err, errFrame) {
				err = errLost
			}
			l.end(err)
			return
		}
		select {
		case l.heard <- struct{}{}:
		default:
		}
		l.take(f)
	}
}

func (l *link) take(f frame) {
	switch {
	case f.answersUs():
		l.settle(f)
	case f.command == data.DELIVER_SM:
		l.deliver(l, f)
	case f.command == data.ENQUIRE_LINK:
		l.reply(pdu.NewEnquireLinkResp(), f)
	case f.command == data.UNBIND:
		l.reply(pdu.NewUnbindResp(), f)
		l.end(errUnbound)
	case f.command == data.ALERT_NOTIFICATION, f.command == data.OUTBIND:
		// Neither has an answer, nor a meaning for what we send.
	default:
		l.refuse(f)
	}
}

func (l *link) reply(p pdu.PDU, to frame) {
	p.SetSequenceNumber(to.sequence)
	_, _ = l.write(context.Background(), p) // a broken write ends the link
}

// refuse answers a command that we do not know.
func (l *link) refuse(f frame) {
	if nack, ok := pdu.NewGenericNack().(*pdu.GenericNack); ok {
		nack.CommandStatus = data.CommandStatusType(statusBadCommand)
		l.reply(nack, f)
	}
}

// answerReceipt answers a deliver_sm.
func (l *link) answerReceipt(f frame, status uint32) {
	if resp, ok := pdu.NewDeliverSMResp().(*pdu.DeliverSMResp); ok {
		resp.CommandStatus = data.CommandStatusType(status)
		l.reply(resp, f)
	}
}

// enquire tests the link after every silence, and ends it when the test goes unanswered. Source: SMPP 3.4 §4.11.
func (l *link) enquire(every, within time.Duration) {
	quiet := time.NewTimer(every)
	defer quiet.Stop()
	for {
		select {
		case <-l.lost:
			return
		case <-l.heard:
		case <-quiet.C:
			if _, err := l.exchange(context.Background(), pdu.NewEnquireLink(), within, &request{}); err != nil {
				l.end(errSilent)
				return
			}
		}
		quiet.Reset(every)
	}
}

// unbind takes leave and closes. It waits for the answer at most as long as ctx goes.
func (l *link) unbind(ctx context.Context) {
	if l.why() == nil {
		_, _ = l.exchange(ctx, pdu.NewUnbind(), unbindWithin, &request{}) // closed either way
	}
	l.end(errEnded)
	l.running.Wait()
}
