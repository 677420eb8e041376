package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/orchestrator"
	"cascade/policy"
)

// The service's own times, which no setting shortens: a provider call, and the lease after which a dead replica's work
// moves. looking is how much later than that somebody may have looked.
const (
	serveCall  = 10 * time.Second
	serveLease = 22 * time.Second
	looking    = 3 * time.Second
)

// Two processes of the service share what comes due at once, and one of them goes in the middle of it: told to stop,
// it hands its work over at once; killed, its work moves within its lease.
func TestTwoServesShareDueMessages(t *testing.T) {
	if !hasPostgres(t) {
		return
	}
	tests := map[string]struct {
		messages int
		hangs    string // which numbers' ZNS calls get no answer, so that some are under way at any time
		end      func(*cluster, *replica)
		moved    time.Duration // from the end of one replica to the last trace of its calls
	}{
		"one is stopped": {5000, "*77", (*cluster).terminate, serveCall + looking},
		"one is killed":  {1000, "*7", (*cluster).kill, serveLease + looking},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // both mostly wait
			if testing.Short() {
				tt.messages, tt.hangs = 500, "*7"
			}
			s := newShare(t, tt.messages, tt.hangs)
			s.run(tt.end, tt.moved)
		})
	}
}

// share is a backlog that comes due at once on two replicas.
type share struct {
	*cluster
	one, two *replica
	key      string
	messages int
	due      time.Time
	accepted map[string]bool // ids
}

// perReplica is the share of the messages, in percent, that the accounts' rate lets a replica send each second.
const perReplica = 6

func newShare(t *testing.T, messages int, hangs string) *share {
	t.Helper()
	s := &share{cluster: newCluster(t), messages: messages, accepted: map[string]bool{}}
	s.sim.SetRule(hangs, simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Hang})
	s.one, s.two = s.serve(), s.serve()
	s.key = s.furnish(s.one, messages*perReplica/100)
	pace := time.Millisecond // for a message to be accepted, generously
	if raced {
		pace *= 5
	}
	s.due = time.Now().Add(time.Second + time.Duration(messages)*pace).Truncate(time.Millisecond)
	s.schedule()
	return s
}

// schedule accepts every message for the same moment.
func (s *share) schedule() {
	s.t.Helper()
	const batch = 500
	for first := 0; first < s.messages; first += batch {
		s.accept([]*replica{s.one, s.two}[first/batch%2], first, min(first+batch, s.messages))
	}
	if left := time.Until(s.due); left < 0 {
		s.t.Fatalf("the messages came due %s before the last was accepted", -left)
	}
}

// accept has a replica accept a range of the messages.
func (s *share) accept(by *replica, first, end int) {
	s.t.Helper()
	var items []string
	for i := first; i < end; i++ {
		items = append(items, fmt.Sprintf(`{"to": "+8491%07d", "category": "transaction", "policy": "default", "send_at": %q, "content": {
			"zns": {"template_id": "412345", "template_data": {"order": "A-%[1]d"}}, "viber": {"text": "Don A-%[1]d"}, "sms": {"text": "Don A-%[1]d"}}}`,
			i, s.due.Format(time.RFC3339Nano)))
	}
	var out struct {
		Data []struct {
			ID    string `json:"id"`
			Error any    `json:"error"`
		} `json:"data"`
	}
	by.api("POST", "/v1/messages/batch", s.key, `{"messages": [`+strings.Join(items, ",")+`]}`, 200, &out)
	for _, item := range out.Data {
		if item.ID == "" {
			s.t.Fatalf("a message was refused: %v", item.Error)
		}
		s.accepted[item.ID] = true
	}
}

// run lets both replicas work, ends one, and checks what became of the messages.
func (s *share) run(end func(*cluster, *replica), moved time.Duration) {
	s.t.Helper()
	var one, two int
	const calls = "cascade_provider_calls_total"
	s.poll("calls of two fifths of the messages", time.Until(s.due)+2*time.Minute, func() bool {
		one, two = s.one.counter(calls), s.two.counter(calls)
		return (one+two)*5 >= s.messages*2
	})
	if min(one, two)*4 < one+two {
		s.t.Errorf("the replicas made %d and %d calls: one of them starves", one, two)
	}
	s.t.Logf("%d and %d calls when one goes", one, two)
	ends := time.Now()
	if s.sendingSince(ends) == 0 {
		s.t.Error("no call was under way when a replica ended")
	}
	end(s.cluster, s.one)
	s.t.Logf("a replica ended within %s", time.Since(ends))
	s.poll("no call of the other replica", time.Until(ends.Add(moved)), func() bool { return s.sendingSince(ends) == 0 })
	s.t.Logf("its calls were settled within %s", time.Since(ends))
	s.awaitFinal()
	s.t.Logf("all ended within %s of being due", time.Since(s.due))
	s.calledOnce()
	s.truthful()
	s.terminate(s.two)
	s.verify()
}

// poll asks until the answer is yes.
func (s *share) poll(what string, within time.Duration, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("no %s within %s", what, within)
		}
	}
}

// awaitFinal waits until no message is open.
func (s *share) awaitFinal() {
	s.t.Helper()
	s.poll("end of every message", 2*time.Minute, func() bool {
		for _, status := range []policy.MessageStatus{policy.Scheduled, policy.Accepted, policy.Sending} {
			var page struct{ Data []struct{} }
			s.two.api("GET", "/v1/messages?limit=1&status="+string(status), s.key, "", 200, &page)
			if len(page.Data) > 0 {
				return false
			}
		}
		return true
	})
}

// calledOnce checks the provider's log: an attempt is called again only if its calls before were surely not taken.
func (s *share) calledOnce() {
	s.t.Helper()
	called := map[string]string{}
	for _, c := range s.sim.Calls() {
		if outcome, again := called[c.Reference]; again && outcome != simulator.OutcomeRefused && outcome != simulator.OutcomeCutNotTaken {
			s.t.Errorf("attempt %s was called again on %s after it was %s", c.Reference, c.Channel, outcome)
		}
		called[c.Reference] = c.Outcome
	}
}

// truthful compares the API's list with the provider's log: every accepted message is there once and final, and each
// was delivered by the channel that it names.
func (s *share) truthful() {
	s.t.Helper()
	delivered := map[string]bool{}
	for _, c := range s.sim.Calls() {
		if c.DeliveredAt != nil {
			delivered["+"+c.To+" "+c.Channel] = true
		}
	}
	ended, cursor := map[policy.MessageStatus]int{}, ""
	for {
		var page struct {
			Data       []orchestrator.MessageView
			NextCursor *string `json:"next_cursor"`
		}
		s.two.api("GET", "/v1/messages?limit=200&cursor="+cursor, s.key, "", 200, &page)
		for _, v := range page.Data {
			ended[v.Status]++
			if !s.accepted[v.ID.String()] {
				s.t.Errorf("message %s was not accepted, or is there twice", v.ID)
			}
			delete(s.accepted, v.ID.String())
			if reached := v.Status == policy.Delivered || v.Status == policy.Read; !reached || !delivered[v.To+" "+string(v.Channel)] {
				s.t.Errorf("message %s ended %s by %q, which its provider does not know of", v.ID, v.Status, v.Channel)
			}
		}
		if page.NextCursor == nil {
			break
		}
		cursor = *page.NextCursor
	}
	if len(s.accepted) > 0 {
		s.t.Errorf("%d messages are lost", len(s.accepted))
	}
	s.t.Log("messages ended", ended)
}
