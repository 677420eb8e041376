package simulator

import (
	"context"
	"net/http"
	"time"
)

// Wire is the side of a provider that is kept outside this package, in the folder of its adapter. It shares no code with
// the adapter either.
type Wire struct {
	// Provider names it, as Account.Provider and Call.Provider do. Its paths begin with "/" and this name.
	Provider string
	// Routes adds the provider's paths.
	Routes func(mux *http.ServeMux, d *Desk)
}

// Add plays another provider beside the simulator's own; each can be added once.
func (s *Simulator) Add(w Wire) { w.Routes(s.mux, &Desk{s, w.Provider}) }

// Desk is where a Wire has its calls judged and kept. Its methods may be called from many goroutines.
type Desk struct {
	s        *Simulator
	provider string
}

// Reasons beside the Code words that Message.Refusal and Message.Failure have to say in the provider's own codes.
const (
	CodeBalance = codeBalance // the account has no money
	CodeExpired = codeExpired // the message's ValidFor ran out
)

// Message is one that a caller wants sent.
type Message struct {
	// Account is the id of one that Desk.Account answered.
	Account, Channel string
	// Reference is the caller's id of it, and To the recipient's number in any form.
	Reference, To string
	// Text is billed by its segments where the Channel is SMS.
	Text string
	// ValidFor is how long the provider tries; 0 for ever.
	ValidFor time.Duration
	// Refusal and Failure say a Rule's reason in the provider's codes: of an answer, and of a failure told later. The
	// reason is "", a Code word, Throttle, or a code of the provider's already.
	Refusal, Failure func(reason string) string
	// ToldLater: a refusal for this reason is a failure told later; nil is none.
	ToldLater func(reason string) bool
	// NewID writes 20 hex digits as the provider's id; nil leaves them.
	NewID func(hex string) string
	// Tell makes the webhook of an event; false if none tells of it.
	Tell func(Call, Event) (Webhook, bool)
}

// Event is something that happened to a taken message.
type Event struct {
	// Kind is one of the Event constants, or "" as long as nothing happened.
	Kind string
	At   time.Time
	// Code says why it failed, in the words of Message.Failure.
	Code string
}

// Kinds of Event.
const (
	EventAccepted  = accepted // at the operator; no Call remembers it
	EventDelivered = delivered
	EventRead      = read
	EventFailed    = failed
)

// Webhook is a call of the provider's to whoever sent the message.
type Webhook struct {
	URL    string
	Header map[string]string
	Body   []byte
	// Budget is how long the receiver may take. Pause says how long to wait after so many calls that failed, before
	// Scale; false is to give up.
	Budget time.Duration
	Pause  func(tries int) (time.Duration, bool)
}

// Verdict is what becomes of a Message.
type Verdict struct {
	// Call is the message as it was kept; Call.Code says why it was refused.
	Call Call
	v    verdict
}

// Refused reports whether the caller is to be told so.
func (v Verdict) Refused() bool { return v.v.outcome == OutcomeRefused }

// Now is the simulator's time.
func (d *Desk) Now() time.Time { return d.s.opt.Now() }

// Account answers the account of an id. It is false for one that is not known, unless the simulator is open, and for one
// whose credentials are scripted to be refused.
func (d *Desk) Account(id string) (Account, bool) {
	acc, ok := d.s.byKey(d.provider, id)
	if !ok {
		return Account{}, false
	}
	return acc.Account, true
}

// Refuse keeps a call that got no further than the provider's door; account is "" if it is not known.
func (d *Desk) Refuse(account, channel, code string) {
	d.s.refusedCall(d.provider, account, channel, code)
}

// Place judges a message by the number's rule and the state of its account, keeps it as a call and sets off what follows.
func (d *Desk) Place(ctx context.Context, m Message) Verdict {
	acc, ok := d.s.accounts.get(d.provider, m.Account)
	if !ok {
		acc = &account{Account: Account{Provider: d.provider, ID: m.Account, Quota: -1}}
	}
	if acc.faultNow() == FaultSlow {
		d.s.pause(ctx, slowness)
	}
	o := order{
		provider: d.provider, channel: m.Channel, acc: acc, ref: m.Reference, to: digits(m.To), validFor: m.ValidFor,
		tellsLater: m.ToldLater, failCode: m.Failure, newID: m.NewID, hook: d.hook(acc, m),
	}
	if m.Channel == SMS {
		o.segments = segments(m.Text)
	}
	o.bill = billFor(m.Channel, o.segments)
	rec, v := d.s.place(o, func(v verdict) string {
		if v.outcome != OutcomeRefused {
			return v.spoil
		}
		return m.Refusal(v.refuse)
	})
	return Verdict{Call: rec.view(), v: v}
}

func (d *Desk) hook(acc *account, m Message) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		w, ok := m.Tell(rec.view(), Event{Kind: e.Kind, At: e.At, Code: e.Code})
		return delivery{
			acc: acc, provider: d.provider, url: w.URL, body: w.Body, header: w.Header, budget: w.Budget, pause: w.Pause,
		}, ok
	}
}

// Answer writes value as JSON, or spoils the answer as the verdict has it; the zero Verdict spoils nothing. One that was
// throttled gets its Retry-After.
func (d *Desk) Answer(w http.ResponseWriter, r *http.Request, v Verdict, status int, value any) {
	if v.v.refuse == Throttle {
		throttled(w, v.v.retry)
	}
	d.s.answer(w, r, v.v, status, value)
}

// Broken answers a look-up in place of an account that is scripted to be down, and holds it up for a slow one.
func (d *Desk) Broken(w http.ResponseWriter, r *http.Request, id string) bool {
	acc, ok := d.s.accounts.get(d.provider, id)
	return ok && d.s.broken(w, r, acc)
}

// Find answers the message that an account knows by the provider's id or by the caller's, and counts as a look-up.
func (d *Desk) Find(account, id string) (Call, bool) {
	d.s.queries.Add(1)
	rec, ok := d.s.book.find(d.provider, account, id)
	if !ok {
		return Call{}, false
	}
	return rec.view(), true
}

// Last is the last thing that happened to the message, other than that it was read.
func (c Call) Last() Event {
	e := lastEvent(c)
	return Event{Kind: e.Kind, At: e.At, Code: e.Code}
}
