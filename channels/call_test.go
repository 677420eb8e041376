package channels

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cascade/policy"
)

// cut serves every connection with script and counts the requests that came in whole.
func cut(t *testing.T, script func(conn net.Conn, r *bufio.Reader, seen *atomic.Int32)) (string, *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	seen := new(atomic.Int32)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				script(conn, bufio.NewReader(conn), seen)
			}()
		}
	}()
	return "http://" + l.Addr().String(), seen
}

func readRequest(r *bufio.Reader, seen *atomic.Int32) bool {
	req, err := http.ReadRequest(r)
	if err != nil {
		return false
	}
	_, _ = io.Copy(io.Discard, req.Body)
	seen.Add(1)
	return true
}

func refusedURL(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "http://" + l.Addr().String()
}

func request(t *testing.T, method, url string) *http.Request {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(`{"phone":"84900000001"}`)
	}
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCallBroken(t *testing.T) {
	tests := map[string]struct {
		script func(net.Conn, *bufio.Reader, *atomic.Int32)
		code   string
	}{
		"cut while the request is read": {func(_ net.Conn, r *bufio.Reader, _ *atomic.Int32) {
			_, _ = r.ReadByte()
		}, "connection_lost"},
		"cut after the request": {func(_ net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
		}, "connection_lost"},
		"cut inside the answer's head": {func(c net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-")
		}, "connection_lost"},
		"cut inside the answer's body": {func(c net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"error\"")
		}, "answer_cut"},
		"no HTTP at all": {func(c net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
			fmt.Fprint(c, "hello\r\n\r\n")
		}, "connection_lost"},
		"slow drip": {func(c net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
				if _, err := r.ReadByte(); errors.Is(err, io.EOF) {
					return
				}
			}
		}, "answer_cut"},
		"silence": {func(_ net.Conn, r *bufio.Reader, seen *atomic.Int32) {
			readRequest(r, seen)
			_, _ = r.ReadByte()
		}, "no_answer"},
	}
	for name, tt := range tests {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			t.Run(name+" "+method, func(t *testing.T) {
				url, seen := cut(t, tt.script)
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				defer cancel()
				_, f := Call(ctx, NewHTTPClient(nil), request(t, method, url))
				if f == nil || f.Class != policy.ClassUnknown || f.Code != tt.code {
					t.Fatalf("got %v, want unknown %s", f, tt.code)
				}
				if seen.Load() > 1 {
					t.Errorf("sent %d times", seen.Load())
				}
			})
		}
	}
}

// A server that drops a kept-alive connection upon its second request is what makes http.Transport repeat a request.
func TestCallNeverRepeats(t *testing.T) {
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		t.Run(method, func(t *testing.T) {
			url, seen := cut(t, func(c net.Conn, r *bufio.Reader, seen *atomic.Int32) {
				if !readRequest(r, seen) {
					return
				}
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
				readRequest(r, seen)
			})
			client := NewHTTPClient(nil)
			if _, f := Call(t.Context(), client, request(t, method, url)); f != nil {
				t.Fatal(f)
			}
			req := request(t, method, url)
			req.Header.Set("Idempotency-Key", "1")
			_, f := Call(t.Context(), client, req)
			if f == nil || f.Class != policy.ClassUnknown {
				t.Fatalf("got %v, want unknown", f)
			}
			if seen.Load() != 2 {
				t.Errorf("the server saw %d requests, want 2", seen.Load())
			}
		})
	}
}

func TestCallNeverLeft(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tlsOnly := httptest.NewUnstartedServer(http.NotFoundHandler())
	tlsOnly.Config.ErrorLog = nil
	tlsOnly.StartTLS()
	defer tlsOnly.Close()
	tests := map[string]struct {
		ctx  context.Context
		url  string
		code string
	}{
		"refused":          {t.Context(), refusedURL(t), "unreachable"},
		"no such host":     {t.Context(), "http://provider.invalid", "unreachable"},
		"certificate":      {t.Context(), tlsOnly.URL, "unreachable"},
		"cancelled before": {canceled, "http://127.0.0.1:1", "not_sent_in_time"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, f := Call(tt.ctx, NewHTTPClient(nil), request(t, http.MethodPost, tt.url+"/?key=hunter2"))
			if f == nil || f.Class != policy.ClassDown || f.Code != tt.code {
				t.Fatalf("got %v, want down %s", f, tt.code)
			}
			if strings.Contains(fmt.Sprint(f, f.Err), "hunter2") {
				t.Errorf("the query shows in %v", f)
			}
		})
	}
}

func TestCallForbiddenAddress(t *testing.T) {
	guard := func(ip netip.Addr) error {
		if ip.IsLoopback() {
			return errors.New("loopback")
		}
		return nil
	}
	_, f := Call(t.Context(), NewHTTPClient(guard), request(t, http.MethodPost, refusedURL(t)))
	if f == nil || f.Class != policy.ClassAccount || f.Code != "address_forbidden" {
		t.Fatalf("got %v", f)
	}
}

func TestCallSize(t *testing.T) {
	zeros := make([]byte, 64<<10)
	tests := map[string]struct {
		handler http.HandlerFunc
		code    string
	}{
		"1 MiB": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxAnswer)) }, ""},
		"1 MiB and a byte": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, maxAnswer+1))
		}, "answer_too_large"},
		"10 MB": {func(w http.ResponseWriter, _ *http.Request) {
			for range 160 {
				_, _ = w.Write(zeros)
			}
		}, "answer_too_large"},
		"gzip bomb": {func(w http.ResponseWriter, _ *http.Request) {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			for range 16 << 4 {
				_, _ = z.Write(zeros)
			}
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		}, "answer_too_large"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(tt.handler)
			defer srv.Close()
			r, f := Call(t.Context(), NewHTTPClient(nil), request(t, http.MethodPost, srv.URL))
			switch {
			case tt.code == "" && (f != nil || len(r.Body) != maxAnswer):
				t.Fatalf("got %v", f)
			case tt.code != "" && (f == nil || f.Code != tt.code || f.Class != policy.ClassUnknown):
				t.Fatalf("got %v, want %s", f, tt.code)
			}
		})
	}
}

