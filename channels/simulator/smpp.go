package simulator

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"sync"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// SMPP is the provider of accounts that bind by SMPP 3.4, as Account.Provider and Call.Provider name it.
const SMPP = "smpp"

// Forms of a receipt, as SMPPKnobs.Form.
const (
	FormBoth = ""
	FormText = "text"
	FormTLV  = "tlv"
)

// SMPPKnobs say how the SMS centre treats an account. Zero limits are none.
type SMPPKnobs struct {
	// Window is how many submit_sm of one bind may be unanswered, PerSecond how many the account may send in a second:
	// beyond either a message is throttled (58). Queue is how many may wait for delivery (14), MaxBinds how many
	// connections may be bound (05).
	Window    int `json:"window,omitempty"`
	PerSecond int `json:"per_second,omitempty"`
	Queue     int `json:"queue,omitempty"`
	MaxBinds  int `json:"max_binds,omitempty"`
	// DecimalIDs: receipts write in decimal the id that the answer wrote in hex.
	DecimalIDs bool `json:"decimal_ids,omitempty"`
	// ReceiptFirst: the receipt goes out before the answer to its message.
	ReceiptFirst bool `json:"receipt_first,omitempty"`
	// Form is FormText, FormTLV or FormBoth.
	Form string `json:"form,omitempty"`
}

// The command_status values in use.
const (
	smppOK         pdu.Status = 0x00
	smppBadCommand pdu.Status = 0x03
	smppBadState   pdu.Status = 0x04
	smppBound      pdu.Status = 0x05
	smppSystem     pdu.Status = 0x08
	smppBadSource  pdu.Status = 0x0A
	smppBadNumber  pdu.Status = 0x0B
	smppPassword   pdu.Status = 0x0E
	smppSystemID   pdu.Status = 0x0F
	smppQueueFull  pdu.Status = 0x14
	smppSubmitFail pdu.Status = 0x45
	smppThrottled  pdu.Status = 0x58
)

// smppServer is the SMS centre behind one listener.
type smppServer struct {
	s       *Simulator
	mu      sync.Mutex
	centres map[string]*smppCentre
	conns   map[*smppBind]bool
}

// ServeSMPP answers SMPP 3.4 on ln until the simulator or ln is closed, which is a nil error.
func (s *Simulator) ServeSMPP(ln net.Listener) error {
	srv := &smppServer{s: s, centres: map[string]*smppCentre{}, conns: map[*smppBind]bool{}}
	over := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(over)
	wg.Go(func() {
		select {
		case <-s.done:
			_ = ln.Close()
		case <-over:
		}
		srv.hangUp()
	})
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		b := &smppBind{srv: srv, conn: conn, open: map[uint32]smppReceipt{}}
		srv.mu.Lock()
		srv.conns[b] = true
		srv.mu.Unlock()
		wg.Go(b.serve)
	}
}

// hangUp cuts every connection.
func (srv *smppServer) hangUp() {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	for b := range srv.conns {
		_ = b.conn.Close()
	}
}

// centre is what the SMS centre knows of an account.
func (srv *smppServer) centre(acc *account) *smppCentre {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	c := srv.centres[acc.ID]
	if c == nil {
		c = &smppCentre{s: srv.s, id: acc.ID}
		srv.centres[acc.ID] = c
	}
	return c
}

// smppBind is one connection.
type smppBind struct {
	srv    *smppServer
	conn   net.Conn
	write  sync.Mutex
	acc    *account
	centre *smppCentre
	// sends and receives say what the bind may do; both are false before it is bound.
	sends, receives bool

	mu sync.Mutex
	// open holds the receipts that wait for their deliver_sm_resp, unanswered counts the submit_sm under way.
	open       map[uint32]smppReceipt
	unanswered int
	next       uint32
}

func (b *smppBind) serve() {
	defer b.leave()
	in := bufio.NewReader(b.conn)
	for {
		p, err := pdu.Decode(in)
		if err != nil {
			return
		}
		if !b.take(p) {
			return
		}
	}
}

// take handles one PDU; false ends the connection.
func (b *smppBind) take(p pdu.Body) bool {
	switch id := p.Header().ID; id {
	case pdu.BindReceiverID, pdu.BindTransmitterID, pdu.BindTransceiverID:
		return b.bind(p)
	case pdu.UnbindID:
		b.reply(p, pdu.NewUnbindResp())
		return false
	case pdu.EnquireLinkID:
		b.reply(p, pdu.NewEnquireLinkResp())
	case pdu.SubmitSMID:
		b.submit(p)
	case pdu.DeliverSMRespID:
		b.acknowledged(p)
	case pdu.EnquireLinkRespID, pdu.UnbindRespID, pdu.GenericNACKID:
	default:
		b.refuse(p, pdu.GenericNACKID, smppBadCommand)
	}
	return true
}

func (b *smppBind) bind(p pdu.Body) bool {
	id := p.Header().ID
	answer := id | 0x80000000
	user := p.Fields()[pdufield.SystemID].String()
	acc, ok := b.srv.s.byKey(SMPP, user)
	status := smppOK
	switch {
	case b.acc != nil:
		status = smppBound
	case !ok:
		status = smppSystemID
	case acc.AppSecret != "" && acc.AppSecret != p.Fields()[pdufield.Password].String():
		status = smppPassword
	case !b.srv.centre(acc).enter(b, acc):
		status = smppBound
	}
	if status != smppOK {
		b.refuse(p, answer, status)
		return b.acc != nil
	}
	b.acc, b.centre = acc, b.srv.centre(acc)
	b.sends, b.receives = id != pdu.BindReceiverID, id != pdu.BindTransmitterID
	resp := pdu.NewBindTransceiverResp()
	resp.Header().ID = answer
	_ = resp.Fields().Set(pdufield.SystemID, "simulator")
	b.reply(p, resp)
	if b.receives {
		b.centre.receive(b)
	}
	return true
}

// leave ends the connection; receipts without an answer go out again.
func (b *smppBind) leave() {
	_ = b.conn.Close()
	b.srv.mu.Lock()
	delete(b.srv.conns, b)
	b.srv.mu.Unlock()
	if b.centre != nil {
		b.mu.Lock()
		open := b.open
		b.open = nil
		b.mu.Unlock()
		b.centre.leave(b, open)
	}
}

// send writes a PDU in one piece. The reader notices a broken connection.
func (b *smppBind) send(p pdu.Body) {
	var buf bytes.Buffer
	if p.SerializeTo(&buf) != nil {
		return
	}
	b.write.Lock()
	defer b.write.Unlock()
	_, _ = b.conn.Write(buf.Bytes())
}

func (b *smppBind) reply(to, p pdu.Body) {
	p.Header().Seq = to.Header().Seq
	b.send(p)
}

// refuse answers with a status and, as the standard allows, without a body.
func (b *smppBind) refuse(to pdu.Body, answer pdu.ID, status pdu.Status) {
	p := pdu.NewGenericNACK()
	p.Header().ID, p.Header().Status = answer, status
	b.reply(to, p)
}
