package smpp

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"cascade/channels"
	"cascade/policy"
)

// Bits of esm_class that tell what a deliver_sm is. Source: SMPP 3.4 §5.2.12.
const (
	esmType         = 0x3C
	esmReceipt      = 0x04
	esmIntermediate = 0x20
	esmUDH          = 0x40
)

// report is what a receipt says of one segment.
type report struct {
	// id is the segment's, message that of the first segment where they differ, reference ours where only that is known.
	id, message, reference string
	kind                   policy.Receipt
	state                  string
	at                     time.Time
	// date is the done date as it was written, and err the operator's own code; "" if not told.
	date, err string
	// whole: every segment is delivered.
	whole bool
	raw   string
}

// states reads the words of the text form, by their first five letters, for some operators write them out in full.
// Source: SMPP 3.4 appendix B; ENROUTE and ACCEPTD are no end.
var states = map[string]policy.Receipt{
	"ENROU": policy.ReceiptSent,
	"DELIV": policy.ReceiptDelivered,
	"EXPIR": policy.ReceiptFailed,
	"DELET": policy.ReceiptFailed,
	"UNDEL": policy.ReceiptFailed,
	"ACCEP": policy.ReceiptSent,
	"REJEC": policy.ReceiptFailed,
	"FAILE": policy.ReceiptFailed,
}

// stateWords are the values of message_state. Source: SMPP 3.4 §5.2.28.
var stateWords = map[byte]string{
	1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}

// failures names the ways to fail.
var failures = map[string]string{
	"EXPIR": "expired", "DELET": "deleted", "UNDEL": "not_delivered", "REJEC": "rejected", "FAILE": "not_delivered",
}

// Each key of the text form has a pattern of its own: order, case and spacing differ, and keys are missing.
var (
	textKey = regexp.MustCompile(`(?i)\btext\s*:`)
	idKey   = regexp.MustCompile(`(?i)\bid\s*:\s*([^\s:]+)`)
	statKey = regexp.MustCompile(`(?i)\bstat\s*:\s*([a-z]+)`)
	doneKey = regexp.MustCompile(`(?i)\bdone\s*date\s*:\s*(\d{10,14})\b`)
	errKey  = regexp.MustCompile(`(?i)\berr\s*:\s*([0-9a-z]{1,16})\b`)
)

// readReceipt reads a receipt in text form, in TLV form or in both; where they differ the TLVs are right. False: it is
// none, or it proves nothing, such as a person's reply, an intermediate notice or the state UNKNOWN.
func (s settings) readReceipt(p *pdu.DeliverSM) (report, bool) {
	kind := p.EsmClass & esmType
	id := tlvText(p.OptionalParameters[pdu.TagReceiptedMessageID])
	if kind != esmReceipt && (kind != 0 || id == "") {
		return report{}, false
	}
	text := receiptText(p)
	r := s.readText(text)
	r.raw = rawReceipt(p, text)
	if id != "" {
		r.id = s.receiptID(id)
	}
	if f := p.OptionalParameters[pdu.TagMessageStateOption]; len(f.Data) == 1 {
		r.state = stateWords[f.Data[0]]
	}
	if f := p.OptionalParameters[pdu.TagNetworkErrorCode]; len(f.Data) == 3 && r.err == "" {
		r.err = fmt.Sprintf("%d:%d", f.Data[0], int(f.Data[1])<<8|int(f.Data[2]))
	}
	r.kind = states[stem(r.state)]
	if stem(r.state) == "ACCEP" {
		r.kind = s.accepted
	}
	return r, r.id != "" && r.kind != ""
}

// rawMost is how much of a receipt is kept, in bytes; one has 255 octets as a rule.
const rawMost = 1 << 10

// rawReceipt is a receipt as it came: its text without the message's own, which is not kept twice, and what its TLVs say.
func rawReceipt(p *pdu.DeliverSM, text string) string {
	said := []string{strings.TrimSpace(textKey.Split(text, 2)[0])}
	if id := tlvText(p.OptionalParameters[pdu.TagReceiptedMessageID]); id != "" {
		said = append(said, "receipted_message_id:"+id)
	}
	for _, tlv := range []struct {
		name string
		tag  pdu.Tag
	}{{"message_state", pdu.TagMessageStateOption}, {"network_error_code", pdu.TagNetworkErrorCode}} {
		if f := p.OptionalParameters[tlv.tag]; len(f.Data) > 0 {
			said = append(said, fmt.Sprintf("%s:%x", tlv.name, f.Data))
		}
	}
	raw := strings.TrimSpace(strings.Join(said, " "))
	return strings.ToValidUTF8(raw[:min(len(raw), rawMost)], "")
}

