package zalo

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"cascade/channels"
	"cascade/policy"
)

// message is the body of a send by phone (§1.1); it has Phone or HashPhone.
type message struct {
	Phone        string            `json:"phone,omitempty"`
	HashPhone    string            `json:"hash_phone,omitempty"`
	TemplateID   string            `json:"template_id"`
	TemplateData map[string]string `json:"template_data"`
	TrackingID   string            `json:"tracking_id"`
	SendingMode  string            `json:"sending_mode,omitempty"`
}

// The cases of the hex digits of a hashed phone number. The documents do not say which one Zalo wants (§1.2).
const (
	hashLower = "lower"
	hashUpper = "upper"
)

// messageID is what a msg_id looks like: 20 hex digits today, something short and plain for ever (§1.1).
var messageID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// Send posts one template message: to the user id if the content has one, else to the phone number, hashed if the
// settings want that. Taken.ProviderID is Zalo's id of the message. Our reference travels as tracking_id, for which a
// send by user id has no field.
func (a *Adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	if out.Content.TemplateID == "" {
		f := failureOf(entry{request, "template_missing", adviceTemplateID}, a.now())
		f.Detail = "the content names no template_id"
		return channels.Taken{}, f
	}
	if out.Content.TemplateData == nil {
		out.Content.TemplateData = map[string]string{} // an object is required even when there are no parameters
	}
	if out.Content.UserID != "" {
		return a.sendToUser(ctx, out)
	}
	m := message{
		TemplateID: out.Content.TemplateID, TemplateData: out.Content.TemplateData, TrackingID: out.Reference, SendingMode: a.sendingMode,
	}
	path, phone := "/message/template", strings.TrimPrefix(out.To, "+")
	if a.hashPhone == "" {
		m.Phone = phone
	} else {
		path, m.HashPhone = "/message/template/hashphone", hashed(phone, a.hashPhone)
	}
	env, f := a.post(ctx, a.api+path, m)
	if f != nil {
		f.Detail = channels.Redact(f.Detail, m.HashPhone) // a number is soon found from its hash
		return channels.Taken{}, f
	}
	t, err := taken(env)
	return a.counted(t), err
}

// hashed is the SHA-256 of a number without the plus, in hex digits of one case (§1.2).
func hashed(phone, digits string) string {
	sum := sha256.Sum256([]byte(phone))
	text := hex.EncodeToString(sum[:])
	if digits == hashUpper {
		return strings.ToUpper(text)
	}
	return text
}

// post makes an authorised call whose body is v.
func (a *Adapter) post(ctx context.Context, address string, v any) (envelope, *channels.Failure) {
	body, err := json.Marshal(v)
	if err != nil {
		return envelope{}, &channels.Failure{Class: policy.ClassRequest, Code: "request_invalid", Detail: "the message cannot be written as JSON", Err: err}
	}
	return a.ask(ctx, http.MethodPost, address, body)
}

// taken reads the data of an accepted send by phone. Every member but msg_id is optional, and of any type (§1.1).
func taken(env envelope) (channels.Taken, error) {
	var data struct {
		ID       channels.Text   `json:"msg_id"`
		SentTime channels.Text   `json:"sent_time"`
		Quota    json.RawMessage `json:"quota"`
	}
	if err := json.Unmarshal(env.Data, &data); err != nil || !messageID.MatchString(string(data.ID)) {
		return channels.Taken{}, withoutID(err)
	}
	t := channels.Taken{ProviderID: string(data.ID), At: millis(data.SentTime)}
	if q, ok := readQuota(data.Quota); ok {
		t.Quota = &q
	}
	return t, nil
}

// withoutID is a success that names no message, and so proves nothing.
func withoutID(err error) *channels.Failure {
	return &channels.Failure{
		Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "Zalo reports success without a message id", Err: err,
	}
}
