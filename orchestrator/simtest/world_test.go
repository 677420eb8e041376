package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// epoch is when every run begins: ten in the morning in Vietnam.
var epoch = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// world is one run: a database, the providers, some replicas, and what befalls them.
type world struct {
	t     *testing.T
	s     scenario
	start time.Time
	calm  atomic.Bool // nothing goes wrong
	store *models.Store
	sim   *simulator.Simulator
	judge *judge
	app   *app // nil: it does not listen

	tenant  models.Tenant
	zalo    string // the simulator's ids of the accounts
	infobip []string

	slots   []atomic.Pointer[replica]
	bodies  sync.WaitGroup // faults and dead replicas
	scripts sync.WaitGroup
	told    atomic.Bool    // every script is over
	servers sync.WaitGroup // requests inside the simulator

	mu     sync.Mutex
	counts map[string]int64
}

// run plays a seed and answers a digest of how it ended, and what broke.
func run(t *testing.T, s scenario, database []byte) (digest string, broken []string) {
	time.Sleep(time.Until(epoch))
	w := &world{t: t, s: s, slots: make([]atomic.Pointer[replica], s.replicas), counts: map[string]int64{}}
	w.judge = newJudge(w)
	w.calm.Store(true)
	w.open(database)
	w.furnish()
	w.start = time.Now()
	w.calm.Store(false)
	for i := 1; i < s.replicas; i++ {
		w.slots[i].Store(newReplica(w, i))
	}
	w.scheduleFaults()
	for i, m := range s.messages {
		w.scripts.Go(func() { w.live(i, m) })
	}
	w.bodies.Go(func() { w.scripts.Wait(); w.told.Store(true) })
	w.sleepUntil(s.faultsEnd)
	w.calm.Store(true)
	w.judge.inspect()
	if w.judge.alive(w.settle()); s.concurrency == 1 && len(s.account) == 0 {
		w.probe()
	}
	w.close()
	digest = w.judge.verdict()
	if err := w.store.Close(); err != nil {
		t.Error("close the database: ", err)
	}
	return digest, w.judge.broken
}

// open makes the database and the providers.
func (w *world) open(database []byte) {
	dir, err := os.MkdirTemp(memoryDir(), "simtest")
	w.must(err)
	w.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "cascade.db")
	w.must(os.WriteFile(file, database, 0o600))
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	w.must(err)
	w.store, err = models.Open(context.Background(), models.Options{URL: "sqlite://" + file, Keys: keys, Now: time.Now, MaxConns: 2})
	w.must(err)
	w.sim, err = simulator.New(simulator.Options{Scale: scale, WebhookWorkers: 8, Client: &http.Client{Transport: &post{w}}})
	w.must(err)
	for _, m := range w.s.messages {
		for _, rule := range m.rules {
			w.sim.SetRule(m.phone, rule)
		}
	}
}

