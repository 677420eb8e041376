package smpp

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Settings of an account.
const (
	settingAddress         = "address"
	settingSystemID        = "system_id"
	settingPassword        = "password"
	settingSystemType      = "system_type"
	settingSourceAddr      = "source_addr"
	settingSourceTON       = "source_ton"
	settingSourceNPI       = "source_npi"
	settingWindow          = "window"
	settingTLS             = "tls"
	settingTLSCA           = "tls_ca"
	settingBind            = "bind"
	settingMaxBinds        = "max_binds"
	settingResponseTimeout = "response_timeout"
	settingEnquireEvery    = "enquire_every"
	settingDLRID           = "dlr_id"
	settingLong            = "long"
	settingEncoding        = "encoding"
	settingTimeZone        = "time_zone"
	settingAcceptedIs      = "accepted_is"
	settingCodes           = "codes"
)

// Values of the settings that are words.
const (
	bindTransceiver, bindPair       = "transceiver", "pair"
	idSame, idDecToHex, idHexToDec  = "same", "dec_to_hex", "hex_to_dec"
	longUDH, longPayload, longSAR   = "udh", "payload", "sar"
	alphabetGSM7, alphabetLatin1    = "gsm7", "latin1"
	acceptedSent, acceptedDelivered = "sent", "delivered"
)

func fields() []channels.Field {
	return []channels.Field{
		{
			Name: settingAddress, LabelVI: "Địa chỉ", Required: true, Example: "smpp.operator.example:2775",
			Help:   "host and port of the operator's SMS centre",
			HelpVI: "host và port của SMSC bên nhà mạng",
		},
		{
			Name: settingSystemID, Required: true, Example: "cascade01",
			Help:   "the account's user name, at most 15 characters",
			HelpVI: "tên đăng nhập của tài khoản, tối đa 15 ký tự",
		},
		{
			Name: settingPassword, LabelVI: "Mật khẩu", Required: true, Secret: true,
			Help:   "the account's password; most operators allow 8 characters",
			HelpVI: "mật khẩu của tài khoản; phần lớn nhà mạng cho phép 8 ký tự",
		},
		{
			Name:   settingSystemType,
			Help:   "only if the operator names one, at most 12 characters",
			HelpVI: "chỉ điền khi nhà mạng cho một giá trị, tối đa 12 ký tự",
		},
		{
			Name: settingSourceAddr, LabelVI: "Người gửi", Example: "MYBRAND",
			Help:   "brandname of at most 11 characters, or the sender's number; empty if the operator fills it in",
			HelpVI: "brandname tối đa 11 ký tự, hoặc số của người gửi; để trống nếu nhà mạng tự điền",
		},
		{
			Name: settingSourceTON, LabelVI: "TON của người gửi", Example: "5",
			Help:   "type of the sender: 5 for a brandname, 1 for a number; found out from source_addr if left out",
			HelpVI: "kiểu người gửi: 5 là brandname, 1 là số; nếu để trống thì suy ra từ source_addr",
		},
		{
			Name: settingSourceNPI, LabelVI: "NPI của người gửi", Example: "0",
			Help:   "numbering plan of the sender: 0 for a brandname, 1 for a number; found out if left out",
			HelpVI: "hệ thống đánh số của người gửi: 0 là brandname, 1 là số; nếu để trống thì tự suy ra",
		},
		{
			Name: settingWindow, Default: "10", Example: "10",
			Help:   "how many messages may wait for their answer on one bind, 1 to 1000, as the operator allows; 10 if left out",
			HelpVI: "số tin được chờ trả lời cùng lúc trên một bind, từ 1 đến 1000, theo mức nhà mạng cho phép; mặc định 10",
		},
		{
			Name: settingTLS, Default: "false", Example: "false",
			Help:   "true for TLS, with a certificate that names the host of address",
			HelpVI: "true để dùng TLS, với chứng chỉ mang tên host trong địa chỉ",
		},
		{
			Name: settingTLSCA, LabelVI: "Chứng chỉ CA",
			Help:   "PEM of the authority that signed the operator's certificate, if it is not a public one",
			HelpVI: "PEM của nơi đã ký chứng chỉ của nhà mạng, nếu đó không phải là CA công cộng",
		},
		{
			Name: settingBind, LabelVI: "Kiểu bind", Default: bindTransceiver, Example: bindTransceiver,
			Help:   "transceiver (one connection) or pair (a transmitter and a receiver); transceiver if left out",
			HelpVI: "transceiver (một kết nối) hoặc pair (một transmitter và một receiver); mặc định transceiver",
		},
		{
			Name: settingMaxBinds, LabelVI: "Số bind tối đa", Example: "2",
			Help:   "how many binds the operator allows in all; every replica takes one, or two with a pair, and the operator refuses those beyond. It is shown when a bind is refused",
			HelpVI: "tổng số bind mà nhà mạng cho phép; mỗi bản chạy dùng một bind, hoặc hai nếu là pair, và nhà mạng từ chối những bind vượt quá. Số này được nêu khi một bind bị từ chối",
		},
		{
			Name: settingResponseTimeout, LabelVI: "Thời gian chờ trả lời", Default: "30s", Example: "30s",
			Help:   "how long to wait for the answer to a message, 1s to 120s; 30s if left out",
			HelpVI: "chờ câu trả lời cho một tin trong bao lâu, từ 1s đến 120s; mặc định 30s",
		},
		{
			Name: settingEnquireEvery, LabelVI: "Kiểm tra kết nối sau", Default: "30s", Example: "30s",
			Help:   "after how long a silence the link is tested, 1s to 10m; 30s if left out",
			HelpVI: "im lặng bao lâu thì kiểm tra kết nối, từ 1s đến 10m; mặc định 30s",
		},
		{
			Name: settingDLRID, LabelVI: "Cách viết id trong báo cáo", Default: idSame, Example: idSame,
			Help:   "same, dec_to_hex (receipts write in decimal what answers write in hex) or hex_to_dec (the reverse); same if left out",
			HelpVI: "same, dec_to_hex (báo cáo viết thập phân, câu trả lời viết hex) hoặc hex_to_dec (ngược lại); mặc định same",
		},
		{
			Name: settingLong, LabelVI: "Tin dài", Default: longUDH, Example: longUDH,
			Help:   "how long texts go out: udh, sar, or payload (the SMS centre splits; receipts stay exact over restarts); udh if left out",
			HelpVI: "cách gửi tin dài: udh, sar, hoặc payload (SMSC tự chia; báo cáo vẫn chính xác sau khi khởi động lại); mặc định udh",
		},
		{
			Name: settingEncoding, LabelVI: "Bảng chữ", Default: alphabetGSM7, Example: alphabetGSM7,
			Help:   "the SMS centre's default alphabet, data_coding 0: gsm7 or latin1; gsm7 if left out",
			HelpVI: "bảng chữ mặc định của SMSC, data_coding 0: gsm7 hoặc latin1; mặc định gsm7",
		},
		{
			Name: settingTimeZone, LabelVI: "Múi giờ", Default: "+07:00", Example: "+07:00",
			Help:   "zone of the dates in receipts, as +07:00 or Asia/Ho_Chi_Minh; +07:00 if left out",
			HelpVI: "múi giờ của ngày giờ trong báo cáo, như +07:00 hoặc Asia/Ho_Chi_Minh; mặc định +07:00",
		},
		{
			Name: settingAcceptedIs, LabelVI: "ACCEPTD nghĩa là", Default: acceptedSent, Example: acceptedSent,
			Help:   "what a receipt with ACCEPTD proves: sent, or delivered with operators that end there; sent if left out",
			HelpVI: "báo cáo ACCEPTD chứng minh điều gì: sent, hoặc delivered với nhà mạng chỉ báo đến đó; mặc định sent",
		},
		{
			Name: settingCodes, LabelVI: "Mã lỗi của nhà mạng", Example: `{"0x0400": "recipient"}`,
			Help:   "the operator's own status codes: each with recipient, request, account, throttled, down or unknown",
			HelpVI: "mã trạng thái riêng của nhà mạng, mỗi mã ứng với recipient, request, account, throttled, down hoặc unknown",
		},
	}
}

