package policy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestParsePhone(t *testing.T) {
	tests := map[string]struct {
		raw, region string
		want        Phone
		wrong       string
	}{
		"E.164":               {"+84912345678", "VN", Phone{"+84912345678", "VN", "vinaphone"}, ""},
		"national":            {"0912345678", "VN", Phone{"+84912345678", "VN", "vinaphone"}, ""},
		"lower-case region":   {"0912345678", "vn", Phone{"+84912345678", "VN", "vinaphone"}, ""},
		"separators":          {" 098.765-43 21 ", "VN", Phone{"+84987654321", "VN", "viettel"}, ""},
		"code without plus":   {"84912345678", "VN", Phone{"+84912345678", "VN", "vinaphone"}, ""},
		"E.164 needs none":    {"+84912345678", "", Phone{"+84912345678", "VN", "vinaphone"}, ""},
		"abroad":              {"+6591234567", "VN", Phone{"+6591234567", "SG", ""}, ""},
		"US":                  {"+12024561111", "VN", Phone{"+12024561111", "US", ""}, ""},
		"mobifone":            {"0901234567", "VN", Phone{"+84901234567", "VN", "mobifone"}, ""},
		"vietnamobile":        {"0522123456", "VN", Phone{"+84522123456", "VN", "vietnamobile"}, ""},
		"gmobile":             {"0593123456", "VN", Phone{"+84593123456", "VN", "gmobile"}, ""},
		"gmobile, 3 digits":   {"0993123456", "VN", Phone{"+84993123456", "VN", "gmobile"}, ""},
		"itel, 3 digits":      {"0998123456", "VN", Phone{"+84998123456", "VN", "itel"}, ""},
		"itel":                {"0871234567", "VN", Phone{"+84871234567", "VN", "itel"}, ""},
		"wintel":              {"0559123456", "VN", Phone{"+84559123456", "VN", "wintel"}, ""},
		"landline":            {"+842438251234", "VN", Phone{}, "not a mobile"},
		"old eleven digits":   {"01662345678", "VN", Phone{}, "phone number"},
		"too short":           {"+8491234567", "VN", Phone{}, "phone number"},
		"too long":            {"+849123456789", "VN", Phone{}, "phone number"},
		"unknown country":     {"+99912345678", "VN", Phone{}, "unknown country code"},
		"letters":             {"1800FLOWERS", "US", Phone{}, "other than digits"},
		"national, no region": {"0912345678", "", Phone{}, "has no country"},
		"empty":               {" ", "VN", Phone{}, "is empty"},
		"two numbers":         {strings.Repeat("0912345678", 5), "VN", Phone{}, "too long"},
		"other digits":        {"+٨٤٩١٢٣٤٥٦٧٨", "VN", Phone{}, "other than digits"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParsePhone(tt.raw, tt.region)
			if got != tt.want || (err == nil) != (tt.wrong == "") {
				t.Fatalf("got %+v, %v", got, err)
			}
			if err != nil && !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("error %q does not say %q", err, tt.wrong)
			}
		})
	}
}

func TestParsePhoneTakesTestNumbers(t *testing.T) {
	for i := 1; i <= 99; i++ {
		want := fmt.Sprintf("+849000000%02d", i)
		if got, err := ParsePhone(want, ""); err != nil || got.E164 != want {
			t.Errorf("%s: got %+v, %v", want, got, err)
		}
	}
}

// The short way for numbers of Vietnam must say what the library says.
func TestVietnamMobileAgreesWithTheLibrary(t *testing.T) {
	for prefix := range 1000 {
		text := fmt.Sprintf("+84%03d456789", prefix)
		short, ok := vietnamMobile(text)
		if !ok {
			continue
		}
		number, err := phonenumbers.Parse(text, "VN")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if long, err := mobile(number, "VN"); err != nil || long != short {
			t.Errorf("%s: %+v, and the library says %+v, %v", text, short, long, err)
		}
	}
}

func TestMaskPhone(t *testing.T) {
	for in, want := range map[string]string{
		"+84912345567": "+84•••••567",
		"+12024561111": "+1•••••111",
		"+85512345678": "+855•••••678",
		"0912345567":   "•••••567",
		"+84912":       "•••••",
		"":             "•••••",
		"not a phone":  "•••••",
		"+xxxxxxx123":  "+•••••123",
	} {
		if got := MaskPhone(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzParsePhone(f *testing.F) {
	f.Add("+84912345678", "VN")
	f.Add("0912 345 678", "VN")
	f.Add("84-912.345.678", "")
	f.Fuzz(func(t *testing.T, raw, region string) {
		MaskPhone(raw)
		phone, err := ParsePhone(raw, region)
		if err != nil {
			if digits := strings.Trim(raw, "+ "); len(digits) > 5 && strings.Contains(err.Error(), digits) && digits != "84912345678" {
				t.Errorf("error repeats the number: %v", err)
			}
			return
		}
		again, err := ParsePhone(phone.E164, "")
		if err != nil || again != phone {
			t.Errorf("%q: %+v reads back as %+v, %v", raw, phone, again, err)
		}
	})
}

func BenchmarkParsePhone(b *testing.B) {
	for b.Loop() {
		if _, err := ParsePhone("+84912345678", "VN"); err != nil {
			b.Fatal(err)
		}
	}
}
