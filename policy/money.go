package policy

import (
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"regexp"

	"github.com/shopspring/decimal"
)

// microDigits is how many decimals a Money keeps: an amount is counted in millionths of the currency's unit.
const microDigits = 6

// noCurrency is ISO 4217's code for "no currency"; it marks a sum of different currencies.
const noCurrency = "XXX"

// Money is an exact amount. As JSON it is {"amount": "300", "currency": "VND"}, the amount a decimal string.
type Money struct {
	Micros   int64  // millionths of the currency's unit, so 1 VND is 1,000,000
	Currency string // ISO 4217, three upper-case letters; empty only in the zero Money
}

type moneyJSON struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

var (
	amountPattern   = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,6})?$`)
	currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)
)

// ParseMoney reads a decimal amount of at most six decimals, negative ones included, without exponent or grouping. An
// amount beyond about 9.2 trillion units is an error. The error is a FieldError naming "amount" or "currency".
func ParseMoney(amount, currency string) (Money, error) {
	if !amountPattern.MatchString(amount) {
		return Money{}, FieldError{"amount", `must be a decimal number with at most 6 decimals, written as text, such as "300" or "0.0075"`}
	}
	if !currencyPattern.MatchString(currency) {
		return Money{}, FieldError{"currency", `must be three upper-case letters, such as "VND"`}
	}
	value, err := decimal.NewFromString(amount)
	if err != nil {
		return Money{}, FieldError{"amount", "is not a decimal number"}
	}
	micros := value.Shift(microDigits).BigInt()
	if !micros.IsInt64() {
		return Money{}, FieldError{"amount", "is too large: the limit is about 9.2 trillion"}
	}
	return Money{Micros: micros.Int64(), Currency: currency}, nil
}

// Add returns the sum, held at the int64 limits rather than wrapped. A zero Money without a currency takes the other's.
// Amounts of different currencies have no sum: the result carries "XXX", which no price and no cap accepts.
func (m Money) Add(other Money) Money {
	return Money{Micros: addClamped(m.Micros, other.Micros), Currency: commonCurrency(m.Currency, other.Currency)}
}

// Neg returns the amount with its sign turned, as a correcting ledger line needs.
func (m Money) Neg() Money {
	if m.Micros == math.MinInt64 {
		return Money{math.MaxInt64, m.Currency}
	}
	return Money{-m.Micros, m.Currency}
}

// IsZero reports whether the amount is nothing, whatever the currency.
func (m Money) IsZero() bool { return m.Micros == 0 }

// Amount returns the decimal amount without trailing zeros: "820", "0.0075".
func (m Money) Amount() string { return decimal.New(m.Micros, -microDigits).String() }

// String returns amount and currency: "820 VND".
func (m Money) String() string {
	if m.Currency == "" {
		return m.Amount()
	}
	return m.Amount() + " " + m.Currency
}

// MarshalJSON writes {"amount": "…", "currency": "…"}.
func (m Money) MarshalJSON() ([]byte, error) {
	return json.Marshal(moneyJSON{m.Amount(), m.Currency})
}

// UnmarshalJSON reads what MarshalJSON writes, strictly: both fields, no others.
func (m *Money) UnmarshalJSON(raw []byte) error {
	var wire moneyJSON
	if errs := DecodeStrict(raw, &wire); len(errs) > 0 {
		return fieldErrors(errs)
	}
	if wire == (moneyJSON{Amount: "0"}) { // how the zero Money is written
		*m = Money{}
		return nil
	}
	parsed, err := ParseMoney(wire.Amount, wire.Currency)
	if field, ok := errors.AsType[FieldError](err); ok {
		return fieldErrors{field}
	}
	*m = parsed
	return err
}

// times multiplies by a count of units, held at the int64 limits.
func (m Money) times(units int) Money {
	hi, lo := bits.Mul64(magnitude(m.Micros), magnitude(int64(units)))
	negative := (m.Micros < 0) != (units < 0)
	switch {
	case hi == 0 && lo <= math.MaxInt64 && negative:
		return Money{-int64(lo), m.Currency}
	case hi == 0 && lo <= math.MaxInt64:
		return Money{int64(lo), m.Currency}
	case negative:
		return Money{math.MinInt64, m.Currency}
	default:
		return Money{math.MaxInt64, m.Currency}
	}
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func addClamped(a, b int64) int64 {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	}
	return sum
}

func commonCurrency(a, b string) string {
	switch {
	case a == b || b == "":
		return a
	case a == "":
		return b
	default:
		return noCurrency
	}
}