func TestCallPassesTheRequestOn(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %d %s|%s", r.Method, r.ContentLength, strings.Join(r.TransferEncoding, ","), body)
	}))
	defer srv.Close()
	for method, want := range map[string]string{"GET": "GET 0 |", "POST": `POST 23 |{"phone":"84900000001"}`, "DELETE": "DELETE 0 |"} {
		r, f := Call(t.Context(), NewHTTPClient(nil), request(t, method, srv.URL))
		if f != nil {
			t.Fatal(f)
		}
		if string(r.Body) != want {
			t.Errorf("got %q, want %q", r.Body, want)
		}
	}
	empty, _ := http.NewRequest(http.MethodPost, srv.URL, nil)
	if r, f := Call(t.Context(), NewHTTPClient(nil), empty); f != nil || string(r.Body) != "POST 0 |" {
		t.Errorf("empty POST: %v %v", r, f)
	}
}

func TestStatusFailure(t *testing.T) {
	tests := map[int]policy.Class{
		200: "", 204: "", 301: policy.ClassAccount, 307: policy.ClassAccount, 400: policy.ClassRequest,
		401: policy.ClassAccount, 403: policy.ClassAccount, 404: policy.ClassRequest, 408: policy.ClassUnknown,
		422: policy.ClassRequest, 429: policy.ClassThrottled, 500: policy.ClassUnknown, 502: policy.ClassUnknown,
		503: policy.ClassUnknown, 599: policy.ClassUnknown,
	}
	for status, want := range tests {
		r := &Response{Status: status, Header: http.Header{"Retry-After": {"7"}}}
		f := r.StatusFailure(time.Now())
		if want == "" {
			if f != nil {
				t.Errorf("%d: got %v", status, f)
			}
			continue
		}
		if f == nil || f.Class != want || f.Code == "" {
			t.Errorf("%d: got %v, want %s", status, f, want)
		} else if (f.RetryAfter == 7*time.Second) != (status == 429) {
			t.Errorf("%d: retry after %s", status, f.RetryAfter)
		}
	}
}

func TestCallFollowsNoRedirect(t *testing.T) {
	var hits atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
	}))
	defer srv.Close()
	r, f := Call(t.Context(), srv.Client(), request(t, http.MethodPost, srv.URL))
	if f != nil || r.Status != http.StatusTemporaryRedirect || hits.Load() != 1 {
		t.Errorf("got %v %v after %d requests", r, f, hits.Load())
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	tests := map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "1.5": 0, "0": time.Second, "1": time.Second, "30": 30 * time.Second, " 30 ": 30 * time.Second,
		"0000000030": 30 * time.Second, "300": 5 * time.Minute, "301": 5 * time.Minute, "99999999999999999999999": 5 * time.Minute,
		"Sat, 21 Nov 2026 10:00:20 GMT":     20 * time.Second,
		"Saturday, 21-Nov-26 10:00:20 GMT":  20 * time.Second,
		"Sat Nov 21 10:00:20 2026":          20 * time.Second,
		"Sat, 21 Nov 2026 09:00:00 GMT":     time.Second,
		"Sat, 21 Nov 2037 09:00:00 GMT":     5 * time.Minute,
		"Sat, 21 Nov 2026 10:00:20 UTC+700": 0,
	}
	for v, want := range tests {
		h := http.Header{}
		if v != "" {
			h.Set("Retry-After", v)
		}
		if got := RetryAfter(h, now); got != want {
			t.Errorf("%q: got %s, want %s", v, got, want)
		}
	}
}

func TestRedact(t *testing.T) {
	tests := []struct{ in, want string }{
		{"user 84900000567 is gone", "user 84•••••567 is gone"},
		{"to=%2B84900000567", "to=%2B84•••••567"},
		{"+84 900-000-567", "+84•••••567"},
		{"key s3cr3t/+ and s3cr3t%2F%2B", "key ••• and •••"},
		{"a\r\nb\x00\xff", "a b �"},
		{"error -1124 on 2026", "error -1124 on 2026"},
	}
	for _, tt := range tests {
		if got := Redact(tt.in, "", "s3cr3t/+"); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if n := len([]rune(Redact(strings.Repeat("ế", 9000)))); n != 500 {
		t.Errorf("%d characters", n)
	}
}

func TestText(t *testing.T) {
	var got struct{ A, B, C, D, E Text }
	in := `{"A": "x", "B": 9007199254740993, "C": null, "D": {"a": [1]}, "E": "\u0111"}`
	if err := json.Unmarshal([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	if got.A != "x" || got.B != "9007199254740993" || got.C != "" || got.D != `{"a": [1]}` || got.E != "đ" {
		t.Errorf("got %+v", got)
	}
	if n, ok := got.B.Int64(); !ok || n != 9007199254740993 {
		t.Errorf("got %d %t", n, ok)
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, v := range []string{"", "0", "30", "-1", "1000000000", "Sat, 21 Nov 2026 17:00:00 GMT", "soon", "99999999999999999999"} {
		f.Add(v)
	}
	now := time.Date(2026, 11, 21, 16, 59, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		d := RetryAfter(http.Header{"Retry-After": {value}}, now)
		if d != 0 && (d < time.Second || d > 5*time.Minute) {
			t.Errorf("%q is read as %s", value, d)
		}
	})
}
