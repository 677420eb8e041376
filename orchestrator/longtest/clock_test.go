package longtest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"
	_ "time/tzdata" // quiet hours name a zone

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// clockStep sets a clock while everything runs. node −1 is the database.
type clockStep struct {
	at   time.Duration // after the start
	node int
	by   time.Duration
}

// measuredWithin is how soon after a step every node knows: the upkeep measures the database's clock every ten seconds.
const measuredWithin = 11 * time.Second

// Clocks are wrong, by a second, an hour or a day, and set while everything runs. What has a time never begins before it
// by the database's clock, nor much later; and nobody asks the database or calls the providers more often than usual.
func TestClocksApart(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		clocks []time.Duration
		steps  []clockStep
	}{}
	add := func(name string, clocks []time.Duration, steps ...clockStep) {
		tests[name] = struct {
			clocks []time.Duration
			steps  []clockStep
		}{clocks, steps}
	}
	const day = 24 * time.Hour
	right := []time.Duration{0, 0}
	sizes := []time.Duration{time.Hour, time.Second, day}
	if detector > 1 && !*full {
		sizes = sizes[:1]
	}
	for _, by := range sizes {
		for _, by := range []time.Duration{by, -by} {
			add(fmt.Sprint("one node, wrong by ", by), []time.Duration{by})
			add(fmt.Sprint("two nodes, one wrong by ", by), []time.Duration{0, by})
			add(fmt.Sprint("a node's clock is set by ", by), right, clockStep{63 * time.Second, 1, by})
			add(fmt.Sprint("the database's clock is set by ", by), right, clockStep{63 * time.Second, -1, by})
			add(fmt.Sprint("every clock is set by ", by), right, clockStep{63 * time.Second, -1, by}, clockStep{63 * time.Second, 0, by}, clockStep{63 * time.Second, 1, by})
			add(fmt.Sprint("the database's clock is set by ", by, " and back"), right, clockStep{63 * time.Second, -1, by}, clockStep{100 * time.Second, -1, -by})
		}
	}
	add("two nodes, ten minutes apart", []time.Duration{0, 10 * time.Minute})
	add("two nodes, ten minutes apart, backwards", []time.Duration{0, -10 * time.Minute})
	add("two nodes, two days apart", []time.Duration{day, -day})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(t *testing.T) { clocksRun(t, tt.clocks, tt.steps) })
		})
	}
}

// mostAsked is how often a second a node with little to do may go to the database. It is usually some five times.
const mostAsked = 20

// watched is how long it is counted: both steps of every message are over by then, if no clock is set back.
const watched = 5 * time.Minute

const stepTimeout = 2 * time.Minute

func clocksRun(t *testing.T, clocks []time.Duration, steps []clockStep) {
	var wrong atomic.Int64
	database := func() time.Time { return time.Now().Add(time.Duration(wrong.Load())) }
	w := newWorld(t, setup{clocks: clocks, database: database})
	c := w.newCustomer()
	c.addInfobip(policy.Viber, pace{})
	c.addInfobip(policy.SMS, pace{})
	c.policy("default", fmt.Sprintf(`{"steps":[{"channel":"viber","until":"delivered","timeout":%q},{"channel":"sms","until":"delivered","timeout":%q}],"ttl":"72h"}`,
		stepTimeout, stepTimeout))
	w.sim.SetRule("*", simulator.Rule{Channel: simulator.Viber, DropWebhooks: true, Deliver: new(time.Duration(-1))})
	began := time.Now()
	var ids []uuid.UUID
	for i := range 20 {
		sub := submission(phone(i), "default")
		if i%2 == 0 {
			sub.SendAt = database().Add(90 * time.Second)
		}
		ids = append(ids, c.send(sub))
		time.Sleep(100 * time.Millisecond)
	}
	var set []time.Time // by the database's clock, when a clock was set
	for _, s := range steps {
		time.Sleep(time.Until(began.Add(s.at)))
		if set = append(set, database()); s.node < 0 {
			wrong.Add(int64(s.by))
		} else {
			w.nodes[s.node].clock.Add(int64(s.by))
		}
		set = append(set, database())
	}
	time.Sleep(time.Until(began.Add(watched)))
	var most int64
	for i, n := range w.nodes {
		if asked := n.asked.Load(); asked > mostAsked*int64(watched.Seconds()) {
			t.Errorf("node %d went to the database %d times in %s", i, asked, watched)
		}
		most = max(most, n.asked.Load())
	}
	if calls, asked := len(w.sim.Calls()), w.sim.Queries(); calls > 2*len(ids) || asked > 2*len(ids) {
		t.Errorf("%d calls and %d questions for %d messages of two steps", calls, asked, len(ids))
	}
	if d := time.Duration(wrong.Load()); d < -time.Minute { // nothing would be due for as long
		wrong.Store(0)
		set = append(set, database())
		time.Sleep(watched)
	}
	w.sleepThrough(steps)
	ended := c.await(ids, 2*time.Hour, time.Minute)
	j := &punctuality{t: t, set: set, calls: w.callsOf()}
	for _, st := range ended {
		j.judge(st)
	}
	if j.early > 0 {
		t.Logf("%d calls came early, by %s at most, before the step was measured", j.early, j.by)
	}
	w.verify()
	t.Logf("a node went to the database %.1f times a second at most", float64(most)/watched.Seconds())
}

