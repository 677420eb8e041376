package longtest

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// shuffledOver is how late a receipt may come. The steps of the tests wait longer.
const shuffledOver = 10 * time.Minute

// outcome is how a message ended: what must not depend on how its receipts came.
type outcome struct {
	Status   policy.MessageStatus
	Channel  policy.Channel
	Cost     int64
	Attempts []tried
}

type tried struct {
	Channel policy.Channel
	Status  policy.AttemptStatus
	Cost    int64
}

func outcomeOf(st *models.State) outcome {
	o := outcome{Status: st.Message.Status, Channel: st.Message.Channel, Cost: st.Message.Cost}
	for _, a := range st.Attempts {
		o.Attempts = append(o.Attempts, tried{a.Channel, a.Status, a.Cost})
	}
	return o
}

// Receipts come one to five times, in any order over ten minutes, and of every twentieth message none comes. The
// messages end as they do when every receipt comes once and at once: the same statuses, attempts and costs. Those whose
// receipts are lost are found by a question, or their steps' time ends.
func TestReceiptsRepeatedShuffledAndDropped(t *testing.T) {
	t.Parallel()
	messages := size(900/detector, 9_500)
	clean, _, _ := receiptsRun(t, messages, nil)

	var came atomic.Int64
	var known numbers
	ended, dropped, told := receiptsRun(t, messages, func(w *world, h webhook) int {
		to := known.about(w, h.hook.Body)
		if isDropped(to) {
			return http.StatusOK
		}
		for range 1 + rand.N(5) {
			w.servers.Go(func() {
				time.Sleep(rand.N(shuffledOver))
				came.Add(1)
				if status := w.deliver(context.Background(), h); status != http.StatusOK {
					w.t.Errorf("a receipt was answered %d", status)
				}
			})
		}
		return http.StatusOK
	})
	for to, want := range clean {
		if isDropped(to) {
			continue
		}
		if diff := cmp.Diff(want, ended[to]); diff != "" {
			t.Errorf("%s does not end as in the clean run (-clean +got):\n%s", to, diff)
		}
	}
	t.Logf("%d messages, %d receipts came; %d messages without any: %d found by a question, %d timed out", messages, came.Load(), dropped, told.found, told.timedOut)
	if came.Load() < int64(messages)*2 || dropped == 0 || told.found == 0 || told.timedOut == 0 {
		t.Error("too little happened for this test to mean anything")
	}
}

// isDropped chooses the messages whose receipts are lost: one in twenty.
func isDropped(to string) bool {
	h := fnv.New32a()
	_, _ = h.Write([]byte(to)) // never fails
	return h.Sum32()%20 == 0
}

// idPattern finds the ids in a webhook: ours, and Zalo's of its own.
var idPattern = regexp.MustCompile(`\b(?:[0-9a-f]{32}|[0-9a-f]{20})\b`)

// numbers are the phone numbers behind the ids of calls, as far as they were needed.
type numbers struct {
	mu sync.Mutex
	to map[string]string
}

// about answers the number that a webhook is about, by the provider's log.
func (n *numbers) about(w *world, body []byte) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if to := n.named(body); to != "" {
		return to
	}
	n.to = map[string]string{}
	for _, c := range w.sim.Calls() {
		n.to[c.Reference], n.to[c.ProviderID] = c.To, c.To
	}
	to := n.named(body)
	if to == "" {
		w.t.Errorf("nobody was called for %s", body)
	}
	return to
}

func (n *numbers) named(body []byte) string {
	for _, id := range idPattern.FindAllString(string(body), -1) {
		if to := n.to[id]; to != "" {
			return to
		}
	}
	return ""
}

// lost is what became of the messages without receipts.
type lost struct{ found, timedOut int }

