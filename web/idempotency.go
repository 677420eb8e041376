package web

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
)

type dedupeStore interface {
	FindKey(ctx context.Context, tenant uuid.UUID, kind models.DedupeKind, key string) (models.DedupeKey, error)
	InTx(ctx context.Context, fn func(*models.Tx) error) error
}

// once answers a repeated Idempotency-Key with the first answer. It serves the POSTs that create anything but a message;
// those keep their keys in the transaction that accepts them. Answers can hold a secret that is shown once, so they are
// stored sealed under the caller's own key, and a key of another caller is another key.
type once struct {
	store dedupeStore
	now   func() time.Time

	mu    sync.Mutex
	doing map[string]*turn
}

// turn lets the requests of one key follow one another.
type turn struct {
	sync.Mutex
	waiting int
}

func newOnce(store dedupeStore, now func() time.Time) *once {
	return &once{store: store, now: now, doing: map[string]*turn{}}
}

// wrap makes handle safe to repeat.
func (o *once) wrap(handle gin.HandlerFunc) gin.HandlerFunc {
	return func(c *gin.Context) {
		key, given, err := idempotencyKey(c)
		if err != nil {
			fail(c, err)
			return
		}
		if !given {
			handle(c)
			return
		}
		body, err := readBody(c, maxBody)
		if err != nil {
			fail(c, err)
			return
		}
		c.Request.Body = rereadable(body)
		name := o.name(c, key)
		defer o.enter(name)()
		if err := o.run(c, handle, name, key, hashOf(body)); err != nil {
			fail(c, err)
		}
	}
}

// name scopes a key to its caller and to what is created.
func (o *once) name(c *gin.Context, key string) string {
	return hashOf([]byte(strings.Join([]string{c.Request.Method, c.Request.URL.Path, c.GetString(keyToken), key}, "\x00")))
}

// enter waits for the twin that came first, if there is one.
func (o *once) enter(name string) (leave func()) {
	o.mu.Lock()
	t := o.doing[name]
	if t == nil {
		t = &turn{}
		o.doing[name] = t
	}
	t.waiting++
	o.mu.Unlock()
	t.Lock()
	return func() {
		t.Unlock()
		o.mu.Lock()
		if t.waiting--; t.waiting == 0 {
			delete(o.doing, name)
		}
		o.mu.Unlock()
	}
}

func (o *once) run(c *gin.Context, handle gin.HandlerFunc, name, key, hash string) error {
	seal, err := newSeal(c.GetString(keyToken), key)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	row, err := o.store.FindKey(ctx, tenantOf(c), models.DedupeIdempotency, name)
	switch {
	case err == nil && row.RequestHash != hash:
		return orchestrator.ErrIdempotencyConflict
	case err == nil:
		return replay(c, seal, row)
	case !errors.Is(err, models.ErrNotFound):
		return err
	}
	recorder := &recorder{ResponseWriter: c.Writer}
	c.Writer = recorder
	handle(c)
	c.Writer = recorder.ResponseWriter
	if status := recorder.Status(); status < 200 || status > 299 || c.GetBool(keyPassing) {
		return nil
	}
	// What was created is committed: the answer is kept even if the caller has hung up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	sealed, err := json.Marshal(seal.close(recorder.body.Bytes()))
	if err != nil {
		return err
	}
	err = o.store.InTx(ctx, func(tx *models.Tx) error {
		_, err := tx.InsertKeys(ctx, []models.DedupeKey{{
			TenantID: tenantOf(c), Kind: models.DedupeIdempotency, Key: name, RequestHash: hash,
			Response: sealed, Status: int64(recorder.Status()), CreatedAt: o.now().UnixMilli(),
		}})
		return err
	})
	if err != nil {
		loggerOf(c).WarnContext(ctx, "an idempotent answer was not kept", "error", err)
	}
	return nil
}

func replay(c *gin.Context, seal answerSeal, row models.DedupeKey) error {
	var sealed []byte
	if err := json.Unmarshal(row.Response, &sealed); err != nil {
		return err
	}
	body, err := seal.open(sealed)
	if err != nil {
		return err
	}
	c.Header("Idempotent-Replayed", "true")
	c.Data(int(row.Status), "application/json; charset=utf-8", body)
	return nil
}

// idempotencyKey reads the header: 1 to 255 printable ASCII characters.
func idempotencyKey(c *gin.Context) (key string, given bool, err error) {
	values, given := c.Request.Header[http.CanonicalHeaderKey("Idempotency-Key")]
	if !given {
		return "", false, nil
	}
	key = values[0]
	printable := strings.IndexFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if len(values) > 1 || key == "" || len(key) > 255 || !printable {
		return "", false, invalidField("Idempotency-Key", "must be one header of 1 to 255 printable ASCII characters")
	}
	return key, true, nil
}

// hashOf is half a SHA-256 as text: every request keeps one, and 128 bits tell its body from any other.
func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// recorder keeps a copy of an answer.
type recorder struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write implements io.Writer.
func (r *recorder) Write(b []byte) (int, error) {
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// WriteString implements io.StringWriter.
func (r *recorder) WriteString(s string) (int, error) {
	r.body.WriteString(s)
	return r.ResponseWriter.WriteString(s)
}

// rereadableBody is a body that was read and can be read again.
type rereadableBody struct{ *bytes.Reader }

// Close implements io.Closer.
func (rereadableBody) Close() error { return nil }

func rereadable(body []byte) rereadableBody { return rereadableBody{bytes.NewReader(body)} }

// answerSeal encrypts with a key that only the caller's bearer key and Idempotency-Key together give.
type answerSeal struct{ aead cipher.AEAD }

func newSeal(token, key string) (answerSeal, error) {
	secret, err := hkdf.Key(sha256.New, []byte(token), []byte(key), "cascade idempotent answer", 32)
	if err != nil {
		return answerSeal{}, err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return answerSeal{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return answerSeal{aead}, err
}

func (s answerSeal) close(plain []byte) []byte { return s.aead.Seal(nil, nil, plain, nil) }

func (s answerSeal) open(sealed []byte) ([]byte, error) { return s.aead.Open(nil, nil, sealed, nil) }
