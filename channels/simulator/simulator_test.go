package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// fast makes a second of the documents a hundredth.
const fast = 0.01

// bench is a running simulator with a receiver for its webhooks.
type bench struct {
	t    *testing.T
	sim  *Simulator
	url  string
	hook string
	got  chan hooked
	// reply decides the status that a webhook is answered with; nil is 200.
	reply func(n int) int
}

type hooked struct {
	header http.Header
	query  string
	body   []byte
}

func start(t *testing.T, o Options) *bench {
	t.Helper()
	if o.Scale == 0 {
		o.Scale = fast
	}
	sim, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, sim: sim, got: make(chan hooked, 100)}
	n := 0
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		status := http.StatusOK
		if b.reply != nil {
			n++
			status = b.reply(n)
		}
		b.got <- hooked{r.Header, r.URL.RawQuery, raw}
		w.WriteHeader(status)
	}))
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		receiver.Close()
	})
	b.url, b.hook = server.URL, receiver.URL
	return b
}

func (b *bench) register() {
	b.sim.Register(Account{
		Provider: Zalo, ID: "3000000000000000001", AppID: "1000000000000000001", AppSecret: "app", OASecret: "oa-secret",
		AccessToken: "AT", RefreshToken: "RT", WebhookURL: b.hook,
	})
	b.sim.Register(Account{Provider: Infobip, ID: "key", WebhookURL: b.hook})
	b.sim.Register(Account{Provider: Gateway, ID: "user", AppSecret: "pass", WebhookURL: b.hook, WebhookSecret: "s3"})
}

// next waits for a webhook.
func (b *bench) next() hooked {
	b.t.Helper()
	select {
	case h := <-b.got:
		return h
	case <-time.After(10 * time.Second):
		b.t.Fatal("no webhook came")
		return hooked{}
	}
}

// eventually waits until the only or last call satisfies ok.
func (b *bench) eventually(what string, ok func(Call) bool) Call {
	b.t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.After(10 * time.Second); ; {
		if calls := b.sim.Calls(); len(calls) > 0 && ok(calls[len(calls)-1]) {
			return calls[len(calls)-1]
		}
		select {
		case <-tick.C:
		case <-end:
			b.t.Fatalf("%s: never happened; calls %+v", what, b.sim.Calls())
		}
	}
}

type reply struct {
	status int
	header http.Header
	text   string
	err    error
}

func (r reply) into(t *testing.T, v any) {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	if err := json.Unmarshal([]byte(r.text), v); err != nil {
		t.Fatalf("%q: %v", r.text, err)
	}
}

func (b *bench) call(method, path, content string, header map[string]string) reply {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 5*time.Second)
	defer cancel()
	return b.callWithin(ctx, method, path, content, header)
}

func (b *bench) callWithin(ctx context.Context, method, path, content string, header map[string]string) reply {
	b.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, b.url+path, strings.NewReader(content))
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(raw), err}
}

func zaloHeader(token string) map[string]string {
	return map[string]string{"access_token": token, "Content-Type": "application/json"}
}

type zaloAnswer struct {
	Error *int
	Data  struct {
		MsgID  string `json:"msg_id"`
		Status int
	}
}

func (b *bench) zns(to, ref string) reply {
	return b.call(http.MethodPost, "/zalo/api/message/template",
		`{"phone":"`+strings.TrimPrefix(to, "+")+`","template_id":"412345","template_data":{"name":"Lan"},"tracking_id":"`+ref+`"}`, zaloHeader("AT"))
}

func (b *bench) infobip(path, to, ref, content string) reply {
	return b.call(http.MethodPost, "/infobip"+path,
		`{"messages":[{"sender":"BRAND","destinations":[{"to":"`+strings.TrimPrefix(to, "+")+`","messageId":"`+ref+`"}],"content":`+content+
			`,"webhooks":{"delivery":{"url":"`+b.hook+`/dlr"},"seen":{"url":"`+b.hook+`/seen"},"callbackData":"cb"}}]}`,
		map[string]string{"Authorization": "App key", "Content-Type": "application/json"})
}

func (b *bench) gateway(to, text, ref string) reply {
	raw, _ := json.Marshal(map[string]string{"from": "BRAND", "to": to, "text": text, "ref": ref})
	return b.call(http.MethodPost, "/gateway/send", string(raw), map[string]string{"Authorization": "Basic dXNlcjpwYXNz"}) // user:pass
}

