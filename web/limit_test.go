package web

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// clock is a time that a test moves.
type clock struct{ past atomic.Int64 }

func (c *clock) now() time.Time {
	return time.UnixMilli(1_790_000_000_000).Add(time.Duration(c.past.Load()))
}

func (c *clock) pass(d time.Duration) { c.past.Add(int64(d)) }

func (a *api) wantLimited(r reply, retryAfter string) {
	a.t.Helper()
	if r.status != http.StatusTooManyRequests || r.header.Get("Retry-After") != retryAfter || r.code() != "rate_limited" {
		a.t.Errorf("got %d, Retry-After %q, %s; want 429 after %s", r.status, r.header.Get("Retry-After"), r.body, retryAfter)
	}
}

func TestKeyLimit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		c := &clock{}
		a := newAPI(t, store, func(d *Deps) { d.Now, d.KeyLimit = c.now, Limit{PerSecond: 2, Burst: 3} })
		other := a.newKey(a.rig.Tenant.ID)
		for range 3 {
			a.want(200, "GET", "/v1/messages", "")
			a.wantAs(200, testAdmin, "GET", "/v1/tenants", "")
		}
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "1")
		a.wantLimited(a.do("POST", "/v1/messages", a.key, messageBody("0912345678")), "1")
		a.wantLimited(a.do("GET", "/v1/tenants", testAdmin, ""), "1")
		a.wantAs(200, other, "GET", "/v1/messages", "")
		a.wantAs(200, "", "GET", "/readyz", "")

		c.pass(500 * time.Millisecond)
		a.want(200, "GET", "/v1/messages", "")
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "1")
		c.pass(time.Hour)
		for range 3 {
			a.want(200, "GET", "/v1/messages", "")
		}
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "1")
	})
}

func TestTenantLimit(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		c := &clock{}
		a := newAPI(t, store, func(d *Deps) { d.Now, d.TenantLimit = c.now, Limit{PerSecond: 1, Burst: 2} })
		second := a.newKey(a.rig.Tenant.ID)
		var other struct {
			APIKey string `json:"api_key"`
		}
		decodeReply(t, a.wantAs(201, testAdmin, "POST", "/v1/tenants", `{"name":"other"}`), &other)
		a.want(200, "GET", "/v1/messages", "")
		a.wantAs(200, second, "GET", "/v1/messages", "")
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "1")
		a.wantLimited(a.do("GET", "/v1/messages", second, ""), "1")
		a.wantAs(200, other.APIKey, "GET", "/v1/messages", "")
		c.pass(time.Second)
		a.wantAs(200, second, "GET", "/v1/messages", "")
	})
}

// A batch is let in whole, and what comes next waits for all of its messages.
func TestBatchIsCharged(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		c := &clock{}
		a := newAPI(t, store, func(d *Deps) { d.Now, d.KeyLimit = c.now, Limit{PerSecond: 1, Burst: 2} })
		m := messageBody("0912345678", scheduled())
		a.want(200, "POST", "/v1/messages/batch", `{"messages":[`+m+","+m+","+m+","+m+","+m+`]}`)
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "4")
		c.pass(4 * time.Second)
		a.want(200, "GET", "/v1/messages", "")
		a.wantLimited(a.do("GET", "/v1/messages", a.key, ""), "1")
	})
}

// What the tenant's limit refuses costs the key nothing, and full buckets are let go.
func TestBuckets(t *testing.T) {
	c := &clock{}
	l := limits{newBuckets("key", Limit{PerSecond: 1, Burst: 5}), newBuckets("tenant", Limit{PerSecond: 1, Burst: 1}), c.now}
	key, tenant := uuid.New(), uuid.New()
	for i, want := range []bool{true, false, false} {
		if got := l.take(key, tenant) == nil; got != want {
			t.Errorf("request %d: let in %v, want %v", i, got, want)
		}
	}
	if left := l.key.of(key, c.now()).TokensAt(c.now()); left != 4 {
		t.Errorf("the key has %g requests left, want 4", left)
	}
	for range bucketsMost + 10 {
		l.key.of(uuid.New(), c.now())
	}
	if n := len(l.key.byID); n > bucketsMost {
		t.Errorf("%d buckets are kept", n)
	}
	if left := l.key.of(key, c.now()).TokensAt(c.now()); left != 4 {
		t.Errorf("a bucket in use was let go: %g requests are left", left)
	}
	if newBuckets("key", Limit{}) != nil {
		t.Error("no limit is a limit")
	}
}

