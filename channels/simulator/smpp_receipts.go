package simulator

import (
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fiorix/go-smpp/smpp/pdu"
	"github.com/fiorix/go-smpp/smpp/pdu/pdufield"
	"github.com/fiorix/go-smpp/smpp/pdu/pdutlv"
)

// smppCentre is what the SMS centre keeps for an account, over all its binds.
type smppCentre struct {
	s  *Simulator
	id string

	mu        sync.Mutex
	binds     map[*smppBind]bool
	receivers []*smppBind
	turn      int
	// waiting are the receipts that found no receiver.
	waiting []smppReceipt
	// second and sent count the messages of the running second, queue those without an end.
	second int64
	sent   int
	queue  int
}

// smppReceipt is a deliver_sm before it is numbered.
type smppReceipt struct {
	id, to, stat, err, text string
	state                   byte
	submitted, done         time.Time
	form                    string
}

func (c *smppCentre) enter(b *smppBind, acc *account) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if acc.SMPP.MaxBinds > 0 && len(c.binds) >= acc.SMPP.MaxBinds {
		return false
	}
	if c.binds == nil {
		c.binds = map[*smppBind]bool{}
	}
	c.binds[b] = true
	return true
}

// receive lets receipts go to b, and sends what waited.
func (c *smppCentre) receive(b *smppBind) {
	c.mu.Lock()
	c.receivers = append(c.receivers, b)
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	for _, r := range waiting {
		c.deliver(r)
	}
}

func (c *smppCentre) leave(b *smppBind, open map[uint32]smppReceipt) {
	c.mu.Lock()
	delete(c.binds, b)
	c.receivers = slices.DeleteFunc(c.receivers, func(x *smppBind) bool { return x == b })
	c.mu.Unlock()
	for _, r := range open {
		c.deliver(r)
	}
}

// admit applies the account's limits to a message, the window-th unanswered of its bind.
func (c *smppCentre) admit(acc *account, window int) pdu.Status {
	knobs := acc.SMPP
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.s.opt.Now().Unix(); now != c.second {
		c.second, c.sent = now, 0
	}
	c.sent++
	switch {
	case knobs.Window > 0 && window > knobs.Window, knobs.PerSecond > 0 && c.sent > knobs.PerSecond:
		return smppThrottled
	case knobs.Queue > 0 && c.queue >= knobs.Queue:
		return smppQueueFull
	default:
		return smppOK
	}
}

func (c *smppCentre) queued(n int) {
	c.mu.Lock()
	c.queue += n
	c.mu.Unlock()
}

// smppErrors are the receipts of failures, by a Rule's code.
var smppErrors = map[string]struct {
	stat  string
	state byte
	err   string
}{
	codeExpired: {"EXPIRED", 3, "027"},
	"EXPIRED":   {"EXPIRED", 3, "027"},
	"DELETED":   {"DELETED", 4, "013"},
	"REJECTD":   {"REJECTD", 8, "081"},
	"UNKNOWN":   {"UNKNOWN", 7, "255"},
}

// hook tells of an event by a receipt over a bind instead of a webhook.
func (c *smppCentre) hook(acc *account, to, text string) func(*record, event) (delivery, bool) {
	rule := c.s.rule(SMS, to)
	return func(rec *record, e event) (delivery, bool) {
		if e.Kind != delivered && e.Kind != failed {
			return delivery{}, false
		}
		c.queued(-1)
		r := smppReceipt{
			id: rec.call.ProviderID, to: to, stat: "DELIVRD", state: 2, err: "000", text: text,
			submitted: rec.call.At, done: e.At, form: acc.SMPP.Form,
		}
		if e.Kind == failed {
			r.stat, r.state, r.err = "UNDELIV", 5, "001"
			if x, ok := smppErrors[e.Code]; ok {
				r.stat, r.state, r.err = x.stat, x.state, x.err
			}
		}
		if n, ok := new(big.Int).SetString(r.id, 16); ok && acc.SMPP.DecimalIDs {
			r.id = n.String()
		}
		for i := range rule.Repeat + 1 {
			if pause := or(rule.Late, 0) + time.Duration(i)*repeatEvery; pause > 0 {
				c.s.after(pause, func() { c.deliver(r) })
			} else {
				c.deliver(r)
			}
		}
		return delivery{}, false
	}
}

// deliver writes a receipt to a receiver, each in its turn, or keeps it until one binds.
func (c *smppCentre) deliver(r smppReceipt) {
	if c.s.hooks.drops(SMPP) {
		return
	}
	c.mu.Lock()
	if len(c.receivers) == 0 {
		c.waiting = append(c.waiting, r)
		c.mu.Unlock()
		return
	}
	c.turn++
	b := c.receivers[c.turn%len(c.receivers)]
	c.mu.Unlock()
	p := r.deliverSM()
	b.mu.Lock()
	if b.open == nil {
		b.mu.Unlock()
		c.s.after(repeatEvery, func() { c.deliver(r) })
		return
	}
	b.next++
	p.Header().Seq = b.next
	b.open[b.next] = r
	b.mu.Unlock()
	b.send(p) // what a broken write loses goes out again when the bind is gone
}

// drops reports whether a provider's webhooks get lost.
func (c *courier) drops(provider string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed || c.dropped[provider] || c.dropped[""]
}

// redeliverAfter is how long the SMS centre waits when a receipt was not accepted.
const redeliverAfter = time.Second

// acknowledged takes the answer to a receipt.
func (b *smppBind) acknowledged(p pdu.Body) {
	b.mu.Lock()
	r, ok := b.open[p.Header().Seq]
	delete(b.open, p.Header().Seq)
	b.mu.Unlock()
	if ok && p.Header().Status != smppOK {
		b.centre.s.after(redeliverAfter, func() { b.centre.deliver(r) })
	}
}

// smppZone is the zone of the dates in receipts.
var smppZone = time.FixedZone("+07:00", 7*3600)

// deliverSM writes the receipt. The module's own deliver_sm puts the octet of a header into one that has none, so the
// fields are laid out by its submit_sm, which are the same.
func (r smppReceipt) deliverSM() pdu.Body {
	p := pdu.NewSubmitSM(nil)
	p.Header().ID = pdu.DeliverSMID
	set := func(name pdufield.Name, v any) { _ = p.Fields().Set(name, v) } // fails for unknown types only
	set(pdufield.SourceAddrTON, 1)
	set(pdufield.SourceAddrNPI, 1)
	set(pdufield.SourceAddr, r.to)
	set(pdufield.ESMClass, 0x04)
	if r.form != FormTLV {
		const layout = "0601021504"
		dlvrd := 0
		if r.state == 2 {
			dlvrd = 1
		}
		set(pdufield.ShortMessage, []byte(fmt.Sprintf("id:%s sub:001 dlvrd:%03d submit date:%s done date:%s stat:%s err:%s text:%s",
			r.id, dlvrd, r.submitted.In(smppZone).Format(layout), r.done.In(smppZone).Format(layout), r.stat, r.err, head(r.text))))
	}
	if r.form != FormText {
		_ = p.TLVFields().Set(pdutlv.TagReceiptedMessageID, pdutlv.CString(r.id))
		_ = p.TLVFields().Set(pdutlv.TagMessageStateOption, r.state)
		_ = p.TLVFields().Set(pdutlv.TagNetworkErrorCode, []byte{3, 0, byte(len(strings.TrimLeft(r.err, "0")))})
	}
	return p
}

// head is the first 20 characters.
func head(text string) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), 20)])
}
