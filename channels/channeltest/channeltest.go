// Package channeltest is the suite that every adapter over HTTP passes: what it must make of refused, cut, slow, huge
// and senseless answers, and what its errors and its log must not show. For the adapters' own tests it has the builder
// of an adapter, and the World that plays it against the simulator.
package channeltest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Harness is what the suite needs to know of an adapter.
type Harness struct {
	// New makes the adapter for a provider that answers at baseURL.
	New func(t *testing.T, baseURL string, client *http.Client) channels.Adapter
	// Outbound is a message that the adapter can send.
	Outbound channels.Outbound
	// Success writes the provider's answer to a message it takes.
	Success func(w http.ResponseWriter, r *http.Request)
	// UnknownCode writes a well-formed refusal whose code nobody documented. Optional.
	UnknownCode func(w http.ResponseWriter, r *http.Request)
	// Secrets are the settings that no error may show.
	Secrets []string
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	watchLog(t, h.secrets())
	t.Run("taken", h.taken)
	t.Run("big id", h.bigID)
	t.Run("never left", h.neverLeft)
	t.Run("cut", h.cut)
	t.Run("deadline", h.deadline)
	t.Run("status", h.status)
	t.Run("throttled", h.throttled)
	t.Run("senseless", h.senseless)
	t.Run("too large", h.tooLarge)
	t.Run("unknown code", h.unknownCode)
	t.Run("duplicate keys", h.duplicateKeys)
	t.Run("echo", h.echo)
	t.Run("together", h.together)
}

// provider serves handler and counts what comes in.
func provider(t *testing.T, handler http.HandlerFunc) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		handler(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, calls
}

// send sends the harness's message to url and gives the adapter ample time.
func (h Harness) send(t *testing.T, url string) (channels.Taken, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return h.New(t, url, channels.NewHTTPClient(nil)).Send(ctx, h.Outbound)
}

// fails sends to handler and wants one request, ended by a Failure of class.
func (h Harness) fails(t *testing.T, class policy.Class, handler http.HandlerFunc) *channels.Failure {
	t.Helper()
	url, calls := provider(t, handler)
	_, err := h.send(t, url)
	f := h.failure(t, err, class)
	if n := calls.Load(); n != 1 {
		t.Errorf("%d requests, want exactly 1", n)
	}
	return f
}

// failure wants err to be a Failure of class, fit to be shown.
func (h Harness) failure(t *testing.T, err error, class policy.Class) *channels.Failure {
	t.Helper()
	f, ok := errors.AsType[*channels.Failure](err)
	if !ok {
		t.Fatalf("got error %v, want a *channels.Failure", err)
	}
	if class != "" && f.Class != class {
		t.Errorf("got class %s (%v), want %s", f.Class, f, class)
	}
	if !f.Class.Valid() || f.Code == "" {
		t.Errorf("class %q, code %q", f.Class, f.Code)
	}
	h.discreet(t, f)
	return f
}

// discreet wants no secret and no phone number in the error, nor in a log that it is written to.
func (h Harness) discreet(t *testing.T, f *channels.Failure) {
	t.Helper()
	Discreet(t, f, h.secrets()...)
	slog.Error("a send failed", "error", f, "cause", f.Err, "failure", *f) // looked at when the suite ends
}

// secrets are what nobody may see: the settings', and the number in whatever form.
func (h Harness) secrets() []string {
	national := h.Outbound.To[max(0, len(h.Outbound.To)-9):]
	return append(slices.Clone(h.Secrets), national)
}

func (h Harness) taken(t *testing.T) {
	url, calls := provider(t, h.Success)
	if _, err := h.send(t, url); err != nil {
		t.Fatal(err)
	}
	if n := calls.Load(); n != 1 {
		t.Errorf("%d requests, want exactly 1", n)
	}
}

// bigID replaces the provider's id, where it is quoted in the answer, with numbers that no float64 holds.
func (h Harness) bigID(t *testing.T) {
	answer := h.record(t)
	first, err := h.reads(t, answer, answer.Body.String())
	if err != nil {
		t.Fatal(err)
	}
	quoted := `"` + first.ProviderID + `"`
	if first.ProviderID == "" || !strings.Contains(answer.Body.String(), quoted) {
		return // the provider uses our reference, or its ids are numbers in the harness already
	}
	const big = "9007199254740993" // 2^53 + 1
	for _, form := range []string{`"` + big + `"`, big} {
		got, err := h.reads(t, answer, strings.ReplaceAll(answer.Body.String(), quoted, form))
		if err != nil {
			t.Fatal(err)
		}
		if got.ProviderID != big {
			t.Errorf("id written as %s is read as %q", form, got.ProviderID)
		}
	}
}

