// Package simulator is the providers' side of each wire: Zalo, Infobip, eSMS, Twilio, Vonage and a plain JSON gateway
// on one loopback address, with their codes, signatures, token rotation and webhook timing; others come as Wires from
// the folders of their adapters. It shares no code with the adapters, so a mistake on the wire shows. Its call log, not
// the product's database, is the truth about what was sent and its price.
package simulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Providers that the simulator plays by itself, as Account.Provider and Call.Provider name them.
const (
	Zalo    = "zalo"
	Infobip = "infobip"
	Gateway = "gateway"
	ESMS    = "esms"
	Twilio  = "twilio"
	Vonage  = "vonage"
)

// Channels as Call.Channel and Rule.Channel name them.
const (
	ZNS   = "zns"
	Viber = "viber"
	SMS   = "sms"
)

// Options set up a Simulator. The zero value works: documented times, a log in memory, only registered accounts.
type Options struct {
	// Now stamps calls and receipts; nil is time.Now. Delays run on the process's timers.
	Now func() time.Time
	// LogPath is the call log, JSON lines. An existing one is read first and continued. "" keeps it in memory.
	LogPath string
	// Scale multiplies receipt delays and webhook retries: 1 (or 0) is as documented, 0.1 is ten times faster.
	Scale float64
	// Seed other than 0 gives ordinary numbers the mix of real traffic, the same for the same seed: some are not on
	// Zalo or Viber, some stay silent, delays vary. With 0 every ordinary number is reached, punctually.
	Seed uint64
	// DeliverAfter and ReadAfter run from the moment the message is taken, before Scale; 0 is 3 s and 6 s.
	DeliverAfter, ReadAfter time.Duration
	// WebhookWorkers is how many webhooks are under way at once; 0 is 64.
	WebhookWorkers int
	// Open registers an unknown account at first sight instead of refusing it. It gets no Zalo, Vonage or gateway webhooks.
	Open bool
	// Client calls webhooks; nil is a plain client that reaches loopback addresses only.
	Client *http.Client
	Log    *slog.Logger
}

// Simulator plays the providers. Its methods may be called from many goroutines.
type Simulator struct {
	opt      Options
	boot     string
	seq      atomic.Uint64
	queries  atomic.Int64
	book     *callBook
	accounts directory
	zalo     zaloDesk
	rules    ruleBook
	windows  windows
	holds    holds
	hooks    *courier
	mux      *http.ServeMux
	done     chan struct{}
	once     sync.Once
}

// New starts a simulator. Errors: the log at LogPath cannot be opened or read.
func New(o Options) (*Simulator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Scale < 0 {
		return nil, fmt.Errorf("simulator: Scale is %g; it must not be negative", o.Scale)
	}
	o.DeliverAfter = cmp.Or(o.DeliverAfter, 3*time.Second)
	o.ReadAfter = cmp.Or(o.ReadAfter, 6*time.Second)
	o.WebhookWorkers = cmp.Or(o.WebhookWorkers, 64)
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Client == nil {
		o.Client = loopbackClient(o.WebhookWorkers)
	}
	book, err := openBook(o.LogPath)
	if err != nil {
		return nil, err
	}
	var boot [4]byte
	_, _ = rand.Read(boot[:]) // never fails
	s := &Simulator{opt: o, boot: hex.EncodeToString(boot[:]), book: book, mux: http.NewServeMux(), done: make(chan struct{})}
	s.seq.Store(book.lastID())
	s.accounts.init()
	s.windows.init()
	s.holds.init()
	s.hooks = newCourier(s)
	s.routesZalo()
	s.routesInfobip()
	s.routesGateway()
	s.routesESMS()
	s.routesTwilio()
	s.routesVonage()
	s.routesControl()
	return s, nil
}

// Handler serves every provider by path prefix (/zalo/api, /zalo/oauth, /infobip, /esms, /twilio, /vonage, /gateway and
// the Wires'), and /calls, /script, /healthz.
func (s *Simulator) Handler() http.Handler { return s.mux }

// Close stops the webhooks, lets hanging calls go and flushes the log. Receipts still pending never happen.
func (s *Simulator) Close() error {
	s.once.Do(func() { close(s.done) })
	s.hooks.close()
	return s.book.close()
}

// Calls answers the calls so far in order of arrival, with what became of each and its price by now.
func (s *Simulator) Calls() []Call { return s.book.snapshot(0) }

// Queries counts the status and log look-ups answered so far.
func (s *Simulator) Queries() int { return int(s.queries.Load()) }

// providerID makes an id that no run of the simulator repeats: 20 lower-case hex digits, as Zalo's.
func (s *Simulator) providerID(call uint64) string { return fmt.Sprintf("%s%012x", s.boot, call) }

// after runs f once d, scaled, has passed, unless the simulator was closed.
func (s *Simulator) after(d time.Duration, f func()) { s.at(s.scaled(d), f) }

// at is after without the scaling.
func (s *Simulator) at(d time.Duration, f func()) {
	time.AfterFunc(d, func() {
		select {
		case <-s.done:
		default:
			f()
		}
	})
}

func (s *Simulator) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.opt.Scale)
}

// pause holds up an answer; it ends early with the caller or the simulator.
func (s *Simulator) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(s.scaled(d))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.done:
	}
}

func loopbackClient(conns int) *http.Client {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			MaxIdleConns: conns, MaxIdleConnsPerHost: conns, IdleConnTimeout: 90 * time.Second,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				if tcp, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
					_ = conn.Close()
					return nil, fmt.Errorf("webhook address %s is not loopback; give Options.Client to reach it", addr)
				}
				return conn, nil
			},
		},
	}
}
