package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/policy"
)

// testMode answers for the providers when a test key sends. Its simulator lives on a loopback port of its own, which
// only this process knows how to reach past the egress rules.
type testMode struct {
	sim    *simulator.Simulator
	server *http.Server
	base   string // where the simulator answers, such as http://127.0.0.1:40001
	secret string // of this run; every credential of a test account is made from it
	hooks  string // where the service itself listens
}

// startTestMode runs the simulator. hooks is the service's own address, without a path.
func startTestMode(hooks string, log *slog.Logger) (*testMode, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	sim, err := simulator.New(simulator.Options{Log: log, Client: &http.Client{Transport: homing{hooks}, Timeout: 15 * time.Second}})
	if err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	t := &testMode{sim: sim, base: "http://" + ln.Addr().String(), secret: "test-" + rand.Text(), hooks: hooks}
	t.server = &http.Server{Handler: sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := t.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("test mode's simulator ended", "err", err)
		}
	}()
	return t, nil
}

func (t *testMode) stop(ctx context.Context) error {
	return errors.Join(t.sim.Close(), t.server.Shutdown(ctx))
}

// twin points an account at the simulator: every address and every credential is replaced, so that a test message cannot
// reach a carrier and a carrier's secret cannot reach the simulator. For most providers a plain gateway stands in.
func (t *testMode) twin(a models.Account) (adapter string, settings map[string][]byte) {
	own := t.secret + "-" + a.ID.String()
	switch a.Adapter {
	case "zalo":
		return a.Adapter, t.zalo(a, own)
	case "infobip":
		t.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: own, Quota: -1})
		return a.Adapter, texts(map[string]string{"base_url": t.base + "/infobip", "api_key": own, "webhook_secret": own})
	default:
		return "http", t.gateway(a, own)
	}
}

func (t *testMode) zalo(a models.Account, own string) map[string][]byte {
	app, oa := digitsOf(a.ID, 0), digitsOf(a.ID, 8)
	t.sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: oa, AppID: app, AppSecret: own, OASecret: own, AccessToken: own, TokenLife: 100 * 365 * 24 * time.Hour,
		Quota: -1, WebhookURL: t.hook(a),
	})
	return texts(map[string]string{
		"api_url": t.base + "/zalo/api", "openapi_url": t.base + "/zalo/openapi", "oauth_url": t.base + "/zalo/oauth",
		"app_id": app, "app_secret": own, "oa_id": oa, "oa_secret": own, "refresh_token": own, "access_token": own, "appsecret_proof": "false",
	})
}

// gateway is the http adapter with a plain gateway behind it.
func (t *testMode) gateway(a models.Account, own string) map[string][]byte {
	t.sim.Register(simulator.Account{Provider: simulator.Gateway, ID: own, Quota: -1, WebhookURL: t.hook(a), WebhookSecret: own})
	text := "{{text}}"
	if a.Channel == policy.ZNS { // has no text, and the gateway wants one
		text = "ZNS"
	}
	auth := map[string]any{"basic": map[string]string{"user": "{{secret.user}}", "password": "x"}}
	return documents(map[string]any{
		"from":    "TEST",
		"secrets": map[string]string{"user": own, "hook": own},
		"request": map[string]any{
			"method": "POST", "url": t.base + "/gateway/send", "auth": auth, "content_type": "json",
			"body": map[string]string{"from": "{{from}}", "to": "{{to_digits}}", "text": text, "ref": "{{id}}", "channel": string(a.Channel)},
		},
		"response": map[string]any{
			"success":     []any{map[string]any{"pointer": "/status", "equals": "ok"}},
			"provider_id": map[string]string{"pointer": "/id"}, "code": map[string]string{"pointer": "/code"},
			"code_map": map[string]string{"unknown_user": "refused_recipient", "throttled": "throttled", "quota": "account", "unauthorized": "account"},
		},
		"receipt": map[string]any{
			"id": map[string]string{"pointer": "/ref", "kind": "ours"}, "status": map[string]string{"pointer": "/status"},
			"status_map": map[string]string{"delivered": "delivered", "read": "read", "failed": "failed", "default": "ignored"},
			"verify":     map[string]string{"token": "{{secret.hook}}"},
		},
		"status": map[string]any{
			"request":    map[string]any{"url": t.base + "/gateway/status", "query": map[string]string{"ref": "{{id}}"}, "auth": auth},
			"not_found":  []any{map[string]any{"pointer": "/code", "equals": "unknown_id"}},
			"status":     map[string]string{"pointer": "/status"},
			"status_map": map[string]string{"sent": "sent", "delivered": "delivered", "read": "read", "failed": "failed", "default": "ignored"},
		},
	})
}