// settings are an account's settings, checked.
type settings struct {
	address, host                  string
	systemID, password, systemType string
	source                         string
	sourceTON, sourceNPI           byte
	window                         int
	tls                            *tls.Config
	pair                           bool
	maxBinds                       int
	answerWithin, enquireEvery     time.Duration
	dlrID, long                    string
	latin1                         bool
	zone                           *time.Location
	accepted                       policy.Receipt
	codes                          map[uint32]policy.Class
}

// maxWindow keeps a session's memory bounded; operators grant 10 to 100.
const maxWindow = 1000

func readSettings(c channels.Config) (settings, error) {
	r := reader{c: c}
	s := settings{
		systemID:   r.text(settingSystemID, 1, 15),
		password:   r.text(settingPassword, 1, 64),
		systemType: r.text(settingSystemType, 0, 12),
		window:     r.number(settingWindow, 10, 1, maxWindow),
		pair:       r.word(settingBind, bindTransceiver, bindPair) == bindPair,
		maxBinds:   r.number(settingMaxBinds, 0, 0, 1000),

		answerWithin: r.duration(settingResponseTimeout, 30*time.Second, time.Second, 2*time.Minute),
		enquireEvery: r.duration(settingEnquireEvery, 30*time.Second, time.Second, 10*time.Minute),

		dlrID:    r.word(settingDLRID, idSame, idDecToHex, idHexToDec),
		long:     r.word(settingLong, longUDH, longPayload, longSAR),
		latin1:   r.word(settingEncoding, alphabetGSM7, alphabetLatin1) == alphabetLatin1,
		accepted: policy.Receipt(r.word(settingAcceptedIs, acceptedSent, acceptedDelivered)),
		zone:     r.zone(),
		codes:    r.codes(),
	}
	s.address, s.host = r.address()
	s.tls = r.tls(s.host)
	r.source(&s)
	if s.pair && s.maxBinds == 1 {
		r.wrong(settingBind, "a pair takes two binds, and max_binds is 1: use transceiver")
	}
	return s, r.err
}

