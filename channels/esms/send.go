package esms

import (
	"context"
	"net/url"
	"strings"
	"unicode"

	"cascade/channels"
	"cascade/policy"
)

// The calls that send.
const (
	callSMS   = "SendMultipleMessage_V4_post_json/"
	callZNS   = "SendZaloMessage_V6/"
	callViber = "Send_Multiple_Sms_OTT/"
)

// sendingNormal is the ZNS mode within the Official Account's quota.
const sendingNormal = "1"

// The bodies of the three channels. tail is what they share: RequestId is our reference, by which eSMS refuses a
// repeat for 24 hours.
type (
	tail struct {
		RequestID   string `json:"RequestId"`
		CallbackURL string `json:"CallbackUrl,omitempty"`
	}
	smsBody struct {
		keys
		Phone     string `json:"Phone"`
		Content   string `json:"Content"`
		Brandname string `json:"Brandname,omitempty"`
		SMSType   string `json:"SmsType"`
		IsUnicode string `json:"IsUnicode"`
		Sandbox   string `json:"Sandbox,omitempty"`
		tail
	}
	viberBody struct {
		keys
		// Phones holds one number: with more, the reports are counts that name nobody.
		Phones    []string `json:"Phones"`
		Content   string   `json:"Content,omitempty"`
		Brandname string   `json:"Brandname"`
		SMSType   string   `json:"SmsType"`
		ImageURL  string   `json:"OttImgUrl,omitempty"`
		ButtonURL string   `json:"OttUrl,omitempty"`
		Button    string   `json:"OTTLabel,omitempty"`
		IsSandbox int      `json:"IsSandBox,omitempty"`
		tail
	}
	znsBody struct {
		keys
		OAID     string            `json:"OAID"`
		Phone    string            `json:"Phone"`
		TempID   string            `json:"TempID"`
		TempData map[string]string `json:"TempData"`
		Mode     string            `json:"SendingMode"`
		Sandbox  string            `json:"Sandbox,omitempty"`
		tail
	}
)

// Send posts the one message. Code 100 means that eSMS has it, not that anybody else was asked yet: a refusal by Zalo,
// Viber or the operator comes as a receipt.
func (a *adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	call, body, f := a.body(out)
	if f != nil {
		return channels.Taken{}, f
	}
	raw, f := a.post(ctx, call, body)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	taken, f := readTaken(raw)
	if f != nil {
		return channels.Taken{}, a.clean(f, out.To)
	}
	return taken, nil
}

// readTaken wants both the code and the id.
func readTaken(raw []byte) (channels.Taken, *channels.Failure) {
	v, f := judge(raw)
	switch {
	case f != nil:
		return channels.Taken{}, f
	case v.SMSID == "":
		return channels.Taken{}, unknown("unreadable_answer", "the answer says taken and has no SMSID", nil)
	}
	return channels.Taken{ProviderID: string(v.SMSID)}, nil
}

// body renders the request. The *Failure says what in the content does not fit the channel.
func (a *adapter) body(out channels.Outbound) (call string, body any, f *channels.Failure) {
	end := tail{RequestID: out.Reference, CallbackURL: a.callbackURL(out.CallbackURL)}
	sandbox := ""
	if a.sandbox {
		sandbox = "1"
	}
	switch c := out.Content; a.channel {
	case policy.ZNS:
		if c.TemplateID == "" {
			return "", nil, &channels.Failure{
				Class: policy.ClassRequest, Code: "bad_template", Detail: "there is no template id", Advice: adviceTemplate.en, AdviceVI: adviceTemplate.vi,
			}
		}
		data := c.TemplateData
		if data == nil {
			data = map[string]string{}
		}
		return callZNS, znsBody{a.keys, a.oaID, local(out.To), c.TemplateID, data, sendingNormal, sandbox, end}, nil
	case policy.Viber:
		b, f := a.viber(out, end)
		return callViber, b, f
	default:
		return callSMS, smsBody{a.keys, local(out.To), c.Text, a.brandname, a.smsType, isUnicode(c.Text), sandbox, end}, nil
	}
}

// viber knows the four documented shapes; in any other eSMS may drop a part of what was to be said.
func (a *adapter) viber(out channels.Outbound, end tail) (viberBody, *channels.Failure) {
	c := out.Content
	b := viberBody{
		keys: a.keys, Phones: []string{local(out.To)}, Content: crlf(c.Text), Brandname: a.brandname, SMSType: typeViber,
		ImageURL: c.ImageURL, tail: end,
	}
	if a.sandbox {
		b.IsSandbox = 1
	}
	hasText, hasImage, hasButton := c.Text != "", c.ImageURL != "", c.Button != nil
	if !hasText && (hasButton || !hasImage) || hasText && hasImage && !hasButton {
		return b, &channels.Failure{
			Class: policy.ClassRequest, Code: "bad_content", Detail: "the content is not one of the four shapes of a Viber message",
			Advice: adviceShape.en, AdviceVI: adviceShape.vi,
		}
	}
	if hasButton {
		b.Button, b.ButtonURL = c.Button.Text, c.Button.URL
	}
	return b, nil
}

// crlf writes line breaks as eSMS wants them for Viber.
func crlf(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
}

// isUnicode is "1" for a text with diacritics, or anything else that plain SMS does not carry.
func isUnicode(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "1"
	}
	return "0"
}

// local writes a Vietnamese number as eSMS's documents do, 0912345678, and any other as its digits.
func local(to string) string {
	if national, ok := strings.CutPrefix(to, "+84"); ok {
		return "0" + national
	}
	return strings.TrimPrefix(to, "+")
}

// callbackURL adds the token, which is all that a callback can prove.
func (a *adapter) callbackURL(to string) string {
	u, err := url.Parse(to)
	if to == "" || a.secret == "" || err != nil {
		return to
	}
	q := u.Query()
	q.Set(tokenParam, a.secret)
	u.RawQuery = q.Encode()
	return u.String()
}
