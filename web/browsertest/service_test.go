package browsertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const adminKey = "browsertest-admin-key"

// patience is how long anything may take on a busy machine.
const patience = 15 * time.Second

// service is a running Cascade.
type service struct {
	t          *testing.T
	url, admin string
	// key is the tenant's API key, where somebody made one already.
	key  string
	args []string
	env  []string
	end  func()
	// log answers what the service wrote so far, line by line.
	log func() []string
}

// serve runs a service of its own for a test, with an empty database.
func serve(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, admin: adminKey, args: []string{"serve"}, env: []string{
		"CASCADE_ADMIN_KEY=" + adminKey, "CASCADE_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "cascade.db"), "CASCADE_EGRESS_ALLOW=127.0.0.0/8",
		"CASCADE_LISTEN=127.0.0.1:0", "CASCADE_LOG_FORMAT=json",
	}}
	s.start()
	return s
}

// demo runs the demo: a furnished tenant with traffic.
func demo(t *testing.T) *service {
	t.Helper()
	p := start(t, []string{"demo", "--listen", "127.0.0.1:0", "--database", filepath.Join(t.TempDir(), "demo.db")}, nil)
	s := &service{t: t, end: p.end}
	for s.url == "" || s.key == "" || s.admin == "" {
		line := p.next()
		for name, to := range map[string]*string{"Console ": &s.url, "API key ": &s.key, "Admin key ": &s.admin} {
			if value, ok := strings.CutPrefix(strings.TrimSpace(line), name); ok {
				*to = strings.TrimSuffix(strings.TrimSpace(value), "/")
			}
		}
	}
	p.ignore()
	return s
}

// simulator runs the providers and answers their address. Their receipts come within a second.
func simulator(t *testing.T) string {
	t.Helper()
	p := start(t, []string{"simulator", "--listen", "127.0.0.1:0", "--scale", "0.3"}, []string{"CASCADE_LOG_FORMAT=json"})
	var line struct{ Script string }
	for line.Script == "" {
		_ = json.Unmarshal([]byte(p.next()), &line)
	}
	p.ignore()
	script := `{"accounts": [{"provider": "zalo", "id": "3000000000000000001", "app_id": "1000000000000000001", "app_secret": "app", "oa_secret": "oa",
		"refresh_token": "refresh", "templates": [{"id": 412345, "name": "Order ready", "params": [{"name": "customer"}]}]}]}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, line.Script, strings.NewReader(script))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatalf("the simulator's script is not taken: %v, %v", res, err)
	}
	return strings.TrimSuffix(line.Script, "/script")
}

func (s *service) start() {
	p := start(s.t, s.args, s.env)
	var line struct{ Msg, URL, Address string }
	for line.Msg != "serving" {
		_ = json.Unmarshal([]byte(p.next()), &line)
	}
	p.ignore()
	s.url, s.end, s.log = line.URL, p.end, p.log
	s.env = append(s.env, "CASCADE_LISTEN="+line.Address) // the same again, if it is restarted
}

// stop ends the service as if its machine had died.
func (s *service) stop() { s.end() }

// process is a child that says what it does, line by line.
type process struct {
	t     *testing.T
	lines chan string
	end   func()

	mu   sync.Mutex
	said []string
}

func start(t *testing.T, args, env []string) *process {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = t.TempDir() // no .env of anybody
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CASCADE_") }), env...)
	r, w := io.Pipe()
	cmd.Stdout, cmd.Stderr = w, w
	p := &process{t: t, lines: make(chan string, 100)}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.lines)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			p.mu.Lock()
			p.said = append(p.said, lines.Text())
			p.mu.Unlock()
			p.lines <- lines.Text()
		}
		_, _ = io.Copy(io.Discard, r) // a line that is too long
	}()
	p.end = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = w.Close()
	})
	t.Cleanup(p.end)
	return p
}

func (p *process) log() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}

func (p *process) next() string {
	p.t.Helper()
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.t.Fatal("the process has ended")
		}
		return line
	case <-time.After(patience):
		p.t.Fatal("the process says nothing")
		return ""
	}
}

func (p *process) ignore() {
	go func() {
		for range p.lines { // so that the process never waits for us
		}
	}()
}

// call asks the API with a key and answers the status and the JSON.
func (s *service) call(method, path, key string, body any) (int, map[string]any) {
	s.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	answer := map[string]any{}
	if raw, err = io.ReadAll(res.Body); err != nil {
		s.t.Fatal(err)
	}
	if len(raw) > 0 && json.Unmarshal(raw, &answer) != nil {
		answer["text"] = string(raw)
	}
	return res.StatusCode, answer
}

// must is call that has to succeed.
func (s *service) must(method, path, key string, body any) map[string]any {
	s.t.Helper()
	status, answer := s.call(method, path, key, body)
	if status >= 300 {
		s.t.Fatalf("%s %s answers %d: %v", method, path, status, answer)
	}
	return answer
}

// tenant makes a tenant by the API and keeps its key.
func (s *service) tenant(name string) (id string) {
	s.t.Helper()
	made := s.must("POST", "/v1/tenants", s.admin, map[string]any{"name": name, "default_region": "VN", "timezone": "Asia/Ho_Chi_Minh", "currency": "VND"})
	s.key = text(made, "api_key")
	return text(made, "id")
}

// person makes somebody who may sign in, and answers the password.
func (s *service) person(name, role, tenant string) (id, password string) {
	s.t.Helper()
	body := map[string]any{"name": name, "role": role}
	if tenant != "" {
		body["tenant_id"] = tenant
	}
	made := s.must("POST", "/v1/users", s.admin, body)
	return text(made, "id"), text(made, "password")
}

// tenantID is the first tenant's.
func (s *service) tenantID() string {
	s.t.Helper()
	return text(rows(s.must("GET", "/v1/tenants", s.admin, nil))[0], "id")
}

func rows(answer map[string]any) []map[string]any {
	list, _ := answer["data"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, row := range list {
		if m, ok := row.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func text(of map[string]any, name string) string {
	value, _ := of[name].(string)
	return value
}
