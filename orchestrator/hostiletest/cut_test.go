package hostiletest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// wire stands between an engine and the simulator, and cuts the next connection where it is told.
type wire struct {
	backend string
	client  *http.Client
	address string
	next    atomic.Pointer[cutting]
}

// cutting is where a call is cut. request and answer are how many bytes pass; -1 is all, -2 all but the last five.
type cutting struct {
	refuse          bool // no connection at all
	request, answer int
}

func newWire(t *testing.T, backend *httptest.Server) *wire {
	t.Helper()
	w := &wire{backend: backend.Listener.Addr().String(), client: channels.NewHTTPClient(nil)}
	transport := w.client.Transport.(*http.Transport)
	if backend.TLS != nil {
		transport.TLSClientConfig = backend.Client().Transport.(*http.Transport).TLSClientConfig
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if c := w.next.Load(); c != nil && c.refuse && address == w.address && w.next.CompareAndSwap(c, nil) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, address)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(conn, w.next.Swap(nil))
		}
	}()
	t.Cleanup(func() { l.Close() })
	return w
}

// serve passes a connection on, or cuts it.
func (w *wire) serve(conn net.Conn, c *cutting) {
	defer conn.Close()
	if c != nil && c.request >= 0 {
		_, _ = io.ReadFull(conn, make([]byte, c.request))
		return
	}
	back, err := net.Dial("tcp", w.backend)
	if err != nil {
		return
	}
	defer back.Close()
	go func() {
		_, _ = io.Copy(back, conn)
		_ = back.(*net.TCPConn).CloseWrite()
	}()
	if c == nil {
		_, _ = io.Copy(conn, back)
		return
	}
	answer := make([]byte, 64<<10)
	n, _ := back.Read(answer)
	switch {
	case c.answer == -2:
		n -= 5
	case c.answer >= 0:
		n = min(n, c.answer)
	}
	_, _ = conn.Write(answer[:max(n, 0)])
}

// A call is cut at every stage, for every adapter. Only what surely never left is called again, and no attempt is taken
// twice: the simulator's log is the judge.
func TestCutCallsAreNotRepeated(t *testing.T) {
	const rounds = 3
	stages := map[string]struct {
		cut   cutting
		tls   bool
		calls int64 // of the first attempt
		taken int   // by the provider, of the first attempt
		class policy.Class
	}{
		"before the connection":   {cutting{refuse: true}, false, 2, 1, ""},
		"in the TLS handshake":    {cutting{request: 60}, true, 2, 1, ""},
		"in the request":          {cutting{request: 60}, false, 1, 0, policy.ClassUnknown},
		"before the answer":       {cutting{request: -1, answer: 0}, false, 1, 1, policy.ClassUnknown},
		"in the answer's head":    {cutting{request: -1, answer: 30}, false, 1, 1, policy.ClassUnknown},
		"in the answer's body":    {cutting{request: -1, answer: -2}, false, 1, 1, policy.ClassUnknown},
		"after the answer":        {cutting{request: -1, answer: -1}, false, 1, 1, ""},
		"in the answer under TLS": {cutting{request: -1, answer: 500}, true, 2, 1, ""}, // the handshake's answer: nothing was said yet
	}
	for _, dialect := range modelstest.Dialects(t) {
		for _, adapter := range []string{"zalo", "infobip", "http"} {
			for name, stage := range stages {
				t.Run(dialect+"/"+adapter+"/"+name, func(t *testing.T) {
					t.Parallel()
					sim, err := simulator.New(simulator.Options{Scale: 0.02})
					if err != nil {
						t.Fatal(err)
					}
					sim.SetRule("*", simulator.Rule{DropWebhooks: true, Deliver: new(time.Duration(-1))})
					backend := httptest.NewUnstartedServer(sim.Handler())
					backend.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are cut
					scheme := "http://"
					if stage.tls {
						backend.StartTLS()
						scheme = "https://"
					} else {
						backend.Start()
					}
					direct := httptest.NewServer(sim.Handler())
					w := newWire(t, backend)
					h := newHostile(t, modelstest.Open(t, dialect), hostileTimes{}, w.client)
					t.Cleanup(func() {
						h.stop()
						w.client.CloseIdleConnections()
						backend.CloseClientConnections()
						backend.Close()
						direct.Close()
						if err := sim.Close(); err != nil {
							t.Error("simulator:", err)
						}
					})
					channel := h.simulated(sim, adapter, "under-test", scheme+w.address)
					h.simulated(sim, "http", "fallback", direct.URL)
					timeout := "300ms"
					if stage.calls > 1 {
						timeout = "5s" // there is a second between the calls
					}
					_, _, err = h.engine.PutPolicy(t.Context(), h.tenant.ID, "two", fmt.Appendf(nil, `{"steps":[
						{"channel":%q,"accounts":["under-test"],"until":"delivered","timeout":%q},
						{"channel":"sms","accounts":["fallback"],"until":"sent","timeout":"1s"}],"ttl":"10m"}`, channel, timeout))
					h.must(err)
					for i := range rounds {
						w.client.CloseIdleConnections()
						w.next.Store(&stage.cut)
						acc, err := h.engine.Accept(t.Context(), h.caller, orchestrator.Submission{
							To: hostileNumber(i), Category: policy.Transaction, PolicyName: "two", Content: map[policy.Channel]channels.Content{
								policy.ZNS: {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}}, policy.SMS: {Text: "Ma 4821"},
							},
						})
						h.must(err)
						settled := func(v orchestrator.MessageView) bool {
							a := v.Attempts[0]
							return a.Status != policy.AttemptSending && (a.SentAt != nil || a.Calls == stage.calls && a.Status != policy.AttemptPending)
						}
						h.await(acc.Message.ID, settled)
						a := h.state(acc.Message.ID).Attempts[0]
						if a.Calls != stage.calls || stage.class != "" && a.Class != stage.class || stage.class == "" && a.SentAt == 0 {
							t.Errorf("after %d calls the attempt is %s, %s %s", a.Calls, a.Status, a.Class, a.Code)
						}
						if n := takenBy(sim, hexOf(models.AttemptID(a.MessageID, a.N))); n != stage.taken {
							t.Errorf("the provider took the attempt %d times, want %d", n, stage.taken)
						}
					}
					// What was not known is not called again when its time is over, either.
					if stage.class != "" {
						time.Sleep(700 * time.Millisecond)
					}
					for ref, n := range takenByReference(sim) {
						if n > 1 {
							t.Errorf("the provider took attempt %s %d times", ref, n)
						}
					}
					h.verify()
				})
			}
		}
	}
}

