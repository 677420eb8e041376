package policy

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"

	"github.com/warthog618/sms/encoding/gsm7/charset"
	"golang.org/x/text/unicode/norm"
)

// Encoding is how an SMS text is coded on the air, which decides how much fits into a segment.
type Encoding string

// The encodings.
const (
	GSM7 Encoding = "gsm7"
	UCS2 Encoding = "ucs2"
)

// Room in a text that fits one segment, and in each segment of a longer one, whose header takes six octets.
const (
	gsm7Single, gsm7Part = 160, 153
	ucs2Single, ucs2Part = 70, 67
)

// escape opens a two-septet character and is none itself, though the module's table lists it.
const escape = '\x1b'

// The module builds its tables on first use without a lock, so they are fetched once here.
var gsm7Tables = sync.OnceValue(func() (tables struct{ basic, extension charset.Encoder }) {
	tables.basic, tables.extension = charset.DefaultEncoder(), charset.DefaultExtEncoder()
	return tables
})

// Segments returns how many SMS segments text occupies, at least 1, and the encoding that decides it.
// Units: septets for GSM-7 (160 alone, 153 each when split; € [ ] { } \ ^ ~ | and form feed count two), UTF-16 code
// units for UCS-2 (70 alone, 67 each when split). A two-unit character is never cut, so a split can need one more segment.
// Errors: none; invalid UTF-8 counts as U+FFFD, hence UCS-2.
// Source: 3GPP TS 23.038 §6.2.1 (alphabet and extension table), TS 23.040 §9.2.3.24.1 (concatenation header).
func Segments(text string) (n int, enc Encoding) {
	if fitsGSM7(text) {
		return split(text, gsm7Units, gsm7Single, gsm7Part), GSM7
	}
	return split(text, ucs2Units, ucs2Single, ucs2Part), UCS2
}

// StripMarks returns Vietnamese text without its marks ("Đơn hàng" becomes "Don hang"), which lets it be sent as GSM-7.
// Characters without a plain base letter stay as they are.
func StripMarks(text string) string {
	stripped := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == 'đ':
			return 'd'
		case r == 'Đ':
			return 'D'
		default:
			return r
		}
	}, norm.NFD.String(text))
	return norm.NFC.String(stripped) // scripts that NFD takes apart without marks, such as Hangul
}

func split(text string, units func(rune) int, single, part int) int {
	total, segments, room := 0, 1, part
	for _, r := range text {
		size := units(r)
		total += size
		if size > room {
			segments, room = segments+1, part
		}
		room -= size
	}
	if total <= single {
		return 1
	}
	return segments
}

func fitsGSM7(text string) bool {
	for _, r := range text {
		if gsm7Units(r) == 0 {
			return false
		}
	}
	return true
}

// gsm7Units returns 1 for the basic table, 2 for the extension table, 0 for a character in neither.
func gsm7Units(r rune) int {
	if r == escape {
		return 0
	}
	tables := gsm7Tables()
	if _, ok := tables.basic[r]; ok {
		return 1
	}
	if _, ok := tables.extension[r]; ok {
		return 2
	}
	return 0
}

func ucs2Units(r rune) int { return max(utf16.RuneLen(r), 1) }
