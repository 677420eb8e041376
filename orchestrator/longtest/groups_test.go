package longtest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/policy"
)

// Messages are moved away from an account whose deliveries become slow, and come back step by step when it is well; each move
// says why, and so does each message that was sent by the other one.
func TestMessagesMoveAwayFromASlowAccountAndBack(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		c := w.newCustomer()
		first := c.addOA("oa-1", pace{})
		c.addOA("oa-2", pace{})
		c.policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"2m","accounts":["oa-1","oa-2"]},
			{"channel":"sms","until":"delivered","timeout":"2m"}],"ttl":"30m"}`)
		sent := 0
		var all []uuid.UUID
		// load sends five messages a second, and answers the share that the first account got in the last minute of it.
		load := func(d time.Duration) float64 {
			var ids []uuid.UUID
			for range int(d / (200 * time.Millisecond)) {
				ids = append(ids, c.send(submission(phone(sent), "default")))
				sent++
				time.Sleep(200 * time.Millisecond)
			}
			all = append(all, ids...)
			got, of := 0, 0
			for _, st := range c.await(ids[max(0, len(ids)-300):], time.Hour, time.Second) {
				of++
				if st.Attempts[0].Account == "oa-1" {
					got++
				} else if why := st.Attempts[0].Detail; !strings.Contains(why, "oa-1") {
					t.Errorf("sent by %s: %q", st.Attempts[0].Account, why)
				}
			}
			return float64(got) / float64(of)
		}
		if share := load(2 * time.Minute); share != 1 {
			t.Errorf("while all is well, the first account gets %.0f %%", share*100)
		}
		w.sim.SetAccountFault(simulator.Zalo, first, simulator.FaultLate)
		if share := load(4 * time.Minute); share > 0.15 {
			t.Errorf("slow, the first account still gets %.0f %%", share*100)
		}
		w.sim.SetAccountFault(simulator.Zalo, first, "")
		if share := load(time.Minute); share > 0.6 {
			t.Errorf("well for a minute, the first account gets %.0f %%: that is not slowly", share*100)
		}
		if share := load(6 * time.Minute); share != 1 {
			t.Errorf("well for minutes, the first account gets %.0f %%", share*100)
		}
		moves, _, err := w.store.Moves(t.Context(), c.tenant.ID, c.accounts["oa-1"].ID, "", 100)
		w.must(err)
		if len(moves) == 0 {
			t.Fatal("no move was written down")
		}
		if last := moves[len(moves)-1]; last.Share != 0.05 || last.Reason != string(policy.ReasonAccountSlow) || moves[0].Share != 1 || moves[0].Reason != "" {
			t.Errorf("moves, newest first: %+v", moves)
		}
		for i, m := range moves[:len(moves)-1] {
			if before := moves[i+1]; m.Share > before.Share && (m.Share > 2*before.Share || m.At-before.At < 30_000) {
				t.Errorf("came back from %.0f %% to %.0f %% within %d ms", before.Share*100, m.Share*100, m.At-before.At)
			}
		}
		for _, st := range c.await(all, time.Hour, time.Second) {
			if st.Message.Status != policy.Delivered || st.Message.Channel != policy.ZNS {
				t.Fatalf("%s by %s", st.Message.Status, st.Message.Channel)
			}
		}
		if n := w.doubled(); n > 0 {
			t.Errorf("%d people got their message twice", n)
		}
		w.verify()
	})
}

// An account alone on its step is used however it does.
func TestSlowAccountAloneIsUsed(t *testing.T) {
	t.Parallel()
	virtual(t, func(t *testing.T) {
		w := newWorld(t, setup{})
		c := w.newCustomer()
		only := c.addOA("oa-1", pace{})
		c.policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"2m"}],"ttl":"30m"}`)
		var ids []uuid.UUID
		for i := range 600 {
			if i == 300 {
				w.sim.SetAccountFault(simulator.Zalo, only, simulator.FaultLate)
			}
			ids = append(ids, c.send(submission(phone(i), "default")))
			time.Sleep(200 * time.Millisecond)
		}
		for _, st := range c.await(ids, time.Hour, time.Second) {
			if st.Message.Status != policy.Delivered || len(st.Attempts) != 1 {
				t.Fatalf("%s after %d attempts", st.Message.Status, len(st.Attempts))
			}
		}
		if moves, _, err := w.store.Moves(t.Context(), c.tenant.ID, c.accounts["oa-1"].ID, "", 100); err != nil || len(moves) > 0 {
			t.Errorf("moved to nowhere: %+v, %v", moves, err)
		}
	})
}
