package smpp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/pdu"

	"cascade/channels"
)

// state is what a check tells of the session.
type state struct {
	mu                 sync.Mutex
	keeping            bool
	since, lastReceipt time.Time
	err                error
	// sent and receipts count since the session was bound last, messages and receipts.
	sent, receipts int
}

func (s *state) kept(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keeping, s.since = yes, time.Time{}
	if yes {
		s.err = nil
	}
}

func (s *state) bound(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.err, s.sent, s.receipts = now, nil, 0, 0
}

// unbound keeps why the session is down, and reports whether a person has to mend it.
func (s *state) unbound(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.err = time.Time{}, err
	e, ok := errors.AsType[*bindError](err)
	return ok && forBind(e.status)
}

func (s *state) taken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent++
}

func (s *state) receipt(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receipts++
	s.lastReceipt = now
}

// last answers since when the session is bound, zero if it is not. The error is why not; nil if nothing was tried yet.
func (s *state) last() (since time.Time, keeping bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since, s.keeping, s.err
}

func (s *state) traffic() (sent, receipts int, lastReceipt time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent, s.receipts, s.lastReceipt
}

// Check tells whether the session of this replica is bound, and since when. Where no session is kept it binds once as a
// transmitter, to which no receipts come, and unbinds.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	since, keeping, err := a.state.last()
	switch {
	case !keeping:
		return []channels.Finding{a.probe(ctx)}
	case since.IsZero():
		return []channels.Finding{a.trouble(said{"The session is not bound", "Phiên chưa được kết nối"}, err)}
	default:
		return []channels.Finding{
			a.boundFinding(since),
			a.receiptFinding(since),
		}
	}
}

// said is a sentence in English and Vietnamese.
type said struct{ en, vi string }

func (a *adapter) boundFinding(since time.Time) channels.Finding {
	as := said{"transceiver", "transceiver"}
	if a.set.pair {
		as = said{"transmitter and receiver", "transmitter và receiver"}
	}
	at := since.UTC().Format(time.RFC3339)
	return channels.Finding{
		Level: "ok", Code: "bound", Message: fmt.Sprintf("Bound as %s since %s.", as.en, at),
		MessageVI: fmt.Sprintf("Đã kết nối (bind) dạng %s từ %s.", as.vi, at),
	}
}

// probe binds and unbinds.
func (a *adapter) probe(ctx context.Context) channels.Finding {
	l, err := a.connect(ctx, pdu.Transmitter, func(l *link, f frame) { l.answerReceipt(f, statusTryLater) })
	if err != nil {
		return a.trouble(said{"A trial bind failed", "Bind thử không thành công"}, err)
	}
	bye, cancel := context.WithTimeout(ctx, unbindWithin)
	defer cancel()
	l.unbind(bye)
	return channels.Finding{
		Level: "ok", Code: "bind_ok", Message: "A trial bind was accepted; no session is kept here.",
		MessageVI: "Bind thử được chấp nhận; phiên không được giữ ở bản chạy này.",
	}
}

// trouble tells why there is no session.
func (a *adapter) trouble(what said, err error) channels.Finding {
	f := channels.Finding{Level: "error", Code: "not_bound", Advice: adviceLink.en, AdviceVI: adviceLink.vi}
	if err == nil {
		f.Level, f.Message, f.MessageVI = "warning", what.en+" yet.", what.vi+"."
		return f
	}
	f.Message, f.MessageVI = what.en+": "+a.describe(err)+".", what.vi+": "+a.describe(err)+"."
	if e, ok := errors.AsType[*bindError](err); ok {
		refusal := a.set.refusal(e.status)
		f.Code, f.Advice, f.AdviceVI = refusal.Code, refusal.Advice, refusal.AdviceVI
		f.MessageVI = what.vi + ": " + channels.CodeVI(refusal.Code) + " (" + refusal.ProviderCode + ")."
		if a.set.maxBinds > 0 {
			f.Message += fmt.Sprintf(" The operator allows %d binds in all.", a.set.maxBinds)
			f.MessageVI += fmt.Sprintf(" Nhà mạng cho phép tổng cộng %d bind.", a.set.maxBinds)
		}
	}
	return f
}

// Enough messages and time that a receipt should have come.
const (
	enoughSent = 20
	enoughTime = 15 * time.Minute
)

func (a *adapter) receiptFinding(since time.Time) channels.Finding {
	sent, receipts, last := a.state.traffic()
	if receipts == 0 && sent >= enoughSent && a.now().Sub(since) > enoughTime {
		return channels.Finding{
			Level: "warning", Code: "no_receipts", Message: fmt.Sprintf("%d messages were taken since then and no receipt came.", sent),
			MessageVI: fmt.Sprintf("Từ đó đã có %d tin được nhận mà không có báo cáo nào đến.", sent),
			Advice:    adviceReceipts.en, AdviceVI: adviceReceipts.vi,
		}
	}
	f := channels.Finding{
		Level: "ok", Code: "receipts", Message: fmt.Sprintf("%d messages were taken and %d receipts came since then.", sent, receipts),
		MessageVI: fmt.Sprintf("Từ đó đã có %d tin được nhận và %d báo cáo đến.", sent, receipts),
	}
	if !last.IsZero() {
		f.Message += " The last came at " + last.UTC().Format(time.RFC3339) + "."
		f.MessageVI += " Báo cáo cuối đến lúc " + last.UTC().Format(time.RFC3339) + "."
	}
	return f
}
