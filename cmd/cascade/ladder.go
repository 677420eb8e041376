package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"cascade/orchestrator"
	"cascade/policy"
)

// paint colours text for a terminal; the zero paint leaves it plain.
type paint struct{ on bool }

// paintFor answers colours where a person looks on and has not asked for none (https://no-color.org).
func paintFor(w io.Writer) paint {
	return paint{isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// The colours, as SGR parameters that dark and light terminals both show.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p paint) as(code, text string) string {
	if !p.on || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// outcome colours a status by what it means for the person who waits.
func (p paint) outcome(status, text string) string {
	switch status {
	case string(policy.Delivered), string(policy.Read), string(policy.Sent):
		return p.as(green, text)
	case string(policy.Failed), string(policy.Expired):
		return p.as(red, text)
	case string(policy.AttemptTimedOut), string(policy.AttemptUnknown):
		return p.as(yellow, text)
	default:
		return p.as(dim, text)
	}
}

// channelName is a channel as people write it.
func channelName(c policy.Channel) string {
	switch c {
	case policy.ZNS:
		return "ZNS"
	case policy.Viber:
		return "Viber"
	case policy.SMS:
		return "SMS"
	default:
		return string(c)
	}
}

// money writes đồng the Vietnamese way, 1.234 ₫, and other currencies as decimals.
func money(m policy.Money) string {
	if m.Currency != "VND" {
		return m.String()
	}
	whole, fraction, _ := strings.Cut(m.Amount(), ".")
	sign := ""
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "." + whole[i:]
	}
	if fraction != "" {
		whole += "," + fraction
	}
	return sign + whole + " ₫"
}

// seconds writes a wait with one decimal, and longer ones in Go's way.
func seconds(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// cell fills text up to a width in characters; a negative width puts it to the right.
func cell(text string, width int) string {
	n := utf8.RuneCountInString(text)
	switch {
	case width < 0 && n < -width:
		return strings.Repeat(" ", -width-n) + text
	case n < width:
		return text + strings.Repeat(" ", width-n)
	}
	return text
}

// rungs writes a message's attempts, a line each: channel, how long it was waited for, outcome, cost, and why the
// ladder went on from there.
func rungs(w io.Writer, p paint, indent string, v orchestrator.MessageView) {
	for i, a := range v.Attempts {
		branch := "├"
		if i == len(v.Attempts)-1 {
			branch = "└"
		}
		fmt.Fprintf(w, "%s%s %s %s  %s %s   %s\n", indent, p.as(dim, branch), cell(channelName(a.Channel), 5),
			cell(waited(a), -6), p.outcome(string(a.Status), cell(said(string(a.Status)), 10)), cell(costOf(a), -8), p.as(dim, clip(why(a, v.Timeline), whyWidth)))
	}
}

// whyWidth keeps a rung on one line of an ordinary terminal, in characters.
const whyWidth = 80

// clip shortens text to a width in characters.
func clip(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-1]) + "…"
}

func said(status string) string { return strings.ReplaceAll(status, "_", " ") }

func costOf(a orchestrator.AttemptView) string {
	if a.Cost.IsZero() {
		return "–"
	}
	return money(a.Cost)
}

// waited is how long an attempt took to come to its end, "" where there is none yet.
func waited(a orchestrator.AttemptView) string {
	var end *orchestrator.Time
	for _, t := range []*orchestrator.Time{a.EndedAt, a.FailedAt, a.DeliveredAt, a.ReadAt, a.SentAt} {
		if t != nil {
			end = t
			break
		}
	}
	if end == nil {
		return "…"
	}
	return seconds(end.Std().Sub(a.CreatedAt.Std()))
}

// why is the one sentence that says most about an attempt, from the message's own timeline.
func why(a orchestrator.AttemptView, timeline []orchestrator.Event) string {
	about := map[string]orchestrator.Event{}
	for _, ev := range timeline {
		if ev.AttemptID != nil && *ev.AttemptID == a.ID {
			about[ev.Type] = ev
		}
	}
	for _, kind := range []string{"attempt.read", "attempt.delivered"} {
		if about[kind].Reason == policy.ReasonLateReceipt {
			return "its receipt came late, " + seconds(about[kind].At.Std().Sub(a.CreatedAt.Std())) + " after it was sent"
		}
	}
	if unknown, ok := about["attempt.unknown"]; ok {
		if _, known := about["attempt.delivered"]; known {
			return "the outcome was unknown, then a receipt proved it delivered"
		}
		return unknown.Detail
	}
	switch a.Status {
	case policy.AttemptDelivered, policy.AttemptRead:
		return a.Account + " reported it " + string(a.Status)
	}
	for _, kind := range []string{"attempt.skipped", "attempt.failed", "attempt.timed_out", "attempt.sent", "attempt.started"} {
		if ev, ok := about[kind]; ok {
			return ev.Detail
		}
	}
	return ""
}

// headline tells in a few words where a message has come to.
func headline(p paint, v orchestrator.MessageView) string {
	text := said(string(v.Status))
	if v.Status.Reached() && v.Channel != "" {
		text += " by " + channelName(v.Channel)
	}
	text = p.outcome(string(v.Status), text)
	if v.CompletedAt != nil {
		text += " · " + seconds(v.CompletedAt.Std().Sub(v.CreatedAt.Std()))
	}
	return text + " · " + money(v.Cost)
}

// story writes a message with its ladder and its timeline.
func story(w io.Writer, p paint, v orchestrator.MessageView) {
	fmt.Fprintf(w, "%s  %s\n", p.as(bold, v.ID.String()), headline(p, v))
	about := []string{policy.MaskPhone(v.To), string(v.Category)}
	if v.Template != "" {
		about = append(about, "template "+v.Template)
	}
	if v.Policy.Name != "" {
		about = append(about, fmt.Sprintf("policy %s v%d", v.Policy.Name, v.Policy.Version))
	}
	fmt.Fprintf(w, "%s\n\n", p.as(dim, strings.Join(about, " · ")))
	rungs(w, p, "", v)
	fmt.Fprintln(w)
	for _, ev := range v.Timeline {
		reason := ""
		if ev.Reason != "" {
			reason = "  [" + string(ev.Reason) + "]"
		}
		after := ev.At.Std().Sub(v.CreatedAt.Std())
		fmt.Fprintf(w, "%s  %s %s%s\n", ev.At.Std().Local().Format("15:04:05.000"), p.as(dim, cell("+"+seconds(after), -8)), ev.Detail, p.as(dim, reason))
	}
}
