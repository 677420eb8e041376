package smpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/policy"
)

func TestReceipts(t *testing.T) {
	knobs := map[string]struct {
		centre   simulator.SMPPKnobs
		settings []string
	}{
		"both forms":              {simulator.SMPPKnobs{}, nil},
		"text":                    {simulator.SMPPKnobs{Form: simulator.FormText}, nil},
		"tlv":                     {simulator.SMPPKnobs{Form: simulator.FormTLV}, nil},
		"text with decimal ids":   {simulator.SMPPKnobs{Form: simulator.FormText, DecimalIDs: true}, []string{settingDLRID, idDecToHex}},
		"tlv with decimal ids":    {simulator.SMPPKnobs{Form: simulator.FormTLV, DecimalIDs: true}, []string{settingDLRID, idDecToHex}},
		"receipts before answers": {simulator.SMPPKnobs{ReceiptFirst: true}, nil},
		"a pair of binds":         {simulator.SMPPKnobs{MaxBinds: 2}, []string{settingBind, bindPair}},
	}
	for name, tt := range knobs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bound(t, simulator.Account{SMPP: tt.centre}, tt.settings...)
			b.sim.SetRule(phone(3), simulator.Rule{Outcome: simulator.Fail, Code: "REJECTD"})
			want := map[string]policy.Receipt{}
			for n := range 4 {
				taken, err := b.send(n, "Ma 4821")
				if err != nil {
					t.Fatal(err)
				}
				want[taken.ProviderID] = policy.ReceiptDelivered
				if n == 3 {
					want[taken.ProviderID] = policy.ReceiptFailed
				}
			}
			got := map[string]policy.Receipt{}
			for _, r := range b.inbox.await(4) {
				got[r.ProviderID] = r.Kind
				if tt.centre.Form != simulator.FormTLV && r.At.IsZero() {
					t.Errorf("%+v has no time", r)
				}
				if r.Kind == policy.ReceiptFailed && (r.Class != policy.ClassRecipient || r.Code != "rejected") {
					t.Errorf("%+v fails with another class or code", r)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("receipts (-want +got):\n%s", diff)
			}
		})
	}
}

// A receipt that is not on disk comes again, and a repeated one has the same key.
func TestReceiptIsAnsweredOnceOnDisk(t *testing.T) {
	b := bound(t, simulator.Account{})
	b.inbox.fail = 2
	b.sim.SetRule(phone(1), simulator.Rule{Repeat: 1})
	taken, err := b.send(1, "Ma 4821")
	if err != nil {
		t.Fatal(err)
	}
	got := b.inbox.await(2)
	if got[0].ProviderID != taken.ProviderID || got[0].Key == "" || got[0].Key != got[1].Key {
		t.Errorf("got %+v, want one event twice", got)
	}
}

// Receipts that come after a restart, or on another replica's bind, find a new adapter. That of a message of one segment
// is exact; of a long one the first segment's alone counts, and the others' are of ids that nobody knows.
func TestReceiptAfterRestart(t *testing.T) {
	b := bound(t, simulator.Account{})
	want := map[string]policy.Receipt{}
	for n, text := range []string{"Ma 4821", strings.Repeat("x", 400)} {
		b.sim.SetRule(phone(n), simulator.Rule{Deliver: new(50 * time.Second)})
		taken, err := b.send(n, text)
		if err != nil {
			t.Fatal(err)
		}
		want[taken.ProviderID] = policy.ReceiptDelivered
	}
	b.stop()
	in, _ := keep(t, build(t, b.addr))
	ids := map[string]bool{}
	for _, r := range in.await(4) {
		ids[r.ProviderID] = true
		if kind, ours := want[r.ProviderID]; ours && r.Kind != kind {
			t.Errorf("got %+v, want %s", r, kind)
		}
	}
	for id := range want {
		if !ids[id] {
			t.Errorf("no receipt of %s came", id)
		}
	}
	if len(ids) != 4 {
		t.Errorf("receipts are of %d ids, want 4", len(ids))
	}
}

