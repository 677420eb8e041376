package orchestratortest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// DeskSecret signs the desk's callbacks.
const DeskSecret = "desk-secret"

// tokenEnd is later than any test.
var tokenEnd = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// Desk is a provider without a wire, for what real ones do rarely: it tells of quotas, templates, people and answers when
// a test says so. It takes every message and delivers none by itself.
type Desk struct {
	mu        sync.Mutex
	sent      []channels.Outbound
	nextID    string
	quota     *channels.Quota
	quality   string
	asked     int
	refreshes int
	onRefresh func() error
	codes     map[string]string // challenge by code
	serial    int
}

// Spec is the desk's adapter.
func (d *Desk) Spec() channels.Spec {
	return channels.Spec{
		Name: "desk", Channels: []policy.Channel{policy.ZNS},
		Fields: []channels.Field{{Name: "desk_id"}, {Name: "refresh_token", Secret: true}, {Name: "access_token", Secret: true}},
		New:    func(c channels.Config) (channels.Adapter, error) { return &clerk{d, c.Tokens}, nil },
	}
}

// Sent lists what the desk took, in order.
func (d *Desk) Sent() []channels.Outbound {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]channels.Outbound{}, d.sent...)
}

// NextID is the provider's id of the next message.
func (d *Desk) NextID(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.nextID = id
}

// Tell sets what the desk tells of quota and quality from now on.
func (d *Desk) Tell(quota *channels.Quota, quality string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.quota, d.quality = quota, quality
}

// Asked is how often the desk was asked for its quota.
func (d *Desk) Asked() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked
}

// Refreshes is how often a refresh token came.
func (d *Desk) Refreshes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refreshes
}

// OnRefresh does something while a token is renewed; its error is how that ends.
func (d *Desk) OnRefresh(f func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onRefresh = f
}

// Consent is the person who opens a link and agrees: it answers where the browser is sent.
func (d *Desk) Consent(t testing.TB, link string) *url.URL {
	t.Helper()
	asked, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(asked.Query().Get("redirect_uri"))
	if err != nil {
		t.Fatal(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	code := "code-" + d.next()
	if d.codes == nil {
		d.codes = map[string]string{}
	}
	d.codes[code] = asked.Query().Get("code_challenge")
	back.RawQuery = url.Values{"code": {code}, "state": {asked.Query().Get("state")}}.Encode()
	return back
}

// next numbers what the desk hands out. d.mu is held.
func (d *Desk) next() string {
	d.serial++
	return strconv.Itoa(d.serial)
}

// issue makes a pair. d.mu is held.
func (d *Desk) issue() channels.Token {
	return channels.Token{Access: "at-" + d.next(), Refresh: "rt-" + d.next(), ExpiresAt: tokenEnd}
}

// DeskNews is a callback of the desk.
type DeskNews struct {
	Receipts []channels.Receipt
	Notices  []channels.Notice
	// Garbled: the notices cannot be understood.
	Garbled bool
}

// AddDesk makes an account of the desk; without a token it has to be linked.
func (r *Rig) AddDesk(c Config, name string, settings map[string]string) models.Account {
	return r.AddAccount(c, name, policy.ZNS, "desk", settings)
}

// DeskHook has the desk call back.
func (r *Rig) DeskHook(a models.Account, news DeskNews) (orchestrator.HookAnswer, error) {
	r.t.Helper()
	body, err := json.Marshal(news)
	r.must(err)
	return r.Engine.Hook(r.t.Context(), "desk", a.ID, channels.Hook{
		Method: http.MethodPost, URL: r.Engine.HookURL(a), Header: http.Header{"X-Secret": {DeskSecret}}, Body: body,
	})
}

// clerk is the desk's adapter for one account.
type clerk struct {
	desk   *Desk
	tokens channels.TokenSource
}

func (c *clerk) Capabilities() channels.Capabilities {
	return channels.Capabilities{Receipts: []policy.Receipt{policy.ReceiptSent, policy.ReceiptDelivered, policy.ReceiptRead}}
}

func (c *clerk) Send(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
	if _, err := c.tokens.Token(ctx); err != nil {
		return channels.Taken{}, err
	}
	d := c.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sent = append(d.sent, out)
	id := d.nextID
	if d.nextID = ""; id == "" {
		id = "desk-" + uuid.NewString()
	}
	return channels.Taken{ProviderID: id, Quota: d.quota}, nil
}

func (c *clerk) ReadHook(h channels.Hook) ([]channels.Receipt, error) {
	if h.Header.Get("X-Secret") != DeskSecret {
		return nil, channels.ErrForged
	}
	var news DeskNews
	if json.Unmarshal(h.Body, &news) != nil {
		return nil, channels.ErrUnreadable
	}
	return news.Receipts, nil
}

func (c *clerk) ReadNotices(h channels.Hook) ([]channels.Notice, error) {
	var news DeskNews
	if json.Unmarshal(h.Body, &news) != nil || news.Garbled {
		return nil, channels.ErrUnreadable
	}
	return news.Notices, nil
}

func (c *clerk) Quota(context.Context) (channels.Quota, error) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.desk.asked++
	if c.desk.quota == nil {
		return channels.Quota{}, &channels.Failure{Class: policy.ClassDown, Code: "down"}
	}
	return *c.desk.quota, nil
}

func (c *clerk) Quality(context.Context) (string, error) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.desk.quality, nil
}

func (c *clerk) Refresh(context.Context, channels.Token) (channels.Token, error) {
	c.desk.mu.Lock()
	c.desk.refreshes++
	meanwhile := c.desk.onRefresh
	c.desk.mu.Unlock()
	if meanwhile != nil {
		if err := meanwhile(); err != nil {
			return channels.Token{}, err
		}
	}
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.desk.issue(), nil
}

func (c *clerk) AuthorizeURL(redirect, state, challenge string) string {
	return "https://desk.example/consent?" + url.Values{"redirect_uri": {redirect}, "state": {state}, "code_challenge": {challenge}}.Encode()
}

func (c *clerk) Authorize(_ context.Context, code, verifier string) (channels.Token, error) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	sum := sha256.Sum256([]byte(verifier))
	if want, known := c.desk.codes[code]; !known || want != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return channels.Token{}, &channels.Failure{Class: policy.ClassAccount, Code: "bad_code", Detail: "the code is spent or wrong"}
	}
	delete(c.desk.codes, code)
	return c.desk.issue(), nil
}
