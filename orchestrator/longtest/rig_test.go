// Package longtest holds tests whose full size takes long: whole engines against the provider simulator, most of them in
// virtual time, no socket. An ordinary test run plays them small; `go test ./orchestrator/longtest -longtest.full` plays
// them as large as they are meant.
package longtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/httpgw"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/smpp"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

var (
	full  = flag.Bool("longtest.full", false, "play every test at its full size")
	scale = flag.Float64("longtest.scale", 1, "multiplies the sizes of an ordinary run")
)

// size is how many of something a test plays.
func size(ordinary, whole int) int {
	if *full {
		return whole
	}
	return max(1, int(float64(ordinary)**scale))
}

// setup says how a world is made; its zero value is one node on a database of the test's own, with right clocks.
type setup struct {
	// open gives a node its connection to the database; nil opens one SQLite file for all.
	open func(i int) *models.Store
	// database is the clock of the SQLite database and of the provider; nil is right.
	database func() time.Time
	// clocks are how wrong each node's clock is; as many nodes.
	clocks []time.Duration
	// fault is asked by each node's connection at every point; nil: nothing fails.
	fault func(ctx context.Context, point models.FaultPoint) error
	// carry takes a webhook to us and answers the status; nil: straight to a node.
	carry func(w *world, h webhook) int
	sim   simulator.Options
	// dial connects adapters that do not speak HTTP; nil: none is used.
	dial channels.Dial
}

// world is a database, the providers and the nodes.
type world struct {
	t       *testing.T
	setup   setup
	store   *models.Store // the first node's, without faults
	stores  []*models.Store
	sim     *simulator.Simulator
	nodes   []*node
	turn    atomic.Int64
	servers sync.WaitGroup // requests inside the simulator
}

// node is one replica. Its clock may be set while it runs.
type node struct {
	engine *orchestrator.Engine
	clock  *atomic.Int64 // nanoseconds
	asked  *atomic.Int64 // how often it went to the database
	end    context.CancelFunc
	upkeep sync.WaitGroup
}

// epoch is when worlds in virtual time begin, unless a test says otherwise: ten in the morning in Vietnam.
var epoch = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// virtual runs fn in a bubble of virtual time, from epoch on.
func virtual(t *testing.T, fn func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(epoch))
		fn(t)
	})
}

// newWorld is ready to send once it has a customer.
func newWorld(t *testing.T, s setup) *world {
	t.Helper()
	if s.database == nil {
		s.database = time.Now
	}
	if len(s.clocks) == 0 {
		s.clocks = []time.Duration{0}
	}
	w := &world{t: t, setup: s}
	if s.open == nil {
		store := w.openSQLite()
		s.open = func(int) *models.Store { return store }
	}
	for i := range s.clocks {
		w.stores = append(w.stores, s.open(i))
	}
	w.store = w.stores[0]
	s.sim.Client, s.sim.Now = &http.Client{Transport: post{w}}, s.database
	sim, err := simulator.New(s.sim)
	w.must(err)
	w.sim = sim
	w.startNodes()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil { // first, so that no webhook meets a stopped engine
			t.Error("simulator:", err)
		}
		w.stopNodes()
		w.servers.Wait()
	})
	return w
}

// openSQLite makes a database in memory where the system has such a place: commits of worlds in virtual time need no disk.
func (w *world) openSQLite() *models.Store {
	empty, err := migrated()
	w.must(err)
	dir, err := os.MkdirTemp(memoryDir(), "longtest")
	w.must(err)
	w.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "cascade.db")
	w.must(os.WriteFile(file, empty, 0o600))
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	w.must(err)
	store, err := models.Open(w.t.Context(), models.Options{URL: "sqlite://" + file, Keys: keys, Now: w.setup.database})
	w.must(err)
	w.t.Cleanup(func() {
		if err := store.Close(); err != nil {
			w.t.Error("close the database:", err)
		}
	})
	return store
}

// memoryDir is where files are fast; "" where the system has no such place.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// migrated is an empty SQLite database, for every world to copy.
var migrated = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp(memoryDir(), "longtest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "cascade.db")
	store, err := models.Open(context.Background(), models.Options{URL: "sqlite://" + name, Now: time.Now})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(store.Migrate(context.Background()), store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
})

// shared gives every node a connection of its own to one database; on SQLite they share one, as a process does.
func shared(t *testing.T, dialect string) func(int) *models.Store {
	t.Helper()
	address := modelstest.OpenURL(t, dialect)
	if dialect == models.Postgres {
		return func(int) *models.Store { return modelstest.OpenAt(t, address) }
	}
	store := modelstest.OpenAt(t, address)
	return func(int) *models.Store { return store }
}

