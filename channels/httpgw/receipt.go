package httpgw

import (
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// kinds are the words of a status_map; "" is a word for nothing.
var kinds = map[string]policy.Receipt{
	"sent": policy.ReceiptSent, "delivered": policy.ReceiptDelivered, "read": policy.ReceiptRead,
	"failed": policy.ReceiptFailed, "expired": policy.ReceiptFailed, "ignored": "",
}

// otherwise is the key of a status_map for every value that is not in it.
const otherwise = "default"

// notice is one thing to read: an item of a callback, or a status answer.
type notice struct {
	doc  any
	form url.Values
}

// field answers a text of a notice; nil is not configured.
type field func(notice) (string, bool)

func (f field) text(n notice) string {
	if f == nil {
		return ""
	}
	s, _ := f(n)
	return s
}

// facts is how a receipt or a status answer is read.
type facts struct {
	status, detail, errorCode, errorMessage, at, price, currency field
	statusMap, errorMap                                          map[string]string
	parseAt                                                      func(string) time.Time
}

// receipt is a checked receipt configuration.
type receipt struct {
	method string
	items  pointer
	batch  bool
	id     field
	ours   bool
	facts
	verify verify
	answer answerSettings
}

func compileReceipt(s *receiptSettings, t tree) (*receipt, error) {
	const path = "receipt"
	r := &receipt{method: strings.ToUpper(s.Method), answer: s.Answer}
	var err error
	if s.Items != nil {
		r.batch = true
		if r.items, err = parsePointer(*s.Items); err != nil {
			return nil, bad(path+".items", "%s", err)
		}
	}
	if s.ID == nil || (s.ID.Kind != "ours" && s.ID.Kind != "provider") {
		return nil, bad(path+".id", `is required: a pointer or field, and kind "ours" or "provider"`)
	}
	r.ours = s.ID.Kind == "ours"
	if r.id, err = compileField(s.ID, path+".id"); err != nil {
		return nil, err
	}
	if r.facts, err = compileFacts(path, s.factSettings()); err != nil {
		return nil, err
	}
	if r.verify, err = compileVerify(s.Verify, t); err != nil {
		return nil, err
	}
	if r.answer.Status == 0 {
		r.answer.Status = http.StatusOK
	}
	if r.answer.Status < 200 || r.answer.Status > 299 {
		return nil, bad(path+".answer.status", "must be from 200 to 299")
	}
	return r, nil
}

func compileFacts(path string, s factSettings) (facts, error) {
	f := facts{statusMap: s.statusMap, errorMap: s.errorMap}
	if s.status == nil || len(s.statusMap) == 0 {
		return facts{}, bad(path+".status", "is required, with a status_map that says what its values mean")
	}
	if (s.price == nil) != (s.currency == nil) {
		return facts{}, bad(path+".price", "needs currency beside it, and currency needs price")
	}
	if err := knownWords(path+".status_map", s.statusMap, kinds); err != nil {
		return facts{}, err
	}
	if err := knownWords(path+".error_map", s.errorMap, failures()); err != nil {
		return facts{}, err
	}
	for _, one := range []struct {
		name string
		s    *fieldSettings
		into *field
	}{
		{"status", s.status, &f.status},
		{"status_detail", s.detail, &f.detail},
		{"error_code", s.errorCode, &f.errorCode},
		{"error_message", s.errorMessage, &f.errorMessage},
		{"at", s.at, &f.at},
		{"price", s.price, &f.price},
		{"currency", s.currency, &f.currency},
	} {
		compiled, err := compileField(one.s, path+"."+one.name)
		if err != nil {
			return facts{}, err
		}
		*one.into = compiled
	}
	var err error
	f.parseAt, err = compileTime(s.at, path+".at")
	return f, err
}

// knownWords checks that the values of a map are words that mean something.
func knownWords[V any](path string, given map[string]string, words map[string]V) error {
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if _, ok := words[given[key]]; !ok {
			return bad(path+"."+key, "must be one of %s", strings.Join(slices.Sorted(maps.Keys(words)), ", "))
		}
	}
	return nil
}

// failures are the words of code_map that a failed receipt can have.
func failures() map[string]verdict {
	words := maps.Clone(verdicts)
	maps.DeleteFunc(words, func(_ string, v verdict) bool { return v.class == "" })
	return words
}

func compileField(s *fieldSettings, path string) (field, error) {
	switch {
	case s == nil:
		return nil, nil
	case (s.Pointer == nil) == (s.Field == ""):
		return nil, bad(path, "needs a pointer (JSON) or a field (query or form)")
	case s.Field != "":
		return func(n notice) (string, bool) { return n.form.Get(s.Field), n.form.Has(s.Field) }, nil
	default:
		p, err := parsePointer(*s.Pointer)
		if err != nil {
			return nil, bad(path+".pointer", "%s", err)
		}
		return func(n notice) (string, bool) { return p.text(n.doc) }, nil
	}
}

