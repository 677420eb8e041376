package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runCommand runs a command line as main does, in a directory of its own.
func runCommand(t *testing.T, args ...string) (code int, out, talk string) {
	t.Helper()
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &streams{&stdout, &stderr})
	return code, stdout.String(), stderr.String()
}

func TestSettingsNameTheVariableAtFault(t *testing.T) {
	key := "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	tests := map[string]struct {
		env  map[string]string
		want string
	}{
		"listen":                   {map[string]string{"CASCADE_LISTEN": "8080"}, "CASCADE_LISTEN"},
		"public url":               {map[string]string{"CASCADE_PUBLIC_URL": "cascade.example"}, "CASCADE_PUBLIC_URL"},
		"public url with a secret": {map[string]string{"CASCADE_PUBLIC_URL": "https://a:b@cascade.example"}, "CASCADE_PUBLIC_URL"},
		"database":                 {map[string]string{"CASCADE_DATABASE_URL": "mysql://x"}, "CASCADE_DATABASE_URL"},
		"no file":                  {map[string]string{"CASCADE_DATABASE_URL": "sqlite://"}, "CASCADE_DATABASE_URL"},
		"admin key too short":      {map[string]string{"CASCADE_ADMIN_KEY": "secret"}, "CASCADE_ADMIN_KEY"},
		"postgres, no admin key":   {map[string]string{"CASCADE_DATABASE_URL": "postgres://x/y", "CASCADE_MASTER_KEY": key}, "CASCADE_ADMIN_KEY"},
		"postgres, no master key": {
			map[string]string{"CASCADE_DATABASE_URL": "postgres://x/y", "CASCADE_ADMIN_KEY": "0123456789abcdef"}, "CASCADE_MASTER_KEY",
		},
		"master key":  {map[string]string{"CASCADE_MASTER_KEY": "short"}, "CASCADE_MASTER_KEY"},
		"egress":      {map[string]string{"CASCADE_EGRESS_ALLOW": "10.0.0.0/33"}, "CASCADE_EGRESS_ALLOW"},
		"key limit":   {map[string]string{"CASCADE_KEY_PER_SECOND": "-1"}, "CASCADE_KEY_PER_SECOND"},
		"forged":      {map[string]string{"CASCADE_FORGED_PER_MINUTE": "0"}, "CASCADE_FORGED_PER_MINUTE"},
		"proxies":     {map[string]string{"CASCADE_TRUSTED_PROXIES": "proxy.local"}, "CASCADE_TRUSTED_PROXIES"},
		"log format":  {map[string]string{"CASCADE_LOG_FORMAT": "xml"}, "CASCADE_LOG_FORMAT"},
		"log level":   {map[string]string{"CASCADE_LOG_LEVEL": "loud"}, "CASCADE_LOG_LEVEL"},
		"config file": {map[string]string{"CASCADE_CONFIG": "absent.yaml"}, "--config"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for variable, value := range tt.env {
				t.Setenv(variable, value)
			}
			code, _, talk := runCommand(t, "serve")
			if code != exitUsage || !strings.Contains(talk, tt.want) {
				t.Errorf("exit %d with %q, want %d naming %s", code, talk, exitUsage, tt.want)
			}
		})
	}
}

func TestHelpListsEverySetting(t *testing.T) {
	code, out, _ := runCommand(t, "serve", "--help")
	if code != exitOK {
		t.Errorf("exit %d", code)
	}
	for _, variable := range []string{
		"CASCADE_LISTEN", "CASCADE_PUBLIC_URL", "CASCADE_DATABASE_URL", "CASCADE_ADMIN_KEY", "CASCADE_EGRESS_ALLOW", "CASCADE_MASTER_KEY",
		"CASCADE_LOG_FORMAT", "CASCADE_LOG_LEVEL", "CASCADE_KEY_PER_SECOND", "CASCADE_TENANT_PER_SECOND", "CASCADE_FORGED_PER_MINUTE",
		"CASCADE_TRUSTED_PROXIES",
	} {
		if !strings.Contains(out, variable) {
			t.Errorf("the help does not name %s", variable)
		}
	}
}

