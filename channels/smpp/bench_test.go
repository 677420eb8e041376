package smpp

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/channeltest"
	"cascade/channels/simulator"
	"cascade/policy"
)

// bench is an adapter with a session kept at a simulated SMS centre.
type bench struct {
	t     *testing.T
	sim   *simulator.Simulator
	addr  string
	a     *adapter
	inbox *inbox
	// stop ends Keep and waits for it.
	stop func()
}

const (
	systemID = "cascade01"
	password = "s3cr3tpw"
)

// centre starts an SMS centre with one account. A second of the documents is a hundredth.
func centre(t *testing.T, ln net.Listener, acc simulator.Account) *simulator.Simulator {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Scale: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	acc.Provider, acc.ID, acc.AppSecret = simulator.SMPP, systemID, password
	sim.Register(acc)
	served := make(chan error, 1)
	go func() { served <- sim.ServeSMPP(ln) }()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return sim
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// build makes an adapter with these settings beside the address and the credentials.
func build(t testing.TB, addr string, more ...string) *adapter {
	t.Helper()
	a, err := try(addr, more...)
	if err != nil {
		t.Fatal(err)
	}
	a.log = channeltest.Logger(t, password, anybody)
	a.rebind = backoff{least: 10 * time.Millisecond, most: 50 * time.Millisecond, refused: 20 * time.Millisecond}
	return a
}

func try(addr string, more ...string) (*adapter, error) {
	values := append([]string{settingAddress, addr, settingSystemID, systemID, settingPassword, password, settingSourceAddr, "MYBRAND"}, more...)
	reg, err := channels.NewRegistry(Spec())
	if err != nil {
		return nil, err
	}
	got, err := reg.Build("smpp", channels.Config{Channel: policy.SMS, Settings: channeltest.Settings(values...), Now: time.Now})
	if err != nil {
		return nil, err
	}
	return got.(*adapter), nil
}

// bound starts an SMS centre and an adapter, and waits until it is bound.
func bound(t *testing.T, acc simulator.Account, more ...string) *bench {
	t.Helper()
	return tuned(t, acc, func(*adapter) {}, more...)
}

// tuned is bound with an adapter that tune has changed.
func tuned(t *testing.T, acc simulator.Account, tune func(*adapter), more ...string) *bench {
	t.Helper()
	ln := listen(t)
	b := &bench{t: t, sim: centre(t, ln, acc), addr: ln.Addr().String()}
	b.a = build(t, b.addr, more...)
	tune(b.a)
	b.inbox, b.stop = keep(t, b.a)
	b.up()
	return b
}

// up waits until the adapter is bound by a link that is not lost: a lost one stays current until Keep has seen it.
func (b *bench) up() {
	eventually(b.t, "the session is bound", func() bool {
		s := b.a.current.Load()
		if s == nil {
			return false
		}
		select {
		case <-s.tx.lost:
			return false
		default:
			return true
		}
	})
}

// keep runs Keep until stop or the test's end.
func keep(t *testing.T, a *adapter) (*inbox, func()) {
	t.Helper()
	in := &inbox{t: t}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Keep(ctx, in.hand) }()
	stop := sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Keep ended with %v, want nil", err)
			}
		case <-time.After(10 * time.Second):
			t.Error("Keep goes on after its context")
		}
	})
	t.Cleanup(stop)
	return in, stop
}

// inbox is the engine's side of Keep.
type inbox struct {
	t    *testing.T
	mu   sync.Mutex
	got  []channels.Receipt
	fail int
}

func (in *inbox) hand(ctx context.Context, receipts []channels.Receipt) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := ctx.Err(); err != nil {
		in.t.Errorf("a receipt is handed on with a context that ended: %v", err)
	}
	if in.fail > 0 {
		in.fail--
		return fmt.Errorf("the disk is full")
	}
	in.got = append(in.got, receipts...)
	return nil
}

func (in *inbox) all() []channels.Receipt {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]channels.Receipt(nil), in.got...)
}

// await waits for n receipts.
func (in *inbox) await(n int) []channels.Receipt {
	in.t.Helper()
	eventually(in.t, fmt.Sprintf("%d receipts", n), func() bool { return len(in.all()) >= n })
	return in.all()
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// anybody is what the numbers of all persons have in common.
const anybody = "91000"

func phone(n int) string { return fmt.Sprintf("+8491%07d", n) }

// message is one for the nth person.
func message(n int, text string) channels.Outbound {
	return channels.Outbound{
		Reference: fmt.Sprintf("0198c7b2a1f04c6d8e3b5a7c%08d", n), To: phone(n), Category: policy.OTP, Content: channels.Content{Text: text},
	}
}

func (b *bench) send(n int, text string) (channels.Taken, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return b.a.Send(ctx, message(n, text))
}

// perPerson counts the messages that reached the SMS centre.
func (b *bench) perPerson() map[string]int {
	counts := map[string]int{}
	for _, c := range b.sim.Calls() {
		counts[c.To]++
	}
	return counts
}
