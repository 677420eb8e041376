package longtest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/policy"
)

// ride is what one run gave.
type ride struct {
	final, reached, doubled int
	p50, p99                time.Duration // from the accept until the person had it
	dong                    int64
	by                      map[policy.Channel]int
}

// One policy with five accounts on three channels, under load: the first OA's quota ends, the second OA's token dies, Viber
// takes eight seconds to answer, and the SMPP link drops. Every message ends, and nobody gets one twice.
func TestFiveAccountsRideOutFaults(t *testing.T) {
	t.Parallel()
	messages := size(600, 6_000)
	calm := rideOut(t, messages, false)
	rough := rideOut(t, messages, true)
	for name, r := range map[string]ride{"without faults": calm, "with them": rough} {
		t.Logf("%s: %d messages, %d reached, %d doubled; time to reach p50 %s, p99 %s; %d VND; by channel %v",
			name, r.final, r.reached, r.doubled, r.p50.Round(time.Millisecond), r.p99.Round(time.Millisecond), r.dong, r.by)
		if r.final != messages || r.doubled != 0 {
			t.Errorf("%s: of %d messages %d are final and %d came twice", name, messages, r.final, r.doubled)
		}
	}
	if calm.reached != messages || rough.reached < messages*99/100 {
		t.Errorf("%d reached without faults and %d with them, of %d", calm.reached, rough.reached, messages)
	}
	if rough.by[policy.Viber] <= calm.by[policy.Viber] {
		t.Errorf("by channel %v without faults and %v with them: nobody was moved", calm.by, rough.by)
	}
}

// rideOut sends messages at twenty a second to people of three kinds: on Zalo, on Viber only, on neither.
func rideOut(t *testing.T, messages int, faults bool) (r ride) {
	t.Helper()
	virtual(t, func(t *testing.T) {
		link := newPipes()
		w := newWorld(t, setup{dial: link.dial})
		var served sync.WaitGroup
		served.Go(func() {
			if err := w.sim.ServeSMPP(link); err != nil {
				t.Error("SMS centre: ", err)
			}
		})
		t.Cleanup(served.Wait)
		t.Cleanup(func() { _ = link.Close() })
		c := w.newCustomer()
		p := pace{perSecond: 500}
		first, second := c.addOA("oa-1", p), c.addOA("oa-2", p)
		c.addInfobip(policy.Viber, p)
		c.addInfobip(policy.SMS, p)
		w.sim.Register(simulator.Account{Provider: simulator.SMPP, ID: "cascade", AppSecret: "pass"})
		c.account("smsc", policy.SMS, "smpp", p, map[string]any{
			"address": "127.0.0.1:2775", "system_id": "cascade", "password": "pass", "source_addr": "ACME",
		})
		c.policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"2m","accounts":["oa-1","oa-2"]},
			{"channel":"viber","until":"delivered","timeout":"2m"},
			{"channel":"sms","until":"delivered","timeout":"2m","accounts":["smsc","sms-main"]}],"ttl":"30m"}`)
		w.people(messages)
		time.Sleep(10 * time.Second) // the session is up
		at := func(share int) int { return messages * share / 100 }
		ids := make([]uuid.UUID, messages)
		for i := range messages {
			if faults {
				switch i {
				case at(25):
					w.sim.SetAccountFault(simulator.Zalo, first, simulator.FaultQuota)
				case at(40):
					w.sim.SetAccountFault(simulator.Zalo, second, simulator.FaultReauth)
				case at(55):
					w.slowViber(messages)
				case at(70), at(80):
					link.drop()
				}
			}
			ids[i] = c.send(submission(phone(i), "default"))
			time.Sleep(50 * time.Millisecond)
		}
		var took []time.Duration
		r.by = map[policy.Channel]int{}
		for _, st := range c.await(ids, time.Hour, time.Second) {
			m := st.Message
			r.final++
			r.dong += m.Cost / 1_000_000
			if m.Status != policy.Delivered && m.Status != policy.Read {
				continue
			}
			r.reached++
			r.by[m.Channel]++
			had := int64(0)
			for _, a := range st.Attempts {
				if a.DeliveredAt > 0 && (had == 0 || a.DeliveredAt < had) {
					had = a.DeliveredAt
				}
			}
			took = append(took, time.Duration(had-m.CreatedAt)*time.Millisecond)
		}
		slices.Sort(took)
		r.p50, r.p99 = took[len(took)/2], took[len(took)*99/100]
		r.doubled = w.doubled()
		w.verify()
	})
	return r
}

// people says who is where: of five, three are on Zalo, one on Viber alone, one on neither.
func (w *world) people(n int) {
	for i := range n {
		if i%5 >= 3 {
			w.sim.SetRule(digitsOf(phone(i)), simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
		}
		if i%5 == 4 {
			w.sim.SetRule(digitsOf(phone(i)), simulator.Rule{Channel: simulator.Viber, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
		}
	}
}

// slowViber has Viber take eight seconds for an answer from now on.
func (w *world) slowViber(n int) {
	for i := range n {
		rule := simulator.Rule{Channel: simulator.Viber, AnswerAfter: 8 * time.Second}
		if i%5 == 4 {
			rule.Outcome, rule.Code = simulator.Refuse, simulator.CodeUnknownUser
		}
		w.sim.SetRule(digitsOf(phone(i)), rule)
	}
}

// doubled counts the people who got their message more than once, by the providers' log.
func (w *world) doubled() (people int) {
	got := map[string]int{}
	for _, c := range w.sim.Calls() {
		if c.DeliveredAt != nil {
			got[c.To]++
		}
	}
	for _, n := range got {
		if n > 1 {
			people++
		}
	}
	return people
}

// pipes are connections inside the process, in place of a port.
type pipes struct {
	server chan net.Conn
	over   chan struct{}
	once   sync.Once

	mu   sync.Mutex
	open []net.Conn
}

func newPipes() *pipes { return &pipes{server: make(chan net.Conn), over: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.server <- theirs:
	case <-p.over:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, ours)
	return ours, nil
}

// drop cuts every connection.
func (p *pipes) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		_ = c.Close()
	}
	p.open = nil
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.server:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.over) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2775} }