// receiptsRun sends messages to numbers of every kind, and answers how each ended.
func receiptsRun(t *testing.T, messages int, carry func(*world, webhook) int) (ended map[string]outcome, dropped int, told lost) {
	ended = map[string]outcome{}
	virtual(t, func(t *testing.T) {
		w := newWorld(t, setup{carry: carry, clocks: make([]time.Duration, 2)})
		c := w.newCustomer()
		p := pace{perSecond: 200, concurrency: 64}
		c.addZalo(p)
		c.addInfobip(policy.Viber, p)
		c.addInfobip(policy.SMS, p)
		c.policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"12m"},{"channel":"viber","until":"delivered","timeout":"12m"},
			{"channel":"sms","until":"delivered","timeout":"12m"}],"ttl":"2h"}`)
		for _, digit := range []string{"4", "5", "6", "7"} {
			w.sim.SetRule("*"+digit, simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
		}
		w.sim.SetRule("*6", simulator.Rule{Channel: simulator.Viber, Outcome: simulator.Fail})
		w.sim.SetRule("*7", simulator.Rule{Channel: simulator.Viber, Outcome: simulator.Fail})
		w.sim.SetRule("*7", simulator.Rule{Channel: simulator.SMS, Outcome: simulator.Fail})
		w.sim.SetRule("*8", simulator.Rule{Channel: simulator.ZNS, Deliver: new(time.Duration(-1))})
		w.sim.SetRule("*9", simulator.Rule{Channel: simulator.ZNS, Read: new(8 * time.Second)})
		subs := make([]orchestrator.Submission, messages)
		for i := range subs {
			subs[i] = submission(phone(i), "default")
		}
		ids := c.sendAll(subs)
		c.await(ids, 3*time.Hour, 3*time.Minute)
		time.Sleep(shuffledOver + time.Minute)

		calls := w.callsOf()
		for _, st := range c.states(ids) {
			to := digitsOf(st.Message.To)
			ended[to] = outcomeOf(st)
			if carry != nil && isDropped(to) {
				dropped++
				told.judge(t, st, calls)
				continue
			}
			for _, a := range st.Attempts {
				var price int64
				for _, call := range calls[reference(st.Message.ID, a.N)] {
					n, err := strconv.ParseInt(call.Price, 10, 64)
					w.must(err)
					price += n * 1_000_000
				}
				if price != a.Cost {
					t.Errorf("attempt %d of %s costs %d, the provider bills %d", a.N, to, a.Cost, price)
				}
			}
		}
		for _, n := range w.nodes {
			if q := n.engine.Counters.Quarantined.Load(); q > 0 {
				t.Errorf("%d receipts are in quarantine", q)
			}
		}
		w.verify()
	})
	return ended, dropped, told
}

// judge checks a message none of whose receipts came: what it knows was asked for, and true.
func (l *lost) judge(t *testing.T, st *models.State, calls map[string][]simulator.Call) {
	found, timedOut := false, false
	for _, a := range st.Attempts {
		made := calls[reference(st.Message.ID, a.N)]
		if a.Status == policy.AttemptDelivered || a.Status == policy.AttemptRead {
			found = true
			if a.AskedAt == 0 || len(made) == 0 || made[len(made)-1].DeliveredAt == nil {
				t.Errorf("attempt %d of %s is %s, but nobody was asked, or it was not delivered: %+v", a.N, st.Message.To, a.Status, made)
			}
		}
		timedOut = timedOut || a.Status == policy.AttemptTimedOut || a.EndedAt != 0
	}
	switch {
	case found:
		l.found++
	case timedOut:
		l.timedOut++
	default:
		t.Errorf("%s ended %s, %s, with neither an answer nor a timeout: %+v", st.Message.To, st.Message.Status, st.Message.Reason, st.Attempts)
	}
}

// A receipt comes before, with or after the answer of the submit that it is about, and names it by the provider's id,
// which only that answer tells. None is left unmatched.
func TestReceiptBeforeWithOrAfterTheAnswer(t *testing.T) {
	t.Parallel()
	messages := size(1_000/detector, 10_000)
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			w := newWorld(t, setup{clocks: make([]time.Duration, 2), open: shared(t, dialect)})
			c := w.newCustomer()
			c.addGateway(pace{concurrency: 64})
			c.policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"30s"}],"ttl":"10m"}`)
			for digit, rule := range []simulator.Rule{
				{Deliver: new(time.Duration(0)), AnswerAfter: 150 * time.Millisecond},
				{Deliver: new(time.Duration(0)), AnswerAfter: 5 * time.Millisecond},
				{Deliver: new(2 * time.Millisecond), AnswerAfter: 2 * time.Millisecond},
				{Deliver: new(time.Duration(0))},
				{Deliver: new(40 * time.Millisecond)},
			} {
				w.sim.SetRule(fmt.Sprint("*", 2*digit), rule)
				w.sim.SetRule(fmt.Sprint("*", 2*digit+1), rule)
			}
			subs := make([]orchestrator.Submission, messages)
			for i := range subs {
				subs[i] = submission(phone(i), "default")
			}
			for wave := range slices.Chunk(subs, 500) { // a longer queue would hold the receipts up, not the answers
				for _, st := range c.await(c.sendAll(wave), time.Minute, 50*time.Millisecond) {
					if st.Message.Status != policy.Delivered || len(st.Attempts) != 1 || st.Attempts[0].AskedAt != 0 {
						t.Errorf("%s ended %s, %s: %+v", st.Message.To, st.Message.Status, st.Message.Reason, st.Attempts)
					}
				}
			}
			unmatched(w, 0)
			var parked int64
			for _, n := range w.nodes {
				parked += n.engine.Counters.Parked.Load()
			}
			t.Logf("%d of %d receipts were there before the answer that names them", parked, messages)
			if least := int64(messages / 20); parked < least || parked > int64(messages)-least {
				t.Errorf("%d of %d receipts came first: both must happen for this test to mean anything", parked, messages)
			}
			if calls := len(w.sim.Calls()); calls != messages {
				t.Errorf("the provider's log has %d calls for %d messages", calls, messages)
			}
			w.verify()
		})
	}
}

