package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// trace prints what becomes of messages: a line when one is accepted, its ladder when it is final, and a line when a
// late receipt changes it after that.
type trace struct {
	w        io.Writer
	p        paint
	states   chan models.State
	messages map[uuid.UUID]*traced
}

// traced is what is known of one message.
type traced struct {
	view    orchestrator.MessageView
	smsOnly policy.Money
	told    bool // its ladder is printed
}

// smsPrice is what the simulated providers bill for a segment.
var smsPrice = policy.Money{Micros: simulator.PriceSMS * 1_000_000, Currency: "VND"}

// backlog is how many changes may wait for the terminal; beyond it they are dropped, since the engine must not wait.
const backlog = 4096

func newTrace(w io.Writer) *trace {
	return &trace{w: w, p: paintFor(w), states: make(chan models.State, backlog), messages: map[uuid.UUID]*traced{}}
}

// watch is the engine's.
func (t *trace) watch(st models.State) {
	st.Attempts = slices.Clone(st.Attempts)
	select {
	case t.states <- st:
	default:
	}
}

// close ends print. The engine must have stopped.
func (t *trace) close() { close(t.states) }

// print tells changes as they come, until close.
func (t *trace) print() {
	for st := range t.states {
		t.change(st)
	}
}

func (t *trace) change(st models.State) {
	v := orchestrator.View(st)
	m := t.messages[v.ID]
	if m == nil {
		m = &traced{smsOnly: smsOnly(st.Message)}
		t.messages[v.ID] = m
		t.line(v.CreatedAt, "→", v, t.p.as(dim, v.Template+" accepted"))
	}
	was := m.view
	m.view = v
	switch {
	case m.told:
		t.afterwards(was, v)
	case v.Status.Final():
		m.told = true
		t.line(*v.CompletedAt, "●", v, headline(t.p, v))
		rungs(t.w, t.p, "            ", v)
	}
}

// line writes one line about a message.
func (t *trace) line(at orchestrator.Time, sign string, v orchestrator.MessageView, text string) {
	var about struct {
		Scenario string `json:"scenario"`
	}
	_ = json.Unmarshal(v.Metadata, &about) // somebody's own message has none
	title := about.Scenario
	if title == "" {
		title = v.Template
	}
	fmt.Fprintf(t.w, "%s  %s %s  %s  %s\n", t.p.as(dim, at.Std().Local().Format("15:04:05")), t.p.as(bold, sign), policy.MaskPhone(v.To), t.p.as(bold, cell(title, 32)), text)
}

// afterwards tells what came in after the ladder was over.
func (t *trace) afterwards(was, v orchestrator.MessageView) {
	for i, a := range v.Attempts {
		if i >= len(was.Attempts) || a.DeliveredAt == nil || was.Attempts[i].DeliveredAt != nil {
			continue
		}
		text := channelName(a.Channel) + " delivered it too"
		if v.Cost != was.Cost {
			text += ": " + money(v.Cost) + " in all"
		}
		t.line(*a.DeliveredAt, "↳", v, t.p.as(yellow, text))
	}
	if v.Status != was.Status && v.Status == policy.Read {
		at := v.CompletedAt
		for _, a := range v.Attempts {
			if a.ReadAt != nil {
				at = a.ReadAt
			}
		}
		t.line(*at, "↳", v, t.p.as(dim, "read"))
	}
}

// summary tells what it came to. print must have ended.
func (t *trace) summary() {
	reached := map[policy.Channel]int{}
	var open, missed int
	var cost, smsOnly policy.Money
	var slowest time.Duration
	for _, m := range t.messages {
		switch {
		case m.view.Status.Reached():
			reached[m.view.Channel]++
			slowest = max(slowest, m.view.CompletedAt.Std().Sub(m.view.CreatedAt.Std()))
		case m.view.Status.Final():
			missed++
		default:
			open++
			continue
		}
		cost, smsOnly = cost.Add(m.view.Cost), smsOnly.Add(m.smsOnly)
	}
	fmt.Fprintf(t.w, "\n%s\n\n", t.p.as(bold, fmt.Sprintf("%d messages", len(t.messages))))
	for _, ch := range policy.Channels() {
		fmt.Fprintf(t.w, "  %s %s\n", cell("reached by "+channelName(ch), 22), cell(fmt.Sprint(reached[ch]), -10))
	}
	fmt.Fprintf(t.w, "  %s %s\n", cell("not reached", 22), cell(fmt.Sprint(missed), -10))
	if open > 0 {
		fmt.Fprintf(t.w, "  %s %s\n", cell("still under way", 22), cell(fmt.Sprint(open), -10))
	}
	fmt.Fprintf(t.w, "  %s %s\n", cell("slowest", 22), cell(seconds(slowest), -10))
	fmt.Fprintf(t.w, "  %s %s\n", cell("cost", 22), cell(money(cost), -10))
	fmt.Fprintf(t.w, "  %s %s\n", cell("SMS alone would cost", 22), cell(money(smsOnly), -10))
	if smsOnly.Micros > 0 {
		fmt.Fprintf(t.w, "  %s %s\n", cell("saved", 22), t.p.as(green, cell(fmt.Sprintf("%d %%", 100-100*cost.Micros/smsOnly.Micros), -10)))
	}
	fmt.Fprintln(t.w)
}

// smsOnly is what the message would have cost as an SMS.
func smsOnly(m models.Message) policy.Money {
	var content map[policy.Channel]channels.Content
	if json.Unmarshal(m.Content, &content) != nil {
		return policy.Money{}
	}
	segments, _ := policy.Segments(content[policy.SMS].Text)
	return policy.Money{Micros: smsPrice.Micros * int64(segments), Currency: smsPrice.Currency}
}