// sleepThrough waits where a clock was set forward: what was written before that was measured is due by the wrong clock, as
// much later. Nobody runs meanwhile: an idle second costs as much as a busy one.
func (w *world) sleepThrough(steps []clockStep) {
	for _, s := range steps {
		if s.by > time.Minute {
			w.stopNodes()
			time.Sleep(s.by)
			w.startNodes()
			return
		}
	}
}

// punctuality compares the times of calls, which the provider's log has by the database's clock, with when they were due.
type punctuality struct {
	t     *testing.T
	set   []time.Time
	calls map[string][]simulator.Call
	// early are the calls before their time while a step was not measured yet; by is the most.
	early int
	by    time.Duration
}

func (j *punctuality) judge(st *models.State) {
	if st.Message.Status != policy.Delivered || len(st.Attempts) != 2 {
		j.t.Errorf("%s ended %s, %s: %+v", st.Message.To, st.Message.Status, st.Message.Reason, st.Attempts)
		return
	}
	if st.Message.SendAt != 0 {
		j.compare("the first call", st, 1, time.UnixMilli(st.Message.SendAt))
	}
	j.compare("the fallback", st, 2, time.UnixMilli(st.Attempts[0].SentAt).Add(stepTimeout))
}

func (j *punctuality) compare(what string, st *models.State, n int64, due time.Time) {
	made := j.calls[reference(st.Message.ID, n)]
	if len(made) != 1 {
		j.t.Errorf("attempt %d of %s was called %d times: %+v", n, st.Message.To, len(made), st.Attempts)
		return
	}
	at := made[0].At
	switch late := at.Sub(due); {
	case late < 0 && j.unsettled(at):
		j.early, j.by = j.early+1, max(j.by, -late)
	case late < 0:
		j.t.Errorf("%s of %s came %s early, at %s", what, st.Message.To, -late, at)
	case late > 20*time.Second && len(j.set) == 0:
		j.t.Errorf("%s of %s came %s late", what, st.Message.To, late)
	}
}

// unsettled reports whether a clock was just set: until it is measured again, timers run by the old one.
func (j *punctuality) unsettled(at time.Time) bool {
	for _, s := range j.set {
		if !at.Before(s) && at.Sub(s) <= measuredWithin {
			return true
		}
	}
	return false
}

// night is one in Vietnam, from 22:00 to 06:00.
type night struct {
	date   string // its evening
	clocks []time.Duration
}

// Quiet hours from 22:00 to 06:00 in Vietnam hold to the millisecond, by the database's clock: at the end of February
// with and without a 29th, at the year's end, in zones that set their clocks elsewhere, whatever the nodes' clocks show.
func TestQuietHoursToTheMillisecond(t *testing.T) {
	t.Parallel()
	nights := []night{
		{"2027-02-28", []time.Duration{0}},
		{"2028-02-28", []time.Duration{0, time.Hour}},
		{"2028-02-29", []time.Duration{-24 * time.Hour}},
		{"2026-12-31", []time.Duration{0, 10 * time.Minute}},
		{"2027-03-27", []time.Duration{time.Second, -time.Second}}, // clocks in Europe go forward
		{"2027-10-30", []time.Duration{-time.Hour, 24 * time.Hour}},
	}
	for _, n := range nights {
		t.Run(n.date, func(t *testing.T) {
			virtual(t, func(t *testing.T) { n.run(t) })
		})
	}
}

