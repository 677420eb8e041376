package channels

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/policy"
)

func TestReadPrice(t *testing.T) {
	eur := func(micros int64) *policy.Money { return &policy.Money{Micros: micros, Currency: "EUR"} }
	tests := map[string]struct {
		amount, currency string
		want             *policy.Money
	}{
		"plain":              {"0.0333", "EUR", eur(33_300)},
		"eight decimals":     {"0.03330000", "EUR", eur(33_300)},
		"rounded":            {"0.00000051", "EUR", eur(1)},
		"whole":              {" 820 ", "vnd", &policy.Money{Micros: 820_000_000, Currency: "VND"}},
		"nothing":            {"0.0000", "EUR", eur(0)},
		"negative":           {"-0.0075", "EUR", nil},
		"absent":             {"", "EUR", nil},
		"words":              {"free", "EUR", nil},
		"exponent":           {"1e999999999", "EUR", nil},
		"endless":            {strings.Repeat("9", 40), "EUR", nil},
		"too large":          {"99999999999999999999", "EUR", nil},
		"without a currency": {"1", "", nil},
	}
	for name, tt := range tests {
		if diff := cmp.Diff(tt.want, ReadPrice(tt.amount, tt.currency)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
