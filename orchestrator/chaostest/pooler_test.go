//go:build chaos

package chaostest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"cascade/channels/simulator"
	"cascade/policy"

	"cascade/orchestrator/orchestratortest/faulttest"
)

// startPooler runs a PgBouncer in transaction mode before a server, and gives the address through it.
func startPooler(t *testing.T, pg *server, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer" // not on everybody's PATH
	}
	dir, err := os.MkdirTemp(pg.dir, "pooler")
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	conf := fmt.Sprintf(`[databases]
postgres = host=127.0.0.1 port=%d dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = trust
auth_file = %s/users
pool_mode = transaction
default_pool_size = 6
max_client_conn = 200
logfile = %s/log
%s
`, pg.port, port, dir, dir, strings.Join(settings, "\n"))
	for name, text := range map[string]string{"users": `"postgres" ""`, "conf": conf} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if pg.cred != nil {
		if err := os.Chown(dir, int(pg.cred.Uid), int(pg.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, "-q", filepath.Join(dir, "conf"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: pg.cred}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start PgBouncer: %v; run .ci/tools chaos, or install the package pgbouncer", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	faulttest.Until(t, "PgBouncer takes connections", func() bool {
		return pg.run("pg_isready", "-h", "127.0.0.1", "-p", itoa(port)) == nil
	})
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
}

// ignored has PgBouncer take settings and forget them, as many an operator configures it.
const ignored = "ignore_startup_parameters = statement_timeout,lock_timeout,idle_in_transaction_session_timeout,enable_hashjoin," +
	"enable_mergejoin,enable_bitmapscan,enable_seqscan,plan_cache_mode,jit"

// Sessions last a transaction: replicas that start together migrate once, and messages go as they do without a pooler,
// by the same plans.
func TestPgBouncer(t *testing.T) {
	for name, tt := range map[string]struct {
		messages int
		settings []string
	}{
		"that refuses settings": {2000, nil},
		"that forgets settings": {300, []string{ignored}},
	} {
		t.Run(name, func(t *testing.T) {
			pg := newServer(t, "session_preload_libraries=auto_explain", "auto_explain.log_min_duration=0")
			address := startPooler(t, pg, tt.settings...)
			migrateTogether(t, address)
			if n := one[int](t, "pgx", pg.address(), "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"); n != 0 {
				t.Errorf("%d locks of migrations are left", n)
			}
			r := newRig(t, address)
			for _, digit := range []string{"3", "8"} {
				r.Sim.SetRule("*"+digit, simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
			}
			l := startLoad(r, 400, false)
			for l.Count() < tt.messages {
				l.AwaitMore(t, 100)
			}
			ids := l.End(t)
			settle(t, r, ids)
			faulttest.CalledOnce(t, r.Sim)
			fellBack := 0
			calls := callsOf(r.Sim)
			for _, id := range ids {
				want := []policy.Channel{policy.ZNS}
				st := stateOf(t, r, id)
				if digit := st.Message.To[len(st.Message.To)-1]; digit == '3' || digit == '8' {
					want = append(want, policy.Viber)
					fellBack++
				}
				for n, channel := range want {
					if calls[faulttest.Reference(id, int64(n+1))] != 1 || st.Attempts[n].Channel != channel {
						t.Errorf("attempt %d of %s on %s was called %d times", n+1, id, channel, calls[faulttest.Reference(id, int64(n+1))])
					}
				}
				if st.Message.Status != policy.Delivered || len(st.Attempts) != len(want) {
					t.Errorf("message %s is %s after %d attempts", id, st.Message.Status, len(st.Attempts))
				}
			}
			if l.Busy() > 0 {
				t.Errorf("%d apps were told to come back", l.Busy())
			}
			r.Verify()
			t.Logf("%d accepted, %d of them with a fallback, %d calls; plans seen: %v", len(ids), fellBack, len(r.Sim.Calls()), plansInLog(t, pg))
		})
	}
}

func callsOf(sim *simulator.Simulator) map[string]int {
	n := map[string]int{}
	for _, c := range sim.Calls() {
		n[c.Reference]++
	}
	return n
}

// migrateTogether has replicas bring the schema up to date at the same time.
func migrateTogether(t *testing.T, address string) {
	t.Helper()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			s, err := openStore(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Current(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// hotPlans says by which index each hot statement must go, by words of its text.
var hotPlans = []struct{ words, index string }{
	{"UPDATE messages SET", "messages_pkey"},
	{"JOIN messages m ON", "messages_pkey"},
	{"UPDATE attempts SET", "attempts_pkey"},
	{"JOIN attempts a ON a.tenant_id = r.tenant_id AND a.message_id", "attempts_pkey"},
	{"WHERE due_at > 0 AND due_at <= $1", "messages_due"},
	{"SELECT due_at FROM messages", "messages_due"},
	{"WITH RECURSIVE q(account)", "messages_queue"},
	{"JOIN suppressions s", "suppressions_pkey"},
}

var explained = regexp.MustCompile(`plan:\n\tQuery Text: ([^\n]*)\n((?:\t[^\n]*\n)+)`)

// plansInLog reads the plans that the server wrote down, and counts those of hot statements. Each must go by its index.
func plansInLog(t *testing.T, pg *server) map[string]int {
	t.Helper()
	log, err := os.ReadFile(pg.log())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, m := range explained.FindAllStringSubmatch(string(log), -1) {
		text, plan := m[1], m[2]
		for _, hot := range hotPlans {
			if !strings.Contains(text, hot.words) {
				continue
			}
			seen[hot.words]++
			wrong := ""
			for _, word := range []string{"Seq Scan on", "Bitmap", "Hash", "Merge", "Sort"} {
				if strings.Contains(plan, word) {
					wrong = word
				}
			}
			if wrong != "" || !strings.Contains(plan, hot.index) {
				t.Errorf("%s goes by %s, not by %s:\n%s", hot.words, wrong, hot.index, plan)
			}
		}
	}
	for _, hot := range hotPlans {
		if seen[hot.words] == 0 {
			t.Errorf("no plan of %q was seen", hot.words)
		}
	}
	return seen
}
