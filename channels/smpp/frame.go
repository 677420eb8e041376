package smpp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// Bounds of a PDU in octets. Source: SMPP 3.4 §3.2 for the header; the upper one is ours.
const (
	headerLength = 16
	longestPDU   = 64 << 10
)

// errFrame: the stream is not SMPP, or no longer in step; nothing after it can be read.
var errFrame = errors.New("the length of a PDU is out of bounds")

// frame is a PDU as it was read. Its body is decoded where it is needed, for the SMS centre may leave it out of a refusal.
type frame struct {
	command  data.CommandIDType
	status   uint32
	sequence int32
	raw      []byte
}

// readFrame reads one PDU. Errors: errFrame, and those of r.
func readFrame(r io.Reader) (frame, error) {
	var head [headerLength]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(head[:])
	if length < headerLength || length > longestPDU {
		return frame{}, errFrame
	}
	raw := make([]byte, length)
	copy(raw, head[:])
	if _, err := io.ReadFull(r, raw[headerLength:]); err != nil {
		return frame{}, err
	}
	h := pdu.ParseHeader(head)
	return frame{h.CommandID, uint32(h.CommandStatus), h.SequenceNumber, raw}, nil
}

// decode reads the body into p, which is of the frame's command.
func (f frame) decode(p pdu.PDU) error {
	if err := p.Unmarshal(pdu.NewBuffer(f.raw)); err != nil {
		return fmt.Errorf("%w: the body of command 0x%X cannot be read", err, uint32(f.command))
	}
	return nil
}

// answersUs reports whether f answers a request of ours.
func (f frame) answersUs() bool { return uint32(f.command)&0x80000000 != 0 }

// messageID is the id in the answer to a submit_sm; "" if there is none.
func (f frame) messageID() string {
	resp := &pdu.SubmitSMResp{}
	if p, ok := pdu.NewSubmitSMResp().(*pdu.SubmitSMResp); ok {
		resp = p
	}
	_ = f.decode(resp) // the id stands first, and is good even if what follows it is not
	return answerID(resp.MessageID)
}

// writePDU writes p in one piece and closes conn if that takes longer than d. n is how much of it may have left.
func writePDU(conn net.Conn, p pdu.PDU, d time.Duration) (n int, err error) {
	buf := pdu.NewBuffer(nil)
	p.Marshal(buf)
	t := time.AfterFunc(d, func() { _ = conn.Close() })
	defer t.Stop()
	return conn.Write(buf.Bytes())
}