// A provider's account is used by somebody else too, whose receipts come to us and match nothing, more than one look
// takes. Receipts that come before their submit's answer are matched all the same.
func TestForeignReceiptsHoldUpNobody(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		c := w.newCustomer()
		c.addGateway(pace{})
		c.policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"5m"}],"ttl":"10m"}`)
		w.sim.SetRule("*", simulator.Rule{Deliver: new(time.Duration(0)), AnswerAfter: 500 * time.Millisecond})
		account := c.accounts["gateway"]
		const foreign = 1_100
		var done sync.WaitGroup
		for i := range foreign {
			done.Go(func() {
				h := webhook{"http", account.ID, gatewayHook(w, account, fmt.Sprintf(`{"id":"foreign-%d","ref":"x","status":"delivered","at":1}`, i))}
				if status := w.deliver(t.Context(), h); status != http.StatusOK {
					t.Errorf("a foreign receipt was answered %d", status)
				}
			})
		}
		done.Wait()
		time.Sleep(10 * time.Second)
		id := c.send(submission(phone(1), "default"))
		time.Sleep(30 * time.Second)
		if st := c.states([]uuid.UUID{id})[0]; st.Message.Status != policy.Delivered {
			t.Errorf("30 s after its receipt came the message is %s: %+v", st.Message.Status, st.Attempts)
		}
		unmatched(w, foreign)
		w.verify()
	})
}

// gatewayHook is a receipt as the gateway sends it.
func gatewayHook(w *world, a models.Account, body string) channels.Hook {
	return channels.Hook{
		Method: http.MethodPost, URL: w.engine().HookURL(a) + "?token=h00k", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
	}
}

// unmatched fails the test unless so many receipts wait for their attempt, and none is in quarantine.
func unmatched(w *world, want int) {
	w.t.Helper()
	parked, err := w.store.Parked(w.t.Context(), 1<<62, 10_000)
	w.must(err)
	if len(parked) != want {
		w.t.Errorf("%d receipts are unmatched, want %d", len(parked), want)
	}
	for _, n := range w.nodes {
		if q := n.engine.Counters.Quarantined.Load(); q > 0 {
			w.t.Errorf("%d receipts are in quarantine", q)
		}
	}
}