// reader reads settings and keeps the first that is wrong.
type reader struct {
	c   channels.Config
	err error
}

func (r *reader) wrong(field, message string) {
	if r.err == nil {
		r.err = &channels.SettingError{Field: field, Message: message}
	}
}

// text reads a C-octet string: SMPP knows no other letters than ASCII in it.
func (r *reader) text(field string, least, most int) string {
	s := r.c.String(field)
	switch {
	case len(s) < least:
		r.wrong(field, "is empty: the operator gives it with the account")
	case len(s) > most:
		r.wrong(field, fmt.Sprintf("must have at most %d characters", most))
	case strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c > '~' }):
		r.wrong(field, "must be plain ASCII characters")
	}
	return s
}

func (r *reader) word(field string, words ...string) string {
	got := cmp.Or(r.c.String(field), words[0])
	for _, w := range words {
		if got == w {
			return w
		}
	}
	r.wrong(field, "must be one of "+strings.Join(words, ", "))
	return words[0]
}

func (r *reader) number(field string, otherwise, least, most int) int {
	s := r.c.String(field)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		r.wrong(field, fmt.Sprintf("must be a whole number from %d to %d", least, most))
	}
	return n
}

// duration reads "30s", or a number of seconds.
func (r *reader) duration(field string, otherwise, least, most time.Duration) time.Duration {
	s := r.c.String(field)
	if s == "" {
		return otherwise
	}
	if _, err := strconv.Atoi(s); err == nil {
		s += "s"
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < least || d > most {
		r.wrong(field, fmt.Sprintf("must be a time from %s to %s, such as 30s", least, most))
	}
	return d
}

func (r *reader) address() (address, host string) {
	address = r.c.String(settingAddress)
	host, port, err := net.SplitHostPort(address)
	n, errPort := strconv.Atoi(port)
	if err != nil || host == "" || errPort != nil || n < 1 || n > 65535 {
		r.wrong(settingAddress, "must be a host and a port, such as smpp.operator.example:2775")
	}
	return address, host
}

func (r *reader) tls(host string) *tls.Config {
	pem := r.c.String(settingTLSCA)
	if r.word(settingTLS, "false", "true") == "false" {
		if pem != "" {
			r.wrong(settingTLSCA, "has no meaning without tls: set tls to true")
		}
		return nil
	}
	conf := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if pem != "" {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM([]byte(pem)) {
			r.wrong(settingTLSCA, "holds no certificate: paste the PEM block with its BEGIN and END lines")
		}
	}
	return conf
}

// brandLength is the longest alphanumeric sender. Source: 3GPP TS 23.040 §9.1.2.5.
const brandLength = 11

// source reads the sender and, where they are left out, its type and numbering plan.
func (r *reader) source(s *settings) {
	s.source = r.text(settingSourceAddr, 0, 20)
	ton, npi := 1, 1
	digits := strings.TrimPrefix(s.source, "+")
	switch {
	case s.source == "":
		ton, npi = 0, 0
	case strings.Trim(digits, "0123456789") != "":
		ton, npi = 5, 0
	default:
		s.source = digits
	}
	ton = r.number(settingSourceTON, ton, 0, 6)
	npi = r.number(settingSourceNPI, npi, 0, 18)
	if ton == 5 && len(s.source) > brandLength {
		r.wrong(settingSourceAddr, "a brandname has at most 11 characters")
	}
	s.sourceTON, s.sourceNPI = byte(ton), byte(npi)
}

// vietnam is the zone of Vietnam's operators.
var vietnam = time.FixedZone("+07:00", 7*3600)

func (r *reader) zone() *time.Location {
	name := r.c.String(settingTimeZone)
	if name == "" {
		return vietnam
	}
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		r.wrong(settingTimeZone, "must be an offset such as +07:00, or a zone such as Asia/Ho_Chi_Minh")
	}
	return zone
}

// codes reads an object, or a text that holds one.
func (r *reader) codes() map[uint32]policy.Class {
	raw := r.c.String(settingCodes)
	if raw == "" {
		return nil
	}
	var words map[string]policy.Class
	if err := json.Unmarshal([]byte(raw), &words); err != nil {
		r.wrong(settingCodes, `must be an object such as {"0x0400": "recipient"}`)
		return nil
	}
	codes := make(map[uint32]policy.Class, len(words))
	for word, class := range words {
		code, err := strconv.ParseUint(word, 0, 32)
		switch {
		case err != nil || code == 0:
			r.wrong(settingCodes, fmt.Sprintf("%q is no status code: write it as 0x0400 or 1024", word))
		case !class.Valid():
			r.wrong(settingCodes, fmt.Sprintf("%q is no class: use recipient, request, account, throttled, down or unknown", class))
		}
		codes[uint32(code)] = class
	}
	return codes
}