// simulated makes an account of an adapter that speaks to the simulator at base, and answers its channel.
func (h *hostile) simulated(sim *simulator.Simulator, adapter, name, base string) policy.Channel {
	h.t.Helper()
	switch adapter {
	case "zalo":
		oa := strconv.FormatInt(1e18+int64(len(h.accounts)), 10)
		sim.Register(simulator.Account{
			Provider: simulator.Zalo, ID: oa, AppID: "2" + oa, AppSecret: "app-secret", OASecret: "oa-secret", RefreshToken: "rt-" + oa, AccessToken: "at-" + oa, Quota: -1,
		})
		h.account(orchestrator.AccountInput{Name: name, Channel: policy.ZNS, Adapter: adapter}, settingsJSON(map[string]any{
			"app_id": "2" + oa, "app_secret": "app-secret", "oa_id": oa, "oa_secret": "oa-secret", "refresh_token": "rt-" + oa, "access_token": "at-" + oa,
			"api_url": base + "/zalo/api", "oauth_url": base + "/zalo/oauth",
		}))
		return policy.ZNS
	case "infobip":
		sim.Register(simulator.Account{Provider: simulator.Infobip, ID: "key-" + name})
		h.account(orchestrator.AccountInput{Name: name, Channel: policy.SMS, Adapter: adapter}, settingsJSON(map[string]any{
			"base_url": base + "/infobip", "api_key": "key-" + name, "sender": "ACME", "webhook_secret": "hook",
		}))
	default:
		sim.Register(simulator.Account{Provider: simulator.Gateway, ID: "user-" + name})
		h.account(orchestrator.AccountInput{Name: name, Channel: policy.SMS, Adapter: adapter}, strings.NewReplacer("BASE", base, "USER", "user-"+name).Replace(`{
			"request": {"url": "BASE/gateway/send", "auth": {"basic": {"user": "USER", "password": "x"}}, "content_type": "json",
				"body": {"from": "ACME", "to": "{{to_digits}}", "ref": "{{id}}", "text": "{{text}}"}},
			"response": {"success": [{"pointer": "/status", "equals": "ok"}], "provider_id": {"pointer": "/id"}, "code": {"pointer": "/code"}}}`))
	}
	return policy.SMS
}

func settingsJSON(m map[string]any) string {
	b, err := json.Marshal(m)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func takenBy(sim *simulator.Simulator, reference string) int { return takenByReference(sim)[reference] }

// takenByReference counts what the provider took of each attempt.
func takenByReference(sim *simulator.Simulator) map[string]int {
	out := map[string]int{}
	for _, c := range sim.Calls() {
		if c.Taken() {
			out[c.Reference]++
		}
	}
	return out
}
