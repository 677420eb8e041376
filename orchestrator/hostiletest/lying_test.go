package hostiletest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// liar is an HTTP gateway whose answers a test writes.
type liar struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(n int, w http.ResponseWriter) // to the n-th send; nil takes it under the id p-n
	refs   []string                           // our references, in the order of the calls
}

func newLiar(t *testing.T) *liar {
	t.Helper()
	l := &liar{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body struct {
			Ref string `json:"ref"`
		}
		_ = json.Unmarshal(raw, &body) // a broken request shows in refs
		l.mu.Lock()
		l.refs = append(l.refs, body.Ref)
		n, answer := len(l.refs), l.answer
		l.mu.Unlock()
		if answer == nil {
			fmt.Fprintf(w, `{"ok":true,"id":"p-%d"}`, n)
			return
		}
		answer(n, w)
	}))
	t.Cleanup(l.Close)
	return l
}

// says makes the gateway give one answer to every send.
func (l *liar) says(status int, body string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answer = func(_ int, w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// calls are the references of the sends so far.
func (l *liar) calls() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.refs...)
}

// hook brings a gateway's callback with the right token.
func (h *hostile) hook(account, body string) error {
	a := h.accounts[account]
	_, err := h.engine.Hook(h.t.Context(), a.Adapter, a.ID, channels.Hook{
		Method: http.MethodPost, URL: h.engine.HookURL(a) + "?token=h00k", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body),
	})
	return err
}

// A provider's answer that is not what was agreed. Nothing is called again unless it was surely not taken, and no
// class is more hopeful than the answer allows.
func TestLyingAnswers(t *testing.T) {
	const page = "<!DOCTYPE html><html><body><h1>Welcome</h1></body></html>"
	id80 := strings.Repeat("x", 80)
	tests := map[string]struct {
		status int
		body   string
		class  policy.Class // "" is taken
		id     string
	}{
		"200 with a web page":               {200, page, policy.ClassUnknown, ""},
		"200 with nothing":                  {200, "", policy.ClassUnknown, ""},
		"200 with null":                     {200, "null", policy.ClassUnknown, ""},
		"200 with a list":                   {200, "[]", policy.ClassUnknown, ""},
		"200 with half an object":           {200, `{"ok":tr`, policy.ClassUnknown, ""},
		"200 with two objects":              {200, `{"ok":true,"id":"a"}{"ok":false}`, policy.ClassUnknown, ""},
		"200 with bytes":                    {200, "\x00\xff\xfe\x01", policy.ClassUnknown, ""},
		"200 with a BOM and the answer":     {200, "\ufeff" + `{"ok":true,"id":"b"}`, policy.ClassUnknown, ""},
		"200 nested 10,000 deep":            {200, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), policy.ClassUnknown, ""},
		"200 that says no":                  {200, `{"ok":false}`, policy.ClassRequest, ""},
		"200 that says no, new code":        {200, `{"ok":false,"code":"E-9999"}`, policy.ClassRequest, ""},
		"ok is text":                        {200, `{"ok":"true","id":"c"}`, "", "c"},
		"ok is a number":                    {200, `{"ok":1,"id":"d"}`, policy.ClassRequest, ""},
		"id is above 2^53":                  {200, `{"ok":true,"id":9007199254740993}`, "", "9007199254740993"},
		"id is above 2^64":                  {200, `{"ok":true,"id":184467440737095516170}`, "", "184467440737095516170"},
		"id is long":                        {200, `{"ok":true,"id":"` + id80 + `"}`, "", id80},
		"id is a megabyte":                  {200, `{"ok":true,"id":"` + strings.Repeat("x", 900_000) + `"}`, "", "*"},
		"id holds a NUL":                    {200, `{"ok":true,"id":"e\u0000f"}`, "", "*"},
		"id is bad UTF-8":                   {200, "{\"ok\":true,\"id\":\"\xff\xfe\"}", "", "*"},
		"id is an object":                   {200, `{"ok":true,"id":{"a":1}}`, "", ""},
		"id is missing":                     {200, `{"ok":true}`, "", ""},
		"keys twice: the last one says yes": {200, `{"ok":false,"ok":true,"id":"g","id":"h"}`, policy.ClassUnknown, ""},
		"keys twice: the last one says no":  {200, `{"ok":true,"ok":false}`, policy.ClassUnknown, ""},
		"500 that says ok":                  {500, `{"ok":true,"id":"i"}`, policy.ClassUnknown, ""},
		"500":                               {500, page, policy.ClassUnknown, ""},
		"503":                               {503, page, policy.ClassUnknown, ""},
		"408":                               {408, "", policy.ClassUnknown, ""},
		"302":                               {302, "", policy.ClassAccount, ""},
		"401":                               {401, "", policy.ClassAccount, ""},
		"404":                               {404, page, policy.ClassRequest, ""},
		"a status nobody knows":             {299, `{"ok":true,"id":"j"}`, "", "j"},
		"an error status nobody knows":      {499, "", policy.ClassRequest, ""},
		"a server's status nobody knows":    {599, "", policy.ClassUnknown, ""},
		"201 with the answer":               {201, `{"ok":true,"id":"k"}`, "", "k"},
		"204":                               {204, "", policy.ClassUnknown, ""},
		"id is as one of ours":              {200, `{"ok":true,"id":"0198c7b2a1f04c6d8e3b5a7c9d1e2f30"}`, "", "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"},
		"id is an SQL sentence":             {200, `{"ok":true,"id":"'; DROP TABLE messages; --"}`, "", "'; DROP TABLE messages; --"},
		"the code is an SQL sentence":       {200, `{"ok":false,"code":"'; DROP TABLE messages; --"}`, policy.ClassRequest, ""},
		"the code is a megabyte":            {200, `{"ok":false,"code":"` + strings.Repeat("é", 500_000) + `"}`, policy.ClassRequest, ""},
		"the code holds NUL and bad UTF-8":  {200, "{\"ok\":false,\"code\":\"a\\u0000\xff\"}", policy.ClassRequest, ""},
		"the code holds a surrogate's half": {200, `{"ok":false,"code":"\ud800"}`, policy.ClassRequest, ""},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHostile(t, s, hostileTimes{}, nil)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				h.t = t
				gw := newLiar(t)
				gw.says(tt.status, tt.body)
				account := "gw-" + strings.Trim(strings.Map(func(r rune) rune {
					if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
						return r
					}
					return '-'
				}, strings.ToLower(name)), "-")
				h.gateway(account, gw.URL)
				h.policy("one", "100ms", "10m", account)
				v := h.await(h.send("one", hostileNumber(1)), func(v orchestrator.MessageView) bool {
					return len(v.Attempts) == 1 && v.Attempts[0].Status != policy.AttemptSending && v.Attempts[0].Status != policy.AttemptPending
				})
				a := h.state(v.ID).Attempts[0]
				if a.Class != tt.class {
					t.Errorf("the answer is class %q, want %q: %s %s", a.Class, tt.class, a.Code, a.Detail)
				}
				if tt.id != "*" && tt.class == "" && a.ProviderID != tt.id {
					t.Errorf("the provider's id is %q, want %q", a.ProviderID, tt.id)
				}
				end := h.await(v.ID, func(v orchestrator.MessageView) bool { return v.Status.Final() })
				if n := len(gw.calls()); n != 1 {
					t.Errorf("called %d times, want once; it ended %s", n, end.Status)
				}
				h.verify()
			})
		}
	})
}

