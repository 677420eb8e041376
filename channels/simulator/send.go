package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// order is a message as a provider's handler has read it.
type order struct {
	provider, channel string
	acc               *account
	ref, to           string
	segments          int
	bill              bill
	// validFor is when a provider that can gives up; 0 never.
	validFor time.Duration
	// hook makes the webhook that tells of an event; false if none does.
	hook func(rec *record, e event) (delivery, bool)
	// claimRef: a reference that was taken before is a duplicate.
	claimRef bool
	// tellsLater: a refusal with this code is told by a report instead of in the answer; nil never.
	tellsLater func(code string) bool
	// failCode turns a Rule's code of a failure told later into the provider's; nil leaves it.
	failCode func(code string) string
	// newID writes an id of providerID as the provider does; nil leaves it.
	newID func(id string) string
}

// verdict is what happens to an order. Its Outcome is one of the Outcome constants.
type verdict struct {
	rule    Rule
	outcome string
	taken   bool
	// refuse is the code of a refusal, in the Rule's words; throttled and duplicate are refusals of their own.
	refuse    string
	retry     time.Duration
	duplicate bool
	// fail is the code of a failure to be told later.
	fail string
	// spoil is how the answer goes wrong: Hang, CutTaken, CutNotTaken, HTML, Truncated, HTTP502 or "".
	spoil string
}

// judge applies the number's rule and the account's state.
func (s *Simulator) judge(o order) verdict {
	r := s.rule(o.channel, o.to)
	v := verdict{rule: r, outcome: OutcomeTaken, taken: true}
	if o.acc.faultNow() == FaultDown {
		return verdict{outcome: OutcomeCutNotTaken, spoil: HTTP502}
	}
	refuse := func(code string) verdict { return verdict{rule: r, outcome: OutcomeRefused, refuse: code} }
	outcome := r.Outcome
	if outcome != "" && r.For > 0 {
		left := s.windows.left(o.channel+"\x00"+o.acc.ID+"\x00"+o.to, s.scaled(r.For), s.opt.Now())
		if v.retry = left; left == 0 {
			outcome = ""
		}
	}
	switch outcome {
	case Refuse:
		if o.tellsLater == nil || !o.tellsLater(r.Code) {
			return refuse(r.Code)
		}
		v.fail = r.Code
	case Throttle:
		return verdict{rule: r, outcome: OutcomeRefused, refuse: Throttle, retry: max(v.retry, time.Second)}
	case Fail:
		v.fail = r.Code
		if v.fail == "" {
			v.fail = CodeUnknownUser
		}
	case Hang:
		v.outcome, v.taken, v.spoil = OutcomeHung, r.Taken, Hang
	case CutTaken, Truncated:
		v.outcome, v.spoil = OutcomeCutTaken, outcome
	case CutNotTaken:
		v.outcome, v.taken, v.spoil = OutcomeCutNotTaken, false, outcome
	case HTML, HTTP502:
		v.outcome, v.taken, v.spoil = OutcomeCutNotTaken, r.Taken, outcome
		if r.Taken {
			v.outcome = OutcomeCutTaken
		}
	}
	if v.taken && o.acc.NoBalance {
		return refuse(codeBalance)
	}
	return v
}

// codeBalance refuses for want of money.
const codeBalance = "balance"

// place judges an order, keeps it as a call and sets off what follows. code is asked for the provider's own code of
// what went wrong.
func (s *Simulator) place(o order, code func(verdict) string) (*record, verdict) {
	v := s.judge(o)
	if v.taken {
		if _, ok := o.acc.spend(s.opt.Now()); !ok {
			v = verdict{rule: v.rule, outcome: OutcomeRefused, refuse: CodeQuota}
		}
	}
	id := s.seq.Add(1)
	rec := s.newRecord(id, o, v, code)
	if v.taken && o.claimRef && o.ref != "" && !s.book.claim(idKey(o.provider, o.acc.ID, o.ref), rec) {
		v = verdict{outcome: OutcomeRefused, duplicate: true}
		rec = s.newRecord(id, o, v, code)
	}
	s.book.add(rec)
	s.holds.release(o.to, o.channel)
	if v.taken {
		s.schedule(rec, o, v)
	}
	return rec, v
}

func (s *Simulator) newRecord(id uint64, o order, v verdict, code func(verdict) string) *record {
	rec := &record{bill: o.bill, hook: o.hook, call: Call{
		ID: id, At: s.opt.Now(), Provider: o.provider, Account: o.acc.ID, Channel: o.channel,
		Reference: o.ref, To: o.to, Outcome: v.outcome, Segments: o.segments,
	}}
	if v.taken {
		rec.call.ProviderID = s.providerID(id)
		if o.newID != nil {
			rec.call.ProviderID = o.newID(rec.call.ProviderID)
		}
		if o.claimRef && o.ref != "" {
			rec.call.ProviderID = o.ref
		}
	}
	if v.outcome != OutcomeTaken {
		rec.call.Code = code(v)
	}
	return rec
}

// refusedCall keeps a call that got no further than the provider's door.
func (s *Simulator) refusedCall(provider, account, channel, code string) {
	s.book.add(&record{call: Call{
		ID: s.seq.Add(1), At: s.opt.Now(), Provider: provider, Account: account, Channel: channel, Outcome: OutcomeRefused, Code: code,
	}})
}

