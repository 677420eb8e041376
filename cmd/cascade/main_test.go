package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/orchestrator"
	"cascade/policy"
)

// program is the real service on a free port, and simulated providers beside it.
type program struct {
	t        *testing.T
	url      string
	adminKey string
	database string
	sim      *simulator.Simulator
	simURL   string
	stop     func()
}

func start(t *testing.T) *program {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Scale: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cascade.db")
	conf := settings{Listen: "127.0.0.1:0", EgressAllow: "127.0.0.0/8", ForgedPerMinute: 100, storage: storage{DatabaseURL: "sqlite://" + file}, logging: logging{LogLevel: "error"}}
	if err := conf.Validate(); err != nil {
		t.Fatal(err)
	}
	s, err := newService(t.Context(), conf, ln, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	p := &program{t: t, url: s.publicURL, adminKey: s.adminKey, database: conf.DatabaseURL, sim: sim, simURL: server.URL}
	p.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the service stopped with %v", err)
		}
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	t.Cleanup(p.stop)
	return p
}

// api makes one call and decodes its answer.
func (p *program) api(method, path, key, body string, want int, out any) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if resp.StatusCode != want {
		p.t.Fatalf("%s %s answers %d, want %d: %s", method, path, resp.StatusCode, want, raw)
	}
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			p.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
}

// furnish makes a tenant that can send on three channels, and answers its live and its test key.
func (p *program) furnish() (live, test string) {
	var tenant struct {
		ID     string `json:"id"`
		APIKey string `json:"api_key"`
	}
	p.api("POST", "/v1/tenants", p.adminKey, `{"name": "acme", "default_region": "VN", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"}`, 201, &tenant)
	var key struct {
		Key string `json:"key"`
	}
	p.api("POST", "/v1/tenants/"+tenant.ID+"/keys", p.adminKey, `{"mode": "test"}`, 201, &key)
	p.account(tenant.APIKey, "oa-main", "zns", "zalo", fmt.Sprintf(`{"api_url": "%[1]s/zalo/api", "oauth_url": "%[1]s/zalo/oauth", "app_id": "11",
		"app_secret": "app", "oa_id": "22", "oa_secret": "oa", "refresh_token": "refresh", "access_token": "access"}`, p.simURL))
	infobip := fmt.Sprintf(`{"base_url": "%s/infobip", "api_key": "key", "sender": "ACME", "webhook_secret": "hook"}`, p.simURL)
	p.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: "key"})
	p.account(tenant.APIKey, "viber-main", "viber", "infobip", infobip)
	p.account(tenant.APIKey, "sms-main", "sms", "infobip", infobip)
	p.api("PUT", "/v1/templates/order_shipped", tenant.APIKey, `{"category": "transaction",
		"params": [{"name": "order_id"}], "content": {"zns": {"template_id": "412345", "template_data": {"order_id": "{{order_id}}"}},
		"viber": {"text": "Don {{order_id}}"}, "sms": {"text": "Don {{order_id}}"}}}`, 200, nil)
	p.api("PUT", "/v1/prices", tenant.APIKey, demoPrices, 200, nil)
	p.api("PUT", "/v1/policies/default", tenant.APIKey, demoPolicy, 200, nil)
	return tenant.APIKey, key.Key
}

func (p *program) account(key, name, channel, adapter, settings string) {
	var made struct {
		ID         string `json:"id"`
		WebhookURL string `json:"webhook_url"`
	}
	p.api("POST", "/v1/channels", key, fmt.Sprintf(`{"name": %q, "channel": %q, "adapter": %q, "settings": %s}`, name, channel, adapter, settings), 201, &made)
	if adapter == "zalo" {
		p.sim.Register(simulator.Account{
			Provider: simulator.Zalo, ID: "22", AppID: "11", AppSecret: "app", OASecret: "oa", RefreshToken: "refresh", AccessToken: "access",
			WebhookURL: made.WebhookURL,
		})
	}
}

// command runs a client command against the program and answers its output.
func (p *program) command(key string, want int, args ...string) string {
	p.t.Helper()
	var out, talk bytes.Buffer
	args = append(args, "--url", p.url, "--api-key", key)
	if code := run(p.t.Context(), args, &streams{&out, &talk}); code != want {
		p.t.Fatalf("%v: exit %d, want %d: %s%s", args, code, want, out.String(), talk.String())
	}
	return out.String()
}