// startNodes begins every node.
func (w *world) startNodes() {
	w.t.Helper()
	for i, wrong := range w.setup.clocks {
		w.nodes = append(w.nodes, w.startNode(i, wrong))
	}
}

func (w *world) startNode(i int, wrong time.Duration) *node {
	w.t.Helper()
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec(), smpp.Spec(), httpgw.Spec())
	w.must(err)
	n := &node{clock: new(atomic.Int64), asked: new(atomic.Int64)}
	n.clock.Store(int64(wrong))
	n.engine = orchestrator.New(orchestrator.Options{
		Store: w.stores[i].Faulty(func(ctx context.Context, point models.FaultPoint) error {
			if point == models.BeforeRead || point == models.BeforeBegin {
				n.asked.Add(1)
			}
			if w.setup.fault == nil {
				return nil
			}
			return w.setup.fault(ctx, point)
		}),
		Registry: registry, HTTP: &http.Client{Transport: wire{w}}, Callbacks: &http.Client{Transport: wire{w}}, Dial: w.setup.dial, PublicURL: hooksURL,
		Now: func() time.Time { return time.Now().Add(time.Duration(n.clock.Load())) },
	})
	ctx, end := context.WithCancel(context.Background())
	n.end = end
	w.must(n.engine.Start(ctx))
	n.upkeep.Go(func() { n.keepUp(ctx) })
	return n
}

// keepUp runs the jobs that matter within minutes, as the service's cron does.
func (n *node) keepUp(ctx context.Context) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, job := range n.engine.Upkeep() {
			if job.Name == "clock" || job.Name == "tokens" {
				_ = job.Run(ctx) // comes again
			}
		}
	}
}

// stopNodes ends every node in good order.
func (w *world) stopNodes() {
	for _, n := range w.nodes {
		n.end()
		n.upkeep.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		if err := n.engine.Stop(ctx); err != nil {
			w.t.Error("engine:", err)
		}
		cancel()
	}
	w.nodes = nil
}

// engine answers a node's engine, each in its turn.
func (w *world) engine() *orchestrator.Engine {
	return w.nodes[int(w.turn.Add(1))%len(w.nodes)].engine
}

// customer is a tenant with accounts, prices and policies of its own.
type customer struct {
	w        *world
	tenant   models.Tenant
	caller   orchestrator.Caller
	accounts map[string]models.Account
}

const priceBook = `{"prices":[
	{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"200","currency":"VND"},"valid_from":"1999-01-01T00:00:00Z"},
	{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"1999-01-01T00:00:00Z"},
	{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"1999-01-01T00:00:00Z"}]}`

// newCustomer makes a customer in Vietnam, whose tenant may be changed before it is stored.
func (w *world) newCustomer(with ...func(*models.Tenant)) *customer {
	w.t.Helper()
	now := w.setup.clockOfDatabase().UnixMilli()
	c := &customer{w: w, accounts: map[string]models.Account{}, tenant: models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: "acme-" + uuid.NewString()[:8], DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}}
	for _, change := range with {
		change(&c.tenant)
	}
	key, _ := models.NewAPIKey(c.tenant.ID, "live", nil, now)
	w.must(w.store.CreateTenant(w.t.Context(), c.tenant, key))
	w.must(w.store.PutPrices(w.t.Context(), c.tenant.ID, []byte(priceBook), now))
	c.caller = orchestrator.Caller{TenantID: c.tenant.ID}
	return c
}

func (s setup) clockOfDatabase() time.Time {
	if s.database == nil {
		return time.Now()
	}
	return s.database()
}

// pace is what an account may do.
type pace struct {
	perSecond   float64
	concurrency int64
}

// addZalo makes the ZNS account oa-main.
func (c *customer) addZalo(p pace) { c.addOA("oa-main", p) }

// addOA makes a ZNS account, and answers the simulator's id of it.
func (c *customer) addOA(name string, p pace) string {
	oa := fmt.Sprint(uint64(uuid.New().ID()) + 1e18)
	secret := simulator.Account{
		Provider: simulator.Zalo, ID: oa, AppID: "2" + oa, AppSecret: "app-secret", OASecret: "oa-secret", RefreshToken: "rt-" + oa, AccessToken: "at-" + oa, Quota: -1,
	}
	a := c.account(name, policy.ZNS, "zalo", p, map[string]any{
		"app_id": secret.AppID, "app_secret": secret.AppSecret, "oa_id": oa, "oa_secret": secret.OASecret, "refresh_token": secret.RefreshToken,
		"access_token": secret.AccessToken, "api_url": providerURL + "/zalo/api", "oauth_url": providerURL + "/zalo/oauth",
	})
	secret.WebhookURL = c.w.engine().HookURL(a)
	c.w.sim.Register(secret)
	return oa
}

