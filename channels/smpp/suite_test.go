package smpp

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/policy"
)

// The suite of the adapters over HTTP (package channeltest), as far as SMPP has the like. The rest is beside it: cut
// links, throttling, limits of a PDU, and refused binds.

// shown wants f to be of class and code, and to show neither the password nor the number.
func shown(t *testing.T, f *channels.Failure, class policy.Class, code string) {
	t.Helper()
	if f.Class != class || f.Code != code {
		t.Errorf("got %v, want %s %s", f, class, code)
	}
	channeltest.Discreet(t, f, password, anybody)
}

// onlyMessages has a script answer to the messages alone.
func onlyMessages(t *testing.T, answer func(*peer, pdu.Body)) *adapter {
	t.Helper()
	a, _, _ := scripted(t, func(p *peer, b pdu.Body) {
		if b.Header().ID == pdu.SubmitSMID {
			answer(p, b)
		}
	})
	return a
}

// An id is a text: none is too big, and what is no id is not made one.
func TestBigIDs(t *testing.T) {
	for id, want := range map[string]string{
		"9007199254740993": "9007199254740993", "18446744073709551617": "18446744073709551617",
		strings.Repeat("f", longestID): strings.Repeat("f", longestID), strings.Repeat("f", longestID+1): "",
	} {
		a := onlyMessages(t, func(p *peer, b pdu.Body) { p.answer(b, 0, id) })
		got, err := a.Send(t.Context(), message(1, "x"))
		if err != nil || got.ProviderID != want {
			t.Errorf("%s is read as %q, %v", id, got.ProviderID, err)
		}
	}
	for from, want := range map[string]string{"9007199254740993": "20000000000001", "340282366920938463463374607431768211456": "1" + strings.Repeat("0", 32)} {
		if got := rebase(from, 10, 16); got != want || rebase(want, 16, 10) != from {
			t.Errorf("%s is turned into %s, want %s and back", from, got, want)
		}
	}
}

// The first answer to a message counts, and no other is taken for that of the next. A refusal behind it, as behind a
// repeated JSON key, sends nothing again.
func TestAnsweredTwice(t *testing.T) {
	n := 0
	a := onlyMessages(t, func(p *peer, b pdu.Body) {
		n++
		p.answer(b, 0, []string{"A1", "B1"}[min(n, 2)-1])
		p.answer(b, 0, "A2")
		p.answer(b, 0x0B, "")
	})
	for i, want := range []string{"a1", "b1"} {
		if got, err := a.Send(t.Context(), message(i, "x")); err != nil || got.ProviderID != want {
			t.Errorf("got %+v, %v, want %s", got, err, want)
		}
	}
}

// A TLV that stands twice is read by its last value, as a JSON key is.
func TestReceiptWithATLVTwice(t *testing.T) {
	tlv := func(id string) []byte {
		value := append([]byte(id), 0)
		return append([]byte{0, 0x1E, 0, byte(len(value))}, value...) // receipted_message_id
	}
	_, in, latest := scripted(t, nil)
	p := latest()
	d := pdu.NewSubmitSM(nil) // its fields are a deliver_sm's
	d.Header().ID, d.Header().Seq = pdu.DeliverSMID, 905
	_ = d.Fields().Set(pdufield.ESMClass, 0x04)
	_ = d.Fields().Set(pdufield.ShortMessage, []byte("id:7 stat:DELIVRD"))
	var raw bytes.Buffer
	if err := d.SerializeTo(&raw); err != nil {
		t.Fatal(err)
	}
	twice := append(append(raw.Bytes(), tlv("a1")...), tlv("b2")...)
	twice[3] = byte(len(twice)) // below 256
	_, _ = p.conn.Write(twice)
	if got := in.await(1); got[0].ProviderID != "b2" || got[0].Kind != policy.ReceiptDelivered {
		t.Errorf("got %+v, want b2 delivered", got[0])
	}
}