func TestProgram(t *testing.T) {
	p := start(t)
	live, test := p.furnish()

	t.Run("live", func(t *testing.T) {
		v := p.send(t, live, "+84900000001")
		if v.Status != policy.Delivered && v.Status != policy.Read || v.Channel != policy.ZNS || v.Test {
			t.Errorf("%s by %q, test %v; want it delivered by zns, live", v.Status, v.Channel, v.Test)
		}
		if !regexp.MustCompile(`ZNS .*(delivered|read)`).MatchString(p.command(live, exitOK, "explain", v.ID.String())) {
			t.Error("explain does not tell of the ZNS")
		}
	})
	t.Run("test mode is answered by the built-in simulator", func(t *testing.T) {
		calls := len(p.sim.Calls())
		v := p.send(t, test, "+84900000003")
		if v.Status != policy.Delivered && v.Status != policy.Read || v.Channel != policy.Viber || !v.Test {
			t.Errorf("%s by %q, test %v; want it delivered by viber, test", v.Status, v.Channel, v.Test)
		}
		if got := len(p.sim.Calls()); got != calls {
			t.Errorf("a test message made %d calls to the account's own address", got-calls)
		}
	})
	t.Run("test mode leaves the account's token alone", func(t *testing.T) {
		p.send(t, test, "+84900000012")
		if v := p.send(t, live, "+84900000001"); v.Channel != policy.ZNS {
			t.Errorf("after a refused token in test mode a live message went by %q: %+v", v.Channel, v.Attempts)
		}
		if n := p.sim.Refreshes(); n != 0 {
			t.Errorf("the live refresh token was spent %d times", n)
		}
	})
	t.Run("commands", func(t *testing.T) {
		if out := p.command(live, exitOK, "tail", "--no-follow", "--json"); strings.Count(out, "\n") < 2 {
			t.Errorf("tail tells only %q", out)
		}
		if out := p.command(live, exitOK, "costs"); !strings.Contains(out, "zns") || !strings.Contains(out, "₫") {
			t.Errorf("costs tells only %q", out)
		}
		if out := p.command(live, exitOK, "channels", "check", "viber-main"); !strings.Contains(out, "webhook") {
			t.Errorf("channels check tells only %q", out)
		}
		if out := p.command(live, exitOK, "channels"); !strings.Contains(out, "/hooks/zalo/") {
			t.Errorf("channels tells only %q", out)
		}
		var presets, complaint bytes.Buffer
		if code := run(t.Context(), []string{"channels", "presets"}, &streams{&presets, &complaint}); code != exitOK || !strings.Contains(presets.String(), "secrets.token") {
			t.Errorf("channels presets: exit %d, %s%s", code, presets.String(), complaint.String())
		}
		p.command(live, exitFailure, "channels", "check", "--json") // its OA has no approved template
		p.command(live, exitMissing, "channels", "check", "nobody")
		p.command(live, exitMissing, "explain", "0198a000-0000-7000-8000-000000000000")
		p.command(live, exitFailure, "send", "--to", "12", "--template", "order_shipped")
		var out, talk bytes.Buffer
		if code := run(t.Context(), []string{"health", "--listen", strings.TrimPrefix(p.url, "http://")}, &streams{&out, &talk}); code != exitOK {
			t.Errorf("health: exit %d with %s", code, talk.String())
		}
	})
	t.Run("metrics", func(t *testing.T) {
		rec := httptest.NewRecorder()
		metricsHandler(&orchestrator.Counters{}, new(atomic.Int64)).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
		for _, name := range []string{"cascade_messages_accepted_total", "cascade_timer_lateness_seconds_total", "go_goroutines"} {
			if !strings.Contains(rec.Body.String(), name) {
				t.Errorf("/metrics lacks %s", name)
			}
		}
	})

	t.Run("a person signs in", func(t *testing.T) {
		var out, talk bytes.Buffer
		args := []string{"user", "add", "Lan@shop.vn", "--role", "finance", "--url", p.url, "--admin-key"}
		if code := run(t.Context(), append(args, "not the key"), &streams{&out, &talk}); code != exitFailure {
			t.Errorf("with another key: exit %d: %s", code, talk.String())
		}
		if code := run(t.Context(), append(args, p.adminKey), &streams{&out, &talk}); code != exitOK {
			t.Fatalf("exit %d: %s", code, talk.String())
		}
		name, password, _ := strings.Cut(strings.TrimSpace(out.String()), "  finance  password ")
		var session struct {
			User    struct{ Name string }
			Version string
		}
		p.api("POST", "/v1/session", "", `{"name":"`+name+`","password":"`+password+`"}`, http.StatusOK, &session)
		if session.User.Name != "lan@shop.vn" || session.Version != version() {
			t.Errorf("session %+v after %q", session, out.String())
		}
	})

	p.stop()
	var out, talk bytes.Buffer
	t.Setenv("CASCADE_DATABASE_URL", p.database)
	if code := run(t.Context(), []string{"verify"}, &streams{&out, &talk}); code != exitOK {
		t.Errorf("verify: exit %d\n%s%s", code, out.String(), talk.String())
	}
}

