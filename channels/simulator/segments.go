package simulator

import (
	"strings"
	"unicode/utf16"
)

// The GSM 7-bit alphabet and its extension table. Source: 3GPP TS 23.038 §6.2.1.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmTwo   = "\f^{}\\[~]|€"
)

// segments counts the SMS parts of text: 160 septets alone or 153 each, and 70 or 67 UTF-16 units when one
// character is outside the GSM alphabet. A character of two units is never cut.
func segments(text string) int {
	gsm := make([]int, 0, len(text))
	wide := make([]int, 0, len(text))
	isGSM := true
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsmBasic, r):
			gsm = append(gsm, 1)
		case strings.ContainsRune(gsmTwo, r):
			gsm = append(gsm, 2)
		default:
			isGSM = false
		}
		wide = append(wide, max(1, utf16.RuneLen(r)))
	}
	if isGSM {
		return pack(gsm, 160, 153)
	}
	return pack(wide, 70, 67)
}

func pack(sizes []int, alone, part int) int {
	total := 0
	for _, n := range sizes {
		total += n
	}
	if total <= alone {
		return 1
	}
	parts, room := 1, part
	for _, n := range sizes {
		if n > room {
			parts, room = parts+1, part
		}
		room -= n
	}
	return parts
}
