package smpp

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

func TestEncode(t *testing.T) {
	tests := map[string]struct {
		text   string
		latin1 bool
		coding byte
		sizes  []int
		first  []byte
	}{
		"plain":                    {"@A", false, 0, []int{2}, []byte{0x00, 'A'}},
		"extension table":          {"€{", false, 0, []int{4}, []byte{0x1b, 0x65, 0x1b, 0x28}},
		"160 septets":              {strings.Repeat("a", 160), false, 0, []int{160}, nil},
		"161 septets":              {strings.Repeat("a", 161), false, 0, []int{153, 8}, nil},
		"an escape is never cut":   {strings.Repeat("a", 152) + "€" + strings.Repeat("b", 151), false, 0, []int{152, 153}, nil},
		"and may cost a segment":   {strings.Repeat("a", 152) + "€" + strings.Repeat("b", 152), false, 0, []int{152, 153, 1}, nil},
		"Vietnamese":               {"Mã", false, 8, []int{4}, []byte{0, 'M', 0, 0xe3}},
		"70 units":                 {strings.Repeat("ạ", 70), false, 8, []int{140}, nil},
		"71 units":                 {strings.Repeat("ạ", 71), false, 8, []int{134, 8}, nil},
		"a pair is never cut":      {strings.Repeat("ạ", 66) + "😀😀ạạ", false, 8, []int{132, 12}, nil},
		"latin1":                   {"@é", true, 0, []int{2}, []byte{'@', 0xe9}},
		"latin1 lacks the euro":    {"€", true, 8, []int{2}, []byte{0x20, 0xac}},
		"latin1 splits by septets": {strings.Repeat("{", 81), true, 0, []int{76, 5}, nil},
		"an escape is no letter":   {"\x1b", false, 8, []int{2}, []byte{0, 0x1b}},
		"invalid UTF-8":            {"a\xff", false, 8, []int{4}, []byte{0, 'a', 0xff, 0xfd}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := encode(tt.text, tt.latin1)
			var sizes []int
			for _, s := range b.segments {
				sizes = append(sizes, len(s))
			}
			if diff := cmp.Diff(tt.sizes, sizes); diff != "" || b.coding != tt.coding {
				t.Errorf("coding %d, want %d; octets (-want +got):\n%s", b.coding, tt.coding, diff)
			}
			if tt.first != nil && !bytes.Equal(b.segments[0], tt.first) {
				t.Errorf("got % x, want % x", b.segments[0], tt.first)
			}
		})
	}
}

// FuzzEncode holds the wire to what is priced: the same number of segments, none too long, and nothing lost.
func FuzzEncode(f *testing.F) {
	for _, text := range []string{"a", strings.Repeat("€a", 120), strings.Repeat("😀ạ", 60), "\x1b", "\xff\xfe", strings.Repeat("a", 306)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" {
			return
		}
		n, enc := policy.Segments(text)
		b := encode(text, false)
		if len(b.segments) != n {
			t.Fatalf("%q goes in %d segments and is priced as %d", text, len(b.segments), n)
		}
		whole := encodeWhole(text, false).segments[0]
		if got := bytes.Join(b.segments, nil); !bytes.Equal(got, whole) {
			t.Fatalf("the segments of %q are not the text", text)
		}
		for _, s := range b.segments {
			if alone := len(b.segments) == 1; len(s) > 160 || (!alone && len(s) > 153) || (enc == policy.UCS2 && len(s) > 140) {
				t.Fatalf("a segment of %q has %d octets", text, len(s))
			}
		}
		if enc == policy.UCS2 && readable(whole, 8) != string([]rune(text)) {
			t.Fatalf("%q is read back as %q (% x)", text, readable(whole, 8), utf16.Encode([]rune(text)))
		}
	})
}

func TestRequests(t *testing.T) {
	a := build(t, "127.0.0.1:2775")
	out := message(1, strings.Repeat("a", 161))
	out.ValidFor = 15 * time.Hour
	first, fail := a.requests(out)
	if fail != nil {
		t.Fatal(fail)
	}
	second, _ := a.requests(out)
	for i, p := range first {
		octets, _ := p.Message.GetMessageData()
		want := []byte{5, 0, 3, octets[3], 2, byte(i + 1)}
		if !bytes.Equal(octets[:6], want) || p.EsmClass != 0x40 {
			t.Errorf("segment %d begins with % x, want % x", i, octets[:6], want)
		}
		if p.ValidityPeriod != "000000150000000R" || p.RegisteredDelivery != 1 {
			t.Errorf("validity %q, registered delivery %d", p.ValidityPeriod, p.RegisteredDelivery)
		}
		if p.SourceAddr.Ton() != 5 || p.SourceAddr.Npi() != 0 || p.DestAddr.Ton() != 1 || p.DestAddr.Npi() != 1 || p.DestAddr.Address() != phone(1)[1:] {
			t.Errorf("addresses %+v and %+v", p.SourceAddr, p.DestAddr)
		}
	}
	one, _ := first[0].Message.GetMessageData()
	two, _ := second[0].Message.GetMessageData()
	if one[3] == two[3] {
		t.Error("two messages to one person have the same reference")
	}
	for _, text := range []string{"", strings.Repeat("ạ", 67*255+1)} {
		out.Content = channels.Content{Text: text}
		if _, fail := a.requests(out); fail == nil || fail.Class != policy.ClassRequest {
			t.Errorf("a text of %d octets: got %v, want a refused request", len(text), fail)
		}
	}
}
