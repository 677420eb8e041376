package smpp

import (
	"sync/atomic"
	"unicode/utf16"

	"github.com/linxGnu/gosmpp/data"
	"github.com/warthog618/sms/encoding/gsm7"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"cascade/policy"
)

// body is a text as it goes on the wire: one segment, or several that belong together.
type body struct {
	coding   byte
	segments [][]byte
}

// Room in a segment of a longer text, and in one that stands alone: septets or UTF-16 units, as policy.Segments counts.
const (
	gsm7Alone, gsm7Part = 160, 153
	ucs2Alone, ucs2Part = 70, 67
)

// encode codes and splits text exactly as policy.Segments counts it, so that the price and the wire agree. GSM-7 is
// written unpacked, one septet an octet, as data_coding 0 wants it. Where the default alphabet is Latin-1, a text with a
// character that Latin-1 lacks goes as UCS-2 and may take more segments than were counted.
func encode(text string, latin1 bool) body {
	_, enc := policy.Segments(text)
	if enc == policy.GSM7 {
		write := gsm7Octets
		if latin1 {
			write = latin1Octets
		}
		if segments, ok := split(text, gsm7Units, gsm7Alone, gsm7Part, write); ok {
			return body{data.GSM7BITCoding, segments}
		}
	}
	segments, _ := split(text, ucs2Units, ucs2Alone, ucs2Part, ucs2Octets)
	return body{data.UCS2Coding, segments}
}

// encodeWhole codes text without splitting it, for message_payload.
func encodeWhole(text string, latin1 bool) body {
	b := encode(text, latin1)
	whole := make([]byte, 0, len(text))
	for _, s := range b.segments {
		whole = append(whole, s...)
	}
	return body{b.coding, [][]byte{whole}}
}

// split cuts text where the next character has no room any more, and writes every piece. False: a piece cannot be written.
func split(text string, units func(rune) int, alone, part int, write func(string) ([]byte, bool)) ([][]byte, bool) {
	total, used, from := 0, 0, 0
	var pieces []string
	for i, r := range text {
		size := units(r)
		total += size
		if used+size > part {
			pieces = append(pieces, text[from:i])
			used, from = 0, i
		}
		used += size
	}
	pieces = append(pieces, text[from:])
	if total <= alone {
		pieces = []string{text}
	}
	segments := make([][]byte, len(pieces))
	for i, piece := range pieces {
		octets, ok := write(piece)
		if !ok {
			return nil, false
		}
		segments[i] = octets
	}
	return segments, true
}

// gsm7Units is 2 for a character of the extension table; only texts of the GSM alphabet come here.
func gsm7Units(r rune) int {
	switch r {
	case '\f', '^', '{', '}', '\\', '[', '~', ']', '|', '€':
		return 2
	default:
		return 1
	}
}

func ucs2Units(r rune) int { return max(utf16.RuneLen(r), 1) }

func gsm7Octets(text string) ([]byte, bool) {
	octets, err := gsm7.Encode([]byte(text))
	return octets, err == nil
}

func latin1Octets(text string) ([]byte, bool) {
	octets, err := charmap.ISO8859_1.NewEncoder().Bytes([]byte(text))
	return octets, err == nil
}

// ucs2Octets writes UTF-16BE. Invalid UTF-8 becomes U+FFFD, as it is counted.
func ucs2Octets(text string) ([]byte, bool) {
	units := utf16.Encode([]rune(text))
	octets := make([]byte, 0, 2*len(units))
	for _, u := range units {
		octets = append(octets, byte(u>>8), byte(u))
	}
	return octets, true
}

// readable decodes the text of a receipt. What is not UCS-2 is read as it stands: its keys are ASCII in every alphabet.
func readable(octets []byte, coding byte) string {
	if coding == data.UCS2Coding {
		if text, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Bytes(octets); err == nil {
			return string(text)
		}
	}
	return string(octets)
}

// coding gives gosmpp the data_coding of octets that are coded already.
type coding byte

func (c coding) DataCoding() byte              { return byte(c) }
func (coding) Encode(s string) ([]byte, error) { return []byte(s), nil }
func (coding) Decode(b []byte) (string, error) { return string(b), nil }

// references numbers long messages for their header: one octet, counted for each of 256 groups of recipients, so that two
// long messages to one person differ.
type references [256]atomic.Uint32

func (r *references) next(to string) byte {
	sum := byte(0)
	for i := range len(to) {
		sum = sum*31 + to[i]
	}
	return byte(r[sum].Add(1))
}