// moments of a night: when a message is sent, for when, and when it is to be called; "+" is the next morning. A fallback
// has a first step that ends 15 s after it was sent.
var moments = []struct {
	name, sent, sendAt, call string
	fallback                 bool
}{
	{"a fallback due in the last millisecond", "21:59:44.999", "", "21:59:59.999", true},
	{"a fallback due when it begins", "21:59:45.000", "", "+06:00:00.000", true},
	{"a fallback due in the night", "21:59:50.000", "", "+06:00:00.000", true},
	{"for the last millisecond", "21:59:51.000", "21:59:59.999", "21:59:59.999", false},
	{"for when it begins", "21:59:52.000", "22:00:00.000", "+06:00:00.000", false},
	{"for midnight", "21:59:53.000", "+00:00:00.000", "+06:00:00.000", false},
	{"for its last millisecond", "21:59:54.000", "+05:59:59.999", "+06:00:00.000", false},
	{"for when it ends", "21:59:55.000", "+06:00:00.000", "+06:00:00.000", false},
	{"for a millisecond later", "21:59:56.000", "+06:00:00.001", "+06:00:00.001", false},
	{"in the last millisecond", "21:59:59.999", "", "21:59:59.999", false},
	{"when it begins", "22:00:00.000", "", "+06:00:00.000", false},
	{"a millisecond into it", "22:00:00.001", "", "+06:00:00.000", false},
	{"in the last millisecond of the day", "23:59:59.999", "", "+06:00:00.000", false},
	{"at midnight", "+00:00:00.000", "", "+06:00:00.000", false},
	{"in its last millisecond", "+05:59:59.999", "", "+06:00:00.000", false},
	{"when it ends", "+06:00:00.000", "", "+06:00:00.000", false},
}

// moment reads a time of a night.
func (n night) moment(t *testing.T, text string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
	if err != nil {
		t.Fatal(err)
	}
	clock, next := text, 0
	if text[0] == '+' {
		clock, next = text[1:], 1
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05.000", n.date+" "+clock, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(0, 0, next)
}

// asleep is how long before the next moment the nodes come back, where nothing happens for long: an idle second costs as
// much as a busy one.
const asleep = 30 * time.Second

func (n night) run(t *testing.T) {
	time.Sleep(time.Until(n.moment(t, moments[0].sent).Add(-2 * asleep)))
	w := newWorld(t, setup{clocks: n.clocks})
	c := w.newCustomer()
	c.addInfobip(policy.Viber, pace{})
	c.addInfobip(policy.SMS, pace{})
	const quiet = `"ttl":"24h","quiet_hours":{"from":"22:00","to":"06:00","timezone":"Asia/Ho_Chi_Minh"}}`
	c.policy("one", `{"steps":[{"channel":"sms","until":"delivered","timeout":"1h"}],`+quiet)
	c.policy("two", `{"steps":[{"channel":"viber","until":"delivered","timeout":"15s"},{"channel":"sms","until":"delivered","timeout":"1h"}],`+quiet)
	w.sim.SetRule("*", simulator.Rule{Channel: simulator.Viber, DropWebhooks: true, Deliver: new(time.Duration(-1))})
	var ids []uuid.UUID
	for i, m := range moments {
		at := n.moment(t, m.sent)
		if time.Until(at) > 3*asleep {
			time.Sleep(asleep)
			w.stopNodes()
			time.Sleep(time.Until(at.Add(-asleep)))
			w.startNodes()
		}
		time.Sleep(time.Until(at))
		ids = append(ids, c.send(n.submission(t, i)))
	}
	ended := c.await(ids, time.Minute, time.Second)
	made := w.callsOf()
	for i, st := range ended {
		m := moments[i]
		attempt := int64(1)
		if m.fallback {
			attempt = 2
		}
		got := made[reference(ids[i], attempt)]
		if st.Message.Status != policy.Delivered || len(got) != 1 {
			t.Errorf("%s: ended %s, %s, after %d calls: %+v", m.name, st.Message.Status, st.Message.Reason, len(got), st.Attempts)
			continue
		}
		if off := got[0].At.Sub(n.moment(t, m.call)); off < 0 || off > 20*time.Millisecond {
			t.Errorf("%s: called at %s, %s off", m.name, got[0].At.In(n.moment(t, m.call).Location()), off)
		}
	}
	w.verify()
}

func (n night) submission(t *testing.T, i int) orchestrator.Submission {
	m := moments[i]
	sub := submission(phone(i), "one")
	if m.fallback {
		sub.PolicyName = "two"
	}
	if m.sendAt != "" {
		sub.SendAt = n.moment(t, m.sendAt)
	}
	return sub
}
