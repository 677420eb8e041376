package httpgw

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"net/url"
	"strings"

	"cascade/channels"
)

// proof is one thing that a genuine callback shows.
type proof func(channels.Hook) bool

// verify holds every configured proof, and the token that our callback address must carry.
type verify struct {
	proofs []proof
	token  string
	// secrets are the values that no error may show.
	secrets []string
}

// genuine wants all configured proofs, and at least one.
func (v verify) genuine(h channels.Hook) bool {
	for _, p := range v.proofs {
		if !p(h) {
			return false
		}
	}
	return len(v.proofs) > 0
}

var algorithms = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

// compileVerify reads the proofs. Their values may be templates over the account's secrets.
func compileVerify(s verifySettings, t tree) (verify, error) {
	c := verifyCompiler{tree: t}
	if s.Token != "" {
		token := c.secret("token", s.Token)
		c.out.token = token
		c.add(func(h channels.Hook) bool {
			u, err := url.Parse(h.URL)
			return err == nil && same(u.Query().Get("token"), token)
		})
	}
	if s.Header != nil {
		want := c.secret("header.equals", s.Header.Equals)
		c.need("header.name", s.Header.Name)
		c.add(func(h channels.Hook) bool { return same(h.Header.Get(s.Header.Name), want) })
	}
	if s.Basic != nil {
		user, password := c.expand("basic.user", s.Basic.User), c.secret("basic.password", s.Basic.Password)
		c.add(func(h channels.Hook) bool {
			u, p, ok := (&http.Request{Header: h.Header}).BasicAuth()
			return ok && same(u, user) && same(p, password)
		})
	}
	if s.HMAC != nil {
		c.hmac(s.HMAC)
	}
	return c.out, c.err
}

// verifyCompiler keeps the first error.
type verifyCompiler struct {
	tree tree
	out  verify
	err  error
}

func (c *verifyCompiler) add(p proof) { c.out.proofs = append(c.out.proofs, p) }

func (c *verifyCompiler) fail(name, message string) {
	if c.err == nil {
		c.err = bad("receipt.verify."+name, "%s", message)
	}
}

func (c *verifyCompiler) need(name, value string) {
	if value == "" {
		c.fail(name, "is required")
	}
}

func (c *verifyCompiler) expand(name, s string) string {
	compiled, err := compile(s, scope(verifyNames, c.tree))
	if err != nil {
		c.fail(name, err.Error())
		return ""
	}
	value, err := compiled.expand(vars{text: constants(c.tree)}, plain)
	if err != nil {
		c.fail(name, err.Error())
	}
	return value
}

// secret is a value that must not be empty: an empty one would let everybody in.
func (c *verifyCompiler) secret(name, s string) string {
	value := c.expand(name, s)
	c.need(name, value)
	c.out.secrets = append(c.out.secrets, value)
	return value
}

func (c *verifyCompiler) hmac(s *hmacSettings) {
	key := []byte(c.secret("hmac.key", s.Key))
	c.need("hmac.header", s.Header)
	algorithm, ok := algorithms[s.Algorithm]
	if !ok {
		c.fail("hmac.algorithm", "must be sha1, sha256 or sha512")
		return
	}
	decode := hex.DecodeString
	switch s.Encoding {
	case "hex":
	case "base64":
		decode = base64.StdEncoding.DecodeString
	default:
		c.fail("hmac.encoding", "must be hex or base64")
	}
	c.add(func(h channels.Hook) bool {
		signature, ok := strings.CutPrefix(h.Header.Get(s.Header), s.Prefix)
		given, err := decode(signature)
		mac := hmac.New(algorithm, key)
		mac.Write(h.Body)
		return ok && err == nil && hmac.Equal(given, mac.Sum(nil))
	})
}

func same(given, want string) bool {
	return subtle.ConstantTimeCompare([]byte(given), []byte(want)) == 1
}
