package simtest

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"cascade/channels/simulator"
	"cascade/models"
)

// Times of a run. They are short, for every virtual second costs real work of the pollers.
const (
	callTimeout = 3 * time.Second
	lease       = 8 * time.Second
	// scale shortens the simulator's own times: a webhook that is not answered comes again after 6 s, not 30 s.
	scale = 0.2
	// crowded is the share of seeds with many messages, which get into each other's way. The others meet the same faults and
	// take a third of the time.
	crowded = 0.2
)

// scenario is everything that a seed decides: what is sent, and what goes wrong when.
type scenario struct {
	seed     uint64
	replicas int
	messages []script
	// perSecond and concurrency shape every account.
	perSecond   float64
	concurrency int64
	// cap is what may be spent in a day, in micros; 0: no cap. remember is how long refusals for good are remembered.
	cap      int64
	remember time.Duration
	// faultsEnd is when nothing goes wrong any more.
	faultsEnd time.Duration

	store  storeFaults
	wire   wireFaults
	hooks  hookFaults
	app    appFaults
	crash  []crash
	freeze []freeze
	steps  []clockStep
	// expire is when the provider forgets every access token.
	expire  []time.Duration
	account []accountFault
	outage  []window
	// deploy is when a replica is stopped in good order and replaced.
	deploy []deploy
}

// lastAccept is when the last message is sent first.
const lastAccept = 16 * time.Second

// window is a stretch of time from the start of the run.
type window struct{ from, to time.Duration }

func (w window) holds(at time.Duration) bool { return at >= w.from && at < w.to }

// script is one message's life as its app and its phone have it.
type script struct {
	phone  string
	policy string
	at     time.Duration
	sendIn time.Duration
	ttl    time.Duration
	// key: with an idempotency key, so that the app may repeat a request without an answer.
	key bool
	// twin sends the same request again this much later; 0: not.
	twin            time.Duration
	cancel, confirm time.Duration // after acceptance; 0: not
	rules           []simulator.Rule
}

// The chances of a fault at each point.
type (
	storeFaults struct {
		points map[models.FaultPoint]float64
		// apart: each replica has a connection of its own that fails; else the database fails for all.
		apart bool
	}
	wireFaults struct{ notSent, cut, answerLost, slow, stalled, query, token float64 }
	hookFaults struct{ lost, answerLost, repeated, late, forged float64 }
	// appFaults are those of the tenant's app, if it listens; it takes its time for every event.
	appFaults struct {
		listens                  bool
		takes                    time.Duration
		lost, answerLost, failed float64
	}
)

// crash ends a replica at the first call of its kind after a time.
type crash struct {
	at, back time.Duration
	replica  int
	kind     string
}

// What a replica is about to do, or has just done, when it crashes; besides the store's points.
const (
	beforeCall = "before_call"
	afterCall  = "after_call"
	afterHook  = "after_hook"
)

// freeze stops a replica for a while, as a machine that is out of breath.
type freeze struct {
	at, length time.Duration
	replica    int
}

// deploy replaces a replica.
type deploy struct {
	at      time.Duration
	replica int
}

// clockStep sets a replica's clock wrong, until it asks the database for the time again.
type clockStep struct {
	at, by  time.Duration
	replica int
}

// accountFault breaks a provider's account for a while.
type accountFault struct {
	window
	zalo  bool
	fault string
}

// policies of a run, by name.
var policies = map[string]string{
	"three": `{"steps":[{"channel":"zns","until":"delivered","timeout":"8s"},{"channel":"viber","until":"delivered","timeout":"8s"},{"channel":"sms","until":"delivered","timeout":"12s"}],"ttl":"90s"}`,
	"read":  `{"steps":[{"channel":"viber","until":"read","timeout":"9s"},{"channel":"sms","until":"delivered","timeout":"12s"}],"ttl":"90s"}`,
	"two":   `{"steps":[{"channel":"zns","until":"delivered","timeout":"12s"},{"channel":"sms","until":"sent","timeout":"10s"}],"ttl":"60s"}`,
	"hasty": `{"steps":[{"channel":"zns","until":"delivered","timeout":"3s"},{"channel":"viber","until":"delivered","timeout":"3s"},{"channel":"sms","until":"delivered","timeout":"5s"}],"ttl":"40s"}`,
	"probe": `{"steps":[{"channel":"sms","until":"sent","timeout":"5s"}],"ttl":"20s"}`,
}

var policyNames = []string{"three", "read", "two", "hasty"}