// What the environment says goes before a .env, and that before the YAML.
func TestSettingsFromFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"CASCADE_LOG_LEVEL", "CASCADE_LOG_FORMAT", "CASCADE_LISTEN"} {
		t.Setenv(name, "") // restored after the test
		if name != "CASCADE_LISTEN" {
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("CASCADE_LISTEN", "127.0.0.1:1")
	write(t, ".env", "CASCADE_LOG_LEVEL=warn\nCASCADE_LISTEN=127.0.0.1:2\n")
	write(t, "c.yaml", "CASCADE_LOG_LEVEL: debug\nCASCADE_LOG_FORMAT: json\nCASCADE_LISTEN: 127.0.0.1:3\n")
	if err := loadEnvironment([]string{"serve", "--config", "c.yaml"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"CASCADE_LISTEN": "127.0.0.1:1", "CASCADE_LOG_LEVEL": "warn", "CASCADE_LOG_FORMAT": "json"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	write(t, "c.yaml", "listen: x\n")
	if err := loadEnvironment([]string{"serve", "--config=c.yaml"}); err == nil {
		t.Error("a name that is no variable was taken")
	}
}

func TestSecretsBesideSQLite(t *testing.T) {
	s := settings{storage: storage{DatabaseURL: "sqlite://" + filepath.Join(t.TempDir(), "c.db")}}
	first, made, err := s.adminKey()
	if err != nil || made == "" {
		t.Fatalf("no key was made: %v", err)
	}
	info, err := os.Stat(made)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v; want 0600", info.Mode(), err)
	}
	again, made, err := s.adminKey()
	if err != nil || again != first || made != "" {
		t.Errorf("the second start answers another key, made %q, %v", made, err)
	}
	one, err := s.keyring()
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.keyring()
	if err != nil || one.ID() != two.ID() {
		t.Errorf("the master key changed: %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	t.Setenv("CASCADE_API_KEY", "cas_live_x")
	t.Setenv("CASCADE_URL", "http://127.0.0.1:1")
	tests := map[string]struct {
		args []string
		want int
	}{
		"no command is help":      {nil, exitOK},
		"version":                 {[]string{"version"}, exitOK},
		"unknown command":         {[]string{"fly"}, exitUsage},
		"missing flag":            {[]string{"send", "--text", "x"}, exitUsage},
		"no service":              {[]string{"explain", "x"}, exitMissing},
		"no key":                  {[]string{"explain", "x", "--api-key", ""}, exitUsage},
		"policy file not there":   {[]string{"policy", "check", "absent.json"}, exitMissing},
		"nobody answers /healthz": {[]string{"health", "--listen", "127.0.0.1:1"}, exitMissing},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if code, _, talk := runCommand(t, tt.args...); code != tt.want {
				t.Errorf("exit %d with %q, want %d", code, talk, tt.want)
			}
		})
	}
}

func TestPolicyCheck(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "good.json"), filepath.Join(dir, "bad.json")
	write(t, good, demoPolicy)
	write(t, bad, `{"steps": [{"channel": "fax", "timeout": "1s"}]}`)
	var out, talk bytes.Buffer
	if code := run(context.Background(), []string{"policy", "check", good}, &streams{&out, &talk}); code != exitOK ||
		!strings.Contains(out.String(), "Send by ZNS; if not delivered in 4s, Viber") {
		t.Errorf("exit %d with %q, %q", code, out.String(), talk.String())
	}
	out.Reset()
	if code := run(context.Background(), []string{"policy", "check", "--json", bad}, &streams{&out, &talk}); code != exitFailure ||
		!strings.Contains(out.String(), `"steps[0].channel"`) {
		t.Errorf("exit %d with %q", code, out.String())
	}
}

func TestMigrateAndVerify(t *testing.T) {
	t.Setenv("CASCADE_DATABASE_URL", "sqlite://"+filepath.Join(t.TempDir(), "c.db"))
	if code, _, talk := runCommand(t, "migrate"); code != exitOK {
		t.Fatalf("migrate: exit %d with %q", code, talk)
	}
	if code, out, talk := runCommand(t, "verify", "--json"); code != exitOK || out != "" {
		t.Errorf("verify: exit %d with %q, %q", code, out, talk)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