// send sends a message by the command line and waits until it is final.
func (p *program) send(t *testing.T, key, to string) orchestrator.MessageView {
	t.Helper()
	out := p.command(key, exitOK, "send", "--to", to, "--template", "order_shipped", "-p", "order_id=A-1029", "--wait", "--json")
	var v orchestrator.MessageView
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return v
}

func TestEveryAdapterHasATestTwin(t *testing.T) {
	mode, err := startTestMode("http://127.0.0.1:1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := mode.stop(ctx); err != nil {
			t.Error(err)
		}
	})
	registry, err := adapters(mode)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range registry.Names() {
		spec, _ := registry.Get(name)
		for _, ch := range spec.Channels {
			if err := buildTwin(mode, registry, name, ch); err != nil {
				t.Errorf("%s on %s: %v", name, ch, err)
			}
		}
	}
}

func TestDemo(t *testing.T) {
	var out, talk bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--for", "20s", "--listen", "127.0.0.1:0"}, &streams{&out, &talk}); code != exitOK {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	if talk.Len() > 0 {
		t.Errorf("it complains: %s", talk.String())
	}
	text := out.String()
	for ending, pattern := range map[string]string{
		"delivered on ZNS":             `delivered by ZNS · .*\n +└ ZNS .* delivered +200 ₫`,
		"Viber after a ZNS timeout":    `delivered by Viber · .*\n +├ ZNS .* timed out .*\n +└ Viber .* delivered +470 ₫`,
		"SMS after a refusal":          `delivered by SMS · .*\n +├ ZNS .* refused.*\n +├ Viber .*\n +└ SMS .* delivered +820 ₫`,
		"a late receipt":               `its receipt came late`,
		"an unknown outcome, resolved": `the outcome was unknown, then a receipt proved it delivered`,
		"eSMS":                         `esms-zns reported it delivered`,
		"Vonage":                       `vonage-viber reported it delivered`,
		"Sinch":                        `sinch-sms reported it delivered`,
		"SMPP":                         `smpp-sms reported it delivered`,
		"an API key":                   `API key +cas_live_`,
		"a curl example":               `curl http://127\.0\.0\.1:\d+/v1/messages`,
		"a summary":                    `SMS alone would cost +[\d.]+ ₫`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("the trace does not show %s", ending)
		}
	}
	if strings.Contains(text, "\x1b[") {
		t.Error("colours without a terminal")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A live answer does not hold up a stop: it is told its end.
func TestStopEndsLiveAnswers(t *testing.T) {
	p := start(t)
	var tenant struct {
		APIKey string `json:"api_key"`
	}
	p.api("POST", "/v1/tenants", p.adminKey, `{"name":"acme"}`, http.StatusCreated, &tenant)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+"/v1/channels", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tenant.APIKey)
	req.Header.Set("Accept", "text/event-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p.stop()
	got, err := io.ReadAll(res.Body)
	if err != nil || !strings.HasPrefix(string(got), "event: state\n") || !strings.HasSuffix(string(got), "event: end\ndata: {\"final\": false}\n\n") {
		t.Errorf("the stream was %q: %v", got, err)
	}
}