// addInfobip makes an account of a channel, and answers the simulator's id of it.
func (c *customer) addInfobip(ch policy.Channel, p pace) string {
	key := "key-" + string(ch) + "-" + c.tenant.ID.String()[24:]
	c.w.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: key})
	c.account(string(ch)+"-main", ch, "infobip", p, map[string]any{
		"base_url": providerURL + "/infobip", "api_key": key, "sender": "ACME", "webhook_secret": "hook-secret",
	})
	return key
}

// addGateway makes an SMS account whose receipts know the provider's id only.
func (c *customer) addGateway(p pace) {
	user := "user-" + c.tenant.ID.String()[24:]
	a := c.account("gateway", policy.SMS, "http", p, map[string]any{
		"request": map[string]any{
			"url": providerURL + "/gateway/send", "auth": map[string]any{"basic": map[string]any{"user": user, "password": "x"}}, "content_type": "json",
			"body": map[string]any{"from": "ACME", "to": "{{to_digits}}", "ref": "{{id}}", "text": "{{text}}"},
		},
		"response": map[string]any{
			"success":     []any{map[string]any{"pointer": "/status", "equals": "ok"}},
			"provider_id": map[string]any{"pointer": "/id"}, "code": map[string]any{"pointer": "/code"},
		},
		"receipt": map[string]any{
			"id": map[string]any{"pointer": "/id", "kind": "provider"}, "status": map[string]any{"pointer": "/status"},
			"status_map": map[string]any{"delivered": "delivered", "failed": "failed"}, "at": map[string]any{"pointer": "/at", "format": "unix"}, "verify": map[string]any{"token": "{{secret.hook}}"},
		},
		"secrets": map[string]any{"hook": "h00k"},
	})
	c.w.sim.Register(simulator.Account{Provider: simulator.Gateway, ID: user, WebhookURL: c.w.engine().HookURL(a), WebhookSecret: "h00k"})
}

func (c *customer) account(name string, ch policy.Channel, adapter string, p pace, settings map[string]any) models.Account {
	c.w.t.Helper()
	raw := map[string]json.RawMessage{}
	for k, v := range settings {
		b, err := json.Marshal(v)
		c.w.must(err)
		raw[k] = b
	}
	if p.perSecond == 0 {
		p.perSecond = 5000
	}
	if p.concurrency == 0 {
		p.concurrency = 256
	}
	a, err := c.w.engine().CreateAccount(c.w.t.Context(), c.tenant.ID, orchestrator.AccountInput{
		Name: name, Channel: ch, Adapter: adapter, Settings: raw, PerSecond: p.perSecond, Concurrency: p.concurrency,
	})
	c.w.must(err)
	c.accounts[name] = a
	c.w.reload()
	return a
}

// policy puts a policy.
func (c *customer) policy(name, body string) {
	c.w.t.Helper()
	_, _, err := c.w.engine().PutPolicy(c.w.t.Context(), c.tenant.ID, name, []byte(body))
	c.w.must(err)
	c.w.reload()
}

func (w *world) reload() {
	for _, n := range w.nodes {
		n.engine.Reload()
	}
}

// submission is a message with content for every channel.
func submission(to, policyName string) orchestrator.Submission {
	return orchestrator.Submission{To: to, Category: policy.Transaction, PolicyName: policyName, Content: map[policy.Channel]channels.Content{
		policy.ZNS:   {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}},
		policy.Viber: {Text: "Đơn A-1029 đã gửi"},
		policy.SMS:   {Text: "Don A-1029 da gui"},
	}}
}

// phone is a number of its own for every n up to ten million.
func phone(n int) string { return fmt.Sprintf("+8491%07d", n) }

// send accepts one message.
func (c *customer) send(sub orchestrator.Submission) uuid.UUID {
	c.w.t.Helper()
	acc, err := c.w.engine().Accept(c.w.t.Context(), c.caller, sub)
	c.w.must(err)
	return acc.Message.ID
}

// sendAll accepts messages in batches.
func (c *customer) sendAll(subs []orchestrator.Submission) (ids []uuid.UUID) {
	c.w.t.Helper()
	for batch := range slices.Chunk(subs, 500) {
		for _, out := range c.w.engine().AcceptBatch(c.w.t.Context(), c.caller, batch) {
			c.w.must(out.Err)
			ids = append(ids, out.Accepted.Message.ID)
		}
	}
	return ids
}

