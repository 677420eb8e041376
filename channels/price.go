package channels

import (
	"strings"

	"github.com/shopspring/decimal"

	"cascade/policy"
)

// maxPriceText bounds what is read as a price, in characters.
const maxPriceText = 32

// ReadPrice reads what a provider says it charged: "0.03330000" with "EUR". Beyond six decimals it is rounded, half
// away from zero. It is nil if the text is no price, or a negative one.
func ReadPrice(amount, currency string) *policy.Money {
	amount, currency = strings.TrimSpace(amount), strings.ToUpper(strings.TrimSpace(currency))
	if len(amount) > maxPriceText || strings.ContainsAny(amount, "eE") {
		return nil
	}
	value, err := decimal.NewFromString(amount)
	if err != nil {
		return nil
	}
	m, err := policy.ParseMoney(value.Round(6).String(), currency)
	if err != nil || m.Micros < 0 {
		return nil
	}
	return &m
}
