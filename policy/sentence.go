package policy

import (
	"fmt"
	"strings"
)

// Sentence tells the policy in one plain English sentence:
// "Send by ZNS; if not read in 2m, Viber; if not delivered in 1m, SMS."
func (p Policy) Sentence() string {
	if len(p.Steps) == 0 {
		return "Send nothing, as there are no steps."
	}
	var text strings.Builder
	text.WriteString("Send by " + p.Steps[0].phrase())
	for i, step := range p.Steps[1:] {
		before := p.Steps[i]
		fmt.Fprintf(&text, "; if not %s in %s, %s", before.until(), before.Timeout, step.phrase())
	}
	text.WriteString(".")
	return text.String()
}

// phrase names the step's channel, how it chooses among accounts, and the condition it depends on.
func (s Step) phrase() string {
	phrase := s.Channel.label()
	switch s.Prefer {
	case PreferCheapest:
		phrase += " by its cheapest account"
	case PreferWeighted:
		phrase += " spread over its accounts"
	}
	if s.When != "" {
		phrase += fmt.Sprintf(" (only when %s)", s.When)
	}
	return phrase
}

// label is the channel's name as people write it.
func (c Channel) label() string {
	switch c {
	case ZNS:
		return "ZNS"
	case Viber:
		return "Viber"
	case SMS:
		return "SMS"
	default:
		return string(c)
	}
}