func TestForgedFlood(t *testing.T) {
	const forger, provider, other = "203.0.113.9", "198.51.100.7", "198.51.100.8"
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		c := &clock{}
		a := newAPI(t, store, func(d *Deps) {
			d.Now, d.ForgedPerMinute = c.now, 3
			d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		path := hookPath(a.rig.Accounts["sms-main"])
		send := func(source, token string) reply {
			t.Helper()
			return a.do("POST", path+"?token="+token, "", `{"results":[]}`, "X-Forwarded-For", "8.8.8.8, "+source)
		}
		const genuine, forged = "hook-secret-sms-main", "guess"
		for range 3 {
			if r := send(forger, forged); r.status != 401 {
				t.Errorf("forged: %d %s", r.status, r.body)
			}
		}
		a.wantLimited(send(forger, forged), "60")
		a.wantLimited(send(forger, genuine), "60")
		if r := send(provider, genuine); r.status != 200 {
			t.Errorf("a genuine callback during a flood from elsewhere: %d %s", r.status, r.body)
		}
		for range 5 { // somebody who shares an address with a provider
			if r := send(provider, forged); r.status != 401 {
				t.Errorf("forged from a provider's address: %d %s", r.status, r.body)
			}
		}
		if r := send(provider, genuine); r.status != 200 {
			t.Errorf("a genuine callback beside forged ones of its address: %d %s", r.status, r.body)
		}
		for range 3 { // guessing accounts is no better
			a.do("POST", "/hooks/infobip/"+uuid.NewString(), "", `{}`, "X-Forwarded-For", other)
		}
		a.wantLimited(send(other, genuine), "60")
		c.pass(time.Minute)
		if r := send(forger, genuine); r.status != 200 {
			t.Errorf("a minute later: %d %s", r.status, r.body)
		}
	})
}

// A caller's own word about its address counts for nothing unless a trusted proxy passed it on.
func TestForwardedForIsNotBelieved(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		c := &clock{}
		a := newAPI(t, store, func(d *Deps) { d.Now, d.ForgedPerMinute = c.now, 3 })
		path := hookPath(a.rig.Accounts["sms-main"]) + "?token=guess"
		var last reply
		for i := range 4 {
			last = a.do("POST", path, "", `{"results":[]}`, "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i), "X-Real-Ip", fmt.Sprintf("203.0.113.%d", i))
		}
		a.wantLimited(last, "60")
	})
}

func TestForgersForget(t *testing.T) {
	c := &clock{}
	f := newForgers(1)
	address := func(i int) netip.Prefix { return sourceOf(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&0xff, i&0xff)) }
	for i := range 3 * sourcesKept {
		f.sawRefused(address(i), c.now())
		f.sawGenuine(address(i), c.now())
	}
	if kept := len(f.failed) + len(f.genuine) + len(f.before); kept > 3*sourcesKept+3 {
		t.Errorf("%d sources are kept", kept)
	}
	source := sourceOf("192.0.2.1")
	for _, step := range []struct {
		name string
		do   func()
		want bool
	}{
		{"forged", func() { f.sawRefused(source, c.now()) }, false},
		{"a minute later", func() { c.pass(forgedWindow) }, true},
		{"genuine, then forged", func() { f.sawGenuine(source, c.now()); f.sawRefused(source, c.now()) }, true},
		{"long after the genuine one", func() {
			c.pass(3 * genuineWindow)
			f.wait(source, c.now())
			c.pass(genuineWindow)
			f.sawRefused(source, c.now())
		}, false},
	} {
		step.do()
		if got := f.wait(source, c.now()) == 0; got != step.want {
			t.Errorf("%s: may call %v, want %v", step.name, got, step.want)
		}
	}
}

func TestSourceOf(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1/32",
		"::ffff:192.0.2.1":     "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::9":      "2001:db8:1:2::/64",
		"fe80::1%eth0":         "fe80::/64",
		"":                     netip.Prefix{}.String(),
		"@":                    netip.Prefix{}.String(),
	} {
		if got := sourceOf(address).String(); got != want {
			t.Errorf("%q: got %s, want %s", address, got, want)
		}
	}
}
