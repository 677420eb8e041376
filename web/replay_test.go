package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

func (a *api) wantReplay(key, body string, first reply) {
	a.t.Helper()
	again := a.do("POST", "/v1/messages", a.key, body, "Idempotency-Key", key)
	if again.status != first.status || again.header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(again.body, first.body) {
		a.t.Errorf("%s: first %d %s\nagain %d %s", key, first.status, first.body, again.status, again.body)
	}
	if r := a.do("POST", "/v1/messages", a.key, body+" ", "Idempotency-Key", key); r.status != 409 || r.code() != "idempotency_conflict" {
		a.t.Errorf("%s with another body: %d %s", key, r.status, r.body)
	}
}

// A repeated Idempotency-Key gets the bytes of the first answer, however far the message has come since, and whatever
// the configuration says by then.
func TestReplay(t *testing.T) {
	withoutZNS := strings.Replace(messageBody("0912345678"), `"zns":{"template_id":"412345","template_data":{"order":"A-1029"}},`, "", 1)
	tests := map[string]struct {
		body  string
		shows string // in the first answer
		then  func(a *api, id string)
	}{
		"delivered":          {messageBody("0912345678", `"metadata":{"b":"<2>","a":"ữ"},"transaction_id":"t1",`), `"status":"sending"`, finish},
		"first step skipped": {withoutZNS, `"status":"skipped"`, finish},
		"scheduled, canceled": {messageBody("0912345679", scheduled()), `"status":"scheduled"`, func(a *api, id string) {
			a.want(200, "POST", "/v1/messages/"+id+"/cancel", "")
		}},
		"scheduled, confirmed": {messageBody("0912345680", scheduled()), `"attempts":[]`, func(a *api, id string) {
			a.want(200, "POST", "/v1/messages/"+id+"/confirm", "")
		}},
		"no place, then canceled": {strings.Replace(messageBody("0912345681"), `"policy":"default"`, `"policy":"crowded"`, 1), `"status":"pending"`, func(a *api, id string) {
			a.want(200, "POST", "/v1/messages/"+id+"/cancel", "")
		}},
		"inline policy": {strings.Replace(messageBody("0912345682"), `"policy":"default"`,
			`"policy":{"steps":[{"channel":"sms","until":"delivered","timeout":"1m"}],"ttl":"1h"}`, 1), `"version":0`, finish},
	}
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.crowd()
		first := map[string]reply{}
		for name, tt := range tests {
			first[name] = a.do("POST", "/v1/messages", a.key, tt.body, "Idempotency-Key", name)
			if first[name].status != http.StatusAccepted || first[name].header.Get("Idempotent-Replayed") != "" ||
				!bytes.Contains(first[name].body, []byte(tt.shows)) {
				t.Fatalf("%s: %d %s", name, first[name].status, first[name].body)
			}
			a.wantReplay(name, tt.body, first[name])
		}
		for name, tt := range tests {
			tt.then(a, a.id(first[name]))
		}
		a.want(200, "PATCH", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String(), `{"name":"oa-renamed"}`)
		a.want(200, "PUT", "/v1/policies/default", `{"steps":[{"channel":"sms","until":"sent","timeout":"90s"}]}`)
		for name, tt := range tests {
			a.wantReplay(name, tt.body, first[name])
			now := a.want(200, "GET", "/v1/messages/"+a.id(first[name]), "")
			if bytes.Equal(now.body, first[name].body) {
				t.Errorf("%s: the message did not change: %s", name, now.body)
			}
		}
		a.want(204, "DELETE", "/v1/policies/crowded", "")
		a.wantReplay("no place, then canceled", tests["no place, then canceled"].body, first["no place, then canceled"])
	})
}

func finish(a *api, id string) {
	a.t.Helper()
	a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
}

// crowd makes a policy whose only account has no place free: its one call at a time never ends.
func (a *api) crowd() {
	a.t.Helper()
	ended := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ended }))
	a.t.Cleanup(func() { close(ended); silent.Close() })
	a.want(201, "POST", "/v1/channels", `{"name":"sms-slow","channel":"sms","adapter":"infobip","rate":{"concurrency":1},
		"settings":{"base_url":"`+silent.URL+`","api_key":"k","sender":"ACME","webhook_secret":"hush"}}`)
	a.rig.Policy("crowded", `{"steps":[{"channel":"sms","until":"delivered","timeout":"1m","accounts":["sms-slow"]}]}`)
	a.want(202, "POST", "/v1/messages", strings.Replace(messageBody("0912345690"), `"policy":"default"`, `"policy":"crowded"`, 1))
}

// Twins that arrive at once make one message, and get one answer.
func TestReplayOfTwins(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		replies := make([]reply, 8)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() {
				replies[i] = a.do("POST", "/v1/messages", a.key, messageBody("0912345678"), "Idempotency-Key", "twins")
			})
		}
		wg.Wait()
		replayed := 0
		for _, r := range replies {
			if r.status != http.StatusAccepted || !bytes.Equal(r.body, replies[0].body) {
				t.Errorf("one twin gets %s\nanother %d %s", replies[0].body, r.status, r.body)
			}
			if r.header.Get("Idempotent-Replayed") == "true" {
				replayed++
			}
		}
		if replayed != len(replies)-1 {
			t.Errorf("%d of %d are replays", replayed, len(replies))
		}
	})
}

// A batch is answered as the first time too, byte for byte.
func TestReplayOfBatch(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		body := `{"messages":[` + messageBody("0912345678") + `,{"too":1},` + messageBody("0912345679", scheduled()) + `]}`
		first := a.do("POST", "/v1/messages/batch", a.key, body, "Idempotency-Key", "batch")
		var items struct{ Data []struct{ ID string } }
		decodeReply(t, first, &items)
		finish(a, items.Data[0].ID)
		again := a.do("POST", "/v1/messages/batch", a.key, body, "Idempotency-Key", "batch")
		if again.header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.body, again.body) {
			t.Errorf("first %s\nagain %s", first.body, again.body)
		}
	})
}