func TestRefusals(t *testing.T) {
	b := bound(t, simulator.Account{}, settingCodes, `{"0x0451": "recipient", "0x08": "account"}`)
	tests := map[string]struct {
		class policy.Class
		code  string
	}{
		"0x0B":  {policy.ClassRecipient, "invalid_number"},
		"0x0A":  {policy.ClassAccount, "sender_refused"},
		"0x45":  {policy.ClassDown, "submit_failed"},
		"0x08":  {policy.ClassAccount, "provider_trouble"},
		"0x450": {policy.ClassRequest, "vendor_code"},
		"0x451": {policy.ClassRecipient, "vendor_code"},
	}
	n := 0
	for status, want := range tests {
		t.Run(status, func(t *testing.T) {
			n++
			b.sim.SetRule(phone(n), simulator.Rule{Outcome: simulator.Refuse, Code: status})
			_, err := b.send(n, "Ma 4821")
			f := channels.AsFailure(err)
			if f.Class != want.class || f.Code != want.code || f.ProviderCode == "" {
				t.Errorf("got %v, want %s %s", f, want.class, want.code)
			}
			if strings.Contains(fmt.Sprintf("%+v", f), phone(n)[3:]) {
				t.Errorf("%v shows the number", f)
			}
		})
	}
}

func TestThrottled(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)}
	b := tuned(t, simulator.Account{}, func(a *adapter) { a.now = clock.Now })
	b.sim.SetRule("*", simulator.Rule{Outcome: simulator.Throttle})
	var pauses []time.Duration
	for n := range 7 {
		_, err := b.send(n, "Ma 4821")
		f := channels.AsFailure(err)
		if f.Class != policy.ClassThrottled {
			t.Fatalf("got %v, want throttled", f)
		}
		pauses = append(pauses, f.RetryAfter)
		clock.add(f.RetryAfter - time.Millisecond)
		if f := failure(b.send(n, "Ma 4821")); f.Code != "paused" || f.RetryAfter != time.Millisecond {
			t.Errorf("got %v while paused, want to wait 1 ms more", f)
		}
		clock.add(time.Millisecond)
	}
	if diff := cmp.Diff([]time.Duration{1e9, 2e9, 4e9, 8e9, 16e9, 30e9, 30e9}, pauses); diff != "" {
		t.Errorf("pauses (-want +got):\n%s", diff)
	}
	if n := len(b.sim.Calls()); n != 7 {
		t.Errorf("%d messages reached the SMS centre, want 7: none while paused", n)
	}
	b.sim.ClearRules()
	if _, err := b.send(7, "Ma 4821"); err != nil {
		t.Fatal(err)
	}
	clock.add(time.Second)
	b.sim.SetRule("*", simulator.Rule{Outcome: simulator.Throttle})
	if f := failure(b.send(8, "Ma 4821")); f.RetryAfter != time.Second {
		t.Errorf("got %v after a success, want to begin at 1 s", f)
	}
}

