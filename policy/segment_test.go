package policy

import (
	"strings"
	"testing"
)

func TestSegments(t *testing.T) {
	tests := map[string]struct {
		text string
		n    int
		enc  Encoding
	}{
		"empty":                        {"", 1, GSM7},
		"160 fit alone":                {strings.Repeat("a", 160), 1, GSM7},
		"161 do not":                   {strings.Repeat("a", 161), 2, GSM7},
		"306 are two":                  {strings.Repeat("a", 306), 2, GSM7},
		"307 are three":                {strings.Repeat("a", 307), 3, GSM7},
		"459 are three":                {strings.Repeat("a", 459), 3, GSM7},
		"612 are four":                 {strings.Repeat("a", 612), 4, GSM7},
		"the euro counts two":          {strings.Repeat("a", 158) + "€", 1, GSM7},
		"and can be one too many":      {strings.Repeat("a", 159) + "€", 2, GSM7},
		"a pair is not cut":            {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3, GSM7},
		"a pair that fits":             {strings.Repeat("a", 151) + "€" + strings.Repeat("a", 153), 2, GSM7},
		"only pairs":                   {strings.Repeat("{", 153), 3, GSM7},
		"extension table":              {"^{}\\[~]|€\f", 1, GSM7},
		"basic table":                  {"@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./09:;<=>?¡AZÄÖÑÜ§¿azäöñüà", 1, GSM7},
		"70 fit alone":                 {strings.Repeat("đ", 70), 1, UCS2},
		"71 do not":                    {strings.Repeat("đ", 71), 2, UCS2},
		"134 are two":                  {strings.Repeat("đ", 134), 2, UCS2},
		"135 are three":                {strings.Repeat("đ", 135), 3, UCS2},
		"one mark decides":             {strings.Repeat("a", 70) + "ơ", 2, UCS2},
		"a surrogate pair counts two":  {strings.Repeat("😀", 35), 1, UCS2},
		"36 pairs":                     {strings.Repeat("😀", 36), 2, UCS2},
		"a surrogate pair is not cut":  {strings.Repeat("đ", 66) + "😀" + strings.Repeat("đ", 66), 3, UCS2},
		"grave accent":                 {"`", 1, UCS2},
		"tab":                          {"\t", 1, UCS2},
		"curly quote":                  {"it’s", 1, UCS2},
		"lower-case c cedilla":         {"ç", 1, UCS2},
		"escape is not a character":    {"\x1b", 1, UCS2},
		"invalid UTF-8":                {"a\xff", 1, UCS2},
		"Vietnamese in the basic form": {"à è é ì ò ù É", 1, GSM7},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if n, enc := Segments(tt.text); n != tt.n || enc != tt.enc {
				t.Errorf("got %d %s, want %d %s", n, enc, tt.n, tt.enc)
			}
		})
	}
}

func TestStripMarks(t *testing.T) {
	for in, want := range map[string]string{
		"Đơn hàng của bạn":               "Don hang cua ban",
		"ĂÂÊÔƠƯ ăâêôơư":                  "AAEOOU aaeoou",
		"Nguyễn Thị Hồng Thuỷ":           "Nguyen Thi Hong Thuy",
		"đã giao 1.000₫":                 "da giao 1.000₫",
		"plain":                          "plain",
		"ngược":                          "nguoc",
		"e\u0302\u0301 already in parts": "e already in parts",
		"한국":                             "한국",
	} {
		if got := StripMarks(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzSegments(f *testing.F) {
	f.Add("Đơn hàng của bạn")
	f.Add(strings.Repeat("€", 200))
	f.Add("\xff\x1b😀")
	f.Fuzz(func(t *testing.T, text string) {
		n, enc := Segments(text)
		if n < 1 || enc != GSM7 && enc != UCS2 {
			t.Fatalf("got %d %q", n, enc)
		}
		longer, _ := Segments(text + "a")
		if longer < n {
			t.Errorf("one more character made %d segments into %d", n, longer)
		}
		if plain := StripMarks(text); StripMarks(plain) != plain {
			t.Errorf("%q still has marks after the first time", text)
		}
	})
}

func BenchmarkSegments(b *testing.B) {
	for b.Loop() {
		Segments("Don hang A-1029 cua ban da duoc giao cho don vi van chuyen. Theo doi tai https://example.vn/t/A-1029")
	}
}
