// Package modeltest holds the engine against a second, much smaller writing of the same rules: random commands go to both,
// and after each the two must agree. To run more, or one failure again:
//
//	go test ./orchestrator/modeltest -rapid.checks 10000
//	go test ./orchestrator/modeltest -rapid.failfile testdata/rapid/…
package modeltest

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// most is how many commands a sequence has at most.
const most = 40

func TestEngineAgreesWithTheModel(t *testing.T) {
	chooseChecks(t)
	image := furnish(t)
	began := time.Now()
	sequences, commands := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(memoryDir(), "modeltest")
		must(rt, err)
		defer os.RemoveAll(dir)
		rapid.SyncTest(rt, func(rt *rapid.T) {
			s := &sequence{t: rt}
			defer s.end()
			s.begin(image, dir)
			for n := rapid.IntRange(1, most).Draw(rt, "commands"); n > 0; n-- {
				s.command()
				s.compare()
				commands++
			}
			s.verify()
		})
		sequences++
	})
	spent := time.Since(began)
	t.Logf("%d sequences, %d commands in %v: %.0f sequences a second", sequences, commands, spent.Round(time.Millisecond), float64(sequences)/spent.Seconds())
}

// chooseChecks has rapid play as many sequences as fit a test run, unless somebody said how many.
func chooseChecks(t *testing.T) {
	t.Helper()
	const name = "rapid.checks"
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == name })
	if !said { // rapid makes it a fifth with -short
		must(t, flag.Set(name, strconv.Itoa(ordinaryChecks)))
	}
}

// memoryDir is where files are fast, if the system has such a place.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// sequence is the engine and the model beside each other.
type sequence struct {
	t        *rapid.T
	w        *world
	m        *model
	id       uuid.UUID
	sub      orchestrator.Submission
	receipts []func() error // as they were brought, for repetition
	what     []string
}

const person = "+84912345678"

// begin draws a policy and accepts a message under it.
func (s *sequence) begin(image furnished, dir string) {
	t := s.t
	m := drawLadder(t)
	m.asks = rapid.Bool().Draw(t, "providers can be asked")
	m.toldDelivered = m.asks && rapid.Bool().Draw(t, "and say delivered")
	delay := rapid.SampledFrom([]int64{0, 0, 2_070}).Draw(t, "send_at in ms")
	s.m, s.w = m, image.newWorld(newProvider(m.asks, m.toldDelivered))
	s.w.begin(t, dir)
	s.put(m)
	s.sub = orchestrator.Submission{
		To: person, Category: policy.Transaction, PolicyName: "ladder", IdempotencyKey: "key", RequestHash: "hash",
		Content: map[policy.Channel]channels.Content{policy.ZNS: {TemplateID: "412345"}, policy.Viber: {Text: "Ma 4821"}, policy.SMS: {Text: "Ma 4821"}},
	}
	_, err := s.w.engine.Preview(t.Context(), s.w.caller, s.sub)
	must(t, err)
	time.Sleep(time.Second) // the accounts are known now, and their rates allow what comes
	m.now = time.Now().UnixMilli()
	if delay > 0 {
		s.sub.SendAt = time.Now().Add(time.Duration(delay) * time.Millisecond)
	}
	got, err := s.w.engine.Accept(t.Context(), s.w.caller, s.sub)
	must(t, err)
	s.id = got.Message.ID
	m.accept(delay)
	s.compare()
}

// end stops the engine.
func (s *sequence) end() {
	if s.w != nil {
		must(s.t, s.w.close())
	}
}

// drawLadder draws one to three steps in any order of channels.
func drawLadder(t *rapid.T) *model {
	l := &model{
		ttl:  rapid.SampledFrom([]int64{60_070, 12_070, 4_070}).Draw(t, "ttl in ms"),
		most: rapid.SampledFrom([]int64{0, 0, 700, 1_300}).Draw(t, "max cost"),
	}
	order := rapid.Permutation(policy.Channels()).Draw(t, "channels")
	for _, ch := range order[:rapid.IntRange(1, len(order)).Draw(t, "steps")] {
		r := prices[ch]
		r.channel, r.accounts = ch, accountNames[ch]
		r.until = rapid.SampledFrom([]policy.Receipt{policy.ReceiptDelivered, policy.ReceiptSent, policy.ReceiptRead}).Draw(t, "until")
		r.timeout = rapid.SampledFrom([]int64{2_070, 1_070, 4_070}).Draw(t, "timeout in ms")
		l.steps = append(l.steps, r)
	}
	return l
}