func failure(_ channels.Taken, err error) *channels.Failure {
	if err == nil {
		return &channels.Failure{Code: "taken"}
	}
	return channels.AsFailure(err)
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// The SMS centre's queue and rate refuse; what is told again later is taken once.
func TestLimitsOfTheCentre(t *testing.T) {
	b := bound(t, simulator.Account{SMPP: simulator.SMPPKnobs{Queue: 1}})
	b.sim.SetRule(phone(1), simulator.Rule{Deliver: new(time.Duration(-1))})
	if _, err := b.send(1, "Ma 4821"); err != nil {
		t.Fatal(err)
	}
	if f := failure(b.send(2, "Ma 4821")); f.Class != policy.ClassThrottled || f.ProviderCode != "0x14" {
		t.Errorf("got %v, want a full queue", f)
	}
}

func TestLinkDroppedMidWindow(t *testing.T) {
	b := bound(t, simulator.Account{})
	const hung = 8
	for n := range hung {
		b.sim.SetRule(phone(n), simulator.Rule{Outcome: simulator.Hang, Taken: n%2 == 0})
	}
	b.sim.SetRule(phone(hung), simulator.Rule{Outcome: simulator.CutTaken})
	var wg sync.WaitGroup
	failures := make([]*channels.Failure, hung+1)
	for n := range hung {
		wg.Go(func() { failures[n] = failure(b.send(n, "Ma 4821")) })
	}
	eventually(t, "the window is open", func() bool { return len(b.sim.Calls()) == hung })
	failures[hung] = failure(b.send(hung, "Ma 4821"))
	wg.Wait()
	for n, f := range failures {
		if f.Class != policy.ClassUnknown || f.Code != "connection_lost" {
			t.Errorf("message %d ended with %v, want unknown", n, f)
		}
	}
	b.up()
	b.sim.ClearRules()
	if _, err := b.send(hung+1, "Ma 4821"); err != nil {
		t.Errorf("after the rebind: %v", err)
	}
	for n := range hung + 2 {
		if got := b.perPerson()[phone(n)[1:]]; got != 1 {
			t.Errorf("message %d reached the SMS centre %d times, want once", n, got)
		}
	}
}

func TestThousand(t *testing.T) {
	const messages, window = 1000, 10
	b := bound(t, simulator.Account{SMPP: simulator.SMPPKnobs{Window: window, DecimalIDs: true}}, settingWindow, fmt.Sprint(window), settingDLRID, idDecToHex)
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		taken = map[string]int{}
		next  = make(chan int)
	)
	for range 64 {
		wg.Go(func() {
			for n := range next {
				got, err := b.send(n, "Ma 4821")
				if err != nil {
					t.Error(err)
					continue
				}
				mu.Lock()
				taken[got.ProviderID]++
				mu.Unlock()
			}
		})
	}
	for n := range messages {
		next <- n
	}
	close(next)
	wg.Wait()
	receipts := map[string]int{}
	for _, r := range b.inbox.await(messages) {
		if r.Kind != policy.ReceiptDelivered {
			t.Errorf("got %+v, want delivered", r)
		}
		receipts[r.ProviderID]++
	}
	if diff := cmp.Diff(taken, receipts); diff != "" {
		t.Errorf("messages without a receipt and receipts without a message:\n%s", diff)
	}
	people := b.perPerson()
	for to, n := range people {
		if n != 1 {
			t.Errorf("%s got %d messages", to, n)
		}
	}
	if len(taken) != messages || len(people) != messages {
		t.Errorf("%d ids and %d people, want %d of each", len(taken), len(people), messages)
	}
}

func TestLongMessages(t *testing.T) {
	text := strings.Repeat("Don hang cua ban ", 24) // 408 septets
	tests := map[string]struct{ calls, segments, receipts int }{
		longUDH: {3, 1, 3}, longSAR: {3, 1, 3}, longPayload: {1, 3, 1},
	}
	for long, want := range tests {
		for _, early := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s early %t", long, early), func(t *testing.T) {
				t.Parallel()
				b := bound(t, simulator.Account{SMPP: simulator.SMPPKnobs{ReceiptFirst: early}}, settingLong, long)
				taken, err := b.send(1, text)
				if err != nil {
					t.Fatal(err)
				}
				calls := b.sim.Calls()
				if len(calls) != want.calls || calls[0].Segments != want.segments || answerID(calls[0].ProviderID) != taken.ProviderID {
					t.Errorf("got %d calls, the first %+v; want %d of %d segments", len(calls), calls[0], want.calls, want.segments)
				}
				kinds := map[policy.Receipt]int{}
				keys := map[string]bool{}
				for _, r := range b.inbox.await(want.receipts) {
					if r.ProviderID != taken.ProviderID {
						t.Errorf("got a receipt of %q, want %q", r.ProviderID, taken.ProviderID)
					}
					kinds[r.Kind]++
					keys[r.Key] = true
				}
				wantKinds := map[policy.Receipt]int{policy.ReceiptDelivered: 1}
				if want.receipts > 1 {
					wantKinds[policy.ReceiptSent] = want.receipts - 1
				}
				if diff := cmp.Diff(wantKinds, kinds); diff != "" || len(keys) != want.receipts {
					t.Errorf("%d keys, receipts (-want +got):\n%s", len(keys), diff)
				}
			})
		}
	}
}

// A segment that is throttled after the first was taken is tried again: the person has a part already.
func TestLongMessageThrottledHalfway(t *testing.T) {
	b := bound(t, simulator.Account{SMPP: simulator.SMPPKnobs{Window: 1}}, settingWindow, "2")
	b.sim.SetRule(phone(1), simulator.Rule{AnswerAfter: 20 * time.Second})
	if _, err := b.send(1, strings.Repeat("x", 400)); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, c := range b.sim.Calls() {
		if c.Taken() {
			taken++
		}
	}
	if all := len(b.sim.Calls()); taken != 3 || all != 4 {
		t.Errorf("%d of %d segments were taken, want 3 of 4", taken, all)
	}
}