// receiptText is the text of a receipt, wherever the operator puts it.
func receiptText(p *pdu.DeliverSM) string {
	octets, _ := p.Message.GetMessageData() // its error is always nil
	if payload, ok := p.OptionalParameters[pdu.TagMessagePayload]; ok && len(octets) == 0 {
		octets = payload.Data
	}
	coding := data.GSM7BITCoding
	if enc := p.Message.Encoding(); enc != nil {
		coding = enc.DataCoding()
	}
	return readable(octets, coding)
}

// readText reads the keys. What follows "text:" is the message's own text, which may hold anything.
func (s settings) readText(text string) report {
	if head := textKey.Split(text, 2)[0]; idKey.MatchString(head) {
		text = head
	}
	first := func(key *regexp.Regexp) string {
		if m := key.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return ""
	}
	r := report{id: s.receiptID(first(idKey)), state: strings.ToUpper(first(statKey)), date: first(doneKey), err: first(errKey)}
	r.at = s.parseDate(r.date)
	return r
}

// parseDate reads a receipt's date in the account's zone; zero if there is none.
func (s settings) parseDate(digits string) time.Time {
	layouts := map[int]string{10: "0601021504", 12: "060102150405", 14: "20060102150405"}
	t, err := time.ParseInLocation(layouts[len(digits)], digits, s.zone)
	if err != nil || digits == "" {
		return time.Time{}
	}
	return t
}

func stem(state string) string { return state[:min(len(state), 5)] }

func tlvText(f pdu.Field) string { return strings.TrimRight(string(f.Data), "\x00 ") }

// longestID is that of message_id, without its NUL.
const longestID = 64

// answerID is the id of an answer as it is kept: in lower case without leading zeros, for an operator may write an id one
// way in the answer and another in the receipt. What is too long or not plain ASCII is no id, which is "".
func answerID(id string) string {
	id = strings.ToLower(strings.TrimSpace(id))
	if len(id) > longestID || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return ""
	}
	if trimmed := strings.TrimLeft(id, "0"); trimmed != "" {
		return trimmed
	}
	return id
}

// receiptID is the id of a receipt in the form of answerID.
func (s settings) receiptID(id string) string {
	id = answerID(id)
	switch s.dlrID {
	case idDecToHex:
		return rebase(id, 10, 16)
	case idHexToDec:
		return rebase(id, 16, 10)
	default:
		return id
	}
}

// rebase writes a number in another base. What is none stays, as does what would be too long for an id.
func rebase(id string, from, to int) string {
	n, ok := new(big.Int).SetString(id, from)
	if !ok || n.Sign() < 0 {
		return id
	}
	if other := n.Text(to); len(other) <= longestID {
		return other
	}
	return id
}

// receipt is what the engine is told. The key of a repeated receipt is that of the first; the date is part of it because
// some operators count their ids from the start again.
func (r report) receipt() channels.Receipt {
	rec := channels.Receipt{ProviderID: cmp.Or(r.message, r.id), Kind: r.kind, At: r.at, Key: "dlr:" + r.id + ":" + stem(r.state) + ":" + r.date, Raw: r.raw}
	if r.reference != "" {
		rec.Reference, rec.ProviderID = r.reference, ""
	}
	if r.whole {
		rec.Key = "dlr:" + r.message + ":whole"
	}
	if r.kind == policy.ReceiptFailed {
		rec.Class, rec.Code, rec.ProviderCode = policy.ClassRecipient, failures[stem(r.state)], r.state
		rec.Detail = "the operator reports " + r.state
		if r.err != "" {
			rec.ProviderCode += "/" + r.err
			rec.Detail += " with error " + r.err
		}
		rec.Detail = channels.Redact(rec.Detail)
	}
	return rec
}

// validity writes d as a relative time of SMPP, in whole seconds; "" for 0. Source: SMPP 3.4 §7.1.1.
func validity(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	s := int64((d + time.Second - 1) / time.Second)
	days := min(s/86400, 99)
	two := func(n int64) string {
		return strings.Repeat("0", 2-len(strconv.FormatInt(n, 10))) + strconv.FormatInt(n, 10)
	}
	return "0000" + two(days) + two(s/3600%24) + two(s/60%60) + two(s%60) + "000R"
}