// put makes a ladder the policy of the next message.
func (s *sequence) put(l *model) {
	type step struct {
		Channel policy.Channel `json:"channel"`
		Until   policy.Receipt `json:"until"`
		Timeout string         `json:"timeout"`
	}
	p := map[string]any{"ttl": fmt.Sprint(l.ttl, "ms")}
	if l.most > 0 {
		p["max_cost"] = map[string]string{"amount": fmt.Sprint(l.most), "currency": "VND"}
	}
	var steps []step
	for _, r := range l.steps {
		steps = append(steps, step{r.channel, r.until, fmt.Sprint(r.timeout, "ms")})
	}
	p["steps"] = steps
	body, err := json.Marshal(p)
	must(s.t, err)
	_, _, err = s.w.engine.PutPolicy(s.t.Context(), s.w.tenant.ID, "ladder", body)
	must(s.t, err)
}

// command draws what happens next, and has it happen to both.
func (s *sequence) command() {
	kinds := []string{"tick"}
	calling, called := s.tries(func(t *try) bool { return t.calling }), s.tries(func(t *try) bool { return t.calls > 0 })
	if len(calling) > 0 {
		kinds = append(kinds, "answer")
	}
	if len(called) > 0 {
		kinds = append(kinds, "receipt")
	}
	if len(s.receipts) > 0 {
		kinds = append(kinds, "repeat a receipt")
	}
	kinds = append(kinds, "cancel", "confirm", "accept again", "edit the policy", "suppress")
	kind := rapid.SampledFrom(kinds).Draw(s.t, "command")
	s.what = append(s.what, kind)
	switch kind {
	case "tick":
		s.tick(rapid.SampledFrom([]int64{1, 2, 3, 5, 30}).Draw(s.t, "seconds"))
	case "answer":
		s.answer(rapid.SampledFrom(calling).Draw(s.t, "attempt"))
	case "receipt":
		s.receipt(rapid.SampledFrom(called).Draw(s.t, "attempt"))
	case "repeat a receipt":
		must(s.t, s.receipts[rapid.IntRange(0, len(s.receipts)-1).Draw(s.t, "which")]())
	case "cancel":
		_, err := s.w.engine.Cancel(s.t.Context(), s.w.tenant.ID, s.id)
		must(s.t, err)
		s.m.canceled = s.m.canceled || !s.m.ended
		s.m.decide()
	case "confirm":
		_, err := s.w.engine.Confirm(s.t.Context(), s.w.tenant.ID, s.id)
		must(s.t, err)
		s.m.confirmed = true
		s.m.decide()
	case "accept again":
		s.acceptAgain()
	case "edit the policy":
		s.put(drawLadder(s.t))
	case "suppress":
		s.suppress()
	}
}

// tries lists the attempts that ok holds for, from 1.
func (s *sequence) tries(ok func(*try) bool) (ns []int) {
	for i, t := range s.m.tries {
		if ok(t) {
			ns = append(ns, i+1)
		}
	}
	return ns
}

// tick lets seconds go by.
func (s *sequence) tick(seconds int64) {
	time.Sleep(time.Duration(seconds) * time.Second)
	s.m.advance(s.m.now + 1000*seconds)
}

func (s *sequence) answer(n int) {
	class := rapid.SampledFrom([]policy.Class{
		"", policy.ClassRecipient, policy.ClassUnknown, policy.ClassThrottled, policy.ClassDown, policy.ClassAccount, policy.ClassRequest,
	}).Draw(s.t, "as")
	must(s.t, s.w.provider.answer(s.reference(n), class))
	s.m.answered(s.m.tries[n-1], class)
}

