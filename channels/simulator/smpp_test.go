package simulator

import (
	"bufio"
	"bytes"
	"net"
	"testing"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
)

// esme is a client that writes what a test says.
type esme struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

// smppBench serves one account.
func smppBench(t *testing.T, knobs SMPPKnobs) (*Simulator, func() *esme) {
	t.Helper()
	now := time.Now()
	sim, err := New(Options{Scale: fast, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	sim.Register(Account{Provider: SMPP, ID: "u", AppSecret: "p", SMPP: knobs})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- sim.ServeSMPP(ln) }()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return sim, func() *esme {
		conn, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return &esme{t, conn, bufio.NewReader(conn)}
	}
}

// ask writes p and answers the next PDU that comes.
func (e *esme) ask(p pdu.Body) pdu.Body {
	e.t.Helper()
	var buf bytes.Buffer
	if err := p.SerializeTo(&buf); err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.conn.Write(buf.Bytes()); err != nil {
		e.t.Fatal(err)
	}
	return e.next()
}

func (e *esme) next() pdu.Body {
	e.t.Helper()
	_ = e.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	p, err := pdu.Decode(e.in)
	if err != nil {
		e.t.Fatal(err)
	}
	return p
}

func bindAs(user, password string) pdu.Body {
	p := pdu.NewBindTransceiver()
	_ = p.Fields().Set(pdufield.SystemID, user)
	_ = p.Fields().Set(pdufield.Password, password)
	return p
}

func submitTo(to, text string) pdu.Body {
	p := pdu.NewSubmitSM(nil)
	_ = p.Fields().Set(pdufield.DestinationAddr, to)
	_ = p.Fields().Set(pdufield.ShortMessage, []byte(text))
	return p
}

func TestSMPPBinds(t *testing.T) {
	_, dial := smppBench(t, SMPPKnobs{MaxBinds: 1})
	if got := dial().ask(submitTo("84912345678", "x")).Header(); got.Status != smppBadState {
		t.Errorf("a message before the bind: %+v, want 04", got)
	}
	for _, tt := range []struct {
		user, password string
		want           pdu.Status
	}{{"v", "p", smppSystemID}, {"u", "q", smppPassword}, {"u", "p", smppOK}, {"u", "p", smppBound}} {
		if got := dial().ask(bindAs(tt.user, tt.password)).Header(); got.Status != tt.want || got.ID != pdu.BindTransceiverRespID {
			t.Errorf("bind as %s/%s: %+v, want %#x", tt.user, tt.password, got, tt.want)
		}
	}
}

func TestSMPPSubmit(t *testing.T) {
	sim, dial := smppBench(t, SMPPKnobs{PerSecond: 4})
	e := dial()
	e.ask(bindAs("u", "p"))
	sim.SetRule("84912000001", Rule{Deliver: never})
	sim.SetRule("84912000002", Rule{Outcome: Refuse, Code: "0x450"})
	sim.SetRule("84912000003", Rule{Outcome: Throttle})
	for _, tt := range []struct {
		to   string
		want pdu.Status
	}{{"84912000001", smppOK}, {"84912000002", 0x450}, {"84912000003", smppThrottled}, {"12", smppBadNumber}, {"84912000001", smppThrottled}} {
		if got := e.ask(submitTo(tt.to, "x")).Header(); got.Status != tt.want {
			t.Errorf("to %s: %+v, want %#x", tt.to, got, tt.want)
		}
	}
	var outcomes []string
	for _, c := range sim.Calls() {
		outcomes = append(outcomes, c.Outcome+" "+c.Code)
	}
	if len(outcomes) != 5 || outcomes[0] != "taken " || outcomes[1] != "refused 0x450" || outcomes[4] != "refused 0x58" {
		t.Errorf("the call log says %v", outcomes)
	}
}

// A receipt comes again until it is acknowledged.
func TestSMPPReceiptComesAgain(t *testing.T) {
	_, dial := smppBench(t, SMPPKnobs{Form: FormText})
	e := dial()
	e.ask(bindAs("u", "p"))
	e.ask(submitTo("84912000001", "x"))
	first := e.next()
	if first.Header().ID != pdu.DeliverSMID || !bytes.Contains(first.Fields()[pdufield.ShortMessage].Bytes(), []byte("stat:DELIVRD")) {
		t.Fatalf("got %s %q, want a receipt", first.Header().ID, first.Fields()[pdufield.ShortMessage])
	}
	later := pdu.NewDeliverSMRespSeq(first.Header().Seq)
	later.Header().Status = 0x64
	again := e.ask(later)
	if again.Header().ID != pdu.DeliverSMID || again.Fields()[pdufield.ShortMessage].String() != first.Fields()[pdufield.ShortMessage].String() {
		t.Errorf("got %s, want the receipt again", again.Header().ID)
	}
	_ = e.conn.Close()
	other := dial()
	other.ask(bindAs("u", "p"))
	if got := other.next(); got.Header().ID != pdu.DeliverSMID {
		t.Errorf("got %s on a new bind, want the receipt that was never acknowledged", got.Header().ID)
	}
}

func TestSMPPValidity(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": 0, "000000001000000R": 10 * time.Minute, "000002010001000R": 49*time.Hour + time.Second, "261120080000028+": 0, "0000xx000000000R": 0,
	} {
		if got := smppValidity(text); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