// states reads messages as they are stored.
func (c *customer) states(ids []uuid.UUID) []*models.State {
	c.w.t.Helper()
	var out []*models.State
	for page := range slices.Chunk(ids, 500) {
		refs := make([]models.Ref, len(page))
		for i, id := range page {
			refs[i] = models.Ref{TenantID: c.tenant.ID, ID: id}
		}
		loaded, err := c.w.store.LoadStates(c.w.t.Context(), refs)
		c.w.must(err)
		for _, ref := range refs {
			if loaded[ref] == nil {
				c.w.t.Fatalf("message %s was accepted and is not there", ref.ID)
			}
			out = append(out, loaded[ref])
		}
	}
	return out
}

// await waits until every message has its final status, and answers them.
func (c *customer) await(ids []uuid.UUID, most, every time.Duration) []*models.State {
	c.w.t.Helper()
	limit := time.Now().Add(most)
	for open := ids; ; time.Sleep(every) {
		var still []uuid.UUID
		var one *models.State
		for _, st := range c.states(open) {
			if !st.Message.Status.Final() {
				still, one = append(still, st.Message.ID), st
			}
		}
		if open = still; len(open) == 0 {
			return c.states(ids)
		}
		if time.Now().After(limit) {
			c.w.t.Fatalf("%d of %d messages have no final status after %s, such as %s: %s, %s, due at %s: %+v",
				len(open), len(ids), most, one.Message.ID, one.Message.Status, one.Message.Reason, time.UnixMilli(one.Message.DueAt), one.Attempts)
		}
	}
}

// verify runs the checker, and looks in the provider's log for calls that should not have been made.
func (w *world) verify() {
	w.t.Helper()
	w.must(w.store.Verify(w.t.Context(), func(v models.Violation) error {
		w.t.Errorf("invariant %s: %s (message %s)", v.Invariant, v.What, v.MessageID)
		return nil
	}))
	before := map[string]simulator.Call{}
	for _, c := range w.sim.Calls() {
		if c.Reference == "" {
			continue
		}
		if old, again := before[c.Reference]; again && (old.Taken() || old.Outcome != simulator.OutcomeRefused) {
			w.t.Errorf("attempt %s was called again at %s on %s after %s at %s", c.Reference, c.At, c.Channel, old.Outcome, old.At)
		}
		before[c.Reference] = c
	}
}

// callsOf are the provider's calls by attempt.
func (w *world) callsOf() map[string][]simulator.Call {
	out := map[string][]simulator.Call{}
	for _, c := range w.sim.Calls() {
		out[c.Reference] = append(out[c.Reference], c)
	}
	return out
}

// reference is what attempt n of a message is called on the wire.
func reference(message uuid.UUID, n int64) string {
	id := models.AttemptID(message, n)
	return hex.EncodeToString(id[:])
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// webhook is a provider's call to us.
type webhook struct {
	adapter string
	account uuid.UUID
	hook    channels.Hook
}

// deliver gives a webhook to a node, as package web does, and answers the HTTP status.
func (w *world) deliver(ctx context.Context, h webhook) int {
	_, err := w.engine().Hook(ctx, h.adapter, h.account, h.hook)
	switch {
	case err == nil:
		return http.StatusOK
	case errors.Is(err, orchestrator.ErrForged):
		return http.StatusUnauthorized
	case errors.Is(err, models.ErrNotFound):
		return http.StatusNotFound
	default:
		return http.StatusServiceUnavailable
	}
}

// post carries the simulator's webhooks.
type post struct{ w *world }

// RoundTrip makes a webhook arrive.
func (p post) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	dir, id := path.Split(req.URL.Path)
	account, err := uuid.Parse(id)
	if err != nil {
		return nil, err
	}
	h := webhook{path.Base(dir), account, channels.Hook{Method: req.Method, URL: req.URL.String(), Header: arrived(req.Header), Body: body}}
	status := 0
	if p.w.setup.carry != nil {
		status = p.w.setup.carry(p.w, h)
	} else {
		status = p.w.deliver(req.Context(), h)
	}
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: req, Header: http.Header{}}, nil
}

// arrived is a header as a server reads it: some names are sent in a spelling of the provider's.
func arrived(sent http.Header) http.Header {
	h := http.Header{}
	for name, values := range sent {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	return h
}

// digitsOf is a number as the provider's log has it.
func digitsOf(to string) string { return strings.TrimPrefix(to, "+") }