// An answer that comes after Send gave up still tells whose the receipt is.
func TestLateAnswer(t *testing.T) {
	b := bound(t, simulator.Account{})
	b.sim.SetRule(phone(1), simulator.Rule{AnswerAfter: 50 * time.Second, Deliver: new(90 * time.Second)})
	ctx, cancel := context.WithCancel(t.Context())
	out := message(1, "Ma 4821")
	ended := make(chan *channels.Failure, 1)
	go func() { ended <- failure(b.a.Send(ctx, out)) }()
	eventually(t, "the message is taken", func() bool { return len(b.sim.Calls()) == 1 })
	cancel()
	if f := <-ended; f.Class != policy.ClassUnknown || f.Code != "no_answer" {
		t.Fatalf("got %v, want no answer", f)
	}
	if got := b.inbox.await(1); got[0].Reference != out.Reference || got[0].ProviderID != "" || got[0].Kind != policy.ReceiptDelivered {
		t.Errorf("got %+v, want a receipt of our reference", got[0])
	}
}

// A message that finds no place in the window has not left.
func TestWindowFull(t *testing.T) {
	b := bound(t, simulator.Account{}, settingWindow, "1")
	b.sim.SetRule(phone(1), simulator.Rule{Outcome: simulator.Hang})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if f := failure(b.a.Send(ctx, message(1, "x"))); f.Class != policy.ClassUnknown {
			t.Errorf("got %v for the one in the window, want unknown", f)
		}
	})
	eventually(t, "the window is full", func() bool { return len(b.sim.Calls()) == 1 })
	soon, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if f := failure(b.a.Send(soon, message(2, "x"))); f.Class != policy.ClassThrottled || f.Code != "window_full" {
		t.Errorf("got %v, want a full window", f)
	}
	cancel()
	wg.Wait()
	if n := len(b.sim.Calls()); n != 1 {
		t.Errorf("%d messages reached the SMS centre, want 1", n)
	}
}

// A link that takes messages and answers none is given up, though every test of it is answered.
func TestSilentLink(t *testing.T) {
	b := tuned(t, simulator.Account{}, func(a *adapter) {
		a.set.answerWithin, a.set.enquireEvery = 200*time.Millisecond, 10*time.Millisecond
	})
	b.sim.SetRule("*", simulator.Rule{Outcome: simulator.Hang})
	old := b.a.current.Load()
	for n := range tooSilent {
		if f := failure(b.send(n, "Ma 4821")); f.Class != policy.ClassUnknown {
			t.Errorf("got %v, want unknown", f)
		}
	}
	eventually(t, "a new session is bound", func() bool { s := b.a.current.Load(); return s != nil && s != old })
	b.sim.ClearRules()
	if _, err := b.send(9, "Ma 4821"); err != nil {
		t.Error(err)
	}
}

func TestNotBound(t *testing.T) {
	ln := listen(t)
	addr := ln.Addr().String()
	_ = ln.Close()
	a := build(t, addr)
	if f := failure(a.Send(t.Context(), message(1, "x"))); f.Class != policy.ClassDown || f.Code != "not_bound" {
		t.Errorf("got %v before Keep, want not bound", f)
	}
	if got := a.Check(t.Context())[0]; got.Level != "error" || got.Code != "not_bound" || got.MessageVI == "" {
		t.Errorf("got %+v from a check, want a trial bind that failed", got)
	}
	_, stop := keep(t, a)
	eventually(t, "a try to bind", func() bool { _, _, err := a.state.last(); return err != nil })
	if f := failure(a.Send(t.Context(), message(1, "x"))); f.Class != policy.ClassDown || f.Advice == "" {
		t.Errorf("got %v, want not bound with advice", f)
	}
	stop()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if f := failure(a.Send(ended, message(1, "x"))); f.Class != policy.ClassDown {
		t.Errorf("got %v after the time was over, want down", f)
	}
}

