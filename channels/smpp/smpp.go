// Package smpp speaks SMPP 3.4 to an operator's SMS centre: one session for each account and replica, by which messages
// go out and receipts come in.
//
// The PDUs are coded by linxGnu/gosmpp; the session is our own. The library's session notes a request only after it has
// been written, so that a quick answer finds nothing, and it reports a full window and a broken write alike, so that one
// could not say whether a message left.
//
// # Long messages
//
// A long text goes out as several segments, each with an id and a receipt of its own. The first segment's id is the
// message's ProviderID. The adapter remembers for 48 hours which ids belong together: the message is delivered when every
// segment is, and failed when one is. That memory dies with the process and is not shared: after a restart, or when the
// receipts arrive on another replica's bind, the receipt of the first segment alone counts, and those of the others match
// nothing. A person may then have the first part only of what is reported as delivered. Messages of one segment, and long
// ones under long "payload", are exact always.
package smpp

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Spec describes the adapter to the registry.
func Spec() channels.Spec {
	return channels.Spec{Name: "smpp", Channels: []policy.Channel{policy.SMS}, Fields: fields(), Session: true, Blank: func(policy.Channel) channels.Adapter { return &adapter{} }, New: newAdapter}
}

// adapter is one SMPP account.
type adapter struct {
	set    settings
	dial   channels.Dial
	now    func() time.Time
	log    *slog.Logger
	rebind backoff

	// keeping holds one Keep at a time.
	keeping chan struct{}
	current atomic.Pointer[session]
	state   state
	pace    pacer
	parts   memory
	// reference numbers the long messages of one recipient.
	reference references
	// hands are the receipts that are being written down.
	hands   sync.WaitGroup
	handing chan struct{}
}

// receiptsAtOnce is how many receipts are written down at a time. An SMS centre's own window is far smaller.
const receiptsAtOnce = 256

func newAdapter(c channels.Config) (channels.Adapter, error) {
	set, err := readSettings(c)
	if err != nil {
		return nil, err
	}
	a := &adapter{
		set: set, dial: c.Dial, now: c.Now, log: c.Log, rebind: defaultBackoff,
		keeping: make(chan struct{}, 1), handing: make(chan struct{}, receiptsAtOnce),
	}
	if a.dial == nil {
		a.dial = (&net.Dialer{Timeout: set.answerWithin}).DialContext
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.parts.init()
	return a, nil
}

// Capabilities answers what SMPP can prove. "sent" comes by itself only from operators that report ENROUTE or ACCEPTD.
func (a *adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered}}
}

// The optional interfaces that the adapter fulfils.
var (
	_ channels.SessionKeeper  = (*adapter)(nil)
	_ channels.AccountChecker = (*adapter)(nil)
)

// wait sleeps for d; false if ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