func TestControl(t *testing.T) {
	b := start(t, Options{})
	b.register()
	put := func(content string) int {
		return b.call(http.MethodPut, "/script", content, nil).status
	}
	if got := put(`{"rules":[{"match":"*118","channel":"zns","outcome":"refuse","code":"-118"},{"match":"0912345678","deliver":"never"}]}`); got != http.StatusNoContent {
		t.Fatalf("PUT /script answered %d", got)
	}
	if got := put(`{"rules":[{"match":"*1","outcome":"explode"}]}`); got != http.StatusBadRequest {
		t.Errorf("an unknown outcome answered %d", got)
	}
	var a zaloAnswer
	b.zns("84912340118", "r1").into(t, &a)
	if *a.Error != -118 {
		t.Errorf("the scripted number answered %d", *a.Error)
	}
	b.zns("84912345678", "r2").into(t, &a)
	lines := strings.Split(strings.TrimSpace(b.call(http.MethodGet, "/calls?since=1", "", nil).text), "\n")
	var c Call
	if err := json.Unmarshal([]byte(lines[0]), &c); err != nil || len(lines) != 1 || c.Reference != "r2" {
		t.Errorf("GET /calls?since=1 answered %v (%v)", lines, err)
	}
	if got := b.call(http.MethodGet, "/healthz", "", nil).status; got != http.StatusOK {
		t.Errorf("/healthz answered %d", got)
	}
}

func TestSpoiltAnswers(t *testing.T) {
	tests := map[string]struct {
		rule    Rule
		outcome string
		status  int // 0: no whole answer
	}{
		"hang":             {Rule{Outcome: Hang}, OutcomeHung, 0},
		"hang, taken":      {Rule{Outcome: Hang, Taken: true}, OutcomeHung, 0},
		"cut, taken":       {Rule{Outcome: CutTaken}, OutcomeCutTaken, 0},
		"cut, not taken":   {Rule{Outcome: CutNotTaken}, OutcomeCutNotTaken, 0},
		"truncated":        {Rule{Outcome: Truncated}, OutcomeCutTaken, 0},
		"web page":         {Rule{Outcome: HTML}, OutcomeCutNotTaken, http.StatusOK},
		"web page, taken":  {Rule{Outcome: HTML, Taken: true}, OutcomeCutTaken, http.StatusOK},
		"gateway web page": {Rule{Outcome: HTTP502}, OutcomeCutNotTaken, http.StatusBadGateway},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			b.sim.SetRule("+84912345678", tt.rule)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			got := b.callWithin(ctx, http.MethodPost, "/zalo/api/message/template",
				`{"phone":"84912345678","template_id":"1","template_data":{},"tracking_id":"r"}`, zaloHeader("AT"))
			if (got.err != nil) != (tt.status == 0) || (got.err == nil && got.status != tt.status) {
				t.Errorf("answer %d %q, error %v", got.status, got.text, got.err)
			}
			if json.Valid([]byte(got.text)) {
				t.Errorf("the answer is readable: %q", got.text)
			}
			c := b.eventually("call", func(Call) bool { return true })
			wantTaken := tt.rule.Taken || tt.outcome == OutcomeCutTaken
			if c.Outcome != tt.outcome || c.Taken() != wantTaken {
				t.Errorf("call %+v, want %s, taken %v", c, tt.outcome, wantTaken)
			}
			if wantTaken {
				b.eventually("delivery", func(c Call) bool { return c.DeliveredAt != nil && c.Price == "200" })
			}
		})
	}
}