func TestBindRefused(t *testing.T) {
	tests := map[string]struct {
		settings []string
		centre   simulator.SMPPKnobs
		class    policy.Class
		code     string
	}{
		"password":  {[]string{settingPassword, "wr0ngpw"}, simulator.SMPPKnobs{}, policy.ClassAccount, "wrong_password"},
		"system id": {[]string{settingSystemID, "nobody"}, simulator.SMPPKnobs{}, policy.ClassAccount, "wrong_system_id"},
		"no bind left, a pair needs two": {
			[]string{settingBind, bindPair, settingMaxBinds, "2"}, simulator.SMPPKnobs{MaxBinds: 1}, policy.ClassDown, "not_bound",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ln := listen(t)
			centre(t, ln, simulator.Account{SMPP: tt.centre})
			a := build(t, ln.Addr().String(), tt.settings...)
			keep(t, a)
			eventually(t, "a refused bind", func() bool { _, _, err := a.state.last(); return err != nil })
			f := failure(a.Send(t.Context(), message(1, "x")))
			if f.Class != tt.class || f.Code != tt.code || f.Advice == "" || f.AdviceVI == "" {
				t.Errorf("got %+v, want %s %s with advice", f, tt.class, tt.code)
			}
			if c := a.Check(t.Context())[0]; c.Level != "error" || c.Advice == "" || c.MessageVI == "" || strings.Contains(c.Message+c.MessageVI, a.set.password) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// The credentials are mended at the operator: Keep has gone on trying.
func TestBindRefusedThenMended(t *testing.T) {
	ln := listen(t)
	sim := centre(t, ln, simulator.Account{})
	sim.SetAccountFault(simulator.SMPP, systemID, simulator.FaultReauth)
	a := build(t, ln.Addr().String())
	keep(t, a)
	eventually(t, "a refused bind", func() bool { _, _, err := a.state.last(); return err != nil })
	sim.SetAccountFault(simulator.SMPP, systemID, "")
	eventually(t, "the session is bound", func() bool { return a.current.Load() != nil })
}

func TestCheck(t *testing.T) {
	clock := &clock{now: time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)}
	b := tuned(t, simulator.Account{}, func(a *adapter) { a.now = clock.Now })
	got := b.a.Check(t.Context())
	if len(got) != 2 || got[0].Code != "bound" || got[1].Code != "receipts" || got[0].MessageVI == "" || got[1].MessageVI == "" {
		t.Errorf("got %+v, want bound and its receipts", got)
	}
	clock.add(time.Hour)
	for range enoughSent {
		b.a.state.taken()
	}
	if got := b.a.Check(t.Context())[1]; got.Code != "no_receipts" || got.MessageVI == "" || got.AdviceVI == "" {
		t.Errorf("got %+v, want a warning that no receipt comes", got)
	}
	b.stop()
	if got := b.a.Check(t.Context())[0]; got.Code != "bind_ok" || got.MessageVI == "" {
		t.Errorf("got %+v, want a trial bind", got)
	}
}

// A message that is under way when the service stops still gets its answer.
func TestStopWaitsForAnswers(t *testing.T) {
	b := bound(t, simulator.Account{})
	b.sim.SetRule(phone(1), simulator.Rule{AnswerAfter: 10 * time.Second})
	done := make(chan *channels.Failure, 1)
	go func() { done <- failure(b.send(1, "Ma 4821")) }()
	eventually(t, "the message is under way", func() bool { return len(b.sim.Calls()) == 1 })
	b.stop()
	if f := <-done; f.Code != "taken" {
		t.Errorf("got %v, want taken", f)
	}
	if f := failure(b.send(2, "Ma 4821")); f.Class != policy.ClassDown {
		t.Errorf("got %v after the end, want down", f)
	}
}

func TestTLS(t *testing.T) {
	cert, authority := certificate(t)
	ln := tls.NewListener(listen(t), &tls.Config{Certificates: []tls.Certificate{cert}})
	centre(t, ln, simulator.Account{})
	a := build(t, ln.Addr().String(), settingTLS, "true", settingTLSCA, authority)
	in, _ := keep(t, a)
	eventually(t, "the session is bound", func() bool { return a.current.Load() != nil })
	if _, err := a.Send(t.Context(), message(1, "Ma 4821")); err != nil {
		t.Fatal(err)
	}
	in.await(1)

	stranger := build(t, ln.Addr().String(), settingTLS, "true")
	if got := stranger.Check(t.Context())[0]; got.Level != "error" || !strings.Contains(got.Message, "certificate") {
		t.Errorf("got %+v, want a certificate that is not trusted", got)
	}
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
