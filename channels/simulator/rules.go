package simulator

import (
	"cmp"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// Outcomes that a Rule can script. "" takes the message.
const (
	Refuse      = "refuse"        // refuse at once, with Code
	Fail        = "fail"          // take, then report a failure with Code (silence at Zalo, which has no failure event)
	Hang        = "hang"          // never answer
	CutTaken    = "cut_taken"     // take, then cut the connection
	CutNotTaken = "cut_not_taken" // cut the connection without taking
	Throttle    = "throttle"      // refuse for the rate, with Retry-After
	HTML        = "html"          // answer 200 with a web page
	Truncated   = "truncated"     // take, then end the answer in mid-body
	HTTP502     = "http_502"      // answer 502 with a web page
)

// Codes that a Rule may use instead of a provider's own; each provider says them its way.
const (
	CodeUnknownUser = "unknown_user"
	CodeQuota       = "quota"
	CodeToken       = "token"
)

// Rule scripts what happens to a number. Durations are before Scale.
type Rule struct {
	// Channel limits the rule to one channel; "" is all.
	Channel string
	Outcome string
	// Code is the provider's own, such as "-118", or one of the Code words.
	Code string
	// For limits Outcome to this long from the number's first call, after which one message is taken; 0 is for ever.
	For time.Duration
	// AnswerAfter delays the answer; receipts do not wait for it.
	AnswerAfter time.Duration
	// Taken: the message is taken although the call hangs or gets a web page for an answer.
	Taken bool
	// Deliver and Read run from when the message is taken: nil is the default, negative never. By default only Viber
	// tells of reading; with Read set a ZNS does too. SMS never does.
	Deliver, Read *time.Duration
	// AfterNext: delivered 1 s after the number is called on another channel, instead of after Deliver.
	AfterNext bool
	// Repeat is how many more times each webhook comes.
	Repeat int
	// Shuffle: the delivery's webhook comes after that of the reading.
	Shuffle bool
	// Late holds back webhooks, not the facts: a status query knows already.
	Late *time.Duration
	// DropWebhooks: the facts happen, no webhook tells of them.
	DropWebhooks bool
}

// SetRule scripts a number: match is the whole phone number in any form, or a suffix as "*118". A later rule for the
// same match and channel replaces the earlier one. An exact number goes before a suffix, a longer suffix before a
// shorter one, a rule for one channel before one for all, and every rule before the magic numbers.
func (s *Simulator) SetRule(match string, r Rule) { s.rules.set(match, r) }

// ClearRules takes back every SetRule.
func (s *Simulator) ClearRules() { s.rules.clear() }

type ruleBook struct {
	mu       sync.RWMutex
	exact    map[string][]Rule
	suffixes []suffixRule
}

type suffixRule struct {
	suffix string
	rules  []Rule
}

func (b *ruleBook) set(match string, r Rule) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if suffix, ok := strings.CutPrefix(match, "*"); ok {
		i := slices.IndexFunc(b.suffixes, func(x suffixRule) bool { return x.suffix == suffix })
		if i < 0 {
			b.suffixes = append(b.suffixes, suffixRule{suffix: suffix})
			i = len(b.suffixes) - 1
		}
		b.suffixes[i].rules = withRule(b.suffixes[i].rules, r)
		slices.SortStableFunc(b.suffixes, func(x, y suffixRule) int { return cmp.Compare(len(y.suffix), len(x.suffix)) })
		return
	}
	if b.exact == nil {
		b.exact = map[string][]Rule{}
	}
	to := digits(match)
	b.exact[to] = withRule(b.exact[to], r)
}

func withRule(rules []Rule, r Rule) []Rule {
	rules = slices.DeleteFunc(slices.Clone(rules), func(x Rule) bool { return x.Channel == r.Channel })
	return append(rules, r)
}

func (b *ruleBook) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.exact, b.suffixes = nil, nil
}

