package channels

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"cascade/policy"
)

// maxAnswer is the longest answer that is read, in bytes after decompression. Real answers are a few kilobytes; the
// rest of a longer one is not worth the memory of every other call in flight.
const maxAnswer = 1 << 20

// Response is a provider's whole answer.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Call makes one request and reads the answer, at most 1 MiB after decompression. It follows no redirect and never
// lets the transport repeat the request, whatever its method. The Failure says whether the request left: ClassDown if
// it cannot have (DNS, refused, TLS, cancelled before there was a connection), ClassUnknown if it may have been read,
// ClassAccount if the egress rule forbids the address.
// A recorder in ctx is told of it, see WithRecorder.
func Call(ctx context.Context, c *http.Client, req *http.Request) (*Response, *Failure) {
	return recorded(ctx, req, func() (*Response, *Failure) { return call(ctx, c, req) })
}

func call(ctx context.Context, c *http.Client, req *http.Request) (*Response, *Failure) {
	var left departure
	once := req.WithContext(httptrace.WithClientTrace(ctx, left.trace()))
	unrepeatable(once)
	client := *c
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

	resp, err := client.Do(once)
	if err != nil {
		return nil, left.failure(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, unknown("answer_cut", fmt.Sprintf("HTTP %d, then the answer broke off", resp.StatusCode), err)
	case len(body) > maxAnswer:
		return nil, unknown("answer_too_large", fmt.Sprintf("HTTP %d with more than %d bytes", resp.StatusCode, maxAnswer), nil)
	}
	if name := repeatedName(body); name != "" && resp.StatusCode < 300 {
		return nil, unknown("ambiguous_answer", fmt.Sprintf("HTTP %d, and %q stands twice in the answer", resp.StatusCode, Redact(name)), nil)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}

// unrepeatable takes away what http.Transport would need to send r a second time over a fresh connection: it repeats
// a request without a body (GET) or with a rewindable one. An empty body that cannot be rewound is not sent at all.
func unrepeatable(r *http.Request) {
	r.GetBody = nil
	if r.Body == nil || r.Body == http.NoBody {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), 0
		if r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch {
			r.Body = http.NoBody // "Content-Length: 0" needs it; these methods are not repeated without a key header
		}
	}
	r.Header = r.Header.Clone()
	r.Header.Del("Idempotency-Key")
	r.Header.Del("X-Idempotency-Key")
}

// departure watches how far a request came.
type departure struct{ connected, written atomic.Bool }

func (d *departure) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn:      func(httptrace.GotConnInfo) { d.connected.Store(true) },
		WroteHeaders: func() { d.written.Store(true) },
	}
}

// failure classifies a call that has no answer. Between getting a connection and writing the headers only a
// cancellation is ambiguous: the transport may still be writing when it gives up.
func (d *departure) failure(ctx context.Context, err error) *Failure {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // url.Error prints the address, whose query may hold secrets
	}
	detail := Redact(err.Error())
	if g, ok := errors.AsType[*egressError](err); ok {
		return &Failure{
			Class: policy.ClassAccount, Code: "address_forbidden", Detail: Redact(g.Error()), Err: err,
			Advice:   "The account's address is not allowed by this service's egress rules; correct the address in its settings.",
			AdviceVI: "Địa chỉ của tài khoản không được quy tắc kết nối ra ngoài cho phép; hãy sửa địa chỉ trong cấu hình.",
		}
	}
	stopped := ctx.Err() != nil
	switch {
	case !d.connected.Load() && stopped:
		return &Failure{Class: policy.ClassDown, Code: "not_sent_in_time", Detail: detail, Err: err}
	case !d.connected.Load(), !d.written.Load() && !stopped:
		return &Failure{Class: policy.ClassDown, Code: "unreachable", Detail: detail, Err: err}
	case stopped:
		return unknown("no_answer", detail, err)
	default:
		return unknown("connection_lost", detail, err)
	}
}

func unknown(code, detail string, err error) *Failure {
	return &Failure{Class: policy.ClassUnknown, Code: code, Detail: detail, Err: err}
}