func replay(w http.ResponseWriter, rec *httptest.ResponseRecorder, body string) {
	w.Header().Set("Content-Type", rec.Header().Get("Content-Type"))
	w.WriteHeader(rec.Code)
	_, _ = io.WriteString(w, body)
}

const page = "<!DOCTYPE html><html><body><h1>Bad gateway</h1></body></html>"

func (h Harness) status(t *testing.T) {
	tests := map[int]policy.Class{
		http.StatusInternalServerError: policy.ClassUnknown, http.StatusBadGateway: policy.ClassUnknown,
		http.StatusServiceUnavailable: policy.ClassUnknown, http.StatusGatewayTimeout: policy.ClassUnknown,
		http.StatusNotImplemented: policy.ClassUnknown, http.StatusInsufficientStorage: policy.ClassUnknown,
		520: policy.ClassUnknown, 599: policy.ClassUnknown, http.StatusRequestTimeout: policy.ClassUnknown,
		http.StatusUnauthorized: policy.ClassAccount, http.StatusForbidden: policy.ClassAccount,
		http.StatusFound: policy.ClassAccount, http.StatusTemporaryRedirect: policy.ClassAccount, http.StatusPermanentRedirect: policy.ClassAccount,
	}
	for status, class := range tests {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			h.fails(t, class, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Location", r.URL.Path)
				w.WriteHeader(status)
				_, _ = io.WriteString(w, page)
			})
		})
	}
}

func (h Harness) throttled(t *testing.T) {
	const least, most = time.Second, 5 * time.Minute
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "007": 7 * time.Second, "0": least, "86400": most, "99999999999999999999": most,
		"soon": 0, "-7": 0, "1.5": 0, "7s": 0, "7, 8": 0, "\u0667": 0,
		"Fri, 01 Jan 2100 00:00:00 GMT": most, "Fri Jan  1 00:00:00 2100": most, "Sunday, 01-Jan-68 00:00:00 GMT": most,
		"Thu, 01 Jan 1970 00:00:00 GMT": least, "Fri, 01 Jan 2100 00:00:00 +0700": 0, "2100-01-01T00:00:00Z": 0,
	} {
		f := h.fails(t, policy.ClassThrottled, func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		})
		if f.RetryAfter != want {
			t.Errorf("Retry-After %q is read as %s, want %s", header, f.RetryAfter, want)
		}
	}
}

// senseless answers with 200 and something that is no answer of any provider: the message may have been taken.
func (h Harness) senseless(t *testing.T) {
	for _, body := range []string{"", page, `{"`, "null", "[]", "{}", "0", `""`, "\x00\xff\xfe", strings.Repeat("[", 10_000)} {
		t.Run(fmt.Sprintf("%.8q", body), func(t *testing.T) {
			h.fails(t, policy.ClassUnknown, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		})
	}
}

func (h Harness) tooLarge(t *testing.T) {
	t.Run("10 MB", func(t *testing.T) {
		h.fails(t, policy.ClassUnknown, func(w http.ResponseWriter, r *http.Request) {
			for range 160 {
				_, _ = w.Write(blanks)
			}
			h.Success(w, r)
		})
	})
	t.Run("gzip bomb", func(t *testing.T) {
		h.fails(t, policy.ClassUnknown, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb())
		})
	})
}

var blanks = bytes.Repeat([]byte(" "), 64<<10)

// bomb is 100 MB in 100 kB, packed once.
var bomb = sync.OnceValue(func() []byte {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range 1600 {
		_, _ = z.Write(blanks)
	}
	_ = z.Close()
	return packed.Bytes()
})

// unknownCode: the table of codes grows at the provider first.
func (h Harness) unknownCode(t *testing.T) {
	if h.UnknownCode == nil {
		return
	}
	if f := h.fails(t, "", h.UnknownCode); f.ProviderCode == "" {
		t.Errorf("the provider's code is lost in %v", f)
	}
}

// echo answers with the request itself, as debug pages do.
func (h Harness) echo(t *testing.T) {
	for _, status := range []int{200, 400, 401, 404, 422, 429, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			h.fails(t, "", func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				w.WriteHeader(status)
				fmt.Fprintf(w, "%s %s\n", r.Method, r.URL)
				_ = r.Header.Write(w)
				_, _ = w.Write(body)
			})
		})
	}
}

// together: one adapter serves many messages at a time.
func (h Harness) together(t *testing.T) {
	url, calls := provider(t, h.Success)
	a := h.New(t, url, channels.NewHTTPClient(nil))
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := a.Send(t.Context(), h.Outbound); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 16 {
		t.Errorf("%d requests for 16 messages", n)
	}
}
