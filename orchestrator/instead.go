package orchestrator

import (
	"strings"

	"cascade/policy"
)

// InsteadOf is the account whose place an attempt's account took, and why.
type InsteadOf struct {
	Account string        `json:"account"`
	Reason  policy.Reason `json:"reason"`
}

const insteadStart, insteadWhy = "instead of ", ": "

// String is the sentence that an attempt is kept with.
func (i InsteadOf) String() string { return insteadStart + i.Account + insteadWhy + string(i.Reason) }

// parseInstead is the inverse of String; nil for any other sentence. A name may hold the mark, a reason does not.
func parseInstead(sentence string) *InsteadOf {
	rest, is := strings.CutPrefix(sentence, insteadStart)
	at := strings.LastIndex(rest, insteadWhy)
	if !is || at < 0 {
		return nil
	}
	return &InsteadOf{Account: rest[:at], Reason: policy.Reason(rest[at+len(insteadWhy):])}
}
