package simulator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutext"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
)

// submit judges a submit_sm. Answers may overtake one another, as at a real SMS centre.
func (b *smppBind) submit(p pdu.Body) {
	if !b.sends {
		b.refuse(p, pdu.SubmitSMRespID, smppBadState)
		return
	}
	b.mu.Lock()
	b.unanswered++
	window := b.unanswered
	b.mu.Unlock()
	if status := b.centre.admit(b.acc, window); status != smppOK {
		b.srv.s.refusedCall(SMPP, b.acc.ID, SMS, smppCode(status))
		b.answered()
		b.refuse(p, pdu.SubmitSMRespID, status)
		return
	}
	go b.judge(p)
}

// answered frees a place in the window. It comes before the answer is written, as the client may use the place at once.
func (b *smppBind) answered() {
	b.mu.Lock()
	b.unanswered--
	b.mu.Unlock()
}

func (b *smppBind) judge(p pdu.Body) {
	s := b.srv.s
	to := digits(p.Fields()[pdufield.DestinationAddr].String())
	if !e164Digits.MatchString(to) {
		s.refusedCall(SMPP, b.acc.ID, SMS, smppCode(smppBadNumber))
		b.answered()
		b.refuse(p, pdu.SubmitSMRespID, smppBadNumber)
		return
	}
	text := smppText(p)
	parts := 1
	if p.TLVFields()[pdutlv.TagMessagePayload] != nil {
		parts = segments(text)
	}
	rec, v := s.place(order{
		provider: SMPP, channel: SMS, acc: b.acc, to: to, segments: parts, bill: billFor(SMS, parts),
		validFor: smppValidity(p.Fields()[pdufield.ValidityPeriod].String()), hook: b.centre.hook(b.acc, to, text),
	}, func(v verdict) string { return smppCode(smppRefusal(v)) })
	if v.taken {
		b.centre.queued(1)
		if b.acc.SMPP.ReceiptFirst {
			s.happen(rec, v.rule, smppEnd(v), v.fail)
		}
	}
	if b.acc.faultNow() == FaultSlow {
		s.pause(context.Background(), slowness)
	}
	s.pause(context.Background(), v.rule.AnswerAfter)
	if v.spoil != Hang {
		b.answered()
	}
	switch {
	case v.spoil == Hang:
	case v.spoil != "":
		_ = b.conn.Close()
	case v.outcome == OutcomeRefused:
		b.refuse(p, pdu.SubmitSMRespID, smppRefusal(v))
	default:
		resp := pdu.NewSubmitSMResp()
		_ = resp.Fields().Set(pdufield.MessageID, rec.call.ProviderID)
		b.reply(p, resp)
	}
}

// smppEnd is what a taken message comes to.
func smppEnd(v verdict) string {
	if v.fail != "" {
		return failed
	}
	return delivered
}

// smppRefusal is the status of a refusal. A Rule's code may be a status as "0x0A".
func smppRefusal(v verdict) pdu.Status {
	switch v.refuse {
	case Throttle:
		return smppThrottled
	case CodeQuota:
		return smppQueueFull
	case CodeUnknownUser, "":
		return smppBadNumber
	case CodeToken:
		return smppBadSource
	case codeBalance:
		return smppSubmitFail
	}
	if n, err := strconv.ParseUint(v.refuse, 0, 32); err == nil {
		return pdu.Status(n)
	}
	return smppSystem
}

func smppCode(status pdu.Status) string { return "0x" + strconv.FormatUint(uint64(status), 16) }

// smppText decodes a message without its header.
func smppText(p pdu.Body) string {
	octets := p.Fields()[pdufield.ShortMessage].Bytes()
	if payload := p.TLVFields()[pdutlv.TagMessagePayload]; payload != nil {
		octets = payload.Bytes()
	} else if p.Fields()[pdufield.ESMClass].Bytes()[0]&0x40 != 0 && len(octets) > int(octets[0]) {
		octets = octets[octets[0]+1:]
	}
	if p.Fields()[pdufield.DataCoding].Bytes()[0] == 8 {
		return string(pdutext.UCS2(octets).Decode())
	}
	return string(pdutext.GSM7(octets).Decode())
}

// smppValidity reads a relative time (YYMMDDhhmmss000R) of less than a month; 0 for any other.
func smppValidity(s string) time.Duration {
	if len(s) != 16 || !strings.HasPrefix(s, "0000") || !strings.HasSuffix(s, "R") {
		return 0
	}
	total := time.Duration(0)
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, err := strconv.Atoi(s[4+2*i : 6+2*i])
		if err != nil {
			return 0
		}
		total += time.Duration(n) * unit
	}
	return total
}