func (b *ruleBook) find(channel, to string) (Rule, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if r, ok := pick(b.exact[to], channel); ok {
		return r, true
	}
	for _, x := range b.suffixes {
		if !strings.HasSuffix(to, x.suffix) {
			continue
		}
		if r, ok := pick(x.rules, channel); ok {
			return r, true
		}
	}
	return Rule{}, false
}

// pick answers the rule for channel, else the one for all channels.
func pick(rules []Rule, channel string) (Rule, bool) {
	for _, want := range []string{channel, ""} {
		for _, r := range rules {
			if r.Channel == want {
				return r, true
			}
		}
	}
	return Rule{}, false
}

// rule answers what happens to a number on a channel.
func (s *Simulator) rule(channel, to string) Rule {
	if r, ok := s.rules.find(channel, to); ok {
		return r
	}
	if r, ok := pick(magic[to], channel); ok {
		return r
	}
	return s.ordinary(channel, to)
}

// ordinary draws the behaviour of a number without a rule: fixed by seed, channel and number.
func (s *Simulator) ordinary(channel, to string) Rule {
	if s.opt.Seed == 0 {
		return Rule{}
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(channel + to)) // never fails
	rng := rand.New(rand.NewPCG(s.opt.Seed, h.Sum64()))
	chance := rng.Float64()
	scatter := 0.5 + 1.5*rng.Float64()
	vary := func(d time.Duration) *time.Duration { return new(time.Duration(float64(d) * scatter)) }
	r := Rule{Deliver: vary(s.opt.DeliverAfter)}
	switch channel {
	case ZNS:
		if chance < 0.14 {
			return Rule{Outcome: Refuse, Code: CodeUnknownUser}
		}
		if chance < 0.19 {
			r.Deliver = never
		}
	case Viber:
		r.Read = vary(s.opt.ReadAfter)
		if chance < 0.30 {
			return Rule{Outcome: Fail, Code: CodeUnknownUser}
		}
		if chance < 0.60 {
			r.Read = never
		}
	case SMS:
		if chance < 0.03 {
			return Rule{Outcome: Fail, Code: CodeUnknownUser}
		}
	}
	return r
}

// digits reads a Vietnamese number in any usual form as 84 and nine digits; what is not one comes back as its digits.
func digits(phone string) string {
	d := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	if rest, ok := strings.CutPrefix(d, "0"); ok {
		return "84" + rest
	}
	return d
}

// windows remembers when a Rule.For began for a number.
type windows struct {
	mu    sync.Mutex
	since map[string]time.Time
}

func (w *windows) init() { w.since = map[string]time.Time{} }

// left answers how much of a window of length d is left at now; the first call opens it. Once it is over it is
// forgotten, so that the next message meets a new one.
func (w *windows) left(key string, d time.Duration, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	began, ok := w.since[key]
	if !ok {
		w.since[key] = now
		return d
	}
	if left := d - now.Sub(began); left > 0 {
		return left
	}
	delete(w.since, key)
	return 0
}

// holds keeps deliveries that wait for the next channel's call to the same number.
type holds struct {
	mu      sync.Mutex
	waiting map[string][]held
}

type held struct {
	channel string
	free    func()
}

func (h *holds) init() { h.waiting = map[string][]held{} }

func (h *holds) add(to, channel string, free func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waiting[to] = append(h.waiting[to], held{channel, free})
}

// release frees what waits for a call to the number on any other channel than its own.
func (h *holds) release(to, channel string) {
	h.mu.Lock()
	var free, keep []held
	for _, x := range h.waiting[to] {
		if x.channel == channel {
			keep = append(keep, x)
		} else {
			free = append(free, x)
		}
	}
	if len(keep) > 0 {
		h.waiting[to] = keep
	} else {
		delete(h.waiting, to)
	}
	h.mu.Unlock()
	for _, x := range free {
		x.free()
	}
}
