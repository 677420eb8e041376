package modeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// Times of the engine and of its providers, in milliseconds. Commands come at whole seconds; these times, and the sums of
// those that may follow on one another, are none, so that nothing is due in the instant of a command.
const (
	callTimeout = 1_070
	lease       = 4_000
	retryAfter  = 1_070
	queryTime   = 570
)

// furnished is a database with a tenant that can send, for every sequence to copy.
type furnished struct {
	database []byte
	tenant   models.Tenant
	accounts map[string]models.Account
}

// accountNames are the accounts of each channel.
var accountNames = map[policy.Channel][]string{policy.ZNS: {"zns-1", "zns-2"}, policy.Viber: {"viber"}, policy.SMS: {"sms-1", "sms-2"}}

// prices are the tenant's, as rungs have them.
var prices = map[policy.Channel]rung{
	policy.ZNS: {price: 200, within: 3_000}, policy.Viber: {price: 470}, policy.SMS: {price: 820, onTaking: true},
}

const priceBook = `{"prices":[
	{"channel":"zns","unit":"message","moment":"delivered","within":"3s","price":{"amount":"200","currency":"VND"}},
	{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"}},
	{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"}}]}`

// furnish makes the database, in the instant at which every bubble begins.
func furnish(t *testing.T) (f furnished) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cascade.db")
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		w := &world{provider: newProvider(false, false)}
		must(t, w.open(file))
		must(t, w.store.Migrate(ctx))
		must(t, w.start(ctx))
		now := time.Now().UnixMilli()
		f.tenant = models.Tenant{ID: uuid.Must(uuid.NewV7()), Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now}
		key, _ := models.NewAPIKey(f.tenant.ID, "live", nil, now)
		must(t, w.store.CreateTenant(ctx, f.tenant, key))
		must(t, w.store.PutPrices(ctx, f.tenant.ID, []byte(priceBook), now))
		f.accounts = map[string]models.Account{}
		for _, ch := range policy.Channels() {
			for _, name := range accountNames[ch] {
				a, err := w.engine.CreateAccount(ctx, f.tenant.ID, orchestrator.AccountInput{
					Name: name, Channel: ch, Adapter: "script", PerSecond: 5000, Concurrency: 32,
					Settings: map[string]json.RawMessage{"name": json.RawMessage(`"` + name + `"`)},
				})
				must(t, err)
				f.accounts[name] = a
			}
		}
		must(t, w.close())
	})
	var err error
	f.database, err = os.ReadFile(file)
	must(t, err)
	return f
}

func must(t interface {
	Helper()
	Fatal(...any)
}, err error,
) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is the engine on a database of its own, in front of a provider that does as it is told.
type world struct {
	furnished
	provider *provider
	store    *models.Store
	engine   *orchestrator.Engine
	caller   orchestrator.Caller
}

// newWorld is not begun yet.
func (f furnished) newWorld(p *provider) *world {
	return &world{furnished: f, provider: p, caller: orchestrator.Caller{TenantID: f.tenant.ID}}
}

// begin starts the engine on a copy of the database.
func (w *world) begin(t *rapid.T, dir string) {
	file := filepath.Join(dir, "cascade.db")
	must(t, os.WriteFile(file, w.database, 0o600))
	must(t, w.open(file))
	must(t, w.start(t.Context()))
}

func (w *world) open(file string) error {
	keys, err := models.NewKeyring(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return err
	}
	w.store, err = models.Open(context.Background(), models.Options{URL: "sqlite://" + file, Keys: keys, Now: time.Now, MaxConns: 1})
	return err
}

func (w *world) start(ctx context.Context) error {
	registry, err := channels.NewRegistry(channels.Spec{
		Name: "script", Channels: policy.Channels(), Fields: []channels.Field{{Name: "name", Required: true}}, New: w.provider.adapter,
	})
	if err != nil {
		return err
	}
	w.engine = orchestrator.New(orchestrator.Options{
		Store: w.store, Registry: registry, PublicURL: "http://127.0.0.1:1", Now: time.Now,
		CallTimeout: callTimeout * time.Millisecond, Lease: lease * time.Millisecond,
	})
	return w.engine.Start(ctx)
}

// close ends what was begun: a bubble must not end before its goroutines.
func (w *world) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	if w.engine != nil {
		errs = append(errs, w.engine.Stop(ctx))
	}
	if w.store != nil {
		errs = append(errs, w.store.Close())
	}
	return errors.Join(errs...)
}

// receive brings a receipt as the provider does. The same key is the same event.
func (w *world) receive(ctx context.Context, account string, r channels.Receipt) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.engine.Hook(ctx, "script", w.accounts[account].ID, channels.Hook{Method: "POST", Body: body})
	return err
}

// provider is every account's: its calls wait until the test answers them.
type provider struct {
	asks, toldDelivered bool
	mu                  sync.Mutex
	log                 []string // the references called, in order
	waiting             map[string]chan policy.Class
}

func newProvider(asks, toldDelivered bool) *provider {
	return &provider{asks: asks, toldDelivered: toldDelivered, waiting: map[string]chan policy.Class{}}
}

func (p *provider) adapter(channels.Config) (channels.Adapter, error) {
	if p.asks {
		return askable{adapter{p}}, nil
	}
	return adapter{p}, nil
}

// answer ends the call of an attempt: "" takes the message.
func (p *provider) answer(reference string, class policy.Class) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	call := p.waiting[reference]
	if call == nil {
		return fmt.Errorf("%s is not being called", reference)
	}
	delete(p.waiting, reference)
	call <- class
	return nil
}

func (p *provider) calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.log)
}

// adapter speaks to a provider.
type adapter struct{ p *provider }

// Capabilities: every receipt, and the question where the provider answers it.
func (a adapter) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered, policy.ReceiptRead}, QueryByReference: a.p.asks}
}

// Send waits for the test's answer, or for its deadline.
func (a adapter) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	call := make(chan policy.Class, 1)
	a.p.mu.Lock()
	a.p.log = append(a.p.log, out.Reference)
	a.p.waiting[out.Reference] = call
	a.p.mu.Unlock()
	class := policy.ClassUnknown
	select {
	case class = <-call:
	case <-ctx.Done():
	}
	if class == "" {
		return channels.Taken{}, nil
	}
	return channels.Taken{}, &channels.Failure{Class: class, Code: "told_" + string(class), RetryAfter: retryAfter * time.Millisecond}
}

// ReadHook takes any receipt.
func (adapter) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	var r channels.Receipt
	if err := json.Unmarshal(h.Body, &r); err != nil {
		return nil, channels.ErrUnreadable
	}
	return []channels.Receipt{r}, nil
}

// askable is an adapter whose provider can be asked.
type askable struct{ adapter }

// Query takes its time.
func (a askable) Query(context.Context, channels.Query) (channels.Answer, error) {
	time.Sleep(queryTime * time.Millisecond)
	if a.p.toldDelivered {
		return channels.Answer{Found: true, Receipt: channels.Receipt{Kind: policy.ReceiptDelivered}}, nil
	}
	return channels.Answer{}, nil
}