func TestMagicNumbers(t *testing.T) {
	type want struct {
		outcome, code string
		fate          string // delivered, read, failed or silent
		price         string
	}
	ok := want{OutcomeTaken, "", delivered, ""}
	tests := map[string]struct{ zns, viber, sms want }{
		"+84900000001": {want{OutcomeTaken, "", read, "200"}, want{OutcomeTaken, "", read, "470"}, ok},
		"+84900000002": {want{OutcomeTaken, "", delivered, "200"}, want{OutcomeTaken, "", read, "470"}, ok},
		"+84900000003": {want{OutcomeRefused, "-118", "silent", "0"}, ok, ok},
		"+84900000004": {want{OutcomeTaken, "", "silent", "0"}, want{OutcomeTaken, "7002", failed, "0"}, ok},
		"+84900000005": {want{OutcomeCutTaken, CutTaken, delivered, "200"}, ok, ok},
		"+84900000006": {want{OutcomeCutNotTaken, CutNotTaken, "silent", "0"}, ok, ok},
		"+84900000007": {want{OutcomeTaken, "", delivered, "200"}, ok, ok},
		"+84900000008": {want{OutcomeTaken, "", read, "200"}, want{OutcomeTaken, "", read, "470"}, ok},
		"+84900000009": {
			want{OutcomeRefused, "-118", "silent", "0"},
			want{OutcomeTaken, "7002", failed, "0"},
			want{OutcomeTaken, CodeUnknownUser, failed, "820"},
		},
		"+84900000010": {want{OutcomeRefused, "-32", "silent", "0"}, want{OutcomeRefused, "E429", "silent", "0"}, want{OutcomeRefused, "throttled", "silent", "0"}},
		"+84900000011": {want{OutcomeRefused, "-144", "silent", "0"}, ok, ok},
		"+84900000012": {want{OutcomeRefused, "-124", "silent", "0"}, ok, ok},
	}
	for to, tt := range tests {
		t.Run(to, func(t *testing.T) {
			b := start(t, Options{})
			b.register()
			b.zns(to, "z")
			b.infobip("/viber/2/messages", to, "v", `{"type":"TEXT","text":"hi"}`)
			b.gateway(to, "hi", "s")
			reached := func(w want, c Call) bool {
				switch w.fate {
				case delivered:
					return c.DeliveredAt != nil
				case read:
					return c.ReadAt != nil && c.DeliveredAt != nil
				case failed:
					return c.FailedAt != nil
				}
				return c.DeliveredAt == nil && c.FailedAt == nil && c.ReadAt == nil
			}
			b.eventually("all fates", func(Call) bool {
				calls := b.sim.Calls()
				return len(calls) == 3 && reached(tt.zns, calls[0]) && reached(tt.viber, calls[1]) && reached(tt.sms, calls[2])
			})
			for i, w := range []want{tt.zns, tt.viber, tt.sms} {
				c := b.sim.Calls()[i]
				if c.Outcome != w.outcome || c.Code != w.code || (w.price != "" && c.Price != w.price) {
					t.Errorf("%s: %s %q %s VND, want %+v", c.Channel, c.Outcome, c.Code, c.Price, w)
				}
			}
		})
	}
}

func TestThrottleWindowEndsAndBeginsAnew(t *testing.T) {
	now := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	b := start(t, Options{Scale: 1, Now: func() time.Time { return now }})
	b.register()
	var got []int
	for _, step := range []time.Duration{0, 10 * time.Second, 20 * time.Second, time.Second} {
		now = now.Add(step)
		got = append(got, b.gateway("+84900000010", "hi", "s").status)
	}
	if want := []int{429, 429, 200, 429}; !equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
}

func equal(a, b []int) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestRulePrecedence(t *testing.T) {
	var b ruleBook
	b.set("*8", Rule{Code: "short"})
	b.set("*118", Rule{Code: "long"})
	b.set("*118", Rule{Channel: SMS, Code: "long sms"})
	b.set("0912345118", Rule{Code: "exact"})
	tests := map[string]struct{ channel, to, want string }{
		"exact":            {ZNS, "84912345118", "exact"},
		"longer suffix":    {ZNS, "84900000118", "long"},
		"channel first":    {SMS, "84900000118", "long sms"},
		"shorter suffix":   {ZNS, "84900000008", "short"},
		"nothing to match": {ZNS, "84900000007", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if r, _ := b.find(tt.channel, tt.to); r.Code != tt.want {
				t.Errorf("got %q, want %q", r.Code, tt.want)
			}
		})
	}
}

func TestSeedFixesTraffic(t *testing.T) {
	one, two := start(t, Options{Seed: 7}), start(t, Options{Seed: 7})
	kinds := map[string]int{}
	for i := range 500 {
		to := "849" + itoa(10000000+int64(i))
		a, b := one.sim.rule(ZNS, to), two.sim.rule(ZNS, to)
		if a.Outcome != b.Outcome || or(a.Deliver, 0) != or(b.Deliver, 0) {
			t.Fatalf("%s differs between two simulators of one seed", to)
		}
		kinds[a.Outcome]++
	}
	if kinds[Refuse] < 30 || kinds[""] < 350 {
		t.Errorf("traffic is not mixed: %v", kinds)
	}
}

func TestSegments(t *testing.T) {
	tests := map[string]struct {
		text string
		want int
	}{
		"160 septets":                     {strings.Repeat("a", 160), 1},
		"161 septets":                     {strings.Repeat("a", 161), 2},
		"two septets count":               {strings.Repeat("€", 81), 2},
		"a two-septet character moves on": {strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 3},
		"70 units":                        {strings.Repeat("ắ", 70), 1},
		"71 units":                        {strings.Repeat("ắ", 71), 2},
		"a surrogate pair moves on":       {strings.Repeat("ắ", 66) + "😀" + strings.Repeat("ắ", 66), 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := segments(tt.text); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
