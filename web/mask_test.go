package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// wordsOfMessages are what no answer to a person may hold: the number however it is written, and the words.
var wordsOfMessages = []string{"912345001", "912 345 001", "A-1029", "gui", "gửi"}

// Whatever a person asks that is not revealing, they see neither the number nor the words of a message. A key sees them.
func TestPeopleSeeMasked(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store, func(d *Deps) { d.live = quick })
		callback := a.newCallback()
		delivery := a.firstDelivery(callback)
		body := func(fields ...string) string {
			return messageBody("0912345001", append(fields, `"metadata":{"note":"for-the-app"},`)...)
		}
		id := a.id(a.want(202, "POST", "/v1/messages", body()))
		a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
		cookie := a.signIn(a.addPerson(roleOperator, a.rig.Tenant.ID))
		waiting := func() string { return a.id(a.want(202, "POST", "/v1/messages", body(scheduled()))) }

		for _, tt := range []struct {
			method, path, body string
			status             int
			shows              string
		}{
			{"GET", "/v1/messages", "", 200, "+84•••••001"},
			{"GET", "/v1/messages/" + id, "", 200, "+84•••••001"},
			{"GET", "/v1/messages/" + id + "/trace", "", 200, "+84•••••001"},
			{"POST", "/v1/messages/search", `{"to":"0912345001"}`, 200, "+84•••••001"},
			{"POST", "/v1/messages", body(scheduled()), 202, "+84•••••001"},
			{"POST", "/v1/messages/batch", `{"messages":[` + body() + `]}`, 200, `"id":`},
			{"POST", "/v1/messages/" + waiting() + "/cancel", "", 200, "+84•••••001"},
			{"POST", "/v1/messages/" + waiting() + "/confirm", "", 200, "+84•••••001"},
			{"GET", "/v1/callbacks/" + callback + "/deliveries", "", 200, "+84•••••001"},
			{"POST", "/v1/callbacks/" + callback + "/deliveries/" + delivery + "/replay", "", 202, delivery},
		} {
			r := a.wantPerson(tt.status, cookie, tt.method, tt.path, tt.body)
			if !bytes.Contains(r.body, []byte(tt.shows)) {
				t.Errorf("%s %s has no %s: %s", tt.method, tt.path, tt.shows, r.body)
			}
			wantNone(t, tt.method+" "+tt.path, r.body)
		}
		wantNone(t, "a live message", a.do("GET", "/v1/messages/"+id, "", "", "Cookie", cookie, "Accept", eventStream).body)
		for _, route := range a.router.Routes() { // and all that will be listed some day
			if route.Method == http.MethodGet && strings.HasPrefix(route.Path, "/v1/") && !strings.Contains(route.Path, ":") {
				wantNone(t, route.Path, a.do("GET", route.Path, "", "", "Cookie", cookie).body)
			}
		}
		if r := a.want(200, "GET", "/v1/messages/"+id, ""); !bytes.Contains(r.body, []byte("+84912345001")) || !bytes.Contains(r.body, []byte("for-the-app")) {
			t.Errorf("a key sees %s", r.body)
		}
	})
}

func wantNone(t *testing.T, what string, body []byte) {
	t.Helper()
	for _, word := range wordsOfMessages {
		if bytes.Contains(body, []byte(word)) {
			t.Errorf("%s shows %q: %s", what, word, body)
		}
	}
}

