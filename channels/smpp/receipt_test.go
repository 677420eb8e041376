package smpp

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/linxGnu/gosmpp/pdu"

	"cascade/channels"
	"cascade/policy"
)

// deliverSM makes a deliver_sm as an SMS centre would.
func deliverSM(esm byte, text []byte, dataCoding byte, tlvs map[pdu.Tag][]byte) *pdu.DeliverSM {
	p := pdu.NewDeliverSM().(*pdu.DeliverSM)
	p.EsmClass = esm
	p.Message, _ = pdu.NewBinaryShortMessageWithEncoding(text, coding(dataCoding))
	for tag, data := range tlvs {
		p.RegisterOptionalParam(pdu.Field{Tag: tag, Data: data})
	}
	return p
}

func TestReadReceipt(t *testing.T) {
	const usual = "id:7220bb6bd0c2 sub:001 dlvrd:001 submit date:2611200800 done date:2611200801 stat:DELIVRD err:000 text:Don A-1029 da gui"
	done := time.Date(2026, 11, 20, 1, 1, 0, 0, time.UTC)
	delivered := channels.Receipt{ProviderID: "7220bb6bd0c2", Kind: policy.ReceiptDelivered, At: done, Key: "dlr:7220bb6bd0c2:DELIV:2611200801"}
	failed := func(code, state, err string) channels.Receipt {
		r := channels.Receipt{
			ProviderID: "7", Kind: policy.ReceiptFailed, Class: policy.ClassRecipient, Code: code, ProviderCode: state,
			Detail: "the operator reports " + state, Key: "dlr:7:" + stem(state) + ":",
		}
		if err != "" {
			r.ProviderCode, r.Detail = state+"/"+err, r.Detail+" with error "+err
		}
		return r
	}
	none := channels.Receipt{}
	tlvs := func(id string, state byte) map[pdu.Tag][]byte {
		return map[pdu.Tag][]byte{pdu.TagReceiptedMessageID: []byte(id + "\x00"), pdu.TagMessageStateOption: {state}}
	}
	tests := map[string]struct {
		esm      byte
		text     string
		coding   byte
		tlvs     map[pdu.Tag][]byte
		settings []string
		want     channels.Receipt
	}{
		"usual":                     {4, usual, 0, nil, nil, delivered},
		"upper case, other spacing": {4, "ID: 7220BB6BD0C2  Submit Date : 2611200800 Done  Date:2611200801 STAT:delivrd", 0, nil, nil, delivered},
		"other order, no blanks":    {4, "stat:DELIVRD done date:2611200801 id:7220BB6BD0C2", 0, nil, nil, delivered},
		"zero-padded":               {4, "id:0007220bb6bd0c2 done date:2611200801 stat:DELIVRD", 0, nil, nil, delivered},
		"UCS-2":                     {4, string(mustUCS2("id:7220bb6bd0c2 done date:2611200801 stat:DELIVRD text:Mã")), 8, nil, nil, delivered},
		"with seconds": {
			4, "id:7 done date:261120080130 stat:DELIVRD", 0, nil, nil,
			channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, At: done.Add(30 * time.Second), Key: "dlr:7:DELIV:261120080130"},
		},
		"another zone": {
			4, "id:7 done date:2611200801 stat:DELIVRD", 0, nil,
			[]string{settingTimeZone, "UTC"},
			channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, At: done.Add(7 * time.Hour), Key: "dlr:7:DELIV:2611200801"},
		},
		"no such date": {
			4, "id:7 done date:2699990801 stat:DELIVRD", 0, nil, nil,
			channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, Key: "dlr:7:DELIV:2699990801"},
		},
		"TLV":                    {4, "", 0, tlvs("7", 2), nil, channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, Key: "dlr:7:DELIV:"}},
		"TLV without esm_class":  {0, "", 0, tlvs("7", 2), nil, channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, Key: "dlr:7:DELIV:"}},
		"TLV wins over the text": {4, "id:8 stat:DELIVRD", 0, tlvs("7", 5), nil, failed("not_delivered", "UNDELIV", "")},
		"payload": {
			4, "", 0,
			map[pdu.Tag][]byte{pdu.TagMessagePayload: []byte("id:7 stat:DELIVRD")},
			nil,
			channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, Key: "dlr:7:DELIV:"},
		},
		"network error": {
			4, "id:7 stat:UNDELIV", 0, map[pdu.Tag][]byte{pdu.TagNetworkErrorCode: {3, 1, 2}}, nil, failed("not_delivered", "UNDELIV", "3:258"),
		},
		"undelivered":       {4, "id:7 stat:UNDELIV err:001", 0, nil, nil, failed("not_delivered", "UNDELIV", "001")},
		"expired":           {4, "id:7 stat:EXPIRED", 0, nil, nil, failed("expired", "EXPIRED", "")},
		"deleted":           {4, "id:7 stat:DELETED", 0, nil, nil, failed("deleted", "DELETED", "")},
		"rejected, in full": {4, "id:7 stat:REJECTED", 0, nil, nil, failed("rejected", "REJECTED", "")},
		"en route":          {4, "id:7 stat:ENROUTE", 0, nil, nil, channels.Receipt{ProviderID: "7", Kind: policy.ReceiptSent, Key: "dlr:7:ENROU:"}},
		"accepted":          {4, "id:7 stat:ACCEPTD", 0, nil, nil, channels.Receipt{ProviderID: "7", Kind: policy.ReceiptSent, Key: "dlr:7:ACCEP:"}},
		"accepted is the end": {
			4, "id:7 stat:ACCEPTD", 0, nil,
			[]string{settingAcceptedIs, acceptedDelivered},
			channels.Receipt{ProviderID: "7", Kind: policy.ReceiptDelivered, Key: "dlr:7:ACCEP:"},
		},
		"decimal for hex":     {4, "id:255 stat:DELIVRD", 0, nil, []string{settingDLRID, idDecToHex}, channels.Receipt{ProviderID: "ff", Kind: policy.ReceiptDelivered, Key: "dlr:ff:DELIV:"}},
		"hex for decimal":     {4, "id:00FF stat:DELIVRD", 0, nil, []string{settingDLRID, idHexToDec}, channels.Receipt{ProviderID: "255", Kind: policy.ReceiptDelivered, Key: "dlr:255:DELIV:"}},
		"no number to turn":   {4, "id:ab-1 stat:DELIVRD", 0, nil, []string{settingDLRID, idDecToHex}, channels.Receipt{ProviderID: "ab-1", Kind: policy.ReceiptDelivered, Key: "dlr:ab-1:DELIV:"}},
		"unknown":             {4, "id:7 stat:UNKNOWN", 0, nil, nil, none},
		"unknown by TLV":      {4, "id:7 stat:DELIVRD", 0, tlvs("7", 7), nil, none},
		"no id":               {4, "stat:DELIVRD", 0, nil, nil, none},
		"the text's own keys": {4, "id:7 text:stat:DELIVRD", 0, nil, nil, none},
		"intermediate":        {0x20, usual, 0, nil, nil, none},
		"a person's reply":    {0, "id:7 stat:DELIVRD", 0, nil, nil, none},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := build(t, "127.0.0.1:2775", tt.settings...)
			r, ok := a.set.readReceipt(deliverSM(tt.esm, []byte(tt.text), tt.coding, tt.tlvs))
			got := channels.Receipt{}
			if ok {
				got = r.receipt()
				got.Raw = "" // TestRawReceipt
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is kept of a receipt is all that is read of it, and not the message's own text.
func TestRawReceipt(t *testing.T) {
	tlvs := map[pdu.Tag][]byte{pdu.TagReceiptedMessageID: []byte("7\x00"), pdu.TagMessageStateOption: {2}, pdu.TagNetworkErrorCode: {3, 1, 2}}
	for name, tt := range map[string]struct {
		text string
		tlvs map[pdu.Tag][]byte
		want string
	}{
		"text":      {"id:7 stat:DELIVRD err:000 text:Ma 4821", nil, "id:7 stat:DELIVRD err:000"},
		"both":      {"id:7 stat:UNDELIV", tlvs, "id:7 stat:UNDELIV receipted_message_id:7 message_state:02 network_error_code:030102"},
		"TLVs only": {"", tlvs, "receipted_message_id:7 message_state:02 network_error_code:030102"},
	} {
		t.Run(name, func(t *testing.T) {
			r, ok := build(t, "127.0.0.1:2775").set.readReceipt(deliverSM(4, []byte(tt.text), 0, tt.tlvs))
			if got := r.receipt().Raw; !ok || got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}

func mustUCS2(text string) []byte {
	octets, _ := ucs2Octets(text)
	return octets
}

func TestValidity(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "", time.Millisecond: "000000000001000R", 10 * time.Minute: "000000001000000R", 49*time.Hour + time.Second: "000002010001000R",
	} {
		if got := validity(d); got != want {
			t.Errorf("%s is written %q, want %q", d, got, want)
		}
	}
}

// FuzzReceipt: whatever an SMS centre sends, reading it neither panics nor yields a receipt that the engine cannot use.
func FuzzReceipt(f *testing.F) {
	for _, p := range []*pdu.DeliverSM{
		deliverSM(4, []byte("id:7 sub:001 dlvrd:001 submit date:2611200800 done date:2611200801 stat:DELIVRD err:000 text:a"), 0, nil),
		deliverSM(4, mustUCS2("id:7 stat:UNDELIV"), 8, nil),
		deliverSM(4, nil, 0, map[pdu.Tag][]byte{pdu.TagReceiptedMessageID: []byte("7\x00"), pdu.TagMessageStateOption: {2}}),
		deliverSM(0x44, []byte{5, 0, 3, 1, 2, 1, 'i', 'd', ':', '7'}, 0, map[pdu.Tag][]byte{pdu.TagMessagePayload: {0xff}}),
	} {
		b := pdu.NewBuffer(nil)
		p.Marshal(b)
		f.Add(b.Bytes())
	}
	f.Add([]byte{0, 0, 0, 17, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1, 9})
	set := build(f, "127.0.0.1:2775", settingDLRID, idDecToHex).set
	f.Fuzz(func(t *testing.T, raw []byte) {
		p := pdu.NewDeliverSM().(*pdu.DeliverSM)
		if (frame{raw: raw}).decode(p) != nil {
			return
		}
		r, ok := set.readReceipt(p)
		if !ok {
			return
		}
		rec := r.receipt()
		if rec.ProviderID == "" || len(rec.ProviderID) > longestID || rec.Key == "" || rec.Kind == "" || (rec.Kind == policy.ReceiptFailed && (rec.Class == "" || rec.Code == "")) {
			t.Fatalf("% x is read as %+v", raw, rec)
		}
	})
}