// ReadHook verifies and reads a callback. In a batch, items that are not understood are passed over as long as one
// is; with none it is ErrUnreadable. Without a configured proof every callback is forged.
func (a *adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if a.receipt == nil || !a.receipt.verify.genuine(h) {
		return nil, channels.ErrForged
	}
	if m := a.receipt.method; m != "" && m != h.Method {
		return nil, fmt.Errorf("%w: it came by %s, not %s", channels.ErrUnreadable, h.Method, m)
	}
	notices, err := a.receipt.notices(h)
	if err != nil {
		return nil, err
	}
	var receipts []channels.Receipt
	var unread error
	understood := len(notices) == 0
	for _, n := range notices {
		r, ok, err := a.receipt.read(n)
		if err != nil {
			unread = err
			continue
		}
		understood = true
		if ok {
			r.Detail = channels.Redact(r.Detail, a.secrets...)
			receipts = append(receipts, r)
		}
	}
	if !understood {
		return nil, unread
	}
	return receipts, nil
}

// notices splits a callback into what is told of each message.
func (r *receipt) notices(h channels.Hook) ([]notice, error) {
	form := url.Values{}
	if u, err := url.Parse(h.URL); err == nil {
		form = u.Query()
	}
	media, _, _ := mime.ParseMediaType(h.Header.Get("Content-Type"))
	if media == mediaTypes["form"] {
		fields, err := url.ParseQuery(string(h.Body))
		if err != nil {
			return nil, fmt.Errorf("%w: the form is malformed", channels.ErrUnreadable)
		}
		maps.Copy(form, fields)
	}
	doc, err := parseJSON(h.Body)
	if err != nil {
		doc = nil // a form or a query then; a pointer will find nothing
	}
	if !r.batch {
		return []notice{{doc, form}}, nil
	}
	found, _ := r.items.find(doc)
	items, ok := found.([]any)
	if !ok {
		return nil, fmt.Errorf("%w: there is no list at receipt.items", channels.ErrUnreadable)
	}
	notices := make([]notice, len(items))
	for i, item := range items {
		notices[i] = notice{item, form}
	}
	return notices, nil
}

// read answers the receipt of a notice, false for one of no consequence.
func (r *receipt) read(n notice) (channels.Receipt, bool, error) {
	id := r.id.text(n)
	if id == "" {
		return channels.Receipt{}, false, fmt.Errorf("%w: receipt.id finds nothing", channels.ErrUnreadable)
	}
	status, ok := r.status(n)
	if !ok {
		return channels.Receipt{}, false, fmt.Errorf("%w: receipt.status finds nothing", channels.ErrUnreadable)
	}
	rec, ok := r.receipt(n, status)
	if !ok {
		return channels.Receipt{}, false, fmt.Errorf("%w: the status is not in receipt.status_map", channels.ErrUnreadable)
	}
	rec.Key = id + ":" + r.word(n, status) + ":" + r.errorCode.text(n)
	if r.ours {
		rec.Reference = id
	} else {
		rec.ProviderID = id
	}
	return rec, rec.Kind != "", nil
}

// receipt reads what a notice says of a message; false when its status has no meaning.
func (f facts) receipt(n notice, status string) (channels.Receipt, bool) {
	word, ok := f.meaning(n, status)
	rec := channels.Receipt{Kind: kinds[word], At: f.parseAt(f.at.text(n)), Price: channels.ReadPrice(f.price.text(n), f.currency.text(n))}
	if rec.Kind == policy.ReceiptFailed {
		rec.Class, rec.Code = policy.ClassRecipient, word
		rec.ProviderCode, rec.Detail = f.errorCode.text(n), f.errorMessage.text(n)
		if rec.ProviderCode == "" {
			rec.ProviderCode = status
		}
		if word, known := f.errorMap[rec.ProviderCode]; known {
			rec.Class, rec.Code = verdicts[word].class, word
		}
	}
	return rec, ok
}

// meaning looks a status up: with its detail, alone, then as any other.
func (f facts) meaning(n notice, status string) (word string, ok bool) {
	for _, key := range []string{f.word(n, status), status, otherwise} {
		if word, ok = f.statusMap[key]; ok {
			return word, true
		}
	}
	return "", false
}

// word is a status with the detail that is told beside it, "delivered/to_operator".
func (f facts) word(n notice, status string) string {
	if detail := f.detail.text(n); detail != "" {
		return status + "/" + detail
	}
	return status
}

// HookAnswer is what the gateway wants to hear, 200 with an empty body unless configured.
func (a *adapter) HookAnswer() (status int, contentType string, body []byte) {
	if a.receipt == nil {
		return http.StatusOK, textPlain, nil
	}
	w := a.receipt.answer
	if w.ContentType == "" {
		w.ContentType = textPlain
	}
	return w.Status, w.ContentType, []byte(w.Body)
}

const textPlain = "text/plain; charset=utf-8"