// Callbacks that contradict themselves, name what is not theirs, or cannot be read. None crashes, none lowers a
// status, and a genuine one is kept whatever it says.
func TestLyingReceipts(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	tests := map[string]struct {
		bring       []string // ID is the first message's provider id, ID2 the second's
		status      policy.AttemptStatus
		second      policy.AttemptStatus // of the second message
		quarantined int
	}{
		"delivered, then failed":             {[]string{`{"id":"ID","status":"delivered"}`, `{"id":"ID","status":"failed"}`}, policy.AttemptDelivered, policy.AttemptSent, 0},
		"failed, then delivered":             {[]string{`{"id":"ID","status":"failed"}`, `{"id":"ID","status":"delivered"}`}, policy.AttemptDelivered, policy.AttemptSent, 0},
		"accepted, then failed":              {[]string{`{"id":"ID","status":"sent"}`, `{"id":"ID","status":"failed"}`}, policy.AttemptFailed, policy.AttemptSent, 0},
		"delivered, then sent":               {[]string{`{"id":"ID","status":"delivered"}`, `{"id":"ID","status":"sent"}`}, policy.AttemptDelivered, policy.AttemptSent, 0},
		"delivered a hundred times":          {repeated(`{"id":"ID","status":"delivered"}`, 100), policy.AttemptDelivered, policy.AttemptSent, 0},
		"one for each":                       {[]string{`{"id":"ID","status":"failed"}`, `{"id":"ID2","status":"delivered"}`}, policy.AttemptFailed, policy.AttemptDelivered, 0},
		"a foreign id":                       {[]string{`{"id":"somebody-else","status":"delivered"}`}, policy.AttemptSent, policy.AttemptSent, 0},
		"a status nobody knows":              {[]string{`{"id":"ID","status":"teleported"}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"a status that is a number":          {[]string{`{"id":"ID","status":7}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"a status that is above 2^53":        {[]string{`{"id":"ID","status":9007199254740993}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"no id":                              {[]string{`{"status":"delivered"}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"no status":                          {[]string{`{"id":"ID"}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"the id is an object":                {[]string{`{"id":{"id":"ID"},"status":"delivered"}`}, policy.AttemptSent, policy.AttemptSent, 1},
		"the id holds a NUL":                 {[]string{`{"id":"a\u0000b","status":"delivered"}`}, policy.AttemptSent, policy.AttemptSent, 0},
		"the id is bad UTF-8":                {[]string{"{\"id\":\"\xff\xfe\",\"status\":\"delivered\"}"}, policy.AttemptSent, policy.AttemptSent, 0},
		"the id is a megabyte":               {[]string{`{"id":"` + strings.Repeat("x", 1<<20) + `","status":"delivered"}`}, policy.AttemptSent, policy.AttemptSent, 0},
		"keys twice: the last one counts":    {[]string{`{"id":"ID","status":"failed","status":"delivered"}`}, policy.AttemptDelivered, policy.AttemptSent, 0},
		"no JSON":                            {[]string{"delivered!"}, policy.AttemptSent, policy.AttemptSent, 1},
		"half an object":                     {[]string{`{"id":"ID","status":"deli`}, policy.AttemptSent, policy.AttemptSent, 1},
		"nothing":                            {[]string{""}, policy.AttemptSent, policy.AttemptSent, 1},
		"bytes":                              {[]string{"\x00\x01\xff"}, policy.AttemptSent, policy.AttemptSent, 1},
		"a list":                             {[]string{`[{"id":"ID","status":"delivered"}]`}, policy.AttemptSent, policy.AttemptSent, 1},
		"10,000 deep":                        {[]string{deep}, policy.AttemptSent, policy.AttemptSent, 1},
		"10,000 deep, beside a good receipt": {[]string{`{"id":"ID","status":"delivered","x":` + deep + `}`}, "", policy.AttemptSent, -1},
		"10 MB":                              {[]string{`{"x":"` + strings.Repeat("y", 10<<20) + `"}`}, policy.AttemptSent, policy.AttemptSent, 1},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				address := modelstest.OpenURL(t, dialect)
				h := newHostile(t, modelstest.OpenAt(t, address), hostileTimes{}, nil)
				gw := newLiar(t)
				h.gateway("gw", gw.URL)
				h.policy("one", "1h", "2h", "gw")
				first, second := h.send("one", hostileNumber(1)), h.send("one", hostileNumber(2))
				v, w := h.await(first, taken), h.await(second, taken)
				fill := strings.NewReplacer("ID2", w.Attempts[0].ProviderMessageID, "ID", v.Attempts[0].ProviderMessageID)
				for _, body := range tt.bring {
					if err := h.hook("gw", fill.Replace(body)); err != nil {
						t.Errorf("the callback was answered %v", err)
					}
				}
				if got := h.message(first).Attempts[0].Status; tt.status != "" && got != tt.status {
					t.Errorf("the first message's attempt is %s, want %s", got, tt.status)
				}
				if got := h.message(second).Attempts[0].Status; got != tt.second {
					t.Errorf("the second message's attempt is %s, want %s", got, tt.second)
				}
				if n := h.receipts(address, models.ReceiptQuarantined); tt.quarantined >= 0 && n != tt.quarantined {
					t.Errorf("%d callbacks in quarantine, want %d", n, tt.quarantined)
				}
				h.verify()
			})
		}
	}
}

func repeated(s string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

// One id for two messages: a receipt belongs to one of them only, and the other is not taken for delivered.
func TestProviderIDReused(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHostile(t, s, hostileTimes{}, nil)
		gw := newLiar(t)
		gw.says(200, `{"ok":true,"id":"the-same"}`)
		h.gateway("gw", gw.URL)
		h.policy("one", "1h", "2h", "gw")
		first := h.send("one", hostileNumber(1))
		h.await(first, taken)
		time.Sleep(2 * time.Millisecond) // the ids tell which is newer, in milliseconds
		second := h.send("one", hostileNumber(2))
		h.await(second, taken)
		h.must(h.hook("gw", `{"id":"the-same","status":"delivered"}`))
		if a, b := h.message(first).Attempts[0].Status, h.message(second).Attempts[0].Status; a != policy.AttemptSent || b != policy.AttemptDelivered {
			t.Errorf("the attempts are %s and %s, want sent and delivered", a, b)
		}
		h.verify()
	})
}

// A receipt that one account's provider brings for another account's message changes nothing and is kept apart.
func TestReceiptOfAnotherAccountsMessage(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			address := modelstest.OpenURL(t, dialect)
			h := newHostile(t, modelstest.OpenAt(t, address), hostileTimes{}, nil)
			gw := newLiar(t)
			h.gateway("gw", gw.URL)
			h.account(orchestrator.AccountInput{Name: "ours", Channel: policy.SMS, Adapter: "http"},
				strings.ReplaceAll(strings.ReplaceAll(gatewaySettings, "BASE", gw.URL), `"kind": "provider"`, `"kind": "ours"`))
			h.policy("one", "1h", "2h", "gw")
			id := h.send("one", hostileNumber(1))
			h.await(id, taken)
			h.must(h.hook("ours", fmt.Sprintf(`{"id":%q,"status":"delivered"}`, gw.calls()[0])))
			h.must(h.hook("ours", `{"id":"0198c7b2a1f04c6d8e3b5a7c9d1e2f30","status":"delivered"}`)) // nobody's
			if got := h.message(id).Attempts[0].Status; got != policy.AttemptSent {
				t.Errorf("the attempt is %s", got)
			}
			if n := h.receipts(address, models.ReceiptQuarantined); n != 2 {
				t.Errorf("%d receipts in quarantine, want 2", n)
			}
			h.verify()
		})
	}
}
