// Package ladderstest holds each adapter on the ladder it was made for: as the first step, which delivers or refuses, and
// as the fallback of a ZNS that is refused or stays silent. The engine is the real one and so are the adapters; the
// providers are the simulator's, on their own wires, and call back over HTTP.
package ladderstest

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// Timeouts of a first step: one that no provider here needs, and one that is soon over.
const (
	ample = 5 * time.Minute
	soon  = 500 * time.Millisecond
)

// scenario is what happens to an adapter on a ladder.
type scenario struct {
	name string
	// fallback: the adapter is the second step, behind a ZNS; otherwise the first, before an SMS.
	fallback bool
	// first is the first step's timeout.
	first time.Duration
	// plays is whether the adapter's provider can behave so; nil is that every one can.
	plays func(u rung) bool
	// script makes the providers misbehave for a number.
	script func(r *rig, u rung, to string)
	want   func(u rung) outcome
}

// outcome is what becomes of a message.
type outcome struct {
	Channel  policy.Channel
	Attempts []attempt
	// VND is what it cost.
	VND int64
}

// attempt is a step and what the providers saw of it.
type attempt struct {
	Account string
	Status  policy.AttemptStatus
	// Calls is how often the provider was called, and Taken how many of those calls it took.
	Calls, Taken int
}

// delivers and the like are the attempts that there are.
func delivers(account string) attempt { return attempt{account, policy.AttemptDelivered, 1, 1} }
func refuses(account string) attempt  { return attempt{account, policy.AttemptFailed, 1, 0} }
func fails(account string) attempt    { return attempt{account, policy.AttemptFailed, 1, 1} }
func hushes(account string) attempt   { return attempt{account, policy.AttemptTimedOut, 1, 1} }

var scenarios = []scenario{
	{
		name: "first step, delivers", first: ample,
		script: func(*rig, rung, string) {},
		want: func(u rung) outcome {
			return outcome{u.channel, []attempt{delivers(u.name())}, prices[u.channel]}
		},
	},
	{
		name: "first step, refuses the recipient", first: ample,
		plays:  func(u rung) bool { return u.refusal != "" },
		script: func(r *rig, u rung, to string) { r.tested.refuse(u, to) },
		want: func(u rung) outcome {
			return outcome{policy.SMS, []attempt{refuses(u.name()), delivers(other(u.spare().name()))}, prices[policy.SMS]}
		},
	},
	{
		name: "first step, reports that it did not arrive", first: ample,
		plays:  func(u rung) bool { return !u.silent },
		script: func(r *rig, u rung, to string) { r.tested.fail(u, to) },
		want: func(u rung) outcome {
			o := outcome{policy.SMS, []attempt{fails(u.name()), delivers(other(u.spare().name()))}, prices[policy.SMS]}
			if u.channel == policy.SMS { // billed when taken, whatever becomes of it
				o.VND += prices[policy.SMS]
			}
			return o
		},
	},
	{
		name: "first step, cut after it was taken", first: ample, // the receipt proves it, and nothing is sent again
		plays:  func(u rung) bool { return !u.ownIDs },
		script: func(r *rig, u rung, to string) { r.tested.cut(u, to) },
		want: func(u rung) outcome {
			return outcome{u.channel, []attempt{delivers(u.name())}, prices[u.channel]}
		},
	},
	{
		name: "fallback of a ZNS that is refused", fallback: true, first: ample,
		script: func(r *rig, u rung, to string) { r.others.refuse(u.opener(), to) },
		want: func(u rung) outcome {
			return outcome{u.channel, []attempt{refuses(other(u.opener().name())), delivers(u.name())}, prices[u.channel]}
		},
	},
	{
		name: "fallback of a ZNS that stays silent", fallback: true, first: soon,
		script: func(r *rig, _ rung, to string) { r.others.hush(policy.ZNS, to) },
		want: func(u rung) outcome {
			return outcome{u.channel, []attempt{hushes(other(u.opener().name())), delivers(u.name())}, prices[u.channel]}
		},
	},
}