// StatusFailure classifies an HTTP status for every adapter whose provider says nothing finer; nil for 2xx.
// A 5xx, and a 408 of some gateway on the way, may come after the message was taken: RELIABILITY §4.
func (r *Response) StatusFailure(now time.Time) *Failure {
	f := &Failure{
		ProviderCode: fmt.Sprintf("%d", r.Status),
		Detail:       strings.TrimSpace(fmt.Sprintf("HTTP %d %s", r.Status, http.StatusText(r.Status))),
	}
	switch s := r.Status; {
	case s >= 200 && s < 300:
		return nil
	case s >= 300 && s < 400:
		f.Class, f.Code = policy.ClassAccount, "redirected"
		f.Advice = "The provider answers with a redirect, which is not followed; correct the account's address."
		f.AdviceVI = "Nhà cung cấp trả về chuyển hướng và hệ thống không đi theo; hãy sửa địa chỉ trong cấu hình tài khoản."
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		f.Class, f.Code = policy.ClassAccount, "not_authorized"
		f.Advice = "The provider refuses the account's credentials; check them and the allowed IP addresses at the provider."
		f.AdviceVI = "Nhà cung cấp từ chối thông tin xác thực; hãy kiểm tra lại khóa và danh sách IP được phép."
	case s == http.StatusTooManyRequests:
		f.Class, f.Code, f.RetryAfter = policy.ClassThrottled, "throttled", RetryAfter(r.Header, now)
	case s == http.StatusRequestTimeout:
		f.Class, f.Code = policy.ClassUnknown, "no_answer"
	case s >= 400 && s < 500:
		f.Class, f.Code = policy.ClassRequest, "request_refused"
	default:
		f.Class, f.Code = policy.ClassUnknown, "provider_error"
	}
	return f
}

// RetryAfter reads the Retry-After header, in seconds or as an HTTP date, kept within 1 s and 5 min. It is 0 if the
// header is absent or makes no sense. Source: RFC 9110 §10.2.3.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	const least, most = time.Second, 5 * time.Minute
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if strings.Trim(v, "0123456789") == "" {
		seconds := strings.TrimLeft(v, "0")
		if len(seconds) > 6 { // days, or more than an integer holds
			return most
		}
		n := 0
		for _, digit := range seconds {
			n = n*10 + int(digit-'0')
		}
		return min(max(time.Duration(n)*time.Second, least), most)
	}
	at, err := http.ParseTime(v)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), least), most)
}

// NewHTTPClient makes the client of one provider: bounded times for every stage, a pool sized for one busy host, no
// proxy from the environment, no redirects, HTTP/1.1 only (a call owns its connection, so what happened to one says
// what happened to the other). guard is asked about every address that is dialled, after DNS; nil allows all.
func NewHTTPClient(guard func(ip netip.Addr) error) *http.Client {
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            NewDial(guard),
			TLSHandshakeTimeout:    3 * time.Second,
			ResponseHeaderTimeout:  15 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			// One host may be several accounts' provider. Below the calls under way, connections would be closed and
			// dialled all the time.
			MaxIdleConns:        2048,
			MaxIdleConnsPerHost: 1024,
			// Below the usual 60 s of servers and NATs: a connection closed while a request is being written
			// makes that request unknown.
			IdleConnTimeout: 30 * time.Second,
		},
	}
}

// NewDial makes the dialling of one provider: within three seconds, and guard is asked as by NewHTTPClient.
func NewDial(guard func(ip netip.Addr) error) Dial {
	dialer := &net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second}
	if guard != nil {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err == nil {
				err = guard(at.Addr().Unmap())
			}
			if err != nil {
				return &egressError{err}
			}
			return nil
		}
	}
	return dialer.DialContext
}

// egressError marks an address that the guard refused.
type egressError struct{ err error }

func (e *egressError) Error() string { return "address not allowed: " + e.err.Error() }
func (e *egressError) Unwrap() error { return e.err }
