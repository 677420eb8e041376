package smpp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	gosmpp "github.com/linxGnu/gosmpp/pdu"

	"cascade/policy"
)

// peer is an SMS centre that does as a test says, on the other library's codec.
type peer struct {
	t    *testing.T
	conn net.Conn
	mu   sync.Mutex
	got  []pdu.Body
}

func (p *peer) write(b pdu.Body) {
	var buf bytes.Buffer
	if err := b.SerializeTo(&buf); err != nil {
		p.t.Error(err)
	}
	_, _ = p.conn.Write(buf.Bytes())
}

// answer answers to with a status and, for a message, an id.
func (p *peer) answer(to pdu.Body, status pdu.Status, id string) {
	resp := pdu.NewSubmitSMResp()
	resp.Header().ID, resp.Header().Seq, resp.Header().Status = to.Header().ID|0x80000000, to.Header().Seq, status
	_ = resp.Fields().Set(pdufield.MessageID, id)
	p.write(resp)
}

func (p *peer) received(id pdu.ID) []pdu.Body {
	p.mu.Lock()
	defer p.mu.Unlock()
	var of []pdu.Body
	for _, b := range p.got {
		if b.Header().ID == id {
			of = append(of, b)
		}
	}
	return of
}

// scripted keeps an adapter bound to peers that take the bind and give everything else to handle.
func scripted(t *testing.T, handle func(*peer, pdu.Body)) (*adapter, *inbox, func() *peer) {
	t.Helper()
	ln := listen(t)
	var (
		mu    sync.Mutex
		peers []*peer
		wg    sync.WaitGroup
	)
	wg.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			p := &peer{t: t, conn: conn}
			mu.Lock()
			peers = append(peers, p)
			mu.Unlock()
			wg.Go(func() { p.serve(handle) })
		}
	})
	a := build(t, ln.Addr().String())
	a.set.answerWithin, a.set.enquireEvery = 5*time.Second, time.Hour
	t.Cleanup(func() {
		_ = ln.Close()
		mu.Lock()
		for _, p := range peers {
			_ = p.conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	in, _ := keep(t, a)
	eventually(t, "the session is bound", func() bool { return a.current.Load() != nil })
	return a, in, func() *peer {
		mu.Lock()
		defer mu.Unlock()
		return peers[len(peers)-1]
	}
}

func (p *peer) serve(handle func(*peer, pdu.Body)) {
	in := bufio.NewReader(p.conn)
	for {
		b, err := pdu.Decode(in)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.got = append(p.got, b)
		p.mu.Unlock()
		switch b.Header().ID {
		case pdu.BindTransceiverID, pdu.UnbindID:
			p.answer(b, 0, "centre")
		default:
			if handle != nil {
				handle(p, b)
			}
		}
	}
}

// A later segment that is refused leaves the person with a part.
func TestPartlyTaken(t *testing.T) {
	n := 0
	a, _, _ := scripted(t, func(p *peer, b pdu.Body) {
		n++
		if n == 1 {
			p.answer(b, 0, "A1")
			return
		}
		p.answer(b, 0x0B, "")
	})
	f := failure(a.Send(t.Context(), message(1, string(bytes.Repeat([]byte("x"), 400)))))
	if f.Class != policy.ClassUnknown || f.Code != "partly_taken" || f.ProviderCode != "0x0B" {
		t.Errorf("got %v, want partly taken", f)
	}
}

// The first segment goes alone: when it is refused, nothing has left.
func TestFirstSegmentRefused(t *testing.T) {
	a, _, latest := scripted(t, func(p *peer, b pdu.Body) { p.answer(b, 0x0B, "") })
	f := failure(a.Send(t.Context(), message(1, string(bytes.Repeat([]byte("x"), 400)))))
	if f.Class != policy.ClassRecipient {
		t.Errorf("got %v, want the recipient refused", f)
	}
	if n := len(latest().received(pdu.SubmitSMID)); n != 1 {
		t.Errorf("%d segments went out, want 1", n)
	}
}

func TestOddAnswers(t *testing.T) {
	tests := map[string]struct {
		answer func(*peer, pdu.Body)
		class  policy.Class
		code   string
	}{
		"generic_nack": {func(p *peer, b pdu.Body) {
			nack := pdu.NewGenericNACK()
			nack.Header().Seq, nack.Header().Status = b.Header().Seq, 0x58
			p.write(nack)
		}, policy.ClassThrottled, "throttled"},
		"another command": {func(p *peer, b pdu.Body) {
			resp := pdu.NewEnquireLinkRespSeq(b.Header().Seq)
			p.write(resp)
		}, policy.ClassUnknown, "unreadable_answer"},
		"refused without a body": {func(p *peer, b pdu.Body) {
			resp := pdu.NewGenericNACK()
			resp.Header().ID, resp.Header().Seq, resp.Header().Status = pdu.SubmitSMRespID, b.Header().Seq, 0x0A
			p.write(resp)
		}, policy.ClassAccount, "sender_refused"},
		"taken without a body": {func(p *peer, b pdu.Body) {
			resp := pdu.NewGenericNACK()
			resp.Header().ID, resp.Header().Seq = pdu.SubmitSMRespID, b.Header().Seq
			p.write(resp)
		}, "", "taken"},
		"bind state": {func(p *peer, b pdu.Body) { p.answer(b, 0x04, "") }, policy.ClassDown, "bad_bind_state"},
		"too short a PDU": {func(p *peer, _ pdu.Body) {
			_, _ = p.conn.Write([]byte{0, 0, 0, 15, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1})
		}, policy.ClassUnknown, "connection_lost"},
		"too long a PDU": {func(p *peer, _ pdu.Body) {
			head := binary.BigEndian.AppendUint32(nil, longestPDU+1)
			_, _ = p.conn.Write(append(head, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1))
		}, policy.ClassUnknown, "connection_lost"},
		"unbind": {func(p *peer, _ pdu.Body) { p.write(pdu.NewUnbind()) }, policy.ClassUnknown, "connection_lost"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, _, _ := scripted(t, func(p *peer, b pdu.Body) {
				if b.Header().ID == pdu.SubmitSMID {
					tt.answer(p, b)
				}
			})
			if f := failure(a.Send(t.Context(), message(1, "x"))); f.Class != tt.class || f.Code != tt.code {
				t.Errorf("got %v, want %s %s", f, tt.class, tt.code)
			}
		})
	}
}

// What the SMS centre asks is answered: its test of the link, unknown commands, and what it delivers.
func TestRequestsOfTheCentre(t *testing.T) {
	_, in, latest := scripted(t, nil)
	p := latest()
	enquire := pdu.NewEnquireLink()
	enquire.Header().Seq = 901
	p.write(enquire)
	query := pdu.NewQuerySM()
	query.Header().Seq = 902
	p.write(query)
	reply := pdu.NewSubmitSM(nil) // its fields are a deliver_sm's
	reply.Header().ID, reply.Header().Seq = pdu.DeliverSMID, 903
	_ = reply.Fields().Set(pdufield.ShortMessage, []byte("STOP"))
	p.write(reply)
	_, _ = p.conn.Write([]byte{0, 0, 0, 17, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 3, 0x88, 9}) // a deliver_sm cut short, 904
	want := map[pdu.ID]map[uint32]pdu.Status{
		pdu.EnquireLinkRespID: {901: 0}, pdu.GenericNACKID: {902: 3}, pdu.DeliverSMRespID: {903: 0, 904: 0x65},
	}
	for id, answers := range want {
		eventually(t, id.String(), func() bool { return len(p.received(id)) == len(answers) })
		for _, b := range p.received(id) {
			if status, ok := answers[b.Header().Seq]; !ok || status != b.Header().Status {
				t.Errorf("%s %d has status %d, want %v", id, b.Header().Seq, b.Header().Status, answers)
			}
		}
	}
	if got := in.all(); len(got) != 0 {
		t.Errorf("got receipts %+v of what is none", got)
	}
}

// A link whose test goes unanswered is given up, and one that is answered is not.
func TestEnquire(t *testing.T) {
	ours, theirs := net.Pipe()
	defer theirs.Close()
	l := newLink(ours, nil)
	l.running.Go(func() { l.enquire(time.Millisecond, 50*time.Millisecond) })
	in := bufio.NewReader(theirs)
	p := &peer{t: t, conn: theirs}
	for range 5 {
		b, err := pdu.Decode(in)
		if err != nil {
			t.Fatal(err)
		}
		p.answer(b, 0, "")
	}
	if err := l.why(); err != nil {
		t.Errorf("an answered link ended: %v", err)
	}
	if _, err := pdu.Decode(in); err != nil {
		t.Fatal(err)
	}
	<-l.lost
	if err := l.why(); !errors.Is(err, errSilent) {
		t.Errorf("ended for %v, want its silence", err)
	}
	l.running.Wait()
}

// What did not leave is told from what may have arrived.
func TestBrokenWrite(t *testing.T) {
	for read, want := range map[int]error{0: errNotLeft, 5: errLost} {
		ours, theirs := net.Pipe()
		l := newLink(ours, nil)
		go func() {
			_, _ = io.ReadFull(theirs, make([]byte, read))
			_ = theirs.Close()
		}()
		freed := false
		_, err := l.exchange(t.Context(), gosmpp.NewEnquireLink(), time.Second, &request{done: func() { freed = true }})
		if !errors.Is(err, want) || !freed {
			t.Errorf("after %d octets: got %v, place freed %t; want %v", read, err, freed, want)
		}
		l.running.Wait()
	}
}

// The session says goodbye.
func TestUnbindAtTheEnd(t *testing.T) {
	b := make(chan struct{}, 1)
	ln := listen(t)
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		p := &peer{t: t, conn: conn}
		p.serve(nil)
		if len(p.received(pdu.UnbindID)) == 1 {
			b <- struct{}{}
		}
	}()
	a := build(t, ln.Addr().String())
	_, stop := keep(t, a)
	eventually(t, "the session is bound", func() bool { return a.current.Load() != nil })
	stop()
	select {
	case <-b:
	case <-time.After(5 * time.Second):
		t.Error("no unbind came")
	}
}

// FuzzFrame: whatever comes down the wire, it is read within its bounds or the link is dropped.
func FuzzFrame(f *testing.F) {
	f.Add([]byte{0, 0, 0, 18, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 'A', 0})
	f.Add([]byte{0, 0, 0, 16, 0x80, 0, 0, 4, 0, 0, 0, 0x58, 0, 0, 0, 1})
	f.Add(append([]byte{0, 0, 0, 56, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1}, bytes.Repeat([]byte{0xf5}, 40)...))
	f.Add([]byte{0, 0, 0, 15, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{0, 1, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := bytes.NewReader(raw)
		for {
			got, err := readFrame(in)
			if err != nil {
				return
			}
			if len(got.raw) < headerLength || len(got.raw) > longestPDU || len(got.messageID()) > longestID {
				t.Fatalf("% x is read as %+v", raw, got)
			}
		}
	})
}