func TestEveryAdapterOnItsLadder(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newRig(t, s)
		var checks []func()
		wanted := 0
		for _, u := range rungs {
			for _, s := range scenarios {
				if s.plays != nil && !s.plays(u) {
					continue
				}
				n := len(checks)
				to, id, want := r.play(n, u, s)
				wanted += len(want.Attempts) // one call each
				checks = append(checks, func() {
					t.Run(u.name()+", "+s.name, func(t *testing.T) {
						r.check(t, to, id, want)
						r.proofs(t, u, to, id)
					})
				})
			}
		}
		for _, check := range checks { // while all messages are under way
			check()
		}
		if n := len(r.tested.sim.Calls()) + len(r.others.sim.Calls()); n != wanted {
			t.Errorf("the providers saw %d calls in the end, want %d", n, wanted)
		}
		r.verify()
	})
}

// play sends the scenario's message to a number of its own.
func (r *rig) play(n int, u rung, s scenario) (to string, id uuid.UUID, want outcome) {
	r.t.Helper()
	to = fmt.Sprintf("+84912%06d", n)
	tested := step{u.channel, u.name()}
	ladder := []step{tested, {policy.SMS, other(u.spare().name())}}
	if s.fallback {
		ladder = []step{{policy.ZNS, other(u.opener().name())}, tested}
	}
	name := fmt.Sprintf("ladder_%d", n)
	r.policy(name, s.first, ladder...)
	s.script(r, u, to)
	return to, r.send(name, to), s.want(u)
}

// check waits for the message to end, which a delivery must do, and compares what is stored, what was charged and what
// the providers saw.
func (r *rig) check(t *testing.T, to string, id uuid.UUID, want outcome) {
	t.Helper()
	var v orchestrator.MessageView
	await(t, "the message has its final status", func() bool {
		var err error
		if v, err = r.engine.Message(t.Context(), r.tenant, id); err != nil {
			t.Fatal(err)
		}
		return v.Status.Final()
	})
	if v.Status != policy.Delivered || v.Reason != policy.ReasonUntilReached || v.NextAt != nil {
		t.Errorf("ended as %s, %s; next at %v", v.Status, v.Reason, v.NextAt)
	}
	got := outcome{Channel: v.Channel, VND: r.charged(t, id)}
	known := 0
	for _, a := range v.Attempts {
		calls := r.places[a.Account].calls(to)
		known += len(calls)
		x := attempt{Account: a.Account, Status: a.Status, Calls: len(calls)}
		for _, c := range calls {
			if c.Taken() {
				x.Taken++
			}
			if c.Reference != "" && c.Reference != hex.EncodeToString(a.ID[:]) {
				t.Errorf("the provider knows attempt %s as %s", a.ID, c.Reference)
			}
		}
		if a.Calls != int64(len(calls)) {
			t.Errorf("%s: %d calls are known, and the provider saw %d", a.Account, a.Calls, len(calls))
		}
		got.Attempts = append(got.Attempts, x)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	seen := append(r.tested.calls(to), r.others.calls(to)...)
	if len(seen) != known {
		t.Errorf("%d calls belong to no attempt: %+v", len(seen)-known, seen)
	}
	if billed := bill(t, seen); billed != got.VND || v.Cost != (policy.Money{Micros: billed * 1_000_000, Currency: "VND"}) {
		t.Errorf("the ledger sums to %d, the message says %s, the providers bill %d", got.VND, v.Cost, billed)
	}
}

// proofs wants what is kept of a rung's callbacks to be by the provider's word: the callback's own if it is signed, else
// the answer to the question about it. Either way it happened when the provider says.
func (r *rig) proofs(t *testing.T, u rung, to string, id uuid.UUID) {
	t.Helper()
	kept, err := r.store.Receipts(t.Context(), r.tenant, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k.AccountID != r.places[u.name()].id {
			continue
		}
		if asked := strings.HasPrefix(k.EventKey, "lookup/"); asked != u.hints {
			t.Errorf("receipt %s is kept as %q; asked about: %v", k.Kind, k.EventKey, u.hints)
		}
		if call := r.tested.calls(to)[0]; u.clocked && k.Kind == policy.ReceiptDelivered && k.At != call.DeliveredAt.UnixMilli() {
			t.Errorf("delivered at %d by what is kept, at %d by the provider", k.At, call.DeliveredAt.UnixMilli())
		}
	}
}

// bill is what the providers bill for calls, in VND.
func bill(t *testing.T, calls []simulator.Call) (sum int64) {
	t.Helper()
	for _, c := range calls {
		vnd, err := strconv.ParseInt(c.Price, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += vnd
	}
	return sum
}
