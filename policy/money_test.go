package policy

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
)

func vnd(units int64) Money { return Money{units * 1_000_000, "VND"} }

func TestParseMoney(t *testing.T) {
	tests := map[string]struct {
		amount, currency string
		want             Money
		field            string
	}{
		"whole":             {"300", "VND", vnd(300), ""},
		"six decimals":      {"0.007501", "USD", Money{7501, "USD"}, ""},
		"negative":          {"-5", "VND", vnd(-5), ""},
		"largest":           {"9223372036854.775807", "VND", Money{math.MaxInt64, "VND"}, ""},
		"too large":         {"9223372036854.775808", "VND", Money{}, "amount"},
		"seven decimals":    {"0.0000001", "VND", Money{}, "amount"},
		"exponent":          {"1e9", "VND", Money{}, "amount"},
		"grouping":          {"1,000", "VND", Money{}, "amount"},
		"plus":              {"+1", "VND", Money{}, "amount"},
		"empty":             {"", "VND", Money{}, "amount"},
		"no digits":         {".5", "VND", Money{}, "amount"},
		"lower currency":    {"1", "vnd", Money{}, "currency"},
		"long currency":     {"1", "VNDD", Money{}, "currency"},
		"currency new line": {"1", "VND\n", Money{}, "currency"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseMoney(tt.amount, tt.currency)
			if field, _ := errors.AsType[FieldError](err); field.Field != tt.field || got != tt.want {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestMoneyJSON(t *testing.T) {
	for text, want := range map[string]Money{
		`{"amount":"300","currency":"VND"}`:    vnd(300),
		`{"amount":"0.0075","currency":"USD"}`: {7500, "USD"},
		`{"amount":"-820","currency":"VND"}`:   vnd(-820),
		`{"amount":"0","currency":""}`:         {},
	} {
		var got Money
		if err := json.Unmarshal([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
		if back, _ := json.Marshal(want); string(back) != text {
			t.Errorf("got %s, want %s", back, text)
		}
	}
	for _, text := range []string{`{"amount":300,"currency":"VND"}`, `"300"`, `{}`, `{"amount":"300"}`, `{"amount":"1","currency":"VND","x":1}`} {
		var m Money
		if err := json.Unmarshal([]byte(text), &m); err == nil {
			t.Errorf("%s was taken as %v", text, m)
		}
	}
}

func TestMoneyArithmetic(t *testing.T) {
	top := Money{math.MaxInt64, "VND"}
	bottom := Money{math.MinInt64, "VND"}
	tests := map[string]struct{ got, want Money }{
		"sum":                 {vnd(820).Add(vnd(300)), vnd(1120)},
		"zero takes currency": {Money{}.Add(vnd(5)), vnd(5)},
		"adding zero":         {vnd(5).Add(Money{}), vnd(5)},
		"held at the top":     {top.Add(vnd(1)), top},
		"held at the bottom":  {bottom.Add(vnd(-1)), bottom},
		"both bottoms":        {bottom.Add(bottom), bottom},
		"mixed shows":         {vnd(1).Add(Money{1, "USD"}), Money{1_000_001, "XXX"}},
		"negated":             {vnd(5).Neg(), vnd(-5)},
		"negated bottom":      {bottom.Neg(), top},
		"times":               {vnd(820).times(3), vnd(2460)},
		"times nothing":       {vnd(820).times(0), vnd(0)},
		"times negative":      {vnd(-2).times(3), vnd(-6)},
		"times held":          {top.times(2), top},
		"times held below":    {bottom.times(2), bottom},
	}
	for name, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", name, tt.got, tt.want)
		}
	}
	if got := (Money{820_500_000, "VND"}).String(); got != "820.5 VND" {
		t.Errorf("got %q", got)
	}
	if !(Money{0, "VND"}).IsZero() || vnd(1).IsZero() {
		t.Error("IsZero is wrong")
	}
}

func FuzzParseMoney(f *testing.F) {
	f.Add("300", "VND")
	f.Add("-0.000001", "USD")
	f.Add("99999999999999999999", "VND")
	f.Fuzz(func(t *testing.T, amount, currency string) {
		m, err := ParseMoney(amount, currency)
		if err != nil {
			return
		}
		back, err := ParseMoney(m.Amount(), m.Currency)
		if err != nil || back != m {
			t.Errorf("%q %q: %v reads back as %v, %v", amount, currency, m, back, err)
		}
	})
}