// memoryDir is where files are fast, if the system has such a place.
func memoryDir() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// furnish makes a tenant that can send.
func (w *world) furnish() {
	ctx := context.Background()
	now := time.Now().UnixMilli()
	w.tenant = models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
		CapDay: w.s.cap, UnreachableFor: w.s.remember.Milliseconds(),
	}
	key, _ := models.NewAPIKey(w.tenant.ID, "live", nil, now)
	w.must(w.store.CreateTenant(ctx, w.tenant, key))
	first := newReplica(w, 0)
	w.slots[0].Store(first)
	w.addZalo(first.engine)
	w.addInfobip(first.engine, "viber-main", policy.Viber)
	w.addInfobip(first.engine, "sms-main", policy.SMS)
	w.must(w.store.PutPrices(ctx, w.tenant.ID, []byte(`{"prices":[
		{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), now))
	if w.s.app.listens {
		w.app = newApp(w)
		w.app.listen(ctx, w.tenant.ID, now)
	}
	for name, body := range policies {
		_, err := w.store.PutPolicy(ctx, w.tenant.ID, name, []byte(body), now)
		w.must(err)
	}
}

func (w *world) addZalo(e *orchestrator.Engine) {
	w.zalo = "1000000000000000001"
	secret := simulator.Account{
		Provider: simulator.Zalo, ID: w.zalo, AppID: "2000000000000000001", AppSecret: "app-secret", OASecret: "oa-secret",
		RefreshToken: "rt", AccessToken: "at", Quota: -1,
	}
	a := w.account(e, "oa-main", policy.ZNS, "zalo", map[string]string{
		"app_id": secret.AppID, "app_secret": secret.AppSecret, "oa_id": w.zalo, "oa_secret": secret.OASecret,
		"refresh_token": secret.RefreshToken, "access_token": secret.AccessToken,
		"api_url": providerURL + "/zalo/api", "oauth_url": providerURL + "/zalo/oauth",
	})
	secret.WebhookURL = e.HookURL(a)
	w.sim.Register(secret)
}

func (w *world) addInfobip(e *orchestrator.Engine, name string, ch policy.Channel) {
	w.infobip = append(w.infobip, "key-"+name)
	w.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: "key-" + name})
	w.account(e, name, ch, "infobip", map[string]string{
		"base_url": providerURL + "/infobip", "api_key": "key-" + name, "sender": "ACME", "webhook_secret": "hook-secret-" + name,
	})
}

func (w *world) account(e *orchestrator.Engine, name string, ch policy.Channel, adapter string, settings map[string]string) models.Account {
	raw := map[string]json.RawMessage{}
	for k, v := range settings {
		b, err := json.Marshal(v)
		w.must(err)
		raw[k] = b
	}
	a, err := e.CreateAccount(context.Background(), w.tenant.ID, orchestrator.AccountInput{
		Name: name, Channel: ch, Adapter: adapter, Settings: raw, PerSecond: w.s.perSecond, Concurrency: w.s.concurrency,
	})
	w.must(err)
	return a
}

// scheduleFaults sets off what goes wrong at a time.
func (w *world) scheduleFaults() {
	at := func(d time.Duration, f func()) {
		w.bodies.Go(func() {
			if w.sleepUntil(d); w.faulty() {
				f()
			}
		})
	}
	for _, c := range w.s.crash {
		at(c.at, func() { w.replica(c.replica).crash.Store(&c) })
	}
	for _, f := range w.s.freeze {
		at(f.at, func() {
			end := min(f.at+f.length, w.s.faultsEnd)
			w.replica(f.replica).frozen.Store(w.start.Add(end).UnixNano())
			w.reach("replica_frozen")
		})
	}
	for _, d := range w.s.deploy {
		at(d.at, func() { w.deploy(d.replica) })
	}
	for _, s := range w.s.steps {
		at(s.at, func() { w.replica(s.replica).clock.Add(int64(s.by)); w.reach("clock_stepped") })
	}
	for _, d := range w.s.expire {
		at(d, w.sim.ExpireTokens)
	}
	for _, f := range w.s.account {
		at(f.from, func() {
			w.fault(f.zalo, f.fault)
			w.sleepUntil(min(f.to, w.s.faultsEnd))
			w.fault(f.zalo, "")
		})
	}
}

// fault breaks a provider's accounts, or mends them.
func (w *world) fault(zalo bool, fault string) {
	if zalo {
		w.sim.SetAccountFault(simulator.Zalo, w.zalo, fault)
		return
	}
	for _, id := range w.infobip {
		w.sim.SetAccountFault(simulator.Infobip, id, fault)
	}
}

// live plays one message: the app sends it, repeats itself, changes its mind.
func (w *world) live(i int, m script) {
	w.sleepUntil(m.at)
	id, ok := w.submit(i, m, "first")
	if m.twin > 0 {
		time.Sleep(m.twin)
		again, twice := w.submit(i, m, "twin")
		if ok && twice && id != again {
			w.judge.blame("the key of message %d answers %s and %s", i, id, again)
		}
	}
	if !ok {
		return
	}
	if m.cancel > 0 {
		time.Sleep(m.cancel)
		w.tell("cancel", i, id, (*orchestrator.Engine).Cancel)
	}
	if m.confirm > 0 {
		time.Sleep(m.confirm)
		w.tell("confirm", i, id, (*orchestrator.Engine).Confirm)
	}
}

// submit sends a message until it is answered; only a request with a key is repeated.
func (w *world) submit(i int, m script, which string) (uuid.UUID, bool) {
	sub := orchestrator.Submission{
		To: "+" + m.phone, Category: policy.Transaction, PolicyName: m.policy, TTL: policy.Duration(m.ttl),
		Content: map[policy.Channel]channels.Content{
			policy.ZNS:   {TemplateID: "412345", TemplateData: map[string]string{"order": "A-1029"}},
			policy.Viber: {Text: "Đơn A-1029 đã gửi"},
			policy.SMS:   {Text: "Don A-1029 da gui"},
		},
	}
	if m.sendIn > 0 {
		sub.SendAt = w.start.Add(m.at + m.sendIn)
	}
	if m.key {
		sub.IdempotencyKey, sub.RequestHash = fmt.Sprint("key-", i), fmt.Sprint("hash-", i)
	}
	for try := range 8 {
		r := w.anyReplica(fmt.Sprint("accept ", which, i), int64(try))
		got, err := r.engine.Accept(context.Background(), orchestrator.Caller{TenantID: w.tenant.ID}, sub)
		_, busy := errors.AsType[*orchestrator.BusyError](err)
		_, full := errors.AsType[*orchestrator.CapError](err)
		switch {
		case full && w.s.cap > 0:
			w.reach("cap_refused")
			return uuid.Nil, false
		case err == nil && !r.dead.Load():
			w.judge.accepted(i, got)
			return got.Message.ID, true
		case err != nil && !busy && !r.dead.Load():
			w.judge.blame("message %d was not accepted: %v", i, err)
			return uuid.Nil, false
		case !m.key:
			return uuid.Nil, false
		}
		time.Sleep(time.Second)
	}
	return uuid.Nil, false
}

// tell brings an app's own fact.
func (w *world) tell(what string, i int, id uuid.UUID, do func(*orchestrator.Engine, context.Context, uuid.UUID, uuid.UUID) (orchestrator.MessageView, error)) {
	r := w.anyReplica(what, int64(i))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	view, err := do(r.engine, ctx, w.tenant.ID, id)
	switch {
	case r.dead.Load():
	case err == nil:
		w.judge.told(what, id, view)
	case errors.Is(err, models.ErrNotFound):
		w.judge.blame("message %d (%s) was accepted and is not found", i, id)
	}
}

// settle waits until every message has ended and receipts had time to come late; false if some did not.
func (w *world) settle() bool {
	for {
		open, last := 0, time.Now()
		for _, m := range w.messages() {
			if m.Status.Final() && m.DueAt == 0 {
				continue
			}
			open++
			if end := time.UnixMilli(m.ExpiresAt); end.After(last) {
				last = end
			}
		}
		switch {
		case open == 0 && w.told.Load() && !w.app.waits():
			time.Sleep(15 * time.Second)
			return true
		case time.Since(last) > 0 && time.Since(w.start) > w.s.faultsEnd+10*time.Minute:
			return false
		}
		time.Sleep(2 * time.Second)
	}
}

// probe sends one message through each replica after the storm: a place for a call that was not given back would
// show, for there is only one.
func (w *world) probe() {
	time.Sleep(30 * time.Second) // accounts that rest are back
	for slot := range w.slots {
		r := w.replica(slot)
		got, err := r.engine.Accept(context.Background(), orchestrator.Caller{TenantID: w.tenant.ID}, orchestrator.Submission{
			To: fmt.Sprintf("+8499900000%d", slot), Category: policy.Transaction, PolicyName: "probe",
			Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "Don A-1029 da gui"}},
		})
		if _, full := errors.AsType[*orchestrator.CapError](err); full && w.s.cap > 0 {
			continue
		}
		if err != nil {
			w.judge.blame("replica %d does not heal: %v", slot, err)
			return
		}
		time.Sleep(3 * time.Second)
		w.judge.probed(r, got.Message.ID)
		w.reach("probed")
	}
}

// hush waits until what the last receipts brought is done, answered or not: one that waits for an attempt's id is looked at
// every five seconds, and the app is told of the rest.
func (w *world) hush() {
	time.Sleep(6 * time.Second)
	for until := time.Now().Add(time.Minute); w.app.waits() && time.Now().Before(until); {
		time.Sleep(time.Second)
	}
}

// messages lists all that is stored.
func (w *world) messages() []models.Message {
	rows, _, err := w.store.Messages(context.Background(), w.tenant.ID, models.MessageFilter{}, "", 500)
	w.must(err)
	return rows
}

// close ends the run in good order: no webhook meets a stopped engine.
func (w *world) close() {
	if err := w.sim.Close(); err != nil {
		w.t.Error("simulator: ", err)
	}
	w.bodies.Wait()
	w.hush()
	for i := range w.slots {
		r := w.slots[i].Load()
		if err := r.stop(); err != nil {
			w.judge.blame("replica %d: %v", i, err)
		}
		w.judge.count(r)
	}
	w.servers.Wait()
}

// deploy stops a replica in good order, while requests still reach it, and puts a new one in its place.
func (w *world) deploy(slot int) {
	r := w.replica(slot)
	if r.dead.Load() || !r.leaving.CompareAndSwap(false, true) {
		return
	}
	_ = r.stop() // the database may be away; what is not written down is found by its lease
	if r.fated.Swap(true) {
		return // it crashed on the way out, and is replaced for that
	}
	w.reach("deployed")
	w.judge.count(r)
	w.slots[slot].Store(newReplica(w, slot))
}

// restart brings a new replica up in the slot of a dead one.
func (w *world) restart(slot int, after time.Duration) {
	w.judge.count(w.replica(slot))
	w.bodies.Go(func() {
		time.Sleep(min(after, max(time.Until(w.start.Add(w.s.faultsEnd)), 0)))
		w.slots[slot].Store(newReplica(w, slot))
	})
}

func (w *world) replica(slot int) *replica { return w.slots[slot%len(w.slots)].Load() }

// anyReplica chooses whom an app calls.
func (w *world) anyReplica(what string, n int64) *replica {
	return w.replica(int(w.s.roll("to "+what, n) * float64(len(w.slots))))
}

// faulty reports whether things may go wrong now.
func (w *world) faulty() bool { return !w.calm.Load() && time.Since(w.start) < w.s.faultsEnd }

// storeFails decides about a point of the database. All that happens within a millisecond shares its fate, whoever
// comes first.
func (w *world) storeFails(slot int, point models.FaultPoint) bool {
	if !w.faulty() {
		return false
	}
	at := time.Since(w.start)
	for _, o := range w.s.outage {
		if o.holds(at) {
			w.reach("database_away")
			return true
		}
	}
	what := "store " + string(point)
	if w.s.store.apart {
		what += fmt.Sprint(slot)
	}
	return w.s.roll(what, at.Milliseconds()) < w.s.store.points[point]
}

// travel is the way to the database: it orders transactions that replicas begin in the same instant, which would
// otherwise be left to the scheduler.
func (w *world) travel(slot int) {
	at := time.Since(w.start).Milliseconds()
	time.Sleep(time.Duration(w.s.roll(fmt.Sprint("travel ", slot), at) * float64(time.Millisecond)))
}

// count answers how often it was asked about key before.
func (w *world) count(key string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.counts[key]
	w.counts[key]++
	return n
}

func (w *world) sleepUntil(d time.Duration) { time.Sleep(time.Until(w.start.Add(d))) }

func (w *world) reach(name string) { reached.mark(name) }

// must ends the process: a bubble whose first goroutine leaves early hides why behind the deadlock that it leaves.
func (w *world) must(err error) {
	if err != nil {
		panic(fmt.Sprintf("seed %d: %v", w.s.seed, err))
	}
}
