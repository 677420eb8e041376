package orchestrator

import (
	"testing"

	"cascade/policy"
)

func TestInsteadIsReadAsWritten(t *testing.T) {
	for _, want := range []InsteadOf{
		{"oa-main", policy.ReasonAccountSlow},
		{"a name: with a mark, instead of another: one", policy.ReasonAccountQuality},
		{"", policy.ReasonAccountFailing},
	} {
		if got := parseInstead(want.String()); got == nil || *got != want {
			t.Errorf("%q is read as %+v", want, got)
		}
	}
	for _, other := range []string{"", "instead of nobody", "in its own place: account_slow"} {
		if got := parseInstead(other); got != nil {
			t.Errorf("%q is read as %+v", other, got)
		}
	}
}