// What people answered is told by when and how well, not in their words.
func TestMaskReplies(t *testing.T) {
	attempt := uuid.New()
	v := orchestrator.MessageView{
		To: "+84912345001", Metadata: json.RawMessage(`{"a":"b"}`),
		Replies:  []orchestrator.ReplyView{{Text: "gọi tôi", Rating: 4, Options: []string{"nhanh"}, AttemptID: attempt}},
		Timeline: []orchestrator.Event{{Type: orchestrator.EventMessageReplied, Detail: `answered "gọi tôi"`}, {Type: "message.accepted", Detail: "accepted for care"}},
	}
	masked, err := json.Marshal(maskMessage(v))
	if err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"gọi": false, "nhanh": false, "912345": false, `"rating":4`: true, "accepted for care": true, replied: true} {
		if bytes.Contains(masked, []byte(word)) != want {
			t.Errorf("%q shown %v: %s", word, !want, masked)
		}
	}
	if v.Replies[0].Text == "" || v.Timeline[0].Detail == replied {
		t.Error("masking changed what others may hold")
	}
	for payload, want := range map[string]string{
		`{"type":"message.replied","data":{"message":{"to":"+84912345001"},"reply":{"text":"gọi tôi"}}}`: `"to":"+84•••••001"`,
		`{"odd":"+84912345001"}`: "null", `+84912345001`: "null", ``: "null",
	} {
		if got := string(maskEvent([]byte(payload))); !strings.Contains(got, want) || strings.Contains(got, "gọi") || strings.Contains(got, "912345") {
			t.Errorf("%s is shown as %s", payload, got)
		}
	}
}

func TestReveal(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		cookie := a.signIn(a.addPerson(roleOperator, a.rig.Tenant.ID))
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345001", scheduled(), `"metadata":{"note":"for-nobody"},`)))
		code := a.id(a.want(202, "POST", "/v1/messages", strings.Replace(messageBody("0912345001", scheduled()), `"transaction"`, `"otp"`, 1)))

		for name, tt := range map[string]struct {
			path, body string
			status     int
		}{
			"no reason":    {id, `{}`, 422},
			"only blanks":  {id, `{"reason":"  "}`, 422},
			"too long":     {id, `{"reason":"` + strings.Repeat("a", maxNote+1) + `"}`, 422},
			"nobody's":     {uuid.NewString(), `{"reason":"asked"}`, 404},
			"no id at all": {"x", `{"reason":"asked"}`, 404},
		} {
			if r := a.do("POST", "/v1/messages/"+tt.path+"/reveal", "", tt.body, "Cookie", cookie); r.status != tt.status {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
		}
		if r := a.do("POST", "/v1/messages/"+id+"/reveal", a.key, `{"reason":"asked"}`); r.status != 403 {
			t.Errorf("by a key: %d %s", r.status, r.body)
		}
		if rows := a.audited("action=message.reveal"); len(rows) != 0 {
			t.Errorf("what was refused is written down: %+v", rows)
		}

		const reason = `{"reason":"0912345001 called, and asks"}`
		r := a.wantPerson(200, cookie, "POST", "/v1/messages/"+id+"/reveal", reason)
		for _, want := range []string{`"to":"+84912345001"`, `"zns":{`, "A-1029 da gui", `"metadata":{"note":"for-nobody"}`} {
			if !bytes.Contains(r.body, []byte(want)) {
				t.Errorf("no %s in %s", want, r.body)
			}
		}
		r = a.wantPerson(200, cookie, "POST", "/v1/messages/"+code+"/reveal", reason)
		if want := `{"to":"+84912345001","content":null,"metadata":{},"calls":[],"receipts":[],"content_withheld":"otp"}`; string(r.body) != want {
			t.Errorf("a code: %s", r.body)
		}
		rows := a.audited("action=message.reveal")
		if len(rows) != 2 || rows[0].Object != code || rows[1].Object != id || rows[0].ActorKind != models.ActorUser {
			t.Errorf("written down: %+v", rows)
		}
		for _, row := range rows {
			if got := string(row.Detail); got != `{"reason":"•••••001 called, and asks"}` {
				t.Errorf("reason kept as %s", got)
			}
		}
	})
}

// audited reads the audit log by the admin key.
func (a *api) audited(query string) []auditRow {
	a.t.Helper()
	var l struct{ Data []auditRow }
	decodeReply(a.t, a.wantAs(200, testAdmin, "GET", "/v1/audit?limit=200&"+query, ""), &l)
	return l.Data
}

type auditRow struct {
	Actor, Action, Object, Source string
	ActorKind                     string `json:"actor_kind"`
	Detail                        json.RawMessage
	TenantID                      *uuid.UUID `json:"tenant_id"`
}
