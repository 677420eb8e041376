package policy

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// Phone is a mobile number that a message can be sent to.
type Phone struct {
	E164     string // "+84912345678"
	Country  string // ISO 3166 alpha-2, "VN"; "001" for numbers of no country
	Operator string // viettel, mobifone, …; a guess from the prefix, as numbers are ported; "" outside Vietnam
}

// maxPhoneText bounds what is parsed: 15 digits (E.164) with ample separators.
const maxPhoneText = 40

var phoneSeparators = strings.NewReplacer(" ", "", "\u00a0", "", ".", "", "-", "")

// ParsePhone reads an E.164 number, or a national one of defaultRegion ("VN"); spaces, dots and dashes are ignored.
// The number must be assignable and able to receive messages: a landline is an error. Errors never repeat the number.
func ParsePhone(raw, defaultRegion string) (Phone, error) {
	if len(raw) > maxPhoneText {
		return Phone{}, errors.New("phone number is too long: write it as +84912345678")
	}
	text := phoneSeparators.Replace(raw)
	if text == "" {
		return Phone{}, errors.New("phone number is empty: write it as +84912345678")
	}
	if strings.Trim(strings.TrimPrefix(text, "+"), "0123456789") != "" {
		return Phone{}, errors.New("phone number holds characters other than digits: write it as +84912345678")
	}
	if phone, ok := vietnamMobile(text); ok {
		return phone, nil
	}
	region := strings.ToUpper(defaultRegion)
	if !strings.HasPrefix(text, "+") && !phonenumbers.GetSupportedRegions()[region] {
		return Phone{}, errors.New("phone number has no country: put + and the country code in front, as in +84912345678")
	}
	number, err := phonenumbers.Parse(text, region)
	if err != nil {
		return Phone{}, parseFailure(err, region)
	}
	return mobile(number, region)
}

// vietnamMobile reads what most numbers are here, +84 and nine digits that an operator was given, without the library,
// which takes far longer to say the same.
func vietnamMobile(text string) (Phone, bool) {
	const code, digits = "+84", 9
	national, ok := strings.CutPrefix(text, code)
	if !ok || len(national) != digits {
		return Phone{}, false
	}
	operator := vietnamOperator(national)
	switch national[:2] {
	case "52", "55", "89": // only parts of these are in use
		return Phone{}, false
	}
	return Phone{E164: text, Country: "VN", Operator: operator}, operator != ""
}

func mobile(number *phonenumbers.PhoneNumber, region string) (Phone, error) {
	switch phonenumbers.GetNumberType(number) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:
	case phonenumbers.UNKNOWN:
		return Phone{}, invalidNumber(number, region)
	default:
		return Phone{}, errors.New("phone number is not a mobile one, so it cannot receive messages: give a mobile number")
	}
	phone := Phone{
		E164:    phonenumbers.Format(number, phonenumbers.E164),
		Country: phonenumbers.GetRegionCodeForNumber(number),
	}
	if phone.Country == "VN" {
		phone.Operator = vietnamOperator(phonenumbers.GetNationalSignificantNumber(number))
	}
	return phone, nil
}

func parseFailure(err error, region string) error {
	if errors.Is(err, phonenumbers.ErrInvalidCountryCode) {
		return errors.New("phone number has an unknown country code: write it as +84912345678")
	}
	return fmt.Errorf("phone number cannot be read: write it as +84912345678, or in the national form of %s", regionName(region))
}

func invalidNumber(number *phonenumbers.PhoneNumber, region string) error {
	switch phonenumbers.IsPossibleNumberWithReason(number) {
	case phonenumbers.TOO_SHORT:
		return errors.New("phone number is too short: check that no digit is missing")
	case phonenumbers.TOO_LONG:
		return errors.New("phone number is too long: check for a digit too many")
	default:
		return fmt.Errorf("phone number is not in use in its country: check the digits; without + it is read as a number of %s", regionName(region))
	}
}

func regionName(region string) string {
	if region == "" {
		return "the tenant's region"
	}
	return region
}

// MaskPhone hides the middle of a number for logs and errors: "+84•••••567". The bullets do not tell its length.
func MaskPhone(e164 string) string {
	const bullets = "•••••"
	digits, international := strings.CutPrefix(e164, "+")
	if len(digits) < 7 {
		return bullets // so little is left that the tail would give it away
	}
	tail := digits[len(digits)-3:]
	if strings.Trim(tail, "0123456789") != "" {
		return bullets
	}
	if !international {
		return bullets + tail
	}
	return "+" + callingCode(digits) + bullets + tail
}

// vietnamPrefixes maps the start of a national number (without 0) to the operator it was issued by.
// Source: the carrier data of libphonenumber; 87 for Itel is common knowledge only.
var vietnamPrefixes = sync.OnceValue(func() map[string]string {
	table := map[string]string{}
	for operator, prefixes := range map[string]string{
		"viettel":      "32 33 34 35 36 37 38 39 86 96 97 98",
		"mobifone":     "70 76 77 78 79 89 90 93",
		"vinaphone":    "81 82 83 84 85 88 91 94",
		"vietnamobile": "52 56 58 92",
		"gmobile":      "59 993 994 995 996 997",
		"itel":         "87 998 999",
		"wintel":       "55",
	} {
		for prefix := range strings.FieldsSeq(prefixes) {
			table[prefix] = operator
		}
	}
	return table
})

// Operators lists the operators that ParsePhone can tell, which are also those a price may name.
func Operators() []string {
	return []string{"viettel", "mobifone", "vinaphone", "vietnamobile", "gmobile", "itel", "wintel"}
}

func vietnamOperator(national string) string {
	for _, length := range []int{3, 2} {
		if len(national) < length {
			continue
		}
		if operator, ok := vietnamPrefixes()[national[:length]]; ok {
			return operator
		}
	}
	return ""
}

var callingCodes = sync.OnceValue(phonenumbers.GetSupportedCallingCodes)

// callingCode returns the country calling code that digits start with, or "". No code is the start of another.
func callingCode(digits string) string {
	code := 0
	for i := range 3 {
		if digits[i] < '0' || digits[i] > '9' {
			return ""
		}
		code = code*10 + int(digits[i]-'0')
		if callingCodes()[code] {
			return digits[:i+1]
		}
	}
	return ""
}