const (
	failAfter   = time.Second
	heldAtMost  = 10 * time.Minute // a held delivery happens even if no other channel is ever called
	repeatEvery = 150 * time.Millisecond
)

// schedule sets the timers for what will happen to a taken message.
func (s *Simulator) schedule(rec *record, o order, v verdict) {
	r := v.rule
	deliver := or(r.Deliver, s.opt.DeliverAfter)
	if deliver >= 0 && o.acc.faultNow() == FaultLate {
		deliver += lateness
	}
	readAfter := or(r.Read, s.readDefault(o.channel))
	canFail := o.provider != Zalo
	if v.fail != "" {
		if canFail {
			code := v.fail
			if o.failCode != nil {
				code = o.failCode(code)
			}
			s.after(or(r.Deliver, failAfter), func() { s.happen(rec, r, failed, code) })
		}
		return
	}
	if r.AfterNext {
		s.holdBack(rec, o, r)
		return
	}
	if canFail && o.validFor > 0 && (deliver < 0 || s.scaled(deliver) > o.validFor) {
		s.at(o.validFor, func() { s.happen(rec, r, failed, codeExpired) })
		return
	}
	if deliver < 0 {
		return
	}
	if canFail {
		s.after(deliver/2, func() { s.happen(rec, r, accepted, "") })
	}
	s.after(deliver, func() { s.happen(rec, r, delivered, "") })
	if readAfter >= 0 && o.channel != SMS {
		s.after(max(readAfter, deliver), func() { s.happen(rec, r, read, "") })
	}
}

// codeExpired fails a message whose validity ran out, in Infobip's words: EC_VALIDITY_EXPIRED.
const codeExpired = "4101"

func (s *Simulator) holdBack(rec *record, o order, r Rule) {
	s.holds.add(o.to, o.channel, func() {
		s.after(time.Second, func() { s.happen(rec, r, delivered, "") })
	})
	s.after(heldAtMost, func() { s.happen(rec, r, delivered, "") })
}

func (s *Simulator) readDefault(channel string) time.Duration {
	if channel == Viber {
		return s.opt.ReadAfter
	}
	return -1
}

func or(d *time.Duration, otherwise time.Duration) time.Duration {
	if d == nil {
		return otherwise
	}
	return *d
}

// happen makes an event a fact and tells of it, once.
func (s *Simulator) happen(rec *record, r Rule, kind, code string) {
	e := event{Kind: kind, ID: rec.call.ID, At: s.opt.Now(), Code: code}
	if kind == read {
		// A message is on the phone before it is read, whichever timer runs first.
		s.happen(rec, r, delivered, "")
	}
	if kind != accepted && !s.book.settle(rec, e) {
		return
	}
	if r.DropWebhooks {
		return
	}
	swapped := r.Shuffle && or(r.Read, s.readDefault(rec.call.Channel)) >= 0 && rec.call.Channel != SMS
	wait := or(r.Late, 0)
	if swapped && kind == delivered {
		wait += max(0, or(r.Read, s.opt.ReadAfter)-or(r.Deliver, s.opt.DeliverAfter)) + 2*repeatEvery
	}
	s.tell(rec, e, wait, r.Repeat)
}

func (s *Simulator) tell(rec *record, e event, wait time.Duration, repeat int) {
	d, ok := rec.hook(rec, e)
	if !ok {
		return
	}
	for i := range repeat + 1 {
		if pause := wait + time.Duration(i)*repeatEvery; pause > 0 {
			s.after(pause, func() { s.hooks.send(d) })
		} else {
			s.hooks.send(d)
		}
	}
}

// body reads a request's body whole, at most 1 MiB.
func body(r *http.Request) []byte {
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return nil
	}
	return raw
}

// answer writes v as JSON, spoilt as the verdict wants it.
func (s *Simulator) answer(w http.ResponseWriter, r *http.Request, v verdict, status int, value any) {
	s.pause(r.Context(), v.rule.AnswerAfter)
	raw, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	switch v.spoil {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		cut(w, nil)
	case CutTaken, CutNotTaken:
		cut(w, nil)
	case Truncated:
		head := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", len(raw))
		cut(w, append(head, raw[:len(raw)/2]...))
	case HTML:
		webPage(w, http.StatusOK)
	case HTTP502:
		webPage(w, http.StatusBadGateway)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(raw) // the caller may be gone
	}
}

func (s *Simulator) plain(w http.ResponseWriter, r *http.Request, status int, value any) {
	s.answer(w, r, verdict{}, status, value)
}

// cut ends the connection after writing first.
func cut(w http.ResponseWriter, first []byte) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_, _ = conn.Write(first)
	_ = conn.Close()
}

func webPage(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, "<html><head><title>Bad Gateway</title></head><body>nginx</body></html>")
}

// throttled writes the header of a 429; seconds are rounded up.
func throttled(w http.ResponseWriter, retry time.Duration) {
	w.Header().Set("Retry-After", itoa(int64((retry+time.Second-1)/time.Second)))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func millis(t time.Time) string { return itoa(t.UnixMilli()) }
