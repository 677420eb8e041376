package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// member is one name and value of a JSON object. A list of them keeps the order and the repetitions.
type member struct {
	name  string
	value json.RawMessage
}

// members reads a JSON object; nil if raw is none.
func members(raw json.RawMessage) (list []member) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return nil
		}
		list = append(list, member{name.(string), value}) // the decoder lets only texts stand there
	}
	return list
}

// twist is an answer in which one name stands twice.
type twist struct {
	name, body string
	// last is the answer with that name's last value alone, which is how encoding/json reads it.
	last string
}

// twists repeats every member of raw whose value is no object and no list, at every depth: with another value behind it,
// and before it.
func twists(raw json.RawMessage) (all []twist) {
	list := members(raw)
	for i, m := range list {
		for _, inner := range inside(m.value) {
			all = append(all, twist{
				m.name + "." + inner.name,
				object(list, i, member{m.name, json.RawMessage(inner.body)}), object(list, i, member{m.name, json.RawMessage(inner.last)}),
			})
		}
		value, ok := another(m.value)
		if !ok {
			continue
		}
		second := member{m.name, value}
		all = append(all,
			twist{m.name + ", another behind", object(list, i, m, second), object(list, i, second)},
			twist{m.name + ", another before", object(list, i, second, m), object(list, i, m)},
		)
	}
	return all
}

// inside answers the twists of an object, or of the objects in a list.
func inside(raw json.RawMessage) (all []twist) {
	if members(raw) != nil {
		return twists(raw)
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	for i, item := range list {
		for _, t := range inside(item) {
			t.body, t.last = array(list, i, t.body), array(list, i, t.last)
			all = append(all, t)
		}
	}
	return all
}

// another is a value of the same kind that means something else; false for null, objects and lists.
func another(raw json.RawMessage) (json.RawMessage, bool) {
	switch raw[0] {
	case '"':
		return json.RawMessage(`"4711-another"`), true
	case 't', 'f':
		return json.RawMessage(map[byte]string{'t': "false", 'f': "true"}[raw[0]]), true
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return json.RawMessage("4711"), true
	}
	return nil, false
}

// object writes list with other members in the place of the one at i.
func object(list []member, i int, instead ...member) string {
	var b bytes.Buffer
	b.WriteByte('{')
	for _, m := range slices.Replace(slices.Clone(list), i, i+1, instead...) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.name) // a text always marshals
		b.Write(name)
		b.WriteByte(':')
		b.Write(m.value)
	}
	b.WriteByte('}')
	return b.String()
}

// array writes list with another item in the place of the one at i.
func array(list []json.RawMessage, i int, instead string) string {
	var b bytes.Buffer
	for n, item := range list {
		b.WriteByte("[,"[min(n, 1)])
		if n == i {
			item = json.RawMessage(instead)
		}
		b.Write(item)
	}
	b.WriteByte(']')
	return b.String()
}

// duplicateKeys repeats the answer's names one at a time. What that means is for nobody to know (RFC 8259 §4), so it may
// be read as unknown. Otherwise the last value counts, whole, as it does for encoding/json: the answer must be read as
// if the earlier value were not there, so that no id goes with another answer's status. In particular a success that
// stands last is a success, whatever stood before it, and a second id makes no refusal, which would send again what
// may have been taken and billed.
func (h Harness) duplicateKeys(t *testing.T) {
	answer := h.record(t)
	for _, tw := range twists(answer.Body.Bytes()) {
		got, err := h.reads(t, answer, tw.body)
		if err != nil && h.failure(t, err, "").Class == policy.ClassUnknown {
			continue
		}
		want, alone := h.reads(t, answer, tw.last)
		if diff := cmp.Diff(want, got); diff != "" || outcome(err) != outcome(alone) {
			t.Errorf("%s: %s is read as %s, and its last value alone as %s (-want +got):\n%s", tw.name, tw.body, outcome(err), outcome(alone), diff)
		}
	}
}

// outcome is how a send ended, without the words for people.
func outcome(err error) string {
	if err == nil {
		return "taken"
	}
	f := channels.AsFailure(err)
	return fmt.Sprintf("%s %s (%s)", f.Class, f.Code, f.ProviderCode)
}

// record answers how the provider takes a message.
func (h Harness) record(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	answers := make(chan *httptest.ResponseRecorder, 1)
	url, _ := provider(t, func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h.Success(rec, r)
		answers <- rec
		replay(w, rec, rec.Body.String())
	})
	if _, err := h.send(t, url); err != nil {
		t.Fatal(err)
	}
	return <-answers
}

// reads sends to a provider that answers as recorded, with another body.
func (h Harness) reads(t *testing.T, answer *httptest.ResponseRecorder, body string) (channels.Taken, error) {
	t.Helper()
	url, calls := provider(t, func(w http.ResponseWriter, _ *http.Request) { replay(w, answer, body) })
	got, err := h.send(t, url)
	if n := calls.Load(); n != 1 {
		t.Errorf("%d requests, want exactly 1", n)
	}
	return got, err
}
