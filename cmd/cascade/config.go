package main

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/joho/godotenv"

	"cascade/models"
)

// settings is everything that the service can be told. Each has its variable, so that a .env, a YAML and a container
// say the same.
type settings struct {
	Listen      string `help:"HTTP address." default:"127.0.0.1:8080" env:"CASCADE_LISTEN"`
	PublicURL   string `help:"How providers and browsers reach the service; left out, http:// and the address it listens on." env:"CASCADE_PUBLIC_URL"`
	AdminKey    string `help:"Bearer key of the admin endpoints and the console's first login; on SQLite made at the first start." env:"CASCADE_ADMIN_KEY"`
	EgressAllow string `help:"Private or loopback networks that callbacks and accounts may reach all the same: CIDRs, separated by commas." env:"CASCADE_EGRESS_ALLOW"`
	// Limits of the API. A burst may hold what four seconds allow.
	KeyPerSecond    float64 `help:"Requests a second that each API key may make on each replica; a message of a batch counts as one. 0: no limit." default:"0" env:"CASCADE_KEY_PER_SECOND"`
	TenantPerSecond float64 `help:"The same for all keys of a tenant together." default:"0" env:"CASCADE_TENANT_PER_SECOND"`
	ForgedPerMinute int     `help:"Forged provider callbacks a minute after which their source is turned away unread." default:"100" env:"CASCADE_FORGED_PER_MINUTE"`
	TrustedProxies  string  `help:"Reverse proxies whose X-Forwarded-For is believed: CIDRs, separated by commas." env:"CASCADE_TRUSTED_PROXIES"`
	Console         string  `help:"Folder of the console's files to serve instead of those in the binary, for those who work on them." type:"path" env:"CASCADE_CONSOLE"`
	storage         `embed:""`
	logging         `embed:""`
}

// pages is the folder of the console's files; nil are those in the binary.
func (s *settings) pages() fs.FS {
	if s.Console == "" {
		return nil
	}
	return os.DirFS(s.Console)
}

// storage is what every command needs that opens the database.
type storage struct {
	DatabaseURL string `help:"sqlite://PATH or postgres://…" default:"sqlite://cascade.db" env:"CASCADE_DATABASE_URL"`
	MasterKey   string `help:"32 bytes in base64 that seal provider credentials; on SQLite made at the first start." env:"CASCADE_MASTER_KEY"`
}

// mostPerSecond is the highest limit that can be set; there is no machine for more.
const mostPerSecond = 1_000_000

// minAdminKey is the shortest admin key that is taken, in characters: nobody guesses it online.
const minAdminKey = 16

// Validate names the variable at fault. kong calls it for the command that is run.
func (s *settings) Validate() error {
	if err := s.reachable(); err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(s.Listen)
	if err != nil || port == "" {
		return fmt.Errorf("CASCADE_LISTEN: %q is no address; write it like 127.0.0.1:8080", s.Listen)
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return errors.New("CASCADE_PUBLIC_URL: write it like https://cascade.example.com")
		}
		s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	}
	if s.AdminKey != "" && len(s.AdminKey) < minAdminKey {
		return fmt.Errorf("CASCADE_ADMIN_KEY: has %d characters; take at least %d, such as `openssl rand -hex 32` prints", len(s.AdminKey), minAdminKey)
	}
	if s.AdminKey == "" && s.sqlitePath() == "" {
		return errors.New("CASCADE_ADMIN_KEY: is required with PostgreSQL, where no file beside the database can keep one")
	}
	if _, err := parseEgress(s.EgressAllow); err != nil {
		return err
	}
	if err := s.limits(); err != nil {
		return err
	}
	if err := s.logging.validate(); err != nil {
		return err
	}
	return s.storage.validate()
}

// limits checks what bounds the callers.
func (s *settings) limits() error {
	switch {
	case !(s.KeyPerSecond >= 0 && s.KeyPerSecond <= mostPerSecond):
		return fmt.Errorf("CASCADE_KEY_PER_SECOND: must be 0 to %d, 0 being no limit", mostPerSecond)
	case !(s.TenantPerSecond >= 0 && s.TenantPerSecond <= mostPerSecond):
		return fmt.Errorf("CASCADE_TENANT_PER_SECOND: must be 0 to %d, 0 being no limit", mostPerSecond)
	case s.ForgedPerMinute < 1:
		return errors.New("CASCADE_FORGED_PER_MINUTE: must be at least 1")
	}
	_, err := networks("CASCADE_TRUSTED_PROXIES", s.TrustedProxies)
	return err
}

