package main

import (
	"testing"

	"cascade/policy"
)

func TestMoney(t *testing.T) {
	tests := map[string]policy.Money{
		"0 ₫":         {Currency: "VND"},
		"200 ₫":       {Micros: 200_000_000, Currency: "VND"},
		"1.234 ₫":     {Micros: 1_234_000_000, Currency: "VND"},
		"1.234.567 ₫": {Micros: 1_234_567_000_000, Currency: "VND"},
		"-1.640 ₫":    {Micros: -1_640_000_000, Currency: "VND"},
		"470,5 ₫":     {Micros: 470_500_000, Currency: "VND"},
		"0.0075 USD":  {Micros: 7_500, Currency: "USD"},
	}
	for want, m := range tests {
		if got := money(m); got != want {
			t.Errorf("money(%v) = %q, want %q", m, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{{"Đà", 4, "Đà  "}, {"₫", -3, "  ₫"}, {"long", 2, "long"}} {
		if got := cell(tt.text, tt.width); got != tt.want {
			t.Errorf("cell(%q, %d) = %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
