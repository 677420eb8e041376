package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of sendingSince

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
)

// commandVariable makes the test binary the command line itself.
const commandVariable = "CASCADE_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) == "" {
		os.Exit(m.Run())
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		os.Exit(exitFailure)
	}()
	main()
}

// cluster is what outlives the replicas: a Postgres database, the simulator, and the balancer before their addresses.
type cluster struct {
	t        *testing.T
	database string
	env      []string
	sim      *simulator.Simulator
	simURL   string
	url      string // of the balancer
	adminKey string
	client   *http.Client

	mu   sync.Mutex
	in   []*replica // rotation
	turn int
}

// replica is one process of cascade serve.
type replica struct {
	program // whose url is the process's own
	cmd     *exec.Cmd
	log     lockedBuffer
	ended   chan struct{}
	err     error // of the exit; after ended
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{
		t: t, database: modelstest.OpenURL(t, models.Postgres), adminKey: "an admin key for tests",
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}},
	}
	var err error
	if c.sim, err = simulator.New(simulator.Options{Scale: 0.02}); err != nil {
		t.Fatal(err)
	}
	sim, balancer := httptest.NewServer(c.sim.Handler()), httptest.NewServer(http.HandlerFunc(c.balance))
	c.simURL, c.url = sim.URL, balancer.URL
	c.env = append(os.Environ(), commandVariable+"=1", "CASCADE_DATABASE_URL="+c.database, "CASCADE_PUBLIC_URL="+c.url, "CASCADE_LISTEN=127.0.0.1:0",
		"CASCADE_MASTER_KEY="+base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)), "CASCADE_ADMIN_KEY="+c.adminKey,
		"CASCADE_EGRESS_ALLOW=127.0.0.0/8", "CASCADE_LOG_FORMAT=json", "CASCADE_LOG_LEVEL=info")
	t.Cleanup(func() {
		if err := c.sim.Close(); err != nil {
			t.Error("simulator:", err)
		}
		c.client.CloseIdleConnections()
		sim.Close()
		balancer.Close()
	})
	return c
}

// hasPostgres tells whether there is a server to test on; in CI there has to be.
func hasPostgres(t *testing.T) bool {
	t.Helper()
	dialects := modelstest.Dialects(t)
	has := slices.Contains(dialects, models.Postgres)
	if !has && os.Getenv("CI") == "true" {
		t.Fatalf("replicas share a Postgres: set %s, as .ci/with-postgres does", modelstest.ServerVariable)
	}
	return has
}

// command makes a process of the real command line, in a folder of its own.
func (c *cluster) command(ctx context.Context, args ...string) *exec.Cmd {
	c.t.Helper()
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env, cmd.Dir = c.env, c.t.TempDir()
	_, err := cmd.StdinPipe() // open for as long as we live
	c.must(err)
	return cmd
}

// serve runs a replica and waits until it says where it listens.
func (c *cluster) serve() *replica {
	c.t.Helper()
	r := &replica{cmd: c.command(c.t.Context(), "serve"), ended: make(chan struct{})}
	talk, err := r.cmd.StderrPipe()
	c.must(err)
	c.must(r.cmd.Start())
	address := make(chan string, 1)
	go func() {
		r.follow(talk, address)
		r.err = r.cmd.Wait()
		close(r.ended)
	}()
	c.t.Cleanup(func() {
		c.kill(r)
		if c.t.Failed() {
			c.t.Logf("replica %s:\n%s", r.url, r.log.tail())
		}
	})
	select {
	case a := <-address:
		r.program = program{t: c.t, url: "http://" + a, adminKey: c.adminKey, sim: c.sim, simURL: c.simURL}
	case <-r.ended:
		c.t.Fatalf("the service did not start: %v\n%s", r.err, r.log.tail())
	case <-time.After(30 * time.Second):
		c.t.Fatalf("the service does not say where it listens\n%s", r.log.tail())
	}
	c.mu.Lock()
	c.in = append(c.in, r)
	c.mu.Unlock()
	return r
}

// follow keeps the log without its lines about requests, and finds the address in it.
func (r *replica) follow(talk io.Reader, address chan<- string) {
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		var said struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Msg == "serving" {
			address <- said.Address
		}
		if said.Msg != "request" {
			r.log.line(lines.Text())
		}
	}
}

// kill ends a replica at once, as a power cut does.
func (c *cluster) kill(r *replica) {
	c.leave(r)
	_ = r.cmd.Process.Kill() // it may be dead already
	<-r.ended
}

// terminate asks a replica to end and waits until it has, as an orchestrator of containers does.
func (c *cluster) terminate(r *replica) {
	c.t.Helper()
	c.leave(r)
	c.must(r.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-r.ended:
	case <-time.After(2*drainTimeout + 5*time.Second):
		c.t.Fatal("the service outlives the time that it has to stop in")
	}
	if r.err != nil {
		c.t.Errorf("the service ended with %v", r.err)
	}
}

