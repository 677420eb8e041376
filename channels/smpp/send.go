package smpp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"cascade/channels"
	"cascade/policy"
)

// Bounds of a text: the header counts segments in one octet, and a TLV its octets in two.
const (
	mostSegments   = 255
	longestPayload = 32 << 10
)

// finalReceipt asks for a receipt at the end, whether good or bad.
const finalReceipt = 0x01

// Send writes the message and waits for the answer to each of its segments. Before the first was written, and when the
// first is refused, nothing has left and the class says so. Once a segment was taken, a throttled one is tried again as
// long as ctx goes, and any other trouble is ClassUnknown: the person may have a part.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	if err := ctx.Err(); err != nil {
		return channels.Taken{}, down("not_sent_in_time", "the time was over before the message was written", err)
	}
	requests, fail := a.requests(out)
	if fail != nil {
		return channels.Taken{}, fail
	}
	s := a.current.Load()
	if s == nil || !s.enter() {
		return channels.Taken{}, a.notBound()
	}
	defer s.leave()
	if left := a.pace.left(a.now()); left > 0 {
		return channels.Taken{}, throttled("paused", "the SMS centre throttles this account, and the session pauses", left)
	}
	id, fail := a.submitAll(ctx, s, out, requests)
	if fail != nil {
		return channels.Taken{}, fail
	}
	a.state.taken()
	return channels.Taken{ProviderID: id}, nil
}

// submitAll answers the first segment's id.
func (a *adapter) submitAll(ctx context.Context, s *session, out channels.Outbound, requests []*pdu.SubmitSM) (string, *channels.Failure) {
	g := a.parts.begin(len(requests))
	defer a.parts.end(g)
	several := len(requests) > 1
	late := func(n int) func(string) {
		return func(id string) { a.parts.answered(g, n, id, a.now()) }
	}
	first, fail := a.submit(ctx, s, requests[0], late(0))
	if fail != nil {
		if fail.Class == policy.ClassUnknown {
			a.parts.owe(g, out.Reference)
		}
		return "", fail
	}
	if !several {
		return first, nil
	}
	late(0)(first)
	var (
		rest sync.WaitGroup
		bad  = make([]*channels.Failure, len(requests))
	)
	for n, p := range requests[1:] {
		rest.Go(func() {
			id, fail := a.insist(ctx, s, p, late(n+1))
			if bad[n+1] = fail; fail == nil {
				late(n + 1)(id)
			}
		})
	}
	rest.Wait()
	for n, fail := range bad {
		if fail != nil {
			a.parts.owe(g, out.Reference)
			return "", partly(n+1, len(requests), fail)
		}
	}
	return first, nil
}

// partly is the end of a message of which a part was taken.
func partly(n, of int, why *channels.Failure) *channels.Failure {
	return &channels.Failure{
		Class: policy.ClassUnknown, Code: "partly_taken", ProviderCode: why.ProviderCode,
		Detail: fmt.Sprintf("segment %d of %d: %s: %s", n, of, why.Code, why.Detail),
		Advice: why.Advice, AdviceVI: why.AdviceVI, Err: why.Err,
	}
}

// insist submits a later segment, and again as long as it is throttled: each refusal proves that it was not taken.
func (a *adapter) insist(ctx context.Context, s *session, p *pdu.SubmitSM, late func(string)) (string, *channels.Failure) {
	for {
		if pause := a.pace.left(a.now()); pause > 0 && !wait(ctx, pause) {
			return "", down("not_sent_in_time", "the session was throttled until the time was over", ctx.Err())
		}
		id, fail := a.submit(ctx, s, p, late)
		if fail == nil || fail.Class != policy.ClassThrottled || ctx.Err() != nil {
			return id, fail
		}
	}
}

// submit waits for a place in the window, writes p and waits for the answer. late gets the id of an answer that comes
// after submit has ended.
func (a *adapter) submit(ctx context.Context, s *session, p *pdu.SubmitSM, late func(string)) (string, *channels.Failure) {
	select {
	case s.window <- struct{}{}:
	case <-s.tx.lost:
		return "", down("not_bound", "the link was lost before the message was written", errLost)
	case <-ctx.Done():
		return "", throttled("window_full", "no place in the window came free in time", time.Second)
	}
	if err := ctx.Err(); err != nil { // both came at once
		<-s.window
		return "", down("not_sent_in_time", "the time was over before the message was written", err)
	}
	sent := a.now()
	f, err := s.tx.exchange(ctx, p, a.set.answerWithin, &request{
		message: true,
		done:    func() { <-s.window },
		late: func(f frame) {
			if f.command == data.SUBMIT_SM_RESP && f.status == statusOK {
				late(f.messageID())
			}
		},
	})
	switch {
	case errors.Is(err, errNotLeft) && ctx.Err() != nil:
		return "", down("not_sent_in_time", "the time was over before the message was written", err)
	case errors.Is(err, errNotLeft):
		return "", down("not_bound", "the link was lost before the message was written", err)
	case errors.Is(err, errLost):
		return "", unknown("connection_lost", "the link was lost before the answer came", err)
	case err != nil:
		return "", unknown("no_answer", "the SMS centre did not answer in time", err)
	}
	return a.answered(s, f, sent)
}