// validate checks the master key.
func (s *storage) validate() error {
	if s.MasterKey == "" {
		if s.sqlitePath() == "" {
			return errors.New("CASCADE_MASTER_KEY: is required with PostgreSQL; `openssl rand -base64 32` makes one")
		}
		return nil
	}
	_, err := models.ParseMasterKey(s.MasterKey)
	return err
}

// reachable checks what is needed to find the database, without its keys.
func (s *storage) reachable() error {
	path, isSQLite := strings.CutPrefix(s.DatabaseURL, "sqlite://")
	isPostgres := strings.HasPrefix(s.DatabaseURL, "postgres://") || strings.HasPrefix(s.DatabaseURL, "postgresql://")
	switch {
	case !isSQLite && !isPostgres:
		return errors.New("CASCADE_DATABASE_URL: must begin with sqlite:// or postgres://")
	case isSQLite && path == "":
		return errors.New("CASCADE_DATABASE_URL: names no file; write it like sqlite://cascade.db")
	}
	return nil
}

// sqlitePath is the database's file; "" on Postgres.
func (s *storage) sqlitePath() string {
	path, ok := strings.CutPrefix(s.DatabaseURL, "sqlite://")
	if !ok {
		return ""
	}
	path, _, _ = strings.Cut(path, "?")
	return path
}

// keyring makes the keyring of the master key: the one given, or the one kept beside the SQLite file, which is made at
// the first start.
func (s *storage) keyring() (*models.Keyring, error) {
	text := s.MasterKey
	if text == "" {
		var err error
		if text, _, err = keptSecret(s.sqlitePath() + ".master-key"); err != nil {
			return nil, fmt.Errorf("CASCADE_MASTER_KEY: %w", err)
		}
	}
	key, err := models.ParseMasterKey(text)
	if err != nil {
		return nil, err
	}
	return models.NewKeyring(key)
}

// adminKey answers the admin key; made tells the file of one that was made just now.
func (s *settings) adminKey() (key, made string, err error) {
	if s.AdminKey != "" {
		return s.AdminKey, "", nil
	}
	path := s.sqlitePath() + ".admin-key"
	key, isNew, err := keptSecret(path)
	if err != nil {
		return "", "", fmt.Errorf("CASCADE_ADMIN_KEY: %w", err)
	}
	if isNew {
		made = path
	}
	return key, made, nil
}

// keptSecret reads a secret of 32 random bytes in base64 from a file that only its owner may read, and makes it where
// there is none. isNew: it was made just now.
func keptSecret(path string) (secret string, isNew bool, err error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		if secret = string(bytes.TrimSpace(raw)); secret == "" {
			return "", false, fmt.Errorf("%s is empty; restore it from a backup", path)
		}
		return secret, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	var key [32]byte
	rand.Read(key[:]) // never fails, see crypto/rand
	secret = base64.StdEncoding.EncodeToString(key[:])
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", false, err
	}
	_, err = f.WriteString(secret + "\n")
	return secret, true, errors.Join(err, f.Sync(), f.Close())
}

// loadEnvironment puts what a .env and the --config YAML say into the environment, under what it says already.
func loadEnvironment(args []string) error {
	if err := godotenv.Load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf(".env: %w", err)
	}
	path := cmp.Or(configArgument(args), os.Getenv("CASCADE_CONFIG"))
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	defer f.Close()
	values := map[string]any{}
	if err := yaml.NewDecoder(f).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("--config: %s is no YAML: %w", path, err)
	}
	for name, value := range values {
		if !strings.HasPrefix(name, "CASCADE_") {
			return fmt.Errorf("--config: %s names %q; its names are those of the variables, such as CASCADE_LISTEN", path, name)
		}
		if _, given := os.LookupEnv(name); !given {
			if err := os.Setenv(name, fmt.Sprint(value)); err != nil {
				return fmt.Errorf("--config: %s: %w", name, err)
			}
		}
	}
	return nil
}

// configArgument finds --config before the arguments are parsed: what the file says are defaults of the parsing.
func configArgument(args []string) string {
	for i, arg := range args {
		if path, ok := strings.CutPrefix(arg, "--config="); ok {
			return path
		}
		if arg == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