// newScenario draws a scenario. In swarm fashion each seed switches most kinds of fault off, so that those left are seen
// in company that a mix of everything would hide.
func newScenario(seed uint64) scenario {
	r := &dice{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
	s := scenario{
		seed: seed, replicas: 2 + r.upTo(1), perSecond: 1000, concurrency: 64,
		faultsEnd: r.between(12*time.Second, 32*time.Second),
	}
	if r.chance(0.3) {
		s.perSecond, s.concurrency = float64(1+r.upTo(4)), max(1, int64(r.upTo(3)))
	}
	r.faults(&s)
	n, burst := 15+r.upTo(15), r.chance(0.2)
	if r.chance(0.1) { // a service that is well among providers and phones that are not, with a slow app
		s.store.points, s.crash, s.freeze, s.steps, s.outage, s.deploy = nil, nil, nil, nil, nil, nil
		s.app = appFaults{listens: true, takes: r.between(time.Millisecond, 1500*time.Millisecond)}
		burst = burst || r.chance(0.5)
	}
	if s.roll("a crowd", 0) >= crowded && !slices.Contains(crowds, seed) {
		n = 3 + n%10
	}
	for i := range n {
		m := r.script(i)
		if burst { // all at once
			m.at /= 50
		}
		s.messages = append(s.messages, m)
	}
	s.purse()
	return s
}

// purse draws what the tenant may spend, and how long it remembers who is not on a channel. Where it does, some people get
// several messages.
func (s *scenario) purse() {
	if s.roll("a cap", 0) < 0.4 {
		s.cap = int64(1+40*s.roll("its size", 0)) * worst
	}
	if s.roll("a memory", 0) < 0.4 {
		s.remember = time.Duration(5+60*s.roll("its length", 0)) * time.Second
	}
	for i := 1; i < len(s.messages) && s.remember > 0; i++ {
		if s.roll("again", int64(i)) < 0.5 {
			before := s.messages[int(float64(i)*s.roll("whom", int64(i)))]
			s.messages[i].phone, s.messages[i].rules = before.phone, before.rules
		}
	}
}

// worst is what a message may come to cost, in micros: every channel once.
const worst = (200 + 470 + 820) * 1_000_000

// serene reports whether the service itself has nothing to suffer in this seed: only providers and phones do.
func (s *scenario) serene() bool {
	return s.storeIsWell() && len(s.crash)+len(s.freeze)+len(s.steps)+len(s.deploy) == 0 && s.app.lost+s.app.answerLost+s.app.failed == 0
}

// storeIsWell reports whether the database never fails in this seed.
func (s *scenario) storeIsWell() bool {
	for _, p := range s.store.points {
		if p > 0 {
			return false
		}
	}
	return len(s.outage) == 0
}

// dice draws from one stream, in a fixed order.
type dice struct{ *rand.Rand }

func (r *dice) chance(p float64) bool { return r.Float64() < p }

// upTo draws a whole number from 0 to most.
func (r *dice) upTo(most int) int { return r.IntN(most + 1) }

func (r *dice) between(a, b time.Duration) time.Duration {
	return (a + time.Duration(r.Int64N(int64(b-a)))).Truncate(time.Millisecond)
}

// some is a rate for this seed: often none at all.
func (r *dice) some(p, least, most float64) float64 {
	is, rate := r.chance(p), least+(most-least)*r.Float64()
	if !is {
		return 0
	}
	return rate
}

func (r *dice) faults(s *scenario) {
	s.store.points = map[models.FaultPoint]float64{}
	for _, point := range []models.FaultPoint{models.BeforeRead, models.BeforeBegin, models.BeforeCommit, models.AfterCommit} {
		s.store.points[point] = r.some(0.35, 0.01, 0.12)
	}
	s.store.apart = r.chance(0.5)
	s.wire = wireFaults{
		notSent: r.some(0.3, 0.05, 0.3), cut: r.some(0.3, 0.05, 0.2), answerLost: r.some(0.35, 0.05, 0.25),
		slow: r.some(0.25, 0.05, 0.2), stalled: r.some(0.3, 0.05, 0.2), query: r.some(0.25, 0.1, 0.5), token: r.some(0.15, 0.1, 0.6),
	}
	s.hooks = hookFaults{
		lost: r.some(0.3, 0.05, 0.4), answerLost: r.some(0.3, 0.05, 0.3), repeated: r.some(0.4, 0.05, 0.5),
		late: r.some(0.3, 0.1, 0.4), forged: r.some(0.3, 0.1, 0.5),
	}
	kinds := []string{
		string(models.BeforeBegin), string(models.BeforeCommit), string(models.AfterCommit), string(models.BeforeRead), beforeCall, afterCall, afterHook,
	}
	for range r.several(0.45, 3) {
		at := r.between(time.Second, s.faultsEnd)
		s.crash = append(s.crash, crash{at, r.between(2*time.Second, 10*time.Second), r.IntN(s.replicas), kinds[r.IntN(len(kinds))]})
	}
	for range r.several(0.25, 2) {
		s.freeze = append(s.freeze, freeze{r.between(time.Second, s.faultsEnd), r.between(time.Second, 3*lease), r.IntN(s.replicas)})
	}
	for range r.several(0.2, 2) {
		by := r.between(time.Millisecond, 40*time.Second)
		if r.chance(0.5) {
			by = -by
		}
		s.steps = append(s.steps, clockStep{r.between(time.Second, s.faultsEnd), by, r.IntN(s.replicas)})
	}
	for range r.several(0.25, 2) {
		at, dies := r.between(time.Second, s.faultsEnd), r.chance(0.3)
		s.expire = append(s.expire, at)
		for slot := 0; dies && slot < s.replicas; slot++ { // whoever renews the token does not live to use it
			s.crash = append(s.crash, crash{at, 5 * time.Second, slot, []string{beforeCall, afterCall}[r.IntN(2)] + "_token"})
		}
	}
	for range r.several(0.25, 2) {
		from := r.between(time.Second, s.faultsEnd)
		all := []string{simulator.FaultQuota, simulator.FaultDown, simulator.FaultSlow, simulator.FaultReauth}
		s.account = append(s.account, accountFault{window{from, from + r.between(2*time.Second, 15*time.Second)}, r.chance(0.5), all[r.IntN(len(all))]})
	}
	if s.app.listens = r.chance(0.35); s.app.listens {
		s.app.takes = r.between(time.Millisecond, 1500*time.Millisecond)
		s.app.lost, s.app.answerLost, s.app.failed = r.some(0.3, 0.02, 0.2), r.some(0.3, 0.02, 0.2), r.some(0.3, 0.02, 0.2)
	}
	for range r.several(0.25, 2) {
		s.deploy = append(s.deploy, deploy{r.between(time.Second, s.faultsEnd), r.IntN(s.replicas)})
	}
	for range r.several(0.2, 2) {
		from := r.between(time.Second, s.faultsEnd)
		s.outage = append(s.outage, window{from, from + r.between(500*time.Millisecond, 12*time.Second)})
	}
}

// several draws how often something happens in this seed: with chance p, 1 to most times.
func (r *dice) several(p float64, most int) int {
	is, n := r.chance(p), 1+r.IntN(most)
	if !is {
		return 0
	}
	return n
}

func (r *dice) script(i int) script {
	m := script{
		phone: fmt.Sprintf("849%08d", 12000000+i), policy: policyNames[r.IntN(len(policyNames))],
		at: r.between(0, lastAccept), key: r.chance(0.6),
	}
	if r.chance(0.1) {
		m.sendIn = r.between(time.Second, 15*time.Second)
	}
	if r.chance(0.1) {
		m.ttl = r.between(2*time.Second, 15*time.Second)
	}
	if m.key && r.chance(0.3) {
		m.twin = r.between(0, 2*time.Second)
	}
	if r.chance(0.12) {
		m.cancel = r.between(time.Millisecond, 12*time.Second)
	}
	if r.chance(0.08) {
		m.confirm = r.between(time.Millisecond, 12*time.Second)
	}
	for _, channel := range []string{simulator.ZNS, simulator.Viber, simulator.SMS} {
		m.rules = append(m.rules, r.rule(channel))
	}
	return m
}

// rule draws what a number does on a channel.
func (r *dice) rule(channel string) simulator.Rule {
	never, soon := -time.Second, unscaled(r.between(200*time.Millisecond, 4*time.Second))
	read := soon + unscaled(r.between(100*time.Millisecond, 3*time.Second))
	rule := simulator.Rule{Channel: channel, Deliver: &soon}
	if channel == simulator.Viber || r.chance(0.3) {
		rule.Read = &read
	}
	switch r.IntN(18) {
	case 0:
		rule.Outcome, rule.Code = simulator.Refuse, simulator.CodeUnknownUser
	case 1:
		rule.Outcome = simulator.Fail
	case 2:
		rule.Deliver, rule.Read = &never, nil
	case 3:
		rule.Outcome = simulator.CutTaken
	case 4:
		rule.Outcome = simulator.CutNotTaken
	case 5:
		rule.Outcome, rule.Taken = simulator.Hang, r.chance(0.5)
	case 6:
		rule.Outcome, rule.For = simulator.Throttle, unscaled(r.between(time.Second, 6*time.Second))
	case 7:
		rule.AfterNext = true
	case 8:
		rule.Repeat, rule.Shuffle = 2, true
	case 9:
		late := unscaled(r.between(5*time.Second, 20*time.Second))
		rule.Late = &late
	case 10:
		rule.DropWebhooks = true
	case 11: // the receipts outrun the answer
		early, seen := unscaled(100*time.Millisecond), unscaled(200*time.Millisecond)
		rule.Deliver, rule.Read, rule.AnswerAfter = &early, &seen, unscaled(r.between(time.Second, 2500*time.Millisecond))
		if r.chance(0.5) { // and the reading outruns the delivery, which names the attempt
			rule.Shuffle = true
		}
	case 12:
		rule.Outcome, rule.Taken = simulator.HTML, r.chance(0.5)
	case 13:
		rule.Outcome = simulator.Truncated
	case 14:
		rule.Outcome, rule.Taken = simulator.HTTP502, r.chance(0.5)
	}
	return rule
}

// unscaled is what to write in a rule so that the simulator waits d.
func unscaled(d time.Duration) time.Duration { return time.Duration(float64(d) / scale) }

// roll answers a number in [0, 1) that depends on nothing but the seed and what it is asked about: the order in which
// goroutines ask does not change what happens.
func (s *scenario) roll(what string, n int64) float64 {
	h := fnv.New64a()
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], s.seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(n))
	_, _ = h.Write(b[:]) // never fails
	_, _ = h.Write([]byte(what))
	return float64(mix(h.Sum64())>>11) / (1 << 53)
}

// mix spreads the bits of a weak hash (the finisher of splitmix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