// receipt reports something of attempt n, which happened now or a while ago.
func (s *sequence) receipt(n int) {
	kind := rapid.SampledFrom([]policy.Receipt{policy.ReceiptDelivered, policy.ReceiptSent, policy.ReceiptRead, policy.ReceiptFailed}).Draw(s.t, "kind")
	at := s.m.now - 1000*rapid.SampledFrom([]int64{0, 1, 2, 4, 10}).Draw(s.t, "seconds ago")
	r := channels.Receipt{Reference: s.reference(n), Kind: kind, At: time.UnixMilli(at), Class: policy.ClassRecipient, Code: "told_failed", Key: fmt.Sprint(len(s.receipts))}
	account := s.m.tries[n-1].account
	bring := func() error {
		err := s.w.receive(s.t.Context(), account, r)
		s.m.report(s.m.tries[n-1], kind, at)
		return err
	}
	s.receipts = append(s.receipts, bring)
	must(s.t, bring())
}

// acceptAgain repeats the request: it is the same message.
func (s *sequence) acceptAgain() {
	got, err := s.w.engine.Accept(s.t.Context(), s.w.caller, s.sub)
	if err != nil || got.Message.ID != s.id || !got.Replayed {
		s.t.Fatalf("accepted again: %s, replayed %v, %v", got.Message.ID, got.Replayed, err)
	}
}

// suppress keeps new messages out; the one that was accepted goes no further than it is.
func (s *sequence) suppress() {
	must(s.t, s.w.store.PutSuppression(s.t.Context(), models.Suppression{TenantID: s.w.tenant.ID, Phone: person, Reason: "asked", CreatedAt: s.m.now}))
	other := s.sub
	other.IdempotencyKey = ""
	_, err := s.w.engine.Accept(s.t.Context(), s.w.caller, other)
	if _, refused := errors.AsType[*orchestrator.InvalidError](err); !refused {
		s.t.Fatalf("a suppressed person was accepted: %v", err)
	}
	s.m.suppressed = true
}

func (s *sequence) reference(n int) string {
	id := models.AttemptID(s.id, int64(n))
	return hex.EncodeToString(id[:])
}

// attemptOf is the inverse of reference; 0 for none of ours.
func (s *sequence) attemptOf(reference string) int {
	raw, err := hex.DecodeString(reference)
	must(s.t, err)
	message, n := models.SplitAttemptID(uuid.UUID(raw))
	if message != s.id {
		return 0
	}
	return int(n)
}

// picture is what both must agree on.
type picture struct {
	Status   policy.MessageStatus
	Channel  policy.Channel
	Cost     int64
	Attempts []attemptPicture
	Called   map[int]int // how often the provider was called, by attempt
}

type attemptPicture struct {
	Step    int
	Account string
	Status  policy.AttemptStatus
	Calls   int
}

// compare fails the test where the engine's picture is not the model's.
func (s *sequence) compare() {
	synctest.Wait()
	want := picture{Status: s.m.status, Channel: s.m.channel, Cost: s.m.cost(), Called: map[int]int{}}
	for i, t := range s.m.tries {
		want.Attempts = append(want.Attempts, attemptPicture{t.step, t.account, t.status, t.calls})
		if t.calls > 0 {
			want.Called[i+1] = t.calls
		}
	}
	v, err := s.w.engine.Message(s.t.Context(), s.w.tenant.ID, s.id)
	must(s.t, err)
	got := picture{Status: v.Status, Channel: v.Channel, Cost: v.Cost.Micros / 1_000_000, Called: map[int]int{}}
	for _, a := range v.Attempts {
		got.Attempts = append(got.Attempts, attemptPicture{a.Step - 1, a.Account, a.Status, int(a.Calls)})
	}
	for _, reference := range s.w.provider.calls() {
		got.Called[s.attemptOf(reference)]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatalf("after %s (-model +engine):\n%s", strings.Join(s.what, ", "), diff)
	}
}

// verify fails the test for every invariant that the stored data breaks.
func (s *sequence) verify() {
	must(s.t, s.w.store.Verify(s.t.Context(), func(v models.Violation) error {
		s.t.Errorf("after %s: %s: %s", strings.Join(s.what, ", "), v.Invariant, v.What)
		return nil
	}))
}
