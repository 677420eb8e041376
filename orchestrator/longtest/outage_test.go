package longtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// The database is away for five minutes while every provider reports. No report is answered as if it were kept; the
// providers bring them again, and none is lost: every message is delivered by its report, and nobody has to be asked.
func TestWebhooksWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	messages := size(200, 3_000)
	virtual(t, func(t *testing.T) {
		var away atomic.Bool
		var kept, refused, other atomic.Int64 // webhooks by their answer
		w := newWorld(t, setup{
			clocks: []time.Duration{0, 0},
			fault: func(context.Context, models.FaultPoint) error {
				if away.Load() {
					return fmt.Errorf("the database is away: %w", io.ErrUnexpectedEOF)
				}
				return nil
			},
			carry: func(w *world, h webhook) int {
				status := w.deliver(context.Background(), h)
				switch {
				case status == http.StatusOK && !away.Load():
					kept.Add(1)
				case status >= 500:
					refused.Add(1)
				default:
					other.Add(1)
				}
				return status
			},
			sim: simulator.Options{DeliverAfter: time.Minute, ReadAfter: 90 * time.Second},
		})
		c := w.newCustomer()
		p := pace{perSecond: 500}
		c.addZalo(p)
		c.addInfobip(policy.Viber, p)
		c.addInfobip(policy.SMS, p)
		c.addGateway(p)
		accounts := map[string]string{"oa-main": "zns", "viber-main": "viber", "sms-main": "sms", "gateway": "sms"}
		names := slices.Sorted(maps.Keys(accounts))
		for name, ch := range accounts {
			c.policy(name, fmt.Sprintf(`{"steps":[{"channel":%q,"accounts":[%q],"until":"delivered","timeout":"6h"}],"ttl":"12h"}`, ch, name))
		}
		subs := make([]orchestrator.Submission, messages)
		for i := range subs {
			subs[i] = submission(phone(i), names[i%len(names)])
		}
		ids := c.sendAll(subs)
		time.Sleep(20 * time.Second)
		if calls := len(w.sim.Calls()); calls != messages {
			t.Fatalf("%d calls for %d messages before the database goes", calls, messages)
		}

		away.Store(true)
		time.Sleep(2 * time.Minute)
		_, err := w.engine().Accept(t.Context(), c.caller, submission(phone(messages), "sms-main"))
		if _, busy := errors.AsType[*orchestrator.BusyError](err); !busy {
			t.Errorf("a message sent meanwhile is answered %v, want \"come back\"", err)
		}
		time.Sleep(3 * time.Minute)
		away.Store(false)
		if refused.Load() < int64(messages) || kept.Load() > 0 || other.Load() > 0 {
			t.Errorf("of the reports that came meanwhile %d were refused, %d answered as kept, %d otherwise", refused.Load(), kept.Load(), other.Load())
		}

		calls := w.callsOf()
		for _, st := range c.await(ids, time.Hour, 10*time.Second) {
			a := st.Attempts[0]
			call := calls[reference(st.Message.ID, 1)][0]
			if st.Message.Status != policy.Delivered && st.Message.Status != policy.Read || call.DeliveredAt == nil || a.AskedAt != 0 {
				t.Errorf("%s ended %s, %s: %+v, in the provider's log %+v", st.Message.To, st.Message.Status, st.Message.Reason, a, call)
				continue
			}
			if off := call.DeliveredAt.Sub(time.UnixMilli(a.DeliveredAt)); off.Abs() > time.Second {
				t.Errorf("%s was delivered at %s, stored is %s", st.Message.To, call.DeliveredAt, time.UnixMilli(a.DeliveredAt))
			}
		}
		time.Sleep(20 * time.Minute) // readings that were told meanwhile come again, too
		for _, st := range c.states(ids) {
			if read := st.Message.Status == policy.Read; read != (st.Attempts[0].Channel == policy.Viber) {
				t.Errorf("%s by %s is %s in the end", st.Message.To, st.Attempts[0].Channel, st.Message.Status)
			}
		}
		t.Logf("%d messages: %d webhooks refused meanwhile, %d kept afterwards; asked %d times", messages, refused.Load(), kept.Load(), w.sim.Queries())
		if w.sim.Queries() != 0 {
			t.Errorf("the providers were asked %d times", w.sim.Queries())
		}
		unmatched(w, 0)
		w.verify()
	})
}