func (c *cluster) leave(r *replica) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = slices.DeleteFunc(c.in, func(other *replica) bool { return other == r })
}

// rotation lists the replicas, another one first each time.
func (c *cluster) rotation() []*replica {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.in) == 0 {
		return nil
	}
	c.turn++
	at := c.turn % len(c.in)
	return slices.Concat(c.in[at:], c.in[:at])
}

// balance hands a provider's callback to a replica, and to another one where that is gone.
func (c *cluster) balance(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, to := range c.rotation() {
		req, err := http.NewRequestWithContext(r.Context(), r.Method, to.url+r.RequestURI, bytes.NewReader(body))
		if err != nil {
			break
		}
		req.Header = r.Header.Clone()
		resp, err := c.client.Do(req)
		if err != nil {
			continue
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body) // the caller may be gone
		_ = resp.Body.Close()
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

// furnish makes a tenant that can send on three channels, over the API, and answers its key.
func (c *cluster) furnish(r *replica, perSecond int) (key string) {
	c.t.Helper()
	var tenant struct {
		APIKey string `json:"api_key"`
	}
	r.api("POST", "/v1/tenants", c.adminKey, `{"name": "acme", "default_region": "VN", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"}`, 201, &tenant)
	channel := func(name, channel, adapter, settings string) (hook string) {
		var made struct {
			WebhookURL string `json:"webhook_url"`
		}
		r.api("POST", "/v1/channels", tenant.APIKey, fmt.Sprintf(`{"name": %q, "channel": %q, "adapter": %q, "settings": %s,
			"rate": {"per_second": %d, "concurrency": 256}}`, name, channel, adapter, settings, perSecond), 201, &made)
		return made.WebhookURL
	}
	hook := channel("oa-main", "zns", "zalo", fmt.Sprintf(`{"api_url": "%[1]s/zalo/api", "oauth_url": "%[1]s/zalo/oauth", "app_id": "11",
		"app_secret": "app", "oa_id": "22", "oa_secret": "oa", "refresh_token": "refresh", "access_token": "access"}`, c.simURL))
	c.sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: "22", AppID: "11", AppSecret: "app", OASecret: "oa", RefreshToken: "refresh", AccessToken: "access",
		WebhookURL: hook, Quota: -1,
	})
	for _, name := range []string{"viber", "sms"} {
		c.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: name})
		channel(name+"-main", name, "infobip", fmt.Sprintf(`{"base_url": "%s/infobip", "api_key": %q, "sender": "ACME", "webhook_secret": "hook"}`, c.simURL, name))
	}
	r.api("PUT", "/v1/prices", tenant.APIKey, demoPrices, 200, nil)
	r.api("PUT", "/v1/policies/default", tenant.APIKey, `{"steps": [{"channel": "zns", "until": "delivered", "timeout": "15s"},
		{"channel": "viber", "until": "delivered", "timeout": "15s"}, {"channel": "sms", "until": "delivered", "timeout": "10s"}], "ttl": "10m"}`, 200, nil)
	return tenant.APIKey
}

// counter reads one of a replica's totals.
func (r *replica) counter(name string) int {
	r.t.Helper()
	resp, err := http.Get(r.url + "/metrics")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			total, err := strconv.ParseFloat(text, 64)
			if err != nil {
				r.t.Fatalf("%s: %v", name, err)
			}
			return int(total)
		}
	}
	r.t.Fatalf("/metrics lacks %s", name)
	return 0
}

// verify runs the real subcommand, which has to find that everything holds.
func (c *cluster) verify() {
	c.t.Helper()
	if out, err := c.command(c.t.Context(), "verify").CombinedOutput(); err != nil {
		c.t.Errorf("cascade verify: %v\n%s", err, out)
	}
}

// sendingSince counts the calls begun before at whose end nobody has written down.
func (c *cluster) sendingSince(at time.Time) (n int) {
	c.t.Helper()
	db, err := sql.Open("pgx", c.database)
	c.must(err)
	err = db.QueryRowContext(c.t.Context(), "SELECT count(*) FROM attempts WHERE status = 'sending' AND called_at < $1", at.UnixMilli()).Scan(&n)
	c.must(errors.Join(err, db.Close()))
	return n
}

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// lockedBuffer keeps lines that are written and read by different goroutines.
type lockedBuffer struct {
	mu    sync.Mutex
	lines []string
}

func (b *lockedBuffer) line(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, text)
}

// tail answers the last lines.
func (b *lockedBuffer) tail() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines[max(0, len(b.lines)-40):], "\n")
}