func TestSenselessAnswers(t *testing.T) {
	const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
	cut := func(octets int) func(*peer, pdu.Body) {
		return func(p *peer, b pdu.Body) {
			var whole bytes.Buffer
			resp := pdu.NewSubmitSMResp()
			resp.Header().Seq = b.Header().Seq
			_ = resp.Fields().Set(pdufield.MessageID, "A1")
			_ = resp.SerializeTo(&whole)
			_, _ = p.conn.Write(whole.Bytes()[:octets])
			_ = p.conn.Close()
		}
	}
	tests := map[string]func(*peer, pdu.Body){
		"a web page":               func(p *peer, _ pdu.Body) { _, _ = p.conn.Write([]byte(page)) },
		"closed before the answer": func(p *peer, _ pdu.Body) { _ = p.conn.Close() },
		"closed inside its head":   cut(7),
		"closed inside its body":   cut(headerLength + 1),
		"reset": func(p *peer, _ pdu.Body) {
			_ = p.conn.(*net.TCPConn).SetLinger(0)
			_ = p.conn.Close()
		},
		"10 MB": func(p *peer, _ pdu.Body) {
			_, _ = p.conn.Write(append([]byte{0, 0xA0, 0, 0, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2}, bytes.Repeat([]byte("x"), 10<<20)...))
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			a := onlyMessages(t, answer)
			shown(t, failure(a.Send(t.Context(), message(1, "x"))), policy.ClassUnknown, "connection_lost")
		})
	}
}

// An answer of which an octet comes now and then is none in time.
func TestSlowDrip(t *testing.T) {
	over := make(chan struct{})
	a := onlyMessages(t, func(p *peer, b pdu.Body) {
		resp := []byte{0, 0, 0, 255, 0x80, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, byte(b.Header().Seq)}
		for i := 0; ; i++ {
			if _, err := p.conn.Write(resp[min(i, len(resp)-1) : min(i, len(resp)-1)+1]); err != nil {
				return
			}
			select {
			case <-over:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	shown(t, failure(a.Send(ctx, message(1, "x"))), policy.ClassUnknown, "no_answer")
	close(over)
}

// Nothing leaves while nobody, or somebody else, is at the other end.
func TestNobodyThere(t *testing.T) {
	cert, authority := certificate(t)
	stranger := tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{cert}})
	t.Cleanup(func() { _ = stranger.Close() })
	go func() {
		for {
			conn, err := stranger.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake() // which the other side breaks off
			_ = conn.Close()
		}
	}()
	refused := listen(t)
	_ = refused.Close()
	byAddress := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, stranger.Addr().String())
	}
	tests := map[string]struct {
		addr     string
		dial     channels.Dial
		settings []string
		is       func(error) bool
	}{
		"connection refused": {refused.Addr().String(), nil, nil, func(err error) bool { _, ok := errors.AsType[*net.OpError](err); return ok }},
		"name of nobody": {"smsc.invalid:2775", func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "smsc.invalid", IsNotFound: true}}
		}, nil, func(err error) bool { _, ok := errors.AsType[*net.DNSError](err); return ok }},
		"certificate of nobody": {stranger.Addr().String(), nil, []string{settingTLS, "true"}, func(err error) bool { _, ok := errors.AsType[x509.UnknownAuthorityError](err); return ok }},
		"certificate of another": {
			"smsc.invalid:2775", byAddress,
			[]string{settingTLS, "true", settingTLSCA, authority},
			func(err error) bool { _, ok := errors.AsType[x509.HostnameError](err); return ok },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, tt.addr, tt.settings...)
			if tt.dial != nil {
				a.dial = tt.dial
			}
			keep(t, a)
			eventually(t, "a try to bind", func() bool { _, _, err := a.state.last(); return err != nil })
			if _, _, err := a.state.last(); !tt.is(err) {
				t.Errorf("the bind failed for %v", err)
			}
			shown(t, failure(a.Send(t.Context(), message(1, "x"))), policy.ClassDown, "not_bound")
			if f := a.Check(t.Context())[0]; f.Level != "error" || strings.Contains(f.Message, password) {
				t.Errorf("the check finds %+v", f)
			}
		})
	}
}