func (t *testMode) hook(a models.Account) string {
	return t.hooks + "/hooks/" + a.Adapter + "/" + a.ID.String()
}

// owns reports whether an access token is a test account's.
func (t *testMode) owns(token string) bool { return strings.HasPrefix(token, t.secret+"-") }

// detach makes an adapter's test twin keep its token to itself: a refusal in test mode must neither read nor renew the
// pair of the real account.
func (t *testMode) detach(spec channels.Spec) channels.Spec {
	build := spec.New
	spec.New = func(c channels.Config) (channels.Adapter, error) {
		if t.owns(c.String("access_token")) {
			c.Tokens = nil
		}
		return build(c)
	}
	return spec
}

// transport sends what is for the simulator to it, and everything else by way of the egress rules.
func (t *testMode) transport(guarded http.RoundTripper) http.RoundTripper {
	return &shunt{host: strings.TrimPrefix(t.base, "http://"), inside: channels.NewHTTPClient(nil).Transport, outside: guarded, owns: t.owns}
}

// shunt parts the simulator's traffic from the world's. Only calls with a test account's credentials pass: the
// simulator's address tells a tenant who guesses it nothing.
type shunt struct {
	host            string
	inside, outside http.RoundTripper
	owns            func(string) bool
}

// RoundTrip implements http.RoundTripper.
func (s *shunt) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != s.host || !s.knows(r) {
		return s.outside.RoundTrip(r)
	}
	return s.inside.RoundTrip(r)
}

func (s *shunt) knows(r *http.Request) bool {
	user, _, _ := r.BasicAuth()
	key, _ := strings.CutPrefix(r.Header.Get("Authorization"), "App ")
	if s.owns(user) || s.owns(key) {
		return true
	}
	for name, values := range r.Header { // Zalo's adapter writes the name as Zalo's documents do, not canonically
		if strings.EqualFold(name, "access_token") && slices.ContainsFunc(values, s.owns) {
			return true
		}
	}
	return false
}

// homing brings the simulator's webhooks to the service itself, whatever public address they are for.
type homing struct{ base string }

// RoundTrip implements http.RoundTripper.
func (h homing) RoundTrip(r *http.Request) (*http.Response, error) {
	home := r.Clone(r.Context())
	home.URL.Scheme, home.URL.Host, _ = strings.Cut(h.base, "://")
	return http.DefaultTransport.RoundTrip(home)
}

// digitsOf makes a number of 18 digits, as Zalo's ids are, from half of an account's id.
func digitsOf(id uuid.UUID, from int) string {
	n, _ := strconv.ParseUint(hex.EncodeToString(id[from:from+8]), 16, 64)
	return strconv.FormatUint(n%9e17+1e17, 10)
}

func texts(in map[string]string) map[string][]byte {
	out := make(map[string][]byte, len(in))
	for name, value := range in {
		out[name] = []byte(strconv.Quote(value))
	}
	return out
}

func documents(in map[string]any) map[string][]byte {
	out := make(map[string][]byte, len(in))
	for name, value := range in {
		raw, err := json.Marshal(value)
		if err != nil { // texts, lists and objects of them always marshal
			continue
		}
		out[name] = raw
	}
	return out
}