// answered reads the answer to a message that was written at sent.
func (a *adapter) answered(s *session, f frame, sent time.Time) (string, *channels.Failure) {
	switch {
	case f.command != data.SUBMIT_SM_RESP && f.command != data.GENERIC_NACK, f.command == data.GENERIC_NACK && f.status == statusOK:
		return "", unknown("unreadable_answer", fmt.Sprintf("the answer is command 0x%08X", uint32(f.command)), nil)
	case f.status == statusOK:
		a.pace.passed(sent)
		return f.messageID(), nil
	}
	fail := a.set.refusal(f.status)
	if fail.Class == policy.ClassThrottled {
		fail.RetryAfter = a.pace.throttled(sent, a.now())
	}
	if f.status == statusBadState {
		s.tx.end(&bindError{statusBadState})
	}
	return "", fail
}

// requests makes the PDUs of a message.
func (a *adapter) requests(out channels.Outbound) ([]*pdu.SubmitSM, *channels.Failure) {
	text := out.Content.Text
	if text == "" {
		return nil, &channels.Failure{Class: policy.ClassRequest, Code: "no_text", Detail: "the message has no text for sms"}
	}
	b := encode(text, a.set.latin1)
	whole := a.set.long == longPayload && len(b.segments) > 1
	if whole {
		b = encodeWhole(text, a.set.latin1)
	}
	if len(b.segments) > mostSegments || len(b.segments[0]) > longestPayload {
		return nil, &channels.Failure{Class: policy.ClassRequest, Code: "too_long", Detail: "the text is longer than an SMS can be"}
	}
	reference := byte(0)
	if len(b.segments) > 1 {
		reference = a.reference.next(out.To)
	}
	requests := make([]*pdu.SubmitSM, len(b.segments))
	for i := range b.segments {
		p, err := a.request(out, b, whole, i, reference)
		if err != nil {
			return nil, &channels.Failure{Class: policy.ClassRequest, Code: "bad_content", Detail: "the message does not fit a submit_sm", Err: err}
		}
		requests[i] = p
	}
	return requests, nil
}

// request makes the submit_sm of the ith segment.
func (a *adapter) request(out channels.Outbound, b body, whole bool, i int, reference byte) (*pdu.SubmitSM, error) {
	p, ok := pdu.NewSubmitSM().(*pdu.SubmitSM)
	if !ok {
		return nil, errors.New("the codec makes no submit_sm")
	}
	var err, errFrom, errText error
	p.SourceAddr, errFrom = pdu.NewAddressWithTonNpiAddr(a.set.sourceTON, a.set.sourceNPI, a.set.source)
	p.DestAddr, err = pdu.NewAddressWithTonNpiAddr(1, 1, strings.TrimPrefix(out.To, "+"))
	p.RegisteredDelivery = finalReceipt
	p.ValidityPeriod = validity(out.ValidFor)
	octets, of := b.segments[i], byte(len(b.segments))
	switch {
	case whole:
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.TagMessagePayload, Data: octets})
		octets = nil
	case of > 1 && a.set.long == longSAR:
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarMsgRefNum, Data: []byte{0, reference}})
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarTotalSegments, Data: []byte{of}})
		p.RegisterOptionalParam(pdu.Field{Tag: pdu.TagSarSegmentSeqnum, Data: []byte{byte(i + 1)}})
	case of > 1:
		p.EsmClass = esmUDH
		octets = append([]byte{5, 0, 3, reference, of, byte(i + 1)}, octets...)
	}
	p.Message, errText = pdu.NewBinaryShortMessageWithEncoding(octets, coding(b.coding))
	return p, errors.Join(err, errFrom, errText)
}

// notBound says why there is no session. The engine tries again by its own rules; nothing has left.
func (a *adapter) notBound() *channels.Failure {
	_, _, err := a.state.last()
	e, refused := errors.AsType[*bindError](err)
	if !refused {
		return &channels.Failure{
			Class: policy.ClassDown, Code: "not_bound", Detail: "there is no session with the SMS centre",
			Advice: adviceLink.en, AdviceVI: adviceLink.vi,
		}
	}
	f := a.set.refusal(e.status)
	if !forBind(e.status) {
		f.Class, f.Code = policy.ClassDown, "not_bound"
	}
	f.Detail = "the SMS centre refuses the bind: " + f.Detail
	return f
}
