package simtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// story tells a run for people: each message's committed states, then what the providers and the webhooks saw.
func (j *judge) story() string {
	var b strings.Builder
	at := func(t time.Time) time.Duration { return t.Sub(j.w.start).Round(time.Millisecond) }
	since := func(ms int64) string {
		if ms == 0 {
			return "-"
		}
		return at(time.UnixMilli(ms)).String()
	}
	for id, known := range j.states {
		for _, v := range slices.Sorted(maps.Keys(known)) {
			m := known[v].st.Message
			fmt.Fprintf(&b, "%s %s v%d at %v: %s (%s) due %s\n", id, m.To, v, at(known[v].at), m.Status, m.Reason, since(m.DueAt))
			for _, a := range known[v].st.Attempts {
				fmt.Fprintf(&b, "    %d %s %s %s %s: calls %d, called %s, sent %s, delivered %s, read %s, failed %s, asked %s, cost %d\n", a.N, a.Channel,
					a.Status, a.Code, a.Reason, a.Calls, since(a.CalledAt), since(a.SentAt), since(a.DeliveredAt), since(a.ReadAt), since(a.FailedAt), since(a.AskedAt), a.Cost)
			}
		}
	}
	for _, c := range j.w.sim.Calls() {
		fmt.Fprintf(&b, "call at %v: %s %s %s %s %s\n", at(c.At), c.Channel, c.To, c.Reference, c.Outcome, c.Code)
	}
	for _, k := range j.acks {
		fmt.Fprintf(&b, "webhook at %v: %s %s %s\n", at(k.at), k.kind, k.reference, k.providerID)
	}
	return b.String()
}
